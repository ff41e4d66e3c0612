"""Elements that run as fibers: those of a ``gather``, and the iterations of a loop.

Fibers are started by the window, so that a long list does not take the memory of them all.
"""

from itertools import islice, repeat

from noodle_ray.core.vm.carriers import carrier
from noodle_ray.core.vm.fibers import GATHERED, LIMITS, Fiber, Fibers, Future
from noodle_ray.core.vm.limits import LimitExceeded
from noodle_ray.core.vm.operators import SKIP
from noodle_ray.core.vm.state import S
from noodle_ray.light import Any, Callable, Final, Iterable, Iterator, partial

WINDOW: Final = 512
"""Fibers of one gather alive at a time: each costs a few kilobytes of stack."""

_Function = Callable[[Any], Any]


def gather(fibers: Fibers, function: _Function, iterable: Iterable[Any]) -> "list[Any] | Future":
    """See `Fibers.gather`."""
    prefix = fibers.place()
    results: list[Any] = []
    iterator = iter(iterable)
    while True:
        chunk, stopped = _take(iterator)
        gathering = _Gathering(fibers, fibers.current, function, chunk)
        if chunk:
            gathering.start(prefix, len(results), fibers.current.depth)
        if gathering.left and stopped is None and len(chunk) < WINDOW:
            return gathering.promise(prefix, results)
        gathering.finish()
        for error in gathering.errors:
            if error is not None:
                raise error
        results.extend(gathering.results)
        if stopped is not None:
            raise stopped
        if len(chunk) < WINDOW:
            return [value for value in results if value is not SKIP]


def each(fibers: Fibers, function: _Function, iterable: Iterable[Any]) -> Iterator[Any]:
    """See `Fibers.each`. A ``map``, as programs may have anyway."""
    rows = _Rows(fibers, function, iter(iterable))
    rows.fill()
    return map(rows.take, repeat(None))


class _Rows:
    """What a function returns for each element, by the window; ``next`` is the place of the next in the window."""

    __slots__ = ("fibers", "function", "iterator", "next", "offset", "prefix", "stopped", "window")

    def __init__(self, fibers: Fibers, function: _Function, iterator: Iterator[Any]) -> None:
        self.fibers = fibers
        self.function = function
        self.iterator = iterator
        self.prefix = fibers.place()
        self.offset = self.next = 0
        self.stopped: BaseException | None = None
        self.window: _Gathering | None = None

    def fill(self) -> None:
        """Run the next elements to their end."""
        self.next = 0
        chunk, self.stopped = _take(self.iterator)
        self.window = _Gathering(self.fibers, self.fibers.current, self.function, chunk)
        if chunk:
            # the function is a part of the one that is running, and no call to be counted
            self.window.start(self.prefix, self.offset, self.fibers.current.depth - 1)
            self.offset += len(chunk)
            self.window.finish()

    def take(self, _: None) -> Any:
        """The next result, or what the next element raised. Raises StopIteration after the last."""
        window = self.window
        if window is not None and self.next == len(window.chunk) == WINDOW and self.stopped is None:
            self.fill()
            window = self.window
        if window is None or self.next == len(window.chunk):
            self.window = None
            raise self.stopped or StopIteration
        place = self.next
        self.next += 1
        error, result = window.errors[place], window.results[place]
        window.errors[place] = window.results[place] = window.chunk[place] = None
        if error is not None:
            self.window = None
            raise error
        return result


class _Gathering:
    """One window: its fibers' results and errors, by position."""

    __slots__ = ("awaited", "before", "chunk", "errors", "fibers", "function", "left", "parent", "pending", "results")

    def __init__(self, fibers: Fibers, parent: Fiber, function: _Function, chunk: list[Any]) -> None:
        self.fibers = fibers
        self.parent = parent
        self.function = function
        self.chunk = chunk
        self.results: list[Any] = [None] * len(chunk)
        self.errors: list[BaseException | None] = [None] * len(chunk)
        self.left = len(chunk)
        self.awaited = False
        self.pending: Future | None = None
        self.before: list[Any] = []

    def start(self, prefix: str, offset: int, depth: int) -> None:
        """Run each element until it waits or ends."""
        from greenlet import getcurrent  # type: ignore[import-untyped]

        fibers = self.fibers
        level = self.parent.level + 1
        if level > fibers.levels:  # CPython counts the calls of each fiber by themselves
            S.tripped = "recursion"
            raise LimitExceeded("recursion")
        hub, shared = fibers.start_hub(), getcurrent().gr_context  # see `sharing`, of which this is many
        for index in range(len(self.chunk)):
            fiber = Fiber(f"{prefix}.{offset + index}", depth)
            fiber.level = level
            fiber.context = self.parent.context
            fiber.greenlet = fiber.base = carrier(partial(self._element, fiber, index), hub, shared)
            fibers.live.add(fiber)
            fibers.ready.append(fiber)
        fibers.ready.append(self.parent)
        fibers.switch_to_hub()

    def finish(self) -> None:
        """Run all elements to their end."""
        self.awaited = True
        while self.left:
            self.fibers.block()

    def promise(self, key: str, before: list[Any]) -> Future:
        """The pending list of results, which follow those of earlier windows."""
        self.pending = Future(key, GATHERED)
        self.before = before
        self.parent.outstanding.append(self.pending)
        return self.pending

    def _end(self) -> None:
        if self.awaited:
            self.fibers.go_on(self.parent)
        if self.pending is not None:
            error = next((error for error in self.errors if error is not None), None)
            values = [value for value in (*self.before, *self.results) if value is not SKIP]
            self.fibers.settle(self.pending, error, values)

    def _element(self, fiber: Fiber, index: int) -> None:
        fibers = self.fibers
        try:
            result = self.function(self.chunk[index])
            fibers.barrier()
            self.results[index] = result.value if type(result) is Future else result
        except (*LIMITS, LimitExceeded, KeyboardInterrupt):
            raise
        except BaseException as error:
            if fibers.closed:
                raise
            self.errors[index] = error
        fibers.live.discard(fiber)
        self.left -= 1
        if not self.left:
            self._end()


def _take(iterator: Iterator[Any]) -> tuple[list[Any], Exception | None]:
    """The next WINDOW elements, or fewer and the exception that ended them."""
    chunk: list[Any] = []
    try:
        for item in islice(iterator, WINDOW):
            chunk.append(item)
    except LIMITS:
        raise
    except Exception as error:
        return chunk, error
    return chunk, None
