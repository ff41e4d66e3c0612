"""The router of models whose replicas are all alike. Alone in its module: Serve sends that to every caller by value,
and what is to be the same class for all must stand in another.
"""

import random

from ray.serve._private.request_router import PowerOfTwoChoicesRequestRouter
from ray.serve.request_router import RunningReplica

from deployments.wire.router import WiredRouter


class TwoChoicesRouter(WiredRouter, PowerOfTwoChoicesRequestRouter):
    """Serve's usual choice: of two replicas the one that has less."""

    def _likely(self) -> list[RunningReplica]:
        return random.sample(self._replicas_list, min(2, len(self._replicas_list)))
