"""Incremental compilation: what was lowered before, in whatever program, is used again where it means the same.

A source is cut into **pieces**, whole statements of the top level (``pieces``). What a piece is lowered to depends on
its text and on what the names in it mean outside of it (``surroundings``): that is its key. Lines, functions and
registers of the top level are counted from the piece's own first ones and moved to where it stands (``moving``).

The result equals that of ``compile_source``, which does whatever this cannot: all that has a diagnostic, for one.
"""

from noodle_ray.core.lang.incremental.compiler import IncrementalCompiler, Work

__all__ = ["IncrementalCompiler", "Work"]
