"""A process's part in durable runs, on both databases: opened late, shared by several, closed in order."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from noodle_ray.core.runs.node import RunsNode
from noodle_ray.core.store.location import Location, locate
from noodle_ray.errors import PlatformError
from tests.runs.places import STEPS, Place, asked, result
from tests.store.postgres import Postgres, find

pytestmark = pytest.mark.asyncio(loop_scope="module")


def node(place: Place, location: Location) -> RunsNode:
    return RunsNode(location, place.executor, slots=4, lease_seconds=15.0)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_run_of_a_node_that_closes_goes_on_with_another(database: str, place: Place, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        url = ""
        if database == "postgresql":
            programs, why = find()
            if programs is None:
                pytest.skip(why)
            url = stack.enter_context(Postgres(programs, durable=False)).create()
        location = locate(url, "", tmp_path)
        first, second = node(place, location), node(place, location)
        place.models.hold_after(2)
        place.models.asked.clear()
        runs = await first.runs()
        assert await first.runs() is runs
        run, _ = await runs.submit(asked(STEPS, 4))
        other = await second.runs()
        while len(await other.store.journal(run.id)) < 2:
            await asyncio.sleep(0.01)
        await first.close()
        place.models.let_go()
        ended = await other.wait(run.id, 20)
        assert result(ended)[0] == ["1", "2", "3", "4"]
        assert place.models.asked[:2] == ["0", "1"]
        assert not {"0", "1"} & set(place.models.asked[2:])
        with pytest.raises(PlatformError) as caught:
            await first.runs()
        assert caught.value.code == "NOODLE-E0820"
        await second.close()


async def test_node_that_is_closed_while_it_opens_leaves_nothing(place: Place, tmp_path: Path) -> None:
    made = node(place, locate("", "", tmp_path))
    opening = asyncio.ensure_future(made.runs())
    await asyncio.sleep(0)
    await made.close()
    with pytest.raises((asyncio.CancelledError, PlatformError)):
        await opening
    assert (made._store, made._runs) == (None, None)
