"""One function's instructions become Python statements.

Temporaries that are written once and read once are not stored: their expressions wait on a stack and are put
straight into the instruction that reads them, as long as that keeps the order of evaluation. What cannot be
put there is assigned to a variable first. So ``x + f(y)`` comes out as it went in. Where it can be told when a value is
freed, such a variable lets it go as it is read, as CPython's stack does, and when an exception passes.
"""

import _ast as ast

from noodle_ray.core.nbc.costs import entry_cost, guards
from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.vm.pytier import nodes
from noodle_ray.core.vm.pytier.facts import NO_FACTS, Facts
from noodle_ray.core.vm.pytier.nodes import NOWHERE, Position, position
from noodle_ray.core.vm.pytier.registers import Registers
from noodle_ray.core.vm.pytier.scope import declarations
from noodle_ray.core.vm.pytier.support import FUEL
from noodle_ray.light import TYPE_CHECKING, Callable, Final, NamedTuple, Sequence, cast

if TYPE_CHECKING:
    from noodle_ray.core.vm.pytier.fragments import Fragments

MAX_DEPTH: Final = 40
"""Expressions nested deeper are cut, so that CPython's own compiler never runs out of stack."""


_ATTRIBUTES: Final = frozenset({"attr", "callm", "method", "setattr", "delattr"})
"""What CPython would place on the last line of its span, where it looks for the attribute's name."""
PLAIN: Final = frozenset({int, float, bool, str, range, slice})
"""Types of values that nobody can tell when they are freed."""


class Waiting(NamedTuple):
    """An expression not yet evaluated, and the register that its value is for; ``~register`` for one whose reading
    may fail, because it may be unbound, and must fail here."""

    register: int
    value: ast.expr
    depth: int


class Ticket(NamedTuple):
    """What stands for a run's tickets of a cost in a namespace that runs share."""

    cost: float


class Names:
    """What the generated module needs in its namespace: builtins, and vetted functions and tables by variable."""

    def __init__(self, facts: Facts = NO_FACTS, native: bool = False) -> None:
        self.facts = facts
        self.native = native
        self.leaves: frozenset[int] = frozenset()
        self.fragments: "Fragments | None" = None  # noqa: UP037
        self.base = 0
        self.sites: list[int] = []
        self.builtins: set[str] = set()
        self.vetted: dict[str, object] = {}

    def ticket(self, cost: int) -> str:
        """The variable with the tickets of this cost; what a run puts there stands for the cost until then."""
        name = f".t{cost}"
        self.vetted[name] = Ticket(float(cost))
        return name


