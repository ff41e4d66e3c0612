"""A finished run, as the driver sees it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from noodle_ray.client.failures import error_for
from noodle_ray.errors import UsageError
from noodle_ray.observability.tracebacks import traceback_text

Locate = Callable[[int, int], Any]
"""From a position in the program's source to its `noodle_ray.client.sources.Place` in the user's files."""


@dataclass(frozen=True)
class Run:
    """One execution of a program.

    ``error`` is None or has code, type, message and traceback (frames with line, column, function; outermost
    first). ``usage`` has fuel, memory_peak_bytes, model_calls, model_batches, wall_seconds, computing_seconds and
    waiting_seconds; ``events`` has one entry per model call. ``trace_id`` is '' for a run on this machine.
    ``continuation`` is what `resume` needs, if it was fuel that ended the run.
    """

    result: Any
    stdout: str
    error: dict[str, Any] | None
    usage: dict[str, Any]
    tier: str
    events: list[dict[str, Any]]
    trace_id: str = ""
    source: str | None = None
    filename: str = "<noodle>"
    continuation: str | None = None
    locate: Locate | None = field(default=None, repr=False, compare=False)

    @classmethod
    def from_outcome(
        cls,
        outcome: dict[str, Any],
        *,
        source: str | None = None,
        filename: str = "<noodle>",
        locate: Locate | None = None,
    ) -> Self:
        """Make a run of an outcome; ``locate`` leads its traceback back to the user's files."""
        error = outcome["error"]
        if error is not None and locate is not None:
            error = {**error, "traceback": [_located(frame, locate) for frame in error["traceback"]]}
        return cls(
            outcome["result"],
            outcome["stdout"],
            error,
            outcome["usage"],
            outcome["tier"],
            list(outcome["events"]),
            str(outcome.get("trace_id") or ""),
            source,
            filename,
            outcome.get("continuation"),
            locate,
        )

    def value(self) -> Any:
        """Return the result, or raise what ended the run: RunError, LimitError or PlatformError.

        The exception has ``type`` (the program's exception class), ``run``, and the program's traceback as a note.
        """
        if self.error is None:
            return self.result
        kind, message = self.error["type"], self.error["message"]
        text = f"{kind}: {message}" if message else str(kind)
        error = error_for(self.error["code"], text)
        error.type, error.run = kind, self  # type: ignore[attr-defined]
        error.add_note(f"In the program:\n\n{self.traceback()}")
        raise error

    def resume(self, fuel: int | None = None) -> "Run":
        """Go on with a run that fuel ended, with so much on top of what it had, by default as much again.

        No model is asked again what it has answered. The run returned is as if it had had the fuel from the start.
        Raises UsageError E0920 for a run that cannot be continued.
        """
        if self.continuation is None:
            raise UsageError("only a run that fuel ended can be resumed", code="NOODLE-E0920")
        from noodle_ray.client import loop
        from noodle_ray.client.connection import backend

        outcome = loop.wait(backend().resume(self.continuation, fuel))
        return Run.from_outcome(outcome, source=self.source, filename=self.filename, locate=self.locate)

    def traceback(self) -> str:
        """Return what ended the run as Python would show it; '' if nothing did."""
        if self.error is None:
            return ""
        return traceback_text(self.error, self.source, self.filename).rstrip("\n")

    def timeline(self) -> str:
        """Return the timeline as text."""
        from noodle_ray.observability.timeline import render_text

        return render_text(self.events, self.usage)

    def picture(self) -> str:
        """Return the timeline as SVG."""
        from noodle_ray.observability.timeline import render_svg

        return render_svg(self.events, self.usage)

    def _repr_html_(self) -> str:
        from html import escape

        shown = self.traceback() if self.error else repr(self.result)
        return f"<pre>{escape(self.stdout)}{escape(shown)}</pre>{self.picture()}"


def _located(frame: dict[str, Any], locate: Locate) -> dict[str, Any]:
    place = locate(frame["line"], frame["column"])
    return {
        **frame,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "text": place.text,
    }
