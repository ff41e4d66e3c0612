"""``noodle tools``: what programs may do to the world on a platform."""

import json
from typing import Any

from noodle_ray.cli.console import console, table
from noodle_ray.cli.output import report, write, write_json
from noodle_ray.cli.run import parse_args
from noodle_ray.cli.runs import client_of
from noodle_ray.errors import NoodleError


def list_command(address: str | None, *, as_json: bool) -> int:
    """List the tools that programs may call."""
    try:
        with client_of(address) as client:
            found = client.toolbox.list()
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json({"tools": found})
        return 0
    from rich.text import Text

    rows = table("name", "signature", "description")
    for one in found:
        rows.add_row(*map(Text, (one["name"], one["signature"], one["description"])))
    console().print(rows)
    return 0


def show_command(address: str | None, name: str, *, as_json: bool) -> int:
    """Show what a tool takes."""
    try:
        with client_of(address) as client:
            found = client.toolbox.get(name)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json(found)
        return 0
    write(f"{found['signature']}\n")
    if found["description"]:
        write(f"{found['description']}\n")
    if found["parameters"] is not None:
        write(f"{json.dumps(found['parameters'], indent=2, ensure_ascii=False)}\n")
    return 0


def call_command(address: str | None, name: str, args: str | None, *, as_json: bool) -> int:
    """Call a tool, and print what it gives."""
    try:
        positional, keywords = parse_args(args)
        with client_of(address) as client:
            result: Any = client.toolbox.call(name, positional, keywords)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json({"name": name, "result": result})
    elif result is not None:
        write(f"{result}\n")
    return 0


def check_command(address: str | None, name: str, args: str | None, *, as_json: bool) -> int:
    """Say whether a tool takes these arguments."""
    try:
        positional, keywords = parse_args(args)
        with client_of(address) as client:
            client.toolbox.check(name, positional, keywords)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json({"name": name, "ok": True})
    else:
        write(f"{name} takes these arguments\n")
    return 0
