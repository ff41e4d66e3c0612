"""The arguments of an engine, as far as they are used."""

from dataclasses import dataclass


@dataclass
class AsyncEngineArgs:
    """Unknown names are a TypeError, as with vLLM's."""

    model: str
    load_format: str = "auto"
    trust_remote_code: bool = False
    dtype: str = "auto"
    max_model_len: int | None = None
    max_num_seqs: int | None = None
    tensor_parallel_size: int = 1
    gpu_memory_utilization: float = 0.9
    enable_prefix_caching: bool | None = None
    disable_log_stats: bool = False
