"""A module of the user's, as the driver meets it: helpers that programs of other modules use."""

FACTOR = 3
LIMIT = "high"


def scale(value: int) -> int:
    return value * FACTOR


def limit() -> str:
    return LIMIT
