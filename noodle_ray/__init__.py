"""Noodle: small AI programs that run next to the models they call.

Everything here loads on first use, so that ``import noodle_ray`` costs nothing.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from noodle_ray.client.connection import connect as connect
    from noodle_ray.client.http import AsyncClient as AsyncClient
    from noodle_ray.client.http import Client as Client
    from noodle_ray.client.models import model as model
    from noodle_ray.client.models import tool as tool
    from noodle_ray.client.program import program as program
    from noodle_ray.client.waits import run_program as run_program
    from noodle_ray.client.waits import sleep as sleep
    from noodle_ray.client.waits import wait_for_signal as wait_for_signal
    from noodle_ray.core.vm.arrays import array as array
    from noodle_ray.errors import ModelError as ModelError

__version__ = "0.1.0"
__all__ = [
    *("AsyncClient", "Client", "ModelError", "__version__", "array", "connect", "model", "program"),
    *("run_program", "sleep", "tool", "wait_for_signal"),
]

_HOMES = {
    "AsyncClient": "noodle_ray.client.http",
    "Client": "noodle_ray.client.http",
    "ModelError": "noodle_ray.errors",
    "array": "noodle_ray.core.vm.arrays",
    "connect": "noodle_ray.client.connection",
    "model": "noodle_ray.client.models",
    "program": "noodle_ray.client.program",
    "tool": "noodle_ray.client.models",
    "run_program": "noodle_ray.client.waits",
    "sleep": "noodle_ray.client.waits",
    "wait_for_signal": "noodle_ray.client.waits",
}


def __getattr__(name: str) -> object:
    """Load a public name from where it lives (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'noodle_ray' has no attribute {name!r}")
    from noodle_ray.light import import_module

    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
