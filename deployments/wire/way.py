"""A shorter way through Serve for calls that are answered in one piece.

A handle makes tasks of every call, one that waits for a replica and one that chooses it, which take turns on the event
loop before anything is sent. Where a replica is connected and has room, there is nothing to wait for. What Serve counts
is counted here too: for autoscaling, for its choice of replicas, and in its metrics.
"""

import asyncio
from typing import Any

from ray.exceptions import ActorUnavailableError
from ray.serve.handle import DeploymentHandle

from deployments.wire.client import WiredResult
from deployments.wire.router import WiredRouter


class NotTakenError(Exception):
    """No replica has the call, or none that will not stop it: Serve's own way has to be gone."""


class Way:
    """Calls of one method of a deployment."""

    def __init__(self, handle: DeploymentHandle[Any], method: str) -> None:
        self.handle = handle.options(method_name=method, stream=False, _by_reference=False)

    async def call(self, seconds: float, *args: Any, at_once: bool = False) -> Any:
        """What the method returns. Raises what it raises, ActorUnavailableError when the replica is lost with the call,
        and NotTakenError if none has it, also not within ``seconds``. ``at_once``: the replica tells that it has a call
        before it begins; if it is lost without a word, it had not begun.
        """
        result = self._sent(args)
        if result is None:
            raise NotTakenError
        try:
            await _taken(result, seconds, at_once)
            return await anext(result)
        finally:
            result.cancel()

    def _sent(self, args: tuple[Any, ...]) -> WiredResult | None:
        router, metadata = self.handle._init_router_and_get_metadata()
        inner = getattr(router, "_asyncio_router", None)
        if inner is None or not inner._deployment_available or not isinstance(inner.request_router, WiredRouter):
            return None
        chooser = inner.request_router
        replica = chooser.at_once(metadata)
        link = None if replica is None else replica.link()
        if replica is None or link is None:
            return None
        self.handle.request_counter.inc(tags={"route": metadata.route, "application": metadata.app_name})
        counts, name = inner._metrics_manager, replica.replica_id
        with counts.wrap_request_assignment(metadata):
            result = link.request(metadata, args, {})
        counts.inc_num_running_requests_for_replica(name)
        chooser.on_send_request(name)

        def ended(end: BaseException) -> None:
            inner._process_finished_request(name, metadata.internal_request_id, replica.actor_id, end)
            if not result.refused:
                chooser.decrement_queue_len_cache(name)

        result.on_taken = lambda info: chooser.on_new_queue_len_info(name, info.num_ongoing_requests)
        result.add_done_callback(ended)
        return result


async def _taken(result: WiredResult, seconds: float, at_once: bool) -> None:
    try:
        async with asyncio.timeout(seconds):
            info = await result.get_rejection_response()
    except TimeoutError:
        raise NotTakenError from None
    except ActorUnavailableError:
        if at_once:
            raise NotTakenError from None
        raise
    if not info.accepted:
        raise NotTakenError
