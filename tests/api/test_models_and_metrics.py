"""`/v1/models`, `/v1/models/{name}/infer`, `/metrics` and the OpenAPI document."""

import pytest
from openapi_spec_validator import validate
from prometheus_client.parser import text_string_to_metric_families

from noodle_ray.core.vm.arrays import array
from tests.api.conftest import AUTHORIZATION, Api


async def test_models_are_listed(api: Api) -> None:
    reply = (await api.client.get("/v1/models", headers=AUTHORIZATION)).json()
    assert reply["object"] == "list"
    assert [model["name"] for model in reply["data"]] == ["length", "vector", "talk", "a/b", "mood", "rank", "echo"]


async def test_infer_returns_outputs_in_order(api: Api) -> None:
    reply = (await api.post("/v1/models/length/infer", {"inputs": ["a", "bbb", ""]})).json()
    assert reply["outputs"] == [1, 3, 0]
    assert (reply["usage"]["model_calls"], reply["usage"]["model_batches"]) == (3, 1)


async def test_infer_returns_arrays_as_lists_or_packed(api: Api) -> None:
    reply = (await api.post("/v1/models/vector/infer", {"inputs": ["abc"]})).json()
    assert reply["outputs"] == [[3.0, array([0.3], "float32")[0]]]
    reply = (await api.post("/v1/models/vector/infer", {"inputs": ["abc"], "arrays": "packed"})).json()
    assert reply["outputs"] == [{"$array": {"dtype": "float32", "shape": [2], "data": "AABAQJqZmT4="}}]
    assert (await api.post("/v1/models/vector/infer", {"inputs": ["abc"], "arrays": "x"})).status_code == 422


async def test_result_with_an_array_is_a_list(api: Api) -> None:
    source = 'from noodle_ray import model\nv = model("vector")("abc")\n[v, v.dtype, {"first": v[:1]}]'
    assert (await api.run(source))["result"] == [[3.0, array([0.3], "float32")[0]], "float32", {"first": [3.0]}]


@pytest.mark.parametrize(
    ("name", "inputs", "status", "code"),
    [
        ("nope", ["x"], 404, "NOODLE-E0601"),
        ("a/b/c", ["x"], 404, "NOODLE-E0601"),
        ("length", ["x", 5], 422, "NOODLE-E0603"),
        ("lost", ["x"], 502, "NOODLE-E0605"),
        ("length", [], 422, "NOODLE-E0703"),
        ("length", ["x"] * 1025, 422, "NOODLE-E0703"),
        ("length", "x", 422, "NOODLE-E0703"),
    ],
)
async def test_infer_is_refused_when_something_is_wrong(
    api: Api, name: str, inputs: object, status: int, code: str
) -> None:
    response = await api.post(f"/v1/models/{name}/infer", {"inputs": inputs})
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert (await api.post("/v1/models/length/infer", {"inputs": ["ok"]})).json()["outputs"] == [2]


async def test_infer_says_which_input_was_wrong(api: Api) -> None:
    response = await api.post("/v1/models/length/infer", {"inputs": ["x", 5]})
    assert response.json()["detail"].startswith("inputs.1: ")


async def test_names_of_models_that_are_not_there_are_no_labels(api: Api) -> None:
    source = "from noodle_ray import model\n" + "".join(
        f"try:\n    model('made-up-{number}')('x')\nexcept RuntimeError:\n    pass\n" for number in range(5)
    )
    assert (await api.run(source))["error"] is None
    await api.post("/v1/models/made-up-5/infer", {"inputs": ["a"]})
    api.services.metrics.on_drop("made-up-6", "cancelled")
    api.services.metrics.on_drop("length", "full")
    await api.post("/v1/models/length/infer", {"inputs": ["a"]})
    api.services.metrics.on_drop("length", "full")
    told = (await api.client.get("/metrics", headers=AUTHORIZATION)).text
    assert "made-up" not in told
    assert 'noodle_model_dropped_total{model="other",reason="full"} 1.0' in told
    assert 'noodle_model_dropped_total{model="length",reason="full"} 1.0' in told


async def test_metrics_count_what_happened(api: Api) -> None:
    await api.run("1 + 1")
    await api.run("1 / 0")
    await api.post("/v1/run", {"source": 1})
    await api.post("/v1/models/length/infer", {"inputs": ["a", "b"]})
    response = await api.client.get("/metrics", headers=AUTHORIZATION)
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }
    assert samples["noodle_runs_total", ""] == 1
    assert samples["noodle_runs_total", "NOODLE-E0501"] == 1
    assert samples["noodle_request_seconds_count", "/v1/run", "200"] == 2
    assert samples["noodle_request_seconds_count", "/v1/run", "422"] == 1
    assert samples["noodle_model_calls_total", "length"] == 2
    assert samples["noodle_model_batch_size_count", "length"] == 1
    assert samples["noodle_workers",] == 2
    assert samples["noodle_runs_running",] == samples["noodle_runs_waiting",] == 0


async def test_metrics_have_no_label_that_a_client_makes_up(api: Api) -> None:
    await api.client.get("/invented/path", headers=AUTHORIZATION)
    text = (await api.client.get("/metrics", headers=AUTHORIZATION)).text
    assert "invented" not in text


async def test_openapi_document_is_valid(api: Api) -> None:
    document = (await api.client.get("/openapi.json", headers=AUTHORIZATION)).json()
    validate(document)
    run = document["paths"]["/v1/run"]["post"]
    assert run["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/RunBody"}
    assert "application/problem+json" in run["responses"]["429"]["content"]
    assert document["paths"]["/healthz"]["get"]["security"] == []


async def test_docs_page_is_served(api: Api) -> None:
    response = await api.client.get("/docs", headers=AUTHORIZATION)
    assert "swagger" in response.text
