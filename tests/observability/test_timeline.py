"""Timelines: grouping into batches, overlap, the text chart and the picture."""

import xml.etree.ElementTree as ElementTree
from typing import Any

from noodle_ray.observability.timeline import MAX_ROWS, batches, most_at_once, render_svg, render_text, summary

USAGE = {
    "fuel": 12345,
    "memory_peak_bytes": 3 << 20,
    "model_calls": 3,
    "model_batches": 2,
    "wall_seconds": 2.0,
    "queued_seconds": 0.25,
    "computing_seconds": 0.5,
    "waiting_seconds": 1.25,
}
EVENTS = [
    {"key": "0.0/1", "model": "minilm", "start": 0.0, "end": 0.5},
    {"key": "0.1/1", "model": "minilm", "start": 0.1, "end": 0.5},
    {"key": "/2", "model": "smollm2", "start": 0.5, "end": 2.0},
]


def test_batches_group_calls_answered_at_the_same_instant() -> None:
    assert [(b.model, b.start, b.end, len(b.calls)) for b in batches(EVENTS)] == [
        ("minilm", 0.0, 0.5, 2),
        ("smollm2", 0.5, 2.0, 1),
    ]


def test_batches_follow_the_batch_id_when_events_have_one() -> None:
    events = [{**event, "batch": i} for i, event in enumerate(EVENTS)]
    assert len(batches(events)) == 3


def test_most_at_once_when_one_call_ends_as_another_starts() -> None:
    assert most_at_once(EVENTS) == 2
    assert most_at_once([]) == 0


def test_summary_names_calls_batches_fuel_memory_and_seconds() -> None:
    assert summary(EVENTS, USAGE) == [
        "3 model calls in 2 batches, at most 2 at once",
        "fuel 12,345 · memory 3.0 MiB · queued 0.250 s · computing 0.500 s · waiting 1.250 s",
    ]


def test_render_text_draws_one_bar_per_batch() -> None:
    assert render_text(EVENTS, USAGE, width=44).splitlines() == [
        "timeline, 2.000 s",
        "  minilm ×2  ███·········   0.000–0.500 s",
        "  smollm2 ×1 ···█████████   0.500–2.000 s",
        "  3 model calls in 2 batches, at most 2 at once",
        "  fuel 12,345 · memory 3.0 MiB · queued 0.250 s · computing 0.500 s · waiting 1.250 s",
    ]


def test_render_text_when_nothing_was_asked_of_a_model() -> None:
    usage = {"fuel": 3, "memory_peak_bytes": 0, "wall_seconds": 0.0}
    assert render_text([], usage) == "timeline, 0.000 s\n  fuel 3 · memory 0.0 MiB"


def test_render_text_says_what_it_leaves_out_when_there_are_many_batches() -> None:
    events = [{"key": str(i), "model": "m", "start": i, "end": i + 1} for i in range(MAX_ROWS + 6)]
    assert "… and 6 more batches" in render_text(events, {})


def _texts(svg: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_render_svg_is_wellformed_and_labels_each_batch() -> None:
    texts = _texts(render_svg(EVENTS, USAGE))
    assert {"minilm ×2", "smollm2 ×1", "1.500 s"} <= set(texts)


def test_render_svg_escapes_model_names_when_they_hold_markup() -> None:
    event: dict[str, Any] = {"key": "", "model": "</text><script>", "start": 0, "end": 1}
    svg = render_svg([event], {})
    assert "<script" not in svg
    assert "</text><script> ×1" in _texts(svg)


def test_render_svg_when_there_are_no_events() -> None:
    assert _texts(render_svg([], {"fuel": 3})) == ["fuel 3 · memory 0.0 MiB"]
