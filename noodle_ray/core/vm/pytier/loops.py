"""Emitting loops and comprehensions, with metering that costs next to nothing.

A leaf ``for`` (see `leaf`) is paid for ahead: for its length where that is known, else for as many iterations as there
is fuel, which C-level iterators count. What was not used is given back afterwards. Any other loop, and one that may
resize what it walks over, pays at each iteration; so does a ``while``, which is seldom long enough to be worth more.
"""

import _ast as ast

from noodle_ray.core.nbc.costs import loop_cost
from noodle_ray.core.nbc.module import Block, Instr
from noodle_ray.core.nbc.walk import flatten
from noodle_ray.core.vm.pytier import nodes
from noodle_ray.core.vm.pytier.emitter import Emitter, charge, handles
from noodle_ray.core.vm.pytier.leaf import is_inert, is_leaf, keeps_size
from noodle_ray.core.vm.pytier.nodes import Position
from noodle_ray.core.vm.pytier.support import FUEL
from noodle_ray.light import Callable, Final, cast

_IMMUTABLE: Final = frozenset({range, str, tuple})
_PLAIN: Final = _IMMUTABLE | {list, dict}
_FREE: Final = frozenset({range, str})


def _start(emitter: Emitter, items: ast.expr, instr: Instr, at: Position) -> tuple[str, str]:
    """Pay for a leaf ``for``; the variables that hold its iterator and the count of what is left of it.

    A range or container that keeps its length is paid for without a call.
    """
    iterable, cost = cast(int, instr.args[1]), float(loop_cost(instr))
    body = cast(Block, instr.args[2])
    known = emitter.registers.types.get(iterable)
    iterator, left, price = emitter.fresh("i"), emitter.fresh("n"), emitter.fresh("p")
    both: list[ast.expr] = [nodes.store(iterator, at), nodes.store(left, at)]

    def in_part(source: ast.expr) -> ast.stmt:
        call = nodes.call(".enter", [source, nodes.constant(cost, at)], at)
        return ast.Assign([ast.Tuple(both, nodes.STORE, **at)], call, None, **at)

    fixed = known is range or keeps_size(iterable, body, emitter.registers)
    if not (fixed and is_inert(body, emitter.registers)):
        emitter.statement(in_part(items))
        return iterator, left
    emitter.statement(nodes.assign(iterator, items, at))
    metered = in_part(nodes.load(iterator, at))
    length = nodes.call(".len", [nodes.load(iterator, at)], at)
    total = ast.NamedExpr(nodes.store(price, at), ast.BinOp(length, ast.Mult(), nodes.constant(cost, at), **at), **at)
    affordable = ast.Compare(total, [ast.LtE()], [nodes.load(FUEL, at)], **at)
    pay = ast.AugAssign(nodes.store(FUEL, at), ast.Sub(), nodes.load(price, at), **at)
    plain = ast.Assign(both, nodes.call(".iter", [nodes.load(iterator, at)], at), None, **at)
    if known is range:
        pay_all: ast.stmt = ast.If(affordable, [pay, plain], [metered], **at)
        endless = ast.ExceptHandler(nodes.load(".OverflowError", at), None, [metered], **at)
        emitter.statement(ast.Try([pay_all], [endless], [], [], **at))  # len() refuses a range of 2**63 and more
        return iterator, left
    steady = any(inner.op == "setindex" for inner in flatten(body))
    kinds = nodes.load(".steady" if steady else ".counted", at)
    sized = ast.Compare(nodes.call(".type", [nodes.load(iterator, at)], at), [ast.In()], [kinds], **at)
    emitter.statement(ast.If(ast.BoolOp(ast.And(), [sized, affordable], **at), [pay, plain], [metered], **at))
    return iterator, left


