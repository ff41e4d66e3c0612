"""``noodle runs fork`` and ``noodle replay``: other courses that stored runs could take."""

import json
import sys
from typing import Any, NamedTuple

from noodle_ray.cli.console import Progress
from noodle_ray.cli.output import report, write, write_json
from noodle_ray.cli.programs import code_of
from noodle_ray.cli.reports import Tally, show_reports
from noodle_ray.cli.run import parse_budget
from noodle_ray.cli.runs import client_of, show_ended, status_of, time_of
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


class Selection(NamedTuple):
    """Which runs to replay: those named, or those that are of a program, have a status, are since a time."""

    runs: list[str]
    program: str | None = None
    status: str | None = None
    since: str | None = None
    limit: int | None = None
    everything: bool = False

    @property
    def named(self) -> bool:
        """Whether the runs are named. Raises UsageError E0936 if they are also selected, or neither."""
        if bool(self.runs) == (self.everything or any(one is not None for one in self[1:5])):
            hint = "--with FILE executes another program" if self.runs else "such as --program NAME, or --all"
            raise UsageError("give runs, or say which: not both", code="NOODLE-E0936", hint=hint)
        return bool(self.runs)


def replay_command(
    address: str | None,
    selection: Selection,
    *,
    to_effect: int | None,
    instead: str | None,
    ask: list[str],
    ask_all: bool,
    budget: list[str],
    show: int,
    as_json: bool,
) -> int:
    """Replay runs and show what differs. The status is 1 if one did not go as it did, unless it was stopped by
    ``to_effect``; or, of runs that were selected, could not be replayed."""
    tally = Tally(instead is not None, None if selection.named else show)
    try:
        how: dict[str, Any] = {} if instead is None else code_of(instead)
        how |= {"to_effect": to_effect, "ask": asked(ask), "ask_all": ask_all, "budget": parse_budget(budget)}
        with client_of(address) as client, Progress("replayed", as_json or selection.named) as progress:
            for found in client.runs.replays(**_which(selection), **how):
                if selection.named and "problem" in found:
                    raise found["problem"]
                tally.add(found)
                progress.tell(tally.count)
            if selection.program is not None and not tally.count:
                client.programs.get(selection.program)  # its name may be a mistake
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json(tally.summary() if not selection.named else {"reports": tally.shown})
    else:
        show_reports(tally.shown, sys.stdout)
        if not selection.named:
            write(tally.sentence() + "\n")
    return 1 if tally.failed else 0


def asked(options: list[str]) -> list[str] | dict[str, str]:
    """What ``--ask`` options say: names of models, or NAME=OTHER. Raises UsageError E0937."""
    pairs = [option.partition("=") for option in options]
    if any(not name or (equals and not other) for name, equals, other in pairs):
        raise UsageError("--ask takes NAME, or NAME=OTHER", code="NOODLE-E0937")
    named = {name: other or name for name, _, other in pairs}
    if len(named) < len(pairs):
        raise UsageError("--ask names a model twice", code="NOODLE-E0937")
    return named if any(equals for _, equals, _ in pairs) else list(named)


def _which(selection: Selection) -> dict[str, Any]:
    if selection.named:
        return {"runs": selection.runs}
    return {
        "of": selection.program,
        "status": status_of(selection.status),
        "since": None if selection.since is None else time_of(selection.since),
        "limit": selection.limit,
    }
