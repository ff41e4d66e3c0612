"""The Open Inference Protocol over gRPC with Triton's own client; and requests that no client sends."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import numpy as np
import pytest
import tritonclient.grpc as blocking
from tritonclient.grpc import service_pb2
from tritonclient.grpc.aio import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from noodle_ray.api.grpc.messages import MESSAGES, SERVICE
from noodle_ray.api.grpc.server import GrpcServer
from noodle_ray.api.oip.serving import Serving
from noodle_ray.api.settings import Settings
from noodle_ray.core.runs.budgets import Allowance, Budget, Spending
from noodle_ray.core.runs.terms import Terms, current
from noodle_ray.errors import PlatformError
from tests.api.conftest import ECHOED, THEIRS, TOKEN, Api
from tests.api.test_oip import VALUES

BEARER = {"authorization": f"Bearer {TOKEN}"}
METADATA = tuple(BEARER.items())


@pytest.fixture
def settings() -> Settings:
    """A small body, so that a large one is cheap."""
    return Settings(workers=1, max_body=100_000, max_infer_inputs=20)


@pytest.fixture
async def server(api: Api) -> AsyncIterator[GrpcServer]:
    """A server on a port of its own."""
    made = GrpcServer(Serving(api.services, "1"), api.tokens, "127.0.0.1:0")
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def triton(server: GrpcServer) -> AsyncIterator[Any]:
    """Triton's client for coroutines."""
    async with InferenceServerClient(f"127.0.0.1:{server.port}") as client:
        yield client


