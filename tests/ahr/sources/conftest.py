"""A web server on loopback that knows ranges, can break off, and can lie."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class Site:
    """What the server has: answers by path, each a body and headers. ``requests`` notes method, path and range."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.requests: list[tuple[str, str, str]] = []
        self.break_off: dict[str, tuple[int, int]] = {}
        """Path -> how many GETs are answered in full, and after how many bytes the connection of the next one ends."""
        self.url = ""

    def put(self, path: str, body: bytes, **headers: str) -> None:
        self.pages[path] = (body, {name.replace("_", "-"): value for name, value in headers.items()})

    def ranges(self, path: str) -> list[str]:
        return [asked for method, where, asked in self.requests if method == "GET" and where == path]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def do_HEAD(self) -> None:
        self._answer(False)

    def do_GET(self) -> None:
        self._answer(True)

    def _answer(self, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        asked = self.headers.get("Range", "")
        self.site.requests.append((self.command, path, asked))
        if path not in self.site.pages:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body, headers = self.site.pages[path]
        size = len(body)
        start = 0
        if asked.startswith("bytes="):
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start = int(first)
            if start >= size:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{size}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = body[start : int(last) + 1 if last else None]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{start + len(body) - 1}/{size}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Accept-Ranges", "bytes")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            whole, limit = self.site.break_off.pop(path, (0, len(body)))
            if whole:
                self.site.break_off[path] = (whole - 1, limit)
            self.close_connection = not whole and limit < len(body)
            self.wfile.write(body[:limit] if self.close_connection else body)
            self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[Site]:
    """A server with nothing on it."""
    made = Site()
    handler = type("Handler", (_Handler,), {"site": made})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def adder_of(elements: int) -> bytes:
    """An ONNX file, the larger part of it weights, 4 bytes each: ``y = x + w``."""
    from onnx import TensorProto, helper

    weights = helper.make_tensor("w", TensorProto.FLOAT, [elements], bytes(4 * elements), raw=True)
    port = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [elements]) for name in "xy"]
    made = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "add", port[:1], port[1:], [weights])
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return bytes(model.SerializeToString())


@pytest.fixture
def graph() -> bytes:
    """An ONNX file of 300 kB."""
    return adder_of(75_000)
