"""What names mean: looks them up in the scopes, decides which are captured, and reports unknown ones."""

import _ast as ast

from noodle_ray.core.lang.bindings import Walk
from noodle_ray.core.lang.hints import NOT_OFFERED, did_you_mean
from noodle_ray.core.lang.imports import submodule, value_named
from noodle_ray.core.lang.lazy import eager_generators
from noodle_ray.core.lang.positions import CHILDREN
from noodle_ray.core.lang.scopes import Meaning, Scope
from noodle_ray.core.lang.validate import span_of
from noodle_ray.core.vm.names import BUILTIN_NAMES, HIDDEN, MODULES
from noodle_ray.errors import Diagnostic
from noodle_ray.light import Any, Final

MAX_FINDINGS: Final = 200
"""Most diagnostics given for one program."""
_MAX_SUGGESTIONS: Final = 20
OFFERED: Final = BUILTIN_NAMES - MODULES.keys() - HIDDEN - {"ModelError"}
"""Builtin names that need no import. (Those with a dot in them cannot be met.)"""

_KNOWN: Final = OFFERED | HIDDEN | {"__name__", "__doc__", "__debug__"}


class Resolution:
    """The scopes of one program: the module's, and one per function, class, lambda and comprehension node.

    ``titles`` are the names of definitions before mangling, by node id. ``eager`` are the ids of generator
    expressions that may be read at once, ``class_names`` the names bound in class bodies, ``deleted`` the
    globals that something may unbind, ``stops`` tells whether anything in the program may raise StopIteration."""

    def __init__(
        self, tree: ast.Module, titles: dict[int, str] | None = None, as_functions: frozenset[int] = frozenset()
    ) -> None:
        self.tree = tree
        self.titles = titles or {}
        self.module = self._module_scope()
        self.scopes: dict[int, Scope] = {id(tree): self.module}
        self.found: list[Diagnostic] = []
        self.as_functions = as_functions
        self.handed_over: list[tuple[Scope, ast.Call | None, ast.GeneratorExp]] = []
        self.class_names: set[str] = set()
        self.stops = False
        self.model_aliases: list[tuple[Scope, str, ast.Call]] = []
        self.nonlocal_binds: list[tuple[Scope | None, str]] = []
        Walk(self).body(tree.body)
        for scope, name in self.nonlocal_binds:
            _owner(scope, name).bind(name)
        self.eager: frozenset[int] = frozenset()
        inner = [scope.fragile & scope.globals for scope in self.scopes.values() if scope.globals]
        self.deleted = frozenset(self.module.fragile).union(*inner)
        self._settle()

    def _module_scope(self) -> Scope:
        return Scope("module", self.tree, None)

    def _settle(self) -> None:
        """What can be told when the whole program has been walked."""
        if self.model_aliases:
            self.check_model_aliases()
        if self.handed_over:
            self.eager = eager_generators(self)
        if len(self.scopes) > 1:
            self._hold_generators()
        _finish(self.module, self)
        if self.module.children:
            _place(self.module, frozenset())

    def _hold_generators(self) -> None:
        """A comprehension over a generator of the program is a function, as in CPython: an exception that leaves it
        holds its frame, and so the generator, whose ``finally`` would else run before the exception is handled."""
        names = self.generator_functions()
        for scope in self.scopes.values() if names else ():
            node: Any = scope.node
            if scope.kind == "comp" and not scope.awaits and _calls(node.generators[0].iter, names):
                scope.function = True

    def generator_functions(self) -> set[str]:
        """Names of the functions, anywhere in the program, that are generators."""
        names: set[str] = set()
        for scope in self.scopes.values():
            if scope.yields and isinstance(scope.node, ast.FunctionDef):
                names.add(scope.node.name)
        return names

    def lookup(self, scope: Scope, name: str) -> tuple[Scope | None, Meaning]:
        """The scope whose variable the name is, if it is one, and its meaning as far as scopes tell. Names of a
        class body are for its own code only; functions in it see what is around the class, and ``__class__``."""
        current: Scope | None = scope
        while current is not None:
            if current.kind == "class" and current is not scope:
                if name == "__class__" and name in current.captured:
                    return current, ("global", name)
                current = current.parent
                continue
            if name in current.globals:
                current = self.module
            if current.owns(name):
                static = current.static_meaning(name)
                if static is not None:
                    return None, static
                return current, ("global", name)
            current = current.parent
        return None, self.outermost(name)

    def outermost(self, name: str) -> Meaning:
        """What a name that no scope binds means."""
        if name in OFFERED or name in HIDDEN:
            return ("builtin", name)
        if name == "__name__":
            return ("name", None) if "main" in self.module.bound else ("constant", "__main__")
        if name == "__doc__":
            return ("constant", self.documentation())
        if name == "__debug__":
            return ("constant", True)
        return ("unknown", name)

    def documentation(self) -> str | None:
        """What ``__doc__`` of the program is."""
        return docstring(self.tree.body)

    def module_path(self, scope: Scope, node: ast.AST) -> Meaning | None:
        """The module or package that an expression such as ``urllib.parse`` names, or None."""
        if isinstance(node, ast.Name):
            meaning = self.lookup(scope, node.id)[1]
            return meaning if meaning[0] in ("module", "package", "noodle", "typing") else None
        if isinstance(node, ast.Attribute):
            outer = self.module_path(scope, node.value)
            return None if outer is None else submodule(outer, node.attr)
        return None

    def report(self, code: str, message: str, node: ast.AST, hint: str = "") -> None:
        """Adds a finding about a node."""
        self.found.append(Diagnostic(code, message, span_of(node), hint))

    def note_model_alias(self, scope: Scope, name: str, call: ast.Call) -> None:
        """Remembers ``name = f("literal")``, which makes the name a model or tool if ``f`` turns out to be what makes
        one."""
        self.model_aliases.append((scope, name, call))

    def constructor(self, scope: Scope, func: ast.AST) -> str:
        """``model`` or ``tool`` if the expression is that member of ``noodle_ray``, else ''."""
        if isinstance(func, ast.Name):
            kind, name = self.lookup(scope, func.id)[1]
            return name if kind == "api" and name in ("model", "tool") else ""
        named = (
            isinstance(func, ast.Attribute)
            and func.attr in ("model", "tool")
            and isinstance(func.value, ast.Name)
            and self.lookup(scope, func.value.id)[1] == ("noodle", None)
        )
        return func.attr if named and isinstance(func, ast.Attribute) else ""

    def check_model_aliases(self) -> None:
        """Finds out which of the remembered names are models and tools."""
        for scope, name, call in self.model_aliases:
            owner = self.module if name in scope.globals else scope
            kind = self.constructor(scope, call.func) if owner.kind != "class" else ""
            if kind and owner.owns(name):
                argument = call.args[0]
                assert isinstance(argument, ast.Constant)
                meaning = value_named(kind, argument.value) if isinstance(argument.value, str) else None
                if meaning is not None:
                    owner.static[name] = meaning


