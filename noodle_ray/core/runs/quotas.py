"""How much of a tenant's the platform keeps, and keeps open: published versions, schedules, watches; and how much one
of its runs may have."""

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import RequestError

TOO_MANY_WATCHES: Final = "NOODLE-E0762"
"""Error code: a tenant has too many event streams and WebSockets open."""


class Quota(NamedTuple):
    """The most of each that one tenant may have: ``versions`` of published programs, all programs together;
    ``schedules``, those that are switched off too; and ``watches``, which are the event streams, the WebSockets and the
    requests of those that watch a run, open at the same time at one replica of the executor; and of the limits of one
    run, ``memory`` in bytes and ``deadline`` in seconds, which None leaves to the platform."""

    versions: int = 10_000
    schedules: int = 1000
    watches: int = 1000
    memory: int | None = None
    deadline: float | None = None

    def within(self, limits: Limits) -> Limits:
        """Limits of a run, and nowhere more than the tenant's."""
        memory = limits.memory if self.memory is None else min(limits.memory, self.memory)
        deadline = limits.deadline if self.deadline is None else min(limits.deadline, self.deadline)
        return limits if (memory, deadline) == limits[1:3] else limits._replace(memory=memory, deadline=deadline)


class Quotas:
    """What tenants may have, and what they watch here. ``quotas`` by tenant; '*' is for all others. Belongs to one
    event loop."""

    def __init__(self, quotas: Mapping[str, Quota] | None = None) -> None:
        self._quotas = dict(quotas or {})
        self._watches: Counter[str] = Counter()

    def of(self, tenant: str) -> Quota:
        """What a tenant may have."""
        return self._quotas.get(tenant) or self._quotas.get("*") or Quota()

    def watching(self, tenant: str) -> int:
        """How many watches of a tenant are open here."""
        return self._watches[tenant]

    @contextlib.contextmanager
    def watch(self, tenant: str) -> Iterator[None]:
        """Keep a watch open as long as this lasts. Raises RequestError E0762 if a tenant has as many as it may."""
        most = self.of(tenant).watches
        if self._watches[tenant] >= most:
            message = f"a tenant may have {most:,} event streams and WebSockets open; close one, or come again later"
            raise RequestError(message, code=TOO_MANY_WATCHES)
        self._watches[tenant] += 1
        try:
            yield
        finally:
            self._watches[tenant] -= 1
            if not self._watches[tenant]:
                del self._watches[tenant]
