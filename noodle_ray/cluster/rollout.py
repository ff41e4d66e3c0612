"""Deploying the platform over one that serves, so that no request notices.

A model's new version is a deployment of its own. When it serves, executors are told, and the old one stays until none
of them calls it any more. Executors themselves are replaced when their own settings change: one starts before the
other stops taking requests, and that one ends what it has begun.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deployments.config import PlatformConfig

POLL = 0.1
CALM = 10.0
"""Seconds after which what seems to be settled is, whatever became of executors that were to be replaced."""
PATIENCE = 2.0
"""Seconds for which a failure must be told: for a moment it may be that of the last deploy."""


class Rollout:
    """What one process has deployed."""

    def __init__(self) -> None:
        self._homes: dict[str, Any] = {}
        self._retired: dict[str, Any] = {}
        self._version: str | None = None
        self._replaced: set[str] = set()
        self._whole = False
        self._catalog: Any = None
        self._number = 0
        self._view: Any = None
        self._tokens: dict[str, str] | None = None
        self._cluster: Any = None
        self._glimpse: Any = None

    def deploy(self, config: "PlatformConfig", out_of_date: Callable[[], bool]) -> None:
        """Deploy for the models that are registered now; return when they serve, and all executors know them.

        ``out_of_date`` is asked meanwhile: if so, this returns at once; it may raise. Raises RuntimeError if the deploy
        fails; what served before then goes on.
        """
        from ray import serve

        from deployments.platform import application, layout

        planned = layout(config.args)
        self._cluster = planned.cluster
        earlier = self._homes if self.has_leftovers() else {**self._retired, **self._homes}
        self._retired = {name: home for name, home in earlier.items() if name not in planned.homes}
        self._homes, self._whole = planned.homes, False
        bound = application(planned, self._retired)
        version = bound._bound_deployment.version
        if version != self._version:
            self._replaced, self._version = set(_executors()), version
        options = {"name": config.name, "route_prefix": "/", "logging_config": config.logging_config}
        serve._run(bound, _blocking=False, **options)
        failing = calm = 0.0
        wanted = {*planned.homes, *self._retired}
        while True:
            calm = calm + POLL if _settled(config.name, wanted) else 0.0
            if calm and (calm > CALM or _replaced(self._replaced)):
                break
            if out_of_date():
                return
            if failure := _failure(config.name):
                failing += POLL
                if failing > PATIENCE:
                    raise RuntimeError(failure)
            time.sleep(POLL)
        self._replaced = set()
        self._tell(planned)
        while not self._seen(lambda seen: seen.number >= self._number):
            if out_of_date():
                return
            time.sleep(POLL)
        self._whole = True

    def cluster_changed(self) -> bool:
        """Whether machines came or went since the last deploy, and none at this moment: twice the same was seen."""
        from deployments.placement import nodes

        try:
            earlier, self._glimpse = self._glimpse, nodes()
        except Exception:  # the head is gone, or busy; what comes of that is not decided here
            return False
        return bool(self._glimpse == earlier and self._glimpse != self._cluster)

    def has_leftovers(self) -> bool:
        """Whether models are deployed that nothing can call any more: the next deploy removes them."""
        return (
            self._whole
            and bool(self._retired)
            and "STOPPING" not in _executors().values()
            and self._seen(lambda seen: seen.oldest >= self._number)
        )

    def remind(self) -> None:
        """Tell the models once more if the actor that tells them was lost and is there again."""
        self._heard()

    def tell_tokens(self, tokens: dict[str, str]) -> None:
        """Tell executors whose tokens are from now on, by their SHA-256; they go with what is deployed later, too."""
        self._tokens = tokens
        if self._view is not None:
            self._publish(self._view)

    def _tell(self, planned: Any) -> None:
        from deployments.catalog import make

        self._catalog = self._catalog or make()
        self._publish(planned.view())

    def _publish(self, view: Any) -> None:
        from deployments.catalog import next_number

        self._number = max(next_number(), self._number + 1)
        self._view = view._replace(number=self._number)
        if self._tokens is not None:
            self._view = self._view._replace(tokens=self._tokens)
        self.remind()

    def _seen(self, enough: Callable[[Any], bool]) -> bool:
        """Whether all executors that take requests have said so of the models. False while the actor is lost."""
        from deployments.catalog import NOTHING

        seen = self._heard()
        return seen is not None and all(
            enough(seen.get(executor, NOTHING)) for executor, state in _executors().items() if state != "STOPPING"
        )

    def _heard(self) -> dict[str, Any] | None:
        """What executors said of the models; None while the actor is lost, or has to be told them first."""
        if self._catalog is None:
            return None
        try:
            number, seen = _get(self._catalog.seen.remote())
            if number < self._number:
                _get(self._catalog.publish.remote(self._view))
                return None
        except Exception as error:
            if not _is_of_ray(error):
                raise
            return None
        found: dict[str, Any] = seen
        return found


def _is_of_ray(error: Exception) -> bool:
    """Whether an actor did not answer."""
    from ray.exceptions import RayError

    return isinstance(error, RayError)


def _get(reference: Any) -> Any:
    import ray

    return ray.get(reference, timeout=60)


def _executors() -> dict[str, str]:
    """The state of each replica of the executor by its id."""
    from ray.serve.context import _get_global_client

    found: dict[str, str] = {}
    for details in _get_global_client().get_serve_details()["applications"].values():
        for replica in details["deployments"].get("Executor", {}).get("replicas", ()):
            found[replica["replica_id"]] = str(getattr(replica["state"], "value", replica["state"]))
    return found


def _replaced(old: set[str]) -> bool:
    """Whether none of these executors takes requests any more, if there are any, and another does.

    Serve's own status may be that of the last deploy for a moment after the next one was asked for.
    """
    now = _executors() if old else {}
    ending = all(now.get(replica, "STOPPING") == "STOPPING" for replica in old)
    return ending and (not old or "RUNNING" in now.values())


def _settled(name: str, wanted: set[str]) -> bool:
    """Whether an application runs with these deployments, but for what replaced replicas have begun."""
    from ray import serve

    found = serve.status().applications.get(name)
    return (
        found is not None
        and wanted <= found.deployments.keys()
        and (str(found.status).endswith("RUNNING") or _only_ending(found))
    )


def _failure(name: str) -> str:
    """Why an application cannot be deployed; '' while it can."""
    from ray import serve

    found = serve.status().applications.get(name)
    status = str(getattr(found, "status", ""))
    return f"the application is {status}: {_messages(found)}" if status.endswith(("FAILED", "UNHEALTHY")) else ""


def _only_ending(application: Any) -> bool:
    for deployment in application.deployments.values():
        counts = {str(getattr(state, "value", state)): count for state, count in deployment.replica_states.items()}
        ending = counts.get("STOPPING") and counts.get("RUNNING") and counts.keys() <= {"STOPPING", "RUNNING"}
        if not (ending or str(getattr(deployment.status, "value", deployment.status)) == "HEALTHY"):
            return False
    return bool(application.deployments)


def _messages(application: Any) -> str:
    lines = [application.message, *(deployment.message for deployment in application.deployments.values())]
    return " ".join(line.strip() for line in lines if line)[-900:]
