"""A call or a generation on its way through a model's queue and engine."""

import time
from collections.abc import Mapping
from concurrent.futures import Future, InvalidStateError
from typing import Any

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.base import Call, Emit
from noodle_ray.core.runs.terms import ORDINARY, Terms
from noodle_ray.errors import ModelError


class Ticket(Future[Any]):
    """The future of a call or, with ``emit``, of a generation (``order``).

    Cancelling it drops what waits; what an engine works on learns of it at the next token, by ``stopped``.
    It may begin until ``begin_by``, and run until the end of its terms. ``told`` is what is known besides the answer:
    ``queued`` in seconds and, of a generation, ``usage`` in tokens.
    """

    def __init__(
        self,
        call: Call = ((), {}),
        terms: Terms = ORDINARY,
        *,
        order: Mapping[str, Any] | None = None,
        emit: Emit | None = None,
        cost: int = 1,
    ) -> None:
        super().__init__()
        self.call = call
        self.terms = terms
        self.order = order or {}
        self.emit = emit
        self.cost = cost
        self.arrived = time.monotonic()
        self.begin_by = terms.until
        self.told: dict[str, Any] = {}
        self._abandoned = False

    def cancel(self) -> bool:
        """Nobody waits for it any more."""
        self._abandoned = True
        return super().cancel()

    def stopped(self) -> bool:
        """Whether an engine's further work on it is for nothing."""
        return self._abandoned or self.done() or time.monotonic() > self.terms.until

    def begin(self, now: float) -> bool:
        """Take it to the engine; false if it was cancelled."""
        self.told["queued"] = now - self.arrived
        try:
            return self.set_running_or_notify_cancel()
        except InvalidStateError:  # it was answered while it waited
            return False

    def settle(self, value: Any) -> None:
        """Answer it: with a value, or the ModelError that it ended in. What was answered stays so."""
        if self.done():
            return
        try:
            if isinstance(value, ModelError):
                self.set_exception(value)
            else:
                self.set_result(value)
        except InvalidStateError:  # somebody was faster
            return


def expired(name: str) -> ModelError:
    """The error for a call whose time is over (E0609)."""
    return ModelError(
        f"the call waited for the model {name!r} longer than it may", code=codes.EXPIRED, hint="try again later"
    )
