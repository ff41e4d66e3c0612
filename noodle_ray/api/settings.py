"""The platform's bounds and sizes. `deployments/platform.yaml` sets them; ``NOODLE_*`` variables override them."""

import os
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Positive = Annotated[int, Field(gt=0)]


class Settings(BaseSettings):
    """Sizes are in bytes unless their name says otherwise, times in seconds."""

    model_config = SettingsConfigDict(env_prefix="NOODLE_", extra="ignore")

    max_body: Positive = 8 << 20
    """The largest request body; more is 413."""
    body_timeout: Annotated[float, Field(gt=0)] = 30.0
    """How long a client may take to send its body; longer is 408."""
    max_source: Positive = 1 << 20
    """The largest program source, in UTF-8; more is 413."""
    workers: Annotated[int, Field(ge=0)] = 0
    """Sandbox workers that one executor replica keeps ready; 0 means one per CPU core."""
    max_workers: Annotated[int, Field(ge=0)] = 0
    """The most workers; 0 means four per CPU core. A run that waits for a model leaves its worker to others."""
    max_waiting_runs: Annotated[int, Field(ge=0)] = 256
    """Runs that may wait for a worker; more is 429."""
    max_infer_inputs: Positive = 1024
    """Inputs of one call of ``/v1/models/{name}/infer``."""
    max_client_batch_size: Positive = 32
    """Texts of one call of ``/embed``, ``/rerank`` or ``/predict``; name and default are Text Embeddings Inference's,
    whose clients cut their batches to it."""
    default_embedding_model: str = ""
    """Who answers ``/embed`` where no model is named; '' means the first registered one."""
    default_reranking_model: str = ""
    """Who answers ``/rerank`` where no model is named."""
    default_classification_model: str = ""
    """Who answers ``/predict`` where no model is named."""
    grpc_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Where the Open Inference Protocol is served over gRPC, on each node that has an executor; 0 means nowhere."""
    grpc_host: str = "127.0.0.1"
    """The address that gRPC listens on; `noodle up` sets the platform's own."""
    max_generation_wait: Annotated[float, Field(gt=0)] = 60.0
    """How long a chat or completion may wait for a slot of its model; longer is 429."""
    result_cache: Annotated[int, Field(ge=0)] = 64 << 20
    """Answers of models with the option ``cache_results`` that one executor replica keeps; 0 means none."""
    database: Annotated[str, Field(pattern=r"^(sqlite:////.|postgresql://.|$)")] = ""
    """The database of durable runs: ``postgresql://…``, or ``sqlite:////FILE`` on one machine; by default a file in the
    state folder of the head node."""
    objects: str = ""
    """Where payloads of runs lie that are too large for a row, as fsspec names it; by default a folder beside the
    file, or in the state folder."""
    durable_slots: Annotated[int, Field(ge=0)] = 0
    """Durable runs that one executor replica executes at once, without those that wait for models and hold no worker; 0
    means as many as it has workers, of which half are kept for other runs."""
    durable_lease: Annotated[float, Field(ge=1, le=3600)] = 15.0
    """How long a durable run waits for a node that is gone before another takes it."""
    tools: str = ""
    """A file, YAML or JSON, of the tools that programs may call; by default there are none."""
    tokens: str = ""
    """A file, JSON, of tenants and the digests of their tokens; by default ``tokens.json`` in the state folder."""
    budgets: str = ""
    """A file, YAML or JSON, of prices and of what runs and tenants may spend; by default nothing is bounded."""
    retention_days: Annotated[float, Field(ge=0)] = 0.0
    """For how many days durable runs are kept that have ended; 0 means for good."""
    max_wait: Annotated[float, Field(gt=0)] = 60.0
    """The longest that one request may wait for the end of a durable run."""
    max_check: Annotated[float, Field(gt=0)] = 60.0
    """How long one check of a program's version may take; runs that were not replayed by then are told."""
    max_fuel: Positive = 1_000_000_000_000
    """The most fuel a request may ask for."""
    max_memory: Positive = 2 << 30
    """The most memory a request may ask for."""
    max_deadline: Annotated[float, Field(gt=0)] = 300.0
    """The longest deadline a request may ask for."""
    max_recursion: Positive = 5000
    """The deepest recursion a request may ask for."""
    max_output: Positive = 16 << 20
    """The most characters of stdout a request may ask for."""

    def worker_count(self) -> int:
        """The number of sandbox workers to keep ready."""
        return self.workers or os.cpu_count() or 1

    def max_worker_count(self) -> int:
        """The most sandbox workers."""
        return max(self.max_workers or 4 * (os.cpu_count() or 1), self.worker_count())

    def slots(self) -> int:
        """The number of durable runs to execute at once."""
        return self.durable_slots or self.max_worker_count()
