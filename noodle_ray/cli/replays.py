"""``noodle runs fork`` and ``replay``: other courses that stored runs could take."""

import json
import sys
from typing import Any

from noodle_ray.cli.output import report, write, write_json
from noodle_ray.cli.programs import code_of
from noodle_ray.cli.reports import show_reports
from noodle_ray.cli.runs import client_of, show_ended
from noodle_ray.core.vm.values import from_json
from noodle_ray.errors import NoodleError, UsageError


def fork_command(
    address: str | None, run: str, effect: str, value: str, *, key: str | None, wait: bool, as_json: bool
) -> int:
    """Start a run that gets another answer to an effect; print its id, or with ``wait`` what it gives."""
    try:
        try:
            answer = from_json(json.loads(value))
        except (ValueError, TypeError, RecursionError) as error:
            hint = """text is --value '"text"'"""
            raise UsageError(f"--value is not JSON: {error}", code="NOODLE-E0932", hint=hint) from None
        with client_of(address) as client:
            made = client.runs.fork(run, effect, answer, idempotency_key=key)
            if wait:
                return show_ended(client.runs.wait(made["id"]), as_json)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json({**made, "result": None})
    else:
        write(f"{made['id']}\n")
    return 0


def replay_command(
    address: str | None, runs: list[str], *, to_effect: int | None, program: str | None, ask: list[str], as_json: bool
) -> int:
    """Replay runs and show what differs. The status is 1 if one did not go as it did, unless it was stopped by
    ``to_effect``."""
    reports: list[dict[str, Any]] = []
    try:
        code = {} if program is None else code_of(program)
        with client_of(address) as client:
            reports = [client.runs.replay(run, to_effect=to_effect, ask=ask, **code) for run in runs]
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json({"reports": reports})
    else:
        show_reports(reports, sys.stdout)
    return 1 if any(_differs(one, program is not None) for one in reports) else 0


def _differs(found: dict[str, Any], other_program: bool) -> bool:
    """Fuel does not count with another program: that has its own."""
    differences = found["differences"].keys() - ({"fuel"} if other_program else set())
    return bool(found["divergences"] or found["changes"] or found["unused"] or differences)
