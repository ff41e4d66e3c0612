"""Lowering of calls: builtins, methods, functions, models."""

import _ast as ast

from noodle_ray.core.lang.hints import MEMBER_HINTS, did_you_mean
from noodle_ray.core.lang.imports import NOODLE_MEMBERS, submodule, value_named
from noodle_ray.core.lang.lazy import SEARCHES
from noodle_ray.core.lang.lower.comprehensions import lower_comprehension, lower_search
from noodle_ray.core.lang.lower.expressions import display, has_star, spread
from noodle_ray.core.lang.lower.frame import EXPRESSIONS, Frame
from noodle_ray.core.nbc.module import Span
from noodle_ray.core.vm.names import MODULES
from noodle_ray.light import Any

Keywords = tuple[tuple[str, int], ...]


def _call(f: Frame, node: ast.Call, into: int | None) -> int:
    func = node.func
    if isinstance(func, ast.Name):
        kind, value = f.lookup(func.id)
        if kind == "builtin":
            return _call_builtin(f, node, value, into)
        if kind == "model":
            return _call_model(f, node, value, into)
        if kind == "api" and value in ("model", "tool"):
            return _make_model(f, node, value, into)
    elif isinstance(func, ast.Attribute):
        constructor = f.unit.resolution.constructor(f.scope, func)
        if constructor:
            return _make_model(f, node, constructor, into)
        name = member(f, func)
        if name is not None:
            return _call_builtin(f, node, name, into)
        if not _spreads(node):
            return _call_method(f, node, func, into)
    elif isinstance(func, ast.Call) and f.unit.resolution.constructor(f.scope, func.func) == "model":
        model = _model_literal(f, func, "model")
        if model is not None:
            return _call_model(f, node, model, into)
    if not _spreads(node):
        callee = f.held(f.expr(func), func)
        args, keywords = _arguments(f, node)
        return _finish(f, node, into, "call", callee, args, keywords)
    return _call_spread(f, node, f.held(f.expr(func), func), into)


def _finish(f: Frame, node: ast.Call, into: int | None, op: str, *operands: object) -> int:
    target = f.temp() if into is None else into
    f.emit(node, op, target, *operands)
    return target


def _spreads(node: ast.Call) -> bool:
    return has_star(node.args) or any(keyword.arg is None for keyword in node.keywords)


def _arguments(f: Frame, node: ast.Call) -> tuple[tuple[int, ...], Keywords]:
    count = len(node.args)
    registers = f.operands([*node.args, *(keyword.value for keyword in node.keywords)])
    names = (keyword.arg or "" for keyword in node.keywords)
    return registers[:count], tuple(zip(names, registers[count:], strict=True))


def _call_builtin(f: Frame, node: ast.Call, name: str, into: int | None) -> int:
    if _spreads(node):
        callee = f.temp()
        f.emit(node.func, "bget", callee, name)
        return _call_spread(f, node, callee, into)
    if node.args and id(node.args[0]) in f.unit.resolution.eager:
        return _call_eager(f, node, name, into)
    if name == "super" and not node.args and not node.keywords:
        return _super(f, node, into)
    if name in (".globals", ".locals"):
        return _namespace(f, node, name == ".globals" or f.home.kind == "module", into)
    args, keywords = _arguments(f, node)
    return _finish(f, node, into, "callb", name, args, keywords)


def _namespace(f: Frame, node: ast.Call, outermost: bool, into: int | None) -> int:
    """``globals()`` and ``locals()``: names with values as they are now. Of a function's variables, those that are
    bound on every way to here."""
    known: list[tuple[str, int]] = []
    names: list[str] = []
    module = f.unit.resolution.module
    for name in module.bound if outermost else (*f.names, *f.cells):
        if name[:1] == ".":
            continue
        if not outermost:
            kind, value = f.lookup(name)
            if kind in ("register", "cell", "member") or (kind == "local" and f.assigned >> value & 1):
                known.append((name, f.load(node, name)))
            continue
        names.append(name)
        meaning = module.static_meaning(name)
        if meaning is not None and meaning[0] in ("builtin", "module", "model", "tool"):
            known.append((name, f.temp()))
            f.load_as(node, name, *meaning, known[-1][1])
    keys = [f.const(node, name) for name, _ in known]
    table = f.temp()
    f.emit(node, "dict", table, tuple(keys), tuple(register for _, register in known))
    if not outermost:
        return _finish(f, node, into, "callb", ".locals", (table,), ())
    return _finish(f, node, into, "callb", ".globals", (table, f.const(node, tuple(names))), ())


