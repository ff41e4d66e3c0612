"""Values at the border: copies, results, JSON, and arguments against annotations."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noodle_ray.core.vm.arguments import fit, parse
from noodle_ray.core.vm.sets import frozenset, set
from noodle_ray.core.vm.values import copy_data, from_json, to_json, to_result
from noodle_ray.errors import RunError

ATOMS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
DATA = st.recursive(
    ATOMS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
)


@given(DATA)
def test_json_when_data_goes_there_and_back_is_the_same(value: Any) -> None:
    assert from_json(to_json(value)) == value


@pytest.mark.parametrize(
    ("value", "json"),
    [
        (math.inf, {"$float": "inf"}),
        (-math.inf, {"$float": "-inf"}),
        ((1, (2,)), [1, [2]]),
        (set([1]), [1]),
        (range(2), [0, 1]),
        ({1: "a"}, {"$dict": [[1, "a"]]}),
        ([b"abc", bytearray(b"\xff")], [{"$bytes": "YWJj"}, {"$bytes": "/w=="}]),
        ({"$bytes": "YWJj"}, {"$dict": [["$bytes", "YWJj"]]}),
        ({b"k": b""}, {"$dict": [[{"$bytes": "aw=="}, {"$bytes": ""}]]}),
        ({"$float": "x"}, {"$dict": [["$float", "x"]]}),
        ({"$float": 1, "b": 2}, {"$float": 1, "b": 2}),
    ],
)
def test_to_json_when_value_has_no_json_form_marks_it(value: Any, json: Any) -> None:
    assert to_json(value) == json


def test_to_json_when_nan_comes_back_is_nan() -> None:
    assert math.isnan(from_json(to_json(math.nan)))


@pytest.mark.parametrize("value", [len, object(), [len], {"a": memoryview(b"x")}, 1j, ValueError("x")])
def test_to_json_when_value_is_not_data_raises(value: Any) -> None:
    with pytest.raises(RunError) as raised:
        to_json(value)
    assert raised.value.code == "NOODLE-E0503"


@pytest.mark.parametrize("bad", [{"$float": "1.5"}, {"$float": "infinity"}, {"$bytes": "a"}, {"$bytes": 5}])
def test_from_json_when_a_marker_is_forged_raises(bad: Any) -> None:
    with pytest.raises(ValueError):
        from_json(bad)


@given(DATA)
def test_copy_data_when_given_data_copies_all_containers(value: Any) -> None:
    copied = copy_data(value)
    assert copied == value
    if isinstance(value, list | dict):
        assert copied is not value


def test_copy_data_when_given_pythons_sets_gives_noodles() -> None:
    copied = copy_data([{1}, {2: builtins_frozenset([3])}])
    assert type(copied[0]) is set
    assert type(copied[1][2]) is frozenset


def builtins_frozenset(items: list[int]) -> Any:
    import builtins

    return builtins.frozenset(items)


@pytest.mark.parametrize("depth", [201, 10**5])
def test_result_when_nested_too_deeply_is_refused(depth: int) -> None:
    value: Any = []
    for _ in range(depth):
        value = [value]
    with pytest.raises(RunError) as raised:
        to_result(value)
    assert raised.value.code == "NOODLE-E0503"


FITS: list[tuple[str, Any, Any]] = [
    ("int", 5, 5),
    ("float", 5, 5),
    ("str | None", None, None),
    ("Optional[int]", 3, 3),
    ("Union[int, str]", "a", "a"),
    ("list[int]", [1, 2], [1, 2]),
    ("typing.List[str]", ["a"], ["a"]),
    ("dict[str, list[int]]", {"a": [1]}, {"a": [1]}),
    ("tuple[int, str]", [1, "a"], (1, "a")),
    ("tuple[int, ...]", [1, 2, 3], (1, 2, 3)),
    ("set[int]", [1, 1], set([1])),
    ("'int'", 1, 1),
    ("Anything", object, object),
    ("Callable[[int], str]", 5, 5),
    ("list[Unknown[int]]", [object], [object]),
    ("bool", True, True),
    ("None", None, None),
]
MISFITS = [
    ("int", "a"), ("int", True), ("int", 1.5), ("float", "1"), ("str", 1), ("bool", 1), ("list[int]", ["a"]),
    ("list", {}), ("dict", set([1])), ("dict[str, int]", {1: 1}), ("tuple[int, str]", [1]), ("int | str", None),
    ("None", 0), ("set[int]", ["a"]),
]  # fmt: skip


@pytest.mark.parametrize(("annotation", "value", "expected"), FITS)
def test_argument_when_it_fits_its_annotation_is_passed(annotation: str, value: Any, expected: Any) -> None:
    assert fit(parse(annotation), value) == expected
    assert type(fit(parse(annotation), value)) is type(expected)


@pytest.mark.parametrize(("annotation", "value"), MISFITS)
def test_argument_when_it_does_not_fit_is_refused(annotation: str, value: Any) -> None:
    with pytest.raises(TypeError):
        fit(parse(annotation), value)


@given(st.text(alphabet="int[],|. 'str\"listdcuple", max_size=60))
def test_annotation_when_it_is_nonsense_never_fails(text: str) -> None:
    parse(text)


def test_annotation_when_it_is_very_deep_never_fails() -> None:
    assert parse("list[" * 300 + "int" + "]" * 300)
    parse("'" * 999)
    parse("[" * 5000)


def test_from_json_refuses_keys_chosen_to_share_their_hash() -> None:
    pairs = [[number * (2**61 - 1), 0] for number in range(500)]
    with pytest.raises(ValueError, match="same hash"):
        from_json({"$dict": pairs})
    with pytest.raises(ValueError, match="same hash"):
        from_json([{"$dict": [[[key], 0] for key, _ in pairs]}])
    assert len(from_json({"$dict": [[number, 0] for number in range(5000)]})) == 5000


def test_from_json_refuses_data_that_nests_too_deeply() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(ValueError, match="deeply"):
        from_json(deep)
