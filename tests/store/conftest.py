"""A store on each database. PostgreSQL is started once per session, where the machine has it, and ended by its pid."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from noodle_ray.core.store.store import Store
from tests.store.postgres import Postgres, find


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of this session's own."""
    programs, why = find()
    if programs is None:
        pytest.skip(why)
    with Postgres(programs, durable=False) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new, empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/noodle.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.fresh()


@pytest.fixture
async def store(database: str, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store."""
    async with Store(database, str(tmp_path / "objects")) as opened:
        yield opened
