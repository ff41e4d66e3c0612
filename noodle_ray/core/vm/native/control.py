"""Branches, loops, comprehensions and returns."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, cast

from noodle_ray.core.nbc.costs import loop_cost
from noodle_ray.core.nbc.module import Block, Instr
from noodle_ray.core.nbc.walk import flatten
from noodle_ray.core.vm.native.arrays import iterated
from noodle_ray.core.vm.native.emitter import MISSING, Emitter, Jump, State, handles, merge
from noodle_ray.core.vm.native.kinds import Array, Callee, Declined, Kind, List, Range, Tuple, Unknown, Value, name
from noodle_ray.core.vm.native.lists import append, element_at, list_length, list_make, open_views, resizes
from noodle_ray.core.vm.native.numbers import checked, truth
from noodle_ray.core.vm.native.support import APART

Arm = Callable[..., Any]
_CHARGES: Final = frozenset({"call", "for", "while", "comp"})
_AHEAD: Final = 1 << 20
"""The most iterations paid for at once without a look at the fuel."""
_FEW: Final = 1 << 10
"""A loop of a constant number of iterations, and at most so many, is paid for as a whole."""


@handles("move", "method")
def move(emitter: Emitter, instr: Instr) -> None:
    """Copy a register."""
    target, source = cast("tuple[int, int]", instr.args[:2])
    emitter.set(target, emitter.get(source))


@handles("unset")
def unset(emitter: Emitter, instr: Instr) -> None:
    """Make a register unbound."""
    register = cast(int, instr.args[0])
    assert emitter.state is not None
    emitter.state[register] = MISSING
    emitter.line(f"store i1 false, ptr {emitter.slot(f'%set{register}', 'i1')}")


@handles("check")
def check(emitter: Emitter, instr: Instr) -> None:
    """Start over if a register is unbound."""
    register = cast(int, instr.args[0])
    if register in emitter.flagged:
        emitter.require(emitter.op(f"load i1, ptr {emitter.slot(f'%set{register}', 'i1')}"))
        assert emitter.state is not None
        if emitter.state.get(register, MISSING) == MISSING:
            emitter.bail()


@handles("gget")
def global_get(emitter: Emitter, instr: Instr) -> None:
    """Read a global that never changes: a function, or a number."""
    target, variable = cast("tuple[int, str]", instr.args)
    emitter.set(target, emitter.unit.global_value(variable))


@handles("return")
def leave(emitter: Emitter, instr: Instr) -> None:
    """``return``."""
    value = emitter.get(cast(int, instr.args[0]))
    if not _leaves(value.kind):
        raise Declined(f"it returns {name(value.kind)}")
    emitter.leave(value)


def _leaves(kind: Kind) -> bool:
    """Whether values of a kind are ones of Python's."""
    if isinstance(kind, Tuple):
        return all(map(_leaves, kind.items))
    return not isinstance(kind, (Callee, Range)) and kind not in ("a", "s")


@handles("if")
def branch(emitter: Emitter, instr: Instr) -> None:
    """``if`` with both arms."""
    test, yes, no = cast("tuple[int, Block, Block]", instr.args)
    condition = truth(emitter, emitter.get(test))
    _fork(emitter, condition, lambda: emitter.block(yes), lambda: emitter.block(no))


def _fork(emitter: Emitter, condition: str, yes: Arm, no: Arm) -> None:
    """Two arms that meet again."""
    then, other, end = emitter.fresh("then"), emitter.fresh("else"), Jump(emitter.fresh("end"))
    emitter.branch(condition, then, other)
    before = cast(State, emitter.state)
    for label, arm in ((then, yes), (other, no)):
        emitter.at(label)
        emitter.state = dict(before)
        arm()
        emitter.meet(end)
    emitter.arrive(end)


@handles("and", "or")
def short_circuit(emitter: Emitter, instr: Instr) -> None:
    """``and`` and ``or``."""
    target, left, block, right = cast("tuple[int, int, Block, int]", instr.args)
    first = emitter.get(left)
    condition = truth(emitter, first)

    def second() -> None:
        emitter.block(block)
        if emitter.state is not None:
            emitter.set(target, emitter.get(right))

    def skip() -> None:
        emitter.set(target, first)

    _fork(emitter, condition, *((second, skip) if instr.op == "and" else (skip, second)))


@handles("ifx")
def conditional(emitter: Emitter, instr: Instr) -> None:
    """``a if c else b``."""
    target, test, yes, yes_value, no, no_value = cast("tuple[int, int, Block, int, Block, int]", instr.args)

    def arm(block: Block, register: int) -> None:
        emitter.block(block)
        if emitter.state is not None:
            emitter.set(target, emitter.get(register))

    condition = truth(emitter, emitter.get(test))
    _fork(emitter, condition, lambda: arm(yes, yes_value), lambda: arm(no, no_value))


