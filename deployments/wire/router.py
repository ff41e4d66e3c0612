"""Serve's routers, whose requests take the connection where there is one."""

import asyncio
import time
from operator import itemgetter
from typing import Final

from ray.serve._private.common import RequestMetadata, RunningReplicaInfo
from ray.serve._private.replica_result import ReplicaResult
from ray.serve._private.request_router import PendingRequest, RequestRouter
from ray.serve.request_router import RunningReplica
from ray.util.tracing.tracing_helper import _is_tracing_enabled

from deployments.wire.client import Link
from deployments.wire.server import NAME

PATIENCE: Final = 5.0
"""Seconds that connecting may take, and before it is tried again. Requests go by gRPC meanwhile."""


class WiredReplica(RunningReplica):
    """A replica as callers see it. What is no stream, or comes from another event loop, goes Serve's own way."""

    def __init__(self, replica_info: RunningReplicaInfo) -> None:
        super().__init__(replica_info)
        self._link: Link | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._again = 0.0

    def try_send_request(self, pr: PendingRequest, with_rejection: bool) -> ReplicaResult:
        """Send a request; the replica may refuse it."""
        if with_rejection and pr.metadata.is_streaming and _fits(pr.metadata) and (link := self.link()) is not None:
            return link.request(pr.metadata, pr.args, pr.kwargs)
        return super().try_send_request(pr, with_rejection=with_rejection)

    def link(self) -> Link | None:
        """The connection; if there is none yet, one is made for later."""
        if self._link is not None and self._link.alive():
            return self._link
        if NAME in self._replica_info.replica_metadata and self._connecting is None and time.monotonic() > self._again:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())
        return None

    async def _connect(self) -> None:
        said = self._replica_info.replica_metadata[NAME]
        key, link = bytes.fromhex(said["key"]), None
        try:
            async with asyncio.timeout(PATIENCE):
                _, link = await asyncio.get_running_loop().create_connection(
                    lambda: Link(key, self.actor_id), said["host"], said["port"]
                )
                await link.ready
                self._link = link
        except (OSError, TimeoutError):
            if link is not None:
                link.close()
        finally:
            self._connecting, self._again = None, time.monotonic() + PATIENCE


class WiredRouter(RequestRouter):
    """Mix-in of a router."""

    def create_replica_wrapper(self, replica_info: RunningReplicaInfo) -> RunningReplica:
        """See `RequestRouter`."""
        return WiredReplica(replica_info)

    def at_once(self, metadata: RequestMetadata) -> WiredReplica | None:
        """A replica that is connected and has room, while no request waits for one."""
        if not _fits(metadata) or not all(pending.future.done() for pending in self._pending_requests_to_fulfill):
            return None
        found = [replica for replica in self._likely() if isinstance(replica, WiredReplica)]
        lengths = [(self.replica_queue_len_cache.get(replica.replica_id) or 0, replica) for replica in found]
        least, replica = min(lengths, key=itemgetter(0), default=(0, None))
        if replica is None or least >= replica.max_ongoing_requests or replica.link() is None:
            return None
        return replica

    def _likely(self) -> list[RunningReplica]:
        """One of these is as good as what `choose_replicas` finds; none if that has to be asked."""
        return self._replicas_list if len(self._replicas_list) == 1 else []


def _fits(metadata: RequestMetadata) -> bool:
    return (
        not metadata._by_reference
        and not metadata._on_separate_loop
        and not metadata.is_http_request
        and not metadata.is_grpc_request
        and not _is_tracing_enabled()
    )
