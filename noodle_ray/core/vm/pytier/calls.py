"""Emitting calls: of functions, of builtins, of methods through their tables, and of models."""

import _ast as ast

from noodle_ray.core.nbc.module import Instr
from noodle_ray.core.vm.builtins import BUILTINS, callee
from noodle_ray.core.vm.containers import ONE_ARGUMENT
from noodle_ray.core.vm.methods import DIRECT, has_method, method_table, settled_methods
from noodle_ray.core.vm.pytier import nodes
from noodle_ray.core.vm.pytier.emitter import Emitter, handles
from noodle_ray.core.vm.pytier.nodes import Position
from noodle_ray.core.vm.pytier.operations import hidden
from noodle_ray.core.vm.types import Vetted
from noodle_ray.light import MethodDescriptorType, cast

_Keywords = tuple[tuple[str, int], ...]


def call_with(function: ast.expr, values: list[ast.expr], keywords: _Keywords, at: Position) -> ast.Call:
    """A call whose last values are those of the keywords."""
    split = len(values) - len(keywords)
    named = [ast.keyword(name, value, **at) for (name, _), value in zip(keywords, values[split:], strict=True)]
    return ast.Call(function, values[:split], named, **at)


@handles("func")
def function(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Create a function: a nested ``def``, so that Python's closures are ours."""
    target, index, defaults = cast("tuple[int, int, tuple[int, ...]]", instr.args)
    values = emitter.operands(defaults, at)
    emitter.flush()
    name = define(emitter, index, values, at)
    emitter.result(target, emitter.take(name, at), at)


def define(emitter: Emitter, index: int, defaults: list[ast.expr], at: Position) -> str:
    """Emit the ``def`` of another function here; the variable that holds it. Two definitions never share a
    variable, and the name that tracebacks show is put right when the code is compiled. In a fragment functions are
    counted from its own, so that its code is the same wherever it stands."""
    callee = emitter.module.functions[index]
    name = f".{'k' if callee.kind == 'class' else 'f'}{index - emitter.names.base}.{callee.name}"
    definition: ast.stmt | None = None
    if emitter.names.fragments is not None and emitter.function is emitter.module.functions[0]:
        definition = emitter.names.fragments.definition(emitter, index, name, defaults, at)
    if definition is None:
        definition = Emitter(emitter.module, callee, emitter.names, index).definition(name, defaults, at)
    emitter.statements.append(definition)
    return name


@handles("call")
def call(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Call a value."""
    target, callee, args, keywords = cast("tuple[int, int, tuple[int, ...], _Keywords]", instr.args)
    values = emitter.operands((callee, *args, *(register for _, register in keywords)), at)
    emitter.result(target, call_with(hidden(values[0], at), values[1:], keywords, at), at)


@handles("callx")
def call_spread(emitter: Emitter, instr: Instr, at: Position) -> None:
    """``f(*args, **kwargs)``."""
    target, callee, args, kwargs = cast("tuple[int, int, int, int]", instr.args)
    f, a, k = emitter.operands((callee, args, kwargs), at)
    node = ast.Call(hidden(f, at), [ast.Starred(a, nodes.LOAD, **at)], [ast.keyword(None, k, **at)], **at)
    emitter.result(target, node, at)


@handles("callb")
def call_builtin(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Call a builtin."""
    target, name, args, keywords = cast("tuple[int, str, tuple[int, ...], _Keywords]", instr.args)
    values = emitter.operands((*args, *(register for _, register in keywords)), at)
    if name == "isinstance" and len(args) == 2 and not keywords:
        plain = _plain_types(emitter, values[1], at)
        if plain is not None:
            emitter.result(target, nodes.call(".isinstance", [values[0], plain], at), at)
            return
    if name == "str" and len(args) == 1 and not keywords:
        first, again = emitter.twice(values[0], at)
        convert = ast.Subscript(nodes.load(".strs", at), nodes.call(".type", [first], at), nodes.LOAD, **at)
        emitter.result(target, ast.Call(convert, [again], [], **at), at)
        return
    function = callee(name, len(args), bool(keywords))
    variable = f".b.{name}"
    if function is not BUILTINS[name]:
        variable = f".c.{name}.{len(args)}.{bool(keywords)}"
        emitter.names.vetted[variable] = function
    else:
        emitter.names.builtins.add(name)
    emitter.result(target, call_with(nodes.load(variable, at), values, keywords, at), at)


def _plain_types(emitter: Emitter, node: ast.expr, at: Position) -> ast.expr | None:
    """An expression that is a builtin type, or a tuple of some, as CPython's own isinstance() may be asked for it."""
    if isinstance(node, ast.Tuple):
        found = [_plain_types(emitter, each, at) for each in node.elts]
        kinds = [each for each in found if each is not None]
        return ast.Tuple(kinds, nodes.LOAD, **at) if len(kinds) == len(found) else None
    if not (isinstance(node, ast.Name) and node.id[:3] == ".b."):
        return None
    value = BUILTINS[node.id[3:]]
    value = value.real if type(value) is Vetted else value
    if type(value) is not type or value is dict:
        return None
    variable = f".t.{node.id[3:]}"
    emitter.names.vetted[variable] = value
    return nodes.load(variable, at)


@handles("callm")
def call_method(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Call a method: the receiver's type picks a function from the method's table.

    Where the type is certain, the table is read now: the entry is called directly, and an entry that is a
    method descriptor of that very type is called as CPython calls it fastest.
    """
    target, receiver, name, args, keywords = cast("tuple[int, int, str, tuple[int, ...], _Keywords]", instr.args)
    values = emitter.operands((receiver, *args, *(register for _, register in keywords)), at)
    found = emitter.found.pop(id(values[0]), None)
    if found is not None:
        _, values[0], receiver = found
    known = emitter.registers.types.get(receiver)
    single = len(args) == 1 and not keywords
    methods = method_table(name, 0 if keywords else len(args))
    entry = methods.get(known) if known else None
    if found is None and receiver in emitter.registers.found and not (known and has_method(known, name)):
        emitter.result(target, call_with(hidden(values[0], at), values[1:], keywords, at), at)
        return
    if known and found is not None:
        emitter.result(target, call_with(found[0], values[1:], keywords, at), at)
        return
    if entry is None:
        own = None if known else _own_method(emitter, receiver, name, values, keywords, at)
        if own is not None:
            emitter.result(target, own, at)
            return
        if name in DIRECT and not known and "__getattr__" not in emitter.names.facts.specials:
            vetted: ast.expr = ast.Attribute(values[0], name, nodes.LOAD, **at)
            emitter.result(target, call_with(vetted, values[1:], keywords, at), at)
            return
        if found is not None:
            emitter.result(target, _early(emitter, name, values, len(args), keywords, at), at)
            return
        variable = f".m.{name}.{single}"
        emitter.names.vetted[variable] = methods
        first, again = emitter.twice(values[0], at)
        kind = nodes.call(".type", [first], at)
        table = ast.Subscript(nodes.load(variable, at), kind, nodes.LOAD, **at)
        emitter.result(target, call_with(table, [again, *values[1:]], keywords, at), at)
        return
    if single:
        entry = ONE_ARGUMENT.get(entry, entry)
    if isinstance(entry, MethodDescriptorType) and entry.__objclass__ is known:
        vetted = ast.Attribute(values[0], entry.__name__, nodes.LOAD, **at)
        emitter.result(target, call_with(vetted, values[1:], keywords, at), at)
        return
    variable = f".m.{known.__name__ if known else ''}.{name}.{single}"
    emitter.names.vetted[variable] = entry
    emitter.result(target, call_with(nodes.load(variable, at), values, keywords, at), at)


@handles("method")
def find_method(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Look a method up before its arguments are computed. Where they end up in the expression that calls it, that looks
    it up at the same time; where its type surely has it, there is nothing to find out."""
    target, source, name = cast("tuple[int, int, str]", instr.args)
    value = emitter.operand(source, at)
    known = emitter.registers.types.get(target)  # of all values that are looked at for this register
    if known and has_method(known, name):
        emitter.result(target, value, at)
        return
    node = nodes.call(".attr", [value, nodes.constant(name, at)], at)
    emitter.found[id(node)] = (node, value, source)
    emitter.result(target, node, at)


def _early(
    emitter: Emitter, name: str, values: list[ast.expr], count: int, keywords: _Keywords, at: Position
) -> ast.expr:
    """A call of a method from its table, by a receiver that is asked for it before the arguments are computed."""
    positional = 0 if keywords else count
    variable = f".e.{name}.{positional if name == 'add' else ''}"
    emitter.names.vetted[variable] = settled_methods(name, positional)
    first, second, last = emitter.thrice(values[0], at)
    test = ast.Compare(nodes.call(".type", [first], at), [ast.In()], [nodes.load(variable, at)], **at)
    own = ast.Subscript(nodes.load(variable, at), nodes.call(".type", [second], at), nodes.LOAD, **at)
    other = nodes.call(".early", [second, nodes.constant(name, at)], at)
    return call_with(ast.IfExp(test, own, other, **at), [last, *values[1:]], keywords, at)


def _own_method(
    emitter: Emitter, receiver: int, name: str, values: list[ast.expr], keywords: _Keywords, at: Position
) -> ast.expr | None:
    from noodle_ray.core.vm.pytier.objects import method  # which needs this module

    return method(emitter, receiver, name, values, keywords, at)


@handles("model")
def model(emitter: Emitter, instr: Instr, at: Position) -> None:
    """A model as a value."""
    target, name = cast("tuple[int, str]", instr.args)
    emitter.result(target, nodes.call(".model", [nodes.constant(name, at)], at), at)


@handles("effect")
def effect(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Ask a model; the value is pending until it is forced."""
    target, name, args, keywords = cast("tuple[int, str, tuple[int, ...], _Keywords]", instr.args)
    values = emitter.operands((*args, *(register for _, register in keywords)), at)
    split = len(args)
    keys = [nodes.constant(key, at) for key, _ in keywords]
    positional = ast.Tuple(values[:split], nodes.LOAD, **at)
    named = ast.Dict(cast("list[ast.expr | None]", keys), values[split:], **at)
    emitter.result(target, nodes.call(".effect", [nodes.constant(name, at), positional, named], at), at)


@handles("force")
def force(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Wait for a register's value if it is pending."""
    name = emitter.variable(cast(int, instr.args[0]))
    emitter.statement(nodes.assign(name, nodes.call(".force", [nodes.load(name, at)], at), at))


@handles("barrier")
def barrier(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Wait for everything that this fiber asked."""
    emitter.statement(ast.Expr(nodes.call(".barrier", [], at), **at))


@handles("guess")
def guess(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Tell which calls may come, before a wait."""
    target, waited, candidates, registers = cast(
        "tuple[int, int | None, tuple[object, ...], tuple[int, ...]]", instr.args
    )
    emitter.flush()
    pending = nodes.constant(None, at) if waited is None else emitter.read(waited, at)
    values = ast.Tuple([emitter.read(register, at) for register in registers], nodes.LOAD, **at)
    found = nodes.call(".guess", [pending, nodes.constant(candidates, at), values], at)
    emitter.statement(nodes.assign(emitter.variable(target), found, at))


@handles("drop", "keep")
def settle(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Tell which calls do not come, or may be on their way."""
    handle, numbers = cast("tuple[int, tuple[int, ...]]", instr.args)
    told = nodes.call(f".{instr.op}", [nodes.load(emitter.variable(handle), at), nodes.constant(numbers, at)], at)
    emitter.statement(ast.Expr(told, **at))


@handles("gather")
def gather(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Run a function on each element, as fibers."""
    target, _, iterable, index = cast("tuple[int, str, int, int]", instr.args)
    items = emitter.operand(iterable, at)
    emitter.flush()
    name = define(emitter, index, [], at)
    emitter.result(target, nodes.call(".gather", [nodes.load(name, at), items], at), at)
