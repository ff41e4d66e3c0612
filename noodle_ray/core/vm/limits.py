"""What bounds a run, and the exception that ends one that went over."""

from noodle_ray.light import Final, NamedTuple


class Limits(NamedTuple):
    """Bounds of one run.

    ``fuel`` in units of `core.nbc.costs`; ``memory`` in bytes above the idle worker; ``deadline`` in seconds of
    wall time; ``recursion`` in nested calls of the program's own functions; ``output`` in characters printed.
    """

    fuel: int = 5_000_000_000
    memory: int = 268_435_456
    deadline: float = 30.0
    recursion: int = 1000
    output: int = 1_048_576


CODES: Final = {
    "fuel": "NOODLE-E0401",
    "memory": "NOODLE-E0402",
    "deadline": "NOODLE-E0403",
    "recursion": "NOODLE-E0404",
    "output": "NOODLE-E0405",
    "budget": "NOODLE-E0522",
    "allowance": "NOODLE-E0524",
}
"""The error code of each kind of limit."""

MESSAGES: Final = {
    "fuel": "the program used up its fuel; raise --limit fuel or do less work",
    "memory": "the program needs more memory than its limit; raise --limit memory or hold less data",
    "deadline": "the program ran past its deadline; raise --limit deadline or do less work",
    "recursion": "the program's calls nest too deeply; use a loop instead of recursion",
    "output": "the program printed more than its output limit; print less",
    "budget": "the run used up its budget of model calls, tool calls, tokens or cost; raise it or ask less",
    "allowance": "what the tenant may spend in this time is used up; nothing more was asked or computed",
}
"""What to tell the user for each kind of limit."""


ENDING: Final = {CODES[kind]: kind for kind in ("budget", "allowance")}
"""Codes of answers that end the run instead of failing in it: whoever answers watches these limits."""


class LimitExceeded(BaseException):
    """A limit tripped. Not an Exception, and never matched by a program's handlers; ``kind`` is a key of CODES."""

    def __init__(self, kind: str) -> None:
        super().__init__(MESSAGES[kind])
        self.kind = kind


class FuelExhausted(LimitExceeded):
    """The fuel limit tripped."""

    def __init__(self) -> None:
        super().__init__("fuel")
