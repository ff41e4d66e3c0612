"""The gc module: what is unreachable is freed when a program asks. Nothing tells of other objects."""

import gc
from typing import Any, Final

from noodle_ray.core.vm.modules import on_start
from noodle_ray.core.vm.state import S

_COST: Final = 100_000
"""Going through a worker's objects takes some milliseconds."""


class _Run:
    """Whether a run believes that collections happen by themselves."""

    def __init__(self) -> None:
        self.enabled = True


_run: Final = _Run()
on_start(_run.__init__, "gc")  # type: ignore[misc]


def collect(generation: Any = 2) -> int:
    """gc.collect, which does not tell how many objects were unreachable."""
    S.charge(_COST)
    gc.collect()
    return 0


def _switch(enabled: bool) -> Any:
    def switch() -> None:
        _run.enabled = enabled

    return switch


MEMBERS: dict[str, Any] = {
    "collect": collect,
    "disable": _switch(False),
    "enable": _switch(True),
    "isenabled": lambda: _run.enabled,
}
