"""The Open Inference Protocol on the wire: every datatype both ways, and requests that lie about sizes."""

import asyncio
import json
import math
import struct
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from noodle_ray.api.oip.models import Signature, outputs
from noodle_ray.api.oip.schemas import TensorPort
from noodle_ray.api.oip.wire import read
from noodle_ray.api.settings import Settings
from noodle_ray.errors import ModelError, RequestError
from tests.api.conftest import AUTHORIZATION, ECHOED, Api

INFER = "/v2/models/echo/infer"
VALUES: dict[str, tuple[str, list[list[Any]]]] = {
    "bool": ("BOOL", [[True, False]]),
    "int8": ("INT8", [[-128, 127]]),
    "int16": ("INT16", [[-32768, 32767]]),
    "int32": ("INT32", [[-(2**31), 2**31 - 1]]),
    "int64": ("INT64", [[-(2**63), 2**63 - 1]]),
    "uint8": ("UINT8", [[0, 255]]),
    "uint16": ("UINT16", [[0, 65535]]),
    "uint32": ("UINT32", [[0, 2**32 - 1]]),
    "uint64": ("UINT64", [[0, 2**64 - 1]]),
    "float16": ("FP16", [[0.5, -65504.0]]),
    "float": ("FP32", [[0.5, -3.4028234663852886e38]]),
    "double": ("FP64", [[0.1, 1.7976931348623157e308]]),
    "string": ("BYTES", [["", "grüße"]]),
}


@pytest.fixture
def settings() -> Settings:
    """A small body, so that a large one is cheap."""
    return Settings(workers=1, max_body=100_000, max_infer_inputs=5)


