"""Emitting data: constants, variables, containers, strings."""

import _ast as ast

from noodle_ray.core.nbc.module import Instr
from noodle_ray.core.vm.pytier import nodes
from noodle_ray.core.vm.pytier.emitter import Emitter, handles, place
from noodle_ray.core.vm.pytier.nodes import Position
from noodle_ray.light import Final, cast

_PLAIN: Final = frozenset({str, int, float, bool})
"""Types whose text surely holds no address."""


@handles("const", "bget")
def constant(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Nothing to do for a register that holds one constant: its readers take the constant itself."""
    register = cast(int, instr.args[0])
    if register in emitter.registers.constants:
        return
    if instr.op == "const":
        emitter.result(register, nodes.constant(instr.args[1], at), at)
    else:
        emitter.result(register, emitter.builtin(cast(str, instr.args[1]), at), at)


@handles("move")
def move(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Copy a register."""
    target, source = cast("tuple[int, int]", instr.args)
    emitter.result(target, emitter.operand(source, at), at)


@handles("gget")
def global_get(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Read a global: its own name in the generated module's globals."""
    emitter.result(cast(int, instr.args[0]), nodes.load(cast(str, instr.args[1]), at), at)


@handles("gset")
def global_set(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Write a global."""
    name, source = cast("tuple[str, int]", instr.args)
    if _in_place(emitter, name, source):
        return
    value = emitter.operand(source, at)
    emitter.statement(nodes.assign(name, value, at))


@handles("gdel")
def global_delete(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Delete a global."""
    emitter.statement(ast.Delete([ast.Name(cast(str, instr.args[0]), nodes.DELETE, **at)], **at))


def _cell(emitter: Emitter, index: int) -> str:
    return (emitter.function.cells + emitter.function.free)[index]


@handles("cget")
def cell_get(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Read a captured variable: a closure variable of Python's own."""
    emitter.result(cast(int, instr.args[0]), nodes.load(_cell(emitter, cast(int, instr.args[1])), at), at)


@handles("cset")
def cell_set(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Write a captured variable; a parameter that is captured is already in it."""
    index, source = cast("tuple[int, int]", instr.args)
    name = _cell(emitter, index)
    if emitter.variable(source) == name:
        return
    if _in_place(emitter, name, source):
        return
    value = emitter.operand(source, at)
    emitter.statement(nodes.assign(name, value, at))


def _in_place(emitter: Emitter, name: str, source: int) -> bool:
    """Make one statement of ``r = name``, ``r += value`` and the ``name = r`` that is about to be, if nothing else
    uses the register."""
    register = emitter.variable(source)
    registers = emitter.registers
    if emitter.waiting or register[0] != "." or registers.reads[source] != 1 or registers.writes[source] != 1:
        return False
    match emitter.statements[-2:]:
        case [
            ast.Assign(targets=[ast.Name(id=first)], value=ast.Name(id=read) as origin),
            ast.AugAssign(target=ast.Name(id=second)) as change,
        ] if first == second == register and read == name:
            change.target = nodes.store(name, place(origin))
            del emitter.statements[-2]
            return True
    return False


@handles("cdel")
def cell_delete(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Delete a captured variable."""
    name = _cell(emitter, cast(int, instr.args[0]))
    emitter.statement(ast.Delete([ast.Name(name, nodes.DELETE, **at)], **at))


@handles("unset")
def unset(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Make a register unbound. A named local starts unbound in Python too, and can be deleted."""
    name = emitter.variable(cast(int, instr.args[0]))
    if name.startswith("."):
        emitter.statement(nodes.assign(name, nodes.load(".unbound", at), at))
        return
    if (
        instr in emitter.function.body[: len(emitter.function.params) + len(emitter.function.locals)]
        and not emitter.statements
    ):
        return
    emitter.statement(nodes.assign(name, nodes.constant(None, at), at))
    emitter.statement(ast.Delete([ast.Name(name, nodes.DELETE, **at)], **at))


@handles("check")
def check(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Raise if a register is unbound: Python's own reading of a local does that."""
    register = cast(int, instr.args[0])
    name = emitter.variable(register)
    if name.startswith("."):
        emitter.statement(ast.Expr(nodes.call(".check", [nodes.load(name, at), nodes.constant(name, at)], at), **at))
    else:
        emitter.expect(register, at)


@handles("tuple", "list")
def sequence(emitter: Emitter, instr: Instr, at: Position) -> None:
    """A tuple or list display."""
    target, registers = cast("tuple[int, tuple[int, ...]]", instr.args)
    items = emitter.operands(registers, at)
    kind = ast.Tuple if instr.op == "tuple" else ast.List
    emitter.result(target, kind(items, nodes.LOAD, **at), at)


@handles("set")
def ordered_set(emitter: Emitter, instr: Instr, at: Position) -> None:
    """A set display: sets keep insertion order, so they are our own class."""
    target, registers = cast("tuple[int, tuple[int, ...]]", instr.args)
    items = emitter.operands(registers, at)
    emitter.result(target, nodes.call(".set", [ast.Tuple(items, nodes.LOAD, **at)] if items else [], at), at)


@handles("dict")
def dictionary(emitter: Emitter, instr: Instr, at: Position) -> None:
    """A dict display; keys and values are evaluated pair by pair."""
    target, keys, values = cast("tuple[int, tuple[int, ...], tuple[int, ...]]", instr.args)
    flat = emitter.operands([register for pair in zip(keys, values, strict=True) for register in pair], at)
    emitter.result(target, ast.Dict(cast("list[ast.expr | None]", flat[::2]), flat[1::2], **at), at)


@handles("slice")
def slice_of(emitter: Emitter, instr: Instr, at: Position) -> None:
    """A slice; inside a subscript it is written as one."""
    bounds = emitter.operands(cast("tuple[int, ...]", instr.args[1:]), at)
    start, stop, step = (None if isinstance(b, ast.Constant) and b.value is None else b for b in bounds)
    emitter.result(cast(int, instr.args[0]), ast.Slice(start, stop, step, **at), at)


@handles("extend", "update", "setadd", "kwmerge")
def fill(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Add to a container that a display with stars is building."""
    values = emitter.operands(cast("tuple[int, ...]", instr.args), at)
    emitter.statement(ast.Expr(nodes.call(f".{instr.op}", values, at), **at))


@handles("totuple")
def to_tuple(emitter: Emitter, instr: Instr, at: Position) -> None:
    """The tuple of an iterable."""
    target, source = cast("tuple[int, int]", instr.args)
    emitter.result(target, nodes.call(".totuple", [emitter.operand(source, at)], at), at)


@handles("format")
def format_field(emitter: Emitter, instr: Instr, at: Position) -> None:
    """One field of an f-string, with its conversion and its format spec."""
    target, conversion, source, spec = cast("tuple[int, str, int, int | None]", instr.args)
    sources = (source,) if spec is None else (source, spec)
    values = emitter.operands(sources, at, raw=True)
    value = emitter.value(values[0])
    code = ord(conversion) if conversion else -1
    layout: ast.expr | None = None
    if spec is not None:
        layout = values[1]
        if not _literal(layout) and not isinstance(layout, ast.JoinedStr) and emitter.names.facts.own_texts:
            operands = [value, nodes.constant(conversion, at), emitter.value(layout)]
            emitter.result(target, nodes.call(".format", operands, at), at)
            return
        if not isinstance(layout, ast.JoinedStr):
            part = layout if _literal(layout) else _text(emitter, spec, emitter.value(layout), at)
            layout = ast.JoinedStr([part], **at)
    suspect = emitter.registers.types.get(source) not in _PLAIN and not isinstance(value, ast.Constant)
    if suspect and conversion and layout is not None:  # its width is to be that of the text without the address
        value, code, suspect = nodes.call(f".text.{conversion}", [value], at), -1, False
    value, again = emitter.twice(value, at) if suspect else (value, value)
    field = ast.FormattedValue(value, code, layout, **at)
    if suspect:
        emitter.suspects[id(field)] = again
    emitter.result(target, field, at)


def _text(emitter: Emitter, register: int, value: ast.expr, at: Position) -> ast.expr:
    """A part of an f-string; what only a hand-made module has there is made text first."""
    if emitter.registers.types.get(register) is not str:
        value = nodes.call(".text", [value], at)
    return ast.FormattedValue(value, -1, None, **at)


def _literal(node: ast.expr) -> bool:
    return isinstance(node, ast.FormattedValue) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


@handles("concat")
def concatenate(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Join the parts of an f-string."""
    target, registers = cast("tuple[int, tuple[int, ...]]", instr.args)
    parts = [
        part if _literal(part) else _text(emitter, register, emitter.value(part), at)
        for register, part in zip(registers, emitter.operands(registers, at, raw=True), strict=True)
    ]
    emitter.result(target, emitter.text(parts, at), at)