@handles("for", "while")
def loop(emitter: Emitter, instr: Instr) -> None:
    """A loop."""
    views, pinned = emitter.views.copy(), emitter.pinned[:]
    open_views(emitter, instr)
    (_for_loop if instr.op == "for" else _while_loop)(emitter, instr)
    emitter.views, emitter.pinned = views, pinned


def _while_loop(emitter: Emitter, instr: Instr) -> None:
    """``while``: paid for at each test."""
    condition, test, body, orelse = cast("tuple[Block, int, Block, Block]", instr.args)

    def emit() -> None:
        emitter.charge(loop_cost(instr))
        emitter.block(condition)
        if emitter.state is None:
            return
        if _always(condition, test):
            emitter.block(body)
            return
        go, stop = emitter.fresh("do"), emitter.fresh("stop")
        emitter.branch(truth(emitter, emitter.get(test)), go, stop)
        tested = dict(emitter.state)
        emitter.at(stop)
        after.states.append(dict(tested))
        emitter.jump(after.label)
        emitter.at(go)
        emitter.state = tested
        emitter.block(body)

    after = Jump(emitter.fresh("else"))
    _loop(emitter, emit, after, orelse, "")


def _always(condition: Block, test: int) -> bool:
    """Whether a test is a true constant."""
    return (
        len(condition) == 1
        and condition[0].op == "const"
        and condition[0].args[0] == test
        and bool(condition[0].args[1])
    )


@handles("break", "continue")
def jump(emitter: Emitter, instr: Instr) -> None:
    """``break`` and ``continue``."""
    end, again = emitter.breaks[-1]
    if instr.op == "break" and emitter.prepaid[-1] is not None:
        emitter.refund(emitter.prepaid[-1])
    emitter.meet(end if instr.op == "break" else again)


def _loop(
    emitter: Emitter, emit: Arm, after: Jump, orelse: Block, index: str, paid: tuple[str, str, int] | None = None,
    bound: Callable[[], tuple[str, str]] | None = None,
) -> None:  # fmt: skip
    """A loop: ``emit`` emits its test and body, and leads to ``after`` when the test fails. Done again until the kinds
    at its head, which depend on its own end, settle. ``index`` is the variable that counts iterations, or ''.
    ``bound`` gives a count and a label: below that count the next iteration begins there."""
    end, after_label = Jump(emitter.fresh("end")), after.label
    head = emitter.fresh("head")
    emitter.jump(head)
    entry = dict(cast(State, emitter.state))
    before = after.states[:]
    at_head = entry
    while True:
        mark, slots, returned = len(emitter.lines), dict(emitter.slots), len(emitter.returned)
        after.states[:] = before
        end.states.clear()
        again = Jump(emitter.fresh("again"))
        emitter.at(head)
        emitter.state = dict(at_head)
        emitter.breaks.append((end, again))
        emitter.prepaid.append(paid)
        emit()
        emitter.breaks.pop()
        emitter.prepaid.pop()
        emitter.meet(again)
        emitter.arrive(again)
        back = emitter.state
        if back is not None:
            if index:
                k = emitter.op(f"add nuw nsw i64 {emitter.op(f'load i64, ptr {index}')}, 1")
                emitter.line(f"store i64 {k}, ptr {index}")
            if bound is None:
                emitter.jump(head)
            else:
                limit, start = bound()
                emitter.branch(emitter.op(f"icmp slt i64 {k}, {limit}"), start, head)
        merged = merge([entry, *([back] if back is not None else [])])
        settled = {r: k for r, k in merged.items() if r in at_head or r in emitter.flagged}
        if all(_same(kind, at_head.get(register, MISSING)) for register, kind in settled.items()):
            break
        at_head = settled
        del emitter.lines[mark:], emitter.returned[returned:]
        emitter.slots = slots
    assert after.label == after_label
    emitter.arrive(after)
    emitter.block(orelse)
    emitter.meet(end)
    emitter.arrive(end)


def _same(one: Kind | None, two: Kind | None) -> bool:
    if one is None or two is None:
        return one is two
    return name(one) == name(two)


def _is_leaf(emitter: Emitter, block: Block) -> bool:
    """Whether nothing in a loop's body charges for itself."""
    return not any(
        (i.op in _CHARGES and not (i.op == "call" and emitter.calls_leaf(i))) or (i.op == "callb" and _walks(i))
        for i in flatten(block)
    )


def _walks(instr: Instr) -> bool:
    """Whether a builtin goes through a list, and charges for it."""
    return instr.args[1] in ("sum", "min", "max") and len(cast("tuple[int, ...]", instr.args[2])) == 1


