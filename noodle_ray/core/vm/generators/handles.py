"""Callbacks that an event loop is to call, at once or at a time."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from greenlet import GreenletExit  # type: ignore[import-untyped]

from noodle_ray.core.vm.generators.passing import LIMITS
from noodle_ray.core.vm.state import S

if TYPE_CHECKING:
    from noodle_ray.core.vm.generators.loop import Loop

_LONGEST: Final = 1e9


class Handle:
    """A callback that is to be called."""

    __slots__ = ("_args", "_callback", "_cancelled")

    def __init__(self, callback: Callable[..., object], args: tuple[object, ...]) -> None:
        self._callback = callback
        self._args = args
        self._cancelled = False

    def cancel(self) -> None:
        """Do not call it."""
        self._cancelled = True

    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._cancelled

    def run(self) -> None:
        """Call it. What it raises is nobody's business, as in CPython, where it is logged."""
        if self._cancelled:
            return
        try:
            self._callback(*self._args)
        except (*LIMITS, GreenletExit, SystemExit, KeyboardInterrupt):
            raise
        except BaseException:
            return


class TimerHandle(Handle):
    """A callback that is to be called at a time. ``due`` is in nanoseconds of the loop's own clock."""

    __slots__ = ("_loop", "due", "order", "until")

    def __init__(self, loop: "Loop", delay: float, callback: Callable[..., object], args: tuple[object, ...]) -> None:
        super().__init__(callback, args)
        self._loop = loop
        loop.now += 1
        self.due = loop.now + int(min(max(delay, 0.0), _LONGEST) * 1e9)
        self.order = loop.now
        self.until = S.clock.monotonic() + min(max(delay, 0.0), _LONGEST)

    def when(self) -> float:
        """When, on the loop's clock."""
        return self._loop.seconds(self.due)

    def __lt__(self, other: "TimerHandle") -> bool:
        return (self.due, self.order) < (other.due, other.order)
