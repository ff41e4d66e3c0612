"""The difflib module: CPython's own, paid for by the sizes of what is compared.

Comparing takes time that grows with the product of both sizes where much is alike.
"""

from collections.abc import Iterator
from typing import Any, Final

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.copies import own_copy
from noodle_ray.core.vm.modules.vetting import finite, readers
from noodle_ray.core.vm.sets import set as ordered
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import call_of

difflib: Any = own_copy("difflib")


def _pay(*sequences: Any) -> None:
    """Charge for comparing sequences with each other."""
    first, second = (len(sequences[0]), len(sequences[1])) if len(sequences) > 1 else (0, 0)
    S.charge(64 + 16 * (first + second) + (first * second >> 6))


def _lines(items: Any) -> Any:
    return items if isinstance(items, str | list | tuple) else list(finite(items))


class SequenceMatcher(difflib.SequenceMatcher):  # type: ignore[misc]
    """difflib.SequenceMatcher, which all that compares here uses."""

    a: Any
    b: Any

    def __init__(self, isjunk: Any = None, a: Any = "", b: Any = "", autojunk: Any = True) -> None:
        super().__init__(call_of(isjunk), a, b, bool(autojunk))

    def set_seq2(self, b: Any) -> None:
        """difflib.SequenceMatcher.set_seq2."""
        if b is self.b:
            return
        S.charge(16 + 8 * len(b))
        super().set_seq2(b)
        self.widest = max(map(len, self.b2j.values()), default=0)

    def find_longest_match(self, alo: Any = 0, ahi: Any = None, blo: Any = 0, bhi: Any = None) -> Any:
        """difflib.SequenceMatcher.find_longest_match."""
        ends = len(self.a) if ahi is None else ahi, len(self.b) if bhi is None else bhi
        rows = max(0, ends[0] - alo)
        S.charge(16 + 4 * rows + 4 * rows * min(self.widest, max(0, ends[1] - blo) + 1))
        return super().find_longest_match(alo, ahi, blo, bhi)

    def real_quick_ratio(self) -> float:
        """difflib.SequenceMatcher.real_quick_ratio."""
        S.charge(24)
        return float(super().real_quick_ratio())

    def quick_ratio(self) -> float:
        """difflib.SequenceMatcher.quick_ratio."""
        S.charge(16 + 4 * (len(self.a) + len(self.b)))
        return float(super().quick_ratio())

    def get_opcodes(self) -> Any:
        """difflib.SequenceMatcher.get_opcodes."""
        return [*super().get_opcodes()]

    def get_matching_blocks(self) -> Any:
        """difflib.SequenceMatcher.get_matching_blocks."""
        return [*super().get_matching_blocks()]


_MATCHER: Final = (
    *("find_longest_match", "get_grouped_opcodes", "get_matching_blocks", "get_opcodes", "quick_ratio", "ratio"),
    *("real_quick_ratio", "set_seq1", "set_seq2", "set_seqs"),
)
SequenceMatcher.__module__ = "difflib"
difflib.SequenceMatcher = SequenceMatcher
register(
    SequenceMatcher,
    methods={name: getattr(SequenceMatcher, name) for name in _MATCHER},
    attributes={
        **readers("a", "b"),
        "b2j": lambda self: {key: [*where] for key, where in self.b2j.items()},
        "bjunk": lambda self: ordered(self.bjunk),
        "bpopular": lambda self: ordered(self.bpopular),
    },
)
register(
    difflib.Match,
    methods={"count": tuple.count, "index": tuple.index, "_asdict": difflib.Match._asdict},
    attributes=readers("a", "b", "size"),
)


def get_close_matches(word: Any, possibilities: Any, n: Any = 3, cutoff: Any = 0.6) -> list[Any]:
    """difflib.get_close_matches."""
    candidates = list(finite(possibilities))
    S.charge(64 * len(candidates))
    return list(difflib.get_close_matches(word, candidates, n, cutoff))


def _diff(function: Any, a: Any, b: Any, *args: Any, **kwargs: Any) -> Iterator[str]:
    a, b = _lines(a), _lines(b)
    _pay(a, b)
    for line in (*a, *b):
        if not isinstance(line, str):
            break
        S.charge(1 + (len(line) >> 4))
    for line in function(a, b, *args, **kwargs):
        S.charge(2)
        yield line


def unified_diff(a: Any, b: Any, *args: Any, **kwargs: Any) -> Iterator[str]:
    """difflib.unified_diff."""
    return _diff(difflib.unified_diff, a, b, *args, **kwargs)


def context_diff(a: Any, b: Any, *args: Any, **kwargs: Any) -> Iterator[str]:
    """difflib.context_diff."""
    return _diff(difflib.context_diff, a, b, *args, **kwargs)


def _pay_for_lines(a: Any, b: Any) -> None:
    """ndiff's own work with each line. Comparing lines that differ with each other pays on its own."""
    S.charge(64 + 16 * sum(len(line) for lines in (a, b) for line in lines if isinstance(line, str)))


def _compare(self: Any, a: Any, b: Any) -> Iterator[str]:
    a, b = _lines(a), _lines(b)
    _pay_for_lines(a, b)
    yield from self.compare(a, b)


def ndiff(a: Any, b: Any, linejunk: Any = None, charjunk: Any = difflib.IS_CHARACTER_JUNK) -> Iterator[str]:
    """difflib.ndiff."""
    return _compare(difflib.Differ(call_of(linejunk), call_of(charjunk)), a, b)


def restore(delta: Any, which: Any) -> Iterator[str]:
    """difflib.restore."""
    found: Iterator[str] = difflib.restore(finite(delta), which)
    return found


register(
    difflib.Differ,
    methods={"compare": _compare},
)

MEMBERS: dict[str, Any] = {
    "Differ": difflib.Differ,
    "IS_CHARACTER_JUNK": lambda ch, ws=" \t": ch in ws,
    "IS_LINE_JUNK": lambda line: difflib.IS_LINE_JUNK(line),
    "SequenceMatcher": SequenceMatcher,
    "context_diff": context_diff,
    "get_close_matches": get_close_matches,
    "ndiff": ndiff,
    "restore": restore,
    "unified_diff": unified_diff,
}
