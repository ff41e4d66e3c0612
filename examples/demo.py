"""What `make demo` runs: a platform on this machine, the example program on it, and what the run did.

Run it from the repository's root: ``python -m examples.demo``.
"""

import sys
import time
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from noodle_ray.client.connection import Connection, connect
from noodle_ray.client.runs import Run
from noodle_ray.cluster import start_platform, stop_platform
from noodle_ray.cluster.environment import free_port
from noodle_ray.errors import NoodleError
from noodle_ray.observability.timeline import render_text

HERE = Path(__file__).resolve().parent
QUESTIONS = [
    "How long is raw sensor data from test buoys kept?",
    "What is the daily meal allowance abroad?",
    "Who keeps the list of retention periods?",
]

COUNTED = """_{name} = model("{model}")
{name}_calls = 0


def {name}(*args, **kwargs):
    global {name}_calls
    {name}_calls += 1
    return _{name}(*args, **kwargs)
"""


def program() -> str:
    """The source of the example program."""
    return (HERE / "ask_documents.noodle").read_text()


def documents() -> dict[str, str]:
    """The example documents: file name to text."""
    return {path.name: path.read_text() for path in sorted((HERE / "documents").glob("*.md"))}


def sequential(source: str) -> str:
    """The same program with its model calls counted in globals: the order of calls is now visible, so none overlap."""
    for name, model in (("embed", "minilm"), ("chat", "smollm2")):
        plain = f'{name} = model("{model}")\n'
        if plain not in source:
            raise ValueError(f"the program no longer has the line {plain!r}")
        source = source.replace(plain, COUNTED.format(name=name, model=model))
    return source


class Steps:
    """Says what is going on: a spinner on a terminal, else a line per step; then how long each took."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("")
        self._current = ""
        self._since = time.monotonic()

    def __call__(self, step: str) -> None:
        """Begin a step, which ends the one before it. '' only ends."""
        now = time.monotonic()
        if self._current:
            self._console.print(f"  {self._current:<42} {now - self._since:6.1f} s", style="dim")
        self._current, self._since = step, now
        if step and self._console.is_terminal:
            self._status.update(f"{step} …")
            self._status.start()
        else:
            self._status.stop()


def ask(connection: Connection, source: str) -> tuple[Run, float]:
    """One run of a program on the documents, and its seconds as this process saw them."""
    started = time.monotonic()
    run = connection.run(source, documents(), QUESTIONS)
    if run.error is not None:
        raise SystemExit(f"the program failed: {run.error['type']}: {run.error['message']}")
    return run, time.monotonic() - started


def show_answers(console: Console, run: Run) -> None:
    """Print every question with its answer and the passage that it rests on."""
    for found in run.result:
        text = Text.assemble((found["answer"], "bold"), "\n\n", (found["passage"], "dim"))
        console.print(Panel(text, title=found["question"], subtitle=found["document"], title_align="left"))


def main() -> int:
    """Exit status 0, or 3 when the platform could not be started."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=100)
    steps = Steps(console)
    try:
        console.print("[bold]Noodle[/bold]: starting a platform on this machine")
        state = start_platform(free_port(), progress=steps)
        steps("")
        with connect(state.url) as connection:
            steps(f"asking {len(QUESTIONS)} questions about {len(documents())} documents")
            run, seconds = ask(connection, program())
            steps("the same program, one call after the other")
            _, slow_seconds = ask(connection, sequential(program()))
            steps("")
        show_answers(console, run)
        console.print(render_text(run.events, run.usage, width=min(console.width, 100)), markup=False)
        calls = run.usage["model_calls"]
        console.print(
            f"\n{calls} model calls: {seconds:.1f} s as Noodle overlaps them, {slow_seconds:.1f} s "
            f"one after the other ({slow_seconds / seconds:.1f} times as long)"
        )
    except NoodleError as error:
        steps("")
        print(f"error[{error.code}]: {error.message}", file=sys.stderr)
        return 3
    finally:
        steps("shutting down")
        stop_platform()
        steps("")
    console.print("The platform is stopped. Next: [bold]make serve[/bold], or docs/quickstart.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
