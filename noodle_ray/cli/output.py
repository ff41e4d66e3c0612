"""What the command prints: results, JSON, and errors as pictures. Needs nothing but the standard library."""

import sys

from noodle_ray import __version__
from noodle_ray.errors import CompileError, NoodleError
from noodle_ray.light import TextIO
from noodle_ray.observability.tracebacks import paint

PROGRAM, MISUSE, PLATFORM = 1, 2, 3
"""Exit statuses: the user's program failed, the command was misused, the platform failed."""

_REFUSED = (
    "NOODLE-E0701", "NOODLE-E0702", "NOODLE-E0703", "NOODLE-E0704", "NOODLE-E073", "NOODLE-E0741", "NOODLE-E0742",
    "NOODLE-E0743", "NOODLE-E0745", "NOODLE-E0746", "NOODLE-E0747", "NOODLE-E0748", "NOODLE-E0750",
    "NOODLE-E0755", "NOODLE-E0756", "NOODLE-E0760", "NOODLE-E0761", "NOODLE-E0770",
)  # fmt: skip
"""Requests that the platform rightly refuses: what they name is not there, not allowed, too much, or malformed."""


def exit_status(code: str) -> int:
    """Return the exit status for an error code like NOODLE-E0501."""
    family = code[len("NOODLE-E") :][:2]
    if code.startswith(_REFUSED):
        return MISUSE
    if code == "NOODLE-E0740":
        return PROGRAM  # a version that would not do what runs did
    if family in ("07", "08"):
        return PLATFORM
    return MISUSE if family == "09" else PROGRAM


def write(text: str, stream: TextIO | None = None) -> None:
    """Write text that may hold characters the stream cannot encode, as lone surrogates: those come escaped."""
    out = stream or sys.stdout
    try:
        out.write(text)
    except UnicodeEncodeError:
        encoding = out.encoding or "utf-8"
        out.write(text.encode(encoding, "backslashreplace").decode(encoding))


def write_json(value: object) -> None:
    """Print one JSON object, on several lines for a person and on one line for a pipe."""
    import json

    write(json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None, default=str) + "\n")


def error_object(error: NoodleError) -> dict[str, object]:
    """Return an error as --json shows it; a compile error has its diagnostics as well."""
    found: dict[str, object] = {
        "code": error.code,
        "type": type(error).__name__,
        "message": error.message,
        "traceback": [],
    }
    if error.span:
        found["traceback"] = [{"line": error.span[0], "column": error.span[1], "function": "<module>"}]
    if isinstance(error, CompileError):
        found["diagnostics"] = [
            {"code": d.code, "message": d.message, "line": d.span[0], "column": d.span[1], "hint": d.hint}
            for d in error.diagnostics
        ]
    elif error.hint:
        found["hint"] = error.hint
    return found


def report(error: NoodleError, *, as_json: bool = False) -> int:
    """Show an error, as a JSON object on stdout or for a person on stderr, and return the exit status it means."""
    if as_json:
        write_json({"error": error_object(error)})
    elif isinstance(error, CompileError):
        write(picture(error), sys.stderr)
    else:
        label = paint("error", "1;31", sys.stderr)
        write(f"{label}: {error.message} [{error.code}]\n", sys.stderr)
        if error.hint:
            write(f"{paint('hint', '36', sys.stderr)}: {error.hint}\n", sys.stderr)
    return exit_status(error.code)


def picture(error: CompileError) -> str:
    """Return every diagnostic of a compile error as text with carets."""
    from noodle_ray.core.lang import render

    pictures = [render(each, error.source, error.filename).rstrip("\n") for each in error.diagnostics]
    count = len(pictures)
    closing = f"{count} problem{'s' if count > 1 else ''} found\n"
    return "\n\n".join(pictures) + "\n\n" + paint(closing.rstrip(), "1;31", sys.stderr) + "\n"


def print_version(as_json: bool) -> int:
    """Print the version of this package."""
    if as_json:
        write_json({"version": __version__})
    else:
        write(f"noodle {__version__}\n")
    return 0
