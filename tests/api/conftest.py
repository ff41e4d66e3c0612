"""The API in process: real worker pool, real compiler, models that need no weights."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from noodle_ray.ahr.generation.messages import checked_messages
from noodle_ray.ahr.generation.options import checked_options, grammar_of
from noodle_ray.api.app import create_app
from noodle_ray.api.schemas import ModelInfo
from noodle_ray.api.services import Services
from noodle_ray.api.settings import Settings
from noodle_ray.core.runs.batcher import Call, Outcome
from noodle_ray.core.runs.compiler import CompilerService
from noodle_ray.core.runs.executor import Executor
from noodle_ray.core.runs.modules import ModuleStore
from noodle_ray.core.runs.node import RunsNode
from noodle_ray.core.runs.quotas import Quota, Quotas
from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.core.store.location import locate
from noodle_ray.core.vm.arrays import array
from noodle_ray.errors import ModelError
from noodle_ray.observability.metrics import Metrics
from noodle_ray.security.tenants import Tokens, digest_of

TOKEN = "a-token-for-tests-only"
THEIRS = "another-token-for-tests-only"
"""The token of the tenant ``them``."""
AUTHORIZATION = {"Authorization": f"Bearer {TOKEN}"}


ECHOED = {
    "bool": "bool", "int8": "int8", "int16": "int16", "int32": "int32", "int64": "int64", "uint8": "uint8",
    "uint16": "uint16", "uint32": "uint32", "uint64": "uint64", "float16": "float16", "float": "float32",
    "double": "float64", "string": "str",
}  # fmt: skip
"""The inputs of ``echo``, called by what ONNX calls their types."""


def _mood(args: Any, kwargs: Any) -> dict[str, Any]:
    good = min(len(args[0]), 10) / 10
    return {
        "label": "good" if good > 0.5 else "bad",
        "score": max(good, 1 - good),
        "scores": {"bad": 1 - good, "good": good},
    }


def _rank(args: Any, kwargs: Any) -> Any:
    query, texts = args
    words = set(query.split())
    scores = [len(words & set(text.split())) / len(words) for text in ([texts] if isinstance(texts, str) else texts)]
    return scores[0] if isinstance(texts, str) else array(scores, "float32")


def _echo(args: Any, kwargs: Any) -> dict[str, Any]:
    return {f"{name}_out": value for name, value in kwargs.items()}


TASKS = {"mood": _mood, "rank": _rank, "echo": _echo}


class TinyModels:
    """``length`` gives the length of a text, ``vector`` that and a tenth of it as an array of float32, ``lost`` has an
    engine that fails, ``talk`` tells the words of what it is asked, ``mood`` finds long texts good, ``rank`` likes
    documents that share words with the query, ``echo`` gives its tensors back, one of each type, and ``ears`` take
    every sound for a voice."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.orders: list[dict[str, Any]] = []
        self.ended: list[str] = []

    async def generate(self, model: str, order: dict[str, Any]) -> AsyncGenerator[list[dict[str, Any]]]:
        """Tell the last message, or the prompt, word by word. Some words do what they say: ``hold`` waits, ``think``
        tells a thought, ``weather`` is a call in two pieces, and after ``cut`` the text is cut.
        """
        self.orders.append(order)
        options = {name: value for name, value in order.items() if name not in ("messages", "prompt")}
        messages = checked_messages(order["messages"]) if "messages" in order else []
        grammar_of(checked_options(options))
        words = (messages[-1]["content"] if messages else order["prompt"]).split()
        outcome, finish = "ended early", "stop"
        try:
            yield [{"queued": 0.25}]
            if words == ["busy"]:
                raise ModelError("too many wait", code="NOODLE-E0608")
            for word in words:
                if word == "break":
                    raise ModelError("the engine is gone", code="NOODLE-E0605")
                if word == "bug":
                    raise KeyError("a bug")
                if word == "hold":
                    await asyncio.sleep(60)
                if word == "think":
                    yield [{"reasoning": "hm"}]
                    continue
                if word == "weather":
                    function = {"name": word, "arguments": '{"city": '}
                    yield [{"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]}]
                    yield [{"tool_calls": [{"index": 0, "function": {"arguments": '"Paris"}'}}]}]
                    continue
                if word == "cut":
                    finish = "length"
                    break
                entry = {"token": word, "logprob": -0.5, "bytes": list(word.encode()), "top_logprobs": []}
                yield [{"text": word, **({"logprobs": [entry]} if "logprobs" in order else {})}]
            usage = {"prompt_tokens": 10, "completion_tokens": len(words), "cached_tokens": 4}
            yield [{"finish": finish}, {"usage": usage}]
            outcome = "told"
        finally:
            self.ended.append(outcome)

    async def stats(self, model: str) -> dict[str, Any]:
        """What a replica says of itself."""
        name, _, version = model.partition("@")
        if name not in ("length", "vector", "talk", "mood", "rank", "echo") or version not in ("", "1"):
            raise ModelError(f"no model {model!r} is registered", code="NOODLE-E0601")
        engine: dict[str, Any] = {"width": 2, "unit": False}
        if name == "echo":
            ports = {name: {"type": f"tensor({name})", "shape": ["n", 2]} for name in ECHOED}
            engine |= {"inputs": ports, "output_types": {f"{name}_out": port for name, port in ports.items()}}
        return {"model": name, "version": "1", "engine": engine}

    async def infer(self, model: str, calls: list[Call]) -> Sequence[Outcome]:
        self.batches.append(len(calls))
        model = model.removesuffix("@1")
        await asyncio.sleep(0)
        if model == "lost":
            raise ValueError("the engine is gone")
        if model == "vector":
            found: list[Outcome] = []
            for args, kwargs in calls:
                length = len(args[0])  # type: ignore[arg-type]
                vector = array([length, length / 10], "float32")
                found.append(
                    (True, {"answer": vector, "tokens": length} if kwargs.get("usage") else vector, (length, 0))
                )
            return found
        if model == "ears":
            return [heard(args, kwargs) for args, kwargs in calls]
        if model in ("mood", "rank", "echo"):
            return [(True, TASKS[model](args, kwargs)) for args, kwargs in calls]
        if model != "length":
            raise ModelError(f"no model {model!r} is registered", code="NOODLE-E0601")
        return [
            (True, len(args[0])) if isinstance(args[0], str) else (False, ("NOODLE-E0603", "length takes a text"))
            for args, _ in calls
        ]


def heard(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Outcome:
    """One number per 512 samples, as silero's detector; what fills no window yet is in the state."""
    data = bytes.fromhex(kwargs["state"]) + args[0]
    whole = len(data) if kwargs["last"] else len(data) // 1024 * 1024
    found = [float(any(data[at : at + 1024])) for at in range(0, whole, 1024)]
    return True, {"probabilities": array(found, "float32"), "state": data[whole:].hex()}


class Api:
    """A client of the app, and what the app is built around."""

    def __init__(
        self, client: httpx.AsyncClient, services: Services, pool: WorkerPool, models: TinyModels, tokens: Tokens
    ) -> None:
        self.tokens = tokens
        self.client = client
        self.services = services
        self.pool = pool
        self.models = models

    async def post(self, path: str, body: object) -> httpx.Response:
        """Post JSON with the token."""
        return await self.client.post(path, json=body, headers=AUTHORIZATION)

    async def run(self, source: str, **more: object) -> dict[str, object]:
        """Run a program that the platform accepts."""
        response = await self.post("/v1/run", {"source": source, **more})
        assert response.status_code == 200, response.text
        reply: dict[str, object] = response.json()
        return reply


@pytest.fixture
def settings() -> Settings:
    """The app's bounds; a test overrides this to have others."""
    return Settings(workers=2, max_waiting_runs=8, max_body=2_000_000, max_source=1_000_000)


@pytest.fixture
def quotas() -> dict[str, Quota]:
    """What tenants may have; a test overrides this to have others."""
    return {}


@pytest.fixture
async def api(settings: Settings, quotas: dict[str, Quota], tmp_path: Path) -> AsyncIterator[Api]:
    """A running app."""
    models, metrics = TinyModels(), Metrics()
    count = settings.worker_count()
    async with WorkerPool(min_size=count, max_size=count, queue_limit=settings.max_waiting_runs) as pool:
        executor = Executor(pool, CompilerService(ModuleStore(tmp_path)), models, on_batch=metrics.on_batch)
        executor.batcher.watcher = metrics

        async def ready() -> str:
            return "" if pool.stats().size else "no sandbox worker is alive"

        tasks = {"length": "tensors", "vector": "embedding", "talk": "generation", "a/b": "generation"}
        tasks |= {"mood": "classification", "rank": "reranking", "echo": "tensors"}
        infos = [
            ModelInfo(name=name, task=task, engine="onnxruntime", source="path:/x", version="1")
            for name, task in tasks.items()
        ]

        def note_pool() -> None:
            stats = pool.stats()
            metrics.on_pool(stats.size, stats.busy, stats.queued, stats.parked)

        node = RunsNode(locate("", "", tmp_path), executor, slots=settings.slots(), lease_seconds=15.0)
        node.start()
        services = Services(
            executor,
            settings,
            metrics,
            lambda: infos,
            ready,
            note_pool,
            models.generate,
            1_700_000_000,
            models.stats,
            node.runs,
            node.store,
            node.kept,
            Quotas(quotas),
        )
        tokens = Tokens(TOKEN, {digest_of(THEIRS.encode()): "them"})
        transport = httpx.ASGITransport(create_app(services, tokens), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://noodle") as client:
            yield Api(client, services, pool, models, tokens)
        await node.close()
