"""Builds the scopes of a program, decides which variables are captured, and reports unknown names."""

import _ast as ast
from collections.abc import Callable
from typing import Any, Final

from noodle_ray.core.lang.hints import NOT_OFFERED, did_you_mean
from noodle_ray.core.lang.imports import (
    NOODLE_MEMBERS,
    bound_meaning,
    member_meaning,
    missing_module_hint,
    model_name_fits,
    module_meaning,
    submodule,
)
from noodle_ray.core.lang.lazy import eager_generators
from noodle_ray.core.lang.positions import CHILDREN
from noodle_ray.core.lang.scopes import COMPREHENSIONS, Meaning, Scope
from noodle_ray.core.lang.validate import span_of
from noodle_ray.core.vm.names import BUILTIN_NAMES, HIDDEN, MODULES
from noodle_ray.errors import Diagnostic

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
MAX_FINDINGS: Final = 200
"""Most diagnostics given for one program."""
_MAX_SUGGESTIONS: Final = 20
OFFERED: Final = BUILTIN_NAMES - MODULES.keys() - HIDDEN - {"ModelError"}
"""Builtin names that need no import. (Those with a dot in them cannot be met.)"""


class Resolution:
    """The scopes of one program: the module's, and one per function, class, lambda and comprehension node.

    ``titles`` are the names of definitions before mangling, by node id. ``eager`` are the ids of generator
    expressions that may be read at once, ``class_names`` the names bound in class bodies, ``stops`` tells whether
    anything in the program may raise StopIteration."""

    def __init__(
        self, tree: ast.Module, titles: dict[int, str] | None = None, as_functions: frozenset[int] = frozenset()
    ) -> None:
        self.tree = tree
        self.titles = titles or {}
        self.module = Scope("module", tree, None)
        self.scopes: dict[int, Scope] = {id(tree): self.module}
        self.found: list[Diagnostic] = []
        self.as_functions = as_functions
        self.handed_over: list[tuple[Scope, ast.Call | None, ast.GeneratorExp]] = []
        self.class_names: set[str] = set()
        self.stops = False
        self._model_aliases: list[tuple[Scope, str, ast.Call]] = []
        self.nonlocal_binds: list[tuple[Scope | None, str]] = []
        _Walk(self).body(tree.body)
        for scope, name in self.nonlocal_binds:
            _owner(scope, name).bind(name)
        self._check_model_aliases()
        self.eager = eager_generators(self)
        _finish(self.module, self)
        _place(self.module, frozenset())

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
        if name in OFFERED:
            return ("builtin", name)
        if name == "__name__":
            # the run calls main itself: the usual guard at the end of a file must not call it too
            return ("constant", "__noodle__" if "main" in self.module.bound else "__main__")
        if name == "__doc__":
            return ("constant", docstring(self.tree.body))
        if name == "__debug__":
            return ("constant", True)
        return ("unknown", name)

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
        """Remembers ``name = f("literal")``, which makes the name a model if ``f`` turns out to be ``model``."""
        self._model_aliases.append((scope, name, call))

    def is_model_constructor(self, scope: Scope, func: ast.AST) -> bool:
        """True if the expression is ``model`` of ``noodle_ray``."""
        if isinstance(func, ast.Name):
            return self.lookup(scope, func.id)[1] == ("api", "model")
        return (
            isinstance(func, ast.Attribute)
            and func.attr == "model"
            and isinstance(func.value, ast.Name)
            and self.lookup(scope, func.value.id)[1] == ("noodle", None)
        )

    def _check_model_aliases(self) -> None:
        for scope, name, call in self._model_aliases:
            owner = self.module if name in scope.globals else scope
            if owner.kind != "class" and self.is_model_constructor(scope, call.func) and owner.owns(name):
                argument = call.args[0]
                assert isinstance(argument, ast.Constant)
                if isinstance(argument.value, str) and model_name_fits(argument.value):
                    owner.static[name] = ("model", argument.value)


