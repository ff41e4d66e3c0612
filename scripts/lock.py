"""Writes constraints.txt: the versions that this environment holds, fit for any machine.

No local version tag (what follows ``+`` is cut off torch's version: each machine takes the build that
fits it), no path, no host, and not the project itself nor the wheels of models.txt.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# Every version that `make setup` installs; written by `make lock`.
# torch has no local tag, so that the build for this machine (CPU or CUDA) satisfies it.
"""


def pins(freeze: str, left_out: set[str]) -> list[str]:
    """The ``name==version`` lines of ``pip freeze``, without local version tags."""
    lines = (line.split("+")[0] for line in freeze.splitlines() if "==" in line and not line.startswith("#"))
    return [line for line in lines if line.split("==")[0] not in left_out]


def main() -> None:
    """Rewrites the file in place."""
    models = {line.split("==")[0] for line in (ROOT / "models.txt").read_text().splitlines() if "==" in line}
    freeze = subprocess.run([sys.executable, "-m", "pip", "freeze"], capture_output=True, text=True, check=True).stdout
    lines = pins(freeze, models | {"noodle-ray"})
    (ROOT / "constraints.txt").write_text(HEADER + "\n".join(lines) + "\n")
    print(f"constraints.txt: {len(lines)} versions")


if __name__ == "__main__":
    main()
