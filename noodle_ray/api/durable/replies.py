"""Stored runs as JSON."""

from typing import Any

from noodle_ray.core.runs.terms import NAMES
from noodle_ray.core.sandbox.messages import CODEC
from noodle_ray.core.store.records import Run
from noodle_ray.core.vm.values import to_json
from noodle_ray.errors import RunError


def info(run: Run) -> dict[str, Any]:
    """What a list tells of a run."""
    return {
        "id": run.id,
        "status": run.status,
        "module": run.digest,
        "entry": run.entry,
        "tier": run.tier,
        "seed": run.seed,
        "limits": run.limits,
        "budget": run.budget or None,
        "program": run.program,
        "version": run.version,
        "parent": run.parent,
        "fork_key": run.fork_key,
        "idempotency_key": run.idempotency,
        "created": run.created,
        "updated": run.updated,
        "attempt": run.attempt,
        "node": run.owner,
        "caller": run.caller,
        "deadline": run.deadline,
        "priority": NAMES[run.priority],
        "waits": run.waits,
        "error": run.error,
        "usage": run.usage,
    }


def detail(run: Run) -> dict[str, Any]:
    """All of a run, as `Store.get` gives it."""
    args, kwargs = _unpacked(run.arguments)
    result, stdout = _unpacked(run.result) if run.result else (None, "")
    error = run.error
    if error is None:
        try:
            result = to_json(result)
        except RunError as failure:  # a result that is no data for JSON, as `/v1/run` tells it
            result = None
            error = {"code": failure.code, "type": "RunError", "message": failure.message, "traceback": []}
    else:
        result = None
    return {
        **info(run),
        "args": [to_json(value) for value in args],
        "kwargs": {name: to_json(value) for name, value in kwargs.items()},
        "result": result,
        "stdout": stdout,
        "error": error,
    }


def _unpacked(data: bytes) -> Any:
    return CODEC.unpack(data)
