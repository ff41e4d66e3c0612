"""The differential test over many seeds: ``python -m tests.overlap.long 0 8000``."""

import sys

from noodle_ray.errors import CompileError
from tests.overlap.programs import Programs
from tests.overlap.test_differential import differs


def main(first: int, last: int) -> int:
    """Compares the programs of these seeds; tells of those that differ, and how many there were."""
    ran = wrong = 0
    for seed in range(first, last):
        try:
            found = differs(Programs(seed).program(), seed)
        except CompileError:
            continue
        ran += 1
        if found:
            wrong += 1
            print(found)
    print(f"seeds {first} to {last - 1}: {ran} programs, {wrong} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
