"""Triton's own client, Hugging Face's, and the whole platform on Ray, with real models of four tasks."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnx
import pytest
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError
from onnx import TensorProto, helper
from tritonclient.http import InferenceServerClient, InferenceServerClientPlugin, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from noodle_ray.ahr import Registry, make_spec
from noodle_ray.ahr.sources import resolve
from noodle_ray.cluster import PlatformState
from tests.ahr import tiny
from tests.cluster.load import Load
from tests.cluster.processes import replicas

pytestmark = [pytest.mark.cluster, pytest.mark.models]

PATIENCE = 120.0  # seconds
TYPES: dict[str, tuple[int, Any]] = {
    "b": (TensorProto.BOOL, np.bool_), "i8": (TensorProto.INT8, np.int8), "i16": (TensorProto.INT16, np.int16),
    "i32": (TensorProto.INT32, np.int32), "i64": (TensorProto.INT64, np.int64), "u8": (TensorProto.UINT8, np.uint8),
    "u16": (TensorProto.UINT16, np.uint16), "u32": (TensorProto.UINT32, np.uint32),
    "u64": (TensorProto.UINT64, np.uint64), "f16": (TensorProto.FLOAT16, np.float16),
    "f32": (TensorProto.FLOAT, np.float32), "f64": (TensorProto.DOUBLE, np.float64),
    "s": (TensorProto.STRING, np.object_),
}  # fmt: skip
NAMES = ("same", "moods", "ranks")


def _same(path: Path) -> Path:
    """A graph that gives back a tensor of each type, of three axes."""
    ports = [
        [helper.make_tensor_value_info(f"{name}{end}", kind, ["n", 2, 2]) for name, (kind, _) in TYPES.items()]
        for end in ("", "_out")
    ]
    nodes = [helper.make_node("Identity", [name], [f"{name}_out"]) for name in TYPES]
    graph = helper.make_graph(nodes, "same", *ports)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), str(path))
    return path


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.2)


def _executors(platform: PlatformState) -> set[int]:
    return {process.pid for process in replicas(platform, "Executor")}


@pytest.fixture(scope="module")
def token(platform_on_ray: PlatformState) -> str:
    """The platform's token."""
    return Path(platform_on_ray.token_file).read_text().strip()


