"""A run's timeline: which model calls overlapped, which shared a batch, and where the time went.

An outcome's ``events`` are dicts {"key", "model", "start", "end"}: one per model call, in seconds since the run's
start. Calls of one model that carry the same "batch", or else were answered at the same instant, shared a batch.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

Event = Mapping[str, Any]

MAX_ROWS = 24
"""A chart shows no more batches than this; it says how many it leaves out."""

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
"""One per model. Okabe and Ito's palette, told apart with any colour vision (https://jfly.uni-koeln.de/color/)."""


class Batch(NamedTuple):
    """Calls of one model that its engine computed together, from the first one's start to the last one's end."""

    model: str
    start: float
    end: float
    calls: tuple[tuple[float, float], ...]


def batches(events: Sequence[Event]) -> list[Batch]:
    """Group model calls into batches, the earliest first."""
    groups: dict[tuple[str, object], list[tuple[float, float]]] = {}
    for event in events:
        start, end = float(event["start"]), float(event["end"])
        together = event.get("batch")
        key = (str(event["model"]), round(end, 5) if together is None else ("batch", together))
        groups.setdefault(key, []).append((start, end))
    found = [
        Batch(model, min(s for s, _ in calls), max(e for _, e in calls), tuple(sorted(calls)))
        for (model, _), calls in groups.items()
    ]
    return sorted(found, key=lambda batch: (batch.start, batch.end, batch.model))


def most_at_once(events: Sequence[Event]) -> int:
    """Return the largest number of model calls in flight at the same time."""
    changes = sorted(change for event in events for change in ((float(event["start"]), 1), (float(event["end"]), -1)))
    current = most = 0
    for _, step in changes:
        current += step
        most = max(most, current)
    return most


def summary(events: Sequence[Event], usage: Mapping[str, Any]) -> list[str]:
    """Return what a run used as short sentences: model calls first, then fuel, memory and seconds."""
    lines = []
    calls = int(usage.get("model_calls") or len(events))
    if calls:
        groups = int(usage.get("model_batches") or len(batches(events)))
        lines.append(
            f"{calls} model call{_s(calls)} in {groups} batch{'es' * (groups != 1)}, "
            f"at most {most_at_once(events)} at once"
        )
    facts = [f"fuel {int(usage.get('fuel') or 0):,}", f"memory {_mebibytes(usage.get('memory_peak_bytes') or 0)}"]
    for name in ("queued", "computing", "waiting"):
        if usage.get(f"{name}_seconds") is not None:
            facts.append(f"{name} {float(usage[f'{name}_seconds']):.3f} s")
    lines.append(" · ".join(facts))
    return lines


def render_text(events: Sequence[Event], usage: Mapping[str, Any], width: int = 96) -> str:
    """Return the timeline as lines of text no wider than ``width``, without a final newline."""
    rows = batches(events)
    span = _span(rows, usage)
    name_width = max((len(_label(row)) for row in rows), default=0)
    chart = max(width - name_width - 22, 10)
    lines = [f"timeline, {span:.3f} s"]
    for row in rows[:MAX_ROWS]:
        bar = _bar(row.start / span, row.end / span, chart)
        lines.append(f"  {_label(row):<{name_width}} {bar} {row.start:7.3f}–{row.end:.3f} s")
    if len(rows) > MAX_ROWS:
        lines.append(f"  … and {len(rows) - MAX_ROWS} more batches")
    return "\n".join(lines + [f"  {line}" for line in summary(events, usage)])


def render_svg(events: Sequence[Event], usage: Mapping[str, Any], width: int = 720) -> str:
    """Return the timeline as an SVG picture: a bar per batch, and in it a line per call."""
    rows = batches(events)
    span, shown = _span(rows, usage), rows[:MAX_ROWS]
    colours = {model: COLOURS[i % len(COLOURS)] for i, model in enumerate(sorted({row.model for row in rows}))}
    left, right, height = 150, width - 84, 22
    notes = summary(events, usage)
    if len(rows) > MAX_ROWS:
        notes.insert(0, f"… and {len(rows) - MAX_ROWS} more batches")
    bottom = 28 + len(shown) * height
    parts = [_axis(span, left, right, bottom)] if shown else []
    parts += [_svg_row(row, 24 + i * height, span, left, right, colours[row.model]) for i, row in enumerate(shown)]
    below = bottom + (10 if shown else -10)
    parts += [f'<text x="10" y="{below + 16 * (i + 1)}">{escape(note)}</text>' for i, note in enumerate(notes)]
    tall = below + 16 * len(notes) + 14
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{tall}" viewBox="0 0 {width} {tall}" '
        f'role="img" font-family="ui-monospace, monospace" font-size="12" fill="#222">'
        f"<title>Timeline of a run: {escape('; '.join(summary(events, usage)))}</title>"
        f'<rect width="{width}" height="{tall}" rx="6" fill="#fff" stroke="#ccc"/>{"".join(parts)}</svg>'
    )


def _svg_row(row: Batch, top: float, span: float, left: float, right: float, colour: str) -> str:
    def at(seconds: float) -> float:
        return round(left + (right - left) * min(seconds / span, 1.0), 1)

    long = max(at(row.end) - at(row.start), 2)
    step = 14 / (min(len(row.calls), 7) + 1)
    lines = "".join(
        f'<line x1="{at(start)}" x2="{max(at(end), at(start) + 2)}" y1="{top + step * (i + 1):.1f}" '
        f'y2="{top + step * (i + 1):.1f}" stroke="{colour}" stroke-width="1.2"/>'
        for i, (start, end) in enumerate(row.calls[:7])
    )
    label = escape(_label(row) if len(_label(row)) < 20 else _label(row)[:18] + "…")
    return (
        f"<g><title>{escape(_label(row))}: {row.start:.3f} to {row.end:.3f} s</title>"
        f'<text x="10" y="{top + 12}">{label}</text>'
        f'<rect x="{at(row.start)}" y="{top}" width="{long:.1f}" height="14" rx="2" fill="{colour}" '
        f'fill-opacity="0.3"/>{lines}'
        f'<text x="{right + 8}" y="{top + 12}" fill="#666">{row.end - row.start:.3f} s</text></g>'
    )


def _axis(span: float, left: float, right: float, bottom: float) -> str:
    parts = []
    for quarter in range(5):
        x = left + (right - left) * quarter / 4
        parts.append(f'<line x1="{x}" x2="{x}" y1="18" y2="{bottom}" stroke="#e4e4e4"/>')
        anchor = "start" if quarter == 0 else "end" if quarter == 4 else "middle"
        text = f"{span * quarter / 4:.3g} s"
        parts.append(f'<text x="{x}" y="13" font-size="10" fill="#666" text-anchor="{anchor}">{text}</text>')
    return "".join(parts)


def _bar(start: float, end: float, width: int) -> str:
    """Return a bar from ``start`` to ``end``, both within 0..1, in a field of ``width`` characters."""
    first = min(int(start * width), width - 1)
    last = min(max(round(end * width), first + 1), width)
    return ("·" * first + "█" * (last - first)).ljust(width, "·")


def _label(row: Batch) -> str:
    return f"{row.model} ×{len(row.calls)}"


def _span(rows: Sequence[Batch], usage: Mapping[str, Any]) -> float:
    return max([float(usage.get("wall_seconds") or 0), *(row.end for row in rows), 1e-6])


def _mebibytes(count: float) -> str:
    return f"{count / (1 << 20):.1f} MiB"


def _s(count: int) -> str:
    return "" if count == 1 else "s"
