"""Whose a request is, and which runs are its tenant's."""

from starlette.requests import HTTPConnection

from noodle_ray.core.runs.ports import RunStore
from noodle_ray.core.store.errors import UnknownRun
from noodle_ray.core.store.records import Run


def tenant_of(request: HTTPConnection) -> str:
    """The tenant: the gate says in the scope whose token let the request in; the owner's is ''."""
    found: str = request.scope.get("tenant", "")
    return found


async def own_run(request: HTTPConnection, store: RunStore, run: str) -> Run:
    """A run of the request's tenant. Raises UnknownRun also for one of another: that it exists is nobody's business."""
    found = await store.get(run)
    if found.tenant != tenant_of(request):
        raise UnknownRun(run)
    return found
