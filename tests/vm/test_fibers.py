"""Futures and fibers: order, failures, chains, batches and keys, under answers in any order."""

import random
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from random import Random
from typing import Any

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm import gathering
from noodle_ray.core.vm.arrays.array import array
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.fibers import Fibers
from noodle_ray.core.vm.gathering import WINDOW
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest
from noodle_ray.core.vm.limits import LimitExceeded, Limits
from noodle_ray.core.vm.operators import SKIP
from noodle_ray.core.vm.types import ModelError
from tests.vm.hosts import ScriptedHost, echo, newest


def made(pick: Callable[[list[EffectRequest]], int] = lambda waiting: 0) -> tuple[Fibers, ScriptedHost]:
    host = ScriptedHost(echo, pick)
    return Fibers(host), host


def ask(fibers: Fibers, text: object) -> object:
    return fibers.effect("m", (text,), {})


def asked(fibers: Fibers, text: object) -> object:
    return fibers.force(ask(fibers, text))


def gathered(fibers: Fibers, function: Callable[[Any], Any], items: Iterable[Any]) -> Any:
    """What a program sees of a gather: it waits before it uses the list."""
    return fibers.force(fibers.gather(function, items))


def test_force_when_value_is_not_pending_returns_it() -> None:
    fibers, host = made()
    assert fibers.force([1]) == [1]
    assert host.sent == []


def test_force_when_answers_come_in_reverse_gives_each_call_its_own() -> None:
    fibers, _ = made(newest)
    a, b, c = ask(fibers, "a"), ask(fibers, "b"), ask(fibers, "c")
    assert [fibers.force(a), fibers.force(b), fibers.force(c)] == ["a!", "b!", "c!"]


def test_effect_when_several_are_asked_before_a_force_are_sent_as_one_batch() -> None:
    fibers, host = made()
    a, b = ask(fibers, "a"), ask(fibers, "b")
    assert host.sent == []
    fibers.force(b)
    fibers.force(a)
    assert host.keys == [["/1", "/2"]]
    assert fibers.batches == 1
    assert fibers.calls == 2


def test_effect_when_argument_is_pending_is_sent_after_it_with_its_value() -> None:
    fibers, host = made()
    a = ask(fibers, "a")
    b = fibers.effect("m", (a,), {"also": a})
    assert fibers.force(b) == "a!!"
    assert [request.args for batch in host.sent for request in batch] == [("a",), ("a!",)]
    assert host.sent[1][0].kwargs == {"also": "a!"}


def test_effect_when_pending_argument_fails_raises_the_first_failure_and_is_never_sent() -> None:
    fibers, host = made()
    b = ask(fibers, ask(fibers, "bad"))
    with pytest.raises(ModelError, match=r"^refused bad$"):
        fibers.force(b)
    assert host.keys == [["/1"]]


def test_force_when_an_earlier_call_failed_too_raises_the_earlier_failure() -> None:
    fibers, _ = made(newest)
    ask(fibers, "bad first")
    second = ask(fibers, "bad second")
    with pytest.raises(ModelError, match=r"^refused bad first$") as raised:
        fibers.force(second)
    assert raised.value.code == "NOODLE-E0603"


def test_force_when_another_call_failed_gives_the_value_and_barrier_raises() -> None:
    fibers, _ = made(newest)
    ask(fibers, "bad")
    good = ask(fibers, "good")
    assert fibers.force(good) == "good!"
    with pytest.raises(ModelError, match=r"^refused bad$"):
        fibers.barrier()


def test_barrier_when_a_failure_was_raised_does_not_raise_it_again() -> None:
    fibers, _ = made()
    with pytest.raises(ModelError):
        asked(fibers, "bad")
    fibers.barrier()
    assert asked(fibers, "next") == "next!"


