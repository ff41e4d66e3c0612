"""Tickets: loops pay for many iterations at a time, and yet a run ends where it would if they paid for each."""

import textwrap

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.execute import Outcome, execute
from noodle_ray.core.vm.limits import FuelExhausted, Limits
from noodle_ray.core.vm.pytier import support
from noodle_ray.core.vm.pytier.support import Meter

PROGRAMS = {
    "while with calls": """
        def spin(n):
            while n > 0:
                n -= 1
            return n
        i = 0
        while i < 12:
            spin(i % 4)
            print(i)
            i += 1
    """,
    "generators": """
        def numbers(stop):
            n = 0
            while n < stop:
                yield n
                n += 1
        def pairs(items):
            for item in items:
                if item % 2:
                    yield item, item
        for a, b in pairs(numbers(9)):
            print(a)
        print(sum(n * n for n in numbers(6)), [str(n) for n in numbers(5)], {n: n for n in numbers(4)})
        g = numbers(50)
        print(next(g), next(g))
        del g
        print([n for n in numbers(3)])
    """,
    "unknown lengths": """
        def twice(x):
            for _ in range(2):
                x += 1
            return x
        print([x + 1 for x in map(twice, range(7))], [a + b for a, b in zip(range(5), range(9))])
        for x in map(twice, [1, 2, 3]):
            print(x)
    """,
    "loops that are left": """
        def first(items):
            while True:
                for item in items:
                    if item > 2:
                        return item
                items = [item + 1 for item in items]
        i = 0
        while i < 9:
            i += 1
            if i == 3:
                continue
            if i == 7:
                break
            print(first([i - 9, i - 8]))
        else:
            print("never")
        while i > 4:
            i -= 1
        else:
            print("done", i)
        try:
            while True:
                i -= 1
                10 // i
        except ZeroDivisionError as e:
            print(e)
    """,
    "recursion": """
        def down(n):
            k = 0
            while k < 2:
                if n:
                    down(n - 1)
                k += 1
        down(3)
        print("end")
    """,
}


def ended(source: str, tier: str, fuel: int) -> tuple[object, ...]:
    """What a run shows of where it ended."""
    outcome: Outcome = execute(compile_source(source), tier=tier, limits=Limits(fuel=fuel), seed=1)
    error = outcome.error and (outcome.error["code"], outcome.error["traceback"][-1:])
    return outcome.stdout, error, outcome.usage["fuel"]


@pytest.mark.parametrize("at_a_time", [1, 2, 7, 1024])
@pytest.mark.parametrize("name", PROGRAMS)
def test_run_ends_where_it_does_on_the_interpreter(name: str, at_a_time: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "_TICKETS", at_a_time)
    source = textwrap.dedent(PROGRAMS[name])
    whole = ended(source, "python", 1 << 40)
    assert whole == ended(source, "interpreter", 1 << 40)
    used = whole[-1]
    assert isinstance(used, int)
    for fuel in range(1, used + 3, max(1, used // 40)):
        assert ended(source, "python", fuel) == ended(source, "interpreter", fuel), fuel


def test_what_is_paid_for_and_not_used_is_given_back() -> None:
    meter = Meter(100.0 * support._TICKETS + 50)
    tickets = meter.tickets(100.0)
    next(tickets)
    assert (meter.remaining(), meter.unused()) == (50.0, 100.0 * (support._TICKETS - 1))
    meter.charge(60.0)
    assert (meter.remaining(), meter.unused()) == (100.0 * support._TICKETS - 110, 0.0)
    next(tickets)
    assert meter.remaining() == 100.0 * support._TICKETS - 210


def test_fuel_that_ends_in_a_ticket_ends_the_run() -> None:
    meter = Meter(250.0)
    tickets = meter.tickets(100.0)
    next(tickets), next(tickets)
    with pytest.raises(FuelExhausted):
        next(tickets)
    assert meter.remaining() == -1.0
