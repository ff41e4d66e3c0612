"""``noodle runs`` against a real server."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.client.conftest import Served, platform

__all__ = ["platform"]

LENGTHS = """
from noodle_ray import model
length = model("length")

def main(words: list[str]):
    print("counting")
    return [length(word) for word in words]
"""


@pytest.fixture
def runs(noodle: Command, platform: Served, monkeypatch: pytest.MonkeyPatch) -> Command:
    """``noodle runs`` at the platform."""
    monkeypatch.setenv("NOODLE_URL", platform.url)
    monkeypatch.setenv("NOODLE_TOKEN", platform.token)
    return lambda *argv, **more: noodle("runs", *argv, **more)


def test_run_is_started_waited_for_and_shown(runs: Command, program: Callable[[str], Path]) -> None:
    file = program(LENGTHS)
    started = runs("start", file, "--args", '[["a", "bc"]]', "--key", "cli")
    run = started.out.strip()
    assert (started.status, len(run)) == (0, 32)
    assert runs("start", file, "--args", '[["a", "bc"]]', "--key", "cli").out.strip() == run
    done = runs("wait", run)
    assert (done.status, done.out) == (0, "counting\n[1, 2]\n")
    shown = runs("show", run)
    assert run in shown.out
    assert "succeeded" in shown.out
    found = json.loads(runs("show", run, "--json").out)
    assert (found["id"], found["result"], found["args"]) == (run, [1, 2], [["a", "bc"]])
    assert run in [each["id"] for each in json.loads(runs("list", "--json", "--limit", "1000").out)["runs"]]
    assert run in runs("list", "--status", "succeeded", "--since", "2020-01-01", "--limit", "1000").out
    events = runs("events", run).out.splitlines()
    assert "succeeded" in events[-1]
    lines = [json.loads(line) for line in runs("events", run, "--json").out.splitlines()]
    assert [line["type"] for line in lines][-3:] == ["effect", "effect", "succeeded"]
    after = runs("events", run, "--json", "--after", str(lines[-2]["position"])).out
    assert json.loads(after)["type"] == "succeeded"


def test_start_can_wait(runs: Command) -> None:
    done = runs("start", "-", "--wait", stdin=b"print('[bold]'); 6 * 7")
    assert (done.status, done.out) == (0, "[bold]\n42\n")
    failed = runs("start", "-", "--wait", stdin=b"raise ValueError('[red]no[/red]')")
    assert (failed.status, failed.err) == (1, "ValueError: [red]no[/red] [NOODLE-E0501]\n")
    run = json.loads(runs("list", "--json", "--limit", "1").out)["runs"][0]["id"]
    assert "[red]no[/red] [NOODLE-E0501]" in runs("show", run).out


def test_run_is_paused_resumed_cancelled_retried_and_deleted(runs: Command) -> None:
    run = runs("start", "-", "--limit", "deadline=60", stdin=b"while True: pass").out.strip()
    assert runs("pause", run).out == f"{run} is paused\n"
    assert runs("resume", run).status == 0
    assert runs("wait", run, "--timeout", "0").status == 1
    assert runs("delete", run).status == 2
    assert json.loads(runs("cancel", run, "--json").out)["status"] == "cancelled"
    assert runs("retry", run, "--limit", "fuel=1000").status == 0
    assert "NOODLE-E0401" in runs("wait", run).err
    assert json.loads(runs("show", run, "--json").out)["limits"]["deadline"] == 60
    assert runs("delete", run).out == f"deleted {run}\n"
    gone = runs("show", run, "--json")
    assert (gone.status, json.loads(gone.out)["error"]["code"]) == (2, "NOODLE-E0731")


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["list", "--status", "dead"], "NOODLE-E0924"),
        (["list", "--since", "yesterday"], "NOODLE-E0923"),
        (["start", "-", "--args", "{"], "NOODLE-E0903"),
        (["start", "-", "--tier", "fast"], "NOODLE-E0907"),
        (["start", "-", "--limit", "fule=1"], "NOODLE-E0904"),
        (["start", "nothing.noodle"], "NOODLE-E0902"),
        (["events", "nonsense"], "NOODLE-E0731"),
        (["cancel", "../models"], "NOODLE-E0705"),
    ],
)
def test_misuse_is_told(runs: Command, argv: list[str], code: str) -> None:
    done = runs(*argv, stdin=b"1")
    assert done.status in (2, 3)
    assert code in done.err


def test_without_a_platform_it_says_how_to_start_one(
    noodle: Command, noodle_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOODLE_URL", raising=False)
    done = noodle("runs", "list")
    assert done.status == 2
    assert "noodle up" in done.err


def test_run_gets_a_signal(runs: Command) -> None:
    source = b"from noodle_ray import wait_for_signal\nwait_for_signal('approval')"
    run = runs("start", "-", stdin=source).out.strip()
    wrong = runs("signal", run, "approval", "--value", "yes")
    assert (wrong.status, "NOODLE-E0925" in wrong.err) == (2, True)
    assert "NOODLE-E0734" in runs("signal", run, "").err + runs("signal", run, "x" * 201).err
    assert (
        runs("signal", run, "approval", "--value", '{"by": "Ann"}', "--key", "k").out
        == f"{run} has the signal approval\n"
    )
    assert (
        json.loads(runs("signal", run, "approval", "--value", '{"by": "Ann"}', "--key", "k", "--json").out)["id"] == run
    )
    assert runs("wait", run).out == "{'by': 'Ann'}\n"
    assert "NOODLE-E0732" in runs("signal", run, "approval").err


def test_schedule_is_set_listed_shown_and_removed(
    noodle: Command, platform: Served, program: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOODLE_URL", platform.url)
    monkeypatch.setenv("NOODLE_TOKEN", platform.token)
    assert noodle("programs", "publish", "greeting", program("def main(name):\n    return name")).status == 0
    made = noodle(
        "schedules", "set", "nightly", "greeting", "0 3 * * *", "--timezone", "Europe/Berlin", "--args", '["A"]'
    )
    assert (made.status, made.out.startswith("nightly: 2")) == (0, True)
    assert "greeting" in noodle("schedules", "list").out
    found = json.loads(noodle("schedules", "show", "nightly", "--json").out)
    assert (found["cron"], found["args"], found["enabled"]) == ("0 3 * * *", ["A"], True)
    assert noodle("schedules", "set", "nightly", "greeting", "0 3 * * *", "--off").out == "nightly: off\n"
    assert "Europe" not in noodle("schedules", "show", "nightly").out
    made = noodle("schedules", "set", "welcome", "greeting", "--topic", "joined")
    assert made.out == "welcome: at events of joined\n"
    assert "events of joined" in noodle("schedules", "list").out
    told = noodle("schedules", "tell", "joined", '"Ann"', "--id", "1")
    assert told.out.startswith("welcome: ")
    assert told.out == noodle("schedules", "tell", "joined", '"Ann"', "--id", "1").out
    assert "no schedule has the topic left" in noodle("schedules", "tell", "left").out
    assert noodle("schedules", "remove", "welcome").status == 0
    for argv, code in (
        (["set", "nightly", "greeting"], "NOODLE-E0737"),
        (["tell", "joined", "{"], "NOODLE-E0925"),
        (["tell", "no name"], "NOODLE-E0745"),
        (["set", "nightly", "greeting", "* * *"], "NOODLE-E0737"),
        (["set", "nightly", "nothing", "* * * * *"], "NOODLE-E0733"),
        (["set", "nightly", "greeting", "* * * * *", "--limit", "fule=1"], "NOODLE-E0904"),
        (["show", "weekly"], "NOODLE-E0738"),
        (["remove", "weekly"], "NOODLE-E0738"),
    ):
        done = noodle("schedules", *argv)
        assert done.status in (2, 3), done
        assert code in done.err
    file = program("def main(name):\n    return name + '!'", "own.noodle")
    assert noodle("schedules", "set", "nightly", file, "--file", "--topic", "own").status == 0
    assert noodle("schedules", "tell", "own", '"Bo"').out.startswith("nightly: ")
    assert "module" in noodle("schedules", "show", "nightly").out
    bad = noodle("schedules", "set", "nightly", program("def main(:", "bad.noodle"), "* * * * *", "--file")
    assert bad.status == 1
    assert noodle("schedules", "remove", "nightly").out == "removed nightly\n"
