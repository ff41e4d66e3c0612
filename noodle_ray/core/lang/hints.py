"""Spelling suggestions and replacements for what the language leaves out."""

from collections.abc import Iterable
from typing import Final

NOT_OFFERED: Final[dict[str, str]] = {
    "eval": "there is no way to run text as code; write the operations themselves",
    "exec": "there is no way to run text as code; write the operations themselves",
    "compile": "there is no way to run text as code; write the operations themselves",
    "open": "programs have no files; pass the text as an argument of main",
    "input": "programs have no terminal; pass the value as an argument of main",
    "__import__": "use an import statement; math and json can be imported",
    "getattr": "write the attribute as x.name, or use a dict",
    "setattr": "use a dict",
    "delattr": "use a dict",
    "hasattr": "use isinstance, or a dict and `in`",
    "globals": "use a dict",
    "locals": "use a dict",
    "vars": "use a dict",
    "dir": "use a dict",
    "id": "addresses differ from run to run; compare with `is` or number the values yourself",
    "hash": "hashes differ from run to run; use the value itself as a key",
    "object": "use a fresh list or dict as a unique marker",
    "super": "classes are not supported; use functions and dicts",
    "property": "classes are not supported; use functions and dicts",
    "staticmethod": "classes are not supported; use functions and dicts",
    "classmethod": "classes are not supported; use functions and dicts",
    "memoryview": "use a list of ints or a str",
    "bytearray": "use a list of ints or a str",
    "complex": "use a tuple of two floats",
    "breakpoint": "use print",
    "help": "see docs/language.md",
    "exit": "return from main, or let the program end",
    "quit": "return from main, or let the program end",
    "BaseException": "use Exception",
    "SystemExit": "return from main, or let the program end",
    "KeyboardInterrupt": "use Exception",
    "GeneratorExit": "use Exception",
    "MemoryError": "a run that exceeds its memory is ended and cannot go on",
    "aiter": "calls overlap by themselves; write plain code",
    "anext": "calls overlap by themselves; write plain code",
    "ExceptionGroup": "raise one exception",
    "BaseExceptionGroup": "raise one exception",
}
"""Python builtins that programs cannot have, and what to write instead."""


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """A hint that names the closest candidate, or ''."""
    from difflib import get_close_matches

    names = sorted({c for c in candidates if not c.startswith((".", "__")) and abs(len(c) - len(word)) < 8})[:2000]
    lowered = {name.lower(): name for name in names}
    close = get_close_matches(word[:64].lower(), lowered, n=1, cutoff=0.6)
    return f"did you mean '{lowered[close[0]]}'?" if close else ""
