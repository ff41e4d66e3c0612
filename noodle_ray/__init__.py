"""Noodle: small AI programs that run next to the models they call.

Everything here loads on first use, so that ``import noodle_ray`` costs nothing.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from noodle_ray.client.connection import connect as connect
    from noodle_ray.client.models import model as model
    from noodle_ray.client.program import program as program
    from noodle_ray.core.vm.arrays import array as array
    from noodle_ray.errors import ModelError as ModelError

__version__ = "0.1.0"
__all__ = ["ModelError", "__version__", "array", "connect", "model", "program"]

_HOMES = {
    "ModelError": "noodle_ray.errors",
    "array": "noodle_ray.core.vm.arrays",
    "connect": "noodle_ray.client.connection",
    "model": "noodle_ray.client.models",
    "program": "noodle_ray.client.program",
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
