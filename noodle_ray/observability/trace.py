"""W3C Trace Context, level 1: which trace a request belongs to (https://www.w3.org/TR/trace-context/).

Ray's own tracing hook breaks Serve, so the header is read and answered here.
"""

import random
from typing import NamedTuple

_HEX = frozenset("0123456789abcdef")


class Trace(NamedTuple):
    """A request's place in a trace: 32 and 16 lower-case hex digits, and whether the caller samples it."""

    trace_id: str
    span_id: str
    sampled: bool

    def header(self) -> str:
        """The value of a ``traceparent`` header that names this span as the parent."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


def trace_of(traceparent: str | None) -> Trace:
    """Return a new span in the caller's trace, or in a new trace if the header is absent or malformed."""
    span_id = f"{random.getrandbits(64) or 1:016x}"
    if traceparent is not None and (parent := _parse(traceparent)) is not None:
        return Trace(parent[0], span_id, parent[1])
    return Trace(f"{random.getrandbits(128) or 1:032x}", span_id, False)


def _parse(traceparent: str) -> tuple[str, bool] | None:
    """Return (trace id, sampled), or None where the specification says to ignore the header."""
    parts = traceparent.strip().split("-")
    if len(parts) < 4 or (parts[0] == "00" and len(parts) != 4):
        return None
    version, trace_id, span_id, flags = parts[:4]
    if version == "ff" or not (_is_hex(version, 2) and _is_hex(flags, 2)):
        return None
    if not (_is_hex(trace_id, 32) and _is_hex(span_id, 16)) or set(trace_id) == {"0"} or set(span_id) == {"0"}:
        return None
    return trace_id, bool(int(flags, 16) & 1)


def _is_hex(text: str, length: int) -> bool:
    return len(text) == length and _HEX.issuperset(text)
