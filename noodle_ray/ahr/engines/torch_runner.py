"""Graphs of encoders on torch: other precisions than fp32, GPUs that only torch can use, and the reference."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noodle_ray.ahr.engines.openmp import waits

os.environ.update(waits())
import torch
import transformers

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.int8 import in_int8
from noodle_ray.ahr.graphs import GraphRequest, build
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16, "int8": torch.float32}
"""What weights are loaded as; `prepared` makes int8 of them."""


class TorchRunner:
    """A graph on torch, with the option ``dtype``; on the GPU when the spec asks for one and there is one."""

    def __init__(self, spec: ModelSpec, request: GraphRequest) -> None:
        self._threads = use_threads(spec)
        self._dtype = spec.options.get("dtype", "fp32")
        self._device = device_for(spec)
        self._names = request.inputs
        self._model: Any = prepared(build(request, DTYPES[self._dtype]), self._dtype, self._device)

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """The graph's output."""
        if self._model is None:
            raise RuntimeError("the model was closed")
        tensors = [torch.from_numpy(feeds[name]).to(self._device) for name in self._names]
        with torch.inference_mode():
            answer: NDArray[np.float32] = self._model(*tensors).float().cpu().numpy()
        return answer

    def info(self) -> dict[str, Any]:
        """Engine, version, device, dtype, threads."""
        return torch_info(self._device, self._dtype, self._threads)

    def close(self) -> None:
        """Free the model."""
        self._model = None


def device_for(spec: ModelSpec) -> str:
    """``cuda`` when the spec asks for a GPU and torch has one."""
    return "cuda" if spec.options.get("gpus", 0) and torch.cuda.is_available() else "cpu"


def prepared(model: Any, dtype: str, device: str) -> Any:
    """A loaded model in its precision on its device. Raises ModelError E0604 for int8 on a GPU."""
    if dtype != "int8":
        return model.to(device)
    if device != "cpu":
        raise ModelError("the engine transformers computes int8 on CPUs only", code=codes.LOAD_FAILED)
    return in_int8(model)


def use_threads(spec: ModelSpec) -> int:
    """Set torch's threads, which all its models in a process share, as the spec says; returns how many there are."""
    if threads := spec.options.get("threads"):
        torch.set_num_threads(threads)
    return int(torch.get_num_threads())


def torch_info(device: str, dtype: str, threads: int) -> dict[str, Any]:
    """What ``Engine.info`` says of a model on torch."""
    return {
        "engine": "transformers",
        "version": transformers.__version__,
        "device": device,
        "dtype": dtype,
        "threads": threads,
    }
