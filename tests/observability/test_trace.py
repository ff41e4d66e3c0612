"""Trace context: the caller's trace is kept, anything malformed starts a new one."""

import pytest

from noodle_ray.observability.trace import trace_of

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_trace_is_the_callers_when_the_header_is_good() -> None:
    trace = trace_of(PARENT)
    assert trace.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert trace.span_id != "00f067aa0ba902b7"
    assert trace.header().endswith("-01")


def test_trace_accepts_a_later_version_with_more_fields() -> None:
    assert trace_of("01" + PARENT[2:] + "-extra").trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "-",
        "ff" + PARENT[2:],
        PARENT + "-extra",
        PARENT.upper(),
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-zz",
        "x" * 10_000,
    ],
)
def test_trace_is_new_when_the_header_is_not_good(header: str | None) -> None:
    trace = trace_of(header)
    assert len(trace.trace_id) == 32
    assert len(trace.span_id) == 16
    assert trace.trace_id != "4bf92f3577b34da6a3ce929d0e0e4736"
