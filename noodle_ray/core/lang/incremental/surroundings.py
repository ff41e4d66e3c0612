"""What a piece means in its program: scopes of one piece among those of the others."""

import _ast as ast
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from noodle_ray.core.lang.lazy import EAGER_METHODS, OVERLOADS
from noodle_ray.core.lang.resolve import Resolution, docstring
from noodle_ray.core.lang.scopes import Meaning, Scope

if TYPE_CHECKING:
    from noodle_ray.core.lang.incremental.pieces import Piece

Key = tuple[object, ...]
_DECLARED: Final[Meaning] = ("declared", None)
"""Stands among events for a ``global`` statement of a function."""


class ModuleScope(Scope):
    """The module's scope while one piece is walked: notes what is bound, in order, for the scope of the whole program.
    ``odd`` is set by what cannot be told piece by piece."""

    __slots__ = ("events", "odd")

    def __init__(self, node: ast.AST) -> None:
        super().__init__("module", node, None)
        self.events: list[tuple[str, Meaning | None]] = []
        self.odd = False

    def bind(self, name: str) -> None:
        self.events.append((name, None))

    def bind_import(self, name: str, meaning: Meaning) -> None:
        self.events.append((name, meaning))

    def declare(self, name: str, by: Scope) -> None:
        self.odd = self.odd or by.kind == "module"
        self.events.append((name, _DECLARED))


class Part(Resolution):
    """The scopes of one piece, with those of the program around it or, to read it, without."""

    module: ModuleScope

    def __init__(
        self,
        tree: ast.Module,
        titles: dict[int, str],
        program: "Program | None" = None,
        names: Iterable[str] = (),
        as_functions: frozenset[int] = frozenset(),
    ) -> None:
        self.program = program
        self.names = names
        super().__init__(tree, titles, as_functions)

    def _module_scope(self) -> Scope:
        return ModuleScope(self.tree)

    def _settle(self) -> None:
        program = self.program
        if program is None:
            return
        module, whole = self.module, program.module
        module.bound = {name: whole.bound[name] for name in (*self.names, "main") if name in whole.bound}
        module.static = {name: whole.static[name] for name in self.names if name in whole.static}
        own, self.class_names = self.class_names, program.class_names
        self.stops, self.deleted = program.stops, program.deleted
        super()._settle()
        self.class_names, self.program = own, None
        self._documentation = program.documentation()

    def generator_functions(self) -> set[str]:
        return super().generator_functions() if self.program is None else self.program.generator_functions()

    def documentation(self) -> str | None:
        return self._documentation if self.program is None else self.program.documentation()


class Program(Resolution):
    """What the pieces of a program bind together. Its scopes are only the module's own."""

    def __init__(self, pieces: list["Piece"], documented: bool) -> None:
        self.documented = documented
        self.pieces = pieces
        super().__init__(ast.Module([], []))
        self.class_names = set().union(*[piece.class_names for piece in pieces])
        self._generator_functions = set().union(*[piece.generator_functions for piece in pieces])
        self.busy = bool(self.class_names & OVERLOADS)
        self.stops = any(piece.stops for piece in pieces)
        self.deleted = frozenset().union(*[piece.deleted for piece in pieces])
        module = self.module
        for piece in pieces:
            for name, meaning in piece.events:
                if meaning is None:
                    module.bind(name)
                elif meaning is _DECLARED:
                    module.declare(name, module)
                else:
                    module.bind_import(name, meaning)
            self.model_aliases += [(module, name, call) for name, call in piece.aliases]
        self.check_model_aliases()
        self._meanings: dict[str, Key] = {}
        self._shared = (documented, *sorted(self.class_names & EAGER_METHODS), self.busy, self.stops)

    def _settle(self) -> None:
        pass

    def generator_functions(self) -> set[str]:
        return self._generator_functions

    def documentation(self) -> str | None:
        return docstring(self.pieces[0].tree.body)

    def key(self, piece: "Piece") -> Key:
        """All that the lowering of a piece depends on outside of it."""
        known = self._meanings
        found = []
        for name in piece.names:
            fact = known.get(name)
            if fact is None:
                fact = known[name] = (
                    name in self.module.bound,
                    name in self._generator_functions,
                    name in self.deleted,
                    *self.lookup(self.module, name)[1],
                )
            found.append(fact)
        return (self._shared if piece.generators else self.documented, *found)
