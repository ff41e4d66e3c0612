"""A queue in which nobody waits for ever: classes of urgency by shares, tenants by what they were given.

Classes take turns by stride scheduling (Waldspurger, 1995): while all of them wait, ``interactive`` gets 16 turns,
``normal`` 4, ``batch`` 1. In a class it is the turn of the tenant that was given the least, as a virtual token
counter tells (Sheng et al., Fairness in Serving Large Language Models, OSDI 2024). What one tenant put in comes out in
its order.
"""

import heapq
import itertools
from collections import OrderedDict
from math import inf
from operator import attrgetter
from typing import Final, Generic, TypeVar

from noodle_ray.core.runs.terms import PRIORITIES, Terms

SHARES: Final = (16, 4, 1)
"""Turns of each class, the most urgent first, while all of them wait."""

_REMEMBERED = 1024
"""Tenants whose counters are kept although none of their calls waits."""

T = TypeVar("T")


class QueueFullError(Exception):
    """``of_tenant``: whether it is the tenant that has too much in the queue, or all together."""

    def __init__(self, of_tenant: bool) -> None:
        super().__init__()
        self.of_tenant = of_tenant


class FairQueue(Generic[T]):
    """Holds at most ``most`` items, and ``most_of_tenant`` of one tenant. Items are told apart by identity. Belongs to
    one thread, or to whoever holds a lock."""

    def __init__(self, most: int, most_of_tenant: int | None = None) -> None:
        self._most = most
        self._most_of_tenant = most if most_of_tenant is None else most_of_tenant
        self._classes = [_Class(1 / share) for share in SHARES]
        self._places: dict[int, tuple[T, Terms, float]] = {}
        self._ends: list[tuple[float, int, int]] = []
        self._numbers = itertools.count()
        self._given: OrderedDict[str, float] = OrderedDict()
        self._active: dict[str, int] = {}
        self._level = 0.0

    def __len__(self) -> int:
        return len(self._places)

    def push(self, item: T, terms: Terms, cost: float = 1.0) -> None:
        """Put an item in; ``cost`` is what its tenant is charged when it comes out. Raises QueueFullError."""
        if len(self._places) >= self._most:
            raise QueueFullError(of_tenant=False)
        mine = self._active.get(terms.tenant, 0)
        if mine >= self._most_of_tenant:
            raise QueueFullError(of_tenant=True)
        if not mine:
            self._arrive(terms.tenant)
        self._active[terms.tenant] = mine + 1
        key = id(item)
        self._places[key] = (item, terms, cost)
        one = self._classes[terms.priority]
        if not one.tenants:
            one.turn = max(one.turn, self._turn())
        one.push(terms.tenant, key)
        if terms.until != inf:
            heapq.heappush(self._ends, (terms.until, next(self._numbers), key))

    def pop(self) -> T:
        """Take out the next item. Raises IndexError when there is none."""
        one, tenant = self._choice()
        one.turn += one.stride
        self._level = self._given[tenant]
        item, _, cost = self._take(one.first(tenant))
        self.charge(tenant, cost)
        return item

    def peek(self) -> T:
        """What `pop` would take out."""
        one, tenant = self._choice()
        return self._places[one.first(tenant)][0]

    def remove(self, item: T) -> bool:
        """Take an item out; whether it was in."""
        found = self._places.get(id(item))
        if found is None or found[0] is not item:
            return False
        self._take(id(item))
        return True

    def expired(self, now: float) -> list[T]:
        """Take out what is in the queue past its time."""
        gone = []
        while self._ends and self._ends[0][0] <= now:
            until, _, key = heapq.heappop(self._ends)
            found = self._places.get(key)
            if found is not None and found[1].until == until:
                gone.append(self._take(key)[0])
        return gone

    def drain(self) -> list[T]:
        """Take out everything."""
        return [self._take(key)[0] for key in list(self._places)]

    def charge(self, tenant: str, cost: float) -> None:
        """Count what a tenant was given, for its next turn."""
        self._given[tenant] = self._given.get(tenant, self._level) + cost

    def _arrive(self, tenant: str) -> None:
        """A tenant that was away gets no credit for that."""
        waiting = [self._given[other] for other in self._active]
        floor = min(waiting) if waiting else self._level
        self._given[tenant] = max(self._given.get(tenant, floor), floor)
        self._given.move_to_end(tenant)
        for other in list(itertools.islice(self._given, max(0, len(self._given) - _REMEMBERED - len(self._active)))):
            if other not in self._active and other != tenant:
                del self._given[other]

    def _choice(self) -> "tuple[_Class, str]":
        if not self._places:
            raise IndexError("the queue is empty")
        one = min((one for one in self._classes if one.tenants), key=_turn_of)  # the more urgent of equals
        if len(one.tenants) == 1:
            return one, next(iter(one.tenants))
        return one, min(one.tenants, key=self._given.__getitem__)

    def _turn(self) -> float:
        """The earliest turn of a class that waits."""
        return min((one.turn for one in self._classes if one.tenants), default=max(one.turn for one in self._classes))

    def _take(self, key: int) -> tuple[T, Terms, float]:
        found = self._places.pop(key)
        terms = found[1]
        self._classes[terms.priority].remove(terms.tenant, key)
        self._active[terms.tenant] -= 1
        if not self._active[terms.tenant]:
            del self._active[terms.tenant]
        if not self._places:
            self._ends.clear()
        return found


class _Class:
    """What waits with one priority, by tenant. ``turn`` is its virtual time."""

    __slots__ = ("stride", "tenants", "turn")

    def __init__(self, stride: float) -> None:
        self.stride = stride
        self.turn = 0.0
        self.tenants: dict[str, OrderedDict[int, None]] = {}

    def push(self, tenant: str, key: int) -> None:
        self.tenants.setdefault(tenant, OrderedDict())[key] = None

    def first(self, tenant: str) -> int:
        return next(iter(self.tenants[tenant]))

    def remove(self, tenant: str, key: int) -> None:
        waiting = self.tenants[tenant]
        del waiting[key]
        if not waiting:
            del self.tenants[tenant]


_turn_of: Final = attrgetter("turn")

assert len(SHARES) == len(PRIORITIES)
