"""What the resolver knows about names: scopes, what each binds, and where a name leads."""

import _ast as ast

from noodle_ray.light import Any, Final, TypeAlias

Meaning: TypeAlias = tuple[str, Any]
"""How a name is reached: a kind and what that kind needs.

=========  ==========================================================
register   register number, always bound
local      register number of a named local
cell       index into ``cells + free``
member     of a class body's namespace; the meaning if it is not there
global     its name
builtin    its name for ``bget``/``callb``; also ``math.sqrt``
module     name of an imported standard module
package    what the names of modules begin with, as ``urllib``
model      name of a model
tool       name of a tool, as modules have it
api        a member of ``noodle_ray``: ``model``, ``program`` or ``tool``
noodle     the ``noodle_ray`` package itself
typing     a name from ``typing``, for annotations only
constant   the value, as of ``__doc__``
name       ``__name__`` where the run decides it: a program with ``main``
unknown    the name
=========  ==========================================================
"""

COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Scope:
    """One module, function, lambda, class or comprehension: ``kind`` is module, function, class or comp.

    ``function`` is false for a comprehension that is inlined into the scope around it: its variables are then
    plain registers there. ``yields`` and ``awaits`` tell what its own code does. ``unresolved`` are the names it
    leaves to the scopes around it, ``captured`` those of its own that inner functions use."""

    __slots__ = (
        "awaits", "bound", "cache", "captured", "cells", "children", "fragile", "free", "function", "globals", "kind",
        "loads", "node", "nonlocals", "params", "parent", "static", "unresolved", "walrus", "yields",
    )  # fmt: skip

    def __init__(self, kind: str, node: ast.AST, parent: "Scope | None") -> None:
        self.kind = kind
        self.node = node
        self.parent = parent
        self.function = kind != "comp"
        self.yields = False
        self.awaits = False
        self.bound: dict[str, int] = {}
        self.static: dict[str, Meaning] = {}
        self.params: list[str] = []
        self.loads: dict[str, ast.AST] = {}
        self.children: list[Scope] = []
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()
        self.walrus: set[str] = set()
        self.fragile: set[str] = set()
        self.captured: set[str] = set()
        self.unresolved: dict[str, ast.AST] = {}
        self.cells: list[str] = []
        self.free: list[str] = []
        self.cache: dict[str, Meaning] = {}
        if parent is not None:
            parent.children.append(self)

    def bind(self, name: str) -> None:
        """Counts one more binding of the name here."""
        self.bound[name] = self.bound.get(name, 0) + 1

    def bind_import(self, name: str, meaning: Meaning) -> None:
        """Binds the name to what an import gives; importing the same again is no second binding."""
        if self.kind != "class" and self.owns(name) and self.static.get(name) == meaning:
            return
        self.bind(name)
        if self.kind != "class" and self.owns(name):
            self.static.setdefault(name, meaning)

    def declare(self, name: str, by: "Scope") -> None:
        """Notes that a ``global`` statement of a scope names this module's variable: nothing is static about it."""
        del by
        self.bound.setdefault(name, 2)

    def owns(self, name: str) -> bool:
        """True if the name is a variable of this very scope."""
        return name in self.bound and name not in self.globals and name not in self.nonlocals

    def static_meaning(self, name: str) -> Meaning | None:
        """What the name always means here, if its only binding is an import or a model."""
        return self.static.get(name) if self.bound[name] == 1 else None
