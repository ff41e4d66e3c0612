"""Which generator expressions may be read at once: those where a list serves as well as a generator.

A builtin that reads all of them before it returns does not tell the difference, unless the elements do something
that others see while it adds up, or end it with StopIteration.
"""

import _ast as ast

from noodle_ray.core.lang.positions import CHILDREN
from noodle_ray.core.vm.names import CLASS_DUNDERS, PURE_BUILTINS
from noodle_ray.light import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from noodle_ray.core.lang.resolve import Resolution
    from noodle_ray.core.lang.scopes import Scope

SEARCHES: Final = frozenset({"all", "any", "next"})
"""Builtins that become a loop with an early end."""
EAGER: Final = frozenset(
    {"dict", "frozenset", "list", "math.fsum", "math.prod", "max", "min", "set", "sorted", "sum", "tuple"}
)
"""Builtins that read all of a generator before they return."""
EAGER_METHODS: Final = frozenset({"extend", "join", "union", "update"})
_UNSEEN: Final = frozenset(
    {"__init__", "__new__", "__post_init__", "__enter__", "__exit__", "__repr__", "__str__", "__format__", "__slots__",
     "__match_args__", "__doc__", "__set_name__", "__init_subclass__"}
)  # fmt: skip
"""What a class may define without changing what the builtins above do with its objects."""
_QUIET: Final = PURE_BUILTINS | {".model"}
OVERLOADS: Final = CLASS_DUNDERS - _UNSEEN
"""Special methods that do change it."""


def eager_generators(resolution: "Resolution") -> frozenset[int]:
    """Ids of the generator expressions to read at once. All others get a function of their own."""
    resolution.stops |= any("StopIteration" in scope.loads for scope in resolution.scopes.values())
    busy = bool(resolution.class_names & OVERLOADS)
    eager = frozenset(
        id(node)
        for scope, call, node in resolution.handed_over
        if call is not None and _is_eager(resolution, scope, call, node, busy)
    )
    for _, call, node in resolution.handed_over:
        if call is None and id(node) not in eager:
            resolution.scopes[id(node)].function = True
    return eager


def _is_eager(resolution: "Resolution", scope: "Scope", call: ast.Call, node: ast.GeneratorExp, busy: bool) -> bool:
    if resolution.scopes[id(node)].awaits:
        return False
    func = call.func
    if isinstance(func, ast.Starred):
        fits = True
    elif node is not call.args[0]:
        fits = False
    else:
        name = _builtin(resolution, scope, func)
        if name in SEARCHES:
            fits = not call.keywords and len(call.args) <= 1 + (name == "next")
            busy = False
        elif name is None and isinstance(func, ast.Attribute):
            fits = func.attr in EAGER_METHODS and len(call.args) == 1 and func.attr not in resolution.class_names
        else:
            fits = name in EAGER
            busy = busy and name not in ("list", "tuple", "sorted")
    return fits and not (_asks(resolution, scope, node, busy))


def _builtin(resolution: "Resolution", scope: "Scope", func: ast.AST) -> str | None:
    if isinstance(func, ast.Name):
        kind, value = resolution.lookup(scope, func.id)[1]
        return str(value) if kind == "builtin" else ".model" if kind == "model" else ""
    if isinstance(func, ast.Attribute):
        module = resolution.module_path(scope, func.value)
        return None if module is None else f"{module[1]}.{func.attr}"
    return ""


def _asks(resolution: "Resolution", scope: "Scope", node: ast.AST, busy: bool) -> bool:
    """True if the element code may raise StopIteration or, for a busy program, calls anything of its own."""
    stack: list[Any] = [node]
    while stack:
        current = stack.pop()
        kind = type(current)
        if kind is ast.Call:
            name = _builtin(resolution, scope, current.func)
            if name == "next" and len(current.args) == 1:
                return True
            if busy and (not name or name not in _QUIET):
                return True
            if not name and resolution.stops:
                return True
        elif kind is ast.Lambda:
            continue
        for field in CHILDREN[kind]:
            value = getattr(current, field, None)
            if type(value) is list:
                stack.extend(child for child in value if isinstance(child, ast.AST))
            elif isinstance(value, ast.AST):
                stack.append(value)
    return False
