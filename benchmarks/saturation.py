"""``python -m benchmarks.saturation``: more than a platform can take, of every kind at once, and what is left of it.

Clients ask for embeddings, chats (streamed, whole, and left in the middle), tensors of a Python class, voice activity,
and programs that call models, faster than all that is answered, and past the bounds of the queues. Nothing may be
answered but 200, and 429 with an error code. Afterwards the queues must be empty, nothing may be under way, and no
replica may hold over 5 % more memory than it did after a warm-up under the same load. Exit status 0 if all that holds.
"""

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

from noodle_ray import paths
from noodle_ray.ahr.registry import Registry
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.cluster import PlatformState, start_platform, stop_platform
from noodle_ray.cluster.environment import free_port

HEALTH: Final = 7.0
"""Seconds in which every executor has looked at its health once, at which it gives back what it can."""
GROWTH: Final = 1.05
"""What a replica's memory may be afterwards, relative to what it was after the warm-up."""
IDLE: Final = (
    "noodle_model_calls_waiting",
    "noodle_model_batches_running",
    "noodle_generations_waiting",
    "noodle_generations_running",
    "noodle_runs_waiting",
    "noodle_runs_running",
    "noodle_runs_parked",
)
"""Metrics that are 0 when nothing waits and nothing is under way."""
DOUBLING: Final = ModelSpec(
    "doubling", "python:benchmarks.saturation:Doubling", options={"max_queue": 8, "max_wait": 0}
)
VOICE: Final = ModelSpec("hearing", "wheel:silero-vad", options={"file": "data/silero_vad.onnx"})
MODELS: Final = (DOUBLING, VOICE)
SPEECH: Final = [0.0] * 4_000
PROGRAM: Final = """
from noodle_ray import ModelError, model
double = model("doubling")

def main(start: float) -> float:
    try:
        return sum([double([start + step])[0] for step in range(4)])
    except ModelError:
        return -1.0
"""
PATIENCE: Final = 120.0
"""Seconds that a platform may take to get through what it has accepted."""


class Doubling:
    """A model of a user's own: numbers in, twice the numbers out."""

    example = ([1.0],)

    def load(self) -> None:
        """There is nothing to load."""

    def predict(self, values: list[float]) -> list[float]:
        """Twice the values, after a moment in which others queue up."""
        time.sleep(0.002)
        return [2 * value for value in values]


class Saturation(NamedTuple):
    """What came of it: answers by kind and by status, replies that must not be, metrics that are not 0, and the memory
    of each replica in bytes, after the warm-up and at the end."""

    answers: Counter[str]
    statuses: Counter[str]
    wrong: list[str]
    busy: dict[str, float]
    memory: dict[str, tuple[int, int]]

    @property
    def grown(self) -> dict[str, float]:
        """Replicas that hold too much, and how many times as much as before."""
        return {name: after / before for name, (before, after) in self.memory.items() if after > GROWTH * before}

    @property
    def sound(self) -> bool:
        """Whether all is as it should be."""
        return not self.wrong and not self.busy and not self.grown


Request = tuple[str, dict[str, Any]]


def requests(chat: str) -> dict[str, tuple[int, Request]]:
    """The kinds of requests: how many clients each has, and what they send."""
    said = {"model": chat, "messages": [{"role": "user", "content": "Describe the sea."}], "max_tokens": 8}
    return {
        "embedding": (16, ("/v1/embeddings", {"model": "minilm", "input": ["a short text"] * 4})),
        "many embeddings": (3, ("/v1/models/minilm/infer", {"inputs": ["x"] * 1024})),
        "chat": (4, ("/v1/chat/completions", said)),
        "streamed chat": (4, ("/v1/chat/completions", {**said, "stream": True})),
        "chat that is left": (2, ("/v1/chat/completions", {**said, "stream": True, "max_tokens": 400})),
        "tensors": (16, ("/v1/models/doubling/infer", {"inputs": [[float(n)] for n in range(8)]})),
        "program": (8, ("/v1/run", {"source": PROGRAM, "args": [1.0]})),
        "voice": (2, ("/v1/models/hearing/infer", {"inputs": [SPEECH]})),
    }


