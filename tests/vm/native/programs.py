"""Numeric programs made at random from a seed: functions over integers, floats, bools and lists, which now and then
overflow, divide by zero, leave a list's bounds or a function's domain."""

import random

RANGES = ("3", "i % 6", "n % 7", "2, 9, 3", "5, 0, -2", "len(xs)", "LIMIT")
PRELUDE = "import math\nLIMIT = 7\nSCALE = 0.5\n"


class Numeric:
    """Grows functions whose variables keep one type each, as the native tier wants them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.loops = 0

    def program(self) -> str:
        """Two functions, and calls of the second with several arguments."""
        helper = ["def helper(i, x):", *self.body(2), f"    return {self.pick(('i', 'x', 'i, x', 'b', 'n % 5'))}"]
        main = ["def work(n, x, xs, ys):", "    i = n", "    b = x > 0.0"]
        main += [*self.block(3, 1), f"    return {self.pick(('i', 'x', 'xs', 'sum(xs)', '(i, x, b)', 'ys', 'zs'))}"]
        main[3:3] = ["    zs = [0] * 5", "    ws = [x * k for k in range(4)]"]
        recursive = [
            "def down(n):",
            "    if n <= 1:",
            "        return n",
            f"    return down(n - 1) {self.pick('+-*')} down(n - 2) + {self.integer(0, ('n',))}",
        ]
        calls = []
        for _ in range(4):
            n, x = self.pick((0, 1, 3, 9, -2, 2**62, 10**9)), self.pick((0.5, -1.25, 0.0, 1e300, 3.0))
            xs = [self.pick((0, 1, 2, -5, 7, 2**40)) for _ in range(self.random.randrange(1, 5))]
            ys = [self.pick((0.5, -2.0, 0.0, 1e10)) for _ in range(self.random.randrange(1, 5))]
            calls += [
                f"xs, ys = {xs}, {ys}",
                "try:",
                f"    print(work({n}, {x}, xs, ys))",
                "except (ArithmeticError, LookupError, ValueError) as error:",
                "    print(type(error).__name__, error)",
                "print(xs, ys, down(9))",
            ]
        last = f"work({self.pick((2, 5, 2**63 - 1))}, 1.5, [3, 4], [])"
        return PRELUDE + "\n".join([*helper, *recursive, *main, *calls, last]) + "\n"

    def body(self, depth: int) -> list[str]:
        """The helper's statements."""
        head = ["    n = i", "    b = i < 3", "    zs = [1, 2, 3]", "    ws = [0.25, x]", "    xs = zs", "    ys = ws"]
        return head + self.block(depth, 1, calls=False)

    def pick(self, options: "tuple[object, ...] | str") -> object:
        return self.random.choice(options)

    def block(self, depth: int, indent: int, *, loop: bool = False, calls: bool = True) -> list[str]:
        """One to four statements."""
        lines: list[str] = []
        for _ in range(self.random.randrange(1, 5)):
            lines += self.statement(depth, indent, loop, calls)
        return lines

    def statement(self, depth: int, indent: int, loop: bool, calls: bool) -> list[str]:
        """One statement with what is nested in it."""
        kind = self.random.randrange(14)
        if depth > 0 and kind < 5:
            lines = self.nested(depth, indent, calls)
        elif kind == 5 and loop:
            lines = [f"if {self.boolean(1)}:", f"    {self.pick(('break', 'continue'))}"]
        elif kind == 6:
            lines = [f"if {self.boolean(1)}:", f"    {self.pick(('xs.append(i)', 'ys.append(x)', 'xs[-1] = i'))}"]
        elif kind == 7:
            lines = [f"{self.pick(('xs', 'zs'))}[{self.index()}] = {self.integer(2)}"]
        elif kind == 8:
            lines = [f"{self.pick(('ys', 'ws'))}[{self.index()}] {self.pick(('=', '+=', '*='))} {self.real(2)}"]
        elif kind == 9 and calls:
            lines = [f"r = helper({self.integer(1)} % 9, {self.real(1)})"]
        elif kind < 12:
            lines = [f"i {self.pick(('=', '+=', '-=', '^='))} {self.integer(3)}"]
        else:
            pair = f"i, x = {self.integer(1)}, {self.real(1)}"
            lines = [str(self.pick((f"x = {self.real(3)}", f"b = {self.boolean(2)}", pair)))]
        return ["    " * indent + line for line in lines]

    def nested(self, depth: int, indent: int, calls: bool) -> list[str]:
        """A branch or a loop."""
        self.loops += 1
        variable = f"k{self.loops}"
        head: list[str] = [
            f"if {self.boolean(2)}:",
            f"for {variable} in range({self.pick(RANGES)}):",
            f"for {variable} in {self.pick(('xs', 'zs'))}:",
            f"for {variable} in range(4):",
            f"{variable} = 0",
        ]
        first = str(self.pick(tuple(head)))
        inside = self.block(depth - 1, 0, loop=first.startswith("for") or first.endswith("= 0"), calls=calls)
        if first.endswith("= 0"):
            lines = [first, f"while {variable} < {self.pick((2, 3, 5))}:", f"    {variable} += 1"]
        else:
            lines = [first]
            if first.startswith("for") and self.random.random() < 0.7:
                lines.append(f"    i = i + {variable}")
        lines += ["    " + line for line in inside]
        if self.random.random() < 0.2:
            lines += ["else:", f"    i = {self.integer(1)}"]
        return lines

    def index(self) -> object:
        return self.pick(("0", "1", "-1", "i % 3", "n % 2", "-2", "2"))

    def integer(self, depth: int, leaves: tuple[str, ...] = ("i", "n", "LIMIT")) -> str:
        """An expression with an int."""
        if depth <= 0:
            return str(self.pick((*leaves, "0", "1", "2", "3", "-7", "1000003")))
        a, b, x = self.integer(depth - 1), self.integer(depth - 1), self.real(depth - 1)
        return str(
            self.pick(
                (
                    f"({a} {self.pick('+-*')} {b})",
                    f"({a} {self.pick('&|^')} {b})",
                    f"({a} // {self.pick(('2', '3', '-4', b))})",
                    f"({a} % {self.pick(('2', '7', '-5', '8', b))})",
                    f"({a} << ({b} % 5))",
                    f"({a} >> ({b} % 70))",
                    f"({a} ** {self.pick(('2', '3', '0'))})",
                    f"abs({a})",
                    f"min({a}, {b})",
                    f"max({a}, {b}, 4)",
                    f"int({x})",
                    f"({a} if {self.boolean(depth - 1)} else {b})",
                    f"xs[{self.index()}]",
                    f"zs[{self.index()}]",
                    "len(xs)",
                    "sum(zs)",
                    f"math.floor({x})",
                    f"round({x})",
                    f"divmod({a}, 5)[1]",
                    f"math.isqrt(abs({a}))",
                    f"(-{a})",
                    f"(~{a})",
                )
            )
        )

    def real(self, depth: int) -> str:
        """An expression with a float."""
        if depth <= 0:
            return str(self.pick(("x", "SCALE", "0.5", "-2.0", "1.5", "0.0", "1e10")))
        a, b, i = self.real(depth - 1), self.real(depth - 1), self.integer(depth - 1)
        return str(
            self.pick(
                (
                    f"({a} {self.pick('+-*')} {b})",
                    f"({a} {self.pick('+-*')} {i})",
                    f"({a} / {b})",
                    f"({i} / {self.pick(('2', '7', i))})",
                    f"({a} % {b})",
                    f"({a} // {b})",
                    f"({a} ** {self.pick(('2', '0.5', '3', '-1'))})",
                    f"math.sqrt({a})",
                    f"math.sin({a})",
                    f"math.exp({a})",
                    f"math.log({a})",
                    f"float({i})",
                    f"abs({a})",
                    f"max({a}, {b})",
                    f"ys[{self.index()}]",
                    f"ws[{self.index()}]",
                    f"({a} if {self.boolean(depth - 1)} else {b})",
                    "max(ws)",
                    "math.pi",
                )
            )
        )

    def boolean(self, depth: int) -> str:
        """An expression with a bool."""
        if depth <= 0:
            return str(self.pick(("b", "True", "False", "i > 2")))
        a, b = self.boolean(depth - 1), self.boolean(depth - 1)
        i, j, x, y = self.integer(1), self.integer(1), self.real(1), self.real(1)
        compare = self.pick(("<", "<=", "==", "!=", ">", ">="))
        forms = (f"{i} {compare} {j}", f"{x} {compare} {y}", f"{i} {compare} {y}", f"({a} and {b})", f"({a} or {b})")
        return str(self.pick((*forms, f"(not {a})", f"0 < {i} < {j}", f"(b ^ {a})" if depth < 2 else "b")))