def unknown_name(name: str, known: set[str] | None) -> tuple[str, str, str]:
    """Code, message and hint for a name that nothing binds; no spelling suggestion if ``known`` is None."""
    if name in NOT_OFFERED:
        return "NOODLE-E0109", f"'{name}' is not available to programs", NOT_OFFERED[name]
    if name == "__class__":
        return "NOODLE-E0110", "'__class__' is only known in the functions of a class", "use type(x)"
    if name.startswith("__") and name.endswith("__"):
        return "NOODLE-E0110", f"the name '{name}' is not supported", "only __name__ and __doc__ are"
    if name in ("model", "program", "ModelError"):
        return "NOODLE-E0201", f"name '{name}' is not defined", f"write `from noodle_ray import {name}`"
    if name in MODULES:
        return "NOODLE-E0201", f"name '{name}' is not defined", f"write `import {name}`"
    return "NOODLE-E0201", f"name '{name}' is not defined", "" if known is None else did_you_mean(name, known | OFFERED)


class _Walk:
    """Visits a tree in evaluation order, with the scope it is in."""

    def __init__(self, resolution: Resolution) -> None:
        self.resolution = resolution
        self.scope = resolution.module

    def body(self, nodes: list[Any]) -> None:
        for node in nodes:
            self.visit(node)

    def visit(self, node: Any) -> None:
        kind = type(node)
        special = _VISITS.get(kind)
        if special is not None:
            special(self, node)
            return
        for field in CHILDREN[kind]:
            value = getattr(node, field, None)
            if type(value) is list:
                for child in value:
                    if isinstance(child, ast.AST):
                        self.visit(child)
            elif isinstance(value, ast.AST):
                self.visit(value)

    def bind(self, name: str) -> None:
        scope = self.scope
        if name in scope.globals:
            self.resolution.module.bind(name)
        elif name not in scope.nonlocals:
            scope.bind(name)
        else:
            self.resolution.nonlocal_binds.append((scope.parent, name))

    def inside(self, scope: Scope, nodes: list[Any]) -> None:
        outer, self.scope = self.scope, scope
        self.body(nodes)
        self.scope = outer

    def new(self, kind: str, node: ast.AST) -> Scope:
        scope = Scope(kind, node, self.scope)
        self.resolution.scopes[id(node)] = scope
        return scope


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


def _name(walk: _Walk, node: ast.Name) -> None:
    name, scope = node.id, walk.scope
    kind = type(node.ctx)
    if kind is ast.Load:
        if name not in scope.loads:
            scope.loads[name] = node
        if scope.kind == "comp" and name not in scope.bound:
            scope.fragile.add(name)
        return
    walk.bind(name)
    if kind is ast.Del:
        scope.loads.setdefault(name, node)
        scope.fragile.add(name)


def _binop(walk: _Walk, node: ast.BinOp) -> None:
    rights: list[Any] = []
    left: Any = node
    while type(left) is ast.BinOp:
        rights.append(left.right)
        left = left.left
    walk.visit(left)
    walk.body(rights[::-1])


def _function(walk: _Walk, node: Any) -> None:
    arguments = node.args
    is_lambda = isinstance(node, ast.Lambda)
    if not is_lambda:
        walk.body(node.decorator_list)
    walk.body(arguments.defaults)
    walk.body([default for default in arguments.kw_defaults if default is not None])
    if not is_lambda:
        walk.bind(node.name)
    scope = walk.new("function", node)
    for parameter in parameters(arguments):
        scope.bind(parameter.arg)
        scope.params.append(parameter.arg)
    walk.inside(scope, [node.body] if is_lambda else node.body)


def _class(walk: _Walk, node: ast.ClassDef) -> None:
    walk.body(node.decorator_list)
    walk.body(node.bases)
    walk.body(node.keywords)
    scope = walk.new("class", node)
    walk.inside(scope, node.body)
    walk.resolution.class_names.update(scope.bound)
    walk.bind(node.name)


def parameters(arguments: ast.arguments) -> list[ast.arg]:
    """All parameters in the order of the signature."""
    found = [*arguments.posonlyargs, *arguments.args]
    if arguments.vararg is not None:
        found.append(arguments.vararg)
    found += arguments.kwonlyargs
    if arguments.kwarg is not None:
        found.append(arguments.kwarg)
    return found


