"""What stands in for typing and its like is what it stands in for."""

import collections
import copy
import functools
import pickle
import types
import typing
import warnings

import pytest

from noodle_ray import light
from noodle_ray.light import NamedTuple


class Point(NamedTuple):
    """A point."""

    x: int
    y: int = 2


class Empty(NamedTuple):
    """Nothing."""


class Long(NamedTuple):
    """More fields than most."""

    a: int
    b: int
    c: int
    d: int
    e: int
    f: int
    g: int
    h: int
    i: int
    j: int
    k: int
    l: int  # noqa: E741
    m: int


class Typed(typing.NamedTuple):
    """The same as Point."""

    x: int
    y: int = 2


def test_records_are_named_tuples() -> None:
    point, typed = Point(1), Typed(1)
    assert point == typed == (1, 2)
    assert (point.x, point.y) == (1, 2)
    assert Point(y=4, x=3) == (3, 4)
    assert repr(point) == "Point(x=1, y=2)"
    assert point._replace(y=7) == Point(1, 7)
    assert point._asdict() == {"x": 1, "y": 2}
    assert (Point._fields, Point._field_defaults, Point.__match_args__) == (
        Typed._fields,
        Typed._field_defaults,
        ("x", "y"),
    )
    assert pickle.loads(pickle.dumps(point)) == point
    assert type(copy.copy(point)) is Point
    assert Long(*range(13))[-1] == Long._make(range(13)).m == 12
    assert (Empty(), Empty._fields) == ((), ())
    match point:
        case Point(a, b):
            assert (a, b) == (1, 2)
    with pytest.raises(AttributeError):
        point.x = 3  # type: ignore[misc]
    with pytest.raises(ValueError, match="'z'"):
        point._replace(z=1)  # type: ignore[call-arg]


@pytest.mark.parametrize("arguments", [(), (1, 2, 3)])
def test_records_check_how_many_values_they_get(arguments: tuple[int, ...]) -> None:
    with pytest.raises(TypeError) as ours:
        Point(*arguments)
    with pytest.raises(TypeError) as theirs:
        Typed(*arguments)
    assert str(ours.value) == str(theirs.value).replace("Typed", "Point")


def test_types_are_those_of_the_types_module() -> None:
    names = [name for name in vars(types) if (hasattr(light, name) and name.endswith("Type")) or name == "GenericAlias"]
    assert len(names) == 15
    for name in names:
        assert getattr(light, name) is getattr(types, name), name


def test_functions_are_those_of_the_library() -> None:
    assert light.deque is collections.deque
    assert light.partial is functools.partial
    assert light.import_module("os.path").__name__ in ("posixpath", "ntpath")
    calls: list[int] = []
    kept = light.lru_cache(2)(calls.append)
    kept(1), kept(1), kept(2)
    assert calls == [1, 2]
    kept.cache_clear()
    kept(1)
    assert calls == [1, 2, 1]


def test_warnings_are_ignored_only_while_it_is_entered() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with light.WarningsIgnored():
            warnings.warn("x", stacklevel=1)
        with pytest.raises(UserWarning):
            warnings.warn("x", stacklevel=1)
