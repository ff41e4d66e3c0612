"""Modules of CPython's that are ours alone, so that what they call can be replaced without anybody else's noticing."""

from importlib.util import find_spec, module_from_spec
from typing import Any


def own_copy(name: str) -> Any:
    """A module of CPython's that nobody else has."""
    spec = find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