def _numpy(datatype: str, rows: Any) -> bytes:
    if datatype == "BYTES":
        return b"".join(struct.pack("<I", len(text.encode())) + text.encode() for row in rows for text in row)
    code = {"BOOL": "?", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8"}.get(datatype)
    code = code or f"<{'u' if datatype[0] == 'U' else 'i'}{int(datatype.lstrip('UINT')) // 8}"
    return np.array(rows, code).tobytes()


def _inputs(**changed: Any) -> list[dict[str, Any]]:
    """All inputs of ``echo`` as JSON, with what is changed per input."""
    made = []
    for name, (datatype, rows) in VALUES.items():
        tensor = {"name": name, "shape": [len(rows), 2], "datatype": datatype, "data": rows}
        made.append(tensor | changed.get(name, {}))
    return made


async def _binary(api: Api, head: dict[str, Any], rest: bytes, size: str | None = None, path: str = INFER) -> Any:
    content = json.dumps(head).encode()
    headers = {**AUTHORIZATION, "Inference-Header-Content-Length": str(len(content)) if size is None else size}
    return await api.client.post(path, content=content + rest, headers=headers)


def test_every_datatype_is_tried() -> None:
    assert VALUES.keys() == ECHOED.keys()


async def test_json_tensors_come_back_as_they_went(api: Api) -> None:
    reply = (await api.post(INFER, {"id": "7", "inputs": _inputs()})).json()
    assert (reply["model_name"], reply["model_version"], reply["id"]) == ("echo", "1", "7")
    told = {output["name"]: output for output in reply["outputs"]}
    for name, (datatype, rows) in VALUES.items():
        output = told[f"{name}_out"]
        assert (output["datatype"], output["shape"], output["data"]) == (datatype, [1, 2], rows[0])


async def test_binary_tensors_come_back_as_they_went(api: Api) -> None:
    parts = {name: _numpy(datatype, rows) for name, (datatype, rows) in VALUES.items()}
    inputs = [
        {"name": name, "shape": [1, 2], "datatype": datatype, "parameters": {"binary_data_size": len(parts[name])}}
        for name, (datatype, _) in VALUES.items()
    ]
    head = {"inputs": inputs, "parameters": {"binary_data_output": True}}
    response = await _binary(api, head, b"".join(parts.values()))
    assert response.status_code == 200, response.text
    size = int(response.headers["inference-header-content-length"])
    rest = response.content[size:]
    for output in json.loads(response.content[:size])["outputs"]:
        length = output["parameters"]["binary_data_size"]
        assert (output["name"], rest[:length]) == (output["name"], parts[output["name"].removesuffix("_out")])
        rest = rest[length:]
    assert rest == b""


async def test_outputs_are_those_asked_for_in_the_form_asked_for(api: Api) -> None:
    outputs = [
        {"name": "int16_out", "parameters": {"binary_data": True}},
        {"name": "uint8_out"},
    ]
    response = await api.post(INFER, {"inputs": _inputs(uint8={"data": [3, 4]}), "outputs": outputs})
    size = int(response.headers["inference-header-content-length"])
    first, second = json.loads(response.content[:size])["outputs"]
    assert (first["name"], first["parameters"], "data" in first) == ("int16_out", {"binary_data_size": 4}, False)
    assert (second["name"], second["data"]) == ("uint8_out", [3, 4])
    assert response.content[size:] == struct.pack("<hh", -32768, 32767)
    json_again = await api.post(
        INFER,
        {
            "inputs": _inputs(),
            "parameters": {"binary_data_output": True},
            "outputs": [{"name": "int8_out", "parameters": {"binary_data": False}}],
        },
    )
    assert json_again.json()["outputs"][0]["data"] == [-128, 127]


async def test_models_of_texts_answer_with_tensors(api: Api) -> None:
    def texts(name: str, *found: str) -> dict[str, Any]:
        return {"name": name, "shape": [len(found)], "datatype": "BYTES", "data": list(found)}

    async def told(model: str, *inputs: dict[str, Any]) -> dict[str, Any]:
        response = await api.post(f"/v2/models/{model}/infer", {"inputs": list(inputs)})
        assert response.status_code == 200, response.text
        return {one["name"]: (one["datatype"], one["shape"], one["data"]) for one in response.json()["outputs"]}

    api.models.batches.clear()
    assert await told("vector", texts("texts", "a", "bcd")) == {
        "vectors": ("FP32", [2, 2], pytest.approx([1, 0.1, 3, 0.3]))
    }
    assert api.models.batches == [2]
    assert await told("mood/versions/1", texts("texts", "aa", "a" * 20)) == {
        "label": ("BYTES", [2], ["bad", "good"]),
        "score": ("FP64", [2], [0.8, 1.0]),
        "scores": ("FP64", [2, 2], [0.8, 0.2, 0.0, 1.0]),
    }
    assert await told("rank", texts("query", "a b"), texts("documents", "a", "b a", "c")) == {
        "scores": ("FP32", [3], [0.5, 1.0, 0.0])
    }


async def test_requests_of_all_routes_and_programs_share_a_batch(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    release = asyncio.Event()
    infer = api.models.infer

    async def held(model: str, calls: list[Any]) -> Any:
        sizes.append(len(calls))
        await release.wait()
        return await infer(model, calls)

    async def until(condition: Callable[[], bool]) -> None:
        while not condition():
            await asyncio.sleep(0.01)

    monkeypatch.setattr(api.models, "infer", held)
    first = [asyncio.create_task(api.post("/embed", {"inputs": "a"}))]
    await until(lambda: sizes == [1])
    first.append(asyncio.create_task(api.post("/embed", {"inputs": "b"})))
    await until(lambda: sizes == [1, 1])
    tensor = {"name": "texts", "shape": [1], "datatype": "BYTES", "data": ["abc"]}
    source = "from noodle_ray import model\nmodel('vector')('abc')"
    requests = {
        "/embed": {"inputs": "abc"},
        "/v2/models/vector/infer": {"inputs": [tensor]},
        "/v1/models/vector/infer": {"inputs": ["abc"]},
        "/v1/embeddings": {"model": "vector", "input": "abc"},
        "/v1/run": {"source": source},
    }
    later = [asyncio.create_task(api.post(path, body)) for path, body in requests.items()]
    await until(lambda: api.services.executor.batcher.waiting() == {"vector": 5})
    release.set()
    for response in await asyncio.gather(*first, *later):
        assert response.status_code == 200, response.text
    assert sizes == [1, 1, 5]


async def test_metadata_and_readiness(api: Api) -> None:
    async def get(path: str, **headers: str) -> Any:
        response = await api.client.get(path, headers=headers)
        return response.status_code, response.json()

    assert await get("/v2/health/live") == (200, {"live": True})
    assert await get("/v2/health/ready") == (200, {"ready": True})
    status, refused = await get("/v2")
    assert (status, refused["code"], set(refused)) == (401, "NOODLE-E0701", {"error", "code"})
    assert (await get("/v2/models/vector/ready"))[0] == 401
    _, server = await get("/v2", **AUTHORIZATION)
    assert (server["name"], server["extensions"]) == ("noodle", ["binary_tensor_data"])
    assert await get("/v2/models/vector/versions/1/ready", **AUTHORIZATION) == (
        200,
        {"name": "vector@1", "ready": True},
    )
    assert await get("/v2/models/vector", **AUTHORIZATION) == (
        200,
        {
            "name": "vector",
            "versions": ["1"],
            "platform": "onnxruntime",
            "inputs": [{"name": "texts", "datatype": "BYTES", "shape": [-1]}],
            "outputs": [{"name": "vectors", "datatype": "FP32", "shape": [-1, 2]}],
        },
    )
    _, echo = await get("/v2/models/echo/versions/1", **AUTHORIZATION)
    assert {port["name"]: port["datatype"] for port in echo["inputs"]} == {
        name: datatype for name, (datatype, _) in VALUES.items()
    }
    for path in ("/v2/models/nope", "/v2/models/nope/ready", "/v2/models/vector/versions/9", "/v2/nothing"):
        status, told = await get(path, **AUTHORIZATION)
        assert (status, set(told)) == (404, {"error", "code"}), path
    status, told = await get("/v2/models/talk", **AUTHORIZATION)
    assert (status, "takes no tensors" in told["error"]) == (400, True)
    assert (await api.post("/v2/repository/index", {})).status_code == 404


HUGE = 10**400


@pytest.mark.parametrize(
    ("name", "changed", "message"),
    [
        ("int8", {"shape": [-1, 2]}, "greater than or equal to 0"),
        ("int8", {"shape": [-1, -2]}, "greater than or equal to 0"),
        ("int8", {"shape": [True, 2]}, "valid integer"),
        ("int8", {"shape": [1.0, 2]}, "valid integer"),
        ("int8", {"shape": [2**32, 2**32]}, "more than 16,777,216 elements"),
        ("int8", {"shape": [2**63, 2]}, "more than 16,777,216 elements"),
        ("int8", {"shape": [HUGE, HUGE]}, "more than 16,777,216 elements"),
        ("int8", {"shape": [0, 2**62], "data": []}, "more than 16,777,216 elements"),
        ("int8", {"shape": [1] * 17}, "at most 16 items"),
        ("int8", {"shape": [1, 3]}, "as long as its shape says"),
        ("int8", {"shape": [1, 3], "data": [1, 2]}, "has 2 elements; its shape needs 3"),
        ("int8", {"shape": [2]}, "as long as its shape says"),
        ("int8", {"shape": [2], "data": [1, 2]}, "must have the shape [-1, 2], not [2]"),
        ("int8", {"shape": [2, 2], "data": [[1, 2], [3]]}, "as long as its shape says"),
        ("int8", {"shape": [2, 2], "data": [[1, 2], 3]}, "not nested as its shape says"),
        ("int8", {"data": [[[1, 2]]]}, "as long as its shape says"),
        ("int8", {"data": [[[1], [2]]]}, "must hold whole numbers, not list"),
        ("int8", {"data": [[1, 128]]}, "holds a number that INT8 cannot"),
        ("uint8", {"data": [[-1, 1]]}, "holds a number that UINT8 cannot"),
        ("int64", {"data": [[2**63, 1]]}, "holds a number that INT64 cannot"),
        ("uint64", {"data": [[2**64, 1]]}, "holds a number that UINT64 cannot"),
        ("uint64", {"data": [[-1, 1]]}, "holds a number that UINT64 cannot"),
        ("int8", {"data": [[1.5, 1]]}, "must hold whole numbers, not float"),
        ("int8", {"data": [[True, 1]]}, "must hold whole numbers, not bool"),
        ("int8", {"data": [["1", 1]]}, "must hold whole numbers, not str"),
        ("bool", {"data": [[1, 0]]}, "must hold booleans, not int"),
        ("float", {"data": [[None, 0]]}, "must hold numbers, not NoneType"),
        ("float", {"data": [[HUGE, 0]]}, "holds a number that FP32 cannot"),
        ("float", {"data": [[1e39, 0]]}, "holds a number that FP32 cannot"),
        ("float16", {"data": [[65536.0, 0]]}, "holds a number that FP16 cannot"),
        ("string", {"data": [[1, 2]]}, "must hold texts, not int"),
        ("int8", {"data": None}, "has no data"),
        ("int8", {"datatype": "INT4"}, "Input should be"),
        ("int8", {"datatype": "INT16"}, "must be INT8, not INT16"),
        ("int8", {"name": "int9"}, "check int8, int9"),
        ("int8", {"name": "bool"}, "is there twice"),
        ("int8", {"parameters": {"shared_memory_region": "x"}}, "not permitted"),
        ("int8", {"parameters": {"binary_data_size": 2}}, "says 2 bytes, but 0 are left"),
        ("int8", {"parameters": {"binary_data_size": 0}}, "has data, and binary_data_size too"),
        ("int8", {"parameters": {"binary_data_size": -1}, "data": None}, "greater than or equal to 0"),
        ("int8", {"parameters": {"binary_data_size": HUGE}, "data": None}, "but 0 are left"),
    ],
)  # fmt: skip
async def test_lying_tensor_is_refused(api: Api, name: str, changed: dict[str, Any], message: str) -> None:
    api.models.batches.clear()
    response = await api.post(INFER, {"inputs": _inputs(**{name: changed})})
    told = response.json()
    assert (response.status_code, set(told), api.models.batches) == (400, {"error", "code"}, [])
    assert message in told["error"]


def _bytes(*lengths_and_texts: tuple[int, bytes]) -> bytes:
    return b"".join(struct.pack("<I", length) + text for length, text in lengths_and_texts)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("int32", bytes(7), "has 7 bytes; its shape and datatype need 8"),
        ("int32", bytes(9), "has 9 bytes; its shape and datatype need 8"),
        ("int32", b"", "has 0 bytes"),
        ("string", b"", "has 0 elements; its shape needs 2"),
        ("string", _bytes((1, b"a")), "has 1 elements; its shape needs 2"),
        ("string", _bytes((1, b"a"), (1, b"b"), (0, b"")), "has more bytes than its 2 elements"),
        ("string", _bytes((1, b"a"), (2, b"b")), "element 1 says 2 bytes, but 1 are left"),
        ("string", _bytes((2**32 - 1, b"a"), (1, b"b")), "says 4294967295 bytes"),
        ("string", _bytes((1, b"a"))[:4] + b"a\1\0\0", "has more bytes than its 2 elements"),
        ("string", _bytes((1, b"\xff"), (0, b"")), "must hold texts in UTF-8"),
    ],
)
async def test_lying_bytes_are_refused(api: Api, name: str, data: bytes, message: str) -> None:
    inputs = _inputs(**{name: {"parameters": {"binary_data_size": len(data)}, "data": None}})
    response = await _binary(api, {"inputs": inputs}, data)
    assert (response.status_code, message in response.json()["error"]) == (400, True), response.text


