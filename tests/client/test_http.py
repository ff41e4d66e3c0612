"""The HTTP clients against a real server: outcomes, errors, tokens, patience."""

import asyncio
import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from noodle_ray.client.http import AsyncClient, Client, checked_url, find_token, run_module
from noodle_ray.core import nbc
from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import CompileError, ModelError, PlatformError, RequestError, UsageError
from tests.client.conftest import Served


@pytest.fixture
def client(platform: Served) -> Iterator[Client]:
    """A client with the right token."""
    with Client(platform.url, platform.token) as made:
        yield made


def test_run_gives_the_outcome(client: Client) -> None:
    outcome = client.run(source="def main(a, b):\n    print(a)\n    return a + b", args=[1], kwargs={"b": 2})
    assert (outcome["result"], outcome["stdout"], outcome["error"]) == (3, "1\n", None)
    assert outcome["usage"]["fuel"] > 0
    assert outcome["events"] == []
    assert outcome["trace_id"]


def test_terms_go_with_every_request_and_bad_ones_are_refused_here(platform: Served) -> None:
    with Client(platform.url, platform.token, priority="batch", tenant="night", deadline=30) as made:
        headers = made.asynchronous._http.headers
        assert made.run(source="1 + 1")["result"] == 2
    said = {name: headers[name] for name in headers if name.startswith("noodle-")}
    assert said == {"noodle-priority": "batch", "noodle-tenant": "night", "noodle-deadline": "30"}
    for bad in ({"priority": "soon"}, {"tenant": "a b"}, {"deadline": 0}):
        with pytest.raises(RequestError) as caught:
            Client(platform.url, platform.token, **bad)
        assert caught.value.code == "NOODLE-E0750"


def test_run_carries_values_that_json_lacks(client: Client) -> None:
    source = "def main(x): return {1: x, 'inf': float('inf')}"
    assert client.run(source=source, args=[float("inf")])["result"] == {1: float("inf"), "inf": float("inf")}


def test_run_gives_the_error_of_a_program_that_raises(client: Client) -> None:
    error = client.run(source="1 / 0")["error"]
    assert (error["code"], error["type"]) == ("NOODLE-E0501", "ZeroDivisionError")


def test_run_sends_only_limits_that_differ(client: Client) -> None:
    outcome = client.run(source="while True: pass", limits=Limits(fuel=1000))
    assert outcome["error"]["code"] == "NOODLE-E0401"


def test_run_raises_the_compilers_diagnostics(client: Client) -> None:
    with pytest.raises(CompileError) as caught:
        client.run(source="x = 1\ny = zz")
    assert caught.value.diagnostics[0].span[:2] == (2, 4)
    assert caught.value.source == "x = 1\ny = zz"


def test_run_module_sends_the_module_once(platform: Served) -> None:
    encoded = nbc.encode(compile_source("def main(n): return n * 7"))

    async def twice() -> list[Any]:
        async with AsyncClient(platform.url, platform.token) as client:
            return [(await run_module(client, nbc.digest(encoded), encoded, args=[n]))["result"] for n in (1, 2)]

    assert asyncio.run(twice()) == [7, 14]


def test_compile_gives_the_module(client: Client) -> None:
    reply = client.compile("1 + 1", text=True)
    assert nbc.digest(reply["nbc"]) == reply["module"]
    assert reply["text"].startswith("nbc 2")


def test_models_and_infer(client: Client) -> None:
    assert [model["name"] for model in client.models()] == ["length", "vector", "talk", "mood", "rank"]
    assert client.infer("length", ["a", "bcd"]) == [1, 3]


def test_infer_raises_when_the_model_refuses_its_input(client: Client) -> None:
    with pytest.raises(ModelError) as caught:
        client.infer("length", [3])
    assert caught.value.code == "NOODLE-E0603"


def test_infer_quotes_the_name_of_the_model(client: Client) -> None:
    with pytest.raises(ModelError) as caught:
        client.infer("no/such?model#", ["x"])
    assert caught.value.code == "NOODLE-E0601"


def test_ready_when_the_platform_is(client: Client) -> None:
    assert client.ready()


def test_a_wrong_token_is_refused(platform: Served) -> None:
    with Client(platform.url, "wrong-token-wrong-token") as client, pytest.raises(RequestError) as caught:
        client.models()
    assert caught.value.code == "NOODLE-E0701"
    assert "token" in caught.value.hint


def test_nothing_answers() -> None:
    with Client("http://127.0.0.1:9", "x" * 20) as client:
        assert not client.ready()
        with pytest.raises(PlatformError) as caught:
            client.models()
    assert caught.value.code == "NOODLE-E0810"
    assert "noodle up" in caught.value.hint


def test_arguments_that_are_not_data_are_refused_here(client: Client) -> None:
    with pytest.raises(Exception) as caught:
        client.run(source="1", args=[object()])
    assert getattr(caught.value, "code", "").startswith("NOODLE-E")


class _Stranger(http.server.BaseHTTPRequestHandler):
    """Something that is not a platform: by path, busy for two requests, an HTML page, or broken JSON."""

    asked = 0

    def do_GET(self) -> None:
        _Stranger.asked += 1
        busy = self.path.startswith("/busy") and _Stranger.asked <= 2
        self.send_response(429 if busy else 200)
        self.send_header("Retry-After", "0.05")
        self.end_headers()
        self.wfile.write(b'{"data": []}' if self.path.startswith("/busy") else b"<html>hello</html>")

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def stranger() -> Iterator[str]:
    """The address of a server that is not a platform."""
    _Stranger.asked = 0
    server = http.server.HTTPServer(("127.0.0.1", 0), _Stranger)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_answers_is_not_a_platform(stranger: str) -> None:
    with Client(stranger, "x" * 20) as client, pytest.raises(PlatformError) as caught:
        client.models()
    assert caught.value.code == "NOODLE-E0812"


def test_a_busy_platform_is_asked_again(stranger: str) -> None:
    with Client(f"{stranger}/busy", "x" * 20) as client:
        assert client.models() == []
    assert _Stranger.asked == 3


def test_patience_with_a_busy_platform_ends(stranger: str) -> None:
    with Client(f"{stranger}/busy", "x" * 20, patience=0.0) as client, pytest.raises(PlatformError):
        client.models()


@pytest.mark.parametrize("url", ["", "ftp://host", "http://", "http://[::1", "file:///etc/passwd"])
def test_checked_url_refuses_what_is_no_address(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked_url(url)
    assert caught.value.code == "NOODLE-E0916"


def test_checked_url_completes_an_address() -> None:
    assert checked_url("localhost:8000") == "http://localhost:8000"
    assert checked_url("https://example.org/noodle/") == "https://example.org/noodle"


def test_find_token_never_gives_the_token_of_this_machine_to_another(
    noodle_home: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from noodle_ray.security.tokens import ensure_token

    token = ensure_token()
    assert find_token("http://127.0.0.1:8000") == token
    assert find_token("http://localhost:8000") == token
    assert find_token("https://example.org") is None
    monkeypatch.setenv("NOODLE_TOKEN", "given-by-the-environment")
    assert find_token("https://example.org") == "given-by-the-environment"
