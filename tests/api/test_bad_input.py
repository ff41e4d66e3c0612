"""Hostile and mistaken requests: each gets a coded problem, and the next request succeeds."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from noodle_ray.api.settings import Settings
from tests.api.conftest import AUTHORIZATION, Api


async def expect(api: Api, response: httpx.Response, status: int, code: str, part: str = "") -> dict[str, object]:
    """Check a problem response, then that the platform still works."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, object] = response.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:noodle:error:{code}")
    assert len(str(body["trace_id"])) == 32
    assert part in str(body["detail"])
    assert (await api.run("1 + 1"))["result"] == 2
    return body


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "NOODLE-E0702"),
        (b"{", 400, "NOODLE-E0702"),
        (b"\xff\xfe", 400, "NOODLE-E0702"),
        (b'{"source": "\xff"}', 400, "NOODLE-E0702"),
        (b'{"source": "1", "args": ' + b"[" * 100_000, 400, "NOODLE-E0702"),
        (b'{"source": "1", "args": [' + b"9" * 10_000 + b"]}", 400, "NOODLE-E0702"),
        (b"[]", 422, "NOODLE-E0703"),
        (b"null", 422, "NOODLE-E0703"),
        (b"{}", 422, "NOODLE-E0703"),
        (b'{"source": 1}', 422, "NOODLE-E0703"),
        (b'{"source": "1", "module": "' + b"a" * 64 + b'"}', 422, "NOODLE-E0703"),
        (b'{"module": "abc"}', 422, "NOODLE-E0703"),
        (b'{"source": "1", "surprise": 1}', 422, "NOODLE-E0703"),
        (b'{"source": "1", "args": "no list"}', 422, "NOODLE-E0703"),
        (b'{"source": "1", "kwargs": []}', 422, "NOODLE-E0703"),
        (b'{"source": "1", "tier": "quantum"}', 422, "NOODLE-E0703"),
        (b'{"source": "1", "limits": {"fuel": -1}}', 422, "NOODLE-E0703"),
        (b'{"source": "1", "limits": {"fuel": "9"}}', 422, "NOODLE-E0703"),
        (b'{"source": "1", "limits": {"fuel": 1000000000000000}}', 422, "NOODLE-E0703"),
        (b'{"source": "1", "limits": {"deadline": 1e999}}', 422, "NOODLE-E0703"),
        (b'{"source": "1", "limits": {"memory": 99999999999999}}', 422, "NOODLE-E0703"),
        (b'{"source": "1", "args": [{"$float": "many"}]}', 422, "NOODLE-E0703"),
        (b'{"source": "1", "args": [{"$dict": 5}]}', 422, "NOODLE-E0703"),
        (b'{"source": "1", "args": [{"$dict": [[{}, 1]]}]}', 422, "NOODLE-E0703"),
        (b'{"nbc": "no base64!"}', 422, "NOODLE-E0703"),
    ],
)
async def test_run_is_refused_when_the_body_is_wrong(api: Api, body: bytes, status: int, code: str) -> None:
    await expect(api, await api.client.post("/v1/run", content=body, headers=AUTHORIZATION), status, code)


async def test_problem_names_the_field_when_one_is_wrong(api: Api) -> None:
    body = await expect(
        api, await api.post("/v1/run", {"source": "1", "limits": {"fuel": 0}}), 422, "NOODLE-E0703", "limits.fuel"
    )
    assert body["errors"][0]["loc"] == ["limits", "fuel"]  # type: ignore[index]


async def test_compile_errors_come_as_diagnostics(api: Api) -> None:
    response = await api.post("/v1/run", {"source": "x = 1\nimport os\nx.__globals__"})
    assert response.status_code == 422
    diagnostics = response.json()["diagnostics"]
    assert [finding["line"] for finding in diagnostics] == [2, 3]
    assert all(finding["code"].startswith("NOODLE-E0") and finding["hint"] for finding in diagnostics)
    assert "^" in diagnostics[0]["picture"]
    await expect(api, response, 422, diagnostics[0]["code"])


async def test_syntax_error_is_a_diagnostic(api: Api) -> None:
    response = await api.post("/v1/compile", {"source": "def f(:"})
    assert response.status_code == 422
    await expect(api, response, 422, response.json()["diagnostics"][0]["code"])


async def test_unknown_module_is_404(api: Api) -> None:
    await expect(api, await api.post("/v1/run", {"module": "0" * 64}), 404, "NOODLE-E0309", "compile it first")


@pytest.mark.parametrize("data", [b"", b"NBC", b"\0" * 1000, b"\xff" * 1000])
async def test_uploaded_module_is_refused_when_it_is_garbage(api: Api, data: bytes) -> None:
    response = await api.post("/v1/run", {"nbc": base64.b64encode(data).decode()})
    assert response.json()["code"].startswith("NOODLE-E03")
    await expect(api, response, 422, response.json()["code"])


async def test_uploaded_module_is_harmless_when_any_byte_is_changed(api: Api) -> None:
    source = "def f(a, b=2):\n    return [a + i for i in range(b)]\nf(1)"
    nbc = base64.b64decode((await api.post("/v1/compile", {"source": source})).json()["nbc"])
    for position in range(len(nbc)):
        changed = bytearray(nbc)
        changed[position] ^= 0x15
        body = {"nbc": base64.b64encode(changed).decode(), "limits": {"fuel": 100_000, "deadline": 2}}
        response = await api.post("/v1/run", body)
        assert response.status_code in (200, 422), (position, response.text)
    assert (await api.run("1 + 1"))["result"] == 2


