"""A pool of workers per file, and a new store per test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.core.store.store import Store
from tests.runs.places import Place


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_pool() -> AsyncIterator[WorkerPool]:
    """Two workers. A test may kill them; they are replaced."""
    async with WorkerPool(min_size=2, max_size=2) as pool:
        yield pool


@pytest_asyncio.fixture(loop_scope="module")
async def place(tmp_path: Path, shared_pool: WorkerPool) -> AsyncIterator[Place]:
    """A store in SQLite, and models."""
    async with Store(f"sqlite:///{tmp_path}/noodle.db", str(tmp_path / "objects")) as store:
        yield Place(store, shared_pool, tmp_path / "modules")
