"""A simulated world for durable runs: many nodes of the real code in one thread, whose clock only the world moves.

The manager, its journal, the executor and the batcher are the real ones. Simulated are time, randomness, the network
to the store (delays, lost requests, lost answers, repeats that come late), its disk (torn writes that are rolled back),
the nodes (crashes at any point, clocks that differ, some that never notice how old their lease is), workers and models.
All of it comes from one seed, so what failed once fails again.

`simulate` raises Violation, with the seed, when one of these does not hold:

- no acknowledged run is lost: each ends, and as its user asked;
- what a program gets is in the journal before;
- an answer in the journal is never replaced, and no owner asks for it again;
- a sleep does not end before its time, which does not change; a signal answers one wait, and each wait gets one;
- a tool is called again only under the key that it was called under before;
- a run that another one waits for is started once, and gives it what it gave;
- epochs only grow: nobody writes to a run after somebody with a higher epoch has, and one epoch has one owner;
- a run's result is what its program gives, undisturbed, with the answers in its journal.
"""

import asyncio
import contextlib
import functools
import hashlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NoReturn

from noodle_ray.core.runs.batcher import Call, Reply
from noodle_ray.core.runs.durable import DurableRuns, Settings, Submission
from noodle_ray.core.runs.executor import Executor
from noodle_ray.core.runs.stored_journal import answer_of, merged
from noodle_ray.core.runs.tools.host import idempotency_key
from noodle_ray.core.sandbox import outcome
from noodle_ray.core.sandbox.messages import CODEC
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.store.errors import LeaseLost, StoreUnavailable, UnknownRun, WrongStatus
from noodle_ray.core.store.records import BEGUN, DUE_SUFFIX, Lease, Program, Schedule
from noodle_ray.core.store.status import TERMINAL, Status
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest
from tests.store.memory import Kept, MemoryStore

START = 1_000_000.0
LEASE = 4.0
TICK = 1.5
TICKS = 5
NBC = b"simulated"
DIGEST = hashlib.sha256(NBC).hexdigest()


class Violation(AssertionError):
    """Something that must never happen did; the message has the seed."""


