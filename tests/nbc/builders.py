"""Modules for tests: small ones by hand, big ones by chance."""

import random
from typing import Any

from noodle_ray.core.nbc import from_text
from noodle_ray.core.nbc.module import Block, Constant, Function, Instr, Module, Param, Span
from noodle_ray.core.nbc.ops import OPERANDS, OPERATORS, TERMINATORS
from noodle_ray.core.nbc.verifier.uses import used_imports, used_models

SPAN: Span = (1, 0, 1, 5)


def instr(op: str, *args: object, span: Span = SPAN) -> Instr:
    return Instr(op, args, span)


def top(*body: Instr, registers: int = 8, **changes: Any) -> Function:
    function = Function("<module>", (), registers, (), (), (), tuple(body), SPAN)
    return function._replace(**changes)


def tables(*functions: Function) -> Module:
    """A module with the tables of models and imports that its functions need."""
    return Module(functions, used_models(functions), used_imports(functions))


def written(code: str, *others: str, cells: str = "", registers: int = 8) -> Module:
    """A module whose top level is ``code``, an indented text; ``others`` are whole functions in text."""
    lines = ["nbc 2", "function 0 <module>  @1:0-5", f"  registers {registers}"]
    if cells:
        lines.append(f"  cells {cells}")
    lines.append("  code")
    lines += [f"    {line}" for line in code.strip("\n").split("\n") if line.strip()]
    module = from_text("\n".join([*lines, *others]))
    return tables(*module.functions)


CONSTANTS: tuple[Constant, ...] = (
    None, True, False, 0, 1, -1, 127, 128, -128, -129, 2**31, -(2**64), 10**150, 0.0, -0.0, 1.0, 1e308, float("inf"),
    float("nan"), "", "x", "naïve ☃ 🐍", "\ud800", "line\nbreak '\" \\ \x00", (), (1,), (1, True, 1.0, (None, "a")),
)  # fmt: skip
NAMES = ("x", "y", "naïve", "_", "a_b9", "変数", "Z" * 40)
GLOBALS = ("g", "global_1", "ünder")
BUILTINS = ("len", "print", "math.sqrt", "math", "json.dumps", "ValueError")
MODELS = ("minilm", "org/Model-1.5:q4@2", "0")
YIELDING = ("generator", "async_generator")
PLAIN = [
    op
    for op, kinds in OPERANDS.items()
    if "B" not in kinds
    and op not in TERMINATORS
    and op not in ("func", "gather", "emit", "emit2", "class", "yield", "yieldfrom")
]