def _refund(emitter: Emitter, loop: list[ast.stmt], iterator: str, left: str, instr: Instr, at: Position) -> ast.stmt:
    """The loop, and however it ends, the fuel of the iterations that did not run given back. A ``for`` that was
    paid for as a whole, and so whose iterator is what is left of it, owes nothing when it ran to its end."""
    settled = nodes.call(".settle", [nodes.load(left, at), nodes.constant(True, at)], at)  # None: given back already
    cost = ast.IfExp(settled, nodes.constant(float(loop_cost(instr)), at), nodes.constant(0.0, at), **at)
    unused = ast.BinOp(nodes.call(".hint", [nodes.load(left, at)], at), ast.Mult(), cost, **at)
    refund: list[ast.stmt] = [ast.AugAssign(nodes.store(FUEL, at), ast.Add(), unused, **at)]
    free = [] if _is_plain(emitter, instr) else [_free(iterator, left, at)]
    if not any(inner.op in ("break", "return") for inner in flatten(cast(Block, instr.args[2]))):
        again = ast.ExceptHandler(None, None, [*refund, *free, ast.Raise(None, None, **at)], **at)
        in_part = ast.Compare(nodes.load(left, at), [ast.IsNot()], [nodes.load(iterator, at)], **at)
        return ast.Try(loop, [again], [ast.If(in_part, refund, [], **at), *free], [], **at)
    return ast.Try(loop, [], [], [*refund, *free], **at)


def _is_plain(emitter: Emitter, instr: Instr) -> bool:
    """Whether it cannot be told when what a loop walks over is freed."""
    kind = emitter.registers.types.get(cast(int, instr.args[1]))
    return kind in (_FREE if emitter.names.facts.ends else _PLAIN)


def _free(iterator: str, left: str, at: Position) -> ast.stmt:
    """Let go of what a loop walked over, as CPython's own loop does: it may be a generator, with a ``finally``."""
    return ast.Delete([ast.Name(name, nodes.DELETE, **at) for name in (iterator, left)], **at)


@handles("for")
def for_loop(emitter: Emitter, instr: Instr, at: Position) -> None:
    """``for``: over the elements of an iterable."""
    target, iterable, body, orelse = cast("tuple[int, int, Block, Block]", instr.args)
    items = emitter.operand(iterable, at)
    cost = loop_cost(instr)
    element = nodes.store(emitter.variable(target), at)
    steady = emitter.registers.types.get(iterable) in _IMMUTABLE or keeps_size(iterable, body, emitter.registers)

    def ahead(items: ast.expr) -> None:
        iterator, left = _start(emitter, items, instr, at)
        loop = ast.For(
            element, nodes.load(iterator, at), nodes.plain(at, *emitter.block(body)), emitter.block(orelse), None, **at
        )
        emitter.statements.append(_refund(emitter, [loop], iterator, left, instr, at))

    def singly(items: ast.expr) -> None:
        emitter.flush()
        inner = [*charge(cost, at), *emitter.block(body)]
        emitter.statements.append(ast.For(element, items, inner, emitter.block(orelse), None, **at))

    if not (steady and is_leaf(body, emitter.registers) and is_leaf(orelse, emitter.registers)):
        singly(items)
    elif _may_charge(emitter, iterable):
        _by_type(emitter, items, ahead, singly, at)
    else:
        ahead(items)


def _may_charge(emitter: Emitter, iterable: int) -> bool:
    """Whether what a leaf loop walks over may be a generator of the program, which charges between its iterations: a
    loop over one is not worth paying for ahead."""
    return emitter.registers.facts.lazy and iterable not in emitter.registers.types


def _by_type(
    emitter: Emitter,
    items: ast.expr,
    ahead: Callable[[ast.expr], None],
    singly: Callable[[ast.expr], None],
    at: Position,
) -> None:
    """A loop in two versions: for containers, and for all else. The latter alone holds what it walks over."""
    name = emitter.fresh("x")
    emitter.statement(nodes.assign(name, items, at))
    versions = []
    clear = ast.NamedExpr(nodes.store(name, at), nodes.constant(None, at), **at)
    taken = ast.Tuple([nodes.load(name, at), clear], nodes.LOAD, **at)
    first = ast.Subscript(taken, nodes.constant(0, at), nodes.LOAD, **at)
    for emit_version, value in ((ahead, emitter.take(name, at)), (singly, first)):
        outer, emitter.statements = emitter.statements, []
        emit_version(value)
        versions.append(emitter.statements)
        emitter.statements = outer
    kind = nodes.call(".type", [nodes.load(name, at)], at)
    test = ast.Compare(kind, [ast.In()], [nodes.load(".sized", at)], **at)
    emitter.statements.append(ast.If(test, versions[0], versions[1], **at))


