"""Models inside this process for one run that speculates, as ``noodle run --speculate`` does."""

from concurrent.futures import Future
from functools import partial
from typing import Any

from noodle_ray.ahr.local import LocalHost, LocalModels
from noodle_ray.ahr.tickets import Ticket
from noodle_ray.core.runs.once import key_of
from noodle_ray.core.vm.host import GUESSES, EffectRequest
from noodle_ray.errors import ModelError


class _Early:
    """A call that was made early, and the guesses that it serves."""

    __slots__ = ("keys", "ticket")

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket
        self.keys: set[str] = set()


class EarlyHost(LocalHost):
    """Answers one run's effects, and makes up to ``most`` of its calls before it is known that they are wanted. Only of
    models that are marked as free of side effects. As `core.runs.speculation` does it, for a run without a budget."""

    def __init__(self, models: LocalModels, most: int) -> None:
        super().__init__(models)
        self._left = most
        self._most_guesses = most * GUESSES
        self._guesses: set[str] = set()
        self._early: dict[bytes, _Early] = {}
        self._keys: dict[str, bytes] = {}
        self._calls = self._used = 0

    def send(self, requests: list[EffectRequest]) -> None:
        """Queue the requests; one that was made early is answered by that."""
        fresh = []
        for request in requests:
            digest = key_of(request.model, (request.args, request.kwargs)) if self._early else None
            early = self._early.pop(digest, None) if digest is not None else None
            if early is None:
                fresh.append(request)
                continue
            for key in early.keys:
                self._keys.pop(key, None)
            self._used += 1
            early.ticket.add_done_callback(partial(self._take, request))
        super().send(fresh)

    def guess(self, requests: list[EffectRequest]) -> None:
        """Make some of the calls that may come. More than a run tells are not heard."""
        for request in requests:
            if request.key in self._guesses or len(self._guesses) >= self._most_guesses:
                continue
            self._guesses.add(request.key)
            digest = key_of(request.model, (request.args, request.kwargs))
            if digest is None or not self._models.free(request.model) or "deadline" in request.kwargs:
                continue
            early = self._early.get(digest)
            if early is None:
                if self._left <= 0:
                    continue
                try:
                    (ticket,) = self._models.submit(request.model, [(request.args, request.kwargs)])
                except ModelError:
                    continue
                self._left -= 1
                self._calls += 1
                early = self._early[digest] = _Early(ticket)
            early.keys.add(request.key)
            self._keys[request.key] = digest

    def drop(self, keys: list[str]) -> None:
        """Stop the calls that serve these guesses and no others."""
        for key in keys:
            digest = self._keys.pop(key, None)
            if digest is None:
                continue
            early = self._early.get(digest)
            if early is None:
                continue
            early.keys.discard(key)
            if not early.keys:
                self._early.pop(digest, None)
                early.ticket.cancel()

    def close(self) -> None:
        """Stop what the run has not asked for."""
        self.drop(list(self._keys))

    def usage(self) -> dict[str, Any]:
        """What was made early, for the run's usage."""
        if not self._calls:
            return {}
        return {"speculation": {"calls": self._calls, "used": self._used, "wasted": self._calls - self._used}}

    def _take(self, request: EffectRequest, early: "Future[Any]") -> None:
        if early.cancelled() or early.exception() is not None:
            super().send([request])  # what failed early may not fail now
        else:
            self._settle(request.key, early)
