"""The differential test over many seeds: ``python -m tests.overlap.long 0 8000``.

Each seed makes a program of each kind: one that asks models, one that calls tools too, one that calls values, and one
that goes through generators.
"""

import sys

from noodle_ray.errors import CompileError
from tests.overlap.programs import GeneratorPrograms, Programs, ToolPrograms, ValuePrograms
from tests.overlap.test_differential import differs

KINDS: tuple[type[Programs], ...] = (Programs, ToolPrograms, ValuePrograms, GeneratorPrograms)


def main(first: int, last: int) -> int:
    """Compares the programs of these seeds; tells of those that differ, and how many there were of each kind."""
    wrong = 0
    ran = dict.fromkeys((kind.__name__ for kind in KINDS), 0)
    for seed in range(first, last):
        for kind in KINDS:
            try:
                found = differs(kind(seed).program(), seed)
            except CompileError:
                continue
            ran[kind.__name__] += 1
            if found:
                wrong += 1
                print(f"{kind.__name__} {found}", flush=True)
    programs = ", ".join(f"{count} {name}" for name, count in ran.items())
    print(f"seeds {first} to {last - 1}: {programs}, {wrong} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
