"""``@noodle.program``: calling, awaiting, mapping; results, errors in the user's file, plain Python."""

import asyncio
import math
import traceback
from typing import Any

import pytest

import noodle_ray as noodle
from noodle_ray import ModelError, model
from noodle_ray.client import connection
from noodle_ray.client.backends import LocalModelHost
from noodle_ray.client.program import Program
from noodle_ray.core.runs.batcher import Shape
from noodle_ray.errors import CompileError, LimitError, PlatformError, RunError, UsageError
from tests.client.conftest import Served

length = model("length")
embed = model("minilm")
BASE = 100


def add_base(value: int) -> int:
    return value + BASE


@noodle.program
def shifted(value: int, times: int = 1) -> int:
    """Shift a value."""
    for _ in range(times):
        value = add_base(value)
    return value


@noodle.program
def speaks(name: str) -> tuple[str, int]:
    print("hello", name)
    return name, len(name)


@noodle.program
def divides(a: int, b: int) -> float:
    scaled = a * 1.0
    return scaled / b


@noodle.program
def lengths(words: list[str]) -> list[int]:
    return [length(word) for word in words]


@noodle.program
def careful(word: Any) -> Any:
    try:
        return length(word)
    except ModelError as error:
        return str(error)


@noodle.program(fuel=1000)
def endless() -> None:
    while True:
        pass


@noodle.program(fuel=1_000)
def counted(stop: int) -> int:
    n = 0
    while n < stop:
        n += 1
    return n


@noodle.program
def broken() -> int:
    value = 1
    with open("x"):
        value = 2
    return value + undefined_name  # noqa: F821


@noodle.program
def area(radius: float) -> float:
    return math.pi * radius**2


@noodle.program
async def coroutine(value: int) -> int:
    first, second = await asyncio.gather(later(value), later(value + 1))
    return first + second


async def later(value: int) -> int:
    await asyncio.sleep(0)
    return value


def _calls_program() -> int:
    return shifted(1)


@pytest.fixture(params=["sandbox", "platform"])
def anywhere(request: pytest.FixtureRequest) -> None:
    """Run the test in a local sandbox, and again on a platform."""
    if request.param == "platform":
        request.getfixturevalue("connected")


