"""Elements that run as fibers: those of a ``gather``, and the iterations of a loop.

At most `WINDOW` elements run at a time; when one ends, the next begins. So it goes up to the end of a **block**, all of
which is run: what has run when an exception is raised, or when the rest of a loop's body runs, thus depends on the
elements and never on the order of answers. The first block is a window, and each is longer than the one before, up to
`BLOCK`: there are few pauses for the slowest, and few elements that have run for nothing where an early one fails.
"""

from _operator import length_hint
from itertools import islice, repeat

from noodle_ray.core.vm.carriers import carrier
from noodle_ray.core.vm.fibers import GATHERED, LIMITS, Fiber, Fibers, Future
from noodle_ray.core.vm.limits import LimitExceeded
from noodle_ray.core.vm.operators import SKIP
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.values import FOREIGN
from noodle_ray.light import Any, Callable, Final, Iterable, Iterator, partial

WINDOW: Final = 512
"""Fibers of one gather alive at a time: each costs about 8 KiB, its call included."""
BLOCK: Final = 16 * WINDOW
"""The most elements of a block."""
_GROWTH: Final = 4
_ROWS: Final = 16 << 20
"""Bytes that the rows of a loop's block may take, roughly, if it is longer than a window; and that the elements of any
block may take which an iterator makes."""
_SAMPLE: Final = 16
"""Each row of so many is weighed."""
_BEGUN: Final = "begun"
_ENDED: Final = "ended"

_Function = Callable[[Any], Any]


def gather(fibers: Fibers, function: _Function, iterable: Iterable[Any]) -> "list[Any] | Future":
    """See `Fibers.gather`."""
    prefix = fibers.place()
    results: list[Any] = []
    iterator = iter(iterable)
    size = WINDOW
    while True:
        chunk, ended, stopped = _take(iterator, size, iterator is iterable)
        gathering = _Gathering(fibers, fibers.current, function, chunk)
        if chunk:
            gathering.start(prefix, len(results), fibers.current.depth)
        last = ended and stopped is None
        if last:
            gathering.begin_all()
        if last and gathering.left:
            return gathering.promise(prefix, results)
        gathering.finish()
        for error in gathering.errors:
            if error is not None:
                raise error
        results.extend(gathering.results)
        if stopped is not None:
            raise stopped
        if last:
            return [value for value in results if value is not SKIP]
        size = min(_GROWTH * size, BLOCK)


def each(fibers: Fibers, function: _Function, iterable: Iterable[Any]) -> Iterator[Any]:
    """See `Fibers.each`. A ``map``, as programs may have anyway."""
    rows = _Rows(fibers, function, iterable)
    rows.fill()
    return map(rows.take, repeat(None))


class _Rows:
    """What a function returns for each element, by the block; ``next`` is the place of the next in its block."""

    __slots__ = (
        "block", "ended", "fibers", "function", "grown", "iterator", "next", "offset", "prefix", "size", "stopped",
        "weighed",
    )  # fmt: skip

    def __init__(self, fibers: Fibers, function: _Function, iterable: Iterable[Any]) -> None:
        self.fibers = fibers
        self.function = function
        self.iterator = iter(iterable)
        self.weighed = self.iterator is iterable
        self.ended = False
        self.prefix = fibers.place()
        self.offset = self.next = 0
        self.size = self.grown = WINDOW
        self.stopped: BaseException | None = None
        self.block: _Gathering | None = None

    def fill(self) -> None:
        """Run the next elements to their end."""
        self.next = 0
        chunk, self.ended, self.stopped = _take(self.iterator, self.size, self.weighed)
        self.block = _Gathering(self.fibers, self.fibers.current, self.function, chunk)
        if chunk:
            # the function is a part of the one that is running, and no call to be counted
            self.block.start(self.prefix, self.offset, self.fibers.current.depth - 1)
            self.offset += len(chunk)
            self.block.finish()
            rows = self.block.results[::_SAMPLE]
            room = _ROWS * len(rows) // sum(map(_weight, rows))
            self.grown = max(WINDOW, min(_GROWTH * self.size, BLOCK, room))

    def take(self, _: None) -> Any:
        """The next result, or what the next element raised. Raises StopIteration after the last."""
        block = self.block
        if block is not None and self.next == len(block.chunk) and not self.ended:
            self.size = self.grown
            self.fill()
            block = self.block
        if block is None or self.next == len(block.chunk):
            self.block = None
            raise self.stopped or StopIteration
        place = self.next
        self.next += 1
        error, result = block.errors[place], block.results[place]
        block.errors[place] = block.results[place] = None
        if error is not None:
            self.block = None
            raise error
        return result


