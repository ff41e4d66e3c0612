"""Noodle's sets against Python's own, and what keeps C code from seeing the dict inside."""

import builtins
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noodle_ray.core.vm import sets

ITEMS = st.lists(st.integers(0, 12), max_size=10)
BINARY = {
    "or": lambda a, b: a | b, "and": lambda a, b: a & b, "sub": lambda a, b: a - b, "xor": lambda a, b: a ^ b,
    "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b,
}  # fmt: skip
METHODS = [
    "difference", "intersection", "isdisjoint", "issubset", "issuperset", "symmetric_difference", "union",
    "difference_update", "intersection_update", "symmetric_difference_update", "update",
]  # fmt: skip


def plain(value: Any) -> Any:
    return builtins.set(value) if isinstance(value, sets.AnySet) else value


@given(ITEMS, ITEMS, st.sampled_from(sorted(BINARY)))
def test_operator_when_applied_to_any_sets_agrees_with_python(left: list[int], right: list[int], name: str) -> None:
    apply: Callable[[Any, Any], Any] = BINARY[name]
    assert plain(apply(sets.set(left), sets.set(right))) == apply(builtins.set(left), builtins.set(right))
    mixed = apply(sets.frozenset(left), sets.set(right))
    assert plain(mixed) == apply(builtins.set(left), builtins.set(right))
    if isinstance(mixed, sets.AnySet):
        assert type(mixed) is sets.frozenset


@given(ITEMS, ITEMS, st.sampled_from(METHODS))
def test_method_when_applied_to_any_iterable_agrees_with_python(left: list[int], right: list[int], name: str) -> None:
    ours, theirs = sets.set(left), builtins.set(left)
    assert plain(sets.SET_METHODS[name](ours, iter(right))) == getattr(theirs, name)(iter(right))
    assert plain(ours) == theirs


@given(ITEMS)
def test_order_when_iterated_is_that_of_insertion(items: list[int]) -> None:
    assert list(sets.set(items)) == list(dict.fromkeys(items))


@given(ITEMS, ITEMS)
def test_hash_when_frozensets_are_equal_is_equal(left: list[int], right: list[int]) -> None:
    a, b = sets.frozenset(left), sets.frozenset(right)
    assert (a == b) == (builtins.set(left) == builtins.set(right))
    if a == b:
        assert hash(a) == hash(b)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda s: {} | s, "unsupported operand type(s) for |: 'dict' and 'set'"),
        (lambda s: s | {}, "unsupported operand type(s) for |: 'set' and 'dict'"),
        (lambda s: s & {}, "unsupported operand type(s) for &: 'set' and 'dict'"),
        (lambda s: s - [1], "unsupported operand type(s) for -: 'set' and 'list'"),
        (lambda s: {**s}, "'set' object is not a mapping"),
        (lambda s: dict(**s), "dict() argument after ** must be a mapping, not set"),
        (lambda s: dict(s), "cannot convert dictionary update sequence element #0 to a sequence"),
        (lambda s: s[1], "'set' object is not subscriptable"),
        (lambda s: hash(s), "unhashable type: 'set'"),
        (lambda s: reversed(s), "'set' object is not reversible"),
        (lambda s: sets.set(x=s), "set() takes no keyword arguments"),
        (lambda s: sets.frozenset(s, s), "frozenset expected at most 1 argument, got 2"),
    ],
)
def test_set_when_used_as_a_dict_fails_in_pythons_words(attempt: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(TypeError) as raised:
        attempt(sets.set([1]))
    assert str(raised.value) == message


def test_set_when_a_dict_is_updated_in_place_with_it_fails() -> None:
    target: dict[Any, Any] = {}
    with pytest.raises(TypeError):
        target |= sets.set([1])
    assert target == {}
