"""Effects of a run: futures, and fibers that overlap them.

A fiber is a greenlet. Whoever must wait switches to the hub, which runs other fibers and, when none can go on,
sends what was asked in one batch and waits for answers. Requests are held back until then, so that batches are
as large as the program allows and the same in every run. Keys name the fiber's path and the request's
position in it, never the order of arrival.
"""

from time import perf_counter

from noodle_ray.core.vm import carriers
from noodle_ray.core.vm.host import TELL, EffectAnswer, EffectHost, EffectRequest
from noodle_ray.core.vm.limits import ENDING, LimitExceeded
from noodle_ray.core.vm.names import TOOL
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import ModelError
from noodle_ray.core.vm.values import copy_data
from noodle_ray.light import TYPE_CHECKING, Any, Callable, Final, Iterable, Iterator, Protocol, Sequence, cast, deque

if TYPE_CHECKING:
    from greenlet import greenlet  # type: ignore[import-untyped]

    from noodle_ray.core.vm.speculation.guesses import Guesses

LIMITS: Final = (MemoryError, RecursionError)
"""Exceptions that end a run, and so all of its fibers."""


class Future:
    """The value of a model call, pending until its answer comes. Programs never see one."""

    __slots__ = ("chained", "error", "fiber", "fuel", "key", "missing", "model", "request", "start", "value", "waiting")

    def __init__(self, key: str, model: str) -> None:
        self.key = key
        self.model = model
        self.request: tuple[tuple[Any, ...], dict[str, Any]] | None = None
        self.missing = 0
        self.chained: list[Future] = []
        self.waiting: list[Fiber] = []
        self.error: BaseException | None = None
        self.value: Any = _PENDING
        self.fuel = 0
        self.start = 0.0


_PENDING: Final = object()


def is_pending(future: Future) -> bool:
    """Whether there is no answer yet, and no failure."""
    return future.value is _PENDING and future.error is None


GATHERED: Final = ""
"""What the pending list of a gather has for a model."""


class Fiber:
    """A thread of a run. ``depth`` counts nested calls, for the recursion limit.

    ``base`` is the greenlet it began in; ``greenlet`` the one to go on with, which may be that of a generator it runs.
    ``handled`` is the exception that was being handled where that generator was last resumed.
    ``task`` is set for a task of `generators.loop`, which goes on when its loop says so. ``context`` has the values of
    context variables; it is never changed, but replaced. ``level`` counts fibers within fibers.
    """

    __slots__ = (
        "base", "context", "depth", "greenlet", "guesses", "handled", "level", "outstanding", "path", "position",
        "task",
    )  # fmt: skip

    def __init__(self, path: str, depth: int) -> None:
        self.path = path
        self.depth = depth
        self.position = 0
        self.guesses = 0
        self.level = 0
        self.outstanding: list[Future] = []
        self.handled: BaseException | None = None
        self.base: greenlet | None = None
        self.greenlet: greenlet | None = None
        self.task: Task | None = None
        self.context: dict[Any, Any] | None = None


class Task(Protocol):
    """What fibers need of a task that an event loop runs."""

    def block(self) -> None:
        """Let the loop go on with others until `awake`."""

    def awake(self) -> None:
        """Go on when the loop's turn comes."""

    def hop(self) -> None:
        """Let the loop go round once."""


