"""What writer and parser agree on."""

from typing import Final

LABELS: Final[dict[str, tuple[str, ...]]] = {
    "and": ("",),
    "or": ("",),
    "ifx": ("", "else"),
    "if": ("", "else"),
    "while": ("", "do", "else"),
    "for": ("", "else"),
    "comp": ("",),
    "try": ("", "else", "finally"),
    "with": ("",),
}
"""What stands before each block of an instruction, at the instruction's own indentation. The first block
follows the instruction itself. Between a ``try`` and its ``else`` come ``types`` and ``except``, per handler."""

INDENT: Final = 2
NOWHERE: Final = (0, 0, 0, 0)
"""The span of what was written without one."""
