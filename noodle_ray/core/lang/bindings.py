"""Which names each scope binds and reads: one walk of the tree in the order of evaluation."""

import _ast as ast

from noodle_ray.core.lang.hints import MEMBER_HINTS, did_you_mean
from noodle_ray.core.lang.imports import (
    NOODLE_MEMBERS,
    bound_meaning,
    member_meaning,
    missing_module_hint,
    module_meaning,
)
from noodle_ray.core.lang.positions import CHILDREN
from noodle_ray.core.lang.scopes import COMPREHENSIONS, Meaning, Scope
from noodle_ray.core.vm.names import MODULES
from noodle_ray.light import TYPE_CHECKING, Any, Callable, Final

if TYPE_CHECKING:
    from noodle_ray.core.lang.resolve import Resolution

_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Walk:
    """Visits a tree in evaluation order, with the scope it is in."""

    def __init__(self, resolution: "Resolution") -> None:
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


def _name(walk: Walk, node: ast.Name) -> None:
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


def _binop(walk: Walk, node: ast.BinOp) -> None:
    rights: list[Any] = []
    left: Any = node
    while type(left) is ast.BinOp:
        rights.append(left.right)
        left = left.left
    walk.visit(left)
    walk.body(rights[::-1])


def _function(walk: Walk, node: Any) -> None:
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


def _class(walk: Walk, node: ast.ClassDef) -> None:
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


def _comprehension(walk: Walk, node: Any) -> None:
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


def _named_expression(walk: Walk, node: ast.NamedExpr) -> None:
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


def _call(walk: Walk, node: ast.Call) -> None:
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


def _super(walk: Walk, node: ast.Call) -> None:
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


def _starred(walk: Walk, node: ast.Starred) -> None:
    walk.visit(node.value)
    if isinstance(node.value, ast.GeneratorExp):
        walk.resolution.handed_over.append((walk.scope, ast.Call(node, [], []), node.value))


def _yield(walk: Walk, node: Any) -> None:
    walk.scope.yields = True
    if node.value is not None:
        walk.visit(node.value)


def _await(walk: Walk, node: ast.Await) -> None:
    walk.scope.awaits = True
    walk.visit(node.value)


def _match_binding(walk: Walk, node: Any) -> None:
    pattern = getattr(node, "pattern", None)
    if pattern is not None:
        walk.visit(pattern)
    if node.name is not None:
        walk.bind(node.name)


def _match_mapping(walk: Walk, node: ast.MatchMapping) -> None:
    walk.body(node.keys)
    walk.body(node.patterns)
    if node.rest is not None:
        walk.bind(node.rest)


def _match_class(walk: Walk, node: ast.MatchClass) -> None:
    walk.visit(node.cls)
    walk.body(node.patterns)
    walk.body(node.kwd_patterns)


def _assign(walk: Walk, node: ast.Assign) -> None:
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


def _annotated(walk: Walk, node: ast.AnnAssign) -> None:
    if node.value is not None:
        walk.visit(node.value)
    if node.value is not None or not isinstance(node.target, ast.Name):
        walk.visit(node.target)
    elif node.simple and walk.scope.kind != "module":
        walk.bind(node.target.id)


def _augmented(walk: Walk, node: ast.AugAssign) -> None:
    if isinstance(node.target, ast.Name):
        walk.scope.loads.setdefault(node.target.id, node.target)
    walk.visit(node.target)
    walk.visit(node.value)


def _for(walk: Walk, node: Any) -> None:
    walk.visit(node.iter)
    walk.visit(node.target)
    walk.body(node.body)
    walk.body(node.orelse)


def _handler(walk: Walk, node: ast.ExceptHandler) -> None:
    if node.type is not None:
        walk.visit(node.type)
    if node.name is not None:
        walk.bind(node.name)
        walk.scope.fragile.add(node.name)
    walk.body(node.body)


def _global(walk: Walk, node: ast.Global) -> None:
    walk.scope.globals.update(() if walk.scope.kind == "module" else node.names)
    for name in node.names:
        walk.resolution.module.declare(name, walk.scope)


def _nonlocal(walk: Walk, node: ast.Nonlocal) -> None:
    walk.scope.nonlocals.update(node.names)


def _bind_import(walk: Walk, name: str, meaning: Meaning | None) -> None:
    scope = walk.scope
    if meaning is None or name in scope.globals or name in scope.nonlocals:
        walk.bind(name)
    else:
        scope.bind_import(name, meaning)


def _import(walk: Walk, node: ast.Import) -> None:
    for alias in node.names:
        meaning = bound_meaning(alias.name, alias.asname)
        _bind_import(walk, alias.asname or alias.name.partition(".")[0], meaning)
        if meaning is None:
            message = f"there is no module '{alias.name}' for programs"
            walk.resolution.report("NOODLE-E0210", message, alias, missing_module_hint(alias.name))


def _import_from(walk: Walk, node: ast.ImportFrom) -> None:
    module = node.module or ""
    known = not node.level and module_meaning(module) is not None
    for alias in node.names:
        meaning = member_meaning(module, alias.name) if known else None
        _bind_import(walk, alias.asname or alias.name, meaning)
        if known and meaning is None and alias.name != "*":
            members = MODULES.get(module, NOODLE_MEMBERS)
            message = f"module '{module}' has no '{alias.name}' for programs"
            hint = MEMBER_HINTS.get(f"{module}.{alias.name}") or did_you_mean(alias.name, members)
            walk.resolution.report("NOODLE-E0211", message, alias, hint)
    if node.level:
        walk.resolution.report("NOODLE-E0212", "relative imports are not supported", node, "a program is one file")
    elif not known:
        message = f"there is no module '{module}' for programs"
        walk.resolution.report("NOODLE-E0210", message, node, missing_module_hint(module))


_VISITS: Final[dict[type, Callable[[Walk, Any], None]]] = {
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
