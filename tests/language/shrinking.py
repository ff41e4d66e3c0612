"""Makes a program smaller for as long as something about it holds, by its lines."""

from collections.abc import Callable


def shrink(source: str, holds: Callable[[str], bool]) -> str:
    """A program that still ``holds``, but not without any of its lines, nor with a block in the place of its head."""
    lines = [line for line in source.split("\n") if line.strip()]
    before: list[str] = []
    while before != lines:
        before = lines
        size = max(1, len(lines) // 2)
        while size:
            lines = _without(lines, size, holds)
            size //= 2
        lines = _without_heads(lines, holds)
    return "\n".join([*lines, ""])


def _without(lines: list[str], size: int, holds: Callable[[str], bool]) -> list[str]:
    """Leave out runs of so many lines; the last ones first, which need others and are not needed."""
    start = len(lines) - size
    while start > -size:
        smaller = [*lines[: max(start, 0)], *lines[max(start, 0) + size :]]
        if holds("\n".join([*smaller, ""])):
            lines = smaller
        start -= size
    return lines


def _without_heads(lines: list[str], holds: Callable[[str], bool]) -> list[str]:
    """Put the lines of a block in its place."""
    at = 0
    while at < len(lines):
        end = at + 1
        depth = _depth(lines[at])
        while end < len(lines) and _depth(lines[end]) > depth:
            end += 1
        smaller = [*lines[:at], *(line[4:] for line in lines[at + 1 : end]), *lines[end:]]
        if end > at + 1 and holds("\n".join([*smaller, ""])):
            lines = smaller
        else:
            at += 1
    return lines


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
