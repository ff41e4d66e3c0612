"""Prints, as shell exports, the variables that Ray's processes on one machine of a cluster need.

Usage: ``environment.py HOME FOLDER``: the state folder, and a private folder for sockets and generated files.
"""

import shlex
import sys
from pathlib import Path

from noodle_ray.cluster.environment import ray_environment


def main(home: str, folder: str) -> None:
    """Print one export a line."""
    for name, value in ray_environment(Path(home), Path(folder), "cluster").items():
        print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