@pytest.mark.parametrize("size", ["-1", "1e3", "", "²", "0x10", "100000000", "9" * 5000, " 5", "5"])
async def test_lying_header_is_refused(api: Api, size: str) -> None:
    response = await api.client.post(
        INFER,
        content=json.dumps({"inputs": _inputs()}).encode(),
        headers=[(b"authorization", AUTHORIZATION["Authorization"].encode()),
                 (b"inference-header-content-length", size.encode())],
    )  # fmt: skip
    assert response.status_code == 400, response.text
    assert response.json()["code"] in ("NOODLE-E0702", "NOODLE-E0703")


async def test_bytes_that_no_tensor_owns_are_refused(api: Api) -> None:
    response = await _binary(api, {"inputs": _inputs()}, b"xyz")
    assert (response.status_code, "3 bytes of the body belong to no input" in response.text) == (400, True)


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        (INFER, {"inputs": []}, 400, "inputs"),
        (INFER, {}, 400, "inputs: Field required"),
        (INFER, {"inputs": _inputs()[1:]}, 400, "check bool"),
        (INFER, {"inputs": _inputs(), "outputs": [{"name": "z"}]}, 400, "has no output 'z'"),
        (INFER, {"inputs": _inputs(), "outputs": [{"name": "bool_out"}] * 2}, 400, "asked for twice"),
        (INFER, {"inputs": _inputs(), "parameters": {"sequence_id": 1}}, 400, "sequence_id"),
        (INFER, {"inputs": _inputs(string={"shape": [1, 2], "data": ["x" * 100_000, ""]})}, 413, "100000 bytes"),
        ("/v2/models/nope/infer", {"inputs": _inputs()}, 404, "nope"),
        ("/v2/models/vector/versions/9/infer", {"inputs": _inputs()}, 404, "vector@9"),
        ("/v2/models/talk/infer", {"inputs": _inputs()}, 400, "takes no tensors"),
        (
            "/v2/models/vector/infer",
            {"inputs": [{"name": "texts", "shape": [6], "datatype": "BYTES", "data": ["x"] * 6}]},
            400,
            "1 to 5 texts, not 6",
        ),
        (
            "/v2/models/vector/infer",
            {"inputs": [{"name": "texts", "shape": [0], "datatype": "BYTES", "data": []}]},
            400,
            "1 to 5 texts, not 0",
        ),
    ],
)
async def test_refusals_have_the_protocols_shape(api: Api, path: str, body: Any, status: int, message: str) -> None:
    response = await api.post(path, body)
    assert (response.status_code, set(response.json())) == (status, {"error", "code"})
    assert message in response.json()["error"]


