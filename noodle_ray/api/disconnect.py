"""Runs end when their client goes away."""

import asyncio
from types import TracebackType

from starlette.requests import ClientDisconnect, Request

WATCH_AFTER = 0.05
"""Seconds before a request is watched. Most are done by then and never pay for the watching task."""


class CancelOnDisconnect:
    """Context manager: cancels the task inside it when the client disconnects, and raises ClientDisconnect then.

    The body must have been read before. A server that cancels the handler itself, as Ray Serve does, gets its
    cancellation passed through.
    """

    __slots__ = ("_fired", "_request", "_task", "_timer", "_watcher")

    def __init__(self, request: Request) -> None:
        self._request = request
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._fired = False

    async def __aenter__(self) -> None:
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(WATCH_AFTER, self._start)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        if self._fired and self._task is not None:
            self._task.uncancel()
            raise ClientDisconnect from None

    def _start(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self._fired = True
        assert self._task is not None
        self._task.cancel()