def unknown_name(name: str, known: set[str] | None) -> tuple[str, str, str]:
    """Code, message and hint for a name that nothing binds; no spelling suggestion if ``known`` is None."""
    if name in NOT_OFFERED:
        return "NOODLE-E0109", f"'{name}' is not available to programs", NOT_OFFERED[name]
    if name == "__class__":
        return "NOODLE-E0110", "'__class__' is only known in the functions of a class", "use type(x)"
    if name.startswith("__") and name.endswith("__"):
        return "NOODLE-E0110", f"the name '{name}' is not supported", "only __name__ and __doc__ are"
    if name in ("model", "program", "tool", "ModelError"):
        return "NOODLE-E0201", f"name '{name}' is not defined", f"write `from noodle_ray import {name}`"
    if name in MODULES:
        return "NOODLE-E0201", f"name '{name}' is not defined", f"write `import {name}`"
    return "NOODLE-E0201", f"name '{name}' is not defined", "" if known is None else did_you_mean(name, known | OFFERED)


def _owner(scope: Scope | None, name: str) -> Scope:
    """The function scope that a nonlocal name belongs to; CPython has already checked that there is one."""
    while scope is not None:
        if scope.function and scope.kind != "class" and name in scope.bound and name not in scope.nonlocals:
            return scope
        if scope.parent is None:
            return scope
        scope = scope.parent
    raise AssertionError("a scope without a module")


