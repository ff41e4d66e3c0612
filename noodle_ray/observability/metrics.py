"""What the platform counts, for Prometheus.

With ``PROMETHEUS_MULTIPROC_DIR`` set, all executor replicas of a node count into files of that folder, and any of
them answers for all; the proxy in front of them gives a scraper no choice of replica.
"""

import os
from typing import Any, Final

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
        self.request_seconds = Histogram(
            "noodle_request_seconds",
            "Time from a request's arrival to its answer, by route and status.",
            ["route", "status"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.model_calls = Counter("noodle_model_calls", "Calls of models.", ["model"], registry=registry)
        self.model_batch_size = Histogram(
            "noodle_model_batch_size", "Calls per batch sent to a model.", ["model"], buckets=_SIZES, registry=registry
        )
        self.generation_tokens = Counter(
            "noodle_generation_tokens",
            "Tokens of prompts and answers of generations and embeddings over HTTP that were told to their end.",
            ["model", "kind"],
            registry=registry,
        )
        self.generation_queue_seconds = Histogram(
            "noodle_generation_queue_seconds",
            "Time that generations over HTTP waited for a slot.",
            ["model"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.first_token_seconds = Histogram(
            "noodle_generation_first_token_seconds",
            "Time from a generation's request to the first of its text, waiting included.",
            ["model"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.generations_running = Gauge(
            "noodle_generations_running",
            "Generations over HTTP that have a slot.",
            ["model"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.runs_running = _live_gauge("noodle_runs_running", "Runs that have a worker.", registry)
        self.runs_waiting = _live_gauge("noodle_runs_waiting", "Runs that wait for a worker.", registry)
        self.workers = _live_gauge("noodle_workers", "Live sandbox workers.", registry)
        # Looking a child up by its labels costs as much as counting does.
        self._succeeded = self.runs.labels("")
        self._request_children: dict[tuple[str, int], Histogram] = {}

    def on_run(self, code: str, usage: dict[str, Any]) -> None:
        """Count a run that ended with this error code, or ''."""
        (self.runs.labels(code) if code else self._succeeded).inc()
        self.run_seconds.observe(usage["wall_seconds"])
        self.fuel.inc(usage["fuel"])

    def on_request(self, route: str, status: int, seconds: float) -> None:
        """Count an answered request. ``route`` is a template, so there are few of them."""
        child = self._request_children.get((route, status))
        if child is None:
            child = self._request_children[route, status] = self.request_seconds.labels(route, status)
        child.observe(seconds)

    def on_pool(self, workers: int, running: int, waiting: int) -> None:
        """Note the state of the pool."""
        self.workers.set(workers)
        self.runs_running.set(running)
        self.runs_waiting.set(waiting)

    def on_batch(self, model: str, size: int) -> None:
        """Count one batch."""
        self.model_calls.labels(model).inc(size)
        self.model_batch_size.labels(model).observe(size)

    def on_generation_start(self, model: str, queued: float) -> None:
        """Count a generation that got its slot after so many seconds."""
        self.generations_running.labels(model).inc()
        self.generation_queue_seconds.labels(model).observe(queued)

    def on_first_token(self, model: str, seconds: float) -> None:
        """Note how long the first of a text took."""
        self.first_token_seconds.labels(model).observe(seconds)

    def on_tokens(self, model: str, prompt: int, completion: int) -> None:
        """Count what was read and written."""
        self.generation_tokens.labels(model, "prompt").inc(prompt)
        self.generation_tokens.labels(model, "completion").inc(completion)

    def on_generation_end(self, model: str) -> None:
        """Count a generation out that gave its slot back."""
        self.generations_running.labels(model).dec()

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            return generate_latest(registry)
        return generate_latest(self._registry)


def _live_gauge(name: str, text: str, registry: CollectorRegistry) -> Gauge:
    return Gauge(name, text, registry=registry, multiprocess_mode="livesum")
