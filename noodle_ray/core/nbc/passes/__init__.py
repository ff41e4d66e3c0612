"""Optimizer passes: each takes a module that verifies to one that verifies and behaves the same.

The same means results, output, exceptions, and the lines of tracebacks. Fuel is a property of the module that
runs, so it may change: passes run before a module is hashed. docs/nbc.md says what each does and which run when.
"""

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Final, cast

from noodle_ray.core.nbc.module import Module

PASSES: Final = ("fold", "copies", "common", "inline", "hoist", "dead")
"""Every pass that changes modules, in the order in which they help each other."""

FACTS: Final = ("ranges", "methods")
"""Analyses that change nothing and tell a tier what it can leave out."""

DEFAULT: Final[tuple[str, ...]] = ()
"""The passes that a compilation runs; benchmarks/compiling.py has the figures behind the choice."""


def optimize(module: Module, names: Iterable[str] = PASSES) -> Module:
    """The module after the named passes. It must verify; so does the result."""
    for _, after in steps(module, names):
        module = after
    return module


def steps(module: Module, names: Iterable[str] = PASSES) -> Iterator[tuple[str, Module]]:
    """The name of each pass and the module after it."""
    for name in names:
        run = cast("Callable[[Module], Module]", import_module(f"{__name__}.{name}").run)
        module = run(module)
        yield name, module


def facts(module: Module, names: Iterable[str] = FACTS) -> Iterator[tuple[str, str]]:
    """The name of each analysis and what it found, as text: a line per fact."""
    for name in names:
        describe = cast("Callable[[Module], str]", import_module(f"{__name__}.{name}").describe)
        yield name, describe(module)
