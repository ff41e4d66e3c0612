"""Rich consoles for the commands that are not in a hurry."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from rich.console import Console
from rich.table import Table
from rich.text import Text


def console(*, stderr: bool = False) -> Console:
    """Return a console, which shows texts as they are; Rich honours NO_COLOR, and whether there is a terminal."""
    return Console(stderr=stderr, highlight=False, soft_wrap=True, markup=False, emoji=False)


def table(*columns: str) -> Table:
    """Return an empty table in this command's style."""
    made = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


@contextmanager
def steps(quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """Show what a long command is doing, on stderr: a spinner on a terminal, else a line per step."""
    out = console(stderr=True)
    if quiet:
        yield lambda message: None
    elif out.is_terminal:
        with out.status("") as status:
            yield lambda message: status.update(Text(message))
    else:
        yield lambda message: out.print(message)


class Progress:
    """Says on stderr how many of something are done: on a terminal all the time, else every ten seconds."""

    def __init__(self, done: str, quiet: bool = False) -> None:
        self._done = done
        self._quiet = quiet
        self._console = console(stderr=True)
        self._status = self._console.status("") if self._console.is_terminal and not quiet else None
        self._pause = 10.0 if self._status is None else 0.1
        self._told = time.monotonic()

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._status is not None:
            self._status.stop()

    def tell(self, count: int) -> None:
        """So many are done now."""
        now = time.monotonic()
        if self._quiet or now - self._told < self._pause:
            return
        self._told = now
        if self._status is not None:
            self._status.update(Text(f"{self._done} {count:,}"))
        else:
            self._console.print(f"{self._done} {count:,}")
