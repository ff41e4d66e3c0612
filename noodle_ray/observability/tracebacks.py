"""A run's error as Python would show it, and the colours for it. Needs nothing but the standard library."""

import os

from noodle_ray.light import Sequence, TextIO


def colours(stream: TextIO) -> bool:
    """Return whether to colour what goes to the stream (https://no-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


def paint(text: str, style: str, stream: TextIO) -> str:
    """Wrap text in an ANSI style, like '1;31' for bold red, if the stream takes colours."""
    return f"\x1b[{style}m{text}\x1b[0m" if colours(stream) else text


def traceback_text(error: dict[str, object], source: str | None, filename: str, stream: TextIO | None = None) -> str:
    """Return an outcome's error as Python would show it, with source lines where the source is at hand.

    A frame is {line, column, function}, or has its own ``file`` and ``text`` too where sources are several. It is
    coloured if ``stream`` takes colours.
    """
    lines = [] if source is None else source.split("\n")
    text = []
    frames = error.get("traceback") or []
    if isinstance(frames, Sequence) and frames:
        text.append("Traceback (most recent call last):\n")
        text.extend(_folded([_frame(frame, lines, filename) for frame in frames]))
    kind, message, code = str(error.get("type", "")), str(error.get("message", "")), str(error.get("code", ""))
    closing = (paint(kind, "1;35", stream) if stream else kind) + (f": {message}" if message else "")
    if code != "NOODLE-E0501" and code not in message:
        closing += f" [{code}]"
    return "".join(text) + closing + "\n"


def _frame(frame: dict[str, object], lines: list[str], filename: str) -> str:
    line, column = int(str(frame.get("line", 0))), int(str(frame.get("column", 0)))
    head = f'  File "{frame.get("file", filename)}", line {line}, in {frame.get("function", "<module>")}\n'
    source = str(frame["text"]) if "text" in frame else lines[line - 1] if 0 < line <= len(lines) else ""
    if not source.strip():
        return head
    shown = source.strip()
    caret = column - (len(source) - len(source.lstrip()))
    mark = f"    {' ' * caret}^\n" if 0 <= caret < len(shown) else ""
    return f"{head}    {shown}\n{mark}"


def _folded(frames: list[str]) -> list[str]:
    """Fold frames repeated more than three times in a row, as deep recursion makes them."""
    text: list[str] = []
    start = 0
    while start < len(frames):
        end = start
        while end < len(frames) and frames[end] == frames[start]:
            end += 1
        text.extend(frames[start : min(end, start + 3)])
        if end - start > 3:
            text.append(f"  [Previous line repeated {end - start - 3} more times]\n")
        start = end
    return text