def _call_eager(f: Frame, node: ast.Call, name: str, into: int | None) -> int:
    """A builtin whose first argument is a generator expression that is read at once."""
    generator: Any = node.args[0]
    if name in SEARCHES:
        return lower_search(f, node, generator, name, into)
    if name in ("list", "set") and len(node.args) == 1 and not node.keywords:
        return lower_comprehension(f, generator, name, into)
    first = lower_comprehension(f, generator, "list", None)
    rest = ast.Call(node.func, node.args[1:], node.keywords)
    args, keywords = _arguments(f, rest)
    return _finish(f, node, into, "callb", name, (first, *args), keywords)


def _super(f: Frame, node: ast.Call, into: int | None) -> int:
    """``super()``: the class around and the first parameter; the runtime says what is wrong if there is none."""
    home = f.home
    kind = f.lookup("__class__")[0]
    arguments: Any = getattr(home.node, "args", None)
    if home.kind == "function" and not (arguments.posonlyargs or arguments.args):
        return _fail(f, node, "super(): no arguments")
    if kind != "cell" or home.kind != "function":
        return _finish(f, node, into, "callb", "super", (), ())
    cell = f.load(node, "__class__")
    return _finish(f, node, into, "callb", ".super", (cell, f.load(node, home.params[0])), ())


def _fail(f: Frame, node: ast.AST, message: str) -> int:
    """Code that raises a RuntimeError, in the place of an expression."""

    def fail() -> None:
        error = f.temp()
        f.emit(node, "callb", error, "RuntimeError", (f.const(node, message),), ())
        f.emit(node, "raise", error)

    f.emit(node, "if", f.const(node, True), f.block(fail), ())
    return f.const(node, None)


def _call_method(f: Frame, node: ast.Call, func: ast.Attribute, into: int | None) -> int:
    receiver = f.held(f.expr(func.value), func)
    position = _method_position(node, func)
    if not all(_is_settled(f, each) for each in (*node.args, *[keyword.value for keyword in node.keywords])):
        found = f.temp()  # the method is looked for before its arguments are computed
        f.emit(position, "method", found, receiver, func.attr)
        receiver = found
    if node.args and id(node.args[0]) in f.unit.resolution.eager:
        args: tuple[int, ...] = (lower_comprehension(f, node.args[0], "list", None),)
        keywords = _arguments(f, ast.Call(func, [], node.keywords))[1]
    else:
        args, keywords = _arguments(f, node)
    target = f.temp() if into is None else into
    f.emit(position, "callm", target, receiver, func.attr, args, keywords)
    return target


def _is_settled(f: Frame, node: ast.expr) -> bool:
    """Whether nobody can tell when an expression is computed; of a variable that may be unbound one can."""
    if isinstance(node, ast.Tuple | ast.List):
        return all(_is_settled(f, each) for each in node.elts)
    if isinstance(node, ast.Name):
        return not f.may_be_deleted(node.id)
    return isinstance(node, ast.Constant)


class _At:
    """A position that is not a node's."""

    def __init__(self, span: Span) -> None:
        self.lineno, self.col_offset, self.end_lineno, self.end_col_offset = span


def _method_position(node: ast.Call, func: ast.Attribute) -> Any:
    """A method call that spans lines belongs to the line of the method's name, as in CPython's tracebacks."""
    if node.lineno == func.end_lineno:
        return node
    line, stop = func.end_lineno or node.lineno, func.end_col_offset or 0
    return _At((line, max(stop - len(func.attr), 0), line, stop))


def _call_spread(f: Frame, node: ast.Call, callee: int, into: int | None) -> int:
    """A call with ``*args`` or ``**kwargs``: arguments as one iterable and one dict."""
    only = node.args[0] if len(node.args) == 1 else None
    if isinstance(only, ast.Starred):
        args = f.held(spread(f, only), node)
    elif has_star(node.args):
        built = display(f, node, node.args)
        args = f.temp()
        f.emit(node, "totuple", args, built)
    else:
        args = f.temp()
        registers = f.operands(node.args)
        f.emit(node, "tuple", args, registers)
    named = _keywords_dict(f, node, callee)
    return _finish(f, node, into, "callx", callee, args, named)


