"""Whole programs made at random from a seed, for comparing CPython with every tier.

Nearly every expression prints when it is evaluated, so that a change of evaluation order shows in the output.
"""

import random
from collections.abc import Callable

PRELUDE = """
def t(x):
    print("t", x)
    return x
def u(*a, **k):
    print("u", a, k)
    return len(a) + len(k)
a, b, c = 1, 2, 3
"""
VARIABLES = ("a", "b", "c")
LITERALS = ("1", "2", "0", "3", "-1", "True", "2.5", "10**20", "1e308", "-0.0", "float('nan')")


class Generator:
    """Grows statements and expressions to a bounded depth."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def program(self) -> str:
        """A function and a top level that calls it."""
        body = self.block(3, 1, loop=False, function=True)
        top = self.block(3, 0, loop=False, function=False)
        function = ["def f(a, b=2, *, c=3):", *body, "    return a, b, c"]
        return PRELUDE + "\n".join([*function, *top, "print(f(a, c=b))", "f(b, 1)"]) + "\n"

    def expression(self, depth: int) -> str:
        """An expression."""
        pick = self.random.choice
        if depth <= 0:
            return pick((*VARIABLES, *LITERALS))
        one, two, three = (self.expression(depth - 1) for _ in range(3))
        forms = (
            f"t({one})",
            f"t({one})",
            f"({one} {pick(('+', '-', '*'))} {two})",
            f"({one} {pick(('//', '%', '/'))} {two})",
            f"({one} {pick(('&', '|', '^'))} {two})",
            f"({one} and {two})",
            f"({one} or {two})",
            f"({one} if {two} else {three})",
            f"({one} {pick(('<', '<=', '==', '!=', '>'))} {two} {pick(('<', '<=', '=='))} {three})",
            f"u({one}, *[{two}], z={three}, **{{'k': 1}})",
            f"[{one}, {two}][{three} % 2]",
            "len(f'{a}{b!r:>5} {c:{b}}')",
            f"sum([x * {one} for x in [1, b, 2] if {two} or x])",
            f"({pick(VARIABLES)} := {one})",
            f"(not {one})",
            f"(-{one})",
            f"(lambda q, w={one}: q + w)({two})",
            f"max({one}, {two})",
            f"{{t(1): {one}, 2: {two}}}.get({three}, 0)",
            f"str({one}).upper().count('E')",
        )
        return pick(forms)

    def block(self, depth: int, indent: int, *, loop: bool, function: bool) -> list[str]:
        """One to three statements."""
        lines: list[str] = []
        for _ in range(self.random.randrange(1, 4)):
            lines += self.statement(depth, indent, loop=loop, function=function)
        return lines

    def statement(self, depth: int, indent: int, *, loop: bool, function: bool) -> list[str]:
        """One statement, with what is nested in it."""
        simple = (self.assign, self.augment, self.show, self.sequence, self.counts, self.closures, self.comprehensions)
        nested = (self.branch, self.iterate, self.repeat, self.attempt)
        jumps: list[Callable[[], list[str]]] = [self.fail]
        if loop:
            jumps.append(lambda: [f"if {self.expression(1)}:", f"    {self.random.choice(('break', 'continue'))}"])
        if function:
            jumps.append(lambda: [f"if {self.expression(1)}:", f"    return {self.expression(1)}"])
        kind = self.random.randrange(10)
        if depth > 0 and kind < 4:
            lines = self.random.choice(nested)(depth, loop, function)
        elif kind < 9:
            lines = self.random.choice(simple)()
        else:
            lines = self.random.choice(jumps)()
        return ["    " * indent + line for line in lines]

    def assign(self) -> list[str]:
        return [f"{self.random.choice(VARIABLES)} = {self.expression(3)}"]

    def augment(self) -> list[str]:
        return [f"{self.random.choice(VARIABLES)} {self.random.choice(('+=', '-=', '*='))} {self.expression(2)}"]

    def show(self) -> list[str]:
        return [f"print({self.expression(2)}, {self.expression(2)})"]

    def sequence(self) -> list[str]:
        one, two, three = (self.expression(2) for _ in range(3))
        return [
            f"xs = [{one}, 7, 5]",
            f"xs[t(0)] += {two}",
            f"xs[t(1):] = [{three}]",
            "*ys, a = xs",
            "print(xs, ys, xs[::-1])",
        ]

    def counts(self) -> list[str]:
        return [
            "d = {}",
            "for b in [1, 2, 1]:",
            f"    d[b] = d.get(b, 0) + {self.expression(2)}",
            "print(d, list(d.items()))",
        ]

    def closures(self) -> list[str]:
        return ["fs = [lambda: c for _ in range(2)]", f"c = {self.expression(1)}", "print([g() for g in fs])"]

    def comprehensions(self) -> list[str]:
        one, two = self.expression(2), self.expression(2)
        return [f"print([(a, y) for y in range(3) if y != {one}], {{k: {two} for k in (1, 2)}})"]

    def fail(self) -> list[str]:
        if self.random.random() < 0.3:
            return [f"raise {self.random.choice(('ValueError', 'KeyError'))}({self.expression(1)})"]
        return [f"assert {self.expression(1)} != 99, {self.expression(1)}"]

    def branch(self, depth: int, loop: bool, function: bool) -> list[str]:
        lines = [f"if {self.expression(2)}:", *self.block(depth - 1, 1, loop=loop, function=function)]
        return lines + self.otherwise(depth, loop, function)

    def iterate(self, depth: int, loop: bool, function: bool) -> list[str]:
        over = self.random.choice(("range(3)", "[1, 2]", "(0,)", "'xy'", "enumerate([5])", "{1: 2}", "range(0)"))
        lines = [f"for v in {over}:", *self.block(depth - 1, 1, loop=True, function=function)]
        return lines + self.otherwise(depth, loop, function)

    def repeat(self, depth: int, loop: bool, function: bool) -> list[str]:
        name = f"w{depth}{self.random.randrange(1000)}"
        test = f"while {name} < {self.random.randrange(4)} and {self.expression(1)} != 77:"
        lines = [f"{name} = 0", test, f"    {name} += 1", *self.block(depth - 1, 1, loop=True, function=function)]
        return lines + self.otherwise(depth, loop, function)

    def otherwise(self, depth: int, loop: bool, function: bool) -> list[str]:
        if self.random.random() < 0.6:
            return []
        return ["else:", *self.block(depth - 1, 1, loop=loop, function=function)]

    def attempt(self, depth: int, loop: bool, function: bool) -> list[str]:
        lines = ["try:", *self.block(depth - 1, 1, loop=loop, function=function)]
        form = self.random.randrange(3)
        if form != 1:
            caught = self.random.choice(("ZeroDivisionError", "(TypeError, ValueError)", "Exception"))
            lines += [f"except {caught} as err:", "    print('caught', err)"]
            lines += self.block(depth - 1, 1, loop=loop, function=function)
        if form != 0:
            lines += ["finally:", *self.block(depth - 1, 1, loop=False, function=False)]
        return lines
