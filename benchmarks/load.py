"""An HTTP load from one process: keep-alive connections that each send a request, wait for the answer, and repeat.

wrk (https://github.com/wg/wrk) does it where it is installed, since it takes least of a small machine. Elsewhere
``python -m benchmarks.load`` does, written against raw asyncio protocols.
"""

import asyncio
import itertools
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import NamedTuple, cast
from urllib.parse import urlsplit


class Load(NamedTuple):
    """Answers per second, and the median time of one in seconds."""

    throughput: float
    p50: float


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], times: list[float], failed: "asyncio.Future[None]") -> None:
        self._requests = requests
        self._times = times
        self._failed = failed
        self._buffer = b""
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        self._sent = time.perf_counter()
        self._transport.write(next(self._requests))

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


def _request(url: str, body: bytes, headers: dict[str, str]) -> bytes:
    parts = urlsplit(url)
    lines = [f"POST {parts.path or '/'} HTTP/1.1", f"Host: {parts.netloc}", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()] + [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


async def run(url: str, bodies: list[bytes], headers: dict[str, str], connections: int, duration: float) -> Load:
    """Load ``url`` with POST requests, of these bodies in turn, for ``duration`` seconds. Any answer but 200 is an
    error.
    """
    parts = urlsplit(url)
    requests = itertools.cycle([_request(url, body, headers) for body in bodies])
    loop = asyncio.get_running_loop()
    times: list[float] = []
    failed: asyncio.Future[None] = loop.create_future()
    opened = [
        await loop.create_connection(lambda: _Connection(requests, times, failed), parts.hostname, parts.port)
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
    """Load ``url`` from another process: wrk where there is one, else `run`."""
    if shutil.which("wrk"):
        return _wrk(url, body, headers, connections, duration)
    return load_mixed(url, [body], headers, connections, duration)


def load_mixed(url: str, bodies: list[bytes], headers: dict[str, str], connections: int, duration: float) -> Load:
    """`run`, from another process."""
    job = json.dumps([url, [body.decode() for body in bodies], headers, connections, duration])
    done = subprocess.run([sys.executable, "-m", "benchmarks.load"], input=job, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return Load(*json.loads(done.stdout))


def _wrk(url: str, body: bytes, headers: dict[str, str], connections: int, duration: float) -> Load:
    values = {"Content-Type": "application/json", **headers}
    lines = ['wrk.method = "POST"', f"wrk.body = [[{body.decode()}]]"]
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in values.items()]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write("\n".join(lines))
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{round(duration)}s", "--latency", "-s", script.name, url]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(out)
    rate, p50 = re.search(r"Requests/sec: +([\d.]+)", out), re.search(r"50% +([\d.]+)(us|ms|s)\b", out)
    if rate is None or p50 is None:
        raise RuntimeError(out)
    return Load(float(rate[1]), float(p50[1]) * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[p50[2]])


def _main() -> None:
    import uvloop

    url, bodies, headers, connections, duration = json.load(sys.stdin)
    encoded = [body.encode() for body in bodies]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run(url, encoded, headers, connections, duration))))


if __name__ == "__main__":
    _main()
