"""Connecting a driver to a platform."""

import atexit
import threading
from typing import TYPE_CHECKING, Any, Self

from noodle_ray.client import loop
from noodle_ray.client.asking import Tasks
from noodle_ray.client.backends import Backend, LocalBackend, RemoteBackend
from noodle_ray.client.durable import Runs
from noodle_ray.client.http import AsyncClient
from noodle_ray.client.programs import Programs, Published
from noodle_ray.client.runs import Run
from noodle_ray.client.schedules import Schedules
from noodle_ray.client.tools import Tools
from noodle_ray.core.vm.limits import Limits

if TYPE_CHECKING:
    from noodle_ray.client.program import Program

_lock = threading.RLock()
_current: "Connection | None" = None
_local: LocalBackend | None = None


class Connection(Tasks):
    """A platform that this driver's programs run on, until ``close``; also a context manager. It has the methods of
    `Client` for models, with ``infer`` for one call of one."""

    def __init__(self, url: str, token: str | None = None, *, stop_platform: bool = False, **terms: Any) -> None:
        self._client = AsyncClient(url, token, **terms)
        super().__init__(self._client)
        self.backend = RemoteBackend(self._client)
        self.url = self._client.url
        self._stop_platform = stop_platform

    def run(
        self,
        source: str,
        *args: Any,
        entry: str | None = None,
        tier: str = "auto",
        limits: Limits | None = None,
        budget: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> Run:
        """Run a program given as source text and return the run, failed or not. ``budget`` has the most that it
        may spend of ``model_calls``, ``tool_calls``, ``tokens`` and ``cost``, and how many calls to ``speculate`` with.

        Raises CompileError if the source is not a program, and RequestError or PlatformError if it could not run.
        """
        outcome = loop.wait(
            self._client.run(
                source=source, entry=entry, args=list(args), kwargs=kwargs, limits=limits, budget=budget, tier=tier
            )
        )
        return Run.from_outcome(outcome, source=source)

    def start(
        self,
        source: str,
        *args: Any,
        entry: str | None = None,
        limits: Limits | None = None,
        budget: dict[str, float] | None = None,
        idempotency_key: str | None = None,
        within: float | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Start a durable run of a program given as source text, and return it once it is stored; ``runs`` has what
        comes next. Equal requests under one key are one run. ``budget`` is the most it may spend, ``within`` the
        seconds in which it ends, or fails."""
        return loop.wait(
            self._client.start(
                source=source,
                entry=entry,
                args=list(args),
                kwargs=kwargs,
                limits=limits,
                budget=budget,
                idempotency_key=idempotency_key,
                within=within,
            )
        )

    @property
    def runs(self) -> Runs:
        """The platform's durable runs: get, list, wait, cancel, pause, resume, retry, fork, delete, events."""
        return Runs(self._client.runs)

    def publish(self, name: str, program: "str | Program", **options: Any) -> dict[str, Any]:
        """Publish the next version of a program, given as source text or as a ``@noodle.program``;
        ``alias``, ``check`` and ``same`` are those of `AsyncPrograms.publish`."""
        source = program if isinstance(program, str) else program.published_source()
        return loop.wait(self._client.programs.publish(name, source=source, **options))

    def program(self, reference: str) -> Published:
        """A published program, to be called: ``NAME``, ``NAME@3`` or ``NAME@ALIAS``."""
        return Published(self._client, reference)

    @property
    def programs(self) -> Programs:
        """The platform's published programs: get, list, versions, alias, drop_alias, remove, check."""
        return Programs(self._client.programs)

    @property
    def schedules(self) -> Schedules:
        """When the platform starts runs, at times or events: put, get, list, remove, tell."""
        return Schedules(self._client.schedules)

    def tools(self) -> list[dict[str, Any]]:
        """The tools that programs may call on the platform: name, description, signature, parameters."""
        return loop.wait(self._client.tools())

    @property
    def toolbox(self) -> Tools:
        """The platform's tools, one by one: list, get, call, check."""
        return Tools(self._client.toolbox)

    def usage(self) -> dict[str, Any]:
        """What programs may spend in a window of time, and have spent: window, since, budget, spent."""
        return loop.wait(self._client.usage())

    def infer(self, model: str, /, *args: Any, **kwargs: Any) -> Any:
        """Ask a model once; raises ModelError."""
        return loop.wait(self.backend.infer(model, args, kwargs))

    def close(self) -> None:
        """Disconnect. Stops the platform too if this connection started it."""
        global _current
        with _lock:
            if _current is self:
                _current = None
        loop.wait(self.backend.aclose())
        if self._stop_platform:
            self._stop_platform = False
            atexit.unregister(self.close)
            from noodle_ray.client.platform import stop

            stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<connection to {self.url}>"


def connect(
    url: str | None = None,
    token: str | None = None,
    *,
    priority: str | None = None,
    tenant: str | None = None,
    deadline: float | None = None,
) -> Connection:
    """Connect this driver to a platform; its programs and models run there from now on.

    With ``url`` (or ``$NOODLE_URL``), that platform. Without, the one that ``noodle up`` started on this machine;
    if there is none, one is started, and stopped with the connection or at the end of the process. What is asked waits
    for models by its ``priority`` (``interactive``, ``normal`` or ``batch``), in the turn of its ``tenant``, for
    ``deadline`` seconds at most.

    Raises PlatformError E0810 if nothing answers, RequestError E0701 if the token is not right, E0750 for terms that
    are none.
    """
    import os

    from noodle_ray.client import platform

    global _current
    terms = {"priority": priority, "tenant": tenant, "deadline": deadline}
    address = url or os.environ.get("NOODLE_URL") or platform.running()
    started = address is None
    connection = Connection(address or platform.start(_say), token, stop_platform=started, **terms)
    if started:
        atexit.register(connection.close)
    try:
        connection.models()  # answers, takes the token, and is what it says it is
    except BaseException:
        connection.close()
        raise
    with _lock:
        previous, _current = _current, connection
    if previous is not None:
        previous.close()
    return connection


def _say(stage: str) -> None:
    """Tell whoever waits for a platform to start what it is doing."""
    import sys

    print(f"noodle: {stage}", file=sys.stderr, flush=True)


def current() -> Connection | None:
    """Return the connection that programs use, or None if they run on this machine without a platform."""
    return _current


def backend() -> Backend:
    """Return where programs run now: the connected platform, or sandbox workers of this machine."""
    global _local
    with _lock:
        if _current is not None:
            return _current.backend
        if _local is None:
            _local = LocalBackend()
            atexit.register(close_local)
        return _local


def close_local() -> None:
    """Stop the sandbox workers of this machine, if programs ran without a platform; the next run starts them again."""
    global _local
    with _lock:
        old, _local = _local, None
    if old is not None:
        atexit.unregister(close_local)
        loop.wait(old.aclose())
