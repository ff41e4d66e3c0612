"""The graphlib module: CPython's own, paid for by what the graph has grown to."""

import graphlib
from typing import Any

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.vetting import telling
from noodle_ray.core.vm.state import S

Sorter = graphlib.TopologicalSorter


class TopologicalSorter(Sorter):  # type: ignore[type-arg]
    """graphlib.TopologicalSorter."""

    def __init__(self, graph: Any = None) -> None:
        super().__init__()
        if graph is not None:
            for node in graph:
                self.add(node, *graph[node])

    def add(self, node: Any, *predecessors: Any) -> None:
        """graphlib.TopologicalSorter.add."""
        known = len(self._node2info)  # type: ignore[attr-defined]
        S.charge(16 + 20 * len(predecessors))
        super().add(node, *predecessors)
        S.charge(30 * (len(self._node2info) - known))  # type: ignore[attr-defined]

    def get_ready(self) -> tuple[Any, ...]:
        """graphlib.TopologicalSorter.get_ready."""
        ready = super().get_ready()
        S.charge(8 + 8 * len(ready))
        return ready

    def prepare(self) -> None:
        """graphlib.TopologicalSorter.prepare."""
        infos: Any = self._node2info.values()  # type: ignore[attr-defined]
        S.charge(16 + sum(40 + 16 * len(info.successors) for info in infos))
        super().prepare()

    def done(self, *nodes: Any) -> None:
        """graphlib.TopologicalSorter.done."""
        infos: Any = self._node2info  # type: ignore[attr-defined]
        S.charge(8 + sum(24 + 12 * len(infos[node].successors) for node in nodes if node in infos))
        super().done(*nodes)


TopologicalSorter.__module__ = "graphlib"
_METHODS = ("add", "done", "get_ready", "is_active", "prepare", "static_order")
register(TopologicalSorter, methods={name: telling(getattr(TopologicalSorter, name)) for name in _METHODS})
register(graphlib.CycleError, attributes={"args": lambda error: error.args})

MEMBERS: dict[str, Any] = {"CycleError": graphlib.CycleError, "TopologicalSorter": TopologicalSorter}
