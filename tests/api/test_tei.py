"""What the routes of Text Embeddings Inference's clients make of requests, hostile ones included."""

import math
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from huggingface_hub import AsyncInferenceClient, set_async_client_factory
from huggingface_hub.utils._http import default_async_client_factory

from noodle_ray.api.app import create_app
from noodle_ray.api.settings import Settings
from noodle_ray.api.tei.scores import logit, predictions
from tests.api.conftest import AUTHORIZATION, TOKEN, Api


@pytest.fixture
def settings() -> Settings:
    """A small body, so that a large one is cheap."""
    return Settings(workers=1, max_body=100_000, default_reranking_model="rank")


async def _reply(api: Api, path: str, **body: Any) -> Any:
    response = await api.post(path, body)
    assert response.status_code == 200, response.text
    return response.json()


async def test_embed_answers_unit_vectors_in_one_batch(api: Api) -> None:
    api.models.batches.clear()
    vectors = await _reply(api, "/embed", inputs=["a", "bcd"])
    assert api.models.batches == [2]
    for vector in vectors:
        assert vector == pytest.approx([1 / math.hypot(1, 0.1), 0.1 / math.hypot(1, 0.1)])
    assert await _reply(api, "/embed", inputs="bcd", normalize=False) == [pytest.approx([3, 0.3])]
    assert await _reply(api, "/embed", inputs="bcd", normalize=None, dimensions=1, model="vector@1") == [[1.0]]
    assert await _reply(api, "/embed?model=vector", inputs="a", truncate=True, truncation_direction="Right") == [
        vectors[0]
    ]


async def test_rerank_puts_the_best_first(api: Api) -> None:
    texts = ["no", "a b", "a"]
    assert await _reply(api, "/rerank", query="a b", texts=texts) == [
        {"index": 1, "score": 1.0},
        {"index": 2, "score": 0.5},
        {"index": 0, "score": 0.0},
    ]
    told = await _reply(api, "/rerank", query="a b", texts=texts, raw_scores=True, return_text=True, model="rank")
    assert [one["text"] for one in told] == ["a b", "a", "no"]
    assert [one["score"] for one in told] == pytest.approx([16.6, 0, -103.3], abs=0.1)


async def test_predict_answers_as_the_inputs_are(api: Api) -> None:
    single = await _reply(api, "/predict", inputs="aa")
    assert single == [{"label": "bad", "score": 0.8}, {"label": "good", "score": 0.2}]
    assert await _reply(api, "/predict", inputs=["aa"]) == single
    assert await _reply(api, "/predict", inputs=[["aa"]]) == [single]
    told = await _reply(api, "/predict", inputs=[["aa"], ["a" * 20]], raw_scores=True)
    assert [one["label"] for one in told[1]] == ["good", "bad"]
    assert [one["score"] for one in told[0]] == pytest.approx([math.log(0.8), math.log(0.2)])


