"""The whole process of `noodle run` on one line, against `python -c` of the same."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Row, alternate, seconds, show_time

ROUNDS = 25
LINE = "print(1 + 1)"


def rows() -> list[Row]:
    """One row; times are of the whole process."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "one.noodle"
        program.write_text(LINE + "\n")
        noodle = [str(Path(sys.executable).with_name("noodle")), "run", str(program)]
        python = [sys.executable, "-c", LINE]
        # the round that is not measured leaves bytecode, as an installation has
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

        def once(command: list[str]) -> float:
            def work() -> None:
                done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
                assert done.stdout == "2\n", done.stdout

            return seconds(work)

        pair = alternate(lambda: once(noodle), lambda: once(python), ROUNDS)
    name = "`noodle run` of one line, whole process, against `python -c`"
    return [Row(name, show_time(pair.first), show_time(pair.second), pair.ratio, "≤ 4.0")]
