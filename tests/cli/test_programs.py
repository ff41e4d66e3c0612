"""``noodle programs``, and what ``noodle runs`` does with programs and journals, against a real server."""

import io
import json
import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from noodle_ray.cli.reports import show_reports
from tests.cli.conftest import NOODLE, Command
from tests.client.conftest import Served, platform, serving

__all__ = ["platform"]

LENGTHS = """
from noodle_ray import model
length = model("length")

def main(words: list):
    return [length(word) for word in words]
"""
Write = Callable[..., Path]


@pytest.fixture
def served(noodle: Command, platform: Served, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command, at the platform."""
    monkeypatch.setenv("NOODLE_URL", platform.url)
    monkeypatch.setenv("NOODLE_TOKEN", platform.token)
    return noodle


def test_program_is_published_run_checked_aliased_and_removed(served: Command, program: Write) -> None:
    file = program(LENGTHS)
    assert served("programs", "publish", "cli", file).out == "cli@1 published\n"
    assert served("programs", "publish", "cli", file, "--alias", "prod").out == "cli@1 is there already\n"
    assert served("programs", "run", "cli@prod", "--args", '[["a", "bc"]]').out == "[1, 2]\n"
    failed = served("programs", "run", "cli", "--args", "[[1]]")
    assert (failed.status, "line 6" in failed.err, "length(word)" in failed.err) == (1, True, True)
    run = served("runs", "start", "--program", "cli@prod", "--args", '[["abc"]]', "--wait")
    assert (run.status, run.out) == (0, "[3]\n")
    other = program(LENGTHS.replace("length(word) ", "length(word[1:]) "), "other.noodle")
    checked = served("programs", "check", "cli", other)
    assert checked.status == 1
    assert "- length('abc')\n  + length('bc')\n" in checked.out
    assert checked.out.endswith("1 of 1 runs would differ\n")
    assert served("programs", "check", "cli", file).out == "0 of 1 runs would differ\n"
    for options in ([], ["--check", "5"]):
        refused = served("programs", "publish", "cli", other, *options)
        assert (refused.status, "NOODLE-E0740" in refused.err, "+ length('bc')" in refused.err) == (1, True, True)
    assert served("programs", "publish", "cli", other, "--no-check").out == "cli@2 published\n"
    assert served("programs", "alias", "cli", "prod", "2").out == "cli@prod is version 2\n"
    shown = served("programs", "show", "cli").out
    assert [line.split()[0] for line in shown.splitlines()] == ["program", "cli@2", "cli@1", "@prod"]
    assert served("programs", "show", "cli@1", "--source").out == LENGTHS
    counted = json.loads(served("programs", "show", "cli@1", "--json").out)["statistics"]
    assert (counted["started"], counted["succeeded"], counted["failed"]) == (3, 2, 1)
    assert "cli@2" in served("programs", "list").out
    assert served("programs", "alias", "cli", "prod", "--remove").out == "cli@prod is gone\n"
    assert served("programs", "remove", "cli").out == "removed cli\n"
    assert served("programs", "show", "cli").status == 2


def test_run_is_forked_and_replayed(served: Command, program: Write) -> None:
    run = served("runs", "start", program(LENGTHS), "--args", '[["a", "bc"]]').out.strip()
    served("runs", "wait", run)
    effects = [json.loads(line) for line in served("runs", "events", run, "--json").out.splitlines()]
    key = next(event["key"] for event in effects if event["type"] == "effect")
    assert served("runs", "fork", run, key, "--value", "[7]", "--wait").out == "[[7], 2]\n"
    assert served("runs", "replay", run, run).out == f"{run}: the same\n" * 2
    assert served("replay", run).out == f"{run}: the same\n"
    again = served("runs", "replay", run, "--ask", "length", "--json")
    assert (again.status, json.loads(again.out)["reports"][0]["same"]) == (0, True)
    stopped = served("runs", "replay", run, "--to-effect", "1")
    assert (stopped.status, f"{run}: stopped: it came to effect" in stopped.out) == (0, True)
    other = served("runs", "replay", run, "--with", program("def main(words): return '\x1b[31m'", "none.noodle"))
    assert other.status == 1
    assert other.out == f"{run}: differs\n  effect {key} is not asked for\n" + other.out.split("\n", 2)[2]
    assert '  result\n  - [1, 2]\n  + "\\u001b[31m"\n' in other.out


def test_runs_of_a_program_are_replayed_and_checked_in_pages(
    served: Command, program: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("noodle_ray.client.durable.PAGE", 3)
    monkeypatch.setattr("noodle_ray.client.programs.PAGE", 3)
    file = program(LENGTHS)
    served("programs", "publish", "many", file)
    runs = [
        served("runs", "start", "--program", "many", "--args", f'[["{"a" * length}"]]', "--wait", "--json").out
        for length in range(1, 8)
    ]
    ids = [json.loads(run)["id"] for run in runs]
    served("programs", "publish", "many", program(LENGTHS.replace("length(word) ", "length(word) * 1 "), "two.noodle"))
    assert served("replay", "--program", "many").out == "7 runs: 7 the same, 0 differ, 0 stopped\n"
    assert served("replay", "--program", "many@2").out == "0 runs: 0 the same, 0 differ, 0 stopped\n"
    unknown = [served("replay", "--program", name) for name in ("many@9", "mani")]
    assert [(done.status, "NOODLE-E0733" in done.err) for done in unknown] == [(2, True)] * 2
    short = program(LENGTHS.replace("length(word) ", "min(length(word), 5) "), "short.noodle")
    done = served("replay", "--program", "many@1", "--with", short, "--show", "1")
    assert (done.status, done.out.splitlines()[0]) == (1, f"{ids[6]}: gives something else")
    assert done.out.splitlines()[-1] == "7 runs: 5 the same, 2 differ, 0 stopped"
    asked = served("replay", "--program", "many", "--limit", "4", "--ask", "length=vector", "--json")
    summary = json.loads(asked.out)
    assert (asked.status, summary["runs"], summary["differs"], summary["asked"]) == (1, 4, 4, {"length": 4})
    assert [report["run"] for report in summary["first"]] == ids[:2:-1]
    stopped = served("replay", "--program", "many", "--status", "succeeded", "--to-effect", "0", "--limit", "5")
    assert (stopped.status, stopped.out.splitlines()[-1]) == (0, "5 runs: 0 the same, 0 differ, 5 stopped")
    refused = served("replay", "--program", "many", "--limit", "2", "--ask", "lenght", "--show", "9")
    assert (refused.status, refused.out.count("NOODLE-E0746")) == (1, 2)
    assert refused.out.splitlines()[-1].endswith("0 stopped, 2 could not be replayed")
    assert served("replay", "--program", "many", "--since", "2100-01-01").out.startswith("0 runs: ")
    other = program(LENGTHS.replace("length(word) ", "length(word[1:]) "), "other.noodle")
    checked = served("programs", "check", "many", other, "--show", "2")
    assert (checked.status, checked.out.splitlines()[-1]) == (1, "7 of 7 runs would differ")
    assert checked.out.count(": stopped") == 2
    assert served("programs", "check", "many", other, "--runs", "4").out.splitlines()[-1] == "4 of 4 runs would differ"
    assert served("programs", "check", "many@2", other).out == "0 of 0 runs would differ\n"
    served("programs", "remove", "many")


WAITING = """
from noodle_ray import model, wait_for_signal
length = model("length")

def main(word: str):
    before = length(word)
    return [before, wait_for_signal("go"), length(word + "!")]
"""


def test_back_up_of_finished_and_waiting_runs_goes_on_where_it_is_restored(
    noodle: Command, program: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, file = tmp_path / "first", tmp_path / "second", tmp_path / "runs.zip"
    databases = [["--database", f"sqlite:///{folder}/noodle.db"] for folder in (first, second)]
    words, waiting = program(LENGTHS, "words.noodle"), program(WAITING, "waiting.noodle")
    for folder in (first, second):
        folder.mkdir()
    with serving(first) as served:
        monkeypatch.setenv("NOODLE_URL", served.url)
        monkeypatch.setenv("NOODLE_TOKEN", served.token)
        large = json.dumps([["x" * 40_000, "bc"]])
        ended = [noodle("runs", "start", words, "--args", args).out.strip() for args in (large, "[[1]]")]
        waits = [noodle("runs", "start", waiting, "--args", f'["{word}"]').out.strip() for word in ("a", "bcd")]
        for run in ended:
            noodle("runs", "wait", run)
        await_status(noodle, waits, "waiting")
        assert noodle("runs", "backup", file, *databases[0]).out == f"backed up 4 runs: {file}\n"
        before = shown(noodle, [*ended, *waits])
    assert noodle("runs", "restore", file, *databases[1]).out == f"restored 4 runs: {file}\n"
    with serving(second) as served:
        monkeypatch.setenv("NOODLE_URL", served.url)
        assert shown(noodle, [*ended, *waits]) == before
        assert [before[run]["status"] for run in ended] == ["succeeded", "failed"]
        assert before[ended[0]]["result"] == [40_000, 2]
        assert noodle("runs", "signal", waits[1], "go", "--value", "7").status == 0
        assert noodle("runs", "wait", waits[1]).out == "[3, 7, 4]\n"
        assert served.models.batches == [1]  # what the journal had was not asked again
        assert shown(noodle, waits[:1])[waits[0]]["status"] == "waiting"
        assert noodle("runs", "replay", ended[0], waits[1]).status == 0


def shown(noodle: Command, runs: list[str]) -> dict[str, Any]:
    """All that is known of runs."""
    return {run: json.loads(noodle("runs", "show", run, "--json").out) for run in runs}


def await_status(noodle: Command, runs: list[str], status: str) -> None:
    """Wait until all of these runs are in a status."""
    deadline = time.monotonic() + 20
    while {found["status"] for found in shown(noodle, runs).values()} != {status}:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_runs_are_watched_as_lines_until_all_have_ended(served: Command, program: Write, platform: Served) -> None:
    done = served("runs", "start", program(LENGTHS), "--args", '[["a", "bc"]]', "--wait", "--json")
    ended = json.loads(done.out)["id"]
    waiting = served("runs", "start", program(WAITING, "waiting.noodle"), "--args", '["a"]').out.strip()
    await_status(served, [waiting], "waiting")
    environment = os.environ | {"NOODLE_URL": platform.url, "NOODLE_TOKEN": platform.token}
    command = [NOODLE, "runs", "watch", ended, waiting, "--interval", "0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as watching:
        assert watching.stdout is not None
        first = [watching.stdout.readline().split()[2:] for _ in range(2)]
        assert [line[:4] for line in first] == [
            [waiting, "waiting", "1", "effect"],
            [ended, "succeeded", "2", "effects"],
        ]
        assert first[0][-1] == "go"
        assert served("runs", "signal", waiting, "go", "--value", "7").status == 0
        last = watching.stdout.read().splitlines()[-1].split()[2:]
        assert last[:4] == [waiting, "succeeded", "3", "effects"]
    assert watching.returncode == 0
    told = served("runs", "watch", ended, waiting, "--json").out.splitlines()
    assert [(one["id"], one["effects"]) for one in map(json.loads, told)] == [(waiting, 3), (ended, 2)]
    assert served("runs", "watch", "--status", "dead").status == 2


def test_table_of_runs_is_drawn_anew_on_a_terminal_until_ctrl_c(
    served: Command, program: Write, platform: Served
) -> None:
    waiting = served("runs", "start", program(WAITING), "--args", '["a"]').out.strip()
    await_status(served, [waiting], "waiting")
    ours, theirs = pty.openpty()
    environment = os.environ | {"NOODLE_URL": platform.url, "NOODLE_TOKEN": platform.token, "COLUMNS": "140"}
    environment |= {"TERM": "xterm", "NO_COLOR": "1"}
    watching = subprocess.Popen([NOODLE, "runs", "watch", "--interval", "0.1"], stdout=theirs, env=environment)
    os.close(theirs)
    screen = _Screen(ours)
    try:
        screen.shows(f"{waiting} *waiting .*1 .* go")
        assert served("runs", "signal", waiting, "go", "--value", "7").status == 0
        screen.shows(f"{waiting} *succeeded .*3 ")
        watching.send_signal(signal.SIGINT)
        assert watching.wait(20) == 0
    finally:
        watching.kill()
        watching.wait()
        os.close(ours)


class _Screen:
    """What a terminal was told."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._text = ""

    def shows(self, pattern: str) -> None:
        """Read until this was shown."""
        deadline = time.monotonic() + 30
        while not re.search(pattern, self._text):
            assert time.monotonic() < deadline, self._text
            self._text += os.read(self._terminal, 65_536).decode()


def test_back_up_refuses_what_it_cannot_do(noodle: Command, noodle_home: Path, tmp_path: Path) -> None:
    file = tmp_path / "runs.zip"
    nothing = noodle("runs", "backup", file)
    assert (nothing.status, "NOODLE-E0930" in nothing.err) == (2, True)
    (tmp_path / "noodle.db").touch()
    place = ["--database", f"sqlite:///{tmp_path}/noodle.db"]
    assert noodle("runs", "backup", file, *place).out == f"backed up 0 runs: {file}\n"
    again = noodle("runs", "backup", file, *place)
    assert (again.status, "NOODLE-E0823" in again.err) == (3, True)
    for argv in (["restore", file, "--database", "mysql://x"], ["restore", tmp_path, *place]):
        assert noodle("runs", *argv).status in (2, 3)


def test_vacuum_gives_back_what_deleted_runs_took(
    noodle: Command, program: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "NOODLE-E0930" in noodle("runs", "vacuum", "--database", f"sqlite:///{tmp_path}/none.db").err
    place = ["--database", f"sqlite:///{tmp_path}/noodle.db"]
    with serving(tmp_path) as served:
        monkeypatch.setenv("NOODLE_URL", served.url)
        monkeypatch.setenv("NOODLE_TOKEN", served.token)
        file = program(LENGTHS)
        words = json.dumps([["x" * 1000] * 12])
        runs = [noodle("runs", "start", file, "--args", words, "--wait", "--json").out for _ in range(10)]
        ids = [json.loads(run)["id"] for run in runs]
        assert noodle("runs", "delete", *ids[1:]).status == 0
        assert json.loads(noodle("runs", "vacuum", *place, "--json").out)["freed_bytes"] > 100_000
        assert noodle("runs", "vacuum", *place).out == "0.0 MiB given back\n"
        assert noodle("runs", "wait", ids[0]).status == 0


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["programs", "publish", "a b", "-"], "NOODLE-E0741"),
        (["programs", "show", "../runs"], "NOODLE-E0705"),
        (["programs", "alias", "a", "prod"], "NOODLE-E0928"),
        (["programs", "alias", "a", "prod", "1", "--remove"], "NOODLE-E0928"),
        (["programs", "run", "nothing"], "NOODLE-E0733"),
        (["programs", "check", "nothing", "-"], "NOODLE-E0733"),
        (["runs", "start"], "NOODLE-E0929"),
        (["runs", "start", "-", "--program", "p"], "NOODLE-E0929"),
        (["runs", "fork", "0", "/1", "--value", "{"], "NOODLE-E0932"),
        (["runs", "replay", "0"], "NOODLE-E0731"),
        (["replay"], "NOODLE-E0936"),
        (["replay", "0", "--all"], "NOODLE-E0936"),
        (["replay", "0", "--program", "p"], "NOODLE-E0936"),
        (["replay", "--program", "p@"], "NOODLE-E0741"),
        (["replay", "--all", "--status", "dead"], "NOODLE-E0924"),
        (["replay", "--all", "--since", "soon"], "NOODLE-E0923"),
        (["replay", "0", "--ask", "=a"], "NOODLE-E0937"),
        (["replay", "0", "--ask", "a="], "NOODLE-E0937"),
        (["replay", "0", "--ask", "a=b", "--ask", "a"], "NOODLE-E0937"),
        (["replay", "0", "--budget", "calls=1"], "NOODLE-E0904"),
    ],
)
def test_misuse_is_told(served: Command, argv: list[str], code: str) -> None:
    done = served(*argv, stdin=b"1")
    assert done.status in (2, 3)
    assert code in done.err


def test_budget_is_given_to_runs(served: Command, program: Write) -> None:
    file = program(LENGTHS)
    done = served("runs", "start", file, "--args", '[["a", "b"]]', "--budget", "model_calls=1", "--wait")
    assert (done.status, "NOODLE-E0522" in done.err) == (1, True)
    run = json.loads(served("runs", "list", "--json", "--limit", "1").out)["runs"][0]
    assert run["budget"] == {"model_calls": 1}
    served("runs", "retry", run["id"], "--budget", "model_calls=2")
    assert served("runs", "wait", run["id"]).out == "[1, 1]\n"
    for wrong in ("calls=1", "tokens=x", "cost=-1", "tokens"):
        assert "NOODLE-E0904" in served("runs", "start", file, "--budget", wrong).err


def test_report_says_how_much_it_does_not_list() -> None:
    found = {
        "run": "r",
        "stopped": "",
        "same": False,
        "fits": False,
        "divergences": [],
        "changes": [],
        "unused": ["/1"],
    }
    stream = io.StringIO()
    show_reports([{**found, "more": {"unused": 5}, "differences": {}}], stream)
    assert stream.getvalue() == "r: differs\n  effect /1 is not asked for\n  and 5 more that are not asked for\n"
