"""Deterministic automata over characters, and the grammar rules (GBNF, llama.cpp's notation) that say the same.

A grammar that can read a text in many ways makes llama.cpp follow all of them for each of the vocabulary's tokens: with
five hundred ``[a-z]*`` in a row, one token takes minutes, and nothing else runs meanwhile. The rules made
here can read each text in one way only.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

Ranges = tuple[tuple[int, int], ...]
"""A set of characters: sorted, disjoint, inclusive ranges of code points."""

ALL: Ranges = ((1, 0xD7FF), (0xE000, 0x10FFFF))
"""Every character but NUL and the surrogates."""


class Automaton(NamedTuple):
    """``moves`` has, per state, the characters that lead to another; the first state is where reading begins."""

    moves: list[list[tuple[Ranges, int]]]
    accepting: frozenset[int]


def union(*sets: Iterable[tuple[int, int]]) -> Ranges:
    """All characters that are in one of the sets."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(pair for ranges in sets for pair in ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def intersect(left: Ranges, right: Ranges) -> Ranges:
    """The characters that are in both sets."""
    return tuple(
        (max(a, c), min(b, d)) for a, b in left for c, d in right if max(a, c) <= min(b, d)
    )  # fmt: skip


def complement(ranges: Ranges) -> Ranges:
    """The characters of ``ALL`` that are not in the set."""
    gaps, at = [], 0
    for low, high in ranges:
        if at < low:
            gaps.append((at, low - 1))
        at = high + 1
    if at <= 0x10FFFF:
        gaps.append((at, 0x10FFFF))
    return intersect(ALL, tuple(gaps))


def of_texts(texts: Iterable[str]) -> Automaton:
    """The automaton of a few given texts: a tree of their beginnings."""
    tree: list[dict[int, int]] = [{}]
    accepting = set()
    for text in texts:
        state = 0
        for character in map(ord, text):
            target = tree[state].get(character)
            if target is None:
                target = tree[state][character] = len(tree)
                tree.append({})
            state = target
        accepting.add(state)
    moves: list[list[tuple[Ranges, int]]] = [
        [(((code, code),), target) for code, target in sorted(node.items())] for node in tree
    ]
    return Automaton(moves, frozenset(accepting))


def trimmed(automaton: Automaton) -> Automaton | None:
    """Without the states from which no text ends; None if no text is left."""
    into: list[list[int]] = [[] for _ in automaton.moves]
    for state, moves in enumerate(automaton.moves):
        for _, target in moves:
            into[target].append(state)
    alive, todo = set(automaton.accepting), list(automaton.accepting)
    while todo:
        for state in into[todo.pop()]:
            if state not in alive:
                alive.add(state)
                todo.append(state)
    if 0 not in alive:
        return None
    number = {state: place for place, state in enumerate(sorted(alive))}
    kept = [
        [(ranges, number[target]) for ranges, target in automaton.moves[state] if target in alive]
        for state in sorted(alive)
    ]
    return Automaton(kept, frozenset(number[state] for state in automaton.accepting))


def rules(automaton: Automaton, name: str) -> dict[str, str]:
    """The grammar rules of an automaton without dead states; the rule ``name`` is the whole."""
    counts = [0] * len(automaton.moves)
    for moves in automaton.moves:
        for _, target in moves:
            counts[target] += 1
    found: dict[str, str] = {}
    todo = [0]
    while todo:
        state = todo.pop()
        key = _rule(name, state)
        if key in found:
            continue
        choices = []
        for ranges, target in _joined(automaton.moves[state]):
            text, target = _chain(automaton, counts, ranges, target)
            if automaton.moves[target]:
                choices.append(f"{text} {_rule(name, target)}")
                todo.append(target)
            else:
                choices.append(text)
        if state in automaton.accepting:
            choices.append('""')
        found[key] = " | ".join(choices)
    return found


def _rule(name: str, state: int) -> str:
    return f"{name}-{state}" if state else name


def _joined(moves: Sequence[tuple[Ranges, int]]) -> list[tuple[Ranges, int]]:
    targets: dict[int, list[Ranges]] = {}
    for ranges, target in moves:
        targets.setdefault(target, []).append(ranges)
    return [(union(*sets), target) for target, sets in targets.items()]


def _chain(automaton: Automaton, counts: list[int], ranges: Ranges, target: int) -> tuple[str, int]:
    """A move, together with those after it that have no alternative."""
    codes = []
    while _single(ranges):
        codes.append(ranges[0][0])
        moves = automaton.moves[target]
        if len(moves) != 1 or target in automaton.accepting or counts[target] != 1 or not _single(moves[0][0]):
            return literal("".join(map(chr, codes))), target
        ((ranges, target),) = moves
    return "[" + "".join(_class(low, high) for low, high in ranges) + "]", target


def _single(ranges: Ranges) -> bool:
    return len(ranges) == 1 and ranges[0][0] == ranges[0][1]


def _class(low: int, high: int) -> str:
    return _code(low) if low == high else f"{_code(low)}-{_code(high)}"


def _code(code: int) -> str:
    character = chr(code)
    if character.isascii() and character.isalnum():
        return character
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def literal(text: str) -> str:
    """A text as a grammar's literal."""
    plain = "".join(
        c if c == " " or (c.isascii() and c.isprintable() and c not in '"\\') else _code(ord(c)) for c in text
    )
    return f'"{plain}"'