class Emitter:
    """Emits one function. ``statements`` is the list being filled; blocks nest by swapping it. ``folding`` has the
    registers whose values may wait on the stack: unnamed, written once and read once."""

    def __init__(
        self, module: Module, function: Function, names: Names, index: int = 0, registers: Registers | None = None
    ) -> None:
        self.index = index
        self.knows_self = False
        self.stores = 0
        self.module = module
        self.function = function
        self.names = names
        self.registers = registers or Registers(function, names.facts)
        named = function.locals
        self.folding = {r for r in self.registers.once if r >= len(named) or not named[r]}
        self.waiting: list[Waiting] = []
        self.statements: list[ast.stmt] = []
        self.counter = 0
        self.depth = 0
        self.collecting: list[tuple[str, str]] = []
        self.suspects: dict[int, ast.expr] = {}
        self.found: dict[int, tuple[ast.expr, ast.expr, int]] = {}
        self.holding: list[str] = []

    # registers

    def variable(self, register: int) -> str:
        """The Python variable that holds a register. Not ``.0``: CPython calls a comprehension's iterator so."""
        names = self.function.locals
        return (names[register] if register < len(names) else "") or f".r{register}"

    def fresh(self, hint: str) -> str:
        """A variable name that nothing else uses."""
        self.counter += 1
        return f".{hint}{self.counter}"

    # operands

    def operands(self, registers: Sequence[int], at: Position, *, raw: bool = False) -> list[ast.expr]:
        """Expressions for registers read in this order; those that wait come off the stack. With ``raw``, a
        slice or a format field stays what it is."""
        folding, constants = self.folding, self.registers.constants
        checks = {w.register for w in self.waiting if w.register < 0} if self.waiting else ()
        expected: list[int] = []
        for r in registers:
            if r not in constants:
                if r in folding:
                    expected.append(r)
                elif ~r in checks:
                    expected.append(~r)
        if not expected:
            self.depth = 0
            return [self.read(r, at) for r in registers]
        count = len(expected)
        tail = self.waiting[len(self.waiting) - count :]
        if [w.register for w in tail] != expected or max([w.depth for w in tail]) > MAX_DEPTH:
            self.flush()
            self.depth = 0
            return [
                self.take(self.variable(r), at) if r in expected and self.holds(r) else self.read(r, at)
                for r in registers
            ]
        del self.waiting[len(self.waiting) - count :]
        values = {w.register: w for w in tail}
        self.depth = max([w.depth for w in tail])
        return [
            (values[r].value if raw else self.value(values[r].value)) if r in values else self.read(r, at)
            for r in registers
        ]

    def operand(self, register: int, at: Position) -> ast.expr:
        """The expression for one register."""
        return self.operands((register,), at)[0]

    def read(self, register: int, at: Position) -> ast.expr:
        """A register that is a variable or a constant."""
        instr = self.registers.constants.get(register)
        if instr is None:
            name = self.variable(register)
            if self.names.facts.ends and name[0] == "." and self.registers.passes(register):
                return self.take(name, at)
            return nodes.load(name, at)
        if instr.op == "const":
            return nodes.constant(instr.args[1], at)
        return self.builtin(cast(str, instr.args[1]), at)

    def holds(self, register: int) -> bool:
        """Whether it can be told when a register's value is freed."""
        return self.names.facts.ends and self.registers.types.get(register) not in PLAIN

    def take(self, name: str, at: Position) -> ast.expr:
        """Read one of our own variables for the last time. If that can be told, it lets its value go."""
        if not self.names.facts.ends:
            return nodes.load(name, at)
        self.holding.append(name)
        gone = ast.NamedExpr(nodes.store(name, at), nodes.constant(None, at), **at)
        both = ast.Tuple([nodes.load(name, at), gone], nodes.LOAD, **at)
        return ast.Subscript(both, nodes.constant(0, at), nodes.LOAD, **at)

    def release(self, since: int, at: Position) -> list[ast.stmt]:
        """Let go of what our own variables may hold that were used since so many were."""
        names = sorted({*self.holding[since:]})
        if not names:
            return []
        goals: list[ast.expr] = [nodes.store(name, at) for name in names]
        return [ast.Assign(goals, nodes.constant(None, at), None, **at)]

    def limits(self, at: Position) -> ast.expr:
        """What the first handler of a ``try`` catches: what passes all others."""
        return nodes.call(".freeing" if self.names.facts.ends else ".limits", [], at)

    def builtin(self, name: str, at: Position) -> ast.expr:
        """A builtin by its name in the table."""
        self.names.builtins.add(name)
        return nodes.load(f".b.{name}", at)

    def value(self, node: ast.expr) -> ast.expr:
        """An expression as a value of its own: slices and format fields are only values inside others."""
        if isinstance(node, ast.Slice):
            at = place(node)
            bounds = [bound or nodes.constant(None, at) for bound in (node.lower, node.upper, node.step)]
            return nodes.call(".slice", bounds, at)
        if isinstance(node, ast.FormattedValue):
            return self.text([node], place(node))
        return node

    def text(self, parts: list[ast.expr], at: Position) -> ast.expr:
        """An f-string. If a function may be formatted in it, its address, which differs from run to run, is cut."""
        joined: ast.expr = ast.JoinedStr(parts, **at)
        suspects = [self.suspects[id(part)] for part in parts if id(part) in self.suspects]
        if not suspects:
            return joined
        if len(parts) == 1 and self.names.facts.own_texts:  # the text may be asked by no operator
            return nodes.call(".fix", [joined, *suspects], at)
        name = self.fresh("s")
        bound = ast.NamedExpr(nodes.store(name, at), joined, **at)
        test = ast.Compare(nodes.constant(" at 0x", at), [ast.In()], [bound], **at)
        fixed = nodes.call(".fix", [nodes.load(name, at), *suspects], at)
        return ast.IfExp(test, fixed, nodes.load(name, at), **at)

    def twice(self, node: ast.expr, at: Position) -> tuple[ast.expr, ast.expr]:
        """A value that is read twice: the expression for its first and the one for its second reading."""
        if isinstance(node, ast.Name):
            return node, node
        name = self.fresh("s")
        return ast.NamedExpr(nodes.store(name, at), node, **at), self.take(name, at)

    def thrice(self, node: ast.expr, at: Position) -> tuple[ast.expr, ast.expr, ast.expr]:
        """As `twice`, with one more reading between."""
        if isinstance(node, ast.Name):
            return node, node, node
        first, last = self.twice(node, at)
        assert isinstance(first, ast.NamedExpr)
        return first, nodes.load(first.target.id, at), last

    # results

    def result(self, register: int, node: ast.expr, at: Position) -> None:
        """Give a register its value: leave it waiting, or assign it now."""
        if register in self.folding:
            self.waiting.append(Waiting(register, node, self.depth + 1))
            self.depth = 0
            return
        self.flush()
        self.depth = 0
        node = self.value(node)
        if self.registers.reads[register] == 0 and self.variable(register).startswith("."):
            self.statements.append(ast.Expr(node, **at))
        else:
            self.statements.append(nodes.assign(self.variable(register), node, at))

    def expect(self, register: int, at: Position) -> None:
        """Have a variable read here, if what reads it next does not do so before anything else happens."""
        self.waiting.append(Waiting(~register, nodes.load(self.variable(register), at), 0))

    def flush(self) -> None:
        """Evaluate everything that waits, in order, into variables."""
        for register, node, _ in self.waiting:
            at = place(node)
            if register < 0:
                self.statements.append(ast.Expr(node, **at))
                continue
            self.statements.append(nodes.assign(self.variable(register), self.value(node), at))
        self.waiting.clear()

    def statement(self, node: ast.stmt) -> None:
        """Add a statement, after all that was to be evaluated before it."""
        self.flush()
        self.statements.append(node)

    # blocks

    def block(self, block: Block) -> list[ast.stmt]:
        """The statements of a nested block; nothing outside may wait while it runs."""
        statements, self.statements = self.statements, []
        waiting, self.waiting = self.waiting, []
        for instr in block:
            self.instruction(instr)
        self.flush()
        nested, self.statements, self.waiting = self.statements, statements, waiting
        return nested

    def expression(self, block: Block, register: int, at: Position) -> tuple[list[ast.stmt], ast.expr]:
        """A nested block with its value: the statements that must run first (ideally none), and the expression."""
        statements, self.statements = self.statements, []
        waiting, self.waiting = self.waiting, []
        for instr in block:
            self.instruction(instr)
        value = self.operand(register, at)
        self.flush()
        nested, self.statements, self.waiting = self.statements, statements, waiting
        return nested, value

    def instruction(self, instr: Instr) -> None:
        """Emit one instruction."""
        at = position(instr.span)
        if instr.op in _ATTRIBUTES and at["end_lineno"] != at["lineno"]:
            at = {**at, "end_lineno": at["lineno"], "end_col_offset": at["col_offset"]}
        HANDLERS[instr.op](self, instr, at)

    # functions

    def _native(self) -> list[ast.stmt]:
        """Ask native code first, where there may be some: ``if site is not None and (r := site(...)) is not again``."""
        if not self.names.native or self.function is self.module.functions[0]:
            return []
        from noodle_ray.core.vm.native.choice import eligible

        if not eligible(self.function):
            return []
        index = self.index
        self.names.sites.append(index)
        at = position(self.function.span)
        site, result = f".site{index}", self.fresh("y")
        args: list[ast.expr] = [nodes.load(param.name, at) for param in self.function.params]
        asked = ast.NamedExpr(nodes.store(result, at), ast.Call(nodes.load(site, at), args, [], **at), **at)
        there = ast.Compare(nodes.load(site, at), [ast.IsNot()], [nodes.constant(None, at)], **at)
        done = ast.Compare(asked, [ast.IsNot()], [nodes.load(".again", at)], **at)
        leave = ast.Return(nodes.load(result, at), **at)
        return [ast.If(there, [ast.If(done, [leave], [], **at)], [], **at)]

    def _releasing(self, body: list[ast.stmt], at: Position) -> list[ast.stmt]:
        """The function's code, which lets go of what our own variables hold when an exception leaves it."""
        release = self.release(0, at)
        if not release:
            return body
        name, again = self.fresh("e"), ast.Raise(None, None, **at)
        noted = ast.Expr(nodes.call(".tripped", [nodes.load(name, at)], at), **at)
        limits = ast.ExceptHandler(self.limits(at), name, [noted, again], **at)
        others = ast.ExceptHandler(nodes.load(".BaseException", at), None, [*release, again], **at)
        return [ast.Try(body, [limits, others], [], [], **at)]

    def definition(self, name: str, defaults: list[ast.expr], at: Position) -> ast.FunctionDef | ast.AsyncFunctionDef:
        """This whole function as a ``def``, or an ``async def``: what can be suspended is what CPython suspends."""
        from noodle_ray.core.vm.pytier.objects import prologue  # which needs this module

        code, free = self.function.body, guards(self.function)
        asked = prologue(self, position(self.function.span))
        first, rest = self.block(code[:free]), self.block(code[free:])
        paid = (
            [] if self.index in self.names.leaves else charge(entry_cost(self.function), position(self.function.span))
        )
        body = self._releasing([*first, *paid, *rest], position(self.function.span))
        body = [*declarations(self.function), *self._native(), *asked, *body]
        kind = self.function.kind
        if kind in ("generator", "async_generator"):  # one, whether or not a yield can be reached
            never: list[ast.stmt] = [ast.Expr(ast.Yield(None, **at), **at)]
            body.append(ast.If(nodes.constant(False, at), never, [], **at))
        define = ast.AsyncFunctionDef if kind in ("coroutine", "async_generator") else ast.FunctionDef
        return define(name, arguments(self.function, defaults), body, [], None, None, **at)


