"""Size limits of the NBC format. They bound what a hostile module can cost its reader; docs/nbc.md lists them."""

from noodle_ray.light import Final

MAX_BYTES: Final = 4 * 1024 * 1024
"""Length of an encoded module. In memory a module takes up to 50 times as much: tests/nbc/test_mutation.py."""

MAX_POOL: Final = 250_000
"""Names of a module, and constants."""

MAX_FUNCTIONS: Final = 10_000
MAX_INSTRUCTIONS: Final = 500_000
"""Instructions in all functions together."""

MAX_DEPTH: Final = 100
"""Blocks inside blocks, and tuples inside constant tuples."""

MAX_REGISTERS: Final = 65_535
MAX_INT_BITS: Final = 14_285
"""Bits of a constant integer's magnitude: what 4,300 decimal digits need."""

MAX_NAME: Final = 1_000
"""Characters of a name. An annotation may be longer."""

MAX_WORD: Final = 2**32 - 1
"""Largest number in the code section: counts, registers, indexes, lines and columns."""
