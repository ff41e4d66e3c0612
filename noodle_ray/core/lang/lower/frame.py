"""The state of lowering one function, and what every kind of node needs: registers, blocks, names."""

import _ast as ast

from noodle_ray.core.lang.hints import DUNDER_HINTS
from noodle_ray.core.lang.resolve import OFFERED, Resolution, unknown_name
from noodle_ray.core.lang.scopes import Meaning, Scope
from noodle_ray.core.lang.validate import span_of
from noodle_ray.core.nbc.module import Block, Constant, Function, Instr, Param, Span
from noodle_ray.core.vm.names import CLASS_DUNDERS
from noodle_ray.errors import Diagnostic
from noodle_ray.light import Any, Callable, Final, Iterable, TypeAlias

MAX_REGISTERS: Final = 65_535
MAX_FUNCTIONS: Final = 10_000
MAX_BLOCKS: Final = 95
"""Deepest nesting of blocks; the verifier's bound is 100."""

UNREACHABLE: Final = -1
"""The set of assigned locals after a terminator: every bit set, so that it is neutral where paths meet."""

WHOLE: Final[Span] = (1, 0, 1, 0)
"""The span of what has none of its own; told from an equal one by being this object."""

Expression: TypeAlias = "Callable[[Frame, Any, int | None], int]"
Statement: TypeAlias = "Callable[[Frame, Any], None]"

EXPRESSIONS: Final[dict[type, Expression]] = {}


class _Statements(dict[type, Statement]):
    """By kind of node; what many programs do without is loaded when a program has it."""

    def __missing__(self, kind: type) -> Statement:
        from noodle_ray.light import import_module

        import_module(f"noodle_ray.core.lang.lower.{_LATER[kind]}")
        return self[kind]


_LATER: Final[dict[type, str]] = {ast.ClassDef: "classes", ast.Match: "matching"}
STATEMENTS: Final[dict[type, Statement]] = _Statements()


_new: Final = tuple.__new__
"""``Instr(...)`` without its Python-level ``__new__``."""


