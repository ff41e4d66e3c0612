"""``noodle runs``: durable runs of a platform."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from noodle_ray.cli.console import console, table
from noodle_ray.cli.files import load_program
from noodle_ray.cli.output import exit_status, report, write, write_json
from noodle_ray.cli.run import TIERS, parse_args, parse_budget, parse_limits
from noodle_ray.core.store.status import Status
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import NoodleError, UsageError

if TYPE_CHECKING:
    from noodle_ray.client.http import Client

_SHOWN = (
    "id", "status", "module", "entry", "seed", "program", "parent", "fork_key", "idempotency_key", "created", "updated",
    "attempt", "node", "caller", "priority", "deadline", "waits",
)  # fmt: skip


def start_command(
    address: str | None,
    file: str | None,
    *,
    program: str | None = None,
    entry: str | None,
    args: str | None,
    tier: str,
    limits: list[str],
    budget: list[str] | None = None,
    seed: int | None,
    key: str | None,
    within: float | None = None,
    wait: bool,
    as_json: bool,
) -> int:
    """Start a durable run; print its id, or with ``wait`` what it gives."""
    try:
        positional, keywords = parse_args(args)
        if tier not in TIERS:
            raise UsageError(f"there is no tier {tier!r}: choose one of {', '.join(TIERS)}", code="NOODLE-E0907")
        bounds = parse_limits(limits)
        if (file is None) == (program is None):
            raise UsageError("give a FILE, or --program", code="NOODLE-E0929")
        loaded = load_program(file) if file is not None else None
        with client_of(address) as client:
            run = client.start(
                source=loaded.source if loaded else None,
                nbc=loaded.nbc if loaded and loaded.source is None else None,
                program=program,
                entry=entry,
                args=positional,
                kwargs=keywords,
                limits=bounds,
                budget=parse_budget(budget or []),
                tier=tier,
                seed=seed,
                idempotency_key=key,
                within=within,
            )
            if wait:
                return show_ended(client.runs.wait(run["id"]), as_json)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json(run)
    else:
        write(f"{run['id']}\n")
    return 0


def list_command(
    address: str | None, *, status: str | None, program: str | None, since: str | None, limit: int, as_json: bool
) -> int:
    """List runs, the latest first."""
    try:
        start, status = None if since is None else time_of(since), status_of(status)
        with client_of(address) as client:
            found: list[dict[str, Any]] = []
            before: str | None = None
            while len(found) < limit:
                page, before = client.runs.list(
                    status=status, program=program, since=start, before=before, limit=min(limit - len(found), 1000)
                )
                found += page
                if before is None:
                    break
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json({"runs": found})
        return 0
    from rich.text import Text

    rows = table("id", "status", "created", "attempt", "error")
    for run in found:
        error_text = f"{run['error']['type']} [{run['error']['code']}]" if run["error"] else ""
        rows.add_row(run["id"], run["status"], moment(run["created"]), str(run["attempt"]), Text(error_text))
    console().print(rows)
    return 0


def show_command(address: str | None, run: str, *, as_json: bool) -> int:
    """Show all of a run."""
    try:
        with client_of(address) as client:
            found = client.runs.get(run)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json(_json(found))
        return 0
    from rich.text import Text

    rows = table("", "")
    rows.show_header = False
    for name in _SHOWN:
        if found[name] is not None:
            value = moment(found[name]) if name in ("created", "updated") else str(found[name])
            rows.add_row(name.replace("_", " "), Text(value))
    if found["usage"]:
        rows.add_row("fuel", str(found["usage"]["fuel"]))
        rows.add_row("model calls", str(found["usage"]["model_calls"]))
    if found["error"]:
        rows.add_row("error", Text(f"{found['error']['message']} [{found['error']['code']}]"))
    console().print(rows)
    if found["status"] == "succeeded" and found["result"] is not None:
        write(f"{found['result']}\n")
    return 0


def wait_command(address: str | None, run: str, *, timeout: float | None, as_json: bool) -> int:
    """Wait for a run to end, and show what it gave, as ``noodle run`` does."""
    try:
        with client_of(address) as client:
            return show_ended(client.runs.wait(run, timeout), as_json)
    except NoodleError as error:
        return report(error, as_json=as_json)


def change_command(
    address: str | None,
    run: str,
    name: str,
    *,
    limits: list[str] | None = None,
    budget: list[str] | None = None,
    as_json: bool = False,
) -> int:
    """Cancel, pause, resume or retry a run."""
    try:
        with client_of(address) as client:
            commands: dict[str, Callable[[str], dict[str, Any]]] = {
                "cancel": client.runs.cancel,
                "pause": client.runs.pause,
                "resume": client.runs.resume,
                "retry": lambda which: client.runs.retry(
                    which, changed_limits(limits or []), parse_budget(budget or [])
                ),
            }
            found = commands[name](run)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json(_json(found))
    else:
        write(f"{found['id']} is {found['status']}\n")
    return 0


def value_of(what: str, text: str) -> Any:
    """What a text of JSON stands for; ``what`` names it. Raises UsageError E0925."""
    import json

    from noodle_ray.core.vm.values import from_json

    try:
        return from_json(json.loads(text))
    except (ValueError, TypeError, RecursionError) as error:
        hint = """'"yes"' is a text, '{"by": "Ann"}' an object"""
        raise UsageError(f"{what} is not JSON: {error}", code="NOODLE-E0925", hint=hint) from None


def signal_command(address: str | None, run: str, name: str, value: str, *, key: str | None, as_json: bool) -> int:
    """Give a run a signal."""
    try:
        given = value_of("--value", value)
        with client_of(address) as client:
            found = client.runs.signal(run, name, given, idempotency_key=key)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json(_json(found))
    else:
        write(f"{found['id']} has the signal {name}\n")
    return 0


def delete_command(address: str | None, runs: list[str], *, as_json: bool) -> int:
    """Delete runs that have ended."""
    deleted: list[str] = []
    try:
        with client_of(address) as client:
            for run in runs:
                client.runs.delete(run)
                deleted.append(run)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json({"deleted": deleted})
    else:
        write(f"deleted {', '.join(deleted)}\n")
    return 0


def events_command(address: str | None, run: str, *, after: int, as_json: bool) -> int:
    """Print what happens to a run, a line each, until it has ended."""
    try:
        with client_of(address) as client:
            for event in client.runs.events(run, after=after):
                if as_json:
                    write_line(event)
                else:
                    rest = {name: value for name, value in event.items() if name not in ("position", "type", "at")}
                    words = " ".join(f"{name}={value}" for name, value in rest.items())
                    write(f"{moment(event['at'])}  {event['position']}  {event['type']}  {words}".rstrip() + "\n")
                sys.stdout.flush()
    except NoodleError as error:
        return report(error, as_json=as_json)
    return 0


def write_line(event: dict[str, Any]) -> None:
    """Print an event as one line of JSON, whatever reads it."""
    import json

    write(json.dumps(event) + "\n")


def every(pages: Callable[..., tuple[list[dict[str, Any]], str | None]]) -> list[dict[str, Any]]:
    """All that a list has whose pages the platform gives, each with where the next one begins."""
    found: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        page, after = pages(after=after, limit=1000)
        found += page
    return found


def client_of(address: str | None) -> "Client":
    """A client of the platform at an address, or of the one that was started on this machine."""
    from noodle_ray.client.http import Client

    return Client(url_of(address))


def url_of(address: str | None) -> str:
    """The URL of the platform at an address, or of this machine's. Raises UsageError E0922 if there is none."""
    if address is not None:
        return address
    from noodle_ray.cluster.launch import platform_status
    from noodle_ray.cluster.state import RUNNING, STARTING, STOPPING

    found = platform_status()
    if found.state == RUNNING:
        return found.url
    if found.state in (STARTING, STOPPING):
        stage = f" ({found.stage})" if found.stage else ""
        message = f"the platform of this machine is {found.state}{stage}"
        hint = "`noodle status` tells when it is ready" if found.state == STARTING else "wait until it has stopped"
        raise UsageError(message, code="NOODLE-E0922", hint=hint)
    message = "no platform runs on this machine, and this command needs one"
    raise UsageError(message, code="NOODLE-E0922", hint="start one with `noodle up`, or say where: --address URL")