def test_effect_when_argument_is_changed_afterwards_sends_what_it_was() -> None:
    fibers, host = made()
    words = ["a"]
    future = fibers.effect("m", (words,), {})
    words.append("b")
    fibers.force(future)
    assert host.sent[0][0].args == (["a"],)


def test_effect_when_argument_is_not_data_raises() -> None:
    fibers, _ = made()
    with pytest.raises(TypeError, match="is not data"):
        ask(fibers, len)


def test_effect_when_there_is_no_host_raises() -> None:
    with pytest.raises(ModelError, match="has no models"):
        Fibers(None).effect("m", ("a",), {})


@pytest.mark.parametrize("pick", [lambda waiting: 0, newest, lambda waiting: len(waiting) // 2])
def test_gather_when_answers_come_in_any_order_keeps_the_elements_order(
    pick: Callable[[list[EffectRequest]], int],
) -> None:
    fibers, host = made(pick)
    assert gathered(fibers, lambda x: asked(fibers, asked(fibers, x)), ["a", "b", "c"]) == ["a!!", "b!!", "c!!"]
    assert host.keys[0] == ["1.0/1", "1.1/1", "1.2/1"]
    assert sorted(key for batch in host.keys for key in batch) == [f"1.{i}/{n}" for i in range(3) for n in (1, 2)]


def test_gather_when_elements_are_skipped_leaves_them_out() -> None:
    fibers, _ = made()
    assert gathered(fibers, lambda x: SKIP if x == 2 else x, [1, 2, 3]) == [1, 3]


def test_gather_when_nothing_is_asked_needs_no_host() -> None:
    assert Fibers(None).gather(lambda x: x * x, range(4)) == [0, 1, 4, 9]


def test_gather_when_there_are_no_elements_is_empty() -> None:
    assert Fibers(None).gather(lambda x: x, []) == []


def test_gather_when_a_result_is_pending_waits_for_it() -> None:
    fibers, _ = made()
    assert gathered(fibers, lambda x: ask(fibers, x), ["a", "b"]) == ["a!", "b!"]


def test_gather_when_nested_batches_across_all_fibers() -> None:
    fibers, host = made()

    def row(x: str) -> list[object]:
        return gathered(fibers, lambda y: asked(fibers, x + y), ["1", "2"])

    assert gathered(fibers, row, ["a", "b"]) == [["a1!", "a2!"], ["b1!", "b2!"]]
    assert host.keys == [["1.0.1.0/1", "1.0.1.1/1", "1.1.1.0/1", "1.1.1.1/1"]]


def test_gather_when_several_elements_fail_raises_for_the_lowest_index() -> None:
    fibers, _ = made(newest)
    with pytest.raises(ModelError, match=r"^refused bad 1$"):
        gathered(fibers, lambda x: asked(fibers, x), ["ok", "bad 1", "bad 2"])
    assert asked(fibers, "after") == "after!"


def test_gather_when_iterable_raises_prefers_the_failure_of_an_earlier_element() -> None:
    fibers, _ = made()

    def items() -> object:
        yield "bad"
        raise ValueError("iterable")

    with pytest.raises(ModelError):
        gathered(fibers, lambda x: asked(fibers, x), items())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="iterable"):
        gathered(fibers, lambda x: x, items())  # type: ignore[arg-type]


def test_gather_when_a_limit_trips_in_a_fiber_ends_the_run_and_close_ends_the_fibers() -> None:
    fibers, _ = made()
    finished = []

    def element(x: str) -> None:
        try:
            asked(fibers, x)
            if x == "b":
                raise LimitExceeded("fuel")
            asked(fibers, x)
        finally:
            finished.append(x)

    with pytest.raises(LimitExceeded):
        gathered(fibers, element, ["a", "b", "c"])
    fibers.close()
    assert sorted(finished) == ["a", "b", "c"]


def test_gather_when_host_fails_raises_in_the_root() -> None:
    class Broken:
        def send(self, requests: list[EffectRequest]) -> None:
            """Take them."""

        def receive(self, timeout: float | None = None) -> list[EffectAnswer]:
            raise LimitExceeded("deadline")

    fibers = Fibers(Broken())
    with pytest.raises(LimitExceeded):
        gathered(fibers, lambda x: asked(fibers, x), ["a", "b"])
    fibers.close()


def test_gather_when_there_are_more_elements_than_the_window_gives_all() -> None:
    fibers, host = made()
    count = WINDOW + 10
    assert len(gathered(fibers, lambda x: asked(fibers, x), range(count))) == count
    assert len(host.sent[0]) == WINDOW
    assert host.keys[-1][-1] == f"1.{count - 1}/1"


def test_gather_when_depth_is_counted_gives_each_fiber_its_own() -> None:
    fibers, _ = made()
    seen = []

    def element(x: str) -> None:
        fibers.current.depth += 3
        asked(fibers, x)
        seen.append(fibers.current.depth)

    fibers.root.depth = 5
    gathered(fibers, element, ["a", "b", "c"])
    assert seen == [8, 8, 8]
    assert fibers.current is fibers.root


def test_keys_when_answers_come_in_random_orders_are_always_the_same() -> None:
    def program(fibers: Fibers) -> None:
        ask(fibers, "x")

        def element(x: int) -> object:
            first = asked(fibers, x)
            return gathered(fibers, lambda y: asked(fibers, y), [first] * x)

        gathered(fibers, element, [2, 0, 3])
        fibers.barrier()
        asked(fibers, "last")

    seen = set()
    for seed in range(20):
        random_ = random.Random(seed)
        fibers, host = made(lambda waiting, r=random_: r.randrange(len(waiting)))  # type: ignore[misc]
        program(fibers)
        seen.add(tuple(sorted((r.key, r.args) for batch in host.sent for r in batch)))
        assert fibers.calls == len(fibers.events) == 10
    assert len(seen) == 1


def test_answers_when_unknown_or_repeated_are_ignored() -> None:
    class Noisy(ScriptedHost):
        def receive(self, timeout: float | None = None) -> list[EffectAnswer]:
            return [EffectAnswer("/99", True, 1), *super().receive(), EffectAnswer("/1", True, "again")]

    fibers = Fibers(Noisy(echo))
    assert [asked(fibers, "a"), asked(fibers, "b")] == ["a!", "b!"]


def test_events_when_calls_were_answered_hold_their_times() -> None:
    fibers, _ = made()
    asked(fibers, "a")
    (event,) = fibers.events
    assert event["key"] == "/1"
    assert event["model"] == "m"
    assert 0 <= event["start"] <= event["end"]


class _Gone(ScriptedHost):
    """A host that breaks when it is asked for answers."""

    def receive(self, timeout: float | None = None) -> list[EffectAnswer]:
        raise ValueError("the host is gone")


@pytest.mark.parametrize("tier", ["interpreter", "python"])
def test_fibers_when_the_run_ends_under_them_run_no_finally_of_the_program(tier: str) -> None:
    source = """
from noodle_ray import model
echo = model("echo")
def ask(text):
    try:
        return echo(text)
    finally:
        while True:
            text = ""
[ask(text) for text in ["a", "b"]]
"""
    outcome = execute(compile_source(source), tier=tier, host=_Gone(echo), limits=Limits(fuel=10_000))
    assert outcome.error is not None
    assert (outcome.error["type"], outcome.error["message"]) == ("ValueError", "the host is gone")


@pytest.mark.parametrize("error", [MemoryError, RecursionError])
def test_gather_when_a_limit_trips_in_one_element_runs_no_other(error: type[Exception]) -> None:
    fibers, _ = made()
    ran: list[int] = []

    def element(index: int) -> object:
        ran.append(index)
        if index == 1:
            raise error
        return asked(fibers, "a")

    with pytest.raises(error):
        gathered(fibers, element, range(5))
    assert ran == [0, 1]
    fibers.close()


@pytest.mark.parametrize("error", [MemoryError, RecursionError])
def test_gather_when_a_limit_trips_in_the_iterable_runs_no_element(error: type[Exception]) -> None:
    fibers, _ = made()

    def endless(index: int) -> int:
        if index == 2:
            raise error
        return index

    ran: list[int] = []
    with pytest.raises(error):
        gathered(fibers, ran.append, map(endless, range(5)))
    assert ran == []


def test_gather_when_its_elements_wait_lets_what_follows_join_their_batch() -> None:
    fibers, _ = made()
    many = fibers.gather(lambda text: asked(fibers, text), ["a", "b"])
    one = ask(fibers, "c")
    assert (fibers.force(many), fibers.force(one)) == (["a!", "b!"], "c!")
    assert fibers.batches == 1


def test_barrier_when_a_pending_gather_fails_raises_the_lowest_elements_error() -> None:
    fibers, _ = made()

    def element(number: int) -> object:
        asked(fibers, str(number))
        raise ValueError(number)

    fibers.gather(element, [1, 2])
    with pytest.raises(ValueError, match=r"^1$"):
        fibers.barrier()


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of four elements, in blocks of 4, 16, 32, 32..."""
    monkeypatch.setattr(gathering, "WINDOW", 4)
    monkeypatch.setattr(gathering, "BLOCK", 32)


ORDERS = [lambda waiting: 0, newest, *[partial(lambda r, waiting: r.randrange(len(waiting)), Random(n)) for n in "abc"]]


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("pick", ORDERS)
def test_gather_when_an_element_ends_begins_the_next(pick: Callable[[list[EffectRequest]], int]) -> None:
    fibers, host = made(pick)
    assert gathered(fibers, lambda x: asked(fibers, asked(fibers, x)), range(20)) == [f"{n}!!" for n in range(20)]
    assert [key for keys in host.keys for key in keys if key.endswith("/1")] == [f"1.{n}/1" for n in range(20)]
    assert [len(batch) for batch in host.sent[:2]] == [4, 1]


@pytest.mark.usefixtures("narrow")
def test_gather_when_one_element_is_slow_lets_the_others_of_its_block_pass() -> None:
    def slowest_last(waiting: list[EffectRequest]) -> int:
        most.append(len(waiting))
        return next((n for n, request in enumerate(waiting) if request.args[0] != 5), 0)

    most: list[int] = []
    fibers, host = made(slowest_last)
    gathered(fibers, lambda x: asked(fibers, x), range(20))
    assert [request.args[0] for batch in host.sent for request in batch] == list(range(20))
    assert most == [4, 3, 2, 1] + [4] * 13 + [3, 2, 1]


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("pick", ORDERS)
@pytest.mark.parametrize(("failing", "ran"), [(3, 4), (4, 20), (19, 20), (20, 50), (49, 50)])
def test_gather_when_an_element_fails_has_run_its_block_whatever_the_order(
    failing: int, ran: int, pick: Callable[[list[EffectRequest]], int]
) -> None:
    fibers, host = made(pick)
    with pytest.raises(ModelError, match=r"^refused bad$"):
        gathered(fibers, lambda x: asked(fibers, "bad" if x == failing else str(x)), range(50))
    assert sorted(key for keys in host.keys for key in keys) == sorted(f"1.{n}/1" for n in range(ran))


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("pick", ORDERS)
def test_each_when_its_rows_are_taken_has_run_their_block(pick: Callable[[list[EffectRequest]], int]) -> None:
    fibers, host = made(pick)
    rows, calls = fibers.each(lambda x: asked(fibers, x), map(str, range(60))), []
    for number, row in enumerate(rows):
        assert row == f"{number}!"
        calls.append(fibers.calls)
    assert calls == [4] * 4 + [20] * 16 + [52] * 32 + [60] * 8
    assert not host.waiting


@pytest.mark.usefixtures("narrow")
def test_each_when_its_rows_are_large_has_no_block_longer_than_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    fibers, _ = made()
    monkeypatch.setattr(gathering, "_ROWS", 6000)
    calls = []
    for _ in fibers.each(lambda x: [asked(fibers, x)] * 100, range(12)):
        calls.append(fibers.calls)
    assert calls == [4] * 4 + [8] * 4 + [12] * 4


@pytest.mark.usefixtures("narrow")
def test_block_of_what_an_iterator_makes_ends_where_its_elements_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "_ROWS", 1500)
    elements = [*"ab", *["x" * 1000] * 5, *"cdefg"]
    taken = []

    def source() -> Iterator[str]:
        for element in elements:
            taken.append(element)
            yield element

    fibers, _ = made()
    counts = []
    for _ in fibers.each(lambda x: asked(fibers, x[:1]), source()):
        counts.append(len(taken))
    assert counts == [4] * 4 + [6] * 2 + [12] * 6
    assert gathered(fibers, lambda x: x, source()) == elements
    assert gathered(fibers, lambda x: x, enumerate(elements)) == [*enumerate(elements)]
    assert gathered(fibers, lambda x: x, elements) == elements


@pytest.mark.usefixtures("narrow")
def test_block_that_large_elements_have_ended_raises_what_ends_the_iterator_in_its_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gathering, "_ROWS", 100)

    def source() -> Iterator[str]:
        yield from ["x" * 1000] * 3
        raise ValueError("ended")

    fibers, _ = made()
    rows = fibers.each(lambda x: asked(fibers, x[:1]), source())
    assert [next(iter(rows)) for _ in range(3)] == ["x!"] * 3
    with pytest.raises(ValueError, match="ended"):
        next(iter(rows))
    with pytest.raises(ValueError, match="ended"):
        gathered(fibers, lambda x: asked(fibers, x[:1]), source())


def test_weight_of_a_row_is_about_what_it_holds_however_it_is_nested() -> None:
    nested: Any = [0] * 1000
    for _ in range(100):
        nested = [nested] * 1000
    row: list[Any] = [1]
    row.append(row)
    assert gathering._weight(nested) > 1 << 30
    assert gathering._weight(row) < 1 << 10
    assert 1000 <= gathering._weight({"text": "x" * 1000}) < 1500
    assert 4000 <= gathering._weight(array([0.5] * 1000)) < 9000
    assert gathering._weight(None) == gathering._weight(object()) == gathering._weight([]) == 32


@pytest.mark.usefixtures("narrow")
def test_gather_when_longer_than_a_window_lets_what_follows_join_its_last_calls() -> None:
    fibers, host = made()
    many = fibers.gather(lambda x: asked(fibers, x), range(4 + 6))
    assert fibers.calls == 10
    one = ask(fibers, "after")
    assert (fibers.force(many), fibers.force(one)) == ([f"{n}!" for n in range(10)], "after!")
    assert [request.args[0] for request in host.sent[-1]] == [9, "after"]


@pytest.mark.usefixtures("narrow")
def test_gather_when_elements_wait_for_nothing_runs_all_in_order() -> None:
    fibers, host = made()
    ran: list[int] = []
    assert fibers.gather(ran.append, range(100)) == [None] * 100
    assert ran == [*range(100)]
    assert host.sent == []


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("error", [MemoryError, LimitExceeded("fuel")])
def test_gather_when_a_limit_trips_behind_the_first_window_begins_no_other(error: BaseException) -> None:
    fibers, _ = made()
    ran, finished = [], []

    def element(x: int) -> object:
        ran.append(x)
        try:
            if x == 9:
                raise error
            return asked(fibers, x)
        finally:
            finished.append(x)

    with pytest.raises((MemoryError, LimitExceeded)):
        gathered(fibers, element, range(40))
    fibers.close()
    assert ran == [*range(10)]
    assert sorted(finished) == ran