def _comprehension(walk: _Walk, node: Any) -> None:
    first = node.generators[0]
    walk.visit(first.iter)
    scope = walk.new("comp", node)
    outer, walk.scope = walk.scope, scope
    for generator in node.generators:
        if generator is not first:
            walk.visit(generator.iter)
        walk.visit(generator.target)
        walk.body(generator.ifs)
    if isinstance(node, ast.DictComp):
        walk.visit(node.key)
        walk.visit(node.value)
    else:
        walk.visit(node.elt)
    walk.scope = outer
    if any(generator.is_async for generator in node.generators):
        scope.awaits = True
    if scope.awaits and outer.kind == "comp":
        outer.awaits = True
    if isinstance(node, ast.GeneratorExp):
        walk.resolution.handed_over.append((outer, None, node))
    if outer.kind == "comp":
        outer.fragile.update(name for name in scope.loads if name not in scope.bound and name not in outer.bound)
    # read before its own loop binds it: only a real function raises what CPython raises
    if id(node) in walk.resolution.as_functions or any(name in scope.bound for name in scope.fragile):
        scope.function = True


def _named_expression(walk: _Walk, node: ast.NamedExpr) -> None:
    walk.visit(node.value)
    name = node.target.id
    scope = walk.scope
    while scope.kind == "comp" and scope.parent is not None:
        scope.loads.setdefault(name, node.target)
        scope.nonlocals.add(name)
        scope = scope.parent
    outer, walk.scope = walk.scope, scope
    walk.bind(name)
    walk.scope = outer
    scope.walrus.add(name)


def _call(walk: _Walk, node: ast.Call) -> None:
    func = node.func
    if isinstance(func, ast.Name) and func.id == "super" and not node.args and not node.keywords:
        _super(walk, node)
    elif isinstance(func, ast.Name) and func.id == "next" and len(node.args) == 1:
        walk.resolution.stops = True
    walk.visit(func)
    walk.body(node.args)
    walk.body(node.keywords)
    for argument in node.args:
        if isinstance(argument, ast.GeneratorExp):
            walk.resolution.handed_over.append((walk.scope, node, argument))


def _super(walk: _Walk, node: ast.Call) -> None:
    """``super()`` reads the class around and the function's first parameter."""
    scope: Scope | None = walk.scope
    while scope is not None and scope.kind == "comp":
        scope = scope.parent
    if scope is None or not scope.params:
        return
    outer = scope.parent
    while outer is not None and outer.kind != "class":
        outer = outer.parent
    if outer is not None:
        walk.scope.loads.setdefault("__class__", node)
        walk.scope.loads.setdefault(scope.params[0], node)


def _starred(walk: _Walk, node: ast.Starred) -> None:
    walk.visit(node.value)
    if isinstance(node.value, ast.GeneratorExp):
        walk.resolution.handed_over.append((walk.scope, ast.Call(node, [], []), node.value))


def _yield(walk: _Walk, node: Any) -> None:
    walk.scope.yields = True
    if node.value is not None:
        walk.visit(node.value)


def _await(walk: _Walk, node: ast.Await) -> None:
    walk.scope.awaits = True
    walk.visit(node.value)


def _match_binding(walk: _Walk, node: Any) -> None:
    pattern = getattr(node, "pattern", None)
    if pattern is not None:
        walk.visit(pattern)
    if node.name is not None:
        walk.bind(node.name)


def _match_mapping(walk: _Walk, node: ast.MatchMapping) -> None:
    walk.body(node.keys)
    walk.body(node.patterns)
    if node.rest is not None:
        walk.bind(node.rest)


def _match_class(walk: _Walk, node: ast.MatchClass) -> None:
    walk.visit(node.cls)
    walk.body(node.patterns)
    walk.body(node.kwd_patterns)


