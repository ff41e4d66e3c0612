"""`make bench`: everything the platform promises to be fast at, beside its yardstick, in one table.

Usage: ``python -m benchmarks.run [--only NAME,...] [--write]``; names are startup, compiling, sandbox, workers, tiers,
native, arrays, metering, rivals, limits, overlap, waiting, durability, loading, http, embedding, fanout, served,
serving, many, chatting. ``--write`` also writes docs/benchmarks.md.
"""

import argparse
import os
import platform
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Row
from noodle_ray.cluster import start_platform, stop_platform
from noodle_ray.cluster.environment import free_port

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
ALONE = [
    "startup",
    "compiling",
    "sandbox",
    "workers",
    "tiers",
    "native",
    "arrays",
    "metering",
    "rivals",
    "limits",
    "overlap",
    "waiting",
    "durability",
    "loading",
]
ON_PLATFORM = ["http", "embedding", "fanout", "served", "serving", "many", "chatting"]

INTRODUCTION = """\
# Benchmarks

What `make bench` prints, written by `python -m benchmarks.run --write`. Both sides of a row are measured in the
same run, in alternating rounds after a warm-up; figures are medians over rounds, and the ratio is the median of the
rounds' ratios. Compare ratios, not figures: those depend on the machine.
"""


def measure(names: list[str], console: Console) -> list[Row]:
    """The rows of the named benchmarks, in their order."""
    found: list[Row] = []
    for name in [name for name in ALONE if name in names]:
        console.print(f"measuring {name} …", style="dim")
        found += _rows_of(name)()
    on_platform = [name for name in ON_PLATFORM if name in names]
    if on_platform:
        os.environ.setdefault("NOODLE_MAX_WAITING_RUNS", "1024")  # `many` starts a thousand at once
        console.print("starting a platform …", style="dim")
        state = start_platform(free_port(), progress=lambda stage: console.print(f"  {stage}", style="dim"))
        try:
            for name in on_platform:
                console.print(f"measuring {name} …", style="dim")
                found += _rows_of(name)(state)
        finally:
            stop_platform()
    return found


def _rows_of(name: str) -> Callable[..., list[Row]]:
    from importlib import import_module

    rows: Callable[..., list[Row]] = import_module(f"benchmarks.{name}").rows
    return rows


def machine() -> str:
    """What the figures were measured on, in a line."""
    cpu = next(
        (line.split(":")[1].strip() for line in _read("/proc/cpuinfo").splitlines() if line.startswith("model name")),
        platform.machine(),
    )
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("ray", "onnxruntime", "pydantic-monty", "starlark-pyo3")
    )
    return f"{os.cpu_count()} cores, {cpu}; {platform.system()}; Python {platform.python_version()}; {packages}."


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def markdown(rows: list[Row]) -> str:
    """The table as a document."""
    lines = ["| what | Noodle | yardstick | ratio | goal | |", "|---|---|---|---|---|---|"]
    lines += [f"| {r.name} | {r.ours} | {r.yardstick} | {r.ratio:.2f} | {r.goal} | {r.verdict} |" for r in rows]
    return f"{INTRODUCTION}\nMeasured on {machine()}\n\n" + "\n".join(lines) + "\n"


def table(rows: list[Row]) -> Table:
    """The table for a terminal."""
    shown = Table("what", "Noodle", "yardstick", "ratio", "goal", "")
    for row in rows:
        style = {"met": "green", "not met": "red"}.get(row.verdict, "")
        shown.add_row(row.name.replace("`", ""), row.ours, row.yardstick, f"{row.ratio:.2f}", row.goal, row.verdict)
        shown.rows[-1].style = style
    return shown


def main() -> int:
    """Exit status 0 also when goals are missed: the table says so, and a busy machine is not a defect."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join([*ALONE, *ON_PLATFORM]), metavar="NAME,...")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    names = options.only.split(",")
    unknown = sorted(set(names) - {*ALONE, *ON_PLATFORM})
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    rows = measure(names, Console(stderr=True, highlight=False))
    console.print(table(rows))
    if options.write:
        DOCUMENT.write_text(markdown(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