class Fibers:
    """All fibers and futures of one run. ``events`` is its timeline, in seconds since ``started``; ``looped`` says
    whether an event loop ran in it; ``exits`` are called when the program has ended, the last one first, and then
    ``at_end``. While ``atomic`` is not zero, nothing can wait for other fibers. Fibers nest at most ``levels`` deep.
    ``timed`` says whether anything has waited for a time of the clock: what comes then may depend on how quickly
    answers come. ``guesses`` are those of a run that speculates, ``over`` what became of some since the host was told.
    ``lent`` is the fuel of ``running`` runs that this one has started, and what those used that have ended."""

    def __init__(self, host: EffectHost | None, levels: int = 1000) -> None:
        self.host = host
        self.levels = levels
        self.root = self.current = Fiber("", 0)
        self.started = perf_counter()
        self.events: list[dict[str, Any]] = []
        self.looped = False
        self.exits: list[Callable[[], None]] = []
        self.at_end: Callable[[], None] | None = None
        self.calls = 0
        self.batches = 0
        self.waited = 0.0
        self.running = self.lent = 0
        self.timed = False
        self.guesses: Guesses | None = None
        self.over: list[tuple[bool, Any, Sequence[int]]] = []
        self._waits_since = 0.0
        self._queue: list[Future] = []
        self._sent: dict[str, Future] = {}
        self.ready: deque[Fiber] = deque()
        self._hub: greenlet | None = None
        self._here: Callable[[], greenlet]
        self.live: set[Fiber] = set()
        self._pausing: set[Fiber] = set()
        self._timers: list[tuple[float, int, Fiber]] = []
        self._timed = 0
        self.closed = False
        self.atomic = 0

    def effect(self, model: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Future:
        """Ask a model. Arguments may be futures: the request is sent when they are there.

        Raises TypeError for an argument that is not data, and ModelError when the run has nobody to ask.
        """
        fiber = self.current
        fiber.position += 1
        future = Future(f"{fiber.path}/{fiber.position}", model)
        if self.host is None:
            raise _failure(model, "NOODLE-E0602", f"model '{model}' cannot be called: this run has no models")
        future.request = (
            tuple([self._argument(future, arg) for arg in args]),
            {name: self._argument(future, arg) for name, arg in kwargs.items()},
        )
        fiber.outstanding.append(future)
        self.calls += model[0] != "@"
        if not future.missing:
            self._issue(future)
        return future

    def order(self, tool: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a tool gives, when all that the current fiber asked before is answered. No other fiber runs meanwhile,
        as none would if the tool were a function. Raises ModelError."""
        self.barrier()
        future = self.effect(tool, args, kwargs)
        self.calls -= 1
        while future.value is _PENDING and future.error is None:
            self._exchange()
        self.current.outstanding.remove(future)
        if future.error is not None:
            raise future.error
        return future.value

    def start(self, args: tuple[Any, ...]) -> Any:
        """The result of another run, which gets half of the fuel that is left, or of those that run at once the nth a
        2n-th part. What it did not use comes back. Raises RuntimeError if it failed."""
        future = self.effect("@run", args, {})
        lent = future.fuel = max(0, int(S.fuel_left())) // (2 * (self.running + 1))
        self.lent += lent
        self.running += 1
        S.charge(lent)
        try:
            return self.force(future)
        finally:
            if future.value is not _PENDING or future.error is not None:
                self.running -= 1
                self.lent += future.fuel - lent
                S.charge(future.fuel - lent)

    def tell(self, text: str) -> None:
        """Tell the run's caller a text, and go on when it is taken. That is no call of a model."""
        self.force(self.effect(TELL, (text,), {}))
        self.calls -= 1

    def force(self, value: Any) -> Any:
        """The value itself, waited for if it is pending. Raises the error of the fiber's earliest failed call."""
        if type(value) is not Future:
            return value
        self._wait(value)
        if value.error is not None:
            self._raise_first(value)
        return value.value

    def barrier(self) -> None:
        """Wait for everything the current fiber asked, in order; raise the first failure."""
        outstanding = self.current.outstanding
        if not outstanding:
            return
        for future in outstanding:
            self._wait(future)
            if future.error is not None:
                self._raise_first(future)
        outstanding.clear()

    def gather(self, function: Callable[[Any], Any], iterable: Iterable[Any]) -> "list[Any] | Future":
        """The results of the function for each element, run as fibers; without those that are SKIP.

        Where elements must wait, the list is pending, so that what comes next overlaps with them. Raises, here or
        when it is forced, what sequential execution would have raised: the exception of the lowest index.
        """
        from noodle_ray.core.vm.gathering import gather

        return gather(self, function, iterable)

    def each(self, function: Callable[[Any], Any], iterable: Iterable[Any]) -> "Iterator[Any]":
        """What the function returns for each element, run as fibers, in order; for the iterations of a loop.

        The exception of an element is raised when its turn comes, so that the rest of the earlier iterations runs
        before. All fibers of a block have ended when the first of its results is given.
        """
        from noodle_ray.core.vm.gathering import each

        return each(self, function, iterable)

    def guess(self, waited: Any, candidates: "Sequence[Any]", registers: "Sequence[Any]") -> Any:
        """Note the calls that may come after this wait, if the run speculates; what `drop` wants to know of them."""
        try:
            return self.guesses and self.guesses.guess(self, waited, candidates, registers)
        except RecursionError:  # of ours: the run itself has room for what it does
            return None

    def drop(self, handle: Any, numbers: "Sequence[int]") -> None:
        """These calls of a `guess` do not come. It is noted, as the stack may have no room to say so: the host hears of
        it when the run waits."""
        if handle is not None:
            self.over.append((True, handle, numbers))

    def keep(self, handle: Any, numbers: "Sequence[int]") -> None:
        """These calls of a `guess` may be on their way: a later `drop` does not mean them."""
        if handle is not None:
            self.over.append((False, handle, numbers))

    def place(self) -> str:
        """The path of what the current fiber starts next."""
        parent = self.current
        parent.position += 1
        return f"{parent.path}.{parent.position}" if parent.path else str(parent.position)

    def leave(self) -> None:
        """Do what is to be done at the program's end, however it ends, but not when a limit ended it."""
        while self.exits and not S.tripped:
            self.exits.pop()()

    def free(self) -> None:
        """Free what the program's globals hold, once, if that can be told and no limit ended it."""
        at_end, self.at_end = self.at_end, None
        if at_end is not None and not S.tripped:
            at_end()

    def close(self) -> None:
        """End all fibers that are still alive, without running any more of the program."""
        hub, self._hub = self._hub, None
        if hub is None and not self.live:
            return
        from greenlet import getcurrent

        self.closed = True
        tripped, S.tripped = S.tripped, S.tripped or "closed"  # so that no ``finally`` of the program runs
        for alive in [*(part for fiber in self.live for part in (fiber.greenlet, fiber.base)), hub]:
            if alive:
                alive.parent = getcurrent()
                try:
                    alive.throw()
                except (LimitExceeded, *LIMITS, Exception):  # the run has ended, whatever a fiber of it meets
                    pass
        S.tripped = tripped
        self.live.clear()

    def child(self) -> Fiber:
        """A fiber for what the current one starts. Its path is this place."""
        parent = self.current
        made = Fiber(self.place(), parent.depth)
        made.context = parent.context
        return made

    def hop(self) -> None:
        """Let the other tasks of the current one's loop go on."""
        if self.current.task is None:
            raise RuntimeError("no running event loop")
        self.current.task.hop()

    def sleep(self, seconds: float) -> None:
        """Wait for so long. Other fibers go on, and so does what was asked; tasks of the same loop wait, as they do
        in CPython when one of them blocks."""
        until = S.clock.monotonic() + seconds
        while S.clock.monotonic() < until:
            if self.current.task is None:
                self.pause(until)
            else:
                self._exchange(until)

    def pause(self, until: float | None) -> None:
        """Let other fibers go on until this time of the clock; or less, when an answer comes or at `wake`."""
        if until is not None:
            self.timed = True
        if self._hub is None:
            self._exchange(until)
            return
        me = self.current
        if until is not None:
            from _heapq import heappush  # heapq itself has much that is not needed

            self._timed += 1
            heappush(self._timers, (until, self._timed, me))
        self._pausing.add(me)
        self.switch_to_hub()

    def wake(self, fiber: Fiber) -> None:
        """End a fiber's pause."""
        if fiber in self._pausing:
            self._pausing.discard(fiber)
            self.ready.append(fiber)

    def _check_open(self) -> None:
        """Raise for a fiber that would wait where it cannot, or when it is being ended."""
        if self.closed:
            from greenlet import GreenletExit

            raise GreenletExit
        if self.atomic:
            raise RuntimeError("what weakref calls cannot wait in Noodle")

    def _argument(self, future: Future, value: Any) -> Any:
        if type(value) is Future and value.model is not GATHERED:
            if value.value is _PENDING and value.error is None:
                value.chained.append(future)
                future.missing += 1
                return value
            return self.force(value)
        return copy_data(value, self.force)

    def _issue(self, future: Future) -> None:
        """Queue a request whose arguments are all there, or fail it with the first of them that failed."""
        assert future.request is not None
        args, kwargs = future.request
        for value in (*args, *kwargs.values()):
            if type(value) is Future and value.error is not None:
                self.settle(future, value.error, None)
                return
        future.request = (
            tuple([arg.value if type(arg) is Future else arg for arg in args]),
            {name: arg.value if type(arg) is Future else arg for name, arg in kwargs.items()},
        )
        self._queue.append(future)

    def settle(self, future: Future, error: BaseException | None, value: Any) -> None:
        future.error = error
        future.value = value
        future.request = None
        for fiber in future.waiting:
            self.go_on(fiber)
        future.waiting.clear()
        for follower in future.chained:
            follower.missing -= 1
            if not follower.missing:
                self._issue(follower)
        future.chained.clear()

    def _raise_first(self, failed: Future) -> None:
        """Raise as sequential execution would: an earlier call that fails too comes first."""
        outstanding = self.current.outstanding
        for future in list(outstanding):
            self._wait(future)
            if future.error is not None:
                outstanding.clear()
                raise future.error
        assert failed.error is not None
        raise failed.error

    def _wait(self, future: Future) -> None:
        me = self.current
        while future.value is _PENDING and future.error is None:
            if self._hub is None and me.task is None:
                self._exchange()
                continue
            future.waiting.append(me)
            try:
                self.block()
            except BaseException:  # a task that is cancelled while it waits does without the answers it asked for
                if me in future.waiting:
                    future.waiting.remove(me)
                me.outstanding.clear()
                raise

    def block(self) -> None:
        """Let others go on until `go_on` for the current fiber."""
        task = self.current.task
        if task is None:
            self.switch_to_hub()
        else:
            task.block()

    def go_on(self, fiber: Fiber) -> None:
        """What a fiber waited for is there."""
        if fiber.task is None:
            self.ready.append(fiber)
        else:
            fiber.task.awake()

    def _exchange(self, until: float | None = None) -> None:
        """Send what is queued, and take at least one answer, if one comes before this time of the clock."""
        self._check_open()
        host = self.host
        if until is not None:
            self.timed = True
        now = perf_counter() - self.started
        if self._queue:
            assert host is not None
            requests = []
            for future in self._queue:
                assert future.request is not None
                future.start = now
                self._sent[future.key] = future
                requests.append(EffectRequest(future.key, future.model, *future.request, future.fuel))
            self._queue.clear()
            host.send(requests)
            asked = {request.model for request in requests if request.model[0] not in "@*"}
            self.batches += sum(not model.startswith(TOOL) for model in asked)
        if self.guesses is not None:
            for wrong, handle, numbers in self.over:
                (self.guesses.drop if wrong else self.guesses.keep)(handle, numbers)
            self.over.clear()
            self.guesses.tell()
        self._waits_since = now
        try:
            answers = self._receive(until)
        finally:
            end = perf_counter() - self.started
            self._waits_since = 0.0
            self.waited += end - now
        for answer in answers:
            self._answer(answer, end)

    def _receive(self, until: float | None) -> list[EffectAnswer]:
        if self._sent:
            assert self.host is not None
            if until is None:
                return self.host.receive()
            return self.host.receive(max(0.0, until - S.clock.monotonic()))
        if until is None:  # everybody waits for somebody else
            S.tripped = "deadline"
            raise LimitExceeded("deadline")
        S.clock.sleep(max(0.0, until - S.clock.monotonic()))
        return []

    def _answer(self, answer: EffectAnswer, end: float) -> None:
        future = self._sent.pop(answer.key, None)
        if future is None:
            return
        if future.model != TELL:
            self.events.append({"key": future.key, "model": future.model, "start": future.start, "end": end})
        future.fuel = answer.fuel
        if answer.ok:
            self.settle(future, None, answer.value)
        else:
            code, message = cast("tuple[str, str]", answer.value)
            if code in ENDING:
                S.tripped = ENDING[code]
                raise LimitExceeded(S.tripped)
            self.settle(future, _failure(future.model, code, message), None)

    def waited_until(self, now: float) -> float:
        """Seconds that the run has waited for answers, up to this reading of `perf_counter`."""
        return self.waited + (now - self.started - self._waits_since if self._waits_since else 0.0)

    def start_hub(self, deeper: int = 0) -> "greenlet":
        """The hub, made when the first fiber besides the root is. ``deeper``: where it is switched to first, in calls
        below this one."""
        if self._hub is None:
            from greenlet import getcurrent, greenlet

            carriers.begin(deeper)
            self._here = getcurrent
            first = getcurrent()
            while first.parent is not None:
                first = first.parent
            self._hub = greenlet(self._run_hub, first)
        return self._hub

    def switch_to_hub(self) -> None:
        """Let others run until somebody makes the current fiber ready."""
        if self.closed or self.atomic:
            self._check_open()
        me = self.current
        hub = self.start_hub(-1)
        me.greenlet = self._here()
        try:
            hub.switch()
        except BaseException:
            self._hub = None
            raise
        finally:
            self.current = me

    def _run_hub(self) -> None:
        from _heapq import heappop

        while True:
            while self.ready:
                fiber = self.ready.popleft()
                self.current = fiber
                assert fiber.greenlet is not None
                fiber.greenlet.switch()
            self._exchange(self._next_timer())
            now = S.clock.monotonic()
            while self._timers and self._timers[0][0] <= now:
                self.wake(heappop(self._timers)[2])

    def _next_timer(self) -> float | None:
        from _heapq import heappop

        while self._timers and self._timers[0][2] not in self._pausing:
            heappop(self._timers)
        return self._timers[0][0] if self._timers else None


def _failure(model: str, code: str, message: str) -> Exception:
    """What a program gets when an effect fails: a ModelError, or if it is none of a model's, a RuntimeError."""
    if model[0] == "@":
        refused = RuntimeError(message)
        refused.code = code  # type: ignore[attr-defined]  # for `describe`; programs see marked names only
        return refused
    error = ModelError(message)
    error.code = code
    return error