def show_ended(found: dict[str, Any], as_json: bool) -> int:
    """Show how a run ended, and return the exit status that it means."""
    error = found["error"]
    if as_json:
        write_json(_json(found))
    else:
        write(found["stdout"])
        if found["status"] == "succeeded" and error is None and found["result"] is not None:
            write(f"{found['result']}\n")
        sys.stdout.flush()
        if error:
            write(f"{error['type']}: {error['message']} [{error['code']}]\n", sys.stderr)
        elif found["status"] != "succeeded":
            write(f"{found['id']} is {found['status']}\n", sys.stderr)
    if error:
        return exit_status(error["code"])
    return 0 if found["status"] == "succeeded" else 1


def _json(found: dict[str, Any]) -> dict[str, Any]:
    from noodle_ray.core.vm.values import to_json

    return {**found, "result": to_json(found["result"])}


def changed_limits(limits: list[str]) -> dict[str, float]:
    """Those limits that ``--limit`` options name."""
    bounds = parse_limits(limits)._asdict()
    return {name: bounds[name] for limit in limits if (name := limit.partition("=")[0]) in Limits._fields}


def status_of(text: str | None) -> str | None:
    """A status of runs. Raises UsageError E0924."""
    if text is not None and text not in list(Status):
        raise UsageError(f"there is no status {text!r}: choose one of {', '.join(Status)}", code="NOODLE-E0924")
    return text


def time_of(text: str) -> float:
    """A time: seconds since 1970, or as ISO 8601 has it, in this machine's zone unless it says another."""
    from datetime import datetime

    try:
        return float(text) if text.replace(".", "", 1).isdecimal() else datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        message = f"--since takes a time such as 2026-01-31T12:00, not {text!r}"
        raise UsageError(message, code="NOODLE-E0923") from None


def moment(at: float) -> str:
    """A time as people read it, in this machine's zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
