"""Models from stores: in memory, on disk, and on a web server."""

import os
import shutil
from pathlib import Path

import fsspec
import pytest

from noodle_ray.ahr import LocalModels, Registry, make_spec
from noodle_ray.ahr.engines.load import load_engine
from noodle_ray.ahr.sources import resolve, stores
from noodle_ray.ahr.sources.stores import _Download
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError
from tests.ahr.sources.conftest import Site


@pytest.fixture
def memory() -> fsspec.AbstractFileSystem:
    store = fsspec.filesystem("memory")
    store.store.clear()
    return store


def _refused(spec: ModelSpec) -> ModelError:
    with pytest.raises(ModelError) as caught:
        resolve(spec)
    assert caught.value.code == "NOODLE-E0602"
    return caught.value


def test_model_of_a_store_is_fetched_once_and_answers(
    memory: fsspec.AbstractFileSystem, noodle_home: Path, graph: bytes
) -> None:
    memory.pipe({"/shelf/m/net.onnx": graph, "/shelf/m/run.py": b"raise SystemExit", "/shelf/m/LICENSE": b"MIT"})
    said: list[str] = []
    spec = make_spec("net", "memory://shelf/m", progress=said.append)
    assert "net: 0.3 MB of 0.3 MB" in said
    path = resolve(spec)
    assert (path.name, path.read_bytes()) == ("net.onnx", graph)
    assert [one.name for one in path.parent.iterdir()] == ["net.onnx"]  # no code, nothing that is no model file
    memory.store.clear()
    assert resolve(spec) == path
    Registry().add(spec)
    with LocalModels() as models:
        assert len(models.call("net", [0.0] * 75_000)["y"]) == 75_000


def test_new_content_under_the_same_url_is_another_version(
    memory: fsspec.AbstractFileSystem, noodle_home: Path, graph: bytes
) -> None:
    memory.pipe("/shelf/net.onnx", graph)
    first = make_spec("net", "memory://shelf/net.onnx")
    memory.pipe("/shelf/net.onnx", graph[:-4] + b"\0\0\0\1")
    second = make_spec("net", "memory://shelf/net.onnx")
    assert first.version != second.version
    assert resolve(first).read_bytes() == graph
    assert resolve(second).read_bytes() != graph


def test_store_that_gives_other_files_is_refused_until_it_has_the_right_ones(
    memory: fsspec.AbstractFileSystem, noodle_home: Path, graph: bytes
) -> None:
    memory.pipe("/shelf/net.onnx", graph)
    spec = make_spec("net", "memory://shelf/net.onnx")
    shutil.rmtree(noodle_home / "cache" / "stores")
    memory.pipe("/shelf/net.onnx", graph[:-4] + b"\0\0\0\1")
    for _ in range(2):
        with pytest.raises(ModelError) as caught:
            load_engine(spec)
        assert caught.value.code == "NOODLE-E0612"
    memory.pipe("/shelf/net.onnx", graph)
    load_engine(spec).close()


def test_file_url_is_a_store(tmp_path: Path, noodle_home: Path, graph: bytes) -> None:
    (tmp_path / "net.onnx").write_bytes(graph)
    assert resolve(ModelSpec("net", f"file://{tmp_path}/net.onnx")).read_bytes() == graph


def test_download_over_http_goes_on_where_it_broke_off(
    site: Site, noodle_home: Path, graph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "_CHUNK", 100_000)
    site.put("/net.onnx", graph, ETag='"1"')
    site.break_off["/net.onnx"] = (1, 70_000)
    spec = ModelSpec("net", f"{site.url}/net.onnx")
    _refused(spec)
    (part,) = noodle_home.rglob("parts/*")
    assert part.read_bytes() == graph[:100_000]
    assert resolve(spec).read_bytes() == graph
    assert [asked.partition("-")[0] for asked in site.ranges("/net.onnx")] == [
        "bytes=0", "bytes=100000", "bytes=100000", "bytes=200000", "bytes=300000",
    ]  # fmt: skip
    assert not list(noodle_home.rglob("parts"))


def test_part_of_another_file_is_not_gone_on_with(
    site: Site, noodle_home: Path, graph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "_CHUNK", 100_000)
    site.put("/net.onnx", graph, ETag='"1"')
    site.break_off["/net.onnx"] = (1, 10)
    spec = ModelSpec("net", f"{site.url}/net.onnx")
    _refused(spec)
    other = graph[:-4] + b"\0\0\0\1"
    site.put("/net.onnx", other, ETag='"2"')
    assert resolve(spec).read_bytes() == other


def test_store_whose_package_is_missing_names_it(noodle_home: Path) -> None:
    error = _refused(ModelSpec("m", "s3://bucket/model"))
    assert error.hint == "pip install s3fs"


@pytest.mark.parametrize("url", ["memory://none/such", "http://127.0.0.1:9/x.onnx", "file:///no/such/folder"])
def test_store_that_has_nothing_there_is_named(url: str, noodle_home: Path) -> None:
    assert url.rpartition("/")[2] in _refused(ModelSpec("m", url)).message


@pytest.mark.parametrize("name", ["../evil.onnx", "a/../../evil.onnx", "a//b.onnx", "b\\c.onnx", "new\nline.onnx"])
def test_name_that_leads_elsewhere_is_refused(
    name: str, memory: fsspec.AbstractFileSystem, noodle_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe("/shelf/ok.onnx", b"x")
    monkeypatch.setattr(type(memory), "find", lambda self, path, **_: {f"/shelf/{name}": {"size": 1}})
    assert "unusable name" in _refused(ModelSpec("m", "memory://shelf")).message
    assert not list(noodle_home.rglob("*.onnx"))


def test_store_with_too_many_files_is_refused(
    memory: fsspec.AbstractFileSystem, noodle_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = {f"/shelf/{number}.onnx": {"size": 1} for number in range(10_001)}
    monkeypatch.setattr(type(memory), "find", lambda self, path, **_: many)
    assert "10,001 model files" in _refused(ModelSpec("m", "memory://shelf/")).message


def test_file_that_ends_early_is_refused(
    memory: fsspec.AbstractFileSystem, noodle_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe("/shelf/net.onnx", b"12345")
    monkeypatch.setattr(_Download, "_remote", lambda self: {"net.onnx": ("/shelf/net.onnx", 9, "mark")})
    assert "ended after 5 of 9 bytes" in _refused(ModelSpec("m", "memory://shelf")).message


@pytest.mark.parametrize("source", ["s3:bucket", "memory:x", "simplecache::s3://b/x", "http:x", "file:x"])
def test_url_is_refused_when_it_is_none(source: str) -> None:
    with pytest.raises(ModelError) as caught:
        ModelSpec("m", source)
    assert caught.value.code == "NOODLE-E0606"


def test_damaged_manifest_is_made_anew(memory: fsspec.AbstractFileSystem, noodle_home: Path, graph: bytes) -> None:
    memory.pipe("/shelf/net.onnx", graph)
    spec = ModelSpec("net", "memory://shelf/net.onnx")
    path = resolve(spec)
    manifest = path.parent.parent / "manifest.json"
    manifest.write_bytes(b"[")
    os.truncate(path, 5)
    assert resolve(spec).read_bytes() == graph
