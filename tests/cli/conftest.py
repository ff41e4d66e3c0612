"""The command line, called in this process or as a process of its own."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from noodle_ray.cli.main import main

NOODLE = str(Path(sys.executable).parent / "noodle")


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str


Command = Callable[..., Done]


@pytest.fixture
def noodle(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Call the command's main function."""

    def call(*argv: str | Path, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        status = main([str(word) for word in argv])
        return Done(status, *capsys.readouterr())

    return call


@pytest.fixture
def noodle_process() -> Command:
    """Start the installed command."""

    def call(*argv: str | Path, stdin: bytes = b"", **environment: str) -> Done:
        import os

        done = subprocess.run(
            [NOODLE, *map(str, argv)], input=stdin, capture_output=True, timeout=400, env={**os.environ, **environment}
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Path]:
    """Write a program file."""

    def write(source: str, name: str = "program.noodle") -> Path:
        path = tmp_path / name
        path.write_text(source)
        return path

    return write
