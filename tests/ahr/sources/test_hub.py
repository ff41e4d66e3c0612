"""Downloads from a Hugging Face endpoint: a server on loopback, through the real client, in a process of its own."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.ahr.sources.conftest import Site, adder_of

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NOODLE = str(Path(sys.executable).parent / "noodle")


def _publish(site: Site, name: str, files: dict[str, bytes], announced: dict[str, str] | None = None) -> None:
    """Put a repository on the server as the hub's API has it; ``announced`` are false digests."""
    blobs = []
    for file, body in files.items():
        etag = (announced or {}).get(file) or hashlib.sha256(body).hexdigest()
        site.put(
            f"/{name}/resolve/{COMMIT}/{file}", body,
            ETag=f'"{etag}"', X_Linked_ETag=f'"{etag}"', X_Linked_Size=str(len(body)), X_Repo_Commit=COMMIT,
        )  # fmt: skip
        blobs.append({"type": "file", "path": file, "size": len(body), "oid": etag[:40]})
    about = {"id": name, "sha": COMMIT, "siblings": [{"rfilename": file} for file in files]}
    for revision in ("main", COMMIT):
        site.put(f"/api/models/{name}/revision/{revision}", json.dumps(about).encode(), Content_Type="application/json")
        site.put(f"/api/models/{name}/tree/{revision}", json.dumps(blobs).encode(), Content_Type="application/json")


@pytest.fixture
def noodle(site: Site, tmp_path: Path) -> Any:
    """Run the command against the server; gives the exit status, the JSON on stdout, and stderr."""
    environment = os.environ | {
        "HF_ENDPOINT": site.url,
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
        "NOODLE_HOME": str(tmp_path / "home"),
    }

    def call(*argv: str, as_json: bool = True) -> tuple[int, Any, str]:
        command = [NOODLE, "models", *argv, *(["--json"] if as_json else [])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
        return done.returncode, json.loads(done.stdout) if as_json else done.stdout, done.stderr

    return call


def test_model_of_an_endpoint_is_pinned_shown_and_pulled_again(site: Site, noodle: Any) -> None:
    graph = adder_of(3 << 20)
    readme = b"---\nlanguage: en\nlicense: mit\n---\n# A net\n"
    _publish(site, "org/net", {"net.onnx": graph, "README.md": readme, "run.py": b"raise SystemExit", "w.bin": b"x"})
    file = f"/org/net/resolve/{COMMIT}/net.onnx"
    site.break_off[file] = (0, 11 << 20)
    status, out, err = noodle("add", "net", "hf:org/net", "--option", "file=net.onnx", as_json=False)
    assert status == 0, err
    assert f"added net@{COMMIT[:12]}" in out
    assert "net: 12.6 MB of 12.6 MB" in err
    assert f"bytes={10 << 20}-" in site.ranges(file)  # it broke off, and went on
    assert not [path for method, path, _ in site.requests if path.endswith((".py", ".bin"))]
    _, shown, _ = noodle("show", "net")
    assert shown["options"] == {"file": "net.onnx", "revision": COMMIT}
    assert shown["provenance"]["revision"] == COMMIT
    assert shown["size"] == len(graph)
    before = len(site.requests)
    status, pulled, _ = noodle("pull", "net")
    assert (status, pulled["pulled"][0]["digest"]) == (0, shown["digest"])
    # A pinned revision that is here needs no network; what the client asks for itself is its own affair.
    assert [path for _, path, _ in site.requests[before:] if "org/net" in path] == []


def test_file_that_is_not_what_was_announced_is_refused_and_removed(
    site: Site, noodle: Any, graph: bytes, tmp_path: Path
) -> None:
    _publish(site, "org/net", {"net.onnx": graph}, {"net.onnx": "ab" * 32})
    status, out, _ = noodle("add", "net", "hf:org/net", "--option", "file=net.onnx")
    assert status == 2
    assert out["error"]["code"] == "NOODLE-E0612"
    assert not list((tmp_path / "hf").rglob("net.onnx"))


def test_repository_that_is_not_there_is_named(site: Site, noodle: Any) -> None:
    status, out, _ = noodle("add", "net", "hf:org/none")
    assert (status, out["error"]["code"]) == (2, "NOODLE-E0602")
    assert "org/none" in out["error"]["message"]