@handles("while")
def while_loop(emitter: Emitter, instr: Instr, at: Position) -> None:
    """``while``: fuel is charged each time the condition is tested."""
    condition, test, body, orelse = cast("tuple[Block, int, Block, Block]", instr.args)
    emitter.flush()
    cost = loop_cost(instr)
    before, tested = emitter.expression(condition, test, at)
    if not before and not any(i.op == "continue" for i in _own(body)):
        inner = [*emitter.block(body), *charge(cost, at)]
        emitter.statements += charge(cost, at)
        emitter.statements.append(ast.While(tested, inner, emitter.block(orelse), **at))
        return
    stop = ast.UnaryOp(ast.Not(), tested, **at)
    flag = emitter.fresh("w") if any(i.op in ("break", "continue") for i in _own(orelse)) else ""
    ending: list[ast.stmt]
    if flag:
        ending = [nodes.assign(flag, nodes.constant(True, at), at), ast.Break(**at)]
        emitter.statements.append(nodes.assign(flag, nodes.constant(False, at), at))
        after: list[ast.stmt] = [ast.If(nodes.load(flag, at), emitter.block(orelse), [], **at)]
    else:
        ending = [*emitter.block(orelse), ast.Break(**at)]
        after = []
    rest: list[ast.stmt] = (
        [] if isinstance(tested, ast.Constant) and tested.value is True else [ast.If(stop, ending, [], **at)]
    )
    inner = [*before, *rest, *emitter.block(body)]
    emitter.statements.append(ast.While(nodes.constant(True, at), [*charge(cost, at), *inner], [], **at))
    emitter.statements.extend(after)


def _own(block: Block) -> list[Instr]:
    """The instructions of a block that are not inside a loop nested in it."""
    found: list[Instr] = []
    for instr in block:
        found.append(instr)
        if instr.op not in ("for", "while"):
            found.extend(inner for inner in flatten((instr,)) if inner is not instr)
    return found


@handles("comp")
def comprehension(emitter: Emitter, instr: Instr, at: Position) -> None:
    """A comprehension: CPython's own when it is one simple leaf loop, else a loop that fills a container."""
    target, kind, block = cast("tuple[int, str, Block]", instr.args)
    emitter.flush()
    if _native(emitter, target, kind, block, at):
        return
    name = emitter.fresh("c")
    empty: ast.expr = nodes.call(".set", [], at)
    if kind == "list":
        empty = ast.List([], nodes.LOAD, **at)
    elif kind == "dict":
        empty = ast.Dict([], [], **at)
    emitter.statements.append(nodes.assign(name, empty, at))
    emitter.collecting.append((kind, name))
    emitter.statements.extend(emitter.block(block))
    emitter.collecting.pop()
    emitter.result(target, emitter.take(name, at), at)


@handles("emit", "emit2")
def emit(emitter: Emitter, instr: Instr, at: Position) -> None:
    """Add an element to the innermost comprehension."""
    kind, name = emitter.collecting[-1]
    values = emitter.operands(cast("tuple[int, ...]", instr.args), at)
    container = nodes.load(name, at)
    if kind == "list":
        append = ast.Attribute(container, "append", nodes.LOAD, **at)
        emitter.statement(ast.Expr(ast.Call(append, values, [], **at), **at))
    elif kind == "set":
        emitter.statement(ast.Expr(nodes.call(".setadd", [container, *values], at), **at))
    else:
        slot = ast.Subscript(container, values[0], nodes.STORE, **at)
        emitter.statement(ast.Assign([slot], values[1], None, **at))


