"""What comes along when a function becomes a program, and how positions lead back to the user's file."""

import json
import math
import os
from collections.abc import Callable
from functools import cache as memory
from functools import partial, wraps
from math import sqrt
from typing import Any
from zipfile import ZipFile

import pytest

import noodle_ray as noodle
from noodle_ray import model
from noodle_ray.client.literals import MAX_DEPTH, NotLiteral, literal
from noodle_ray.client.sources import gather
from noodle_ray.errors import UsageError
from tests.client import helpers_module
from tests.client.helpers_module import scale

PLACES = ["attic", "cellar"]
LIMIT = 10
embed = model("minilm")
ratio = sqrt
double = lambda x: 2 * x  # noqa: E731
unrelated = object()


def helper(value: int) -> int:
    return value + LIMIT


def uses_helper(value: int) -> int:
    return helper(value)


def uses_everything(text: str) -> Any:
    return json.dumps([math.pi, ratio(4.0), embed(text), PLACES, double(1), scale(2)])


def loops(n: int) -> int:
    return 1 if n == 0 else loops(n - 1)


def even(n: int) -> bool:
    return n == 0 or odd(n - 1)


def odd(n: int) -> bool:
    return n != 0 and even(n - 1)


def uses_object() -> Any:
    return unrelated


def uses_partial() -> Any:
    return partial(loops)


def uses_archive() -> Any:
    return ZipFile("a")


def with_default(limit: int = LIMIT) -> int:
    return limit


def both_limits() -> Any:
    return LIMIT, helpers_module_limit()


helpers_module_limit = helpers_module.limit


def test_gather_takes_only_what_the_function_uses() -> None:
    source = gather(uses_helper).source
    assert source == (
        "LIMIT = 10\n"
        "def helper(value: int) -> int:\n    return value + LIMIT\n"
        "def uses_helper(value: int) -> int:\n    return helper(value)\n"
    )


def test_gather_brings_imports_models_data_lambdas_and_other_modules() -> None:
    source = gather(uses_everything).source
    for line in (
        "import json",
        "import math",
        "from math import sqrt as ratio",
        "from noodle_ray import model",
        "embed = model('minilm')",
        "PLACES = ['attic', 'cellar']",
        "double = lambda x: 2 * x  # noqa: E731",
        "FACTOR = 3",
    ):
        assert line in source.splitlines()
    assert "unrelated" not in source


def test_gather_ends_when_functions_call_themselves_or_each_other() -> None:
    assert gather(loops).source.count("def loops") == 1
    assert gather(even).source.count("def odd") == 1


def test_gather_brings_the_names_that_defaults_use() -> None:
    assert "LIMIT = 10\n" in gather(with_default).source


def test_gather_brings_captured_variables_of_a_nested_function() -> None:
    def outer(word: str) -> Callable[[], str]:
        text = """two
    lines"""

        def inner() -> str:
            return word + text

        return inner

    gathered = gather(outer("ab"))
    assert "word = 'ab'\n" in gathered.source
    assert "def inner() -> str:\n    return word + text\n" in gathered.source


def test_gather_keeps_strings_of_an_indented_function_as_they_are() -> None:
    def inner() -> str:
        return """first
        second"""

    names: dict[str, Any] = {}
    exec(gather(inner).source, names)
    assert names["inner"]() == inner()


def test_gather_leaves_decorators_out() -> None:
    @noodle.program
    def inner() -> int:
        return 1

    assert inner.source() == "def inner() -> int:\n    return 1\n"


def test_gather_refuses_a_value_that_is_not_data() -> None:
    with pytest.raises(UsageError, match=r"uses_object uses 'unrelated', a object") as caught:
        gather(uses_object)
    assert caught.value.code == "NOODLE-E0913"
    assert "test_sources.py, line" in caught.value.message


def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any) -> Any:
        return function(*args)

    return call


@memory
def remembered(n: int) -> int:
    return n


@wrapped
def decorated(n: int) -> int:
    return n


def uses_remembered() -> int:
    return remembered(1)


def uses_decorated() -> int:
    return decorated(1)


def uses_os() -> str:
    return os.getcwd()


@pytest.mark.parametrize(
    ("function", "message", "hint"),
    [
        (uses_archive, "'ZipFile', a class", "define the class inside of the function"),
        (uses_remembered, "'remembered', a _lru_cache_wrapper", "write what it does as a def without decorators"),
        (uses_decorated, "'decorated' is wrapped by a decorator", "define it inside of the program's function"),
        (uses_os, "'os', a module", "programs have no files, environment or processes"),
    ],
)
def test_gather_says_what_to_do_instead(function: Callable[..., Any], message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        gather(function)
    assert (caught.value.hint or "").startswith(hint)


def test_gather_imports_a_class_of_the_library() -> None:
    assert "from functools import partial\n" in gather(uses_partial).source


def test_gather_refuses_one_name_for_two_things() -> None:
    with pytest.raises(UsageError) as caught:
        gather(both_limits)
    assert caught.value.code == "NOODLE-E0914"


def test_gather_refuses_a_function_without_source() -> None:
    names: dict[str, Any] = {}
    exec("def made(): return 1", names)
    with pytest.raises(UsageError) as caught:
        gather(names["made"])
    assert caught.value.code == "NOODLE-E0912"


@pytest.mark.parametrize("thing", [len, 3, partial(print), str])
def test_gather_refuses_what_is_not_a_function(thing: Any) -> None:
    with pytest.raises(UsageError) as caught:
        gather(thing)
    assert caught.value.code == "NOODLE-E0912"


def test_locate_leads_back_to_the_users_lines() -> None:
    gathered = gather(uses_helper)
    lines = gathered.source.splitlines()
    for index, line in enumerate(lines, 1):
        if line.startswith("LIMIT"):
            continue
        place = gathered.locate(index, 0)
        assert place.text.strip() == line.strip()
        assert place.file == __file__


def test_locate_adds_the_indentation_that_was_cut_off() -> None:
    def inner() -> int:
        return 1

    place = gather(inner).locate(2, 4)
    assert place.text[place.column :] == "return 1"


def test_is_current_sees_a_changed_global(monkeypatch: pytest.MonkeyPatch) -> None:
    gathered = gather(uses_helper)
    assert gathered.is_current()
    monkeypatch.setitem(globals(), "LIMIT", 11)
    assert not gathered.is_current()


def test_is_current_sees_a_list_that_was_changed_in_place() -> None:
    gathered = gather(uses_everything)
    PLACES.append("roof")
    try:
        assert not gathered.is_current()
    finally:
        PLACES.pop()


@pytest.mark.parametrize(
    "value",
    [None, True, -3, 10**30, 1.5, -0.0, "a\n'\"", b"\x00", [], [1, [2]], (), (1,), {"a": {1: 2}}, {3}, frozenset({4})],
)
def test_literal_spells_plain_data(value: object) -> None:
    text = literal(value)
    assert repr(eval(text)) == repr(value)
    assert "\n" not in text


def test_literal_spells_floats_that_have_no_literal() -> None:
    assert math.isnan(eval(literal(math.nan)))
    assert eval(literal([-math.inf])) == [-math.inf]


def test_literal_refuses_cycles_and_subclasses() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    with pytest.raises(NotLiteral):
        literal(cycle)

    class Text(str):
        pass

    with pytest.raises(NotLiteral):
        literal({"a": Text("b")})
    deep: Any = 0
    for _ in range(MAX_DEPTH):
        deep = [deep]
    assert literal(deep).endswith("]")
