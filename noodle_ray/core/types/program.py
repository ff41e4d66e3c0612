"""What can be read off a program before inference: its scopes, functions, classes, and how names are used."""
# ruff: noqa: SIM905

import ast
from typing import Any, Final

from noodle_ray.core.types.model import NEVER, Type
from noodle_ray.core.vm.names import EXCEPTIONS

_SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_READERS: Final = frozenset(
    "all any bool dict enumerate filter frozenset isinstance len list map max min print range "
    "repr reversed set sorted str sum tuple type zip".split()
)
"""Builtins that do not change or keep the containers they are given, as far as their elements' types go."""
_READING_METHODS: Final = frozenset("copy count get index items keys values".split())


_TAKERS: Final = (
    ast.Compare, ast.FormattedValue, ast.BinOp, ast.UnaryOp, ast.If, ast.While, ast.Assert, ast.Expr,
)  # fmt: skip


class Scope:
    """One module, class or function: which names are its own. ``summary`` is the join of all that is assigned to a name
    here, for those who read it from elsewhere, ``readers`` who they are."""

    __slots__ = ("foreign", "globals", "imports", "kind", "names", "parent", "readers", "single", "summary")

    def __init__(self, kind: str, parent: "Scope | None") -> None:
        self.kind = kind
        self.parent = parent
        self.names: set[str] = set()
        self.globals: set[str] = set()
        self.imports: set[str] = set()
        self.single: dict[str, int] = {}
        self.foreign: set[str] = set()
        self.summary: dict[str, Type] = {}
        self.readers: dict[str, set[FunctionInfo]] = {}


class FunctionInfo:
    """One function of the program, and what is known of its calls."""

    __slots__ = (
        "analysed", "args", "busy", "called", "callers", "caught", "certain", "cls", "decorated", "dirty", "entry",
        "escaped", "later", "name", "node", "params", "reached", "result", "result_soft", "scope", "static",
    )  # fmt: skip

    def __init__(self, node: Any, scope: Scope, cls: "ClassInfo | None") -> None:
        self.node = node
        self.name: str = getattr(node, "name", "<lambda>")
        self.scope = scope
        self.cls = cls
        self.args: ast.arguments = node.args
        self.params: dict[str, Type] = {}
        self.result: Type = NEVER
        self.result_soft = False
        self.certain = False
        self.caught: frozenset[str] = frozenset()
        self.escaped = False
        self.entry = False
        self.called = False
        self.reached = False
        self.analysed = False
        self.busy = False
        self.dirty = False
        self.callers: set[FunctionInfo | None] = set()
        self.static = ""
        self.decorated = False
        self.later = isinstance(node, ast.AsyncFunctionDef) or _yields(node)


class ClassInfo:
    """One class of the program. ``known`` is false if something about it cannot be told from the text."""

    __slots__ = (
        "bases", "dataclass", "enum", "fields", "known", "members", "methods", "name", "node", "real", "subclasses",
        "tuple",
    )  # fmt: skip

    def __init__(self, node: ast.ClassDef) -> None:
        self.node = node
        self.name = node.name
        self.bases: list[ClassInfo] = []
        self.real: list[type] = []
        self.known = False
        self.dataclass = False
        self.enum = False
        self.tuple = False
        self.fields: list[tuple[str, bool]] | None = None
        self.members: set[str] = set()
        self.methods: dict[str, FunctionInfo] = {}
        self.subclasses: list[ClassInfo] = []

    def lineage(self) -> "list[ClassInfo]":
        """The class and those it inherits from."""
        found = [self]
        for one in found:
            found += [base for base in one.bases if base not in found]
        return found

    def family(self) -> "list[ClassInfo]":
        """The class and all that inherit from it."""
        found = [self]
        for one in found:
            found += [sub for sub in one.subclasses if sub not in found]
        return found

    def sure(self) -> bool:
        """Whether all of the class can be told from the text."""
        return all(one.known for one in self.lineage())

    def find(self, name: str) -> "FunctionInfo | None":
        """The method of this name."""
        for one in self.lineage():
            if name in one.members:
                return one.methods.get(name)
        return None

    def has(self, name: str) -> bool:
        """Whether the class or what it inherits from defines the name."""
        return any(name in one.members or any(hasattr(real, name) for real in one.real) for one in self.lineage())


def _yields(node: Any) -> bool:
    stack = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
    while stack:
        one = stack.pop()
        if isinstance(one, ast.Yield | ast.YieldFrom | ast.Await):
            return True
        if not isinstance(one, _SCOPES):
            stack.extend(ast.iter_child_nodes(one))
    return False


