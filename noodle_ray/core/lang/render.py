"""Diagnostics as pictures: the source line, carets under the span, the hint."""

from noodle_ray.core.lang.parse import split_lines
from noodle_ray.errors import Diagnostic

_MAX_WIDTH = 160


def render(diagnostic: Diagnostic, source: str, filename: str = "<noodle>") -> str:
    """Plain text of several lines, no newline at the end. Works for any span, even one outside the source."""
    code, message, (line, column, end_line, end_column), hint = diagnostic
    lines = split_lines(source.removeprefix("\ufeff"))
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    column = min(max(column, 0), len(text))
    stop = end_column if end_line == line else len(text.rstrip())
    stop = max(min(stop, len(text)), column + 1)
    text, column, stop = _clip(text, column, stop)
    gutter = " " * len(str(line))
    picture = [f"error[{code}]: {_plain(message)}", f"{gutter}--> {_plain(filename)}:{line}:{column + 1}"]
    if text.strip():
        before = _visible(text[:column])
        under = _visible(text[column:stop])
        carets = " " * _width(before) + "^" * max(_width(under), 1)
        picture += [f"{gutter} |", f"{line} | {before}{under}{_visible(text[stop:])}", f"{gutter} | {carets}"]
    if hint:
        picture.append(f"{gutter} = hint: {_plain(hint)}")
    return "\n".join(picture)


def _clip(text: str, column: int, stop: int) -> tuple[str, int, int]:
    if len(text) <= _MAX_WIDTH:
        return text, column, stop
    start = max(0, column - _MAX_WIDTH // 2)
    clipped = text[start : start + _MAX_WIDTH]
    return clipped, column - start, min(stop - start, len(clipped))


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _visible(text: str) -> str:
    return text if text.isprintable() else "".join(_visible_character(c) for c in text)


def _visible_character(character: str) -> str:
    if character == "\t":
        return "    "
    return character if character.isprintable() else "\ufffd"


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)