def _assign(walk: _Walk, node: ast.Assign) -> None:
    walk.visit(node.value)
    target, value = node.targets[0], node.value
    walk.body(node.targets)
    if (
        len(node.targets) == 1
        and isinstance(target, ast.Name)
        and isinstance(value, ast.Call)
        and len(value.args) == 1
        and not value.keywords
        and isinstance(value.args[0], ast.Constant)
        and isinstance(value.args[0].value, str)
    ):
        walk.resolution.note_model_alias(walk.scope, target.id, value)


def _annotated(walk: _Walk, node: ast.AnnAssign) -> None:
    if node.value is not None:
        walk.visit(node.value)
    if node.value is not None or not isinstance(node.target, ast.Name):
        walk.visit(node.target)
    elif node.simple and walk.scope.kind != "module":
        walk.bind(node.target.id)


def _augmented(walk: _Walk, node: ast.AugAssign) -> None:
    if isinstance(node.target, ast.Name):
        walk.scope.loads.setdefault(node.target.id, node.target)
    walk.visit(node.target)
    walk.visit(node.value)


def _for(walk: _Walk, node: Any) -> None:
    walk.visit(node.iter)
    walk.visit(node.target)
    walk.body(node.body)
    walk.body(node.orelse)


def _handler(walk: _Walk, node: ast.ExceptHandler) -> None:
    if node.type is not None:
        walk.visit(node.type)
    if node.name is not None:
        walk.bind(node.name)
        walk.scope.fragile.add(node.name)
    walk.body(node.body)


def _global(walk: _Walk, node: ast.Global) -> None:
    walk.scope.globals.update(() if walk.scope.kind == "module" else node.names)
    for name in node.names:
        walk.resolution.module.bound.setdefault(name, 2)


def _nonlocal(walk: _Walk, node: ast.Nonlocal) -> None:
    walk.scope.nonlocals.update(node.names)


def _bind_import(walk: _Walk, name: str, meaning: Meaning | None) -> None:
    scope = walk.scope
    if meaning is None or name in scope.globals or name in scope.nonlocals:
        walk.bind(name)
    else:
        scope.bind_import(name, meaning)


def _import(walk: _Walk, node: ast.Import) -> None:
    for alias in node.names:
        meaning = bound_meaning(alias.name, alias.asname)
        _bind_import(walk, alias.asname or alias.name.partition(".")[0], meaning)
        if meaning is None:
            message = f"there is no module '{alias.name}' for programs"
            walk.resolution.report("NOODLE-E0210", message, alias, missing_module_hint(alias.name))


def _import_from(walk: _Walk, node: ast.ImportFrom) -> None:
    module = node.module or ""
    known = not node.level and module_meaning(module) is not None
    for alias in node.names:
        meaning = member_meaning(module, alias.name) if known else None
        _bind_import(walk, alias.asname or alias.name, meaning)
        if known and meaning is None and alias.name != "*":
            members = MODULES.get(module, NOODLE_MEMBERS)
            message = f"module '{module}' has no '{alias.name}' for programs"
            walk.resolution.report("NOODLE-E0211", message, alias, did_you_mean(alias.name, members))
    if node.level:
        walk.resolution.report("NOODLE-E0212", "relative imports are not supported", node, "a program is one file")
    elif not known:
        message = f"there is no module '{module}' for programs"
        walk.resolution.report("NOODLE-E0210", message, node, missing_module_hint(module))


_VISITS: Final[dict[type, Callable[[_Walk, Any], None]]] = {
    ast.Name: _name,
    ast.BinOp: _binop,
    ast.NamedExpr: _named_expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.Call: _call,
    ast.Starred: _starred,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.Await: _await,
    ast.ClassDef: _class,
    ast.MatchAs: _match_binding,
    ast.MatchStar: _match_binding,
    ast.MatchMapping: _match_mapping,
    ast.MatchClass: _match_class,
    ast.ExceptHandler: _handler,
    ast.Global: _global,
    ast.Nonlocal: _nonlocal,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    **dict.fromkeys(_FUNCTIONS, _function),
    **dict.fromkeys(COMPREHENSIONS, _comprehension),
}


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
    known_names = ("__name__", "__doc__", "__debug__")
    unknown = [name for name in needed if name not in module.bound and name not in OFFERED and name not in known_names]
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
