"""``noodle profile``: what is slow is found, by function and line; the file that speedscope opens; memory by line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Command

Write = Callable[..., Path]

BUSY = """\
def slow(n):
    total = 0
    for i in range(n):
        total += i * i % 7
    return total

def quick(n):
    return n + 1

def main():
    print("working")
    return quick(slow(1_500_000))
"""

HOLDS = """\
def main():
    small = [0]
    big = [str(n) * 10 for n in range(20_000)]
    return len(big) + len(small)
"""


def test_profile_finds_the_slow_function_and_line(noodle: Command, program: Write) -> None:
    done = noodle("profile", program(BUSY), "--json")
    assert done.status == 0
    found = json.loads(done.out)
    assert found["functions"][0]["where"] == "slow"
    assert found["lines"][0]["line"] in (3, 4)
    by_name = {each["where"]: each for each in found["functions"]}
    assert by_name["main"]["total"] > 0.9 * by_name["slow"]["own"]
    assert by_name["slow"]["fuel"] > 0.8 * found["usage"]["fuel"]
    assert sum(each["fuel"] for each in found["functions"]) <= found["usage"]["fuel"]


def test_profile_shows_the_programs_output_and_result_and_then_tables(noodle: Command, program: Write) -> None:
    done = noodle("profile", program(BUSY))
    assert done.out.startswith("working\n")
    assert "slow (line 1)" in done.err
    assert "total += i * i % 7" in done.err


def test_profile_works_as_a_command_of_its_own(noodle_process: Command, program: Write) -> None:
    done = noodle_process("profile", program(BUSY), "--json")
    assert done.status == 0, done.err
    assert json.loads(done.out)["functions"][0]["where"] == "slow"


def test_profile_writes_what_speedscope_opens(noodle: Command, program: Write, tmp_path: Path) -> None:
    target = tmp_path / "profile.json"
    noodle("profile", program(BUSY), "-o", target)
    written = json.loads(target.read_text())
    assert written["$schema"].startswith("https://www.speedscope.app")
    time, fuel = written["profiles"]
    assert (time["unit"], fuel["unit"]) == ("seconds", "none")
    for profile in (time, fuel):
        assert len(profile["samples"]) == len(profile["weights"])
        assert profile["endValue"] == pytest.approx(sum(profile["weights"]))
        assert all(0 <= frame < len(written["shared"]["frames"]) for stack in profile["samples"] for frame in stack)
    assert {"slow", "main"} <= {frame["name"] for frame in written["shared"]["frames"]}


def test_profile_finds_the_line_that_holds_the_memory(noodle: Command, program: Write) -> None:
    found = json.loads(noodle("profile", program(HOLDS), "--memory", "--json").out)
    largest = max(found["memory"], key=lambda held: held["bytes"])
    assert largest["line"] == 3
    assert largest["blocks"] >= 10_000


def test_profile_of_memory_ends_in_time_when_looking_takes_longer_than_the_timer_waits(
    noodle: Command, program: Write
) -> None:
    source = "def main():\n    return sum([len(x) for x in [[n] for n in range(200_000)]])\n"
    found = json.loads(noodle("profile", program(source), "--memory", "--json").out)
    assert found["error"] is None
    assert max(held["blocks"] for held in found["memory"]) > 100_000


def test_profiled_program_has_the_same_result_fuel_and_error(noodle: Command, program: Write) -> None:
    file = program(BUSY)
    plain = json.loads(noodle("run", file, "--json", "--tier", "python").out)
    assert json.loads(noodle("profile", file, "--json").out)["usage"]["fuel"] == plain["usage"]["fuel"]
    failing = noodle("profile", program("def main():\n    return 1 / 0\n"))
    assert failing.status == 1
    assert "ZeroDivisionError" in failing.err


def test_profile_of_a_program_stopped_by_a_limit_shows_where_it_was(noodle: Command, program: Write) -> None:
    done = noodle("profile", program("def main():\n    while True:\n        pass\n"), "--limit", "deadline=0.3")
    assert done.status == 1
    assert "NOODLE-E0403" in done.err
    assert "main (line 1)" in done.err


def test_profile_refuses_a_place_that_cannot_be_written(noodle: Command, program: Write, tmp_path: Path) -> None:
    done = noodle("profile", program("1"), "-o", tmp_path / "no" / "such.json")
    assert done.status == 2
    assert "NOODLE-E0902" in done.err
