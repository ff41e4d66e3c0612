"""What calls took: engines that count tokens are asked for them, and what callers get stays as it was.

An engine with a true ``tells_usage`` takes ``usage=True`` and answers an object of ``answer`` and ``tokens``, or
``prompt_tokens`` and ``completion_tokens``; a ModelError that it answers may have the same pair as ``tokens``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.base import Call, Engine
from noodle_ray.errors import ModelError

Outcome = tuple[bool, Any] | tuple[bool, Any, tuple[int, int]]
"""``(True, answer)`` or ``(False, (code, message))``, and the tokens of prompt and completion where they are known."""


def metered(engine: Engine, calls: Sequence[Call]) -> list[Call]:
    """The calls as the engine gets them."""
    if not getattr(engine, "tells_usage", False):
        return list(calls)
    return [
        (args, {**kwargs, "usage": True} if isinstance(kwargs.get("usage", False), bool) else kwargs)
        for args, kwargs in calls
    ]


def outcome_of(engine: Engine, call: Call, answer: Any) -> Outcome:
    """The outcome of a call that was sent as `metered` says, from the engine's answer or exception."""
    if isinstance(answer, ModelError):
        tokens = getattr(answer, "tokens", None)
        failure = (answer.code, answer.message)
        return (False, failure) if tokens is None else (False, failure, tokens)
    if isinstance(answer, BaseException):
        return False, (codes.ENGINE_FAILED, str(answer))
    if not getattr(engine, "tells_usage", False) or not isinstance(answer, Mapping):
        return True, answer
    tokens = answer.get("prompt_tokens", answer.get("tokens", 0)), answer.get("completion_tokens", 0)
    return True, answer if call[1].get("usage") else answer["answer"], tokens