@pytest.fixture(scope="module")
def served(platform_on_ray: PlatformState, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    """The platform with a tensor model, a classifier and a reranker beside what it has; and how a load fared when they
    came.
    """
    folder = tmp_path_factory.mktemp("served")
    registry = Registry()
    tokenizer = resolve(registry.get("minilm"))
    head = "BertForSequenceClassification"
    sources = {
        "same": f"onnx:{_same(folder / 'same.onnx')}",
        "moods": f"path:{tiny.bert(folder / 'moods', head, tokenizer, **tiny.labels('bad', 'good', 'mixed'))}",
        "ranks": f"path:{tiny.bert(folder / 'ranks', head, tokenizer, num_labels=1)}",
    }
    with httpx.Client(base_url=platform_on_ray.url, headers={"Authorization": f"Bearer {token}"}) as client:

        def status(name: str) -> int:
            return client.get(f"/v2/models/{name}/ready", timeout=60).status_code

        try:
            executors = _executors(platform_on_ray)
            with Load(platform_on_ray, token) as load:
                for name, source in sources.items():
                    registry.add(make_spec(name, source, version="7"))
                _until(lambda: [status(name) for name in NAMES] == [200] * 3)
            assert executors
            assert _executors(platform_on_ray) == executors
            yield load
        finally:
            with Load(platform_on_ray, token) as load:
                for name in NAMES:
                    registry.remove(name)
                _until(lambda: [status(name) for name in NAMES] == [404] * 3)
            assert not load.failures  # what goes may have been called; nothing else notices


class _Bearer(InferenceServerClientPlugin):  # type: ignore[misc]
    """Adds the token to each request of Triton's client."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: Any) -> None:
        request.headers["Authorization"] = f"Bearer {self._token}"


@pytest.fixture
def triton(platform_on_ray: PlatformState, token: str, served: Load) -> Iterator[Any]:
    """Triton's client; its calls get the token."""
    with InferenceServerClient(platform_on_ray.url.removeprefix("http://"), network_timeout=60) as client:
        client.register_plugin(_Bearer(token))
        yield client


def _input(name: str, data: Any, binary: bool = True) -> InferInput:
    made = InferInput(name, data.shape, np_to_triton_dtype(data.dtype))
    made.set_data_from_numpy(data, binary_data=binary)
    return made


def _texts(name: str, *texts: str, binary: bool = True) -> InferInput:
    return _input(name, np.array([text.encode() for text in texts], np.object_), binary)


def test_no_request_fails_while_models_come(served: Load) -> None:
    assert not served.failures
    assert min(served.counts.values()) > 1
    assert len(served.counts) == 8


def test_health_and_metadata(triton: Any, platform_on_ray: PlatformState) -> None:
    with InferenceServerClient(platform_on_ray.url.removeprefix("http://")) as stranger:
        assert stranger.is_server_live()
        assert stranger.is_server_ready()
        assert not stranger.is_model_ready("minilm")
        with pytest.raises(InferenceServerException, match="needs a token"):
            stranger.get_model_metadata("minilm")
    assert triton.is_model_ready("minilm")
    assert triton.is_model_ready("same", "7")
    assert not triton.is_model_ready("same", "8")
    assert "binary_tensor_data" in triton.get_server_metadata()["extensions"]
    minilm = triton.get_model_metadata("minilm")
    assert (minilm["platform"], minilm["inputs"][0]["datatype"]) == ("onnxruntime", "BYTES")
    assert minilm["outputs"] == [{"name": "vectors", "datatype": "FP32", "shape": [-1, 384]}]
    same = triton.get_model_metadata("same")
    assert same["versions"] == ["7"]
    for port in same["inputs"]:
        assert port == {
            "name": port["name"],
            "datatype": np_to_triton_dtype(np.dtype(TYPES[port["name"]][1])),
            "shape": [-1, 2, 2],
        }


def _tensors() -> dict[str, Any]:
    random = np.random.default_rng(7)
    made: dict[str, Any] = {}
    for name, (_, dtype) in TYPES.items():
        if dtype is np.object_:
            made[name] = np.array([["a", ""], ["grüße", "d" * 300]] * 3, object).reshape(3, 2, 2)
        elif issubclass(dtype, np.integer):
            info = np.iinfo(dtype)
            made[name] = random.integers(info.min, info.max, (3, 2, 2), dtype, endpoint=True)
            made[name][0, 0] = info.min, info.max
        else:
            made[name] = random.normal(size=(3, 2, 2)).astype(dtype)
    return made


@pytest.mark.parametrize("binary", [True, False])
def test_tensors_of_every_type_go_through_a_graph(triton: Any, binary: bool) -> None:
    tensors = _tensors()
    inputs = [
        _input(name, np.char.encode(data.astype(str)).astype(object) if name == "s" else data, binary or name == "f16")
        for name, data in tensors.items()
    ]  # Triton's client has half floats in binary only
    wanted = [InferRequestedOutput(f"{name}_out", binary_data=binary or name == "f16") for name in tensors]
    told = triton.infer("same", inputs, "7", outputs=wanted, request_id="42")
    assert told.get_response()["id"] == "42"
    for name, data in tensors.items():
        output = told.as_numpy(f"{name}_out")
        if name == "s":
            output = np.array([one.decode() if binary else one for one in output.ravel()], object).reshape(output.shape)
        assert output.dtype == data.dtype, name
        assert np.array_equal(output, data), name
    assert np.array_equal(triton.infer("same", inputs).as_numpy("f64_out"), tensors["f64"])


def test_models_of_texts_answer_as_they_do_elsewhere(triton: Any, client: httpx.Client) -> None:
    def asked(model: str, inputs: list[Any]) -> list[Any]:
        reply = client.post(f"/v1/models/{model}/infer", json={"inputs": inputs})
        assert reply.status_code == 200, reply.text
        outputs: list[Any] = reply.json()["outputs"]
        return outputs

    texts = ["good morning", "grüße", "a longer text about nothing in particular"]
    vectors = triton.infer("minilm", [_texts("texts", *texts)]).as_numpy("vectors")
    assert (vectors.dtype, vectors.shape) == (np.float32, (3, 384))
    assert np.allclose(vectors, asked("minilm", texts), atol=1e-6)
    moods = triton.infer("moods", [_texts("texts", *texts)])
    expected = asked("moods", texts)
    assert [label.decode() for label in moods.as_numpy("label")] == [one["label"] for one in expected]
    assert np.allclose(moods.as_numpy("scores"), [list(one["scores"].values()) for one in expected], atol=1e-6)
    ranked = triton.infer("ranks", [_texts("query", "hello", binary=False), _texts("documents", *texts)])
    source = "from noodle_ray import model\nrank = model('ranks')\ndef main(texts):\n    return rank('hello', texts)\n"
    scores = client.post("/v1/run", json={"source": source, "args": [texts]}).json()["result"]
    assert np.allclose(ranked.as_numpy("scores"), scores, atol=1e-6)


def test_requests_at_once_get_their_own_answers(triton: Any, platform_on_ray: PlatformState, token: str) -> None:
    host = platform_on_ray.url.removeprefix("http://")
    alone = [triton.infer("minilm", [_texts("texts", f"text {n}")]).as_numpy("vectors") for n in range(4)]

    def ask(n: int) -> Any:
        with InferenceServerClient(host, network_timeout=60) as own:
            headers = {"Authorization": f"Bearer {token}"}
            told = own.infer("minilm", [_texts("texts", f"text {n % 4}")], headers=headers)
            return told.as_numpy("vectors")

    with ThreadPoolExecutor(8) as threads:
        for n, vectors in enumerate(threads.map(ask, range(16))):
            assert np.allclose(vectors, alone[n % 4], atol=1e-6)


def test_refusals_raise_in_tritons_client(triton: Any) -> None:
    for model, inputs, message in (
        ("nope", [_texts("texts", "x")], "nope"),
        ("minilm", [_texts("text", "x")], "takes the inputs texts"),
        ("minilm", [_input("texts", np.zeros(1, np.int32))], "must be BYTES, not INT32"),
        ("minilm", [_texts("texts", *["x"] * 1025)], "1 to 1024 texts"),
        ("smollm2", [_texts("prompt", "x")], "takes no tensors"),
        ("same", [_input("f64", np.zeros((1, 2, 2)))], "takes the inputs"),
    ):
        with pytest.raises(InferenceServerException, match=message):
            triton.infer(model, inputs)
    with pytest.raises(InferenceServerException, match="compressed"):
        triton.infer("minilm", [_texts("texts", "x")], request_compression_algorithm="gzip")
    with pytest.raises(InferenceServerException, match="nothing for POST"):
        triton.get_model_repository_index()


def test_hugging_faces_client_embeds(
    platform_on_ray: PlatformState, token: str, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)  # it asks the platform, and no hub
    embedder = InferenceClient(f"{platform_on_ray.url}/embed", token=token, timeout=60)
    texts = ["good morning", "a rather longer text about nothing in particular"]
    vectors = embedder.feature_extraction(texts, normalize=True, truncate=True, truncation_direction="right")  # type: ignore[arg-type]
    outputs = client.post("/v1/models/minilm/infer", json={"inputs": texts}).json()["outputs"]
    assert np.allclose(vectors, outputs, atol=1e-6)
    assert embedder.feature_extraction("x", dimensions=8).shape == (1, 8)
    with pytest.raises(HfHubHTTPError, match="424"):
        InferenceClient(f"{platform_on_ray.url}/embed?model=smollm2", token=token).feature_extraction("x")
    for bad, status, message in (
        ({"inputs": "word " * 600, "truncate": False}, 413, "more than 256 tokens"),
        ({"inputs": "x", "normalize": False}, 422, "have length 1"),
        ({"inputs": ["x"] * 33}, 413, "batch size 33"),
    ):
        reply = client.post("/embed", json=bad)
        assert (reply.status_code, message in reply.json()["error"]) == (status, True), reply.text


def test_rerank_and_predict_answer_as_programs_are_answered(served: Load, client: httpx.Client) -> None:
    texts = ["red apples", "the sea", "a long walk along the river"]
    ranks = client.post("/rerank", json={"query": "water", "texts": texts, "return_text": True}).json()
    source = "from noodle_ray import model\nrank = model('ranks')\ndef main(texts):\n    return rank('water', texts)\n"
    scores = client.post("/v1/run", json={"source": source, "args": [texts]}).json()["result"]
    assert [one["score"] for one in ranks] == pytest.approx(sorted(scores, reverse=True), abs=1e-6)
    assert [one["text"] for one in ranks] == [texts[one["index"]] for one in ranks]
    assert sorted(one["index"] for one in ranks) == [0, 1, 2]
    raw = client.post("/rerank", json={"query": "water", "texts": texts, "raw_scores": True}).json()
    assert [1 / (1 + np.exp(-one["score"])) for one in raw] == pytest.approx([one["score"] for one in ranks], abs=1e-6)
    told = client.post("/predict", json={"inputs": [[text] for text in texts]}).json()
    outputs = client.post("/v1/models/moods/infer", json={"inputs": texts}).json()["outputs"]
    for labels, output in zip(told, outputs, strict=True):
        assert labels[0]["label"] == output["label"]
        assert {one["label"]: pytest.approx(one["score"], abs=1e-6) for one in labels} == output["scores"]