class Facts:
    """What holds for the whole text: attribute names that are assigned, names that are used in ways that may change
    what they hold, exceptions that some handler catches, and whether attributes are set by means other than the dot."""

    def __init__(self, tree: ast.Module) -> None:
        self.stored: set[str] = set()
        self.shared: set[str] = set()
        self.read: set[str] = set()
        self.caught: set[str] = set()
        self.dynamic = False
        self.exits = False
        self.module = Scope("module", None)
        self.scopes: dict[ast.AST, Scope] = {tree: self.module}
        self._inner: set[ast.Name] = set()
        self.inner_names: set[str] = set()
        self._handlers: list[ast.expr | None] = []
        self._read(tree, self.scopes[tree], None)
        self._classes = {node.name for node in self.scopes if isinstance(node, ast.ClassDef)}
        for one in self._handlers:
            self.caught |= self.handled(one)
        if any(_READERS & scope.names for scope in self.scopes.values()):
            self.shared = set().union(*(scope.names for scope in self.scopes.values()))

    def _read(self, node: ast.AST, scope: Scope, parent: ast.AST | None) -> None:
        stack: list[tuple[ast.AST, Scope, ast.AST | None]] = [(node, scope, parent)]
        while stack:
            one, here, above = stack.pop()
            inner = self._visit(one, here, above)
            if inner is None:
                stack.extend((child, here, one) for child in ast.iter_child_nodes(one))
            else:
                body = one.body if isinstance(one, ast.Lambda) else None
                for child in ast.iter_child_nodes(one):
                    inside = child is body or (body is None and isinstance(child, ast.stmt))
                    stack.append((child, inner if inside else here, one))

    def _visit(self, node: ast.AST, scope: Scope, parent: ast.AST | None) -> Scope | None:
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                self._use(node, parent)
                self.read.add(node.id)
                self.dynamic = self.dynamic or node.id in ("setattr", "delattr", "vars")
                self.exits = self.exits or node.id in ("SystemExit", "KeyboardInterrupt", "GeneratorExit")
            else:
                if node not in self._inner:
                    bind(scope, node.id)
                if isinstance(node.ctx, ast.Del) or isinstance(parent, ast.AugAssign):
                    self.shared.add(node.id)
        elif isinstance(node, ast.Attribute):
            if isinstance(node.ctx, ast.Store | ast.Del):
                self.stored.add(node.attr)
            self.dynamic = self.dynamic or node.attr in ("__dict__", "__setattr__", "__class__")
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                bind(scope, name)
                scope.imports.add(name)
        elif isinstance(node, ast.ExceptHandler):
            if node.name:
                bind(scope, node.name)
            self._handlers.append(node.type)
        elif isinstance(node, ast.MatchAs | ast.MatchStar):
            if node.name:
                bind(scope, node.name)
        elif isinstance(node, ast.MatchMapping):
            if node.rest:
                bind(scope, node.rest)
        elif isinstance(node, ast.With | ast.AsyncWith):
            self.caught.add("*")
        elif isinstance(node, ast.comprehension):
            inner = [one for one in ast.walk(node.target) if isinstance(one, ast.Name)]
            self._inner.update(inner)
            self.inner_names.update(one.id for one in inner)
        elif isinstance(node, _SCOPES):
            return self._open(node, scope)
        return None

    def _open(self, node: Any, scope: Scope) -> Scope:
        kind = "class" if isinstance(node, ast.ClassDef) else "function"
        inner = self.scopes[node] = Scope(kind, scope)
        if not isinstance(node, ast.Lambda):
            bind(scope, node.name)
        if kind == "function":
            for one in parameters(node.args):
                bind(inner, one.arg)
        stack = list(node.body) if isinstance(node.body, list) else []
        while stack:
            one = stack.pop()
            if isinstance(one, ast.Global):
                inner.globals.update(one.names)
                self.module.foreign.update(one.names)
                self.module.names.update(one.names)
            elif isinstance(one, ast.Nonlocal):
                inner.globals.update(one.names)
                self._nonlocal(inner.parent, one.names)
            elif not isinstance(one, _SCOPES):
                stack.extend(child for child in ast.iter_child_nodes(one) if not isinstance(child, ast.expr))
        return inner

    def _nonlocal(self, outer: Scope | None, names: list[str]) -> None:
        while outer is not None:
            if outer.kind == "function":
                outer.foreign.update(names)  # too many do no harm: their types are then summaries
            outer = outer.parent

    def handled(self, kind: ast.expr | None) -> set[str]:
        """The builtin exceptions that a handler names; '*' for all, or for what cannot be told."""
        if isinstance(kind, ast.Tuple):
            return set().union(*map(self.handled, kind.elts)) if kind.elts else set()
        if isinstance(kind, ast.Name):
            if kind.id in self._classes:
                return set()  # no builtin exception is an instance of a program's class
            return {kind.id} if kind.id in EXCEPTIONS else {"*"}
        return {"*"}

    def _use(self, node: ast.Name, parent: ast.AST | None) -> None:
        """Note a name that is read in a way that could change, or keep, what it holds."""
        reads = (
            (isinstance(parent, ast.For | ast.comprehension) and parent.iter is node)
            or (isinstance(parent, ast.Subscript) and parent.value is node and isinstance(parent.ctx, ast.Load))
            or (isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id in _READERS)
            or (isinstance(parent, ast.Call) and parent.func is node)
            or isinstance(parent, _TAKERS)
            or (isinstance(parent, ast.Attribute) and parent.attr in _READING_METHODS)
            or (
                isinstance(parent, ast.Assign)
                and len(parent.targets) == 1
                and isinstance(parent.targets[0], ast.Tuple | ast.List)
            )
        )
        if not reads:
            self.shared.add(node.id)


def bind(scope: Scope, name: str) -> None:
    """Count one more place that binds the name in a scope."""
    if name not in scope.globals:
        scope.names.add(name)
    scope.single[name] = scope.single.get(name, 0) + 1


def parameters(args: ast.arguments) -> list[ast.arg]:
    """All parameters."""
    found = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    return found + [one for one in (args.vararg, args.kwarg) if one is not None]
