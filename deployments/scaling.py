"""How many replicas of a model there should be, by how long its calls take."""

from typing import Any, Final

from ray.serve.autoscaling_policy import replica_queue_length_autoscaling_policy

LATENCY: Final = "latency"
"""What replicas call the seconds that their calls took lately, nine of ten at most."""
FASTEST: Final = 2.0
"""There are at most so many times as many replicas after one decision."""
EASE: Final = 0.5
"""Below this part of the target replicas may go: with one fewer, calls of two replicas would take twice as long."""


class LatencyPolicy:
    """Serve's own policy, by what waits, and besides it more replicas while calls take longer than ``target`` seconds.

    A call's time is that from its way into an executor's queue to its answer, or, of a generation, to its beginning.
    Bounds and delays are Serve's.
    """

    def __init__(self, target: float) -> None:
        self._target = target

    def __call__(self, context: Any) -> tuple[float, dict[str, Any]]:
        """How many there should be."""
        wanted, state = replica_queue_length_autoscaling_policy(context)
        now = context.current_num_replicas
        taken = max(((context.aggregated_metrics or {}).get(LATENCY) or {}).values(), default=0.0)
        if now and taken > self._target:
            wanted = max(wanted, now * min(taken / self._target, FASTEST))
        elif now and taken > EASE * self._target:
            wanted = max(wanted, now)
        return wanted, state