class Loop(asyncio.BaseEventLoop):
    """An event loop whose time passes only when nothing is left to do."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._selector = self

    def time(self) -> float:
        return self._now

    def select(self, timeout: float | None) -> list[object]:
        if timeout is None:
            raise Violation("everything waits for something that never comes")
        self._now += timeout
        return []

    def _process_events(self, events: list[object]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


class Link:
    """A node's way to the store: slow, and it loses, repeats and tears what it carries."""

    REPEATED = frozenset({"append", "finish", "renew", "claim", "fork"})

    def __init__(self, world: "World") -> None:
        self._world = world
        self.dead = False

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        operation = getattr(self._world.store, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._call(name, lambda: operation(*args, **kwargs), args)

        setattr(self, name, call)
        return call

    async def _call(self, name: str, operation: Callable[[], Awaitable[Any]], args: tuple[Any, ...]) -> Any:
        world = self._world
        await asyncio.sleep(world.latency())
        if self.dead:
            await asyncio.get_running_loop().create_future()
        fault = world.random.random() if world.faulty else 1.0
        if fault < 0.02:
            raise StoreUnavailable("the request was lost")
        if fault < 0.03 and name == "append":
            await world.tear(operation, args[0])
            raise StoreUnavailable("the database crashed in the middle")
        result = await world.apply(name, operation, args)
        if fault < 0.06:
            raise StoreUnavailable("the answer was lost")
        if fault < 0.12 and name in self.REPEATED:
            world.spawn(world.again(world.random.uniform(0, 2 * LEASE), name, operation, args))
        return result


class Node:
    """A process with durable runs, an executor, workers and models."""

    def __init__(self, world: "World", name: str) -> None:
        self.world = world
        self.name = name
        self.skew = world.random.choice([0.0, 0.0, world.random.uniform(-2 * LEASE, 2 * LEASE)])
        self.link = Link(world)
        self.executor = Executor(Pool(self), None, Models(self))  # type: ignore[arg-type]
        self.executor.tools = Tools(self)  # type: ignore[assignment]
        settings = Settings(name, 3, LEASE, 1.0, max_failures=10_000, max_attempts=10_000, patience=(0.1, 0.2, 0.4))
        settings = settings._replace(linger=world.random.choice([0.0, 0.3, 3.0]))
        self.runs = DurableRuns(
            self.link,  # type: ignore[arg-type]
            self.executor,
            settings,
            clock=self.clock,
            random=world.random.randbytes,
        )
        if world.random.random() < 0.3:
            self.runs._local_end = lambda: float("inf")  # type: ignore[method-assign]  # it never notices
        self.runs.scheduler._next = _next_tick
        self.runs.start()

    def clock(self) -> float:
        return START + self.world.loop.time() + self.skew

    def crash(self) -> None:
        """End, in the middle of whatever it does. Requests that are on their way may still arrive."""
        self.link.dead = self.world.random.random() < 0.7
        for task in [*self.runs._tasks, *(active.task for active in self.runs._active.values())]:
            task.cancel()

    def owns(self, run: str) -> bool:
        """Whether this node's attempt is that of the run's owner."""
        active = self.runs._active.get(run)
        return active is not None and self.world.store.holds(active.lease)


def _next_tick(schedule: Schedule, after: float) -> float | None:
    return after + TICK if after < START + TICK * TICKS else None


class Pool:
    """Workers that execute a `program`, and die now and then."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def run(
        self,
        request: RunRequest,
        effects: Callable[[list[EffectRequest]], AsyncIterator[list[EffectAnswer]]],
        on_readings: Callable[[dict[str, list[float]]], None] | None = None,
        on_parked: Callable[[bool], None] | None = None,
        background: bool = False,
    ) -> dict[str, Any]:
        world = self._node.world
        known = iter(request.readings.get("w", []))

        async def read() -> float:
            before = next(known, None)
            if before is not None:
                return before
            now = self._node.clock()
            assert on_readings is not None
            on_readings({"w": [now]})
            return now

        async def ask(requests: list[EffectRequest]) -> dict[str, object]:
            await asyncio.sleep(world.random.uniform(0, 0.2))
            if world.faulty and world.random.random() < 0.01:
                raise _Died
            answers: dict[str, object] = {}
            stream = effects(requests)
            while len(answers) < len(requests):
                coming = asyncio.ensure_future(anext(stream))
                try:
                    await asyncio.wait({coming}, timeout=world.random.uniform(0, 0.3))
                    parks = not coming.done()
                    if parks and on_parked is not None:
                        on_parked(True)
                    some = await coming
                    if parks and on_parked is not None:
                        on_parked(False)
                finally:
                    coming.cancel()
                for answer in some:
                    world.check_known(request.args[0], answer, self._node)
                    answers[answer.key] = answer.value
            return answers

        try:
            value = await program(request.args, read, ask)
        except _Died:
            return outcome.died("simulated", request.tier)  # type: ignore[return-value]
        usage = dict(outcome.USAGE)
        return {"result": value, "stdout": "", "error": None, "usage": usage, "tier": "auto", "events": []}


class _Died(Exception):
    pass


async def program(
    args: list[Any],
    read: Callable[[], Awaitable[float]],
    ask: Callable[[list[EffectRequest]], Awaitable[dict[str, object]]],
) -> str:
    """What runs do: a few rounds of calls, one or more at once, each depending on all before, some on the time."""
    number, seed = args
    state = str(seed)
    for step, (reads, model, count, waits) in enumerate(steps(number, seed)):
        now = await read() if reads else 0.0
        requests = [
            EffectRequest(f"/{step}.{index}", model, (number, f"/{step}.{index}", state, now), {})
            for index in range(count)
        ]
        requests += [EffectRequest(f"/{step}w{index}", kind, what, {}) for index, (kind, what) in enumerate(waits)]
        answers = await ask(requests)
        if random.Random(seed * 31 + step).random() < 0.4:
            key = f"/{step}t"
            answers |= await ask([EffectRequest(key, "tool:act", (number, key, state, await read()), {})])
        state = hashlib.sha256(repr((state, now, sorted(answers.items()))).encode()).hexdigest()[:16]
    return state


def steps(number: object, seed: int) -> list[tuple[bool, str, int, list[tuple[str, tuple[Any, ...]]]]]:
    """What a program does: whether a step reads the clock, which model it asks how often, and what it waits for."""
    shape = random.Random(seed)
    made = []
    for step in range(shape.randint(1, 5)):
        reads, model = shape.random() < 0.3, shape.choice(["exact", "moody"])
        waits: list[tuple[str, tuple[Any, ...]]] = []
        for index in range(shape.choice([0, 0, 1, 2])):
            kind = shape.choice(["sleep", "signal", "signal", "timeout", "run"])
            if kind == "sleep":
                waits.append(("@sleep", (shape.choice([0.2, 2.0, 10.0]),)))
            elif kind == "run" and type(number) is int:
                waits.append(("@run", ("child", [f"{number}/{step}w{index}", shape.randrange(1 << 30)], {})))
            elif kind == "timeout":
                waits.append(("@signal", ("never", shape.choice([0.5, 5.0]))))
            elif kind == "signal" and type(number) is int:
                waits.append(("@signal", (shape.choice(["go", "stop"]), None)))
        made.append((reads, model, shape.choice([0, 1, 3]) if waits else shape.choice([1, 1, 1, 3]), waits))
    return made


class Models:
    """Models that take their time and fail now and then. ``exact`` gives equal answers, ``moody`` never does."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def infer(self, model: str, calls: list[Call]) -> list[tuple[bool, object]]:
        world = self._node.world
        for args, _ in calls:
            world.check_asked(self._node, args)
        await asyncio.sleep(world.random.uniform(0.05, 1.0))
        if world.faulty and world.random.random() < 0.03:
            raise RuntimeError("the replica died")
        return [(True, answer(model, args, world.random)) for args, _ in calls]


class Tools:
    """A tool that does something as soon as it is called, keeps the keys of what it did, and answers later."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def call(self, request: EffectRequest, tenant: str, run: str) -> Reply:
        world = self._node.world
        world.check_asked(self._node, request.args)
        world.check_used(run, request, idempotency_key(run, request))
        await asyncio.sleep(world.random.uniform(0.0, 1.0))
        return Reply(True, hashlib.sha256(repr(request.args).encode()).hexdigest()[:12], None)


def answer(model: str, args: tuple[object, ...], source: random.Random) -> str:
    """A model's answer."""
    mood = source.random() if model == "moody" else 0.0
    return hashlib.sha256(repr((args, mood)).encode()).hexdigest()[:12]


class World:
    """Everything there is, and what is checked while it goes on."""

    def __init__(self, seed: int, loop: Loop) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.loop = loop
        self.store = MemoryStore()
        self.store.programs["child"] = Program("t", "child", 1, DIGEST, None, 0.0)
        self.store.modules[DIGEST] = NBC
        arguments = CODEC.pack([["tick", self.random.randrange(1 << 30)], {}])
        self.tick = Schedule("t", "tick", "child", None, "", arguments, True, START + TICK, START, missed="all")
        self.store.schedules["t", "tick"] = self.tick
        self.faulty = True
        self.nodes: list[Node] = []
        self.writers: dict[str, dict[int, str]] = {}
        self.acknowledged: dict[int, str] = {}
        self.cancelled: set[int] = set()
        self.trace = hashlib.sha256()
        self.counts = dict.fromkeys(
            (
                "crashes",
                "stale",
                "repeated by a stale owner",
                "takeovers",
                "writes",
                "sleeps",
                "signals",
                "called",
                "ticks",
                "tools",
            ),
            0,
        )
        self.violations: list[str] = []  # also those that somebody caught
        self.used: dict[tuple[str, str], str] = {}
        self._made = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def fail(self, what: str) -> NoReturn:
        self.violations.append(f"seed {self.seed} at {self.loop.time():.3f}: {what}")
        raise Violation(self.violations[0])

    def latency(self) -> float:
        if not self.faulty:
            return 0.001
        return self.random.uniform(0, 2 * LEASE) if self.random.random() < 0.02 else self.random.uniform(0, 0.02)

    def spawn(self, work: Any) -> "asyncio.Task[None]":
        task = self.loop.create_task(work)
        self._tasks.add(task)
        return task

    async def again(
        self, seconds: float, name: str, operation: Callable[[], Awaitable[Any]], args: tuple[Any, ...]
    ) -> None:
        """A request that arrives once more, later. Nobody sees its answer."""
        await asyncio.sleep(seconds)
        with contextlib.suppress(LeaseLost):
            await self.apply(name, operation, args)

    async def tear(self, operation: Callable[[], Awaitable[Any]], lease: Lease) -> None:
        """A transaction that is rolled back after some of it was written."""
        kept = self.store.kept.get(lease.run)
        if kept is None:
            return
        before = Kept(kept.run, dict(kept.journal), dict(kept.readings), dict(kept.events), dict(kept.signals))
        with contextlib.suppress(LeaseLost):
            await operation()
        self.store.kept[lease.run] = before

    async def apply(self, name: str, operation: Callable[[], Awaitable[Any]], args: tuple[Any, ...]) -> Any:
        """Execute an operation of the store, and check what it did."""
        self.trace.update(f"{name} {self.loop.time():.6f}".encode())
        if name not in ("append", "finish"):
            result = await operation()
            if name == "claim":
                for run in result:
                    self.counts["takeovers"] += run.epoch > 1
                    self._note_writer(Lease(run.id, run.owner, run.epoch))
            return result
        lease: Lease = args[0]
        kept = self.store.kept.get(lease.run)
        before = dict(kept.journal) if kept else {}
        try:
            result = await operation()
        except LeaseLost:
            self.counts["stale"] += 1
            raise
        self.counts["writes"] += 1
        if not (name == "finish" and kept is not None and kept.run.epoch == lease.epoch):
            self._note_writer(lease)
        for key, entry in before.items():
            if kept is not None and kept.journal.get(key) != entry:
                self.fail(f"the answer to {key} of run {lease.run} was replaced")
        return result

    def _note_writer(self, lease: Lease) -> None:
        known = self.writers.setdefault(lease.run, {})
        if known and lease.epoch < max(known):
            self.fail(f"{lease} wrote after epoch {max(known)}")
        if known.setdefault(lease.epoch, lease.owner) != lease.owner:
            self.fail(f"{lease.owner} and {known[lease.epoch]} both wrote to run {lease.run} in epoch {lease.epoch}")

    def find(self, number: object) -> Kept | None:
        found = [kept for kept in self.store.kept.values() if _number(kept.run.arguments) == number]
        if len(found) > 1:
            self.fail(f"one idempotency key has {len(found)} runs")
        return found[0] if found else None

    def check_known(self, number: object, given: EffectAnswer, node: Node) -> None:
        """A program gets this answer now."""
        if number == "tick":
            return
        kept = self.find(number)
        entry = kept.journal.get(given.key) if kept else None
        if entry is None or answer_of(entry) != given:
            self.fail(f"program {number} got an answer to {given.key} that is not in its journal")
        if entry.model == "@sleep":
            told = kept.journal.get(given.key + DUE_SUFFIX) if kept else None
            due: Any = CODEC.unpack(told.value) if told else float("inf")
            if entry.at < due:
                self.fail(f"{given.key} of program {number} slept until {entry.at} and not {due}")
            self.counts["sleeps"] += 1

    def check_asked(self, node: Node, args: tuple[Any, ...]) -> None:
        """A model is asked this now."""
        if args[0] == "tick":
            return
        kept = self.find(args[0])
        if kept is None:
            self.fail(f"program {args[0]} runs, and is not stored")
        if args[1] in kept.journal:
            if node.owns(kept.run.id):
                self.fail(f"{node.name} asked again for {args[1]}, which run {kept.run.id} has in its journal")
            self.counts["repeated by a stale owner"] += 1

    def check_used(self, run: str, request: EffectRequest, key: str) -> None:
        """A tool is called now."""
        if self.used.setdefault((run, request.key), key) != key:
            self.fail(f"the tool at {request.key} of run {run} was called under another key than before")
        self.counts["tools"] += 1

    def start_node(self) -> Node:
        self._made += 1
        node = Node(self, f"n{self._made}")
        self.nodes.append(node)
        return node

    async def crashes(self) -> None:
        """End nodes and start others, as long as there are faults."""
        while self.faulty:
            await asyncio.sleep(self.random.expovariate(1 / 3.0))
            if not self.faulty:
                return
            victim = self.random.choice(self.nodes)
            self.nodes.remove(victim)
            victim.crash()
            self.counts["crashes"] += 1
            if not self.nodes or self.random.random() < 0.8:
                self.start_node()

    async def client(self, number: int) -> None:
        """A user: submits a run until that is acknowledged, and may pause or cancel it."""
        await asyncio.sleep(self.random.uniform(0, 4))
        seed = self.random.randrange(1 << 30)
        asked = Submission(DIGEST, NBC, "t", args=[number, seed], idempotency=f"key{number}")
        run, _ = await self.insist(lambda runs: runs.submit(asked))
        self.acknowledged[number] = run.id
        self.spawn(self.sender(run.id, number, seed))
        wish = self.random.random()
        await asyncio.sleep(self.random.uniform(0, 3))
        try:
            if wish < 0.15:
                self.cancelled.add(number)
                await self.insist(lambda runs: runs.cancel(run.id))
            elif wish < 0.4:
                await self.insist(lambda runs: runs.pause(run.id))
                await asyncio.sleep(self.random.uniform(0, 3))
                await self.insist(lambda runs: runs.resume(run.id))
        except WrongStatus:
            self.cancelled.discard(number)  # it had ended before

    async def sender(self, run: str, number: int, seed: int) -> None:
        """Whoever sends a run the signals that it will wait for, now and then one twice."""
        waits = [what for *_, waits in steps(number, seed) for kind, what in waits if kind == "@signal"]
        for sent, (name, _) in enumerate(what for what in waits if what[0] != "never"):
            await asyncio.sleep(self.random.choice([0.0, self.random.uniform(0, 12)]))
            try:
                for _ in range(self.random.choice([1, 1, 2])):
                    await self.insist(lambda runs, n=name, s=sent: runs.signal(run, n, f"{n}{s}", idempotency=str(s)))
            except WrongStatus:
                return  # it was cancelled

    async def insist(self, what: Callable[[DurableRuns], Awaitable[Any]]) -> Any:
        """Ask some node, and another if it does not answer."""
        while True:
            node = self.random.choice(self.nodes)
            try:
                async with asyncio.timeout(3 * LEASE):
                    return await what(node.runs)
            except (StoreUnavailable, TimeoutError):
                await asyncio.sleep(0.1)
            except UnknownRun as error:
                self.fail(f"an acknowledged run is gone: {error}")

    async def live(self, runs: int) -> None:
        """Let everything happen, then let the faults end and check that all is well."""
        for _ in range(self.random.randint(1, 3)):
            self.start_node()
        chaos = self.spawn(self.crashes())
        clients = [self.spawn(self.client(number)) for number in range(runs)]
        await asyncio.sleep(self.random.uniform(3, 10))
        self.faulty = False
        await asyncio.gather(chaos, *clients)
        end = self.loop.time() + 200 * LEASE
        for run in self.acknowledged.values():
            if run not in self.store.kept:
                self.fail(f"acknowledged run {run} is gone")
        while any(self.store.kept[run].run.status not in TERMINAL for run in self.acknowledged.values()):
            if self.violations:
                return
            if self.loop.time() > end:
                self.fail("an acknowledged run does not end")
            await asyncio.sleep(1.0)
        for node in self.nodes:
            await node.runs.stop()
        for number, run in self.acknowledged.items():
            await self.check_end(number, run)
        self.check_ticks()

    def check_ticks(self) -> None:
        """Check that each time of the schedule has started one run."""
        keys = [kept.run.idempotency for kept in self.store.kept.values() if _number(kept.run.arguments) == "tick"]
        passed = self.store.schedules["t", "tick"].next_at or START + TICK * (TICKS + 1)
        times = [START + TICK * (number + 1) for number in range(TICKS)]
        expected = [f"@schedule tick {START:.6f} {at:.3f}" for at in times if at < passed]
        started = f"@schedule tick {START:.6f} {passed:.3f}"  # by a node that has not said so yet
        if sorted(key for key in keys if key and key != started) != expected or keys.count(started) > 1:
            self.fail(f"the schedule started {keys} and not {expected}")
        self.counts["ticks"] += len(keys)

    async def check_waits(self, run: str) -> None:
        """Check that each signal answered one wait, in order, and that called runs gave what they are said to."""
        signals = {signal.taken: signal for signal in await self.store.signals(run) if signal.taken is not None}
        taken = [signal for signal in await self.store.signals(run) if signal.taken is not None]
        if len(signals) != len(taken):
            self.fail(f"two signals of run {run} answered one wait")
        for entry in await self.store.journal(run):
            value = answer_of(entry).value
            if entry.model == "@signal" and value != [False, None]:
                self.counts["signals"] += 1
                if entry.key not in signals or [True, CODEC.unpack(signals.pop(entry.key).value)] != value:
                    self.fail(f"the wait {entry.key} of run {run} got {value}, which was not signalled")
            if entry.model == "@run":
                self.counts["called"] += 1
                called = [k.run for k in self.store.kept.values() if k.run.idempotency == f"@run {run} {entry.key}"]
                if [CODEC.unpack(one.result or b"")[0] for one in called] != [value]:  # type: ignore[index]
                    self.fail(f"run {run} got {value} from the run that it started at {entry.key}")
        if signals:
            self.fail(f"run {run} took signals that answered nothing")

    async def check_end(self, number: int, run: str) -> None:
        """Check how a run ended."""
        if run not in self.store.kept:
            self.fail(f"acknowledged run {run} is gone")
        ended = self.store.kept[run].run
        if ended.status is Status.CANCELLED and number in self.cancelled:
            return
        if ended.status is not Status.SUCCEEDED:
            self.fail(f"run {run} is {ended.status}: {ended.error}")
        await self.check_waits(run)
        entries = [entry for entry in await self.store.journal(run) if entry.model != BEGUN]
        journal = {entry.key: answer_of(entry).value for entry in entries}
        for entry in entries:
            if entry.model == "tool:act" and (run, entry.key) not in self.used:
                self.fail(f"run {run} has an answer of a tool that was not called")
        known = iter(merged(await self.store.readings(run)).get("w", []))

        async def read() -> float:
            now = next(known, None)
            return self.fail(f"run {run} read its clock, and its journal does not know") if now is None else now

        async def ask(requests: list[EffectRequest]) -> dict[str, object]:
            for request in requests:
                if request.key not in journal:
                    self.fail(f"run {run} has ended without the answer to {request.key} in its journal")
                if request.model == "exact" and journal[request.key] != answer("exact", request.args, self.random):
                    self.fail(f"run {run} has an answer to {request.key} that belongs to another question")
            return {request.key: journal[request.key] for request in requests}

        arguments: Any = CODEC.unpack(ended.arguments)
        result: Any = CODEC.unpack(ended.result or b"")
        if result[0] != await program(arguments[0], read, ask):
            self.fail(f"run {run} has another result than its program gives with its journal")


@functools.cache
def _number(arguments: bytes) -> object:
    unpacked: Any = CODEC.unpack(arguments)
    return unpacked[0][0]


def simulate(seed: int) -> World:
    """One world, to its end. Raises Violation."""
    loop = Loop()
    world = World(seed, loop)
    loop.set_exception_handler(lambda _, context: None)
    try:
        loop.run_until_complete(world.live(world.random.randint(1, 4)))
        return world
    finally:
        for task in (left := asyncio.all_tasks(loop)):
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left))
        loop.close()
        if world.violations:
            raise Violation(world.violations[0])
