"""Incremental compilation: the code of functions that were compiled before, in whatever module, is used again.

A **fragment** is a function that the top level makes, with all that it makes itself. Its key is its content: its NBC,
with lines relative to its own, and what of the module decides how it is emitted. A fragment that is kept is emitted
as an empty ``def``, whose code object is then exchanged for the kept one, moved to where the function stands now.
"""

import _ast as ast
from array import array
from types import CodeType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from noodle_ray.core.nbc.encoder import Encoder
from noodle_ray.core.nbc.module import Module
from noodle_ray.core.nbc.verifier.uses import walk
from noodle_ray.core.vm.pytier import nodes
from noodle_ray.core.vm.pytier.facts import Facts
from noodle_ray.core.vm.pytier.nodes import Position
from noodle_ray.core.vm.pytier.support import FUEL

if TYPE_CHECKING:
    from collections.abc import Callable

    from noodle_ray.core.vm.pytier.emitter import Emitter

MIN_FUNCTIONS: Final = 8
"""Functions of a module from which on keys are worth their making, about a tenth of the time that code takes."""
_KEPT: Final = 1_000
_MAKERS: Final = {"func": 1, "gather": 3, "class": 2}


class Fragment(NamedTuple):
    """A compiled function: its code, the line it was compiled for, and what its code needs in the namespace."""

    code: CodeType
    line: int
    builtins: frozenset[str]
    vetted: dict[str, object]
    sites: tuple[int, ...]


_kept: dict[bytes, Fragment] = {}


class Fragments:
    """The fragments of one module that is being compiled."""

    def __init__(self, module: Module, facts: Facts, native: bool, leaves: frozenset[int]) -> None:
        self.module = module
        self.leaves = leaves
        names = (sorted(facts.names), sorted(facts.bodies), sorted(facts.specials))
        self.shared = repr((names, facts.lazy, facts.ends, native, module.imports)).encode("utf-8", "surrogatepass")
        self.used: dict[str, CodeType] = {}
        self.made: dict[str, tuple[bytes, int, Any]] = {}

    def definition(
        self, emitter: "Emitter", index: int, name: str, defaults: list[ast.expr], at: Position
    ) -> ast.stmt | None:
        """A ``def`` of the function, empty if its code is kept; None if it cannot be a fragment."""
        from noodle_ray.core.vm.pytier.emitter import Emitter, Names, arguments

        function = self.module.functions[index]
        line = function.span[0]
        if function.free or line == 0 or name in self.used or name in self.made:
            return None
        key = self._key(index, at)
        found = _kept.get(key)
        names = emitter.names
        if found is not None:
            self.used[name] = _moved(found.code, line - found.line)
            names.builtins |= found.builtins
            names.vetted.update(found.vetted)
            names.sites += found.sites
            body: list[ast.stmt] = [ast.Nonlocal([FUEL], **nodes.NOWHERE), ast.Pass(**nodes.NOWHERE)]
            return ast.FunctionDef(name, arguments(function, defaults), body, [], None, None, **at)
        own = Names(names.facts, names.native)
        own.leaves = names.leaves
        definition = Emitter(self.module, function, own, index).definition(name, defaults, at)
        names.builtins |= own.builtins
        names.vetted.update(own.vetted)
        names.sites += own.sites
        if all(instr.span[0] > 0 for instr in walk(function.body)):
            self.made[name] = (key, line, own)
        return definition

    def place(self, code: CodeType, named: "Callable[[CodeType], CodeType]") -> CodeType | None:
        """The top level's code with every function's own in it, and what is new kept; None if one has no place."""
        constants: list[Any] = []
        placed = 0
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                name = constant.co_name
                if name in self.used:
                    constant = self.used[name]
                    placed += 1
                else:
                    constant = named(constant)
                    if name in self.made:
                        self._keep(name, constant)
            constants.append(constant)
        return code.replace(co_consts=tuple(constants)) if placed == len(self.used) else None

    def _keep(self, name: str, code: CodeType) -> None:
        key, line, own = self.made[name]
        while len(_kept) >= _KEPT:
            _kept.pop(next(iter(_kept)))
        _kept[key] = Fragment(code, line, frozenset(own.builtins), own.vetted, tuple(own.sites))

    def _key(self, index: int, at: Position) -> bytes:
        """Every function of the fragment as it is encoded, lines relative to that of the first."""
        functions = self.module.functions
        encoder = Encoder()
        words: list[int] = [index, at["col_offset"], at["end_lineno"] - at["lineno"], at["end_col_offset"]]
        base = functions[index].span[0]
        words.append((at["lineno"] - base) & 0xFFFFFFFF)
        pending = [index]
        while pending:
            each = pending.pop()
            function = functions[each]
            words.append(each in self.leaves)
            start = len(words)
            encoder.function(function, words)
            head = start + _words_before_spans(words, start)
            words[head] = (function.span[0] - base & 0x7FFFFFFF) << 1 | words[head] & 1
            pending += [_child(instr.op, instr.args) for instr in walk(function.body) if instr.op in _MAKERS]
        parts = [array("q", words).tobytes(), self.shared]
        parts += [repr([*encoder.names]).encode("utf-8", "surrogatepass"), *encoder.constants]
        return b"\0".join(parts)


def _child(op: str, args: Any) -> int:
    return int(args[_MAKERS[op]])


def _words_before_spans(words: list[int], start: int) -> int:
    """How many words of an encoded function stand before its first span's."""
    at = start + 3
    at += 1 + 3 * words[at]
    at += 1
    for _ in range(3):
        at += 1 + words[at]
    return at + 1 - start


def _moved(code: CodeType, by: int) -> CodeType:
    """The code, and all code in it, as if it stood so many lines further down."""
    if not by:
        return code
    constants = tuple([_moved(c, by) if isinstance(c, CodeType) else c for c in code.co_consts])
    return code.replace(co_consts=constants, co_firstlineno=code.co_firstlineno + by)
