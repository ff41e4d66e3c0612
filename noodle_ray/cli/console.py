"""Rich consoles for the commands that are not in a hurry."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table


def console(*, stderr: bool = False) -> Console:
    """Return a console; Rich honours NO_COLOR and whether there is a terminal by itself."""
    return Console(stderr=stderr, highlight=False, soft_wrap=True)


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
            yield lambda message: status.update(message)
    else:
        yield lambda message: out.print(message, markup=False)