@pytest.fixture
def hugging_face(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[AsyncInferenceClient]:
    """Hugging Face's client of `/predict`. It has no method for reranking; nor has another client that is installed."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    transport = httpx2.ASGITransport(create_app(api.services, api.tokens))
    set_async_client_factory(lambda: httpx2.AsyncClient(transport=transport))
    yield AsyncInferenceClient("http://noodle/predict", token=TOKEN)
    set_async_client_factory(default_async_client_factory)


async def test_hugging_faces_client_classifies(hugging_face: AsyncInferenceClient) -> None:
    likeliest: Any = await hugging_face.text_classification("aa")
    assert (likeliest.label, likeliest.score) == ("bad", 0.8)
    batch: Any = [["aa"]]
    told = await hugging_face.text_classification(batch, function_to_apply="softmax")
    assert [(one.label, one.score) for one in told] == [("bad", 0.8), ("good", 0.2)]
    (raw,) = await hugging_face.text_classification(batch, function_to_apply="none", top_k=1)
    assert (raw.label, raw.score) == ("bad", pytest.approx(math.log(0.8)))


def test_raw_scores_give_the_scores_back() -> None:
    for raw in (-20.0, -1.5, 0.0, 3.25, 12.0):
        assert logit(1 / (1 + math.exp(-raw))) == pytest.approx(raw)
    raw_scores = [one["score"] for one in predictions({"a": 0.5, "b": 0.5 - 1e-9, "c": 1e-9}, True)]
    assert [math.exp(score) for score in raw_scores] == pytest.approx([0.5, 0.5 - 1e-9, 1e-9])


@pytest.mark.parametrize(
    ("path", "body", "status", "kind", "message"),
    [
        ("/embed", {"inputs": []}, 400, "Empty", "`inputs` cannot be empty"),
        ("/embed", {"inputs": ["x"] * 33}, 413, "Validation", "batch size 33 > maximum allowed batch size 32"),
        ("/embed", {"inputs": [[1, 2]]}, 422, "Validation", "token ids"),
        ("/embed", {"inputs": 3}, 422, "Validation", "inputs"),
        ("/embed", {}, 422, "Validation", "inputs: Field required"),
        ("/embed", {"inputs": "x", "dimensions": 3}, 422, "Validation", "the vectors of this model have 2"),
        ("/embed", {"inputs": "x", "dimensions": 0}, 422, "Validation", "dimensions"),
        ("/embed", {"inputs": "x", "prompt_name": "query"}, 422, "Validation", "prompt_name"),
        ("/embed", {"inputs": "x", "truncation_direction": "Left"}, 422, "Validation", "truncation_direction"),
        ("/embed", {"inputs": "x", "model": "nope"}, 404, "Validation", "nope"),
        ("/embed?model=nope", {"inputs": "x"}, 404, "Validation", "nope"),
        ("/embed", {"inputs": "x", "model": "mood"}, 424, "Backend", "the task classification"),
        ("/embed", {"inputs": "x" * 100_000}, 413, "Validation", "larger than 100000 bytes"),
        ("/rerank", {"query": "q", "texts": []}, 400, "Empty", "`texts` cannot be empty"),
        ("/rerank", {"query": "q", "texts": [1]}, 422, "Validation", "texts.0"),
        ("/rerank", {"query": "q", "texts": ["x"] * 33}, 413, "Validation", "batch size 33"),
        ("/rerank", {"query": "q", "texts": ["x"], "model": "vector"}, 424, "Backend", "needs reranking"),
        ("/predict", {"inputs": []}, 400, "Empty", "`inputs` cannot be empty"),
        ("/predict", {"inputs": ["a", "b"]}, 422, "Validation", "is a pair"),
        ("/predict", {"inputs": [["a", "b"]]}, 422, "Validation", "pairs are not supported"),
        ("/predict", {"inputs": [["a"], "b"]}, 422, "Validation", "pairs are not supported"),
        ("/predict", {"inputs": [[1]]}, 422, "Validation", "pairs are not supported"),
        ("/predict", {"inputs": [[]]}, 422, "Validation", "pairs are not supported"),
        ("/predict", {"inputs": "a", "parameters": {"top_k": 0}}, 422, "Validation", "parameters.top_k"),
        ("/predict", {"inputs": "a", "parameters": {"temperature": 1}}, 422, "Validation", "parameters.temperature"),
    ],
)
async def test_refusals_have_the_shape_that_clients_read(
    api: Api, path: str, body: Any, status: int, kind: str, message: str
) -> None:
    response = await api.post(path, body)
    told = response.json()
    assert (response.status_code, told["error_type"], set(told)) == (status, kind, {"error", "error_type", "code"})
    assert message in told["error"]


async def test_broken_json_token_and_engine_have_that_shape_too(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = await api.client.post("/embed", content=b"{", headers=AUTHORIZATION)
    assert (broken.status_code, broken.json()["error_type"]) == (400, "Validation")
    stranger = await api.client.post("/rerank", json={"query": "q", "texts": ["x"]})
    assert (stranger.status_code, stranger.json()["code"]) == (401, "NOODLE-E0701")
    assert stranger.headers["www-authenticate"].startswith("Bearer")
    outcomes = {
        "NOODLE-E0608": (429, "Overloaded"),
        "NOODLE-E0605": (424, "Backend"),
        "NOODLE-E0603": (413, "Validation"),
    }
    for code, outcome in outcomes.items():

        async def infer(model: str, calls: list[Any], code: str = code) -> list[tuple[bool, object]]:
            return [(False, (code, "no"))] * len(calls)

        monkeypatch.setattr(api.models, "infer", infer)
        response = await api.post("/embed", {"inputs": "x"})
        assert (response.status_code, response.json()["error_type"]) == outcome
        assert ("retry-after" in response.headers) == (code == "NOODLE-E0608")
