"""An HTTP load from one process: keep-alive connections that each send a request, wait for the answer, and repeat.

Written against raw asyncio protocols, so that the client takes as little of a small machine as it can; ``python -m
benchmarks.load`` runs it in a process of its own. wrk would take less, but is not a thing that pip can install.
"""

import asyncio
import json
import subprocess
import sys
import time
from typing import NamedTuple
from urllib.parse import urlsplit


class Load(NamedTuple):
    """Answers per second, and the median time of one in seconds."""

    throughput: float
    p50: float


class _Connection(asyncio.Protocol):
    def __init__(self, request: bytes, times: list[float], failed: "asyncio.Future[None]") -> None:
        self._request = request
        self._times = times
        self._failed = failed
        self._buffer = b""
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        self._sent = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        lower = head.lower()
        at = lower.find(b"content-length:")
        length = int(lower[at + 15 :].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        if not head.startswith(b"HTTP/1.1 200") and not self._failed.done():
            self._failed.set_exception(RuntimeError(f"the server answered {self._buffer[:400]!r}"))
        self._times.append(time.perf_counter() - self._sent)
        self._buffer = b""
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._failed.done():
            self._failed.set_exception(RuntimeError(f"the server closed a connection: {error}"))


async def run(url: str, body: bytes, headers: dict[str, str], connections: int, duration: float) -> Load:
    """Load ``url`` with POST requests for ``duration`` seconds. Any answer but 200 is an error."""
    parts = urlsplit(url)
    lines = [f"POST {parts.path or '/'} HTTP/1.1", f"Host: {parts.netloc}", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()] + [f"Content-Length: {len(body)}", "", ""]
    request = "\r\n".join(lines).encode() + body
    loop = asyncio.get_running_loop()
    times: list[float] = []
    failed: asyncio.Future[None] = loop.create_future()
    opened = [
        await loop.create_connection(lambda: _Connection(request, times, failed), parts.hostname, parts.port)
        for _ in range(connections)
    ]
    started = time.perf_counter()
    before = len(times)
    done, _ = await asyncio.wait([failed], timeout=duration)
    elapsed = time.perf_counter() - started
    if done:
        failed.result()
    failed.cancel()
    count = len(times) - before
    for transport, _ in opened:
        transport.abort()
    return Load(count / elapsed, sorted(times)[len(times) // 2])


def load(url: str, body: bytes, headers: dict[str, str], connections: int = 32, duration: float = 4.0) -> Load:
    """`run` in a process of its own."""
    job = json.dumps([url, body.decode(), headers, connections, duration])
    done = subprocess.run([sys.executable, "-m", "benchmarks.load"], input=job, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return Load(*json.loads(done.stdout))


def _main() -> None:
    import uvloop

    url, body, headers, connections, duration = json.load(sys.stdin)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run(url, body.encode(), headers, connections, duration))))


if __name__ == "__main__":
    _main()
