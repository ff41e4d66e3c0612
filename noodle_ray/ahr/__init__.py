"""AHR, the model runtime: where models come from, what executes them, and how calls are batched.

Nothing heavy loads here. An engine imports onnxruntime or llama.cpp when it is made; torch and transformers are
imported only by the one-time ONNX export, in a process of its own.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noodle_ray.ahr.batching import Batcher as Batcher
    from noodle_ray.ahr.local import LocalModels as LocalModels
    from noodle_ray.ahr.registration import make_spec as make_spec
    from noodle_ray.ahr.registration import prepare as prepare
    from noodle_ray.ahr.registry import Registry as Registry
    from noodle_ray.ahr.replica import ModelReplica as ModelReplica
    from noodle_ray.ahr.spec import ModelSpec as ModelSpec

__all__ = ["Batcher", "LocalModels", "ModelReplica", "ModelSpec", "Registry", "make_spec", "prepare"]

_HOMES = {
    "Batcher": "batching",
    "LocalModels": "local",
    "ModelReplica": "replica",
    "ModelSpec": "spec",
    "Registry": "registry",
    "make_spec": "registration",
    "prepare": "registration",
}


def __getattr__(name: str) -> object:
    """Load a public name from where it lives (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'noodle_ray.ahr' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"noodle_ray.ahr.{home}"), name)
    globals()[name] = value
    return value