Handler = Callable[[Emitter, Instr, Position], None]
HANDLERS: Final[dict[str, Handler]] = {}
"""How each opcode is emitted; the modules beside this one fill it."""


def handles(*ops: str) -> Callable[[Handler], Handler]:
    """Register a function as the emitter of these opcodes."""

    def register(handler: Handler) -> Handler:
        for op in ops:
            HANDLERS[op] = handler
        return handler

    return register


def charge(cost: int, at: Position) -> list[ast.stmt]:
    """Take fuel here and now: ``if (fuel := fuel - cost) < 0: trip()``. Floats, because CPython subtracts and
    compares them without a size check; they are exact to 2**53."""
    less = ast.BinOp(nodes.load(FUEL, at), ast.Sub(), nodes.constant(float(cost), at), **at)
    left = ast.NamedExpr(nodes.store(FUEL, at), less, **at)
    test = ast.Compare(left, [ast.Lt()], [nodes.constant(0.0, at)], **at)
    return [ast.If(test, [ast.Expr(nodes.call(".trip", [], at), **at)], [], **at)]


def place(node: ast.expr) -> Position:
    return {
        "lineno": node.lineno,
        "col_offset": node.col_offset,
        "end_lineno": cast(int, node.end_lineno),
        "end_col_offset": cast(int, node.end_col_offset),
    }


def arguments(function: Function, defaults: list[ast.expr]) -> ast.arguments:
    """The parameters of a ``def`` of the function."""
    groups: dict[str, list[ast.arg]] = {kind: [] for kind in ("pos_only", "pos", "var", "kw_only", "var_kw")}
    positional: list[ast.expr] = []
    keyword: list[ast.expr | None] = []
    values = iter(defaults)
    for param in function.params:
        groups[param.kind].append(ast.arg(param.name, None, None, **NOWHERE))
        if param.kind == "kw_only":
            keyword.append(next(values) if param.default else None)
        elif param.default:
            positional.append(next(values))
    return ast.arguments(
        groups["pos_only"],
        groups["pos"],
        groups["var"][0] if groups["var"] else None,
        groups["kw_only"],
        keyword,
        groups["var_kw"][0] if groups["var_kw"] else None,
        positional,
    )
