"""``noodle run``: output, --json, arguments, limits, exit statuses, bad input."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from noodle_ray.cli.run import parse_args, parse_limits
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import UsageError
from tests.cli.conftest import Command

Write = Callable[..., Path]

GREET = """\
def main(name: str, times: int = 1):
    for _ in range(times):
        print("hello", name)
    return len(name)
"""

FAILS = """\
def divide(a, b):
    return a / b

def main():
    print("before")
    return divide(1, 0)
"""


def test_run_prints_stdout_then_the_result(noodle: Command, program: Write) -> None:
    done = noodle("run", program(GREET), "--args", '["Ann", 2]')
    assert done == (0, "hello Ann\nhello Ann\n3\n", "")


def test_run_prints_no_result_when_it_is_none(noodle: Command, program: Write) -> None:
    assert noodle("run", program("print('hi')\nNone")) == (0, "hi\n", "")


def test_run_reads_the_program_from_standard_input(noodle: Command) -> None:
    assert noodle("run", "-", stdin=b"1 + 1").out == "2\n"


def test_run_json_has_exactly_the_documented_fields(noodle: Command, program: Write) -> None:
    done = noodle("run", program(GREET), "--args", '{"name": "Bo"}', "--json")
    found = json.loads(done.out)
    assert done.status == 0
    assert list(found) == ["result", "stdout", "error", "usage", "tier"]
    assert (found["result"], found["stdout"], found["error"]) == (2, "hello Bo\n", None)
    assert list(found["usage"]) == ["fuel", "memory_peak_bytes", "model_calls", "model_batches", "seed", "wall_seconds"]
    assert found["usage"]["fuel"] > 0
    assert found["tier"] == "python"


@pytest.mark.parametrize("tier", ["interpreter", "python"])
def test_run_takes_the_tier_that_is_asked_for(noodle: Command, program: Write, tier: str) -> None:
    found = json.loads(noodle("run", program("40 + 2"), "--tier", tier, "--json").out)
    assert (found["result"], found["tier"]) == (42, tier)


def test_run_json_gives_results_that_json_lacks_as_data(noodle: Command, program: Write) -> None:
    done = noodle("run", program('[(1, 2), {3}, float("inf"), {1: 2}]'), "--json")
    assert json.loads(done.out)["result"] == [[1, 2], [3], {"$float": "inf"}, {"$dict": [[1, 2]]}]


def test_run_calls_the_entry_that_is_asked_for(noodle: Command, program: Write) -> None:
    done = noodle("run", program("def twice(x):\n    return 2 * x\n"), "--entry", "twice", "--args", "[21]")
    assert done.out == "42\n"


def test_run_shows_a_traceback_with_source_lines_when_the_program_raises(noodle: Command, program: Write) -> None:
    path = program(FAILS)
    done = noodle("run", path)
    assert done.status == 1
    assert done.out == "before\n"
    assert done.err.splitlines() == [
        "Traceback (most recent call last):",
        f'  File "{path}", line 6, in main',
        "    return divide(1, 0)",
        "           ^",
        f'  File "{path}", line 2, in divide',
        "    return a / b",
        "           ^",
        "ZeroDivisionError: division by zero",
    ]


def test_run_json_has_the_error_when_the_program_raises(noodle: Command, program: Write) -> None:
    done = noodle("run", program(FAILS), "--json")
    found = json.loads(done.out)
    assert done.status == 1
    assert done.err == ""
    assert found["stdout"] == "before\n"
    assert found["error"] == {
        "code": "NOODLE-E0501",
        "type": "ZeroDivisionError",
        "message": "division by zero",
        "traceback": [
            {"line": 6, "column": 11, "function": "main"},
            {"line": 2, "column": 11, "function": "divide"},
        ],
    }


def test_run_shows_a_caret_picture_when_the_program_does_not_compile(noodle: Command, program: Write) -> None:
    path = program("total = 1\nprint(totl)\n")
    done = noodle("run", path)
    assert (done.status, done.out) == (1, "")
    assert f"{path}:2:7" in done.err
    assert "2 | print(totl)\n  |       ^^^^" in done.err
    assert "total" in done.err.partition("hint")[2]


def test_run_json_has_the_diagnostics_when_the_program_does_not_compile(noodle: Command, program: Write) -> None:
    done = noodle("run", program("def f(:\n"), "--json")
    found = json.loads(done.out)
    assert done.status == 1
    assert found["error"]["type"] == "CompileError"
    assert found["error"]["diagnostics"][0]["line"] == 1
    assert found["result"] is None


def test_run_runs_a_compiled_module(noodle: Command, program: Write, tmp_path: Path) -> None:
    module = tmp_path / "m.nbc"
    assert noodle("compile", program(GREET), "-o", module).status == 0
    assert noodle("run", module, "--args", '["Cy"]').out == "hello Cy\n2\n"


def test_run_refuses_a_module_that_is_corrupt(noodle: Command, tmp_path: Path) -> None:
    path = tmp_path / "m.nbc"
    path.write_bytes(b"\xf5NBC" + b"\x01" * 40)
    done = noodle("run", path)
    assert done.status == 1
    assert "NOODLE-E03" in done.err


@pytest.mark.parametrize("data", [b"", b"# nothing\n"])
def test_run_of_an_empty_program_gives_nothing(noodle: Command, data: bytes) -> None:
    assert noodle("run", "-", stdin=data) == (0, "", "")


def test_run_says_where_a_source_is_not_utf8(noodle: Command) -> None:
    done = noodle("run", "-", stdin=b"x = 1\ny = '\xff'\n")
    assert done.status == 1
    assert "NOODLE-E0002" in done.err
    assert "<stdin>:2:6" in done.err


def test_run_takes_windows_line_ends_and_a_byte_order_mark(noodle: Command) -> None:
    assert noodle("run", "-", stdin=b"\xef\xbb\xbfx = 1\r\nx + 1\r\n").out == "2\n"


def test_run_escapes_characters_the_terminal_cannot_show(noodle_process: Command) -> None:
    done = noodle_process("run", "-", stdin=b"print(chr(0xd800), 'x')", PYTHONIOENCODING="utf-8")
    assert (done.status, done.out) == (0, "\\ud800 x\n")
    done = noodle_process("run", "-", stdin="'Grüße'".encode(), PYTHONIOENCODING="ascii")
    assert (done.status, done.out) == (0, "Gr\\xfc\\xdfe\n")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["run", "no/such/file.noodle"], "no/such/file.noodle"),
        (["run", "."], "Is a directory"),
        (["run"], "Missing argument"),
        (["run", "-", "--args", "{"], "not JSON"),
        (["run", "-", "--args", "3"], "array or object"),
        (["run", "-", "--args", "[" * 100_000], "not JSON"),
        (["run", "-", "--tier", "warp"], "interpreter"),
        (["run", "-", "--limit", "fule=3"], "did you mean --limit fuel"),
        (["run", "-", "--limit", "fuel=-3"], "whole number"),
        (["run", "-", "--limit", "deadline=soon"], "seconds"),
        (["run", "-", "--limit", "deadline=nan"], "seconds"),
        (["run", "-", "--limit"], "requires an argument"),
        (["run", "-", "--entyr", "main"], "--entry"),
        (["rnu"], "run"),
    ],
)
def test_run_is_misused_when(noodle: Command, argv: list[str], said: str) -> None:
    done = noodle(*argv)
    assert done.status == 2
    assert said in " ".join(done.err.split())


def test_run_names_a_similar_file_when_there_is_none_of_that_name(noodle: Command, program: Write) -> None:
    path = program("1")
    assert f"did you mean {path}?" in noodle("run", path.with_name("programm.noodle")).err


def test_run_json_reports_misuse_as_an_object(noodle: Command) -> None:
    done = noodle("run", "missing.noodle", "--json")
    assert done.status == 2
    assert json.loads(done.out)["error"]["code"] == "NOODLE-E0902"


@pytest.mark.parametrize(
    ("source", "options", "code"),
    [
        ("while True: pass", ["--limit", "fuel=1000"], "NOODLE-E0401"),
        ("x = [0] * 10**10", [], "NOODLE-E0402"),
        ("def f(n): return f(n + 1)\nf(0)", ["--limit", "recursion=50"], "NOODLE-E0404"),
        ("while True: pass", ["--limit", "deadline=0.2"], "NOODLE-E0403"),
        ("while True: print('x' * 1000)", ["--limit", "output=5000"], "NOODLE-E0405"),
    ],
)
def test_run_ends_a_program_at_its_limits(noodle: Command, source: str, options: list[str], code: str) -> None:
    done = noodle("run", "-", "--json", *options, stdin=source.encode())
    assert done.status == 1
    assert json.loads(done.out)["error"]["code"] == code


def test_run_refuses_arguments_that_do_not_fit(noodle: Command, program: Write) -> None:
    done = noodle("run", program(GREET), "--args", "[5]", "--json")
    assert done.status == 1
    assert json.loads(done.out)["error"]["code"] == "NOODLE-E0502"


def test_run_folds_the_traceback_of_deep_recursion(noodle: Command) -> None:
    source = b"def f(n):\n    return f(n - 1) if n else 1 / 0\nf(500)\n"
    done = noodle("run", "-", stdin=source)
    assert "[Previous line repeated" in done.err
    assert len(done.err.splitlines()) < 30


def test_parse_args_tells_positional_from_keyword_arguments() -> None:
    assert parse_args('[1, "a"]') == ([1, "a"], {})
    assert parse_args('{"a": [1]}') == ([], {"a": [1]})
    assert parse_args(None) == ([], {})


def test_parse_limits_keeps_the_defaults_of_what_is_not_named() -> None:
    assert parse_limits(["fuel=1_000", "deadline=2.5"]) == Limits(fuel=1000, deadline=2.5)
    with pytest.raises(UsageError):
        parse_limits(["fuel"])


def test_run_shows_the_timeline_on_request(noodle: Command) -> None:
    done = noodle("run", "-", "--timeline", stdin=b"1 + 1")
    assert done.out == "2\n"
    assert done.err.startswith("timeline, ")


@pytest.mark.models
def test_run_loads_a_model_in_this_process_and_batches_its_calls(noodle: Command) -> None:
    source = b"""
from noodle_ray import model
embed = model("minilm")
vectors = [embed(t) for t in ["a cat", "a kitten", "tax law"]]
def dot(a, b): return sum(x * y for x, y in zip(a, b))
dot(vectors[0], vectors[1]) > dot(vectors[0], vectors[2])
"""
    done = noodle("run", "-", "--json", stdin=source)
    found: dict[str, Any] = json.loads(done.out)
    assert found["error"] is None
    assert found["result"] is True
    assert found["usage"]["model_calls"] == 3
    assert found["usage"]["model_batches"] == 1


def test_run_gives_a_model_error_when_the_model_is_unknown(noodle: Command) -> None:
    done = noodle("run", "-", "--json", stdin=b'from noodle_ray import model\nmodel("minilmm")("x")')
    error = json.loads(done.out)["error"]
    assert done.status == 1
    assert error["type"] == "ModelError"
    assert "minilm" in error["message"]


def test_run_may_make_calls_early(noodle: Command, program: Write) -> None:
    assert noodle("run", program(GREET), "--args", '["Ann"]', "--speculate", "4") == (0, "hello Ann\n3\n", "")
    refused = noodle("run", program(GREET), "--speculate", "-1")
    assert (refused.status, refused.out) == (2, "")
