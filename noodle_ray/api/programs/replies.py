"""Published versions and reports of replays as JSON."""

from typing import Any

from noodle_ray.core.runs.replay import Report
from noodle_ray.core.store.records import Program
from noodle_ray.core.vm.values import to_json
from noodle_ray.errors import RunError


def version_info(program: Program) -> dict[str, Any]:
    """What a list tells of a version."""
    return {
        "name": program.name,
        "version": program.version,
        "module": program.digest,
        "created": program.created,
        "statistics": {
            "started": program.started,
            "succeeded": program.runs - program.failures,
            "failed": program.failures,
            "fuel": program.fuel,
            "model_calls": program.model_calls,
        },
    }


def report_info(report: Report) -> dict[str, Any]:
    """What a replay found; of long values, how they begin."""
    report = report.short
    outcome = report.outcome or {"result": None, "stdout": "", "error": None, "usage": None}
    return {
        "run": report.run,
        "fits": report.fits,
        "same": report.same,
        "stopped": report.stopped,
        "unfinished": report.unfinished,
        "answered": report.answered,
        "asked": report.asked,
        "divergences": [divergence._asdict() for divergence in report.divergences],
        "changes": [
            {**change._asdict(), "before": _shown(change.before), "after": _shown(change.after)}
            for change in report.changes
        ],
        "unused": report.unused,
        "more": report.more,
        "differences": {name: [_shown(side) for side in sides] for name, sides in report.differences.items()},
        "result": _shown(outcome["result"]),
        "stdout": outcome["stdout"],
        "error": outcome["error"],
        "usage": outcome["usage"],
    }


def _shown(value: object) -> Any:
    try:
        return to_json(value)
    except RunError as error:  # no data for JSON: say so, as a result would
        return {"error": error.message}
