"""A platform without Ray for the driver to speak to: the real app on a real port, with models that need no weights."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import uvicorn

from noodle_ray.api.app import create_app
from noodle_ray.api.schemas import ModelInfo
from noodle_ray.api.services import Services
from noodle_ray.api.settings import Settings
from noodle_ray.client import connection
from noodle_ray.core.runs.compiler import CompilerService
from noodle_ray.core.runs.executor import Executor
from noodle_ray.core.runs.modules import ModuleStore
from noodle_ray.core.runs.node import RunsNode
from noodle_ray.core.runs.tools.host import ToolHost
from noodle_ray.core.runs.tools.spec import ToolSpec
from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.core.store.location import locate
from noodle_ray.observability.metrics import Metrics
from noodle_ray.security.tenants import Tokens
from tests.api.conftest import TOKEN, TinyModels

TOOLS = {
    "note": ToolSpec(python="tests.runs.functions:note", description="Writes a text down."),
    "find": ToolSpec(
        http="http://127.0.0.1:9/customers/{id}",
        parameters={
            "type": "object",
            "properties": {"fields": {"type": ["array", "null"]}, "id": {"type": "string"}},
            "required": ["id"],
        },
    ),
}


class Served(NamedTuple):
    """Where the platform is, what opens it, its models, and whose tokens are."""

    url: str
    token: str
    models: TinyModels
    tokens: Tokens


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A platform for many tests."""
    with serving(tmp_path_factory.mktemp("platform")) as served:
        yield served


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """A platform with two workers, room for four waiting runs, the models of `TinyModels`, and its durable runs in
    this folder."""
    models, stop, tokens = TinyModels(), asyncio.Event(), Tokens(TOKEN)
    started: Future[tuple[str, asyncio.AbstractEventLoop]] = Future()

    def run() -> None:
        try:
            asyncio.run(_serve(models, tokens, folder, started, stop))
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=run)
    thread.start()
    url, loop = started.result(60)
    try:
        yield Served(url, TOKEN, models, tokens)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)


async def _serve(
    models: TinyModels,
    tokens: Tokens,
    folder: Path,
    started: "Future[tuple[str, asyncio.AbstractEventLoop]]",
    stop: asyncio.Event,
) -> None:
    metrics = Metrics()
    async with WorkerPool(min_size=2, max_size=2, queue_limit=4) as pool:
        tools = ToolHost(TOOLS)
        compiler = CompilerService(ModuleStore(folder / "modules"))
        executor = Executor(pool, compiler, models, on_batch=metrics.on_batch, tools=tools)
        tasks = {"length": "length", "vector": "embedding", "talk": "generation"}
        tasks |= {"mood": "classification", "rank": "reranking"}
        listed = [ModelInfo(name=n, task=task, engine="none", source="test:", version="1") for n, task in tasks.items()]

        async def ready() -> str:
            return ""

        node = RunsNode(locate("", "", folder), executor, slots=2, lease_seconds=15.0)
        services = Services(
            executor,
            Settings(workers=2),
            metrics,
            lambda: listed,
            ready,
            lambda: None,
            models.generate,
            1_700_000_000,
            models.stats,
            node.runs,
            node.store,
            node.kept,
        )
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(create_app(services, tokens), log_level="warning"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        started.set_result((f"http://127.0.0.1:{listener.getsockname()[1]}", asyncio.get_running_loop()))
        await stop.wait()
        server.should_exit = True
        await serving
        await node.close()
        await tools.close()


@pytest.fixture
def connected(platform: Served) -> Iterator[connection.Connection]:
    """A connection of this process to the platform."""
    with connection.connect(platform.url, platform.token) as made:
        yield made


@pytest.fixture(scope="session", autouse=True)
def no_workers_left() -> Iterator[None]:
    """End the driver's own workers, as the end of a script does."""
    yield
    connection.close_local()