@pytest.fixture
async def channel(server: GrpcServer) -> AsyncIterator[grpc.aio.Channel]:
    """A bare channel: what it sends is up to the test."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as made:
        yield made


def _input(name: str, data: Any) -> InferInput:
    made = InferInput(name, data.shape, np_to_triton_dtype(data.dtype))
    made.set_data_from_numpy(data)
    return made


def _texts(*texts: str) -> InferInput:
    return _input("texts", np.array([text.encode() for text in texts], np.object_))


def _arrays() -> dict[str, Any]:
    kinds = {"bool": "?", "float": "f4", "double": "f8"}
    return {
        name: np.array([[text.encode() for text in row] for row in rows], np.object_)
        if datatype == "BYTES"
        else np.array(rows, kinds.get(name, name))
        for name, (datatype, rows) in VALUES.items()
    }


def test_fields_are_those_of_tritons_client() -> None:
    for path, ours in MESSAGES.items():
        theirs = service_pb2.DESCRIPTOR.pool.FindMessageTypeByName(f"inference.{path}")
        for name, field in ours.DESCRIPTOR.fields_by_name.items():
            other = theirs.fields_by_name[name]
            assert (field.number, field.type, field.is_repeated) == (other.number, other.type, other.is_repeated), path
        left = set(theirs.fields_by_name) - set(ours.DESCRIPTOR.fields_by_name)
        assert not left, (path, left)


async def test_health_and_metadata(triton: Any) -> None:
    assert await triton.is_server_live()
    assert await triton.is_server_ready()
    assert await triton.is_model_ready("vector", headers=BEARER)
    assert await triton.is_model_ready("vector", "1", headers=BEARER)
    assert not await triton.is_model_ready("vector", "2", headers=BEARER)
    assert not await triton.is_model_ready("nope", headers=BEARER)
    assert (await triton.get_server_metadata(headers=BEARER)).name == "noodle"
    found = await triton.get_model_metadata("vector", headers=BEARER)
    assert (found.versions, found.platform, found.inputs[0].datatype) == (["1"], "onnxruntime", "BYTES")
    assert (found.outputs[0].name, list(found.outputs[0].shape)) == ("vectors", [-1, 2])


async def test_every_datatype_comes_back_as_it_went(triton: Any) -> None:
    arrays = _arrays()
    assert arrays.keys() == ECHOED.keys()
    inputs = [_input(name, data) for name, data in arrays.items()]
    reply = await triton.infer("echo", inputs, request_id="7", headers=BEARER)
    assert (reply.get_response().id, reply.get_response().model_version) == ("7", "1")
    for name, data in arrays.items():
        assert np.array_equal(reply.as_numpy(f"{name}_out"), data), name
    some = await triton.infer("echo", inputs, outputs=[InferRequestedOutput("int8_out")], headers=BEARER)
    assert [output.name for output in some.get_response().outputs] == ["int8_out"]


async def test_typed_contents_are_answered_with_typed_contents(channel: grpc.aio.Channel) -> None:
    answer = await _infer(channel, model_name="vector", inputs=[_texts_in(b"ab", "ü".encode())])
    (output,) = answer.outputs
    assert (output.datatype, list(output.shape), not answer.raw_output_contents) == ("FP32", [2, 2], True)
    assert list(output.contents.fp32_contents) == pytest.approx([2.0, 0.2, 1.0, 0.1])


async def test_texts_of_a_request_share_a_batch(triton: Any, api: Api) -> None:
    reply = await triton.infer("vector", [_texts("a", "bb", "ccc")], headers=BEARER)
    assert reply.as_numpy("vectors")[:, 0].tolist() == [1.0, 2.0, 3.0]
    assert api.models.batches[-1] == 3


async def test_stream_answers_in_order_and_goes_on_after_an_error(triton: Any) -> None:
    async def asked() -> AsyncIterator[Any]:
        for n in range(40):
            model = "nope" if n == 20 else "vector"
            yield {"model_name": model, "inputs": [_texts("x" * (n + 1))], "request_id": str(n)}

    told = [answer async for answer in triton.stream_infer(asked(), headers=BEARER)]
    assert [answer.get_response().id for answer, error in told if error is None] == [
        str(n) for n in range(40) if n != 20
    ]
    ((_, error),) = [pair for pair in told if pair[1] is not None]
    assert "NOODLE-E0601" in str(error)


async def test_blocking_client_infers_and_streams(server: GrpcServer) -> None:
    def use() -> tuple[list[float], list[float]]:
        given = blocking.InferInput("texts", [1], "BYTES")
        given.set_data_from_numpy(np.array([b"abc"], np.object_))
        told: list[float] = []
        with blocking.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
            reply = client.infer("vector", [given], headers=BEARER).as_numpy("vectors")[0].tolist()
            client.start_stream(lambda result, error: told.append(result.as_numpy("vectors")[0][0]), headers=BEARER)
            for _ in range(3):
                client.async_stream_infer("vector", [given])
            client.stop_stream()
        return reply, told

    reply, told = await asyncio.to_thread(use)
    assert (reply, told) == (pytest.approx([3.0, 0.3]), [3.0] * 3)


def _texts_in(*texts: bytes) -> Any:
    return _typed("texts", "BYTES", [len(texts)], bytes_contents=list(texts))


def _typed(name: str, datatype: str, shape: list[int], **contents: Any) -> Any:
    return {"name": name, "datatype": datatype, "shape": shape, "contents": contents}


async def _infer(channel: grpc.aio.Channel, metadata: Any = METADATA, **fields: Any) -> Any:
    write, read = service_pb2.ModelInferRequest.SerializeToString, service_pb2.ModelInferResponse.FromString
    call = channel.unary_unary(f"/{SERVICE}/ModelInfer", write, read)
    return await call(service_pb2.ModelInferRequest(**fields), metadata=metadata, timeout=30)


TEXT = {"name": "texts", "datatype": "BYTES", "shape": [1]}
PARAMETER = {"x": service_pb2.InferParameter(bool_param=True)}
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"model_name": ""}, "NOT_FOUND", "no model"),
    ({"model_name": "nope"}, "NOT_FOUND", "nope"),
    ({"model_version": "2"}, "NOT_FOUND", "vector@2"),
    ({"model_name": "talk"}, "INVALID_ARGUMENT", "takes no tensors"),
    ({"inputs": []}, "INVALID_ARGUMENT", "inputs"),
    ({"inputs": [{**TEXT, "name": ""}]}, "INVALID_ARGUMENT", "name"),
    ({"inputs": [{**TEXT, "datatype": "TEXT"}]}, "INVALID_ARGUMENT", "datatype"),
    ({"inputs": [{**TEXT, "shape": [-1]}]}, "INVALID_ARGUMENT", "shape"),
    ({"inputs": [{**TEXT, "shape": [1 << 62, 1 << 62]}]}, "INVALID_ARGUMENT", "elements"),
    ({"inputs": [{**TEXT, "shape": [0, 1 << 60]}]}, "INVALID_ARGUMENT", "elements"),
    ({"inputs": [{**TEXT, "shape": [1] * 17}]}, "INVALID_ARGUMENT", "shape"),
    ({"inputs": [TEXT] * 2, "raw_input_contents": [b"\1\0\0\0a"] * 2}, "INVALID_ARGUMENT", "twice"),
    ({"inputs": [TEXT] * 257}, "INVALID_ARGUMENT", "inputs"),
    ({"inputs": [TEXT]}, "INVALID_ARGUMENT", "elements"),
    ({"inputs": [TEXT], "raw_input_contents": [b"\1\0\0\0a"] * 2}, "INVALID_ARGUMENT", "2 tensors"),
    ({"inputs": [TEXT], "raw_input_contents": [b"\xff\xff\xff\xffa"]}, "INVALID_ARGUMENT", "bytes"),
    ({"inputs": [TEXT], "raw_input_contents": [b"\1\0\0\0\xff"]}, "INVALID_ARGUMENT", "UTF-8"),
    ({"inputs": [_typed("texts", "BYTES", [1], bytes_contents=[b"\xff"])]}, "INVALID_ARGUMENT", "UTF-8"),
    ({"inputs": [_typed("texts", "BYTES", [1], fp32_contents=[1.0])]}, "INVALID_ARGUMENT", "fp32_contents"),
    ({"inputs": [_typed("texts", "FP16", [1], fp32_contents=[1.0])]}, "INVALID_ARGUMENT", "raw_input_contents"),
    ({"inputs": [_typed("texts", "FP32", [1], fp32_contents=[1.0])]}, "INVALID_ARGUMENT", "must be BYTES"),
    ({"inputs": [_typed("texts", "INT8", [1], int_contents=[300])]}, "INVALID_ARGUMENT", "INT8"),
    ({"inputs": [_texts_in(b"a")], "raw_input_contents": [b""]}, "INVALID_ARGUMENT", "too"),
    ({"parameters": PARAMETER}, "INVALID_ARGUMENT", "'x'"),
    ({"inputs": [{**TEXT, "parameters": PARAMETER}]}, "INVALID_ARGUMENT", "'x'"),
    ({"outputs": [{"name": "vectors", "parameters": PARAMETER}]}, "INVALID_ARGUMENT", "'x'"),
    ({"outputs": [{"name": "nope"}]}, "INVALID_ARGUMENT", "no output"),
    ({"id": "x" * 1001}, "INVALID_ARGUMENT", "id"),
]  # fmt: skip


async def test_bad_request_is_refused_with_a_status_and_a_code(channel: grpc.aio.Channel) -> None:
    good = {"model_name": "vector", "inputs": [_texts_in(b"abc")]}
    for change, status, said in BAD:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await _infer(channel, **{**good, **change})
        assert (caught.value.code().name, said in caught.value.details()) == (status, True), (change, caught.value)
        assert dict(caught.value.trailing_metadata())["noodle-code"].startswith("NOODLE-E0")
    assert (await _infer(channel, **good)).outputs


async def test_metadata_say_on_what_terms_calls_wait(triton: Any, api: Api, monkeypatch: Any) -> None:
    seen: list[Terms] = []
    batcher = api.services.executor.batcher
    submit = batcher.submit
    monkeypatch.setattr(batcher, "submit", lambda model, call: seen.append(current()) or submit(model, call))
    for terms in ({"noodle-priority": "batch", "noodle-tenant": "night"}, {}):
        await triton.infer("vector", [_texts("a")], headers=BEARER | terms)
    assert [each[:2] for each in seen] == [(2, "night"), (1, "")]

    async def requests() -> AsyncIterator[Any]:
        yield {"model_name": "vector", "inputs": [_texts("a")]}

    async for _, error in triton.stream_infer(requests(), headers=BEARER | {"noodle-tenant": "stream"}):
        assert error is None
    assert seen[-1].tenant == "stream"
    with pytest.raises(InferenceServerException, match="the priority must be one of"):
        await triton.infer("vector", [_texts("a")], headers=BEARER | {"noodle-priority": "soon"})


async def test_only_health_needs_no_token(channel: grpc.aio.Channel, triton: Any, api: Api) -> None:
    before = len(api.models.batches)
    for metadata in ((), (("authorization", "Bearer wrong"),), (("authorization", TOKEN),), (("token", TOKEN),)):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await _infer(channel, metadata, model_name="vector", inputs=[TEXT], raw_input_contents=[b"\1\0\0\0a"])
        assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
        assert dict(caught.value.trailing_metadata())["noodle-code"] == "NOODLE-E0701"
    for method in ("ServerMetadata", "ModelMetadata", "ModelReady"):
        with pytest.raises(grpc.aio.AioRpcError, match="UNAUTHENTICATED"):
            await channel.unary_unary(f"/{SERVICE}/{method}")(b"")
    with pytest.raises(grpc.aio.AioRpcError, match="UNAUTHENTICATED"):
        await channel.stream_stream(f"/{SERVICE}/ModelStreamInfer")(iter([b""])).read()
    assert len(api.models.batches) == before
    assert await triton.is_server_live()


async def test_what_is_no_message_or_method_or_too_large_is_refused(channel: grpc.aio.Channel, triton: Any) -> None:
    for method, content, status in (
        ("ModelInfer", b"\xff\xff\xff", "INVALID_ARGUMENT"),
        ("ModelInfer", b"\0" * 200_000, "RESOURCE_EXHAUSTED"),
        ("RepositoryModelLoad", b"", "UNIMPLEMENTED"),
        ("../ModelInfer", b"", "UNIMPLEMENTED"),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_unary(f"/{SERVICE}/{method}")(content, metadata=METADATA)
        assert caught.value.code().name == status
    stream = channel.stream_stream(f"/{SERVICE}/ModelStreamInfer")(iter([b"\xff\xff\xff"]), metadata=METADATA)
    with pytest.raises(grpc.aio.AioRpcError, match="INVALID_ARGUMENT"):
        await stream.read()
    with pytest.raises(InferenceServerException, match="UNIMPLEMENTED"):
        await triton.get_model_config("vector", headers=BEARER)
    assert await triton.is_model_ready("vector", headers=BEARER)


async def test_failed_engine_is_told_apart_from_a_bad_request(
    channel: grpc.aio.Channel, api: Api, monkeypatch: Any
) -> None:
    async def broken(model: str, calls: Any) -> Any:
        raise ValueError("the engine is gone")

    monkeypatch.setattr(api.models, "infer", broken)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await _infer(channel, model_name="vector", inputs=[_texts_in(b"a")])
    assert (caught.value.code().name, dict(caught.value.trailing_metadata())["noodle-code"]) == (
        "INTERNAL",
        "NOODLE-E0605",
    )


async def test_client_is_told_that_its_call_was_dropped(channel: grpc.aio.Channel, api: Api, monkeypatch: Any) -> None:
    def dropped(model: str, call: Any) -> Any:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        return future

    monkeypatch.setattr(api.services.executor.batcher, "submit", dropped)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await asyncio.wait_for(_infer(channel, model_name="vector", inputs=[_texts_in(b"a")]), 60)
    assert (caught.value.code().name, dict(caught.value.trailing_metadata())["noodle-code"]) == (
        "UNAVAILABLE",
        "NOODLE-E0615",
    )


async def test_cancelled_call_cancels_its_calls(channel: grpc.aio.Channel, api: Api, monkeypatch: Any) -> None:
    asked, ended = asyncio.Event(), asyncio.Event()

    def held(model: str, call: Any) -> Any:
        future = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda done: ended.set() if done.cancelled() else None)
        asked.set()
        return future

    monkeypatch.setattr(api.services.executor.batcher, "submit", held)
    task = asyncio.create_task(_infer(channel, model_name="vector", inputs=[_texts_in(b"a")]))
    await asyncio.wait_for(asked.wait(), 30)
    task.cancel()
    await asyncio.wait_for(ended.wait(), 30)
    asked.clear()
    ended.clear()
    call = channel.stream_stream(f"/{SERVICE}/ModelStreamInfer", service_pb2.ModelInferRequest.SerializeToString)(
        metadata=METADATA
    )
    await call.write(
        service_pb2.ModelInferRequest(model_name="vector", inputs=[TEXT], raw_input_contents=[b"\1\0\0\0a"])
    )
    await asyncio.wait_for(asked.wait(), 30)
    call.cancel()
    await asyncio.wait_for(ended.wait(), 30)


async def test_calls_are_counted_and_traced(channel: grpc.aio.Channel, api: Api) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    call = channel.unary_unary(f"/{SERVICE}/ServerMetadata")(
        b"", metadata=(*METADATA, ("traceparent", f"00-{trace}-b7ad6b7169203331-01"))
    )
    await call
    assert dict(await call.trailing_metadata())["traceparent"].split("-")[1] == trace
    text = api.services.metrics.render().decode()
    assert 'route="/inference.GRPCInferenceService/ServerMetadata",status="200"' in text


async def test_address_that_cannot_be_had_is_a_clear_error(api: Api) -> None:
    with pytest.raises(PlatformError) as caught:
        await GrpcServer(Serving(api.services, "1"), api.tokens, "192.0.2.77:1").start()
    assert caught.value.code == "NOODLE-E0830"


async def test_caller_that_may_spend_no_more_is_told_so(api: Api, triton: Any) -> None:
    allowances = {"": Allowance(Budget(model_calls=2), "ever")}
    api.services.executor.spending = Spending(allowances, {}, api.services.store, lambda: 0.0)
    assert len((await triton.infer("vector", [_texts("a", "b")], headers=BEARER)).as_numpy("vectors")) == 2
    with pytest.raises(InferenceServerException) as caught:
        await triton.infer("vector", [_texts("a")], headers=BEARER)
    assert caught.value.status() == "StatusCode.PERMISSION_DENIED"


async def test_call_with_a_tenants_token_is_the_tenants(api: Api, triton: Any) -> None:
    allowances = {"them": Allowance(Budget(model_calls=1), "ever"), "": Allowance(Budget(model_calls=0), "ever")}
    api.services.executor.spending = Spending(allowances, {}, api.services.store, lambda: 0.0)
    them = {"authorization": f"Bearer {THEIRS}"}
    texts = _input("texts", np.array([b"a"], object))
    await triton.infer("vector", [texts], headers=them)
    for headers in (them, them | {"noodle-tenant": "x"}, BEARER):
        with pytest.raises(InferenceServerException, match="PERMISSION_DENIED"):
            await triton.infer("vector", [texts], headers=headers)
    api.tokens.take({})
    with pytest.raises(InferenceServerException, match="UNAUTHENTICATED"):
        await triton.infer("vector", [texts], headers=them)


async def test_token_that_is_revoked_while_a_call_comes_in_is_nobodys(channel: grpc.aio.Channel, api: Api) -> None:
    them = (("authorization", f"Bearer {THEIRS}"),)
    before = len(api.models.batches)
    whole = MESSAGES["ModelInferRequest"](model_name="vector", inputs=[TEXT], raw_input_contents=[b"\1\0\0\0a"])
    data = whole.SerializeToString()
    looked_up, real = 0, api.tokens.tenant_of_header

    def revoked_after(times: int) -> None:
        def lookup(authorization: bytes | None) -> str | None:
            nonlocal looked_up
            looked_up += 1
            return real(authorization) if looked_up <= times else None

        nonlocal looked_up
        looked_up = 0
        api.tokens.tenant_of_header = lookup  # type: ignore[method-assign]

    revoked_after(1)
    with pytest.raises(grpc.aio.AioRpcError, match="UNAUTHENTICATED"):
        await channel.unary_unary(f"/{SERVICE}/ModelInfer")(data, metadata=them)
    revoked_after(1)
    with pytest.raises(grpc.aio.AioRpcError, match="UNAUTHENTICATED"):
        await channel.stream_stream(f"/{SERVICE}/ModelStreamInfer")(iter([data]), metadata=them).read()
    assert len(api.models.batches) == before
    api.tokens.tenant_of_header = real  # type: ignore[method-assign]
    stream = channel.stream_stream(f"/{SERVICE}/ModelStreamInfer")(metadata=them)
    await stream.write(data)
    assert await stream.read() is not grpc.aio.EOF
    api.tokens.take({})
    await stream.write(data)
    with pytest.raises(grpc.aio.AioRpcError, match="UNAUTHENTICATED"):
        await stream.read()
    assert len(api.models.batches) == before + 1
