"""W3C Trace Context: which trace a request belongs to (https://www.w3.org/TR/trace-context/).

Ray's own tracing hook breaks Serve, so the header is read and answered here, with OpenTelemetry's propagator.
"""

from typing import NamedTuple

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import format_span_id, format_trace_id, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_ids = RandomIdGenerator()
_propagator = TraceContextTextMapPropagator()


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
    span_id = format_span_id(_ids.generate_span_id())
    if traceparent is not None:
        parent = get_current_span(_propagator.extract({"traceparent": traceparent})).get_span_context()
        if parent.is_valid:
            return Trace(format_trace_id(parent.trace_id), span_id, parent.trace_flags.sampled)
    return Trace(format_trace_id(_ids.generate_trace_id()), span_id, False)
