"""Tools in runs with real parts: Python functions, and an HTTP server of the test's own."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from noodle_ray.core.runs.batcher import Reply
from noodle_ray.core.runs.executor import Executor, Program
from noodle_ray.core.runs.replay import replay
from noodle_ray.core.runs.tools.host import ToolHost
from noodle_ray.core.runs.tools.spec import ToolSpec, load_tools
from noodle_ray.core.store.status import Status
from noodle_ray.core.vm.host import EffectRequest
from noodle_ray.errors import PlatformError, RequestError, UsageError
from tests.runs import functions
from tests.runs.places import Place, asked, crash, result, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
HEADER = "from noodle_ray import model, tool, ModelError\nstep = model('step')\nnote = tool('note')\n"
PYTHON = {name: ToolSpec(python=f"tests.runs.functions:{name}", timeout=0.3) for name in ("slow", "odd")}
PYTHON |= {
    "note": ToolSpec(python="tests.runs.functions:note", retries=1),
    "mine": ToolSpec(python="math:sqrt", tenants=["t"]),
}
PYTHON |= {"held": ToolSpec(python="tests.runs.functions:held")}


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    functions.CALLS.clear()
    functions.FAILURES.clear()
    functions.GATE.clear()
    yield
    functions.GATE.set()


@pytest_asyncio.fixture(loop_scope="module")
async def tooled(place: Place) -> Place:
    """A place whose programs have tools."""
    place.executor.tools = ToolHost(PYTHON)
    return place


async def test_tool_is_called_in_order_and_journaled(tooled: Place) -> None:
    source = HEADER + "def main():\n    a = step('1')\n    n = note('a' + a)\n    return [n, note('b'), step('4')]\n"
    async with tooled.node() as runs:
        run, _ = await runs.submit(asked(source))
        ended = await runs.wait(run.id, 20)
    assert result(ended)[0] == [1, 2, "5"]
    assert [(entry.model, entry.asked) for entry in await tooled.store.journal(run.id)] == [
        ("step", "step('1')"),
        ("@begun", "tool:note('a2')"),
        ("tool:note", "tool:note('a2')"),
        ("@begun", "tool:note('b')"),
        ("tool:note", "tool:note('b')"),
        ("step", "step('4')"),
    ]
    events = await tooled.store.events(run.id)
    assert [event.type for event in events][1:-1] == ["effect", "calls", "effect", "calls", "effect", "effect"]
    assert [text for text, _ in functions.CALLS] == ["a2", "b"]
    assert len({key for _, key in functions.CALLS}) == 2
    assert all(key.startswith(run.id) for _, key in functions.CALLS)
    assert ended.usage is not None
    assert (ended.usage["model_calls"], ended.usage["tool_calls"]) == (2, 2)
    with pytest.raises(RequestError, match="'tool:note' is no model"):
        await replay(tooled.store, tooled.executor, run.id, ask=["tool:note"])
    other = asked(source.replace("'b'", "'c'"))
    stopped = await replay(tooled.store, tooled.executor, run.id, module=(other.digest, other.nbc), ask_all=True)
    assert "tool:note('c')" in stopped.stopped
    assert len(functions.CALLS) == 2


async def test_call_whose_answer_a_crash_lost_is_made_again_under_its_key(tooled: Place) -> None:
    source = "from noodle_ray import tool\ndef main(text):\n    return tool('held')(text)\n"
    first = tooled.node()
    first.start()
    run, _ = await first.submit(asked(source, "pay"))
    await until(lambda: len(functions.CALLS) == 1)  # it has happened, and is in no journal
    crash(first)
    functions.GATE.set()
    async with tooled.node() as second:
        assert result(await second.wait(run.id, 20))[0] == "pay"
    assert len(functions.CALLS) == 2
    assert functions.CALLS[0] == functions.CALLS[1]


async def test_call_that_is_made_again_is_the_same_also_where_it_tells_the_time(tooled: Place) -> None:
    source = "import time\nfrom noodle_ray import tool\ndef main():\n    return tool('held')(str(time.time()))\n"
    first = tooled.node()
    first.start()
    run, _ = await first.submit(asked(source))
    await until(lambda: len(functions.CALLS) == 1)
    crash(first)
    functions.GATE.set()
    async with tooled.node() as second:
        told = result(await second.wait(run.id, 20))[0]
    assert [text for text, _ in functions.CALLS] == [told, told]
    assert functions.CALLS[0] == functions.CALLS[1]


async def test_failure_is_an_exception_of_the_program_and_may_be_tried_again_first(tooled: Place) -> None:
    functions.FAILURES += [ConnectionError("gone"), ConnectionError("gone"), ValueError("no")]
    source = HEADER + (
        "def main():\n    told = []\n    for text in 'ab':\n        try:\n            note(text)\n"
        "        except ModelError as e:\n            told.append(str(e))\n    return told\n"
    )
    async with tooled.node() as runs:
        run, _ = await runs.submit(asked(source))
        told = result(await runs.wait(run.id, 20))[0]
    assert told == ["the tool 'note' failed: ConnectionError: gone", "the tool 'note' failed: ValueError: no"]
    assert [text for text, _ in functions.CALLS] == ["a", "a", "b"]
    assert functions.CALLS[0] == functions.CALLS[1]


async def test_tool_that_is_gone_fails_where_it_is_called(tooled: Place) -> None:
    async with tooled.node() as runs:
        run, _ = await runs.submit(asked("from noodle_ray import tool\ndef main():\n    return tool('gone')()\n"))
        ended = await runs.wait(run.id, 20)
    assert (ended.status, (ended.error or {})["type"]) == (Status.FAILED, "ModelError")
    assert "there is no tool 'gone' here; there is held, mine, note, odd, slow" in (ended.error or {})["message"]


async def test_program_that_may_not_call_a_tool_does_not_begin(tooled: Place) -> None:
    executor: Executor = tooled.executor
    source = "from noodle_ray import tool\nprint('begun')\ntool('{}')(4)"
    for name in ("gone", "mine"):
        with pytest.raises(RequestError) as refused:
            await executor.run(Program(source=source.format(name)))
        message = f"there is no tool '{name}' here; there is held, note, odd, slow"
        assert (refused.value.code, refused.value.message) == ("NOODLE-E0743", message)
    _, outcome = await executor.run(Program(source=source.format("mine")), tenant="t")
    assert (outcome["result"], outcome["usage"]["tool_calls"]) == (2.0, 1)
    names = [[tool["name"] for tool in executor.tools.listed(tenant)] for tenant in ("", "t")]
    assert names == [["held", "note", "odd", "slow"], ["held", "mine", "note", "odd", "slow"]]


async def test_run_that_has_called_a_tool_is_lost_with_its_pool_and_not_for_clients_to_send_again(
    tooled: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closing:
        def __init__(self, *asked: EffectRequest) -> None:
            self._asked = list(asked)

        async def run(self, request: Any, effects: Any) -> Any:
            async for _ in effects(self._asked):
                pass
            raise PlatformError("the worker pool was closed", code="NOODLE-E0803")

    monkeypatch.setattr(tooled.executor, "_pool", Closing(EffectRequest("/1", "tool:note", ("a",), {})))
    _, outcome = await tooled.executor.run(Program(source="1"), seed=7)
    assert (outcome["error"]["code"], outcome["usage"]["tool_calls"], outcome["usage"]["seed"]) == (
        "NOODLE-E0801",
        1,
        7,
    )
    monkeypatch.setattr(tooled.executor, "_pool", Closing())
    with pytest.raises(PlatformError):
        await tooled.executor.run(Program(source="1"))


async def call(host: ToolHost, name: str, *args: Any, **kwargs: Any) -> Reply:
    return await host.call(EffectRequest("/1", f"tool:{name}", args, kwargs), "", "run")


@pytest.mark.parametrize(
    ("name", "args", "code"),
    [
        ("slow", [5.0], "NOODLE-E0520"),
        ("odd", ["object"], "NOODLE-E0521"),
        ("odd", ["set"], "NOODLE-E0521"),
        ("odd", ["none"], "NOODLE-E0518"),
        ("odd", [], "NOODLE-E0519"),
        ("odd", ["object", "more"], "NOODLE-E0519"),
        ("odd", [b"bytes"], "NOODLE-E0519"),
    ],
)
async def test_bad_call_of_a_function_is_told(name: str, args: list[Any], code: str) -> None:
    host = ToolHost(PYTHON)
    reply = await call(host, name, *args)
    assert (reply.ok, reply.value[0]) == (False, code)  # type: ignore[index]
    await host.close()


class Server(ThreadingHTTPServer):
    """Answers with what it was sent; or as its path says. ``seen`` are the requests."""

    daemon_threads = True

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str, Any]] = []
        self.cookies: list[str | None] = []
        self.busy = 0
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    def _answer(self) -> None:
        server: Any = self.server
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        key, body = self.headers.get("Idempotency-Key", ""), json.loads(data) if data else None
        server.seen.append((self.command, self.path, key, body))
        server.cookies.append(self.headers.get("Cookie"))
        status, kind, told = 200, "application/json", json.dumps({"path": self.path, "body": body}).encode()
        if server.busy:
            server.busy -= 1
            status, told = 503, b"busy"
        elif self.path == "/moved":
            status = 302
        elif self.path == "/missing":
            status, told = 404, b"no such thing"
        elif self.path == "/echo":
            status, told = 400, f"{'x' * 270} bad key {self.headers.get('X-Key')}".encode()
        elif self.path == "/text":
            kind, told = "text/plain", b"plain"
        elif self.path == "/bad":
            told = b"{"
        elif self.path == "/large":
            told = b'"' + b"x" * 2000 + b'"'
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(told)))
        if status == 302:
            self.send_header("Location", "/text")
        self.send_header("Set-Cookie", "session=of-one-run; Path=/")
        if self.path == "/packed":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(told)

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """The server, in a thread."""
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}, "n": {"type": "integer"}}, "required": ["id"]}


def hosted(server: Server, **more: Any) -> ToolHost:
    spec = {"http": f"{server.url}/users/{{id}}", "parameters": SCHEMA, "headers": {"X-Key": "${TOOL_SECRET}"}, **more}
    return ToolHost({"user": ToolSpec.model_validate(spec)})


async def test_arguments_have_their_places_in_a_request(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOL_SECRET", "s")
    server.seen.clear()
    host = hosted(server)
    reply = await call(host, "user", id="a/../b?c#d", n=3)
    assert reply.value == {"path": "/users/a%2F..%2Fb%3Fc%23d", "body": {"n": 3}}
    assert server.seen[0][0] == "POST"
    assert server.seen[0][2].startswith("run-")
    await host.close()
    host = hosted(server, method="GET")
    assert (await call(host, "user", id="x", n=3)).value == {"path": "/users/x?n=3", "body": None}
    await host.close()


async def test_failure_that_may_pass_is_tried_again_under_the_same_key(server: Server) -> None:
    server.seen.clear()
    server.busy = 1
    host = ToolHost({"a": ToolSpec(http=f"{server.url}/a", retries=1)})
    assert (await call(host, "a", x=[1])).ok
    assert len(server.seen) == 2
    assert server.seen[0] == server.seen[1]
    await host.close()


@pytest.mark.parametrize(
    ("path", "kwargs", "code", "told"),
    [
        ("/moved", {}, "NOODLE-E0518", "status 302"),
        ("/missing", {}, "NOODLE-E0518", "status 404: no such thing"),
        ("/bad", {}, "NOODLE-E0521", "JSON"),
        ("/large", {}, "NOODLE-E0521", "more than 1000 bytes"),
        ("/packed", {}, "NOODLE-E0521", "compressed"),
        ("/x", {"y": "z" * 2000}, "NOODLE-E0519", "more than 1000 bytes"),
        ("/x", {"y": "half of a pair \ud800"}, "NOODLE-E0519", "no JSON data"),
        ("/x", {"y": 10**5000}, "NOODLE-E0519", "no JSON data"),
        ("/x/{place}", {"place": ".."}, "NOODLE-E0519", "'place'"),
        ("/x/{place}", {}, "NOODLE-E0519", "'place'"),
        ("/x/{place}", {"place": [1]}, "NOODLE-E0519", "'place'"),
    ],
)
async def test_bad_call_of_an_endpoint_is_told(
    server: Server, path: str, kwargs: dict[str, Any], code: str, told: str
) -> None:
    server.seen.clear()
    host = ToolHost({"a": ToolSpec(http=server.url + path, max_bytes=1000)})
    reply = await call(host, "a", **kwargs)
    assert (reply.ok, reply.value[0]) == (False, code)  # type: ignore[index]
    assert told in reply.value[1]  # type: ignore[index]
    assert len(server.seen) == (0 if code == "NOODLE-E0519" else 1)
    await host.close()


async def test_schema_and_kind_of_arguments_are_checked_before_anything_is_sent(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOL_SECRET", "s")
    server.seen.clear()
    host = hosted(server)
    for args, kwargs, told in [
        ((), {}, "'id' is a required property"),
        ((), {"id": 3}, "refuses id: 3 is not of type 'string'"),
        (("x",), {}, "named arguments only"),
    ]:
        reply = await call(host, "user", *args, **kwargs)
        assert (reply.ok, reply.value[0]) == (False, "NOODLE-E0519")  # type: ignore[index]
        assert told in reply.value[1]  # type: ignore[index]
    assert server.seen == []
    await host.close()


async def test_address_that_is_too_long_is_refused(server: Server) -> None:
    host = ToolHost({"a": ToolSpec(http=server.url + "/{place}")})
    reply = await call(host, "a", place="z" * 70_000)
    assert reply.value == ("NOODLE-E0519", "the arguments of 'a' are too long for an address")
    await host.close()


@pytest.mark.parametrize(("path", "told"), [("/echo", "bad key Bearer ***"), ("/x", "it is ***")])
async def test_secret_that_an_endpoint_tells_is_not_told_to_programs(
    server: Server, monkeypatch: pytest.MonkeyPatch, path: str, told: str
) -> None:
    monkeypatch.setenv("TOOL_SECRET", "very secret")
    host = ToolHost({"a": ToolSpec(http=server.url + path, headers={"X-Key": "Bearer ${TOOL_SECRET}"})})
    reply = await call(host, "a", x="it is very secret")
    assert (told in str(reply.value), "very" in str(reply.value)) == (True, False)
    await host.close()


async def test_no_cookie_goes_from_one_call_to_another(server: Server) -> None:
    server.cookies.clear()
    host = ToolHost({"a": ToolSpec(http=f"{server.url}/a"), "b": ToolSpec(http=f"{server.url}/b")})
    for name in ("a", "a", "b"):
        assert (await call(host, name)).ok
    assert server.cookies == [None] * 3
    await host.close()


async def test_large_arguments_of_a_function_are_refused_and_unique_ones_cost_no_square() -> None:
    schema = {"properties": {"text": {"type": "array", "uniqueItems": True}}}
    spec = ToolSpec(python="tests.runs.functions:note", max_bytes=300_000, parameters=schema)
    host = ToolHost({"note": spec})
    mixed = [each for number in range(20_000) for each in (number, str(number))]  # jsonschema: minutes
    assert (await call(host, "note", text=mixed)).ok
    for text, told in [
        ("x" * 300_000, "more than 300000 bytes"),
        ([*mixed, 7], "not unique"),
        ([1, "a", 1.0], "not unique"),
        ([{"a": 1, "b": 2}, {"b": 2, "a": 1}], "not unique"),
    ]:
        reply = await call(host, "note", text=text)
        assert (reply.ok, reply.value[0], told in reply.value[1]) == (False, "NOODLE-E0519", True), reply.value  # type: ignore[index]
    assert (await call(host, "note", text=[1, True, "1"])).ok
    await host.close()


async def test_nobody_who_answers_is_a_failure() -> None:
    host = ToolHost({"a": ToolSpec(http="http://127.0.0.1:9/x")})
    assert (await call(host, "a")).value == ("NOODLE-E0518", "the tool 'a' cannot be reached: ConnectError")
    await host.close()


class McpHandler(BaseHTTPRequestHandler):
    """A server of the Model Context Protocol: ``add`` sums two numbers. Its sessions end when the test says so."""

    def do_POST(self) -> None:
        server: Any = self.server
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        method, params, number = message["method"], message.get("params"), message.get("id")
        session = self.headers.get("Mcp-Session-Id")
        server.seen.append((method, session, self.headers.get("Idempotency-Key"), params))
        if method == "initialize":
            server.session += 1
            return self._say(200, {"jsonrpc": "2.0", "id": number, "result": {"protocolVersion": "2025-06-18"}})
        if session != str(server.session):
            return self._say(404, None)
        if number is None:
            return self._say(202, None)
        name, given = params["name"], params["arguments"]
        result: dict[str, Any] = {"content": [{"type": "text", "text": "7"}], "structuredContent": {"sum": 7}}
        if name == "text":
            result = {"content": [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]}
        elif name == "wrong":
            result = {"content": [{"type": "text", "text": "no such number"}], "isError": True}
        if name == "missing":
            return self._say(200, {"jsonrpc": "2.0", "id": number, "error": {"code": -32602, "message": "what?"}})
        if name == "mute":
            return self._say(200, {"jsonrpc": "2.0", "id": 77, "result": {}})
        answer = {"jsonrpc": "2.0", "id": number, "result": result}
        return self._say(200, answer, events=bool(given.get("stream")))

    def _say(self, status: int, message: dict[str, Any] | None, events: bool = False) -> None:
        server: Any = self.server
        note = {"jsonrpc": "2.0", "method": "notifications/progress"}
        data = b"" if message is None else json.dumps(message).encode()
        if events:
            data = f"event: message\r\ndata: {json.dumps(note)}\r\n\r\n: hi\r\ndata: ".encode() + data + b"\r\n\r\n"
        self.send_response(status)
        self.send_header("Content-Type", "text/event-stream" if events else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Mcp-Session-Id", str(server.session))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


async def test_tools_of_a_server_of_the_model_context_protocol() -> None:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), McpHandler)
    server.seen, server.session = [], 0
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/mcp"
    names = ("text", "wrong", "missing", "mute")
    specs = {name: ToolSpec(mcp=url) for name in names} | {"sum": ToolSpec(mcp=url, tool="add")}
    host = ToolHost(specs)
    try:
        assert (await call(host, "sum", a=3, b=4)).value == {"sum": 7}
        assert [method for method, *_ in server.seen] == ["initialize", "notifications/initialized", "tools/call"]
        _, session, key, params = server.seen[-1]
        assert (session, params["name"], params["arguments"]) == ("1", "add", {"a": 3, "b": 4})
        assert key == params["_meta"]["noodle/idempotencyKey"]
        assert (await call(host, "sum", stream=True)).value == {"sum": 7}
        assert (await call(host, "text")).value == "a\nb"
        server.session += 1  # its sessions are over, and others begin
        assert (await call(host, "sum", a=3)).value == {"sum": 7}
        bad: list[tuple[str, tuple[Any, ...]]] = [("wrong", ()), ("missing", ()), ("mute", ()), ("text", ("x",))]
        failures = [(await call(host, name, *args)).value for name, args in bad]
        assert failures == [
            ("NOODLE-E0518", "the tool 'wrong' failed: no such number"),
            ("NOODLE-E0518", "the tool 'missing' failed: what?"),
            ("NOODLE-E0521", "the tool 'mute' gave no answer"),
            ("NOODLE-E0519", "the tool 'text' takes named arguments only"),
        ]
    finally:
        await host.close()
        server.shutdown()
        server.server_close()
        thread.join()


PET = {"$ref": "#/components/schemas/Pet"}
PETS = {
    "openapi": "3.1.0",
    "info": {"title": "pets", "version": "1"},
    "paths": {
        "/pets/{pet}": {
            "parameters": [{"name": "pet", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {"operationId": "show", "parameters": [{"$ref": "#/components/parameters/Deep"}]},
            "put": {
                "operationId": "store",
                "summary": "Store a pet.",
                "requestBody": {"required": True, "content": {"application/json": {"schema": PET}}},
            },
            "delete": {"operationId": "drop", "parameters": [{"name": "X", "in": "header", "required": True}]},
        }
    },
    "components": {
        "schemas": {"Pet": {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}},
        "parameters": {"Deep": {"name": "deep", "in": "query", "schema": {"type": "boolean"}}},
    },
}  # fmt: skip


async def test_operations_of_an_openapi_document_are_tools(server: Server, tmp_path: Path) -> None:
    (tmp_path / "pets.json").write_text(json.dumps(PETS))
    text = f"openapi:\n- file: pets.json\n  server: {server.url}/v1/\n  prefix: pets_\n  operations: [show, store]\n"
    (tmp_path / "tools.yaml").write_text(text)
    host = ToolHost(load_tools(str(tmp_path / "tools.yaml")))
    assert [(tool["name"], tool["description"]) for tool in host.listed("")] == [
        ("pets_show", ""), ("pets_store", "Store a pet."),
    ]  # fmt: skip
    assert (await call(host, "pets_show", pet="rex", deep=True)).value == {
        "path": "/v1/pets/rex?deep=true",
        "body": None,
    }
    assert (await call(host, "pets_store", pet="rex", body={"age": 3})).value == {
        "path": "/v1/pets/rex", "body": {"age": 3},
    }  # fmt: skip
    for kwargs in ({"pet": "rex", "body": {"age": "old"}}, {"pet": "rex"}, {"pet": "rex", "body": {"age": 1}, "x": 1}):
        assert (await call(host, "pets_store", **kwargs)).value[0] == "NOODLE-E0519"  # type: ignore[index]
    await host.close()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tools: {a: {}}", "exactly one of python, http and mcp"),
        ("tools: {a: {python: math:sqrt, timeout: 0}}", "greater than 0"),
        ("tools: {a: {python: math:sqrt, colour: red}}", "colour"),
        ("tools: {a b: {python: math:sqrt}}", "tools.a b"),
        ("tools: {a: {python: nowhere.at.all:x}}", "cannot be imported"),
        ("tools: {a: {python: math:no_such}}", "cannot be imported"),
        ("tools: {a: {python: 'tests.runs.functions:not_a_function'}}", "is no function"),
        ("tools: {a: {http: ftp://x/y}}", "are addresses"),
        ("tools: {a: {http: 'http://{host}/y'}}", "in the path only"),
        ("tools: {a: {http: 'http://u:p@h/y'}}", "without a user"),
        ("tools: {a: {http: http://h/y, headers: {X: '${NOT_THERE_AT_ALL}'}}}", "NOT_THERE_AT_ALL"),
        ("tools: {a: {http: http://h/y, parameters: {type: nonsense}}}", "no schema"),
        ("openapi: [{file: none.json, server: http://h}]", "cannot be read"),
        ("openapi: [{file: pets.json, server: http://h}]", "needs a header"),
        ("openapi: [{file: pets.json, server: http://h, operations: [fly]}]", "no operation 'fly'"),
        ("openapi: [{file: tools.yaml, server: http://h}]", "no OpenAPI document"),
        ("tools: [", "cannot be read"),
        ("[]", "valid dictionary"),
    ],
)
async def test_bad_file_of_tools_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "pets.json").write_text(json.dumps(PETS))
    (tmp_path / "tools.yaml").write_text(text)
    with pytest.raises(UsageError) as wrong:
        ToolHost(load_tools(str(tmp_path / "tools.yaml")))
    assert wrong.value.code == "NOODLE-E0934"
    assert told in wrong.value.message


async def test_no_file_is_no_tools() -> None:
    assert load_tools("") == {}
    with pytest.raises(UsageError):
        load_tools("nowhere.yaml")
