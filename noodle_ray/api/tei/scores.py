"""Scores and vectors as Text Embeddings Inference gives them, from what models here answer."""

import math
from typing import Any

from noodle_ray.core.vm.values import to_json

_LEAST = 2.0**-149
"""The smallest positive float32: what is below has come out as 0."""
_MOST = 1 - 2.0**-24
"""The largest float32 below 1."""


def logit(score: float) -> float:
    """The score before the sigmoid. A float32 near 1 has few digits left of it, and 1 itself is taken as just below."""
    score = min(max(score, _LEAST), _MOST)
    return math.log(score / (1 - score))


def predictions(scores: dict[str, float], raw: bool) -> list[dict[str, Any]]:
    """Labels, the likeliest first. Raw scores are logarithms: the logits, less what they have in common."""
    ordered = sorted(scores.items(), key=lambda item: -item[1])
    return [{"label": label, "score": math.log(max(score, _LEAST)) if raw else score} for label, score in ordered]


def ranks(scores: list[float], texts: list[str] | None, raw: bool) -> list[dict[str, Any]]:
    """Places of texts, the best first, with the ``texts`` themselves if they are wanted."""
    order = sorted(range(len(scores)), key=lambda index: -scores[index])
    return [
        {"index": index, "score": logit(scores[index]) if raw else scores[index]}
        | ({} if texts is None else {"text": texts[index]})
        for index in order
    ]


def vector(value: Any, dimensions: int | None, unit: bool) -> list[float]:
    """A model's vector as numbers, of so many ``dimensions``, and of length 1 if ``unit``."""
    numbers: list[float] = to_json(value)[:dimensions]
    if not unit:
        return numbers
    length = math.sqrt(math.fsum(number * number for number in numbers))
    return [number / length for number in numbers] if length and abs(length - 1) > 1e-6 else numbers