def _native(emitter: Emitter, target: int, kind: str, block: Block, at: Position) -> bool:
    """Emit as a Python comprehension if it is one leaf loop whose tests and element are expressions."""
    loop = block[-1] if block else None
    if loop is None or loop.op != "for" or any(i.op in ("for", "if", "while", "try", "comp") for i in block[:-1]):
        return False
    element, iterable, body, orelse = cast("tuple[int, int, Block, Block]", loop.args)
    if orelse or kind == "set" or not is_leaf(body, emitter.registers):
        return False  # a set is Noodle's own class: an element that cannot be hashed must end the loop at once
    if not _only_here(emitter, element, body):
        return False
    spare = Emitter(emitter.module, emitter.function, emitter.names)
    spare.registers, spare.counter, spare.holding = emitter.registers, emitter.counter, emitter.holding
    parts = _clauses(spare, element, body, at)
    if parts is None:
        return False
    goal, tests, values = parts
    emitter.counter = spare.counter
    for instr in block[:-1]:
        emitter.instruction(instr)
    items = emitter.operand(iterable, at)
    name = emitter.fresh("c")

    def ahead(items: ast.expr) -> None:
        iterator, left = _start(emitter, items, loop, at)
        clause = [ast.comprehension(goal, nodes.load(iterator, at), tests, 0)]
        node: ast.expr = ast.ListComp(values[0], clause, **at)
        if kind == "dict":
            node = ast.DictComp(values[0], values[1], clause, **at)
        emitter.statements.append(_refund(emitter, [nodes.assign(name, node, at)], iterator, left, loop, at))

    def singly(items: ast.expr) -> None:
        empty: ast.expr = ast.List([], nodes.LOAD, **at) if kind == "list" else ast.Dict([], [], **at)
        emitter.statements.append(nodes.assign(name, empty, at))
        emitter.collecting.append((kind, name))
        inner = [*charge(loop_cost(loop), at), *emitter.block(body)]
        emitter.collecting.pop()
        each = nodes.store(emitter.variable(element), at)
        emitter.statements.append(ast.For(each, items, inner, [], None, **at))

    if _may_charge(emitter, iterable):
        _by_type(emitter, items, ahead, singly, at)
    else:
        ahead(items)
    emitter.result(target, emitter.take(name, at), at)
    return True


def _only_here(emitter: Emitter, element: int, body: Block) -> bool:
    """Whether the comprehension's variables are written nowhere else, so that nobody can miss them after it."""
    writes = emitter.registers.writes
    if writes[element] != 1:
        return False
    if body and body[0].op == "unpack":
        return all(writes[register] == 2 for register in cast("tuple[int, ...]", body[0].args[1]))
    return True


def _clauses(
    spare: Emitter, element: int, body: Block, at: Position
) -> tuple[ast.expr, list[ast.expr], list[ast.expr]] | None:
    """The target, tests and element of a comprehension, or None if they take more than expressions."""
    goal: ast.expr = nodes.store(spare.variable(element), at)
    if body and body[0].op == "unpack" and body[0].args[0] == element and spare.registers.reads[element] == 1:
        names = cast("tuple[int, ...]", body[0].args[1])
        goal = ast.Tuple([nodes.store(spare.variable(r), at) for r in names], nodes.STORE, **at)
        body = body[1:]
    tests: list[ast.expr] = []
    while body and body[-1].op == "if":
        condition, yes, no = cast("tuple[int, Block, Block]", body[-1].args)
        before, test = spare.expression(body[:-1], condition, at)
        if before or no:
            return None
        tests.append(test)
        body = yes
    if not body or body[-1].op not in ("emit", "emit2"):
        return None
    for instr in body[:-1]:
        spare.instruction(instr)
    values = spare.operands(cast("tuple[int, ...]", body[-1].args), at)
    if spare.statements or spare.waiting:
        return None
    return goal, tests, values
