"""An answer in the form that `ToolCalls` asks for, read while it is written: its text and its calls, piece by piece."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from noodle_ray.ahr.generation.tools import called

_ANSWER = re.compile(r'\s*\{\s*"answer"\s*:\s*"')
_CALLS = re.compile(r'\s*\{\s*"tool_calls"\s*:\s*\[\s*')
_CALL = re.compile(r'\s*\{\s*"name"\s*:\s*"(?P<name>[A-Za-z0-9_-]+)"\s*,\s*"arguments"\s*:\s*(?=\{)')
_NEXT = re.compile(r"\s*\}\s*,\s*")
_END = re.compile(r"\s*\}\s*\]\s*\}\s*")
_STRING = re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL)
"""What is inside of a string, but for a backslash at its end."""
_MARK = re.compile(r'["\\{}]')
_ESCAPE = len("\\u0000")


class Piece(NamedTuple):
    """More text, or a call's beginning or more of its arguments, as OpenAI's deltas."""

    text: str = ""
    calls: tuple[dict[str, Any], ...] = ()


class FormReader:
    """Takes an answer as it is written. ``calls`` is how many calls have begun."""

    def __init__(self) -> None:
        self.calls = 0
        self._left = ""
        self._reading = self._beginning
        self._depth = 0
        self._quoted = False

    @property
    def whole(self) -> bool:
        """Whether the calls are all there."""
        return self._reading == self._between and _END.fullmatch(self._left) is not None

    def feed(self, more: str) -> Piece:
        """Take more of the answer, and tell what is new."""
        self._left += more
        pieces = list(self._pieces())
        return Piece("".join(piece.text for piece in pieces), tuple(call for piece in pieces for call in piece.calls))

    def _pieces(self) -> Iterator[Piece]:
        while self._left:
            before = self._reading
            if (piece := self._reading()) is not None:
                yield piece
            if self._reading == before:
                return

    def _beginning(self) -> Piece | None:
        if begun := _ANSWER.match(self._left):
            self._reading = self._answering
        elif begun := _CALLS.match(self._left):
            self._reading = self._heading
        if begun:
            self._left = self._left[begun.end() :]
        return None

    def _answering(self) -> Piece | None:
        inside = _STRING.match(self._left)
        assert inside is not None  # it may be empty
        ended = self._left[inside.end() : inside.end() + 1] == '"'
        for end in range(inside.end(), max(-1, inside.end() - 2 * _ESCAPE), -1):
            try:
                text: str = json.loads(f'"{self._left[:end]}"')
            except ValueError:  # in the middle of an escape
                continue
            if "\ud800" <= text[-1:] < "\udc00" and not ended:
                continue  # half of a character
            self._left = self._left[end:]
            self._reading = self._over if ended else self._answering
            return Piece(text)
        return None

    def _over(self) -> Piece | None:
        return None

    def _heading(self) -> Piece | None:
        head = _CALL.match(self._left)
        if head is None:
            return None
        self._left = self._left[head.end() :]
        self._reading, self._depth, self._quoted = self._arguing, 0, False
        self.calls += 1
        return Piece(calls=({"index": self.calls - 1, **called(head["name"], "")},))

    def _arguing(self) -> Piece | None:
        at = 0
        while mark := _MARK.search(self._left, at):
            at = mark.end()
            if mark[0] == "\\":
                if at == len(self._left):  # what it escapes comes later
                    return self._more(at - 1)
                at += 1
            elif mark[0] == '"':
                self._quoted = not self._quoted
            elif not self._quoted:
                self._depth += 1 if mark[0] == "{" else -1
                if not self._depth:
                    self._reading = self._between
                    return self._more(at)
        return self._more(len(self._left))

    def _more(self, end: int) -> Piece:
        told, self._left = self._left[:end], self._left[end:]
        return Piece(calls=({"index": self.calls - 1, "function": {"arguments": told}},) if told else ())

    def _between(self) -> Piece | None:
        if following := _NEXT.match(self._left):
            self._left = self._left[following.end() :]
            self._reading = self._heading
        return None