def docstring(body: list[Any]) -> str | None:
    """What a body of statements begins with, if that is a text."""
    first = body[0].value if body and isinstance(body[0], ast.Expr) else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def _finish(scope: Scope, resolution: Resolution) -> None:
    """From the leaves up: which names each scope leaves to its parent, and which of its own are captured."""
    needed = dict(scope.loads)
    inner: set[str] = set()
    passed: dict[str, ast.AST] = {}
    for child in scope.children:
        _finish(child, resolution)
        for name, node in child.unresolved.items():
            passed.setdefault(name, node)
            if child.function or name in child.captured:
                inner.add(name)
    if scope.kind == "class":
        _finish_class(scope, passed)
        return
    for name, node in passed.items():
        needed.setdefault(name, node)
    for name in inner:
        if scope.kind == "module" or not scope.owns(name):
            continue
        if scope.static_meaning(name) is None:
            scope.captured.add(name)
    if scope.kind == "comp" and scope.captured:
        scope.function = True
    if scope.kind == "module":
        if needed:
            _report_unknown(needed, resolution)
        return
    for name in scope.nonlocals:
        needed.setdefault(name, scope.node)
    scope.unresolved = {
        name: node for name, node in needed.items() if not scope.owns(name) and name not in scope.globals
    }
    if not scope.function:
        scope.captured |= inner - scope.bound.keys()


def _finish_class(scope: Scope, passed: dict[str, ast.AST]) -> None:
    """A class body's names are not for what is inside of it; the class itself is, as ``__class__``."""
    if passed.pop("__class__", None) is not None:
        scope.captured.add("__class__")
    for name, node in scope.loads.items():
        if not scope.owns(name) and name not in scope.globals:
            passed.setdefault(name, node)
    for name in scope.nonlocals:
        passed.setdefault(name, scope.node)
    scope.unresolved = passed


def _report_unknown(needed: dict[str, ast.AST], resolution: Resolution) -> None:
    module = resolution.module
    unknown = [name for name in needed if name not in module.bound and name not in _KNOWN]
    if not unknown:
        return
    known = {bound for scope in resolution.scopes.values() for bound in scope.bound}
    for i, name in enumerate(unknown[:MAX_FINDINGS]):
        code, message, hint = unknown_name(name, known if i < _MAX_SUGGESTIONS else None)
        resolution.report(code, message, needed[name], hint)


def _place(scope: Scope, visible: frozenset[str]) -> None:
    """From the root down: the cells each function makes and the free variables it takes from outside."""
    if scope.kind == "class":
        scope.cells = sorted(scope.captured)
        scope.free = [name for name in scope.unresolved if name in visible and name not in scope.captured]
        visible |= scope.captured
    elif scope.kind != "module" and scope.function:
        scope.cells = [name for name in scope.bound if name in scope.captured and scope.owns(name)]
        scope.free = [name for name in scope.unresolved if name in visible]
        if scope.children:
            visible = (visible - {name for name in scope.bound if scope.owns(name)}) | frozenset(scope.cells)
    for child in scope.children:
        _place(child, visible)


def _calls(node: Any, names: set[str]) -> bool:
    """Whether an expression calls one of these functions."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
        return True
    for field in CHILDREN[type(node)]:
        value = getattr(node, field, None)
        if any(
            isinstance(each, ast.AST) and _calls(each, names) for each in (value if type(value) is list else [value])
        ):
            return True
    return False