def _for_loop(emitter: Emitter, instr: Instr) -> None:
    """``for`` over a range or a list."""
    target, iterable, body, orelse = cast("tuple[int, int, Block, Block]", instr.args)
    over = emitter.get(iterable)
    if isinstance(over.kind, Range):
        start, step = over.parts[0], over.parts[2]
        count = range_length(emitter, over, id(instr) in emitter.proofs.spans, id(instr) in emitter.proofs.rises)

        def element(index: str) -> Value:
            moved = index if step == "1" else emitter.op(f"mul nsw i64 {index}, {step}")
            return Value("i", (moved if start == "0" else emitter.op(f"add nsw i64 {start}, {moved}"),))
    elif isinstance(over.kind, List):
        items, kind = over.parts[0], over.kind
        emitter.pinned.append(items)
        if kind.element is None:
            if not emitter.unit.last:
                raise Unknown
            emitter.require(emitter.op(f"icmp eq i64 {list_length(emitter, items)}, 0"))
            emitter.block(orelse)
            return
        count = list_length(emitter, items)

        def element(index: str) -> Value:
            return element_at(emitter, items, cast(Kind, kind.element), index)

        if resizes(emitter, flatten(body)):
            _growing(emitter, instr, items, element)
            return
    elif isinstance(over.kind, Array):
        count, element = iterated(emitter, over, body)
    else:
        raise Declined(f"a loop over {name(over.kind)}")
    index = emitter.slot(f"%{emitter.fresh('k')}", "i64")
    if _is_leaf(emitter, body):
        _leaf(emitter, instr, count, index, element)
        return
    emitter.line(f"store i64 0, ptr {index}")
    after = Jump(emitter.fresh("else"))

    def emit() -> None:
        k = emitter.op(f"load i64, ptr {index}")
        _test(emitter, emitter.op(f"icmp slt i64 {k}, {count}"), after)
        emitter.charge(loop_cost(instr))
        emitter.set(target, element(k))
        emitter.block(body)

    _loop(emitter, emit, after, orelse, index)


def _test(emitter: Emitter, more: str, after: Jump) -> None:
    """Go on if there is more, else after the loop."""
    go = emitter.fresh("do")
    emitter.branch(more, go, after.label)
    after.states.append(dict(cast(State, emitter.state)))
    emitter.at(go)


def _growing(emitter: Emitter, instr: Instr, items: str, element: Arm) -> None:
    """A loop over a list that may change its length meanwhile."""
    target, _, body, orelse = cast("tuple[int, int, Block, Block]", instr.args)
    index = emitter.slot(f"%{emitter.fresh('k')}", "i64")
    emitter.line(f"store i64 0, ptr {index}")
    after = Jump(emitter.fresh("else"))

    def emit() -> None:
        k = emitter.op(f"load i64, ptr {index}")
        _test(emitter, emitter.op(f"icmp slt i64 {k}, {list_length(emitter, items)}"), after)
        emitter.charge(loop_cost(instr))
        emitter.set(target, element(k))
        emitter.block(body)

    _loop(emitter, emit, after, orelse, index)


def _leaf(emitter: Emitter, instr: Instr, count: str, index: str, element: Arm) -> None:
    """A loop whose iterations all cost the same: paid for ahead, as far as the fuel goes, a great many at a time.

    So its body has no metering in it, and what is not used is given back when the loop is left early. To LLVM it is a
    plain loop up to a limit, in one that pays and sets the limit.
    """
    target, _, body, orelse = cast("tuple[int, int, Block, Block]", instr.args)
    cost = loop_cost(instr)
    few = count.isdigit() and int(count) <= _FEW
    limit = emitter.slot(f"%{emitter.fresh('m')}", "i64")
    emitter.line(f"store i64 0, ptr {index}")
    if few and count != "0":
        emitter.charge(int(count) * cost)
        emitter.line(f"store i64 {count}, ptr {limit}")
    after = Jump(emitter.fresh("else"))
    start = emitter.fresh("go")
    begin: list[int] = []

    def emit() -> None:
        k = emitter.op(f"load i64, ptr {index}")
        left = emitter.op(f"sub nsw i64 {count}, {k}")
        _test(emitter, emitter.op(f"icmp sgt i64 {left}, 0"), after)
        if few:
            emitter.jump(start)
        else:
            _pay_ahead(emitter, (k, left, count), cost, limit, start)
        emitter.at(start)
        begin[:] = [len(emitter.lines)]
        emitter.set(target, element(emitter.op(f"load i64, ptr {index}")))
        emitter.block(body)

    def bound() -> tuple[str, str]:
        emitter.plain = emitter.plain or (not few and _is_plain(emitter.lines[begin[0] :]))
        return count if few else emitter.op(f"load i64, ptr {limit}"), start

    _loop(emitter, emit, after, orelse, index, (index, limit, cost), bound)


