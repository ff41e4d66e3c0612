"""Whose a run is."""

from typing import TYPE_CHECKING, NamedTuple

from noodle_ray.core.runs.budgets import Budget

if TYPE_CHECKING:
    from noodle_ray.core.runs.family import Family


class Caller(NamedTuple):
    """Whose run it is, which, and what it may spend, itself and with its family. A run that is not stored has an id of
    its own that nothing else knows, and no family."""

    tenant: str = ""
    run: str = ""
    budget: Budget = Budget()
    family: "Family | None" = None
