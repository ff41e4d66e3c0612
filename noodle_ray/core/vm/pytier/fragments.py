"""Incremental compilation: the code of functions that were compiled before, in whatever module, is used again.

A **fragment** is a function that the top level makes, with all that it makes itself. Its key is its content: its NBC,
with lines and functions relative to its own, and what of the module decides how it is emitted. A fragment that is
kept is emitted as an empty ``def``, whose code object is then exchanged for the kept one, moved to where the function
stands now.
"""

import _ast as ast

from noodle_ray.core.nbc.content import content
from noodle_ray.core.nbc.encoder import sha256
from noodle_ray.core.nbc.module import Module
from noodle_ray.core.nbc.ops import MAKERS
from noodle_ray.core.nbc.verifier.uses import walk
from noodle_ray.core.vm.pytier import nodes
from noodle_ray.core.vm.pytier.facts import Facts
from noodle_ray.core.vm.pytier.nodes import Position
from noodle_ray.core.vm.pytier.support import FUEL
from noodle_ray.light import TYPE_CHECKING, Any, CodeType, Final, NamedTuple

if TYPE_CHECKING:
    from noodle_ray.core.vm.pytier.emitter import Emitter
    from noodle_ray.light import Callable

MIN_FUNCTIONS: Final = 8
"""Functions of a module from which on keys are worth their making, about a tenth of the time that code takes."""
_KEPT: Final = 1_000


class Fragment(NamedTuple):
    """A compiled function: its code, the number and the line it was compiled for, and what it needs in the namespace.
    Only native code's ``sites`` are named by the number."""

    code: CodeType
    number: int
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
        self.shared = repr((names, facts.lazy, facts.ends, native, module.imports))
        self.used: dict[str, CodeType] = {}
        self.made: dict[str, tuple[bytes, int, int, Any]] = {}

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
        if found is not None and (found.number == index or not found.sites):
            self.used[name] = _moved(found.code, line - found.line)
            names.builtins |= found.builtins
            names.vetted.update(found.vetted)
            names.sites += found.sites
            body: list[ast.stmt] = [ast.Nonlocal([FUEL], **nodes.NOWHERE), ast.Pass(**nodes.NOWHERE)]
            return ast.FunctionDef(name, arguments(function, defaults), body, [], None, None, **at)
        own = Names(names.facts, names.native)
        own.leaves, own.base = names.leaves, index
        definition = Emitter(self.module, function, own, index).definition(name, defaults, at)
        names.builtins |= own.builtins
        names.vetted.update(own.vetted)
        names.sites += own.sites
        if all(instr.span[0] > 0 for instr in walk(function.body)):
            self.made[name] = (key, index, line, own)
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
        key, index, line, own = self.made[name]
        while len(_kept) >= _KEPT:
            _kept.pop(next(iter(_kept)))
        _kept[key] = Fragment(code, index, line, frozenset(own.builtins), own.vetted, tuple(own.sites))

    def _key(self, index: int, at: Position) -> bytes:
        """The content of every function of the fragment, and what of the module decides how they are emitted."""
        functions = self.module.functions
        base = functions[index].span[0]
        parts = [
            self.shared,
            repr((at["lineno"] - base, at["end_lineno"] - base, at["col_offset"], at["end_col_offset"])),
        ]
        contents: list[bytes] = []
        pending = [index]
        while pending:
            each = pending.pop()
            function = functions[each]
            parts.append(f"{each - index} {function.span[0] - base} {each in self.leaves}")
            contents.append(content(function, each))
            pending += [_child(instr.op, instr.args) for instr in walk(function.body) if instr.op in MAKERS]
        return sha256("|".join(parts).encode("utf-8", "surrogatepass") + b"".join([sha256(each) for each in contents]))


def _child(op: str, args: Any) -> int:
    return int(args[MAKERS[op]])


def _moved(code: CodeType, by: int) -> CodeType:
    """The code, and all code in it, as if it stood so many lines further down."""
    if not by:
        return code
    constants = tuple([_moved(c, by) if isinstance(c, CodeType) else c for c in code.co_consts])
    return code.replace(co_consts=constants, co_firstlineno=code.co_firstlineno + by)
