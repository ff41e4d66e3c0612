"""An answer's tokens as chunks: for engines that tell bytes."""

import codecs
from collections.abc import Sequence
from typing import Any

from noodle_ray.ahr.generation.answers import Chunk


class Teller:
    """Makes chunks of pieces of an answer. Text is told when its characters are whole and it cannot be the beginning
    of one of ``stops``; ``stopped`` is true once one of those came. A token's logprobs come with the end of its text.
    """

    def __init__(self, stops: Sequence[str] = ()) -> None:
        self.stopped = False
        self._stops = stops
        self._longest = max(map(len, stops), default=0)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._read = self._told = 0
        self._logprobs: list[tuple[int, int, dict[str, Any]]] = []

    def add(self, piece: bytes, logprob: dict[str, Any] | None = None) -> Chunk:
        """One more token: its bytes, and what is to be told of its probability."""
        return self._take(self._decoder.decode(piece), logprob)

    def rest(self) -> Chunk:
        """What was held back, at the end."""
        if self.stopped:
            return {}
        chunk = self._take(self._decoder.decode(b"", final=True), None)
        text, self._held = chunk.get("text", "") + self._held, ""
        entries = [*chunk.get("logprobs", ()), *(entry for _, _, entry in self._logprobs)]
        self._logprobs = []
        return _chunk(text, entries)

    def _take(self, text: str, logprob: dict[str, Any] | None) -> Chunk:
        if logprob is not None:
            self._logprobs.append((self._read, self._read + len(text), logprob))
        self._read += len(text)
        self._held += text
        if places := [place for stop in self._stops if (place := self._held.find(stop)) >= 0]:
            self.stopped = True
            told, self._held = self._held[: min(places)], ""
            self._told += len(told)
            entries, self._logprobs = [entry for start, _, entry in self._logprobs if start < self._told], []
            return _chunk(told, entries)
        sure = len(self._held) - self._begun()
        told, self._held = self._held[:sure], self._held[sure:]
        self._told += len(told)
        entries = [entry for _, end, entry in self._logprobs if end <= self._told]
        self._logprobs = self._logprobs[len(entries) :]
        return _chunk(told, entries)

    def _begun(self) -> int:
        """How many characters at the end may be the beginning of a stop text."""
        for length in range(min(self._longest - 1, len(self._held)), 0, -1):
            if any(stop.startswith(self._held[-length:]) for stop in self._stops):
                return length
        return 0


def _chunk(text: str, logprobs: list[dict[str, Any]]) -> Chunk:
    chunk: Chunk = {"text": text} if text else {}
    return chunk | {"logprobs": logprobs} if logprobs else chunk
