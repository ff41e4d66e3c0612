"""The replica's end: requests go to Serve's own replica, as those do that come by gRPC."""

import asyncio
import contextlib
import os
import secrets
from typing import Any, Final

import ray
from ray.serve._private.common import ReplicaQueueLengthInfo

from deployments.wire.peers import Kind, Peer
from deployments.wire.pickles import packed, unpacked

NAME: Final = "wire"
"""Under which Serve tells callers of a replica where its connection is."""

SOON: Final = 0.005
"""Seconds within which a caller of a method that is no stream learns that its request was taken. If it is answered
sooner, the caller does not wake while the model computes. Serve's own way to tell is immediate."""
UNPROVEN: Final = 256
"""Connections whose other end has not proved itself; more are not kept."""


async def offer(at_once: bool) -> dict[str, Any]:
    """Listen, and say where: what a deployment's ``record_replica_metadata`` returns. Empty where Serve's own way is
    the only one: with TLS, or where the replica's code has an event loop of its own.

    ``at_once``: callers learn immediately that their request was taken, because one of which they don't know that is
    made again when the replica is lost.
    """
    loop, replica = asyncio.get_running_loop(), _replica()
    if replica is None or replica._event_loop is not loop or os.environ.get("RAY_USE_TLS", "0") not in ("", "0"):
        return {}
    key, host, unproven = secrets.token_bytes(32), ray.util.get_node_ip_address(), set[Requests]()
    soon = 0.0 if at_once else SOON
    try:
        server = await loop.create_server(lambda: Requests(key, replica, soon, unproven), host, 0)
    except OSError:
        return {}
    return {NAME: {"host": host, "port": server.sockets[0].getsockname()[1], "key": key.hex()}}


def _replica() -> Any:
    """Serve's replica in this process."""
    worker = ray._private.worker.global_worker
    actor = worker.actors.get(worker.actor_id)
    return getattr(actor, "_replica_impl", None)


class Requests(Peer):
    """A caller's connection. When it ends, so do its requests."""

    role, other = b"replica", b"caller"

    def __init__(self, key: bytes, replica: Any, soon: float, unproven: "set[Requests] | None" = None) -> None:
        super().__init__(key)
        self._replica = replica
        self._soon = soon
        self._unproven = set() if unproven is None else unproven
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._unproven.add(self)
        self.ready.add_done_callback(lambda _: self._unproven.discard(self))
        if len(self._unproven) > UNPROVEN:
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        for task in self._tasks.values():
            task.cancel()

    def hear(self, number: int, kind: Kind, content: bytes) -> None:
        if kind == Kind.CALL:
            task = self._loop.create_task(self._serve(number, content))
            self._tasks[number] = task
            task.add_done_callback(lambda _: self._tasks.pop(number, None))
        elif kind == Kind.CANCEL and number in self._tasks:
            self._tasks[number].cancel()

    async def _serve(self, number: int, content: bytes) -> None:
        try:
            metadata, args, kwargs = unpacked(content)
            results = self._replica.handle_request_with_rejection(metadata, *args, **kwargs)
            async with contextlib.aclosing(results):
                await self._answer(number, results, 0.0 if metadata.is_streaming else self._soon)
        except (Exception, asyncio.CancelledError) as error:
            self._tell(number, Kind.ERROR, error)

    async def _answer(self, number: int, results: Any, soon: float) -> None:
        info: ReplicaQueueLengthInfo = await anext(results)
        told = (info.accepted, info.num_ongoing_requests)
        if not info.accepted or not soon:
            self._tell(number, Kind.TAKEN, told)
            self.flush()  # before the request can do anything
            if not info.accepted:
                return
        later = self._loop.call_later(soon, self._tell, number, Kind.TAKEN, told) if soon else None
        try:
            async for item in results:
                if later is not None:
                    later.cancel()
                    later = None
                    self._tell(number, Kind.TAKEN, told)  # perhaps once more
                self._tell(number, Kind.ITEM, item)
                await self.drain()
        finally:
            if later is not None:
                later.cancel()
                self._tell(number, Kind.TAKEN, told)
        self.say(number, Kind.END)

    def _tell(self, number: int, kind: Kind, value: Any) -> None:
        try:
            content = packed(value)
        except Exception:  # an error that holds what cannot travel, for example
            if kind != Kind.ERROR:
                raise
            content = packed(RuntimeError(f"{type(value).__name__}: {value}"))
        self.say(number, kind, content)
