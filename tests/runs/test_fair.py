"""Who is next: classes by shares, tenants by what they were given, and bounds on both."""

import random
from collections import Counter

import pytest

from noodle_ray.core.runs.fair import FairQueue, QueueFullError
from noodle_ray.core.runs.terms import PRIORITIES, Terms


class Item:
    def __init__(self, name: str, terms: Terms) -> None:
        self.name = name
        self.terms = terms


def _terms(priority: str = "normal", tenant: str = "", until: float = float("inf")) -> Terms:
    return Terms(PRIORITIES[priority], tenant, until)


def _filled(*entries: tuple[str, Terms, int, float]) -> FairQueue[Item]:
    """``count`` items of each entry, by name, terms and cost."""
    queue: FairQueue[Item] = FairQueue(10_000)
    for name, terms, count, cost in entries:
        for _ in range(count):
            queue.push(Item(name, terms), terms, cost)
    return queue


def _out(queue: FairQueue[Item], count: int) -> str:
    return "".join(queue.pop().name for _ in range(count))


def test_items_of_one_tenant_come_out_as_they_came() -> None:
    queue: FairQueue[Item] = FairQueue(100)
    for name in "abcdef":
        queue.push(Item(name, _terms()), _terms())
    assert queue.peek().name == "a"
    assert _out(queue, 6) == "abcdef"
    with pytest.raises(IndexError):
        queue.pop()


def test_classes_share_turns_and_none_starves() -> None:
    queue = _filled(
        ("b", _terms("batch"), 100, 1), ("n", _terms("normal"), 100, 1), ("i", _terms("interactive"), 100, 1)
    )
    assert Counter(_out(queue, 42)) == {"i": 32, "n": 8, "b": 2}


def test_urgent_item_is_next_however_much_waits_and_was_given_before() -> None:
    queue = _filled(("b", _terms("batch"), 100, 1))
    _out(queue, 50)
    for _ in range(3):
        queue.push(Item("i", _terms("interactive")), _terms("interactive"))
        assert _out(queue, 2) == "ib"


def test_tenants_get_equal_cost_not_equal_turns() -> None:
    queue = _filled(("x", _terms(tenant="heavy"), 100, 10), ("y", _terms(tenant="light"), 100, 1))
    assert Counter(_out(queue, 55)) == {"y": 50, "x": 5}


def test_tenant_that_was_away_has_no_credit() -> None:
    queue = _filled(("x", _terms(tenant="a"), 200, 1))
    _out(queue, 100)
    for _ in range(100):
        queue.push(Item("y", _terms(tenant="b")), _terms(tenant="b"))
    assert Counter(_out(queue, 20)) == {"x": 10, "y": 10}


def test_charge_after_the_fact_delays_the_tenants_next_turn() -> None:
    queue = _filled(("x", _terms(tenant="a"), 9, 1), ("y", _terms(tenant="b"), 9, 1))
    assert _out(queue, 1) == "x"
    queue.charge("a", 4)
    assert _out(queue, 6) == "yyyyyx"


def test_bounds_hold_for_all_and_for_one() -> None:
    queue: FairQueue[Item] = FairQueue(3, 2)
    mine = _terms(tenant="a")
    for _ in range(2):
        queue.push(Item("x", mine), mine)
    with pytest.raises(QueueFullError) as caught:
        queue.push(Item("x", mine), mine)
    assert caught.value.of_tenant
    other = _terms(tenant="b")
    queue.push(Item("y", other), other)
    with pytest.raises(QueueFullError) as caught:
        queue.push(Item("y", other), other)
    assert not caught.value.of_tenant
    _out(queue, 1)
    queue.push(Item("x", mine), mine)


def test_expired_items_leave_and_others_stay() -> None:
    queue: FairQueue[Item] = FairQueue(10)
    items = [Item(str(until), _terms(until=until)) for until in (3.0, 1.0, 2.0)]
    for item in items:
        queue.push(item, item.terms)
    assert queue.remove(items[2])
    assert not queue.remove(items[2])
    assert [item.name for item in queue.expired(2.5)] == ["1.0"]
    assert _out(queue, 1) == "3.0"


def test_nothing_is_lost_or_doubled_in_random_use() -> None:
    source = random.Random(5)
    queue: FairQueue[Item] = FairQueue(200, 60)
    inside: dict[int, Item] = {}
    for step in range(5000):
        match source.randrange(5):
            case 0 | 1 | 2:
                terms = Terms(
                    source.randrange(3),
                    source.choice("abcdef"),
                    source.choice([float("inf"), step + source.random() * 99]),
                )
                item = Item(str(step), terms)
                try:
                    queue.push(item, terms, source.choice([1, 5, 100]))
                    inside[id(item)] = item
                except QueueFullError:
                    pass
            case 3 if inside:
                first = queue.peek()
                assert queue.pop() is first is inside.pop(id(first))
            case 4 if inside:
                item = source.choice(list(inside.values()))
                assert queue.remove(item)
                del inside[id(item)]
        for gone in queue.expired(step):
            assert inside.pop(id(gone)).terms.until <= step
        assert len(queue) == len(inside)
    assert {id(item) for item in queue.drain()} == set(inside)
    assert not queue


def test_tenants_that_come_and_go_leave_little_behind() -> None:
    queue: FairQueue[Item] = FairQueue(10)
    for number in range(5000):
        terms = _terms(tenant=str(number))
        queue.push(Item("x", terms), terms)
        queue.pop()
    assert len(queue._given) <= 1100
