"""``noodle programs``: published programs of a platform."""

import sys
from typing import Any

from noodle_ray.cli.console import Progress, console, table
from noodle_ray.cli.files import Loaded, load_program
from noodle_ray.cli.output import report, write, write_json
from noodle_ray.cli.reports import show_reports
from noodle_ray.cli.run import parse_args, parse_budget, parse_limits, show_outcome
from noodle_ray.cli.runs import client_of, every, moment, time_of
from noodle_ray.core.nbc.module import Module
from noodle_ray.errors import NoodleError, UsageError


def publish_command(
    address: str | None, name: str, file: str, *, alias: str | None, check: int, same: bool, as_json: bool
) -> int:
    """Publish a version."""
    try:
        code = code_of(file)
        with client_of(address) as client:
            made = client.publish(name, **code, alias=alias, check=check, same=same)
    except NoodleError as error:
        status = report(error, as_json=as_json)
        differ = getattr(error, "differ", None)
        if differ and not as_json:
            show_reports(differ, sys.stderr)
        return status
    if as_json:
        write_json(made)
        return 0
    state = "published" if made["created_version"] else "is there already"
    checked = f", {made['checked']} runs checked" if made["checked"] else ""
    checked += f", {made['unchecked']} not checked in time" if made["unchecked"] else ""
    write(f"{name}@{made['version']} {state}{checked}\n")
    return 0


def list_command(address: str | None, *, as_json: bool) -> int:
    """List all programs."""
    try:
        with client_of(address) as client:
            found = every(client.programs.list)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json({"programs": found})
    else:
        _show_versions(found)
    return 0


def show_command(address: str | None, program: str, *, source: bool, as_json: bool) -> int:
    """Show a version, and where no version is named, all."""
    try:
        with client_of(address) as client:
            found = client.programs.get(program)
            versions = [found] if "@" in program else client.programs.versions(program)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if source:
        write(found["source"] or "")
    elif as_json:
        write_json({**found, "versions": versions})
    else:
        _show_versions(versions)
        for alias, version in found["aliases"].items():
            write(f"@{alias} is version {version}\n")
    return 0


def alias_command(
    address: str | None, name: str, alias: str, version: int | None, *, remove: bool, as_json: bool
) -> int:
    """Set or remove an alias."""
    try:
        if remove == (version is not None):
            raise UsageError("give a version, or --remove", code="NOODLE-E0928")
        with client_of(address) as client:
            if version is None:
                client.programs.drop_alias(name, alias)
            else:
                client.programs.alias(name, alias, version)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json({"name": name, "alias": alias, "version": version})
    else:
        write(f"{name}@{alias} {'is gone' if version is None else f'is version {version}'}\n")
    return 0


def check_command(
    address: str | None, name: str, file: str, *, runs: int | None, since: str | None, show: int, as_json: bool
) -> int:
    """Say which runs would not go as they did; then the status is 1."""
    checked, differ = 0, 0
    unclear: list[str] = []
    unchecked: list[str] = []
    first: list[dict[str, Any]] = []
    try:
        code = code_of(file)
        start = None if since is None else time_of(since)
        with client_of(address) as client, Progress("checked", as_json) as progress:
            for page in client.programs.checks(name, **code, runs=runs, since=start):
                checked, differ = checked + page["checked"], differ + len(page["runs"])
                first += page["differ"][: show - len(first)]
                unclear += page["unclear"]
                unchecked += page["unchecked"]
                progress.tell(checked)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        numbers = {"checked": checked, "differing": differ}
        write_json({**numbers, "unclear": unclear, "unchecked": unchecked, "differ": first})
    else:
        show_reports(first, sys.stdout)
        if unclear:
            write(f"{len(unclear)} runs do not go as they did with their own version either, or are damaged\n")
        if unchecked:
            write(f"{len(unchecked)} runs were not replayed in time\n")
        write(f"{differ} of {checked} runs would differ\n")
    return 1 if differ else 0


def run_command(
    address: str | None,
    program: str,
    *,
    args: str | None,
    entry: str | None,
    limits: list[str],
    budget: list[str],
    as_json: bool,
) -> int:
    """Run a published program, and show what it gives as ``noodle run`` does."""
    try:
        positional, keywords = parse_args(args)
        bounds = parse_limits(limits)
        with client_of(address) as client:
            outcome = client.run(
                program=program,
                entry=entry,
                args=positional,
                kwargs=keywords,
                limits=bounds,
                budget=parse_budget(budget),
            )
            source = client.programs.get(outcome["program"])["source"] if outcome["error"] else None
    except NoodleError as error:
        return report(error, as_json=as_json)
    return show_outcome(outcome, Loaded(outcome["program"], source, Module((), (), ()), b""), as_json=as_json)


def remove_command(address: str | None, name: str, *, as_json: bool) -> int:
    """Delete a program."""
    try:
        with client_of(address) as client:
            client.programs.remove(name)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json({"removed": name})
    else:
        write(f"removed {name}\n")
    return 0


def code_of(file: str) -> dict[str, Any]:
    """A file as ``source`` or ``nbc``, checked here before it is sent."""
    program = load_program(file)
    return {"source": program.source} if program.source is not None else {"nbc": program.nbc}


def _show_versions(versions: list[dict[str, Any]]) -> None:
    rows = table("program", "published", "started", "succeeded", "failed", "fuel", "calls")
    for one in versions:
        counted = one["statistics"]
        numbers = [str(counted[name]) for name in ("started", "succeeded", "failed", "fuel", "model_calls")]
        rows.add_row(f"{one['name']}@{one['version']}", moment(one["created"]), *numbers)
    console().print(rows)
