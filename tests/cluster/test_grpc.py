"""Triton's client over gRPC against the whole platform on Ray, with a real model."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from noodle_ray.cluster import PlatformState

pytestmark = [pytest.mark.cluster, pytest.mark.models]


@pytest.fixture
def bearer(platform_on_ray: PlatformState) -> dict[str, str]:
    """The metadata that opens the platform."""
    return {"authorization": f"Bearer {Path(platform_on_ray.token_file).read_text().strip()}"}


@pytest.fixture
def triton(platform_on_ray: PlatformState) -> Iterator[Any]:
    """Triton's client."""
    with InferenceServerClient(platform_on_ray.grpc) as client:
        yield client


def _texts(*texts: str) -> InferInput:
    made = InferInput("texts", [len(texts)], "BYTES")
    made.set_data_from_numpy(np.array([text.encode() for text in texts], np.object_))
    return made


def test_model_answers_as_it_does_over_http(triton: Any, bearer: dict[str, str], client: httpx.Client) -> None:
    assert triton.is_server_live()
    assert triton.is_server_ready()
    assert triton.get_model_metadata("minilm", headers=bearer).outputs[0].shape == [-1, 384]
    texts = ["good morning", "grüße"]
    outputs = client.post("/v1/models/minilm/infer", json={"inputs": texts}).json()["outputs"]
    vectors = triton.infer("minilm", [_texts(*texts)], headers=bearer).as_numpy("vectors")
    assert np.allclose(vectors, outputs, atol=1e-6)
    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(lambda n: triton.infer("minilm", [_texts(texts[n % 2])], headers=bearer), range(16)))
    for n, reply in enumerate(told):
        assert np.allclose(reply.as_numpy("vectors")[0], outputs[n % 2], atol=1e-6)
    streamed: list[Any] = []
    triton.start_stream(lambda result, error: streamed.append(result.as_numpy("vectors")[0]), headers=bearer)
    for text in texts:
        triton.async_stream_infer("minilm", [_texts(text)])
    triton.stop_stream()
    assert np.allclose(streamed, outputs, atol=1e-6)


def test_strangers_are_refused(triton: Any, bearer: dict[str, str]) -> None:
    with pytest.raises(InferenceServerException, match="UNAUTHENTICATED"):
        triton.infer("minilm", [_texts("x")])
    with pytest.raises(InferenceServerException, match="NOT_FOUND"):
        triton.infer("nope", [_texts("x")], headers=bearer)


def test_port_is_the_platforms_address_alone(platform_on_ray: PlatformState) -> None:
    port = int(platform_on_ray.grpc.rpartition(":")[2])
    listening = [c.laddr.ip for c in psutil.net_connections("tcp") if c.status == "LISTEN" and c.laddr.port == port]
    assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}
