"""``noodle profile``: where a program spends its time and fuel, and what holds its memory."""

import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from noodle_ray.cli.files import load_program
from noodle_ray.cli.output import exit_status, report, write
from noodle_ray.cli.run import parse_args, parse_limits, run_with_models, show_outcome
from noodle_ray.core.nbc import digest
from noodle_ray.core.runs.continuation import Journal
from noodle_ray.core.sandbox.local import LocalWorker
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.errors import NoodleError, UsageError

_LINES: Final = 20
"""Lines shown of each table."""


class Spent(NamedTuple):
    """What a function or line took: ``own`` seconds in itself, ``total`` with what it called, and its own fuel."""

    where: str
    line: int
    own: float
    total: float
    fuel: int


def profile_file(
    file: str,
    *,
    entry: str | None = None,
    args: str | None = None,
    limits: list[str],
    memory: bool = False,
    output: str | None = None,
    as_json: bool = False,
) -> int:
    """Run a program under the profiler, print its tables after its output, and return the exit status of the run."""
    try:
        positional, keywords = parse_args(args)
        bounds = parse_limits(limits)
        program = load_program(file)
        kind = "memory" if memory else "time"
        request = RunRequest(
            program.nbc, digest(program.nbc), entry, positional, keywords, bounds, "python", profile=kind
        )
        with LocalWorker() as worker:
            models = program.module.models
            outcome = run_with_models(worker, request, models, Journal()) if models else worker.run(request)
        profile: dict[str, Any] = outcome.get("profile") or {"interval": 0.0, "stacks": [], "memory": []}  # type: ignore[assignment]
        if output is not None:
            _save(output, profile, program.filename)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write(json.dumps({"usage": outcome["usage"], "error": outcome["error"], **summary(profile)}) + "\n")
        failure = outcome["error"]
        return exit_status(failure["code"]) if isinstance(failure, dict) else 0
    status = show_outcome(outcome, program, as_json=False)
    sys.stdout.flush()
    write("\n" + tables(profile, outcome["usage"], (program.source or "").splitlines()), sys.stderr)  # type: ignore[arg-type]
    return status


def summary(profile: dict[str, Any]) -> dict[str, Any]:
    """The profile as ``--json`` shows it: functions and lines by own time, allocating lines by size."""
    return {
        "samples": sum(samples for _, samples, _, _ in profile["stacks"]),
        "functions": [spent._asdict() for spent in by_function(profile)],
        "lines": [spent._asdict() for spent in by_line(profile)],
        "memory": [{"line": line, "bytes": size, "blocks": count} for line, size, count in _held(profile)],
    }


def by_function(profile: dict[str, Any]) -> list[Spent]:
    """What each function took, the slowest in itself first."""
    return _spent(profile, lambda place: (place[0], place[1]))


def by_line(profile: dict[str, Any]) -> list[Spent]:
    """What each line took, the slowest in itself first."""
    return _spent(profile, lambda place: (place[0], place[2]))


def _spent(profile: dict[str, Any], key: Any) -> list[Spent]:
    own: dict[Any, float] = defaultdict(float)
    total: dict[Any, float] = defaultdict(float)
    fuel: dict[Any, int] = defaultdict(int)
    for stack, _, seconds, used in profile["stacks"]:
        keys = [key(place) for place in stack]
        own[keys[-1]] += seconds
        fuel[keys[-1]] += used
        for each in set(keys):  # a recursive function counts once
            total[each] += seconds
    found = [Spent(name, line, own[name, line], total[name, line], fuel[name, line]) for name, line in total]
    return sorted(found, key=lambda spent: (-spent.own, -spent.total, spent.line))


def tables(profile: dict[str, Any], usage: dict[str, Any], source: list[str]) -> str:
    """The profile as text: functions, then lines with their source, then lines that hold memory."""
    samples = sum(count for _, count, _, _ in profile["stacks"])
    peak, current = usage["memory_peak_bytes"] / (1 << 20), sum(size for _, size, _ in profile["memory"]) / (1 << 20)
    parts = [
        f"{usage['wall_seconds']:.3f} s, {usage['fuel']:,} fuel, {peak:.1f} MiB at most; {samples} samples, "
        f"one per {profile['interval'] * 1000:g} ms\n"
    ]
    seconds = sum(spent.own for spent in by_function(profile)) or 1.0
    fuel = sum(spent.fuel for spent in by_function(profile)) or 1
    parts.append(f"\n{'own':>7} {'total':>7} {'fuel':>7}  function\n")
    for spent in by_function(profile)[:_LINES]:
        parts.append(f"{_shares(spent, seconds, fuel)}  {spent.where} (line {spent.line})\n")
    parts.append(f"\n{'own':>7} {'total':>7} {'fuel':>7}  line\n")
    for spent in by_line(profile)[:_LINES]:
        parts.append(f"{_shares(spent, seconds, fuel)}  {_source(source, spent.line)}\n")
    if profile["memory"]:
        parts.append(f"\n{current:.1f} MiB held by the program when it held the most\n{'MiB':>7} {'blocks':>9}  line\n")
        for line, size, count in _held(profile)[:_LINES]:
            parts.append(f"{size / (1 << 20):7.2f} {count:>9,}  {_source(source, line)}\n")
    return "".join(parts)


def _shares(spent: Spent, seconds: float, fuel: int) -> str:
    return f"{spent.own / seconds:7.1%} {spent.total / seconds:7.1%} {spent.fuel / fuel:7.1%}"


def _source(source: list[str], line: int) -> str:
    text = source[line - 1].strip() if 0 < line <= len(source) else ""
    return f"{line:>5}  {text[:80]}"


def _held(profile: dict[str, Any]) -> list[list[int]]:
    return sorted(profile["memory"], key=lambda held: -held[1])


def speedscope(profile: dict[str, Any], filename: str) -> dict[str, Any]:
    """The profile in speedscope's file format (https://www.speedscope.app/file-format-schema.json), which Perfetto
    opens too: one sampled profile in seconds, one in fuel."""
    frames: dict[tuple[str, int], int] = {}
    samples: list[list[int]] = []
    for stack, *_ in profile["stacks"]:
        samples.append([frames.setdefault((name, line), len(frames)) for name, _, line in stack])
    shared = [{"name": name, "file": filename, "line": line} for name, line in frames]
    weights = [(seconds, used) for _, _, seconds, used in profile["stacks"]]
    return {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "exporter": "noodle",
        "name": filename,
        "activeProfileIndex": 0,
        "shared": {"frames": shared},
        "profiles": [
            _sampled("time", "seconds", samples, [seconds for seconds, _ in weights]),
            _sampled("fuel", "none", samples, [float(used) for _, used in weights]),
        ],
    }


def _sampled(name: str, unit: str, samples: list[list[int]], weights: Iterable[float]) -> dict[str, Any]:
    weights = list(weights)
    return {
        "type": "sampled",
        "name": name,
        "unit": unit,
        "startValue": 0,
        "endValue": sum(weights),
        "samples": samples,
        "weights": weights,
    }


def _save(output: str, profile: dict[str, Any], filename: str) -> None:
    try:
        with open(output, "w", encoding="utf-8") as file:
            json.dump(speedscope(profile, filename), file)
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror}", code="NOODLE-E0902") from None
