"""Random operations, stale and repeated ones among them, do the same to a database as to the simulator's store."""

import random
from typing import Any

from noodle_ray.core.store.records import STRIDE, Ending, Entry, Filter, Lease, NewRun, Run, Signal
from noodle_ray.core.store.status import COMMANDS, Status
from noodle_ray.core.store.store import Store
from noodle_ray.errors import NoodleError
from tests.store.memory import MemoryStore
from tests.store.test_runs import entry, new

STEPS = 120


class Script:
    """Operations, one after the other, that depend on what has come before."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._now = 1000.0
        self._leases: list[Lease] = [Lease(new(0).id, "a", 1)]
        self._count = 0

    def learn(self, answer: Any) -> None:
        """Remember leases that an answer gives."""
        runs = answer if isinstance(answer, list) else [answer[0]] if isinstance(answer, tuple) else []
        self._leases += [Lease(run.id, run.owner, run.epoch) for run in runs if isinstance(run, Run) and run.owner]

    def next(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """A name of a method, and arguments."""
        source = self._random
        self._now += source.choice([0.0, 0.5, 3.0])
        self._count += 1
        lease = source.choice(self._leases[-12:])
        if source.random() < 0.1:
            lease = lease._replace(epoch=lease.epoch + source.choice([-1, 1]), owner=source.choice("ab"))
        match source.choice(["submit", "submit", "claim", "claim", "append", "append", "finish", "command", "more"]):
            case "submit":
                number = source.randrange(60)  # a request that is sent again is the same
                key = [None, "k1", "k2"][number % 3]
                caller = new(number // 2).id if number % 4 == 3 else None
                made: NewRun = new(number, idempotency=key, fingerprint="xy"[number // 3 % 2], caller=caller)
                return "submit", (made,), {"owner": source.choice([None, "a"]), "until": self._now + 2}
            case "claim":
                return "claim", (source.choice("ab"), self._now, self._now + 2, 1), {}
            case "append":
                position = lease.epoch * STRIDE + self._count
                entries: list[Entry] = [
                    entry(f"/{source.randint(1, 4)}", position, bytes([self._count]), ok=source.random() < 0.7)
                ]
                takes = source.choice([[], [], [("s", entries[0].key)]])
                return "append", (lease, entries, source.choice([None, b"r%d" % self._count]), takes), {}
            case "finish":
                status = source.choice([Status.SUCCEEDED, Status.FAILED, Status.QUEUED, Status.WAITING])
                due = self._now + 1 if status in (Status.QUEUED, Status.WAITING) else None
                readings = source.choice([None, b"all"])
                failed = source.random() < 0.3
                waits = {"signals": ["go"], "runs": [new(source.randrange(60)).id]}
                told = waits if status is Status.WAITING and source.random() < 0.7 else None
                ending = Ending(status, self._now, b"result", None, {"fuel": 1}, due, failed, readings, told)
                return "finish", (lease, ending), {}
            case "command":
                limits = source.choice([None, {"fuel": 9}])
                return "command", (lease.run, source.choice(COMMANDS), self._now, limits), {}
        if source.random() < 0.3:
            return "delete", (lease.run,), {}
        if source.random() < 0.5:
            return "signal", (Signal(lease.run, source.choice("st"), "go", b"", self._now), self._now), {}
        return "renew", ([lease], self._now + 2), {}


async def told(store: Store | MemoryStore, name: str, args: tuple[Any, ...], more: dict[str, Any]) -> Any:
    try:
        return await getattr(store, name)(*args, **more)
    except NoodleError as error:
        return error.code, error.message


async def test_database_does_what_the_simulators_store_does(store: Store) -> None:
    for seed in range(2):
        model, script = MemoryStore(), Script(seed)
        with store.engine.begin() as connection:
            for table in ("journal", "readings", "events", "signals", "runs"):
                connection.exec_driver_sql(f"DELETE FROM {table}")
        for _ in range(STEPS):
            operation = script.next()
            expected = await told(model, *operation)
            assert await told(store, *operation) == expected, (seed, operation)
            script.learn(expected)
        for name in model.kept:
            assert await store.get(name) == await model.get(name)
            for part in ("journal", "readings", "events", "signals"):
                assert await getattr(store, part)(name) == await getattr(model, part)(name), (seed, part)
        assert await store.page(Filter(), limit=1000) == await model.page(Filter(), limit=1000)
