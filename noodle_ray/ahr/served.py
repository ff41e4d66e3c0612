"""Which versions a platform loads, and which of them answers a reference.

Served is what an alias points to, the default among them. A version that no alias points to costs no memory.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from noodle_ray.ahr import codes
from noodle_ray.ahr.catalog import Entry
from noodle_ray.ahr.engines.base import Engine
from noodle_ray.ahr.engines.load import load_first
from noodle_ray.ahr.registry import Registry, unknown_model
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.ahr.version import DEFAULT, MIN_DIGEST
from noodle_ray.errors import ModelError

Route = tuple[str, str]
"""Which deployment answers, and the version that it must have loaded to do so, or '' where an alias was named."""


class Served(NamedTuple):
    """``models``: per deployment the version meant and those to fall back on. ``routes``: per reference who answers."""

    models: dict[str, list[ModelSpec]]
    routes: dict[str, Route]

    def listed(self) -> list[dict[str, Any]]:
        """A description of what each name and alias means, under that reference."""
        return [
            self.models[key][0].to_dict() | {"name": reference}
            for reference, (key, label) in self.routes.items()
            if not label and not reference.endswith(f"@{DEFAULT}")
        ]


def served(entries: Iterable[Entry]) -> Served:
    """What to load for these models. Aliases of one version share a deployment."""
    models: dict[str, list[ModelSpec]] = {}
    routes: dict[str, Route] = {}
    for entry in entries:
        homes: dict[str, str] = {}
        for alias in sorted(entry.aliases, key=lambda alias: (alias != DEFAULT, alias)):
            reference = entry.name if alias == DEFAULT else f"{entry.name}@{alias}"
            specs = [entry.versions[label].spec for label in entry.aliases[alias]]
            key = homes.setdefault(specs[0].label, reference)
            models.setdefault(key, specs)
            routes[reference] = (key, "")
        for label, key in homes.items():
            routes[f"{entry.name}@{label}"] = (key, label)
            if digest := entry.versions[label].spec.digest:
                routes[f"{entry.name}@{digest}"] = (key, label)
        routes[f"{entry.name}@{DEFAULT}"] = routes[entry.name]
    return Served(models, dict(sorted(routes.items())))


def route(routes: Mapping[str, Route], reference: str) -> Route:
    """Who answers a reference; a digest may be cut to its first digits. Raises ModelError E0601."""
    if found := routes.get(reference):
        return found
    name, _, token = reference.rpartition("@")
    if name in routes and len(token) >= MIN_DIGEST and not set(token) - set("0123456789abcdef"):
        full = len(name) + 65  # with @ and all 64 digits
        near = {found for known, found in routes.items() if known.startswith(reference) and len(known) == full}
        if len(near) == 1:
            return near.pop()
    if name in routes:
        raise ModelError(
            f"the model {name!r} is not served as {token[:80]!r} here",
            code=codes.UNKNOWN_MODEL,
            hint=f"let an alias point to that version: noodle models alias {name} ALIAS VERSION",
        )
    raise unknown_model(reference, sorted(known for known in routes if "@" not in known))


def load_serving(specs: Iterable[ModelSpec]) -> tuple[ModelSpec, Engine]:
    """The first of these versions that can be loaded, which the registry of this node does not know as failed.

    A version that is at fault is marked as failed there. Raises the ModelError of the one that was meant.
    """
    registry = Registry()
    specs = list(specs)
    failures = registry.failures()
    good = [spec for spec in specs if (spec.name, spec.label) not in failures]
    return load_first(good or specs, on_failure=registry.mark_failed)