_KEEPS: Final = re.compile("%bail|ret|@(?!llvm)|store double .*, ptr %r")
"""What keeps a loop from becoming vectors: ways out, calls, and sums of floats, whose order counts."""


def _is_plain(lines: list[str]) -> bool:
    return any("!tbaa" in line for line in lines) and not any(map(_KEEPS.search, lines))


def _pay_ahead(emitter: Emitter, counts: tuple[str, str, str], cost: int, limit: str, start: str) -> None:
    """Pay for more iterations, all that are left or as many as the fuel is for, set the limit, and start. ``counts``:
    of iterations done, left, and all."""
    done, left, count = counts
    fuel = emitter.slot("%fuel", "i64")
    pay_all, some = emitter.fresh("all"), emitter.fresh("some")
    have = emitter.op(f"load i64, ptr {fuel}")
    rest = emitter.op(f"sub i64 {have}, {emitter.op(f'mul i64 {left}, {cost}')}")
    not_many = emitter.op(f"icmp sle i64 {left}, {_AHEAD}")
    enough = emitter.op(f"icmp sge i64 {rest}, 0")
    emitter.branch(emitter.op(f"select i1 {not_many}, i1 {enough}, i1 false"), pay_all, some, ", !prof !20")
    emitter.at(pay_all)
    emitter.line(f"store i64 {rest}, ptr {fuel}")
    emitter.line(f"store i64 {count}, ptr {limit}")
    emitter.jump(start)
    emitter.at(some)
    more = emitter.op(f"call i64 @pay_some(ptr %ctx, i64 {have}, i64 {cost}, i64 {left}) {APART}")
    emitter.line(f"store i64 {emitter.op(f'add nsw i64 {done}, {more}')}, ptr {limit}")
    emitter.restore_fuel()
    emitter.branch(emitter.op(f"icmp sgt i64 {more}, 0"), start, "bail", ", !prof !20")


def range_length(emitter: Emitter, over: Value, fits: bool = False, rises: bool = False) -> str:
    """How many elements a range has. ``fits`` and ``rises``: that the difference does, and that the step is positive,
    is proved."""
    start, stop, step = over.parts
    known = cast(Range, over.kind).step

    def span(high: str, low: str) -> str:
        if low == "0":
            return high
        if low.isdigit() and high.isdigit():
            return str(int(high) - int(low))
        return emitter.op(f"sub nsw i64 {high}, {low}") if fits else checked(emitter, "-", high, low)

    if known:
        size = span(*((stop, start) if known > 0 else (start, stop)))
        if size.isdigit():
            return str(-(-int(size) // abs(known)))
        some = emitter.op(f"call i64 @llvm.smax.i64(i64 {size}, i64 0)")
        if abs(known) == 1:
            return some
        return emitter.op(f"udiv i64 {emitter.op(f'add nuw i64 {some}, {abs(known) - 1}')}, {abs(known)}")
    if rises:
        some = emitter.op(f"call i64 @llvm.smax.i64(i64 {span(stop, start)}, i64 0)")
        more = emitter.op(f"add nuw i64 {some}, {emitter.op(f'add nsw i64 {step}, -1')}")
        return emitter.op(f"udiv i64 {more}, {step}")
    emitter.require(emitter.op(f"icmp ne i64 {step}, 0"))
    emitter.require(emitter.op(f"icmp ne i64 {step}, {-(2**63)}"))
    up = emitter.op(f"icmp sgt i64 {step}, 0")
    low = emitter.op(f"select i1 {up}, i64 {start}, i64 {stop}")
    high = emitter.op(f"select i1 {up}, i64 {stop}, i64 {start}")
    size = emitter.op(f"select i1 {up}, i64 {step}, i64 {emitter.op(f'sub i64 0, {step}')}")
    some = emitter.op(f"call i64 @llvm.smax.i64(i64 {checked(emitter, '-', high, low)}, i64 0)")
    more = emitter.op(f"add i64 {size}, -1")
    return emitter.op(f"udiv i64 {emitter.op(f'add i64 {some}, {more}')}, {size}")


@handles("comp")
def comprehension(emitter: Emitter, instr: Instr) -> None:
    """A list comprehension."""
    target, kind, block = cast("tuple[int, str, Block]", instr.args)
    if kind != "list":
        raise Declined(f"a {kind}")
    made = list_make(emitter, emitter.unit.list_at(emitter, instr), "0")
    emitter.collecting.append(made)
    emitter.block(block)
    emitter.collecting.pop()
    if emitter.state is not None:
        emitter.set(target, made)


@handles("emit")
def emit_element(emitter: Emitter, instr: Instr) -> None:
    """Add an element to the innermost comprehension."""
    append(emitter, emitter.collecting[-1], emitter.get(cast(int, instr.args[0])))
