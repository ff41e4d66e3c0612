"""Whose a run is."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from noodle_ray.core.runs.budgets import Budget
from noodle_ray.core.vm.host import EffectRequest

if TYPE_CHECKING:
    from noodle_ray.core.runs.family import Family


class Caller(NamedTuple):
    """Whose run it is, which, and what it may spend, itself and with its family. A run that is not stored has an id of
    its own that nothing else knows, and no family. ``instead`` has who is asked in place of a model. With
    ``spends_anew`` what a journal answers takes nothing of the budget. ``started_by`` is the run that waits for it.
    ``epoch`` is that of the lease by which a stored one executes."""

    tenant: str = ""
    run: str = ""
    budget: Budget = Budget()
    family: "Family | None" = None
    instead: Mapping[str, str] = {}
    spends_anew: bool = False
    started_by: str | None = None
    epoch: int = 0

    def addressed(self, request: EffectRequest) -> EffectRequest:
        """The request as it goes out."""
        model = self.instead.get(request.model, request.model) if self.instead else request.model
        return request if model == request.model else EffectRequest(request.key, model, *request[2:])
