"""Connecting a driver to a platform."""

import atexit
import threading
from typing import Any, Self

from noodle_ray.client import loop
from noodle_ray.client.backends import Backend, LocalBackend, RemoteBackend
from noodle_ray.client.durable import Runs
from noodle_ray.client.http import AsyncClient
from noodle_ray.client.runs import Run
from noodle_ray.core.vm.limits import Limits

_lock = threading.RLock()
_current: "Connection | None" = None
_local: LocalBackend | None = None


class Connection:
    """A platform that this driver's programs run on, until ``close``; also a context manager."""

    def __init__(self, url: str, token: str | None = None, *, stop_platform: bool = False) -> None:
        self._client = AsyncClient(url, token)
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
        **kwargs: Any,
    ) -> Run:
        """Run a program given as source text and return the run, failed or not.

        Raises CompileError if the source is not a program, and RequestError or PlatformError if it could not run.
        """
        outcome = loop.wait(
            self._client.run(source=source, entry=entry, args=list(args), kwargs=kwargs, limits=limits, tier=tier)
        )
        return Run.from_outcome(outcome, source=source)

    def start(
        self,
        source: str,
        *args: Any,
        entry: str | None = None,
        limits: Limits | None = None,
        idempotency_key: str | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Start a durable run of a program given as source text, and return it once it is stored; ``runs`` has what
        comes next. Equal requests under one key are one run."""
        return loop.wait(
            self._client.start(
                source=source,
                entry=entry,
                args=list(args),
                kwargs=kwargs,
                limits=limits,
                idempotency_key=idempotency_key,
            )
        )

    @property
    def runs(self) -> Runs:
        """The platform's durable runs: get, list, wait, cancel, pause, resume, retry, fork, delete, events."""
        return Runs(self._client.runs)

    def models(self) -> list[dict[str, Any]]:
        """Return what the platform tells about its models: name, task, engine, source, version."""
        return loop.wait(self._client.models())

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


def connect(url: str | None = None, token: str | None = None) -> Connection:
    """Connect this driver to a platform; its programs and models run there from now on.

    With ``url`` (or ``$NOODLE_URL``), that platform. Without, the one that ``noodle up`` started on this machine;
    if there is none, one is started, and stopped with the connection or at the end of the process. Raises
    PlatformError E0810 if nothing answers, RequestError E0701 if the token is not right.
    """
    import os

    from noodle_ray.client import platform

    global _current
    address = url or os.environ.get("NOODLE_URL") or platform.running()
    started = address is None
    connection = Connection(address or platform.start(_say), token, stop_platform=started)
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
