"""The model of the campaign: it notes each call it gets, and answers with a number that the question determines."""

import os
import time
import zlib
from pathlib import Path

from noodle_ray import paths

MODULUS = 1000


def notes() -> Path:
    """The file that the notes are added to, a line ``seconds question`` per call: it lies in the state folder."""
    return paths.home() / "witness-notes"


def answer(question: str) -> int:
    """What the model answers."""
    return zlib.crc32(question.encode()) % MODULUS


class Witness:
    """Answers after a moment, so that there are calls under way when something is killed."""

    example = ("ready",)

    def load(self) -> None:
        """Open the notes: lines of this length are added whole by several processes."""
        self._notes = os.open(notes(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def predict(self, question: str) -> int:
        """Note the question and answer it."""
        os.write(self._notes, f"{time.time():.6f} {question}\n".encode())
        time.sleep(0.02)
        return answer(question)

    def close(self) -> None:
        """Close the notes."""
        os.close(self._notes)