class TooLarge(Exception):
    """A bound of the module format would be exceeded; holds the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def is_documented(lines: list[str]) -> bool:
    """Whether a program may ask for what functions and classes say of themselves."""
    for line in lines:  # noqa: SIM110 (a generator takes twice as long)
        if "__doc__" in line or "getdoc" in line:
            return True
    return False


class Unit:
    """What all functions of one program share while they are lowered."""

    def __init__(self, resolution: Resolution, lines: list[str]) -> None:
        self.resolution = resolution
        self.lines = lines
        self.functions: list[Function | None] = []
        self.found: list[Diagnostic] = resolution.found
        self.comprehensions: list[tuple[ast.AST, int, Instr]] = []
        self.named_functions: dict[int, int] = {}
        self.homes: dict[int, Scope] = {}
        self.effects = False
        self.pieces: frozenset[int] = frozenset()
        self.copies: frozenset[int] = frozenset()
        self.unused: frozenset[int] = frozenset()
        self.documented = is_documented(lines)

    def reserve(self, node: ast.AST) -> int:
        """The index of the next function, in the order they are met, so that parents come first."""
        if len(self.functions) >= MAX_FUNCTIONS:
            message = f"the program has more than {MAX_FUNCTIONS} functions"
            raise TooLarge(Diagnostic("NOODLE-E0118", message, span_of(node), "split it into several programs"))
        self.functions.append(None)
        return len(self.functions) - 1

    def done(self) -> list[Function]:
        """The functions that are lowered."""
        return list(filter(None, self.functions))

    def report(self, code: str, message: str, node: ast.AST, hint: str = "") -> None:
        """Adds a finding about a node."""
        self.found.append(Diagnostic(code, message, span_of(node), hint))


class Loop:
    """What meets after a loop: the locals assigned at each ``break``. ``cleanup`` names handlers left open."""

    __slots__ = ("assigned", "handlers")

    def __init__(self, handlers: int) -> None:
        self.assigned = UNREACHABLE
        self.handlers = handlers


class Frame:
    """One function while it is lowered. ``code`` is the block being written, ``assigned`` the set of named
    locals (bit i for register i) that are bound on every path to here."""

    def __init__(self, unit: Unit, scope: Scope, node: ast.AST, parent: "Frame | None") -> None:
        self.unit = unit
        self.scope = scope
        self.home = scope
        self.node = node
        self.index = unit.reserve(node)
        unit.homes[self.index] = scope
        self.parent = parent
        self.code: list[Instr] = []
        self.depth = 0
        self.loops: list[Loop] = []
        self.handlers: list[str | None] = []
        self.unset: set[int] = set()
        self.annotations: int | None = None
        self.names: list[str] = list(scope.params)
        inside = scope.kind == "function" or scope.kind == "comp"
        if inside:
            taken = {*scope.params, *scope.cells}
            self.names += [
                name
                for name in scope.bound
                if name not in taken and scope.owns(name) and scope.static_meaning(name) is None
            ]
        self.cells = {name: i for i, name in enumerate(scope.cells + scope.free)} if scope.cells or scope.free else {}
        self.named = len(self.names)
        self.registers = self.named
        self.slots = {name: i for i, name in enumerate(self.names) if name not in self.cells} if self.names else {}
        self.assigned = (1 << len(scope.params)) - 1
        self.fragile = sum([1 << self.slots[n] for n in scope.fragile if n in self.slots]) if self.slots else 0
        self.members: dict[str, int] = {}
        if scope.kind == "class":  # whose names are in its namespace: bits in ``assigned``, but no registers
            self.members = {name: i for i, name in enumerate(filter(scope.owns, scope.bound), start=self.named)}
            self.fragile = sum([1 << self.members[name] for name in scope.fragile if name in self.members])
        self.own_cells: dict[int, int] = {}
        if inside and scope.cells:  # captured variables too have bits in ``assigned``
            kept = [name for name in scope.cells if not _unbound_inside(scope, name)]
            self.own_cells = {self.cells[name]: 1 << self.named + i for i, name in enumerate(kept)}
            self.fragile |= sum([self.own_cells[self.cells[name]] for name in kept if name in scope.fragile])
            self.assigned |= sum([self.own_cells[self.cells[name]] for name in kept if name in scope.params])
        self.walrus = {self.slots[name] for name in scope.walrus if name in self.slots} if scope.walrus else set()
        if self.cells:
            for i, name in enumerate(scope.params):
                if name in self.cells:
                    self.emit(node, "cset", self.cells[name], i)

    # writing

    def emit(self, node: Any, op: str, *args: object) -> None:
        """Appends an instruction with the span of the node."""
        self.code.append(_new(Instr, (op, args, self.span(node))))

    def span(self, node: Any) -> Span:
        """The span of the node; nodes without one stand for the whole function."""
        try:
            line, end, stop = node.lineno, node.end_lineno, node.end_col_offset
            if line != end and type(node) is ast.Attribute:  # as in CPython's tracebacks: where its name is
                return (end, max(stop - len(node.attr), 0), end, stop)
            return (line, node.col_offset, end, stop)
        except AttributeError:
            return WHOLE

    def temp(self) -> int:
        """A fresh register."""
        register = self.registers
        self.registers = register + 1
        return register

    def const(self, node: ast.AST, value: Constant, into: int | None = None) -> int:
        """A register that holds the constant."""
        target = self.temp() if into is None else into
        self.emit(node, "const", target, value)
        return target

    def expr(self, node: Any, into: int | None = None) -> int:
        """Lowers an expression; the register of its value, which is ``into`` if that is given."""
        return EXPRESSIONS[type(node)](self, node, into)

    def operands(self, nodes: Iterable[Any]) -> tuple[int, ...]:
        """Lowers expressions left to right; no later one can change the register of an earlier one."""
        found: list[int] = []
        pending = list(nodes)
        last = len(pending) - 1
        for i, node in enumerate(pending):
            found.append(self.held(self.expr(node), node) if i < last else self.expr(node))
        return tuple(found)

    def held(self, register: int, node: ast.AST) -> int:
        """The register, or a copy if it is a local that a later subexpression could rebind with ``:=``."""
        if register not in self.walrus:
            return register
        copy = self.temp()
        self.emit(node, "move", copy, register)
        return copy

    def body(self, nodes: Iterable[Any]) -> Block:
        """Lowers statements to a block of their own; those after a terminator are dropped."""

        def write() -> None:
            for node in nodes:
                STATEMENTS[type(node)](self, node)
                if self.registers > MAX_REGISTERS:
                    raise self._too_many_registers()
                if self.assigned == UNREACHABLE:
                    return

        return self.block(write)

    def block(self, write: Callable[[], object]) -> Block:
        """The instructions that ``write`` emits, as a nested block."""
        self.depth += 1
        if self.depth > MAX_BLOCKS:
            hint = "move inner parts into functions"
            raise TooLarge(Diagnostic("NOODLE-E0116", "the program is nested too deeply", span_of(self.node), hint))
        outer, self.code = self.code, []
        write()
        inner, self.code = self.code, outer
        self.depth -= 1
        return tuple(inner)

    # names

    def lookup(self, name: str) -> Meaning:
        """What a name means in the current scope."""
        meaning = self.scope.cache.get(name)
        if meaning is None:
            meaning = self.scope.cache[name] = self._meaning(name)
        return meaning

    def _meaning(self, name: str) -> Meaning:
        resolution = self.unit.resolution
        owner, meaning = resolution.lookup(self.scope, name)
        if owner is None or owner.kind == "module":
            return meaning
        if owner.kind == "class" and owner is self.scope:
            if name in self.cells:  # what is around the class has a variable of this name, which functions in it use
                return ("member", ("cell", self.cells[name]))
            known = name in resolution.module.bound
            return ("member", resolution.lookup(resolution.module, name)[1] if known else resolution.outermost(name))
        if owner is self.home or owner.function:
            cell = self.cells.get(name)
            return ("local", self.slots[name]) if cell is None else ("cell", cell)
        return owner.cache[name]

    def load(self, node: ast.AST, name: str, into: int | None = None) -> int:
        """A register with the value of a variable: a local's own, where it is known to be bound."""
        kind, value = self.lookup(name)
        if kind == "local" or kind == "register":
            unsure = kind == "local" and not self.assigned >> value & 1
            if unsure:
                self.unset.add(value)
                if self.scope is not self.home:
                    self._look_as_free(node, name, value)
                self.emit(node, "check", value)
                self.assigned |= 1 << value
            if into is None or (into == value and not unsure):  # ``x = x`` reads it here, and not where it is read next
                return int(value)
            self.emit(node, "move", into, value)
            return into
        if kind == "member":
            return self._load_member(node, name, value, into)
        target = self.temp() if into is None else into
        bit = self.own_cells.get(value, 0) if kind == "cell" else 0
        if self.scope is not self.home and kind == "cell" and value < len(self.home.cells) and not self.assigned & bit:
            self._look_as_free(node, name, None)
            self.assigned |= bit
        self.load_as(node, name, kind, value, target)
        return target

    def may_be_deleted(self, name: str) -> bool:
        """Whether a variable may be unbound here: a local on some path, any other if something in the program unbinds
        variables of its name."""
        kind, value = self.lookup(name)
        if kind == "local":
            return not self.assigned >> value & 1
        if kind == "global":
            return value in self.unit.resolution.deleted
        if kind == "member":
            return not self.assigned >> self.members[name] & 1
        if kind != "cell":
            return False
        if value < len(self.home.cells):
            return not self.assigned & self.own_cells.get(value, 0)
        owner = self.home.parent
        while owner is not None and not (owner.function and owner.kind != "class" and owner.owns(name)):
            owner = owner.parent
        return owner is None or name in owner.fragile or _unbound_inside(owner, name)

    def _look_as_free(self, node: ast.AST, name: str, register: int | None) -> None:
        """Raises NameError if a variable that a comprehension reads is unbound: to CPython 3.11 that is a function, and
        the variable a free one. ``register`` is None for a captured one."""
        missing, seen = self.temp(), self.temp()
        self.const(node, False, missing)

        def look() -> None:
            if register is None:
                self.emit(node, "cget", seen, self.cells[name])
            else:
                self.emit(node, "check", register)
                self.emit(node, "move", seen, register)

        def fail() -> None:
            message = f"cannot access free variable '{name}' where it is not associated with a value in enclosing scope"
            error = self.temp()
            words = self.const(node, message), self.const(node, name)
            self.emit(node, "callb", error, "NameError", words[:1], (("name", words[1]),))
            self.emit(node, "raise", error)

        kind = self.temp()
        types = self.block(lambda: self.emit(node, "bget", kind, "UnboundLocalError"))
        noted = self.block(lambda: self.const(node, True, missing))
        self.emit(node, "try", self.block(look), ((types, kind, None, noted),), (), ())
        self.emit(node, "if", missing, self.block(fail), ())

    def load_as(self, node: ast.AST, name: str, kind: str, value: Any, target: int) -> None:
        """Loads what is no register: a global, a cell, a builtin and so on."""
        if kind == "global":
            self.emit(node, "gget", target, value)
        elif kind == "cell":
            self.emit(node, "cget", target, value)
        elif kind == "builtin" or kind == "module":
            self.emit(node, "bget", target, value)
        elif kind == "model":
            self.unit.effects = True
            self.emit(node, "model", target, value)
        elif kind == "tool":
            self.emit(node, "model", target, value)
        elif kind == "constant":
            self.emit(node, "const", target, value)
        elif kind == "name":
            self.emit(node, "callb", target, ".name", (), ())
        else:
            self.emit(node, "const", target, None)
            self._cannot_load(node, kind, name)

    def _load_member(self, node: ast.AST, name: str, otherwise: Meaning, into: int | None) -> int:
        """A name of a class body: from its namespace, or else what the name means outside of it."""
        if self.assigned >> self.members[name] & 1:
            target = self.temp() if into is None else into
            self.emit(node, "index", target, 0, self.const(node, name))
            return target
        key = self.const(node, name)
        there = self.temp()
        self.emit(node, "cmp", there, "in", key, 0)
        found, missing = self.temp(), self.temp()

        def read() -> None:
            self.emit(node, "index", found, 0, self.const(node, name))

        def fall_back() -> None:
            kind, value = otherwise
            if kind in ("unknown", "typing", "api", "noodle", "package"):
                kind, value = "global", name
            self.load_as(node, name, kind, value, missing)

        target = self.temp() if into is None else into
        self.emit(node, "ifx", target, there, self.block(read), found, self.block(fall_back), missing)
        return target

    def _cannot_load(self, node: ast.AST, kind: str, name: str) -> None:
        report = self.unit.report
        if kind == "typing":
            hint = "annotations are kept as text and never run"
            report("NOODLE-E0202", f"'{name}' can only be used in annotations", node, hint)
        elif kind == "package":
            report("NOODLE-E0202", f"'{name}' can only be used to reach its modules", node, "import the module itself")
        elif kind in ("api", "noodle"):
            report("NOODLE-E0213", f"'{name}' cannot be used as a value", node, 'write `embed = model("minilm")`')
        else:
            code, message, hint = unknown_name(name, set())
            report(code, message, node, hint)

    def destination(self, name: str) -> int | None:
        """The register that is the variable itself, or None if it is a global or a cell."""
        kind, value = self.lookup(name)
        return int(value) if kind in ("local", "register") else None

    def assigned_now(self, register: int) -> None:
        """Notes that a named local has just been written."""
        if register < self.named:
            self.assigned |= 1 << register

    def store(self, node: ast.AST, name: str, register: int) -> None:
        """Binds a variable to the value in a register."""
        kind, value = self.lookup(name)
        if kind in ("local", "register"):
            if register != value:
                self.emit(node, "move", value, register)
            self.assigned_now(value)
        elif kind == "cell":
            self.emit(node, "cset", value, register)
            self.assigned |= self.own_cells.get(value, 0)
        elif kind == "global":
            self.emit(node, "gset", value, register)
        elif kind == "member":
            if name.startswith("__") and name.endswith("__") and name not in CLASS_DUNDERS:
                hint = DUNDER_HINTS.get(name, "choose a name without the two underscores at its end")
                self.unit.report("NOODLE-E0110", f"a class cannot define '{name}'", node, hint)
            self.emit(node, "setindex", 0, self.const(node, name), register)
            self.assigned |= 1 << self.members[name]

    def delete(self, node: ast.AST, name: str) -> None:
        """Unbinds a variable; an error at run time if it is not bound."""
        kind, value = self.lookup(name)
        if kind == "local":
            self.load(node, name)
            self.forget(node, value)
        elif kind == "cell":
            self.emit(node, "cdel", value)
            self.assigned &= ~self.own_cells.get(value, 0)
        elif kind == "global":
            self.emit(node, "gdel", value)
            self.restore_builtin(node, name)
        elif kind == "member":
            there = self.temp()
            self.emit(node, "cmp", there, "in", self.const(node, name), 0)

            def missing() -> None:
                error = self.temp()
                self.emit(node, "callb", error, "NameError", (self.const(node, f"name '{name}' is not defined"),), ())
                self.emit(node, "raise", error)

            self.emit(node, "if", there, (), self.block(missing))
            self.emit(node, "delindex", 0, self.const(node, name))
            self.assigned &= ~(1 << self.members[name])

    def forget(self, node: ast.AST, register: int) -> None:
        """Marks a named local as unbound from here on."""
        self.emit(node, "unset", register)
        self.assigned &= ~(1 << register)

    def restore_builtin(self, node: ast.AST, name: str) -> None:
        """Gives a global that hides a builtin the builtin's value: what Python's lookup would fall back to."""
        if name in OFFERED:
            register = self.temp()
            self.emit(node, "bget", register, name)
            self.emit(node, "gset", name, register)

    # the end

    def _too_many_registers(self) -> TooLarge:
        message = f"one function needs more than {MAX_REGISTERS} registers"
        hint = "split it into several functions, or pass data as arguments of main"
        return TooLarge(Diagnostic("NOODLE-E0118", message, span_of(self.node), hint))

    def finish(self, name: str, params: tuple[Param, ...], span: Span, returns: str = "", kind: str = "") -> int:
        """Puts the function into its unit; its index."""
        if self.assigned != UNREACHABLE:
            self.emit(self.node, "return", self.const(self.node, None))
        if self.registers > MAX_REGISTERS:
            raise self._too_many_registers()
        first: list[Instr] = []
        for register in sorted(self.unset) if self.unset else ():
            if register >= len(params):
                first.append(Instr("unset", (register,), span))
        self.unit.functions[self.index] = Function(
            name,
            params,
            self.registers,
            tuple(self.names),
            tuple(self.home.cells),
            tuple(self.home.free),
            tuple(first + self.code),
            span,
            returns,
            kind,
        )
        return self.index


def _unbound_inside(scope: Scope, name: str) -> bool:
    """Whether a function within may unbind a variable of this scope."""
    return any(
        (name in inner.fragile and not inner.owns(name)) or _unbound_inside(inner, name) for inner in scope.children
    )