def _keywords_dict(f: Frame, node: ast.Call, callee: int) -> int:
    result: int | None = None
    group: list[ast.keyword] = []

    def flush() -> None:
        nonlocal result
        if not group and result is not None:
            return
        keys: list[int] = []
        values: list[int] = []
        for keyword in group:
            keys.append(f.const(keyword, keyword.arg or ""))
            values.append(f.held(f.expr(keyword.value), keyword))
        part = f.temp()
        f.emit(node, "dict", part, tuple(keys), tuple(values))
        group.clear()
        if result is None:
            result = part
        else:
            f.emit(node, "kwmerge", result, part, callee)

    for keyword in node.keywords:
        if keyword.arg is not None:
            group.append(keyword)
            continue
        flush()
        assert result is not None
        f.emit(node, "kwmerge", result, f.expr(keyword.value), callee)
    if group or result is None:
        flush()
    assert result is not None
    return result


def member(f: Frame, node: ast.Attribute) -> str | None:
    """The builtin that ``module.name`` stands for, or None if the value is not a module."""
    resolution = f.unit.resolution
    meaning = resolution.module_path(f.scope, node.value)
    if meaning is None:
        return None
    kind, module = meaning
    if kind == "module":
        if node.attr in MODULES[module]:
            return f"{module}.{node.attr}"
        inner = submodule(meaning, node.attr)
        if inner is not None and inner[0] == "module":
            return str(inner[1])
        members: Any = MODULES[module]
    elif kind == "noodle":
        if node.attr == "ModelError":
            return "ModelError"
        if node.attr in MODULES.get("noodle_ray", ()):
            return f"noodle_ray.{node.attr}"
        if node.attr in MODULES["noodle_ray"]:
            return f"noodle_ray.{node.attr}"
        module, members = "noodle_ray", NOODLE_MEMBERS
        if node.attr in members:
            f.unit.report("NOODLE-E0213", f"'{node.attr}' cannot be used as a value", node, 'write `model("minilm")`')
            return "None"
    elif kind == "package":
        inner = submodule(meaning, node.attr)
        if inner is not None and inner[0] == "module":
            return str(inner[1])
        members = {name[len(module) + 1 :] for name in MODULES if name.startswith(f"{module}.")}
    else:
        hint = "annotations are kept as text and never run"
        f.unit.report("NOODLE-E0202", f"'{module}.{node.attr}' can only be used in annotations", node, hint)
        return "None"
    message = f"module '{module}' has no '{node.attr}' for programs"
    hint = MEMBER_HINTS.get(f"{module}.{node.attr}") or did_you_mean(node.attr, members)
    f.unit.report("NOODLE-E0211", message, node, hint)
    return "None"


def _model_literal(f: Frame, node: ast.Call, constructor: str) -> str | None:
    """The name that a module has for what ``model`` or ``tool`` makes of this call, or None after a report."""
    argument = node.args[0] if len(node.args) == 1 and not node.keywords else None
    if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
        example = 'model("minilm")' if constructor == "model" else 'tool("send_mail")'
        hint = f"name the {constructor} in the program, as in {example}, so that it is known before the program runs"
        f.unit.report("NOODLE-E0213", f"{constructor} takes one string literal", node, hint)
        return None
    meaning = value_named(constructor, argument.value)
    if meaning is None:
        hint = "use letters, digits and . _ / @ : - as in 'minilm' or 'org/name@1'"
        f.unit.report("NOODLE-E0214", f"this cannot be the name of a {constructor}", argument, hint)
        return None
    return str(meaning[1])


def _make_model(f: Frame, node: ast.Call, constructor: str, into: int | None) -> int:
    """A model or a tool as a value. What calls a tool is an ordinary call of it, which nothing overlaps with."""
    name = _model_literal(f, node, constructor)
    target = f.temp() if into is None else into
    f.emit(node, "model", target, name or "none")
    return target


def _call_model(f: Frame, node: ast.Call, model: str, into: int | None) -> int:
    f.unit.effects = True
    if _spreads(node):
        callee = f.temp()
        f.emit(node.func, "model", callee, model)
        return _call_spread(f, node, callee, into)
    args, keywords = _arguments(f, node)
    return _finish(f, node, into, "effect", model, args, keywords)


EXPRESSIONS[ast.Call] = _call
EXPRESSIONS[ast.Starred] = lambda f, node, into: f.expr(node.value, into)
EXPRESSIONS[ast.keyword] = lambda f, node, into: f.expr(node.value, into)
