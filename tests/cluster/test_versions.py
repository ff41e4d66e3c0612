"""Versions of a model on the platform while it runs: aliases, pins, and a version that is broken."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from noodle_ray.ahr import Registry, make_spec
from tests.ahr.test_versions import times

pytestmark = [pytest.mark.cluster, pytest.mark.models]

PATIENCE = 120.0  # seconds


def _ask(client: httpx.Client, reference: str) -> Any:
    """The first number that the model answers, or the code of the error."""
    reply = client.post(f"/v1/models/{reference}/infer", json={"inputs": [[1.0]]}).json()
    return reply["outputs"][0]["y"][0] if "outputs" in reply else reply.get("code")


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.2)


def test_broken_version_is_marked_and_the_old_one_answers(client: httpx.Client, tmp_path: Path) -> None:
    registry = Registry()
    two, three = (make_spec("times", f"onnx:{times(tmp_path / f'{n}.onnx', n)}", version=str(n)) for n in (2, 3))
    (tmp_path / "3.onnx").write_bytes((tmp_path / "3.onnx").read_bytes()[:-7])
    try:
        registry.add(two)
        registry.alias("times", "prod", "2")
        ends = ("", "@prod", "@2", f"@{two.digest[:8]}")
        _until(lambda: [_ask(client, f"times{end}") for end in ends] == [2, 2, 2, 2])
        assert _ask(client, "times@9") == "NOODLE-E0601"
        registry.add(three, default=True)
        _until(lambda: ("times", "3") in registry.failures())
        assert registry.failures()["times", "3"].code == "NOODLE-E0612"
        # Who names a version gets no other.
        _until(lambda: [_ask(client, f"times{end}") for end in ("", "@prod", "@3")] == [2, 2, "NOODLE-E0604"])
        listed = [model["id"] for model in client.get("/v1/models").json()["data"]]
        assert {"times", "times@prod"} <= set(listed)
        assert client.get("/readyz").status_code == 200
    finally:
        registry.remove("times")
        _until(lambda: _ask(client, "times") == "NOODLE-E0601")
