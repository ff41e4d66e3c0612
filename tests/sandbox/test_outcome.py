"""Outcomes on their way from a worker: what is one arrives unchanged, and what is none is refused."""

from typing import Any, Final

import pytest

from noodle_ray.core.sandbox import outcome
from noodle_ray.core.sandbox.messages import CODEC, Done, Progress, read
from noodle_ray.core.sandbox.wire import WireError

USAGE: Final = {**outcome.USAGE, "fuel": 7, "wall_seconds": 0.25}
PLAIN: Final[outcome.Outcome] = {
    "result": [1, {"a": (2,)}],
    "stdout": "hello",
    "error": None,
    "usage": USAGE,
    "tier": "python",
    "events": [{"key": "/1", "model": "m", "start": 0.0, "end": 1.0}],
}
FAILED: Final[outcome.Outcome] = {
    **PLAIN,
    "error": {"code": "C", "type": "T", "message": "m", "traceback": [{"line": 1, "column": 0, "function": "f"}]},
}
MORE: Final[outcome.Outcome] = {
    **PLAIN,
    "readings": {"w": [1.5], "m1": [2]},
    "profile": {"interval": 0.1, "stacks": [[[["f", 1, 0]], 1, 0.5, 3]], "memory": [[1, 2, 3]]},
}


@pytest.mark.parametrize("sent", [PLAIN, FAILED, MORE, {**PLAIN, "readings": None}])
def test_outcome_arrives_unchanged(sent: outcome.Outcome) -> None:
    arrived = read(CODEC.pack(["done", 3, True, outcome.to_parts(sent)]), 3)
    assert arrived == Done(sent, True)


def test_progress_arrives_unchanged() -> None:
    assert read(CODEC.pack(["progress", 3, outcome.amounts({**USAGE}), "text"]), 3) == Progress({**USAGE}, "text")


def changed(position: int, value: object, sent: outcome.Outcome = PLAIN) -> list[object]:
    """An outcome's parts, one of them replaced."""
    parts = outcome.to_parts(sent)
    parts[position] = value
    return parts


FRAME: Final[dict[str, Any]] = {"line": 1, "column": 0, "function": "f"}
ERROR: Final[dict[str, Any]] = {"code": "C", "type": "T", "message": "m", "traceback": [FRAME]}


@pytest.mark.parametrize(
    "parts",
    [
        None,
        {},
        [],
        outcome.to_parts(PLAIN)[:-1],
        [*outcome.to_parts(PLAIN), None],
        changed(1, b"text"),
        changed(1, None),
        changed(2, "error"),
        changed(2, {**ERROR, "code": 1}),
        changed(2, {**ERROR, "more": 1}),
        changed(2, {**ERROR, "traceback": [{**FRAME, "line": "1"}]}),
        changed(3, {**USAGE}),
        changed(3, [0] * 7),
        changed(3, [0] * 9),
        changed(3, [*[0] * 7, -1]),
        changed(3, [*[0] * 7, True]),
        changed(3, [*[0] * 7, 1 << 63]),
        changed(3, [*[0] * 7, float("nan")]),
        changed(3, [*[0] * 7, float("inf")]),
        changed(3, [*[0] * 7, "0"]),
        changed(4, None),
        changed(5, None),
        changed(5, ["event"]),
        changed(6, []),
        changed(6, {"other": 1}),
        changed(6, {"result": 1}),
        changed(6, {"readings": {"x": [1]}}),
        changed(6, {"readings": [1]}),
        changed(6, {"profile": {}}),
    ],
)
def test_outcome_is_refused_when_a_part_is_wrong(parts: object) -> None:
    with pytest.raises(WireError):
        read(CODEC.pack(["done", 3, False, parts]), 3)


@pytest.mark.parametrize(
    "message",
    [
        ["done", 4, False, outcome.to_parts(PLAIN)],
        ["done", 3, 0, outcome.to_parts(PLAIN)],
        ["done", 3, outcome.to_parts(PLAIN), False],
        ["done", 3, False],
        ["done"],
        ["progress", 3, {**USAGE}, ""],
        ["progress", 4, outcome.amounts({**USAGE}), ""],
        ["progress", 3, outcome.amounts({**USAGE}), b""],
        "done",
        [],
        None,
    ],
)
def test_message_is_refused_when_it_is_not_of_this_run_or_of_another_shape(message: object) -> None:
    with pytest.raises(WireError):
        read(CODEC.pack(message), 3)
