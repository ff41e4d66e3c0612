"""Functions over numbers and lists of them, called in loops: programs that go native where they may."""

import random


class Numeric:
    """Grows a module of two numeric functions and calls of them that may fail."""

    def __init__(self, source: random.Random) -> None:
        self.random = source

    def program(self) -> str:
        """``f`` loops, ``g`` calls it; each call is printed, whatever it raises."""
        lines = ["def f(a, b, xs):", "    total = 0", *self.block(2, 1, calls=False), "    return total, a, b, xs"]
        lines += ["def g(a, b, xs):", "    total = b", *self.block(2, 1, calls=True), "    return total + a"]
        lines += ["for i in range(4):", "    for name in (f, g):", "        try:"]
        lines += [f"            print(name({self.value()}, {self.value()}, {self.numbers()}))"]
        return "\n".join([*lines, "        except Exception as e:", "            print(type(e).__name__, e)", ""])

    def value(self) -> str:
        """An argument: of one type in most calls, so that code for it is made."""
        return self.random.choice(("i", "i + 1", "i - 2", "i * 0.5", "2**62 + i", "-2**63", "i > 1", "1e308", "-0.0"))

    def numbers(self) -> str:
        return self.random.choice(
            ("[i, 2, 3]", "[0.5, i]", "[]", "[1, 2.5]", "list(range(i + 3))", "[2**63]", "[i] * 9")
        )

    def expression(self, depth: int) -> str:
        """A number."""
        pick = self.random.choice
        if depth <= 0:
            return pick(("a", "b", "total", "i", "0", "1", "3", "-7", "2.5", "-0.0", "2**40", "2**63 - 1", "len(xs)"))
        one, two = self.expression(depth - 1), self.expression(depth - 1)
        forms = (
            f"({one} {pick(('+', '-', '*', '+', '-'))} {two})",
            f"({one} {pick(('//', '%', '/'))} {two})",
            f"({one} {pick(('&', '|', '^'))} {two})",
            f"({one} {pick(('<<', '>>'))} {pick(('1', '5', '63'))})",
            f"({one} if {one} {pick(('<', '==', '>=', '!='))} {two} else {two})",
            f"({one} {pick(('and', 'or'))} {two})",
            f"{pick(('min', 'max'))}({one}, {two})",
            f"abs({one})",
            f"xs[{pick(('0', '-1', 'i', one))}]",
            f"int({one})",
            f"(-{one})",
            f"round({one}{pick(('', ', 1'))})",
            f"sum([x * {one} for x in xs])",
            f"divmod({one}, {two})[{pick('01')}]",
            f"({one}) ** 2",
            f"float({one})",
        )
        return pick(forms)

    def block(self, depth: int, indent: int, *, calls: bool) -> list[str]:
        """One to three statements. ``i`` is bound before any other is made."""
        lines = ["i = 0"] if indent == 1 else []
        for _ in range(self.random.randrange(1, 4)):
            lines += self.statement(depth, calls)
        return ["    " + line if indent else line for line in lines]

    def statement(self, depth: int, calls: bool) -> list[str]:
        pick = self.random.choice
        simple = (
            lambda: [f"{pick(('total', 'a', 'b'))} {pick(('=', '+=', '-=', '*='))} {self.expression(2)}"],
            lambda: [f"xs[{pick(('0', '-1', 'i'))}] {pick(('=', '+='))} {self.expression(1)}"],
            lambda: [f"xs.append({self.expression(1)})"],
            lambda: [f"total += f({self.expression(1)}, b, xs)[0]" if calls else "total += i"],
            lambda: [f"a, b = b, {self.expression(1)}"],
            lambda: [f"if {self.expression(1)} > 50:", f"    return {'0' if calls else '(0, a, b, xs)'}"],
        )
        if depth <= 0 or self.random.random() < 0.5:
            return pick(simple)()
        inner = ["    " + line for line in self.block(depth - 1, 0, calls=calls)]
        heads = (
            [f"for i in range({pick(('5', 'len(xs) % 9', '3, -2, -1', 'int(abs(a)) % 7'))}):"],
            ["for x in xs[:4]:"],
            [f"if {self.expression(1)} {pick(('<', '==', '>'))} {self.expression(1)}:"],
        )
        return [*pick(heads), *inner]