class _Maker:
    """Makes a module that verifies, out of every opcode, by chance."""

    def __init__(self, seed: int, size: int) -> None:
        self.random = random.Random(seed)
        self.left = size
        self.functions: list[Function] = []

    def module(self) -> Module:
        self.functions.append(self.header("<module>", (), []))
        index = 0
        while index < len(self.functions):
            self.function = self.functions[index]
            self.extra = 0
            defined = set(range(len(self.function.params)))
            body = self.captured() + self.block(defined, depth=0, loop=False, comp="", handler=False, returns=True)
            self.functions[index] = self.function._replace(body=body, registers=self.function.registers + self.extra)
            index += 1
        return tables(*self.functions)

    def header(self, name: str, params: tuple[Param, ...], visible: list[str], kind: str = "") -> Function:
        taken = {param.name for param in params}
        free = tuple([name for name in self.some(visible) if name not in taken])
        taken |= set(free)
        others = [name for name in NAMES if name not in taken]
        self.random.shuffle(others)
        half = self.random.randrange(len(others) + 1)
        own = (*others[:half][:2], *[param.name for param in params if self.random.random() < 0.2])
        names = tuple(param.name for param in params) + tuple(
            name if self.random.random() < 0.5 else "" for name in others[half:][:3]
        )
        registers = len(names) + self.random.randrange(1, 200 if self.random.random() < 0.1 else 8)
        return Function(
            name, params, registers, names, own, free, (), self.span(), self.random.choice(("", "int")), kind
        )

    def captured(self) -> Block:
        """What a function must begin with."""
        cells, params = self.function.cells, [param.name for param in self.function.params]
        return tuple(
            Instr("cset", (cells.index(name), number), self.span())
            for number, name in enumerate(params)
            if name in cells
        )

    def some(self, items: Any) -> list[Any]:
        return [item for item in items if self.random.random() < 0.5]

    def span(self) -> Span:
        line, column = self.random.randrange(1, 300), self.random.randrange(200)
        if self.random.random() < 0.8:
            return (line, column, line, column + self.random.randrange(30))
        return (line, column, line + self.random.randrange(1, 5), self.random.randrange(200))

    def block(self, defined: set[int], depth: int, loop: bool, comp: str, handler: bool, returns: bool) -> Block:
        """Adds to ``defined`` what the block defines."""
        block: list[Instr] = []
        for _ in range(self.random.randrange(1, 7)):
            self.left -= 1
            if not defined:
                block.append(self.plain("const", defined))
            elif self.left > 0 and depth < 6 and self.random.random() < 0.3:
                block.append(self.nested(defined, depth + 1, loop, comp, handler, returns))
            elif self.left > 0 and self.random.random() < 0.05:
                block += self.ready(self.child(defined))
            elif comp and self.random.random() < 0.3:
                block.append(self.plain("emit2" if comp == "dict" else "emit", defined))
            elif self.function.kind in YIELDING and not comp and self.random.random() < 0.2:
                block.append(self.plain(self.random.choice(("yield", "yieldfrom")), defined))
            else:
                block += self.ready(self.plain(self.random.choice(PLAIN), defined))
        ends = ["raise", "raise_from"] + ["return"] * returns + ["break", "continue"] * loop + ["reraise"] * handler
        if self.random.random() < 0.1:
            block.append(self.plain(self.random.choice(ends), defined))
        return tuple(block)

    def ready(self, instr: Instr) -> list[Instr]:
        """The instruction, by way of a register of its own where others may not read its result."""
        if instr.op not in ("effect", "gather", "unset", "method"):
            return [instr]
        fresh = self.function.registers + self.extra
        self.extra += 1
        first = instr._replace(args=(fresh, *instr.args[1:]))
        if instr.op == "method":
            return [first, Instr("callm", (instr.args[0], fresh, instr.args[2], (), ()), instr.span)]
        if instr.op == "unset":
            return [first, Instr("const", (instr.args[0], None), self.span())]
        move = Instr("move", (instr.args[0], fresh), self.span())
        return [first, Instr("force", (fresh,), self.span()), move]

    def plain(self, op: str, defined: set[int]) -> Instr:
        if op == "check" and (named := [r for r in sorted(defined) if "".join(self.function.locals[r : r + 1])]):
            return Instr(op, (self.random.choice(named),), self.span())
        if op == "check" or ("C" in OPERANDS[op] and not (self.function.cells or self.function.free)):
            op = "const"
        written: set[int] = set()
        many = self.random.randrange(4)  # a dict display has as many values as keys
        args = tuple([self.operand(op, kind, defined, written, many) for kind in OPERANDS[op]])
        defined |= written
        return Instr(op, args, self.span())

    def operand(self, op: str, kind: str, defined: set[int], written: set[int], many: int) -> object:
        choice = self.random.choice
        readable = sorted(defined)
        if kind in ("D", "D?"):
            written.add(register := self.random.randrange(self.function.registers))
            return register
        if kind == "D*":
            found = tuple(self.random.randrange(self.function.registers) for _ in range(many))
            written.update(found)
            return found
        if kind in ("R", "X"):
            return choice(readable)
        if kind == "R?":
            return choice([None, *readable])
        if kind == "R*":
            return tuple(choice(readable) for _ in range(many))
        if kind == "KW":
            return tuple((name, choice(readable)) for name in self.some(NAMES))
        if kind == "K":
            return choice(CONSTANTS)
        if kind == "C":
            return self.random.randrange(len(self.function.cells) + len(self.function.free))
        if kind == "O":
            return choice(OPERATORS[op])
        if op in ("gget", "gset", "gdel"):
            return choice(GLOBALS)
        return choice({"bget": BUILTINS, "callb": BUILTINS, "model": MODELS, "effect": MODELS}.get(op, NAMES))

    def child(self, defined: set[int]) -> Instr:
        """A ``func``, ``gather`` or ``class``, and the function it makes, whose code follows later."""
        visible = [*self.function.cells, *self.function.free]
        target = self.random.randrange(self.function.registers)
        readable = sorted(defined)
        chance = self.random.random()
        if chance < 0.2:
            self.functions.append(self.header("f", (Param("p", "pos", False, ""),), visible))
            made = Instr("gather", (target, "list", readable[0], len(self.functions) - 1), self.span())
        elif chance < 0.4:
            self.functions.append(self.header("C", (Param("__namespace__", "pos", False, ""),), visible, "class"))
            bases = tuple(self.random.choice(readable) for _ in range(self.random.randrange(3)))
            keywords = tuple((name, readable[0]) for name in self.some(NAMES[:2]))
            made = Instr("class", (target, "C", len(self.functions) - 1, bases, keywords), self.span())
        else:
            params = (
                Param("a", "pos_only", False, "int"),
                Param("b", "pos", True, "list[str]"),
                Param("c", "var", False, ""),
                Param("d", "kw_only", True, ""),
                Param("e", "kw_only", False, ""),
                Param("f", "var_kw", False, ""),
            )[self.random.randrange(3) : self.random.randrange(1, 7)]
            kind = self.random.choice(("", "", "generator", "coroutine", "async_generator"))
            self.functions.append(self.header("<lambda>", params, visible, kind))
            defaults = tuple(self.random.choice(readable) for param in params if param.default)
            made = Instr("func", (target, len(self.functions) - 1, defaults), self.span())
        defined.add(target)
        return made

    def nested(self, defined: set[int], depth: int, loop: bool, comp: str, handler: bool, returns: bool) -> Instr:
        def inner(start: set[int], loop: bool = loop, comp: str = comp, handler: bool = handler) -> Block:
            return self.block(start, depth, loop, comp, handler, returns)

        def part(start: set[int], comp: str = comp) -> Block:
            """A block that is part of an expression."""
            return self.block(start, depth, loop=False, comp=comp, handler=handler, returns=False)

        op = self.random.choice(["and", "or", "ifx", "if", "while", "for", "comp", "try", "with"])
        test = self.random.choice(sorted(defined))
        target = self.random.randrange(self.function.registers)
        args: tuple[object, ...]
        one, two = set(defined), set(defined)
        if op in ("and", "or"):
            args = (target, test, part(one), self.random.choice(sorted(one)))
            defined.add(target)
        elif op == "ifx":
            left, right = part(one), part(two)
            args = (target, test, left, self.random.choice(sorted(one)), right, self.random.choice(sorted(two)))
            defined.add(target)
        elif op == "if":
            args = (test, inner(one), inner(two))
            defined |= one & two
        elif op == "while":
            condition = part(defined)
            test = self.random.choice(sorted(defined))
            args = (condition, test, inner(set(defined), loop=True), inner(set(defined)))
        elif op == "for":
            args = (target, test, inner(one | {target}, loop=True), inner(two))
        elif op == "comp":
            kind = self.random.choice(OPERATORS["comp"])
            args = (target, kind, part(one, comp=kind))
            defined.add(target)
        elif op == "with":
            manager = self.random.choice([None, target])
            args = (test, manager, inner(one | ({target} if manager is not None else set())))
        else:
            args = self.attempt(defined, inner)
        return Instr(op, args, self.span())

    def types(self, defined: set[int]) -> tuple[Block, int | None]:
        """An expression for exception types: registers of its own, each written once and read once."""
        if self.random.random() < 0.3:
            return (), self.random.choice([None, *sorted(defined)])
        first, second, third = range(self.function.registers + self.extra, self.function.registers + self.extra + 3)
        self.extra += 3
        one = Instr("bget", (first, "ValueError"), self.span())
        two = Instr("gget", (second, "g"), self.span())
        both = Instr("tuple", (third, (self.random.choice(sorted(defined)), first, second)), self.span())
        member = Instr("attr", (third, second, "error"), self.span())
        return self.random.choice((((one,), first), ((one, two, both), third), ((two, member), third)))

    def nameless(self) -> int:
        """A register that is no variable: a handler's variable is unbound where an exception leaves the handler."""
        return self.random.randrange(len(self.function.locals), self.function.registers)

    def attempt(self, defined: set[int], inner: Any) -> tuple[object, ...]:
        body_end = set(defined)
        body = inner(body_end)
        handlers = []
        for _ in range(self.random.randrange(3)):
            start = set(defined)
            types, type_register = self.types(start)
            exception = self.random.choice([None, self.nameless()])
            start |= set() if exception is None else {exception}
            handlers.append((types, type_register, exception, inner(start, handler=True)))
        other = inner(body_end)
        return (body, tuple(handlers), other, inner(defined))


def random_module(seed: int, size: int = 60) -> Module:
    """A module of about ``size`` instructions that verifies; equal for equal seeds."""
    return _Maker(seed, size).module()