async def test_body_is_refused_when_its_declared_size_is_too_large(api: Api) -> None:
    headers = {**AUTHORIZATION, "Content-Length": "99999999999"}
    response = await api.client.post("/v1/run", content=b"x", headers=headers)
    await expect(api, response, 413, "NOODLE-E0704")


async def test_body_is_refused_while_it_streams_in_when_it_grows_too_large(api: Api) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 100_000
            yield b" " * 100_000

    response = await api.client.post("/v1/run", content=endless(), headers=AUTHORIZATION)
    await expect(api, response, 413, "NOODLE-E0704")
    assert sent <= 3_000_000


async def test_program_is_refused_when_it_is_too_large(api: Api) -> None:
    response = await api.post("/v1/run", {"source": "#" * 1_000_001})
    await expect(api, response, 413, "NOODLE-E0704", "1000000 bytes")


async def test_unknown_path_is_404(api: Api) -> None:
    await expect(api, await api.post("/v1/nowhere", {}), 404, "NOODLE-E0705", "/v1/nowhere")


async def test_wrong_method_is_405(api: Api) -> None:
    response = await api.client.get("/v1/run", headers=AUTHORIZATION)
    assert response.headers["allow"] == "POST"
    await expect(api, response, 405, "NOODLE-E0706")


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("1 / 0", "NOODLE-E0501"),
        ("while True:\n    pass", "NOODLE-E0403"),
        ("[0] * 10**10", "NOODLE-E0402"),
        ("'a' * 10**12", "NOODLE-E0402"),
        ("10 ** 10 ** 8", "NOODLE-E0401"),
        ("x = []\nwhile True:\n    x.append('y' * 1000000 + str(len(x)))", "NOODLE-E0402"),
        ("def f(n):\n    return f(n + 1)\nf(0)", "NOODLE-E0404"),
        ("while True:\n    print('x' * 1000)", "NOODLE-E0405"),
        ("def main():\n    return main", "NOODLE-E0503"),
    ],
)
async def test_program_that_goes_wrong_is_an_outcome(api: Api, source: str, code: str) -> None:
    reply = await api.run(source, limits={"deadline": 2.0})
    assert reply["error"]["code"] == code, reply  # type: ignore[index]
    assert reply["result"] is None
    assert (await api.run("1 + 1"))["result"] == 2


async def test_wrong_argument_type_is_an_outcome(api: Api) -> None:
    reply = await api.run("def main(x: int):\n    return x", args=["no"])
    assert reply["error"]["code"] == "NOODLE-E0502"  # type: ignore[index]


async def test_unknown_model_is_an_error_in_the_program(api: Api) -> None:
    reply = await api.run("from noodle_ray import model\nm = model('nope')\nm('x')")
    assert reply["error"]["type"] == "ModelError"  # type: ignore[index]
    assert "nope" in reply["error"]["message"]  # type: ignore[index]


async def test_traceback_points_into_the_program(api: Api) -> None:
    reply = await api.run("def f(x):\n    return 1 / x\n\nf(0)")
    traceback = reply["error"]["traceback"]  # type: ignore[index]
    assert [(frame["line"], frame["function"]) for frame in traceback] == [(4, "<module>"), (2, "f")]


class TestFullQueue:
    """One worker, room for one more."""

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(workers=1, max_waiting_runs=1)

    async def test_run_is_refused_when_the_queue_is_full(self, api: Api) -> None:
        spin = {"source": "while True:\n    pass", "limits": {"deadline": 1.0}}
        responses = await asyncio.gather(*[api.post("/v1/run", spin) for _ in range(4)])
        assert sorted(response.status_code for response in responses) == [200, 200, 429, 429]
        refused = next(response for response in responses if response.status_code == 429)
        assert int(refused.headers["retry-after"]) >= 1
        await expect(api, refused, 429, "NOODLE-E0707")


class TestSlowBody:
    """A client that never finishes its body."""

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(workers=1, body_timeout=0.2)

    async def test_request_is_refused_when_its_body_does_not_arrive(self, api: Api) -> None:
        async def stuck() -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.Event().wait()

        response = await api.client.post("/v1/run", content=stuck(), headers=AUTHORIZATION)
        await expect(api, response, 408, "NOODLE-E0708")


async def test_run_ends_when_its_client_disconnects(api: Api) -> None:
    app = api.client._transport.app  # type: ignore[attr-defined]
    gone = asyncio.Event()
    body = json.dumps({"source": "while True:\n    pass", "limits": {"deadline": 60}}).encode()
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        if messages:
            return messages.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    headers = [(b"authorization", AUTHORIZATION["Authorization"].encode())]
    scope = {"type": "http", "method": "POST", "path": "/v1/run", "query_string": b"", "headers": headers}
    request = asyncio.ensure_future(app(scope, receive, send))
    while not api.pool.stats().busy:
        await asyncio.sleep(0.01)
    gone.set()
    await asyncio.wait_for(request, 10)
    assert sent[0]["status"] == 499
    assert (await api.run("1 + 1"))["result"] == 2
    assert api.pool.stats().busy == 0


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", "/v1/runs", "GET, POST"),
        ("PUT", "/v1/runs/x", "DELETE, GET"),
        ("PUT", "/v1/models/a/b/infer", "POST"),
        ("PUT", "/v2/health/live", "GET"),
        ("DELETE", "/v2/models/a/versions/1/infer", "POST"),
    ],
)
async def test_refused_method_gets_all_that_the_address_takes(api: Api, method: str, path: str, allow: str) -> None:
    response = await api.client.request(method, path, headers=AUTHORIZATION)
    assert (response.status_code, response.headers["allow"]) == (405, allow)
    assert response.json()["code"] == "NOODLE-E0706"
