"""What the platform counts, for Prometheus.

With ``PROMETHEUS_MULTIPROC_DIR`` set, all executor replicas of a node count into files of that folder, and any of
them answers for all; the proxy in front of them gives a scraper no choice of replica.
"""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
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

OTHER: Final = "other"
"""The label of calls of what may be no model."""
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
            "Tokens of prompts and answers of generations, and of embeddings over HTTP, that came to their end.",
            ["model", "kind"],
            registry=registry,
        )
        self.model_queue_seconds = Histogram(
            "noodle_model_queue_seconds",
            "Time that calls waited at their model's replica before the engine took them.",
            ["model"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.model_dropped = Counter(
            "noodle_model_dropped",
            "Calls that never reached an engine, by reason: full, tenant, deadline, cancelled.",
            ["model", "reason"],
            registry=registry,
        )
        self.model_retries = Counter(
            "noodle_model_retries", "Calls repeated because their replica was lost.", ["model"], registry=registry
        )
        self.speculative = Counter(
            "noodle_speculative_calls",
            "Calls that runs made early, by whether they turned out to be wanted.",
            ["model", "outcome"],
            registry=registry,
        )
        self.result_hits = Counter(
            "noodle_result_cache_hits", "Calls answered from the cache of results.", ["model"], registry=registry
        )
        self.result_misses = Counter(
            "noodle_result_cache_misses",
            "Calls whose result could be kept, and was not there.",
            ["model"],
            registry=registry,
        )
        self.result_evictions = Counter(
            "noodle_result_cache_evictions", "Results that went, for others to be kept.", registry=registry
        )
        self.result_bytes = _live_gauge("noodle_result_cache_bytes", "Bytes of results that are kept.", registry)
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
        self.generations_waiting = _live_gauge(
            "noodle_generations_waiting", "Generations over HTTP that wait for a slot.", registry
        )
        self.model_calls_waiting = _live_gauge(
            "noodle_model_calls_waiting", "Calls that wait to be sent to their model, of all models.", registry
        )
        self.model_batches_running = _live_gauge(
            "noodle_model_batches_running", "Batches that are at their model, of all models.", registry
        )
        self.runs_running = _live_gauge("noodle_runs_running", "Runs that have a worker.", registry)
        self.runs_waiting = _live_gauge("noodle_runs_waiting", "Runs that wait for a worker.", registry)
        self.runs_parked = _live_gauge("noodle_runs_parked", "Runs that wait for answers without a worker.", registry)
        self.workers = _live_gauge("noodle_workers", "Live sandbox workers.", registry)
        # Looking a child up by its labels costs as much as counting does.
        self._succeeded = self.runs.labels("")
        self._models: set[str] = set()
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

    def on_pool(self, workers: int, running: int, waiting: int, parked: int) -> None:
        """Note the state of the pool."""
        self.workers.set(workers)
        self.runs_running.set(running)
        self.runs_waiting.set(waiting)
        self.runs_parked.set(parked)

    def on_queues(self, waiting: int, batches: int) -> None:
        """Note how many calls wait to be sent to models, and how many batches are there."""
        self.model_calls_waiting.set(waiting)
        self.model_batches_running.set(batches)

    def on_batch(self, model: str, size: int) -> None:
        """Count one batch of a model that there is."""
        self._models.add(model)
        self.model_calls.labels(model).inc(size)
        self.model_batch_size.labels(model).observe(size)

    def on_answer(self, model: str, told: Mapping[str, Any]) -> None:
        """Count what a call of a program or of `infer` took: ``queued`` in seconds, and ``usage`` in tokens."""
        if "queued" in told:
            self.model_queue_seconds.labels(model).observe(told["queued"])
        if usage := told.get("usage"):
            self.on_tokens(model, usage["prompt_tokens"], usage["completion_tokens"])

    def on_drop(self, model: str, reason: str) -> None:
        """Count a call that never reached the engine. What no batch was of may be no model: all that is one label."""
        self.model_dropped.labels(model if model in self._models else OTHER, reason).inc()

    def on_speculation(self, model: str, used: bool) -> None:
        """Count a call that a run made early: whether the run asked for it."""
        self.speculative.labels(model if model in self._models else OTHER, "used" if used else "wasted").inc()

    def on_result(self, model: str, hit: bool) -> None:
        """Count a call whose result may be kept: whether it was there."""
        (self.result_hits if hit else self.result_misses).labels(model).inc()

    def on_results(self, size: int, evicted: int) -> None:
        """Note the bytes of all results that are kept, and count those that went."""
        self.result_bytes.set(size)
        self.result_evictions.inc(evicted)

    def on_retry(self, model: str, calls: int) -> None:
        """Count calls that are made again, since their replica was lost."""
        self.model_retries.labels(model).inc(calls)

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
            _forget_killed(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            return generate_latest(registry)
        return generate_latest(self._registry)


def _forget_killed(folder: Path) -> None:
    """Take processes that are gone out of the gauges of live ones. Those that could did so themselves at their end."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = file.stem.rpartition("_")[2]
        if not Path("/proc", pid).exists():
            with contextlib.suppress(FileNotFoundError):  # somebody else was quicker
                multiprocess.mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


def _live_gauge(name: str, text: str, registry: CollectorRegistry) -> Gauge:
    return Gauge(name, text, registry=registry, multiprocess_mode="livesum")
