"""What executes the graph of an encoder: onnxruntime, from an export; or torch (`torch_runner`)."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from noodle_ray.ahr.engines.onnx_session import CLOSED, open_session, session_info
from noodle_ray.ahr.export import exported
from noodle_ray.ahr.graphs import GraphRequest
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError


class Runner(Protocol):
    """A loaded graph."""

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """The graph's one output; see `graphs.build`."""

    def info(self) -> dict[str, Any]:
        """Engine, version, device, threads."""

    def close(self) -> None:
        """Free the model's memory."""


def runner_for(spec: ModelSpec, request: GraphRequest, engine: str) -> Runner:
    """Load a graph with the engine of this name. Raises ModelError E0604."""
    if engine == "transformers":
        from noodle_ray.ahr.engines.torch_runner import TorchRunner

        return TorchRunner(spec, request)
    return OnnxRunner(spec, request)


class OnnxRunner:
    """A graph on onnxruntime; exported on first use."""

    def __init__(self, spec: ModelSpec, request: GraphRequest) -> None:
        self._spec = spec
        request = request._replace(int8=spec.options.get("dtype") == "int8")
        graph = exported(request)
        try:
            self._session = open_session(graph, spec)
        except ModelError:
            graph.unlink(missing_ok=True)  # a damaged cache entry: make it again, once
            self._session = open_session(exported(request), spec)
        self._taken = {port.name for port in self._session.get_inputs()}

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """The graph's output."""
        (result,) = self._session.run(None, {name: value for name, value in feeds.items() if name in self._taken})
        answer: NDArray[np.float32] = result
        return answer

    def info(self) -> dict[str, Any]:
        """Engine, version, device, threads."""
        return session_info(self._session, self._spec) | {"dtype": self._spec.options.get("dtype", "fp32")}

    def close(self) -> None:
        """Drop the session."""
        self._session = CLOSED