class _Gathering:
    """One block: its fibers' results and errors, by position. ``waiting`` says what the parent waits for."""

    __slots__ = (
        "before", "chunk", "depth", "errors", "fibers", "function", "left", "offset", "parent", "pending", "prefix",
        "results", "todo", "waiting",
    )  # fmt: skip

    def __init__(self, fibers: Fibers, parent: Fiber, function: _Function, chunk: list[Any]) -> None:
        self.fibers = fibers
        self.parent = parent
        self.function = function
        self.chunk = chunk
        self.results: list[Any] = [None] * len(chunk)
        self.errors: list[BaseException | None] = [None] * len(chunk)
        self.left = len(chunk)
        self.todo = iter(range(len(chunk)))
        self.waiting = ""
        self.pending: Future | None = None
        self.before: list[Any] = []

    def start(self, prefix: str, offset: int, depth: int) -> None:
        """Run each element until it waits or ends, or as many as a window has."""
        from greenlet import getcurrent  # type: ignore[import-untyped]

        fibers = self.fibers
        self.prefix, self.offset, self.depth = prefix, offset, depth
        if self.parent.level + 1 > fibers.levels:  # CPython counts the calls of each fiber by themselves
            S.tripped = "recursion"
            raise LimitExceeded("recursion")
        hub, shared = fibers.start_hub(), getcurrent().gr_context  # see `sharing`, of which this is many
        for _ in range(min(len(self.chunk), WINDOW)):
            fiber = self._fiber()
            fiber.greenlet = fiber.base = carrier(partial(self._run, fiber), hub, shared)
            fibers.ready.append(fiber)
        fibers.ready.append(self.parent)
        fibers.switch_to_hub()

    def begin_all(self) -> None:
        """Run each element until it waits or ends."""
        while length_hint(self.todo):
            self._block(_BEGUN)

    def finish(self) -> None:
        """Run all elements to their end."""
        while self.left:
            self._block(_ENDED)

    def promise(self, key: str, before: list[Any]) -> Future:
        """The pending list of results, which follow those of earlier blocks."""
        self.pending = Future(key, GATHERED)
        self.before = before
        self.parent.outstanding.append(self.pending)
        return self.pending

    def _block(self, event: str) -> None:
        self.waiting = event
        try:
            self.fibers.block()
        except BaseException:  # nobody wants what has not begun
            self.todo = iter(range(0))
            raise
        finally:
            self.waiting = ""

    def _reached(self, event: str) -> None:
        if self.waiting == event:
            self.waiting = ""
            self.fibers.go_on(self.parent)

    def _fiber(self) -> Fiber:
        fiber = Fiber("", self.depth)
        fiber.level = self.parent.level + 1
        fiber.context = self.parent.context
        return fiber

    def _run(self, fiber: Fiber) -> None:
        """Run one element after the other, the first one as this fiber, the others in its greenlet."""
        fibers, carried = self.fibers, fiber.base
        for index in self.todo:
            if fiber.path:
                fiber = fibers.current = self._fiber()
                fiber.greenlet = fiber.base = carried
            fiber.path = f"{self.prefix}.{self.offset + index}"
            fibers.live.add(fiber)
            if index == len(self.chunk) - 1:
                self._reached(_BEGUN)
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
            result = self.chunk[index] = None
            fibers.live.discard(fiber)
            self.left -= 1
        if not self.left:
            self._end()

    def _end(self) -> None:
        self._reached(_ENDED)
        if self.pending is not None:
            error = next((error for error in self.errors if error is not None), None)
            values = [value for value in (*self.before, *self.results) if value is not SKIP]
            self.fibers.settle(self.pending, error, values)


def _take(iterator: Iterator[Any], size: int, weighed: bool) -> tuple[list[Any], bool, Exception | None]:
    """The next elements, so many, or fewer if they are large; whether there are no more, and the exception that ended
    them."""
    chunk: list[Any] = []
    room = _ROWS
    try:
        for item in islice(iterator, size):
            chunk.append(item)
            if weighed:
                room -= _weight(item)
                if room <= 0:
                    return chunk, False, None
    except LIMITS:
        raise
    except Exception as error:
        return chunk, True, error
    return chunk, len(chunk) < size, None


def _weight(value: Any, deeper: int = 4) -> int:
    """About how many bytes a row holds, by the first items of what it holds; the same wherever it runs."""
    kind = type(value)
    if kind is str or kind is bytes:
        return 64 + len(value)
    if kind in FOREIGN:
        return 128 + len(FOREIGN[kind].raw(value)[2])
    if not deeper or not value or kind not in (list, tuple, dict):
        return 32
    few = [*islice(value.items() if kind is dict else value, 4)]
    return 64 + len(value) * (8 + sum([_weight(each, deeper - 1) for each in few]) // len(few))
