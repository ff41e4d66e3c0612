"""``noodle schedules``: when a platform starts runs."""

from typing import Any

from noodle_ray.cli.console import console, table
from noodle_ray.cli.output import report, write, write_json
from noodle_ray.cli.programs import code_of
from noodle_ray.cli.run import parse_args
from noodle_ray.cli.runs import changed_limits, client_of, every, moment, value_of
from noodle_ray.errors import NoodleError

_SHOWN = ("name", "program", "module", "cron", "topic", "timezone", "entry", "args", "kwargs", "limits", "missed",
          "enabled", "last_run", "last_error")  # fmt: skip


def set_command(
    address: str | None,
    name: str,
    program: str,
    cron: str | None,
    *,
    file: bool,
    topic: str | None,
    timezone: str,
    entry: str | None,
    args: str | None,
    limits: list[str],
    missed: str,
    enabled: bool,
    as_json: bool,
) -> int:
    """Store a schedule, and tell when it starts the next run."""
    try:
        positional, keywords = parse_args(args)
        bounds = changed_limits(limits) or None
        code = code_of(program) if file else {"program": program}
        with client_of(address) as client:
            made = client.schedules.put(
                name,
                **code,
                cron=cron,
                topic=topic,
                timezone=timezone,
                entry=entry,
                args=positional,
                kwargs=keywords,
                limits=bounds,
                enabled=enabled,
                missed=missed,
            )
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json(made)
    else:
        write(f"{made['name']}: {_next(made)}\n")
    return 0


def tell_command(address: str | None, topic: str, value: str, id: str | None, *, as_json: bool) -> int:
    """Tell an event, and what it started."""
    try:
        given = value_of("the event", value)
        with client_of(address) as client:
            told = client.schedules.tell(topic, given, id=id)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json(told)
        return 0
    for one in told["started"]:
        failed = one["error"] and f"not started: {one['error']['message']} [{one['error']['code']}]"
        write(f"{one['schedule']}: {failed or one['run']}\n")
    if not told["started"]:
        write(f"no schedule has the topic {topic}\n")
    return 0


def list_command(address: str | None, *, as_json: bool) -> int:
    """List all schedules."""
    try:
        with client_of(address) as client:
            found = every(client.schedules.list)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json({"schedules": found})
        return 0
    from rich.text import Text

    rows = table("name", "program", "starts at", "timezone", "next", "last error")
    for one in found:
        told = (
            one["name"],
            one["program"] or one["module"][:12],
            _when(one),
            one["timezone"],
            _next(one),
            one["last_error"] or "",
        )
        rows.add_row(*map(Text, told))
    console().print(rows)
    return 0


def show_command(address: str | None, name: str, *, as_json: bool) -> int:
    """Show a schedule."""
    try:
        with client_of(address) as client:
            found = client.schedules.get(name)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json(found)
        return 0
    from rich.text import Text

    rows = table("", "")
    rows.show_header = False
    for field in _SHOWN:
        if found[field] not in (None, [], {}):
            rows.add_row(field.replace("_", " "), Text(str(found[field])))
    rows.add_row("next", _next(found))
    if found["last_at"] is not None:
        rows.add_row("last", moment(found["last_at"]))
    console().print(rows)
    return 0


def remove_command(address: str | None, name: str, *, as_json: bool) -> int:
    """Delete a schedule."""
    try:
        with client_of(address) as client:
            client.schedules.remove(name)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json({"removed": name})
    else:
        write(f"removed {name}\n")
    return 0


def _when(schedule: dict[str, Any]) -> str:
    return schedule["cron"] or f"events of {schedule['topic']}"


def _next(schedule: dict[str, Any]) -> str:
    if not schedule["enabled"]:
        return "off"
    if schedule["topic"]:
        return f"at events of {schedule['topic']}"
    return "never" if schedule["next_at"] is None else moment(schedule["next_at"])
