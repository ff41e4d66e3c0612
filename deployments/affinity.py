"""A request router that sends like to like: chats that begin alike, or one model of several, to the same replica.

Which replica that is comes from rendezvous hashing (Thaler and Ravishankar, 1998): all executors agree on it without
telling each other, and when a replica comes or goes, only its own share moves.
"""

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ray.serve.request_router import FIFOMixin, PendingRequest, RunningReplica

from deployments.wire.router import WiredRouter

PREFIX = 512
"""Characters of a prompt that decide; shorter ones than `LEAST` are not worth keeping together."""
LEAST = 64
SLACK = 4
"""Requests that the preferred replica may have more than the one with the fewest."""


class AffinityRouter(FIFOMixin, WiredRouter):
    """Prefers the replica that has the model, or the beginning of the prompt, in memory; with too much waiting there,
    and for all else, the one of two random ones that has less.
    """

    async def choose_replicas(
        self, candidate_replicas: list[RunningReplica], pending_request: PendingRequest | None = None
    ) -> list[list[RunningReplica]]:
        """Ranks of replicas, the best first."""
        if not candidate_replicas:
            return []
        some = random.sample(candidate_replicas, min(2, len(candidate_replicas)))
        key = key_of(pending_request) if pending_request is not None else ""
        if not key:
            return [some]
        by_name = {replica.replica_id.unique_id: replica for replica in candidate_replicas}
        lengths = {name: self.replica_queue_len_cache.get(replica.replica_id) or 0 for name, replica in by_name.items()}
        chosen = preferred(key, lengths)
        return [some] if chosen is None else [[by_name[chosen]], some]


def preferred(key: str, lengths: Mapping[str, int], slack: int = SLACK) -> str | None:
    """The replica for a key, of those with these queues; None if its queue is too long."""
    best = max(lengths, key=lambda name: hashlib.blake2b(f"{key}\0{name}".encode(), digest_size=8).digest())
    return best if lengths[best] <= min(lengths.values()) + slack else None


def key_of(request: PendingRequest) -> str:
    """What a request has in common with others: its model, where replicas hold several, and how its prompt begins."""
    model: str = request.metadata.multiplexed_model_id
    return model or _beginning(request.args)


def _beginning(args: Sequence[Any]) -> str:
    """The first characters of what `ModelReplica.generate` or `ModelReplica.ask` is asked."""
    if not args:
        return ""
    asked = args[0]
    if isinstance(asked, Mapping):
        prompt = asked.get("prompt", asked.get("messages"))
    elif isinstance(asked, list | tuple) and asked:
        prompt = asked[0][0][:1]
    else:
        return ""
    said: list[str] = []
    _collect(prompt, said.append)
    text = "\0".join(said)
    return text[:PREFIX] if len(text) >= LEAST else ""


def _collect(value: Any, add: Callable[[str], None], depth: int = 4) -> None:
    if isinstance(value, str):
        add(value[:PREFIX])
    elif depth and isinstance(value, Mapping):
        for item in value.values():
            _collect(item, add, depth - 1)
    elif depth and isinstance(value, list | tuple):
        for item in value[:4]:
            _collect(item, add, depth - 1)
