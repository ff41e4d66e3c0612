"""``noodle up``, ``down`` and ``status``, and ``noodle run --address``."""

import json
from pathlib import Path

import pytest

from noodle_ray import paths
from noodle_ray.cli.output import exit_status
from noodle_ray.cluster import PlatformState
from noodle_ray.cluster.environment import free_port
from tests.cli.conftest import Command


def test_status_when_nothing_was_started(noodle: Command, noodle_home: Path) -> None:
    assert json.loads(noodle("status", "--json").out) == {
        "state": "stopped",
        "stage": "",
        "url": None,
        "grpc": None,
        "token_file": None,
        "nodes": [],
        "models": [],
    }
    assert "noodle up" in noodle("status").out


@pytest.mark.parametrize(
    ("status", "codes"),
    [
        (1, ["E0101", "E0401", "E0522", "E0524", "E0740"]),
        (2, ["E0701", "E0703", "E0733", "E0743", "E0750", "E0760", "E0761", "E0770", "E0901"]),
        (3, ["E0707", "E0709", "E0757", "E0762", "E0801", "E0810", "E0820"]),
    ],
)
def test_exit_status_tells_whose_fault_it_is(status: int, codes: list[str]) -> None:
    assert {exit_status(f"NOODLE-{code}") for code in codes} == {status}


def test_commands_that_need_a_platform_say_how_it_is(
    noodle: Command, noodle_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOODLE_URL", raising=False)
    for command in (["runs", "list"], ["tools", "list"], ["programs", "list"], ["schedules", "list"]):
        done = noodle(*command)
        assert done.status == 2
        assert done.err.startswith("error: no platform runs on this machine, and this command needs one [NOODLE-E0922]")
    monkeypatch.setattr(
        "noodle_ray.cluster.launch.platform_status", lambda: PlatformState("starting", "loading the models")
    )
    done = noodle("runs", "list")
    assert (done.status, done.err) == (
        2,
        "error: the platform of this machine is starting (loading the models) [NOODLE-E0922]\n"
        "hint: `noodle status` tells when it is ready\n",
    )
    monkeypatch.setattr(
        "noodle_ray.cli.platform.platform_status", lambda: PlatformState("starting", "loading the models")
    )
    shown = noodle("status").out
    assert ("starting (loading the models)" in shown, "noodle up" in shown) == (True, False)


def test_down_when_nothing_was_started(noodle: Command, noodle_home: Path) -> None:
    assert noodle("down").out == "nothing to stop: no platform was started here\n"
    assert json.loads(noodle("down", "--json").out) == {"stopped": False}


def test_status_of_an_address_where_nothing_answers(noodle: Command) -> None:
    done = noodle("status", "--address", "http://127.0.0.1:9")
    assert done.status == 3
    assert "NOODLE-E0810" in done.err


@pytest.mark.parametrize("options", [["--port", "0"], ["--port", "99999"], ["--port", "http"]])
def test_up_is_misused_when_the_port_is_none(noodle: Command, options: list[str]) -> None:
    assert noodle("up", *options).status == 2


def test_up_says_when_the_port_is_taken(noodle: Command, noodle_home: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = noodle("up", "--port", str(taken.getsockname()[1]))
    assert done.status == 2
    assert "choose another with --port" in done.err


def test_run_at_an_address_where_nothing_answers(noodle: Command) -> None:
    done = noodle("run", "-", "--address", "http://127.0.0.1:9", "--json", stdin=b"1")
    assert done.status == 3
    assert json.loads(done.out)["error"]["code"] == "NOODLE-E0810"


@pytest.mark.cluster
def test_status_of_a_platform_that_runs(noodle: Command, platform_on_ray: PlatformState) -> None:
    found = json.loads(noodle("status", "--json").out)
    assert (found["state"], found["url"]) == ("running", platform_on_ray.url)
    assert Path(found["token_file"]).stat().st_mode & 0o077 == 0
    assert [node["state"] for node in found["nodes"]] == ["alive"]
    assert {"minilm", "smollm2"} <= {model["name"] for model in found["models"]}
    assert "minilm (embedding" in noodle("status").out


@pytest.mark.cluster
def test_run_at_the_address_of_a_platform(noodle: Command, platform_on_ray: PlatformState, tmp_path: Path) -> None:
    address = ["--address", platform_on_ray.url]
    assert noodle("run", "-", *address, stdin=b"print('hi')\n1 + 1").out == "hi\n2\n"
    module = tmp_path / "m.nbc"
    noodle("compile", "-", "-o", module, stdin=b"def main(n): return n / 0")
    done = noodle("run", module, *address, "--args", "[1]", "--json")
    assert done.status == 1
    assert json.loads(done.out)["error"]["type"] == "ZeroDivisionError"


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_up_serves_until_down(noodle_process: Command, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o700)
    (tmp_path / "home" / "cache").symlink_to(paths.cache_dir().resolve())
    home = str(tmp_path / "home")
    try:
        up = noodle_process("up", "--port", str(free_port()), "--json", NOODLE_HOME=home)
        assert up.status == 0, up.err
        url = json.loads(up.out)["url"]
        again = noodle_process("up", "--port", url.rpartition(":")[2], NOODLE_HOME=home)
        assert f"ready at {url}" in again.out
        assert noodle_process("run", "-", "--address", url, stdin=b"6 * 7", NOODLE_HOME=home).out == "42\n"
    finally:
        down = noodle_process("down", NOODLE_HOME=home)
    assert down.out == "stopped\n"
    assert json.loads(noodle_process("status", "--json", NOODLE_HOME=home).out)["state"] == "stopped"
