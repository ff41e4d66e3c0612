"""Emitting loops and comprehensions, with metering that costs next to nothing.

A leaf ``for`` (see `leaf`) is paid for as a whole where its length is known, and what was not used is given back
afterwards; where it is not known, C-level iterators take a ticket for each element (see `support.Meter`). So does a
``while`` before each test. Any other ``for``, and one that may resize what it walks over, pays at each iteration: the
iterators are only worth their making for a dozen elements and more.
"""

import _ast as ast

from noodle_ray.core.nbc.costs import loop_cost
from noodle_ray.core.nbc.module import Block, Instr
from noodle_ray.core.nbc.walk import flatten
from noodle_ray.core.vm.pytier import nodes
from noodle_ray.core.vm.pytier.emitter import Emitter, charge, handles
from noodle_ray.core.vm.pytier.leaf import is_inert, is_leaf, is_quiet, keeps_size
from noodle_ray.core.vm.pytier.nodes import Position, position
from noodle_ray.core.vm.pytier.support import FUEL
from noodle_ray.light import Final, cast

_IMMUTABLE: Final = frozenset({range, str, tuple})
_PLAIN: Final = _IMMUTABLE | {list, dict}
_FREE: Final = frozenset({range, str})


def paid(emitter: Emitter, items: ast.expr, cost: int, at: Position) -> ast.expr:
    """The items, each of which takes a ticket when it is there. What they take it from outlives the loop."""
    return nodes.call(".paid", [items, nodes.load(emitter.names.ticket(cost), at)], at)


def _start(emitter: Emitter, items: ast.expr, instr: Instr, at: Position) -> tuple[ast.expr, tuple[str, ...]]:
    """Pay for a leaf ``for``: what it walks over then; and variables that hold this, and an iterator which is as long
    as the loop has iterations that are paid for and have not run.

    A range or container that keeps its length is paid for as a whole, anything else by tickets, without variables.
    """
    iterable, cost = cast(int, instr.args[1]), loop_cost(instr)
    body = cast(Block, instr.args[2])
    known = emitter.registers.types.get(iterable)
    fixed = known is range or keeps_size(iterable, body, emitter.registers)
    if not (fixed and is_inert(body, emitter.registers)):
        return paid(emitter, items, cost, at), ()
    iterator, left, price = emitter.fresh("i"), emitter.fresh("n"), emitter.fresh("p")
    emitter.statement(nodes.assign(iterator, items, at))
    each = nodes.load(iterator, at)
    length = nodes.call(".len", [each], at)
    amount = ast.BinOp(length, ast.Mult(), nodes.constant(float(cost), at), **at)
    total = ast.NamedExpr(nodes.store(price, at), amount, **at)
    affordable = ast.Compare(total, [ast.LtE()], [nodes.load(FUEL, at)], **at)
    pay = ast.AugAssign(nodes.store(FUEL, at), ast.Sub(), nodes.load(price, at), **at)
    both: list[ast.expr] = [nodes.store(iterator, at), nodes.store(left, at)]
    whole = [pay, ast.Assign(both, nodes.call(".iter", [each], at), None, **at)]
    singly: list[ast.stmt] = [
        nodes.assign(iterator, paid(emitter, each, cost, at), at),
        nodes.assign(left, ast.Tuple([], nodes.LOAD, **at), at),
    ]
    if known is range:
        choice = ast.If(affordable, whole, singly, **at)
        endless = ast.ExceptHandler(nodes.load(".OverflowError", at), None, singly, **at)
        emitter.statement(ast.Try([choice], [endless], [], [], **at))  # len() refuses a range of 2**63 and more
        return each, (iterator, left)
    steady = any(inner.op == "setindex" for inner in flatten(body))
    kinds = nodes.load(".steady" if steady else ".counted", at)
    sized = ast.Compare(nodes.call(".type", [each], at), [ast.In()], [kinds], **at)
    emitter.statement(ast.If(ast.BoolOp(ast.And(), [sized, affordable], **at), whole, singly, **at))
    return each, (iterator, left)


def _refund(emitter: Emitter, loop: ast.stmt, held: tuple[str, ...], instr: Instr, at: Position) -> list[ast.stmt]:
    """The loop, and however it ends, the fuel of the iterations that were paid for and did not run given back, and what
    it walked over let go."""
    refund: list[ast.stmt] = []
    if len(held) > 1:
        hint = nodes.call(".hint", [nodes.load(held[1], at)], at)
        unused = ast.BinOp(hint, ast.Mult(), nodes.constant(float(loop_cost(instr)), at), **at)
        refund.append(ast.AugAssign(nodes.store(FUEL, at), ast.Add(), unused, **at))
    free: list[ast.stmt] = []
    if held and not _is_plain(emitter, instr):  # as CPython's own loop does: it may be a generator, with a ``finally``
        free.append(ast.Delete([ast.Name(name, nodes.DELETE, **at) for name in held], **at))
    if not refund and not free:
        return [loop]
    if not any(inner.op in ("break", "return") for inner in flatten(cast(Block, instr.args[2]))):
        again = ast.ExceptHandler(None, None, [*refund, *free, ast.Raise(None, None, **at)], **at)
        return [ast.Try([loop], [again], [], [], **at), *free]
    return [ast.Try([loop], [], [], [*refund, *free], **at)]


