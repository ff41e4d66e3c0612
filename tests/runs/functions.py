"""Python functions that tests register as tools. What they did is in `CALLS`."""

import threading
import time
from typing import Any

CALLS: list[tuple[Any, ...]] = []
GATE = threading.Event()
FAILURES: list[Exception] = []


def note(text: str, idempotency_key: str = "") -> int:
    """Write a text down; returns how many there are."""
    CALLS.append((text, idempotency_key))
    if FAILURES:
        raise FAILURES.pop(0)
    return len(CALLS)


def number(text: str) -> str:
    """Write a text down; returns how many there are, and its end."""
    CALLS.append((text,))
    return f"{len(CALLS)}{text[-2:]}"


def held(text: str, idempotency_key: str) -> str:
    """Do something at once, and answer when the test says so."""
    CALLS.append((text, idempotency_key))
    GATE.wait(20)
    return text


async def slow(seconds: float) -> None:
    """Take a time."""
    time.monotonic()
    import asyncio

    await asyncio.sleep(seconds)


def odd(kind: str) -> object:
    """Give something that is no JSON data."""
    return {"object": object(), "set": {1}, "large": "x" * 2000, "tuple": (1, "a")}[kind]


not_a_function = 7
