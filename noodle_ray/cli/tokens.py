"""``noodle tokens``: which tenants a platform lets in. Works on the file, with or without a platform that runs."""

import json
import time
from pathlib import Path

from noodle_ray.cli.console import console, table
from noodle_ray.cli.output import report, write, write_json
from noodle_ray.errors import NoodleError
from noodle_ray.security.tenants import (
    Entry,
    add_entry,
    entry_object,
    new_token,
    read_entries,
    remove_entries,
    tokens_file,
)


def new_command(tenant: str, note: str, file: str | None, *, only_print: bool, as_json: bool) -> int:
    """Make a token, keep its digest, and print it: nobody can show it again."""
    try:
        token, entry = new_token(tenant, note)
        if not only_print:
            add_entry(_file(file), entry)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        kept = None if only_print else str(_file(file))
        write_json({"tenant": tenant, "id": entry.id, "token": token, "entry": entry_object(entry), "file": kept})
        return 0
    write(f"{token}\n")
    if only_print:
        write(f"{json.dumps({tenant: [entry_object(entry)]})}\n")
    return 0


def list_command(file: str | None, *, as_json: bool) -> int:
    """List tenants and the ids of their tokens."""
    try:
        entries = read_entries(_file(file))
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json({"tokens": [_shown(entry) for entry in entries]})
        return 0
    from rich.text import Text

    rows = table("tenant", "id", "created", "note")
    for entry in entries:
        made = "" if entry.created is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.created))
        rows.add_row(*map(Text, (entry.tenant, entry.id, made, entry.note)))
    console().print(rows)
    return 0


def revoke_command(named: str, file: str | None, *, as_json: bool) -> int:
    """Let a token, or all of a tenant, in no more."""
    try:
        gone = remove_entries(_file(file), named)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json({"revoked": [_shown(entry) for entry in gone]})
        return 0
    for entry in gone:
        write(f"revoked {entry.id} of {entry.tenant}\n")
    return 0


def _file(given: str | None) -> Path:
    if given is not None:
        return Path(given)
    from deployments.config import load_config

    return tokens_file(load_config().args.resolved_settings().tokens)


def _shown(entry: Entry) -> dict[str, object]:
    return {"tenant": entry.tenant, "id": entry.id, "created": entry.created, "note": entry.note}
