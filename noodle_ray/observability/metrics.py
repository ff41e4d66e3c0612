"""What the platform counts, for Prometheus.

With ``PROMETHEUS_MULTIPROC_DIR`` set, all executor replicas of a node count into files of that folder, and any of
them answers for all; the proxy in front of them gives a scraper no choice of replica.
"""

import os
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """The platform's metrics. Times are in seconds."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        self.runs = Counter(
            "noodle_runs", "Runs that ended, by error code; '' is a success.", ["code"], registry=registry
        )
        self.run_seconds = Histogram(
            "noodle_run_seconds", "Wall time of runs in their worker.", buckets=_SECONDS, registry=registry
        )
        self.fuel = Counter("noodle_fuel", "Fuel used by runs.", registry=registry)
        self.requests = Counter("noodle_requests", "Answered requests.", ["route", "status"], registry=registry)
        self.request_seconds = Histogram(
            "noodle_request_seconds",
            "Time from a request's arrival to its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.model_calls = Counter("noodle_model_calls", "Calls of models.", ["model"], registry=registry)
        self.model_batch_size = Histogram(
            "noodle_model_batch_size", "Calls per batch sent to a model.", ["model"], buckets=_SIZES, registry=registry
        )
        self.runs_active = Gauge(
            "noodle_runs_active",
            "Runs that hold a place: running, or waiting for a worker.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.workers = Gauge(
            "noodle_workers", "Live sandbox workers.", registry=registry, multiprocess_mode="livesum"
        )

    def on_batch(self, model: str, size: int) -> None:
        """Count one batch."""
        self.model_calls.labels(model).inc(size)
        self.model_batch_size.labels(model).observe(size)

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            return generate_latest(registry)
        return generate_latest(self._registry)