class _Clients:
    """All the clients, for one stretch of time."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._stop = asyncio.Event()
        self.answers: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.wrong: list[str] = []

    async def load(self, kinds: dict[str, tuple[int, Request]], seconds: float) -> None:
        asking = [self._client(kind, request) for kind, (count, request) in kinds.items() for _ in range(count)]
        timer = asyncio.get_running_loop().call_later(seconds, self._stop.set)
        await asyncio.gather(*asking)
        timer.cancel()

    async def _client(self, kind: str, request: Request) -> None:
        while not self._stop.is_set():
            try:
                status, code, text = await self._ask(kind, *request)
            except httpx.HTTPError as error:
                status, code, text = 0, "", repr(error)
            self.answers[kind] += 1
            self.statuses[f"{status} {code}".strip()] += 1
            if status != 200 and not (status == 429 and code.startswith("NOODLE-E")):
                self.wrong.append(f"{kind}: {status} {text[:300]}")
            if status != 200:
                await asyncio.sleep(0.02)  # a client that never pauses would measure itself

    async def _ask(self, kind: str, path: str, body: dict[str, Any]) -> tuple[int, str, str]:
        async with self._http.stream("POST", path, json=body) as reply:
            if kind == "chat that is left" and reply.status_code == 200:
                async for _ in reply.aiter_bytes():
                    break
                return 200, "", ""
            content = await reply.aread()
        text = content.decode()
        code = _code(reply)
        if reply.status_code == 200 and kind == "streamed chat" and '"error"' in text:
            return 500, "", text  # it was accepted, and not ended
        if kind == "program" and reply.status_code == 200 and reply.json()["error"] is not None:
            return 500, "", text  # it was to catch what a busy model refuses
        return reply.status_code, code, text


def _code(reply: httpx.Response) -> str:
    if reply.status_code == 200:
        return ""
    with contextlib.suppress(ValueError):
        body = reply.json()
        found = body.get("code") or (body.get("error") or {}).get("code")
        return str(found or "")
    return ""


async def saturate(state: PlatformState, token: str, seconds: float, warm: float, chat: str) -> Saturation:
    """Load the platform for ``warm`` seconds, let it come to rest, load it for ``seconds``, and look what is left."""
    kinds = requests(chat)
    for spec in MODELS:
        await _until_served(state, token, spec.name)
    async with _client(state.url, token) as http:
        warming = _Clients(http)
        await warming.load(kinds, warm)
        await _rest(http)
        before = resident(state.pid)
        loading = _Clients(http)
        await loading.load(kinds, seconds)
        busy = await _rest(http)
        after = resident(state.pid)
    memory = {name: (held, after[name]) for name, held in before.items() if name in after}
    return Saturation(loading.answers, loading.statuses, warming.wrong + loading.wrong, busy, memory)


@contextlib.asynccontextmanager
async def _client(url: str, token: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {token}"},
        timeout=httpx.Timeout(PATIENCE, connect=30),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
    ) as client:
        yield client


async def _rest(http: httpx.AsyncClient) -> dict[str, float]:
    """Wait until nothing waits and nothing is under way; returns what still is when patience ends."""
    end = time.monotonic() + PATIENCE
    while (busy := await _busy(http)) and time.monotonic() < end:
        await asyncio.sleep(0.2)
    await asyncio.sleep(HEALTH)
    return busy


async def _busy(http: httpx.AsyncClient) -> dict[str, float]:
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families((await http.get("/metrics")).text):
        for sample in family.samples:
            if sample.name in IDLE and sample.value:
                found[sample.name] += sample.value  # type: ignore[assignment]
    return dict(found)


def resident(root: int) -> dict[str, int]:
    """The resident memory, in bytes, of each of Serve's replicas below this process."""
    found = {}
    for process in psutil.Process(root).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            title = " ".join(process.cmdline())
            if title.startswith("ray::ServeReplica:"):
                found[f"{title.split(':')[4].strip()} {process.pid}"] = process.memory_info().rss
    return found


async def _until_served(state: PlatformState, token: str, name: str) -> None:
    """Wait until a model that was registered is there."""
    end = time.monotonic() + PATIENCE
    async with _client(state.url, token) as http:
        while (reply := await http.get(f"/v2/models/{name}/ready")).status_code != 200:
            if time.monotonic() > end:
                raise TimeoutError(f"{name}: {reply.text[:300]}")
            await asyncio.sleep(0.2)


def register() -> None:
    """Register the models that the clients ask besides those that are always there."""
    for spec in MODELS:
        Registry().add(spec)


def unregister() -> None:
    """Take them out again."""
    for spec in MODELS:
        Registry().remove(spec.name)


@contextlib.contextmanager
def _platform() -> Iterator[PlatformState]:
    """A platform of its own, with the caches that there are."""
    cache = paths.cache_dir().resolve()
    with tempfile.TemporaryDirectory(prefix="saturation-") as folder:
        os.environ["NOODLE_HOME"] = folder
        (Path(folder) / "cache").symlink_to(cache, target_is_directory=True)
        register()
        try:
            yield start_platform(free_port(), progress=lambda stage: print(f"  {stage}", flush=True))
        finally:
            stop_platform()


def report(found: Saturation, say: Callable[[str], None] = print) -> None:
    """Tell what came of it."""
    say("answers: " + ", ".join(f"{count} {kind}" for kind, count in found.answers.most_common()))
    say("statuses: " + ", ".join(f"{count} × {status}" for status, count in found.statuses.most_common()))
    for name, (before, after) in sorted(found.memory.items()):
        say(f"{name}: {before >> 20} MiB after the warm-up, {after >> 20} MiB at the end ({after / before:.3f})")
    say(f"still busy: {found.busy or 'nothing'}")
    for line in found.wrong[:20]:
        say(f"wrong: {line}")


def _run(going: Callable[[PlatformState, str], Coroutine[Any, Any, Saturation]]) -> Saturation:
    with _platform() as state:
        token = Path(state.token_file).read_text().strip()

        return asyncio.run(going(state, token))


def main() -> int:
    """Saturate a platform and tell what is left of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--warm", type=float, default=120.0, help="seconds of the same load before memory is looked at")
    parser.add_argument("--chat", default="smollm2", metavar="MODEL")
    options = parser.parse_args()
    found = _run(lambda state, token: saturate(state, token, options.seconds, options.warm, options.chat))
    report(found)
    return 0 if found.sound else 1


if __name__ == "__main__":
    sys.exit(main())