def _is_plain(emitter: Emitter, instr: Instr) -> bool:
    """Whether it cannot be told when what a loop walks over is freed."""
    kind = emitter.registers.types.get(cast(int, instr.args[1]))
    return kind in (_FREE if emitter.names.facts.ends else _PLAIN)


@handles("for")
def for_loop(emitter: Emitter, instr: Instr, at: Position) -> None:
    """``for``: over the elements of an iterable."""
    target, iterable, body, orelse = cast("tuple[int, int, Block, Block]", instr.args)
    items = emitter.operand(iterable, at)
    cost = loop_cost(instr)
    element = nodes.store(emitter.variable(target), at)
    steady = emitter.registers.types.get(iterable) in _IMMUTABLE or keeps_size(iterable, body, emitter.registers)

    if steady and is_leaf(body, emitter.registers) and is_leaf(orelse, emitter.registers):
        walked, held = _start(emitter, items, instr, at)
        inner = nodes.plain(at, *emitter.block(body))
        loop = ast.For(element, walked, inner, emitter.block(orelse), None, **at)
        emitter.flush()
        emitter.statements += _refund(emitter, loop, held, instr, at)
        return
    emitter.flush()
    inner = [*charge(cost, at), *emitter.block(body)]
    emitter.statements.append(ast.For(element, items, inner, emitter.block(orelse), None, **at))


@handles("while")
def while_loop(emitter: Emitter, instr: Instr, at: Position) -> None:
    """``while``: a loop over tickets, one of which is taken each time before the condition is tested."""
    condition, test, body, orelse = cast("tuple[Block, int, Block, Block]", instr.args)
    emitter.flush()
    before, tested = emitter.expression(condition, test, at)
    flag = emitter.fresh("w") if any(i.op in ("break", "continue") for i in _own(orelse)) else ""
    after: list[ast.stmt] = []
    ending: list[ast.stmt]
    if flag:
        ending = [nodes.assign(flag, nodes.constant(True, at), at), ast.Break(**at)]
        emitter.statements.append(nodes.assign(flag, nodes.constant(False, at), at))
        after.append(ast.If(nodes.load(flag, at), emitter.block(orelse), [], **at))
    else:
        ending = [*emitter.block(orelse), ast.Break(**at)]
    if not (isinstance(tested, ast.Constant) and tested.value is True):
        before.append(ast.If(ast.UnaryOp(ast.Not(), tested, **at), ending, [], **at))
    inner = nodes.plain(at, *before, *emitter.block(body))
    tickets = nodes.load(emitter.names.ticket(loop_cost(instr)), at)
    emitter.statements.append(ast.For(nodes.store(".v", at), tickets, inner, [], None, **at))
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
    if orelse or kind == "set" or not is_quiet(body, emitter.registers):
        return False  # a set is Noodle's own class: an element that cannot be hashed must end the loop at once
    if not _only_here(emitter, element, body):
        return False
    spare = Emitter(emitter.module, emitter.function, emitter.names, registers=emitter.registers)
    spare.counter, spare.holding = emitter.counter, emitter.holding
    parts = _clauses(spare, element, body, at)
    if parts is None:
        return False
    goal, tests, values = parts
    emitter.counter = spare.counter
    for instr in block[:-1]:
        emitter.instruction(instr)
    items = emitter.operand(iterable, at)
    name = emitter.fresh("c")

    if is_leaf(body, emitter.registers):
        walked, held = _start(emitter, items, loop, at)
    else:
        walked, held = paid(emitter, items, loop_cost(loop), at), ()
    if not held:  # CPython allows no assignment in what a comprehension walks over
        variable = emitter.fresh("i")
        emitter.statement(nodes.assign(variable, walked, at))
        walked, held = nodes.load(variable, at), (variable,)
    clause = [ast.comprehension(goal, walked, tests, 0)]
    here = position(loop.span)  # where fuel may end in it
    node: ast.expr = ast.ListComp(values[0], clause, **here)
    if kind == "dict":
        node = ast.DictComp(values[0], values[1], clause, **here)
    emitter.flush()
    emitter.statements += _refund(emitter, nodes.assign(name, node, at), held, loop, at)
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
