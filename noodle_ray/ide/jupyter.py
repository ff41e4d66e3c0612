"""The ``%%noodle`` cell magic: ``%load_ext noodle_ray.ide.jupyter``.

::

    %%noodle [--tier TIER] [--address URL] [--entry NAME] [--limit NAME=N] [--no-timeline] [name=value ...]

runs the cell as a program: on the platform at the address, or the one that ``noodle_ray.connect`` connected, or
in a sandbox worker of this machine. ``name=value`` are arguments of its ``main``: JSON, or the text itself; IPython
puts a notebook variable in place of ``{variable}``. The cell's value is the program's result.
"""

import argparse
import json
import shlex
import sys
from typing import Any, NoReturn

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import HTML, display

from noodle_ray.cli.run import TIERS, parse_limits
from noodle_ray.client import loop
from noodle_ray.client.backends import Backend, Call, RemoteBackend
from noodle_ray.client.connection import backend
from noodle_ray.client.http import AsyncClient
from noodle_ray.client.runs import Run
from noodle_ray.errors import CompileError, NoodleError, UsageError

CELL = "<cell>"
"""What a program in a cell is called in messages."""


class CellFailed(Exception):
    """A cell's program could not be compiled or failed. IPython shows ``text`` and no traceback of Noodle's own."""

    def __init__(self, text: str, cause: NoodleError | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.cause = cause

    def _render_traceback_(self) -> list[str]:
        return self.text.splitlines()


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magic."""
    shell.register_magic_function(noodle, magic_kind="cell", magic_name="noodle")


def noodle(line: str, cell: str) -> Any:
    """Run a cell as a program; show what it printed and its timeline; return its result. Raises CellFailed."""
    try:
        options = _parse(line)
        run = _run(cell, options)
    except CompileError as error:
        raise CellFailed(_pictures(error), error) from None
    except NoodleError as error:
        hint = f"\nhint: {error.hint}" if error.hint else ""
        raise CellFailed(f"{error.message} [{error.code}]{hint}", error) from None
    sys.stdout.write(run.stdout)
    sys.stdout.flush()
    if options.timeline:
        display(HTML(run.picture()), metadata={"noodle": {"usage": run.usage, "events": run.events}})
    if run.error is not None:
        raise CellFailed(run.traceback())
    return run.result


def _run(cell: str, options: argparse.Namespace) -> Run:
    from noodle_ray.core import nbc
    from noodle_ray.core.lang import compile_source

    encoded = nbc.encode(compile_source(cell, CELL))
    arguments = dict(_argument(text) for text in options.arguments)
    limits = parse_limits(options.limit)
    call = Call(nbc.digest(encoded), encoded, options.entry, [], arguments, limits, options.tier)
    outcome = loop.wait(_outcome(call, options.address))
    return Run.from_outcome(outcome, source=cell, filename=CELL)


async def _outcome(call: Call, address: str | None) -> dict[str, Any]:
    if address is None:
        where: Backend = backend()
        return await where.run(call)
    async with AsyncClient(address) as client:
        return await RemoteBackend(client).run(call)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"%%noodle: {message}", code="NOODLE-E0919", hint=self.format_usage().strip())


def _parse(line: str) -> argparse.Namespace:
    parser = _Parser(prog="%%noodle", add_help=False)
    parser.add_argument("--tier", choices=TIERS, default="auto")
    parser.add_argument("--address", metavar="URL")
    parser.add_argument("--entry", metavar="NAME")
    parser.add_argument("--limit", metavar="NAME=N", action="append", default=[])
    parser.add_argument("--no-timeline", dest="timeline", action="store_false")
    parser.add_argument("arguments", metavar="name=value", nargs="*")
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"%%noodle: {error}", code="NOODLE-E0919") from None
    return parser.parse_intermixed_args(words)


def _argument(text: str) -> tuple[str, Any]:
    """Read ``name=value``; a value is JSON, or else the text itself."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise UsageError(f"%%noodle takes name=value, not {text!r}", code="NOODLE-E0919")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        return name, value


def _pictures(error: CompileError) -> str:
    from noodle_ray.core.lang import render

    return "\n\n".join(render(found, error.source, error.filename) for found in error.diagnostics)
