"""Sequences that are computed together: what each of them reads next goes into one forward pass of the model."""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from noodle_ray.ahr.engines.memory import is_out_of_memory
from noodle_ray.ahr.heartbeat import beat

Past = TypeVar("Past")
Logits = TypeVar("Logits")
Compute = Callable[[Sequence[tuple[Past, list[int]]]], Sequence[Logits]]
"""One pass: the logits after these tokens of each sequence. One that fails changes no past."""
_PATIENCE = 0.1
"""Seconds that a pass waits for those who are away, at most."""


class Company(Generic[Past, Logits]):
    """What threads, each with a sequence of its own, read together on one model (continuous batching, Orca 2022).

    Sequences join and leave between passes. One of the threads that wait computes the next pass: once all who had a
    part in the last one are back or have left, or once it has waited for them half as long as that one took. Prompts
    are read in pieces: a pass has at most ``alone`` of their tokens, and ``beside`` while some sequence is written.
    Whoever has read must `leave` at its end.
    """

    def __init__(self, compute: Compute[Past, Logits], alone: int, beside: int) -> None:
        self._compute = compute
        self._alone, self._beside = alone, beside
        self._changed = threading.Condition()
        self._waiting: list[_Order[Past, Logits]] = []
        self._away: set[object] = set()  # who had a part in the last pass, and may be back soon
        self._writing: set[object] = set()  # who is past its prompt, and has not left
        self._busy = False
        self._most = sys.maxsize  # sequences in a pass
        self._patience = self._until = 0.0

    def read(self, past: Past, tokens: list[int]) -> Logits:
        """Have a part in the next pass, with as many of the tokens as it has room for, one at least. Returns the logits
        after those; raises what computing this sequence raised.
        """
        order: _Order[Past, Logits] = _Order(past, tokens)
        with self._changed:
            if not self._waiting and not self._busy:
                self._until = time.monotonic() + self._patience
            self._waiting.append(order)
            self._away.discard(past)
            if len(tokens) == 1:
                self._writing.add(past)
        while orders := self._turn(order):
            self._pass(orders)
        assert order.outcome is not None
        (logits, error), order.outcome = order.outcome, None
        if error is not None:
            try:
                raise error
            finally:  # else it keeps itself, by its traceback, and all that the pass had allocated
                del error, order
        assert logits is not None
        return logits

    def leave(self, past: object) -> None:
        """Nobody shall wait for this sequence any more."""
        with self._changed:
            self._away.discard(past)
            self._writing.discard(past)
            self._most = sys.maxsize  # there is more memory now
            self._changed.notify_all()

    def _turn(self, order: "_Order[Past, Logits]") -> "list[_Order[Past, Logits]]":
        """Wait until this order is done, or until it is the caller's turn to compute a pass of these."""
        with self._changed:
            while not order.done and (self._busy or self._patient()):
                self._changed.wait(None if self._busy else self._until - time.monotonic())
                beat()
            return [] if order.done else self._begin()

    def _patient(self) -> bool:
        return bool(self._away) and len(self._waiting) < self._most and time.monotonic() < self._until

    def _begin(self) -> "list[_Order[Past, Logits]]":
        """Those who wait, each with what it reads in the pass that begins now. The shortest prompts are read first."""
        orders, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        self._busy = bool(orders)
        prompts = sorted((order for order in orders if len(order.tokens) > 1), key=lambda order: len(order.tokens))
        room = self._beside if self._writing else self._alone
        for place, order in enumerate(prompts):
            order.tokens = order.tokens[: max(1, room // (len(prompts) - place))]
            room -= len(order.tokens)
        return orders

    def _pass(self, orders: "list[_Order[Past, Logits]]") -> None:
        began = time.monotonic()
        try:
            self._settle(orders)
        finally:
            with self._changed:
                ended = time.monotonic()
                self._patience = min((ended - began) / 2, _PATIENCE)
                self._until = ended + self._patience
                self._away = {order.past for order in orders}
                self._busy = False
                for order in orders:
                    order.done = True
                self._changed.notify_all()

    def _settle(self, orders: "list[_Order[Past, Logits]]") -> None:
        try:
            found = self._compute([(order.past, order.tokens) for order in orders])
            for order, logits in zip(orders, found, strict=True):
                order.outcome = logits, None
            return
        except BaseException as error:
            if len(orders) == 1:
                orders[0].outcome = None, error
                return
            large = is_out_of_memory(error)
        # Outside of the handler: the exception's traceback holds what the failed pass had allocated.
        parts = [[order] for order in orders]  # one of them may be at fault
        if large:
            self._most = middle = (len(orders) + 1) // 2
            parts = [orders[:middle], orders[middle:]]
        for part in parts:
            self._settle(part)
            beat()
            with self._changed:
                self._changed.notify_all()  # for their signs of life


class _Order(Generic[Past, Logits]):
    """What one sequence wants to read, and what came of it."""

    def __init__(self, past: Past, tokens: list[int]) -> None:
        self.past, self.tokens = past, tokens
        self.outcome: tuple[Logits | None, BaseException | None] | None = None
        self.done = False
