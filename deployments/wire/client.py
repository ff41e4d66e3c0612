"""The caller's end: a request's result as Serve's router and handles expect one."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import ray.serve.context
from ray.exceptions import ActorUnavailableError, RayTaskError
from ray.serve._private.common import OBJ_REF_NOT_SUPPORTED_ERROR, ReplicaQueueLengthInfo, RequestMetadata
from ray.serve._private.replica_result import ReplicaResult
from ray.serve._private.utils import generate_request_id

from deployments.wire.peers import Kind, Peer
from deployments.wire.pickles import packed, unpacked


class Link(Peer):
    """A connection to a replica, with the requests that are under way on it."""

    role, other = b"caller", b"replica"

    def __init__(self, key: bytes, actor_id: Any) -> None:
        super().__init__(key)
        self._actor_id = actor_id
        self._results: dict[int, WiredResult] = {}
        self._last = 0

    def request(self, metadata: RequestMetadata, args: Sequence[Any], kwargs: Mapping[str, Any]) -> "WiredResult":
        """Send a request."""
        content = packed((metadata, args, kwargs))
        self._last += 1
        self.say(self._last, Kind.CALL, content)
        result = self._results[self._last] = WiredResult(self, self._last)
        return result

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        for result in list(self._results.values()):
            result.finish(self._gone("the connection to the replica ended"))

    def hear(self, number: int, kind: Kind, content: bytes) -> None:
        result = self._results.get(number)
        if result is None:
            return  # it was cancelled
        if kind == Kind.END:
            result.finish(StopAsyncIteration())
            return
        try:
            value = unpacked(content)
        except Exception as error:
            self.say(number, Kind.CANCEL)
            result.finish(error)
            return
        if kind == Kind.TAKEN:
            result.taken(ReplicaQueueLengthInfo(*value))
        elif kind == Kind.ITEM:
            result.tell(value)
        elif isinstance(value, asyncio.CancelledError):  # not by this end: who waits here was not cancelled
            result.finish(self._gone("the replica ended the request"))
        else:
            result.finish(value)

    def _gone(self, why: str) -> ActorUnavailableError:
        return ActorUnavailableError(why, self._actor_id.binary())

    def forget(self, number: int) -> None:
        """A request has ended."""
        self._results.pop(number, None)


class WiredResult(ReplicaResult):
    """The answers to one request. Belongs to the event loop of its connection."""

    def __init__(self, link: Link, number: int) -> None:
        self.refused = False
        self.on_taken: Callable[[ReplicaQueueLengthInfo], None] = lambda info: None
        self._link = link
        self._number = number
        self._loop = asyncio.get_running_loop()
        self._taken: asyncio.Future[ReplicaQueueLengthInfo] = self._loop.create_future()
        self._items: deque[Any] = deque()
        self._ended: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._callbacks: list[Callable[[Any], None]] = []
        # Serve cancels the calls of a request whose client leaves.
        parent, own = ray.serve.context._get_serve_request_context()._internal_request_id, generate_request_id()
        ray.serve.context._add_in_flight_request(parent, own, self)

        # Later, because Serve may just be going through them.
        def later(end: BaseException) -> None:
            self._loop.call_soon(ray.serve.context._remove_in_flight_request, parent, own)

        self.add_done_callback(later)

    def taken(self, info: ReplicaQueueLengthInfo) -> None:
        """The replica has the request, or refuses it."""
        if not self._taken.done():
            self.refused = not info.accepted
            self._taken.set_result(info)
            self.on_taken(info)

    def tell(self, item: Any) -> None:
        """An answer came."""
        self._items.append(item)
        self._wake()

    def finish(self, end: BaseException) -> None:
        """No more will come."""
        if self._ended is not None:
            return
        self._ended = end.as_instanceof_cause() if isinstance(end, RayTaskError) else end
        self._link.forget(self._number)
        if not self._taken.done():
            if isinstance(end, asyncio.CancelledError):
                self._taken.cancel()
            else:
                self._taken.set_exception(self._ended)
                self._taken.exception()  # who waits for the request has it
        self._wake()
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(end)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def get_rejection_response(self) -> ReplicaQueueLengthInfo:
        """Whether the replica took it. Raises ActorUnavailableError when it is gone, and may not have."""
        try:
            return await self._taken
        except asyncio.CancelledError:
            self.cancel()
            raise

    async def __anext__(self) -> Any:
        while not self._items:
            if self._ended is not None:
                raise self._ended
            self._waiter = self._loop.create_future()
            await self._waiter
        return self._items.popleft()

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Call this with what ended the request."""
        if self._ended is None:
            self._callbacks.append(callback)
        else:
            callback(self._ended)

    def cancel(self) -> None:
        """End the request, here and at the replica."""
        if self._ended is None:
            self._link.say(self._number, Kind.CANCEL)
            self.finish(asyncio.CancelledError())

    def get(self, timeout_s: float | None) -> NoReturn:
        """Only of requests that are no streams."""
        raise OBJ_REF_NOT_SUPPORTED_ERROR

    async def get_async(self) -> NoReturn:
        """Only of requests that are no streams."""
        raise OBJ_REF_NOT_SUPPORTED_ERROR

    def __next__(self) -> NoReturn:
        raise OBJ_REF_NOT_SUPPORTED_ERROR

    def to_object_ref(self) -> NoReturn:
        """There is none."""
        raise OBJ_REF_NOT_SUPPORTED_ERROR

    async def to_object_ref_async(self) -> NoReturn:
        """There is none."""
        raise OBJ_REF_NOT_SUPPORTED_ERROR

    def to_object_ref_gen(self) -> NoReturn:
        """There is none."""
        raise OBJ_REF_NOT_SUPPORTED_ERROR