async def test_numbers_that_json_lacks_need_bytes(api: Api) -> None:
    data = np.array([[math.inf, math.nan]], "<f4").tobytes()
    inputs = _inputs(float={"parameters": {"binary_data_size": 8}, "data": None})
    refused = await _binary(api, {"inputs": inputs}, data)
    assert (refused.status_code, "ask for it as binary_data" in refused.json()["error"]) == (400, True)
    told = await _binary(
        api, {"inputs": inputs, "outputs": [{"name": "float_out", "parameters": {"binary_data": True}}]}, data
    )
    assert told.content.endswith(data)


def test_tensor_whose_shape_is_lost_is_an_error_of_the_engine() -> None:
    ports = [TensorPort(name="x", datatype="FP32", shape=[-1, 2, 2])]
    with pytest.raises(ModelError, match="no elements, and more than two axes"):
        outputs(Signature("tensors", "onnxruntime", "1", [], ports), [{"x": []}])
    with pytest.raises(ModelError, match="not what its signature says"):
        outputs(Signature("tensors", "onnxruntime", "1", [], ports), [{"y": [[[1.0]]]}])


def test_damaged_request_is_read_or_refused_and_nothing_else() -> None:
    parts = [_numpy(datatype, rows) for datatype, rows in VALUES.values()]
    inputs = [
        {"name": name, "shape": [1, 2], "datatype": datatype, "parameters": {"binary_data_size": len(part)}}
        for (name, (datatype, _)), part in zip(VALUES.items(), parts, strict=True)
    ]
    head = json.dumps({"inputs": inputs}).encode()
    whole = head + b"".join(parts)
    assert len(read(whole, str(len(head))).inputs) == len(VALUES)
    random = Random(7)
    refused = 0
    for _ in range(2000):
        damaged = bytearray(whole)
        for _ in range(random.randint(1, 3)):
            place = random.randrange(len(damaged))
            damaged[place : place + random.randint(0, 2)] = random.choice([b"", b"9", b"0", b"-", b"[", b"\xff", b"e9"])
        try:
            read(bytes(damaged), str(len(head) + random.choice([0, 0, 0, 1, -1])))
        except (ValidationError, RequestError):
            refused += 1
    assert refused > 1000


async def test_compressed_body_is_refused(api: Api) -> None:
    headers = {**AUTHORIZATION, "Content-Encoding": "gzip"}
    response = await api.client.post(INFER, content=b"x", headers=headers)
    assert (response.status_code, "compressed" in response.json()["error"]) == (400, True)