@pytest.mark.usefixtures("anywhere")
class TestAnywhere:
    """What holds with a platform and without one."""

    def test_call_gives_the_result(self) -> None:
        assert shifted(1) == 101
        assert shifted(1, times=3) == 301
        assert area(2.0) == math.pi * 4

    def test_call_prints_what_the_program_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert speaks("Ann") == ["Ann", 3]
        assert capsys.readouterr().out == "hello Ann\n"

    def test_call_raises_with_the_position_in_this_file(self) -> None:
        with pytest.raises(RunError) as caught:
            divides(1, 0)
        error: Any = caught.value
        assert (error.code, error.type) == ("NOODLE-E0501", "ZeroDivisionError")
        line = divides.__wrapped_program__.__code__.co_firstlineno + 3
        shown = "".join(traceback.format_exception(error))
        assert f'File "{__file__}", line {line}, in divides\n    return scaled / b\n           ^' in shown

    def test_call_refuses_arguments_that_do_not_fit(self) -> None:
        with pytest.raises(RunError) as caught:
            shifted("one")
        assert caught.value.code == "NOODLE-E0502"

    def test_call_ends_at_its_limits(self) -> None:
        with pytest.raises(LimitError) as caught:
            endless()
        assert caught.value.code == "NOODLE-E0401"
        assert shifted(1) == 101

    def test_run_goes_on_with_more_fuel(self) -> None:
        stopped = counted.run(10_000)
        assert stopped.error is not None
        assert stopped.resume(1_000_000).value() == 10_000
        with pytest.raises(UsageError) as caught:
            shifted.run(1).resume()
        assert caught.value.code == "NOODLE-E0920"

    def test_run_gives_usage_and_timeline(self) -> None:
        run = shifted.run(1)
        assert (run.result, run.error, run.stdout) == (101, None, "")
        assert run.usage["fuel"] > 0
        assert run.timeline().startswith("timeline, ")
        assert run.picture().startswith("<svg")

    async def test_call_in_a_coroutine_gives_an_awaitable(self) -> None:
        assert await shifted(1) == 101
        assert await asyncio.gather(*[shifted(n) for n in range(3)]) == [100, 101, 102]
        assert await asyncio.gather(*(shifted(n) for n in range(3))) == [100, 101, 102]

    async def test_function_called_by_a_coroutine_gets_the_result(self) -> None:
        assert await asyncio.to_thread(_calls_program) == 101
        assert _calls_program() == 101

    def test_map_gives_results_in_order(self) -> None:
        assert shifted.map(range(20), concurrency=4) == list(range(100, 120))
        assert shifted.map([1, 2], [1, 2]) == [101, 202]
        assert shifted.map([]) == []

    async def test_map_in_a_coroutine_gives_an_awaitable(self) -> None:
        assert await shifted.map([1, 2]) == [101, 102]

    def test_map_shows_a_bar(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert shifted.map([1, 2], progress=True) == [101, 102]
        assert "2/2" in capsys.readouterr().err

    def test_map_raises_the_first_failure(self) -> None:
        with pytest.raises(RunError, match="ZeroDivisionError"):
            divides.map([1, 2], [1, 0])

    def test_map_returns_failures_when_asked(self) -> None:
        results = divides.map([1, 2], [1, 0], return_errors=True)
        assert results[0] == 1.0
        assert isinstance(results[1], RunError)


def test_call_uses_the_models_of_the_platform(connected: connection.Connection, platform: Served) -> None:
    assert lengths(["a", "bc", ""]) == [1, 2, 0]
    assert platform.models.batches[-1] == 3
    run = lengths.run(["a", "bc"])
    assert [event["model"] for event in run.events] == ["length", "length"]
    assert run.usage["model_batches"] == 1
    assert "length ×2" in run.timeline()
    assert careful(5) == "length takes a text"


def test_python_runs_the_function_itself_with_the_models_of_the_platform(connected: connection.Connection) -> None:
    assert lengths.python(["a", "bc"]) == [1, 2]
    assert careful.python(5) == "length takes a text"
    with pytest.raises(ZeroDivisionError):
        divides.python(1, 0)


def test_compile_error_points_into_this_file() -> None:
    with pytest.raises(CompileError) as caught:
        broken()
    first = broken.__wrapped_program__.__code__.co_firstlineno
    found = {d.code[:10]: d.span[0] for d in caught.value.diagnostics}
    assert first + 3 in found.values()
    assert caught.value.filename == __file__
    shown = "".join(traceback.format_exception(caught.value))
    assert f'{first + 3} |     with open("x"):' in shown


def test_compile_error_keeps_the_column_of_a_nested_function() -> None:
    @noodle.program
    def nested() -> int:
        return missing_name  # noqa: F821

    with pytest.raises(CompileError) as caught:
        nested.run()
    line, column, _, end = caught.value.diagnostics[0].span
    text = caught.value.source.split("\n")[line - 1]
    assert text[column:end] == "missing_name"


def test_a_coroutine_function_is_run_to_its_end() -> None:
    assert coroutine(20) == 41
    assert coroutine.run(1).result == 3
    assert coroutine.map([1, 2]) == [3, 5]


async def test_a_coroutine_function_is_awaited_as_any_program() -> None:
    assert await asyncio.gather(coroutine(1), coroutine(2)) == [3, 5]


def test_program_is_compiled_again_when_something_it_uses_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shifted(1) == 101
    monkeypatch.setitem(globals(), "BASE", 5)
    assert shifted(1) == 6


def test_program_looks_like_its_function() -> None:
    assert isinstance(shifted, Program)
    assert shifted.__name__ == "shifted"
    assert shifted.__doc__ == "Shift a value."
    assert repr(shifted) == "<program shifted(value: int, times: int = 1) -> int>"


def test_program_can_use_another_program() -> None:
    @noodle.program
    def outer(value: int) -> int:
        return shifted(value) * 2

    assert outer.run(1).result == 202


@pytest.mark.parametrize("thing", [len, 3, str])
def test_program_refuses_what_is_not_a_function(thing: Any) -> None:
    with pytest.raises(TypeError):
        noodle.program(thing)


def test_program_refuses_a_limit_that_does_not_exist() -> None:
    with pytest.raises(TypeError):
        noodle.program(fule=3)  # type: ignore[call-overload]


def test_map_refuses_a_concurrency_of_zero() -> None:
    with pytest.raises(UsageError):
        shifted.map([1], concurrency=0)


def test_connect_fails_when_nothing_answers() -> None:
    with pytest.raises(PlatformError):
        noodle.connect("http://127.0.0.1:9", "x" * 20)
    assert connection.current() is None


def test_connect_takes_the_address_from_the_environment(platform: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOODLE_URL", platform.url)
    monkeypatch.setenv("NOODLE_TOKEN", platform.token)
    with noodle.connect() as made:
        assert made.url == platform.url
        assert made.run("1 + 1").result == 2
        assert made.run("def main(n): return n", 3).result == 3
    assert connection.current() is None


@pytest.mark.models
def test_model_without_a_platform_is_loaded_into_this_process() -> None:
    @noodle.program
    def dimension(text: str) -> int:
        return len(embed(text))

    assert dimension.run("hello").result == 384
    assert dimension.python("hello") == 384


def test_model_that_is_unknown_raises_the_same_error_under_python() -> None:
    nothing = model("no-such-model")
    with pytest.raises(ModelError) as caught:
        nothing("x")
    assert caught.value.code == "NOODLE-E0601"
    assert isinstance(caught.value, RuntimeError)
    assert repr(nothing) == "model('no-such-model')"


def test_generations_of_local_runs_go_out_one_by_one() -> None:
    host = LocalModelHost()
    assert [host.shape(model) for model in ("smollm2", "minilm", "nobody")] == [Shape(1, 8), Shape(), Shape()]
