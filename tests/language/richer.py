"""Whole programs with classes, generators, managers, matching and handlers, for Hypothesis to make and to shrink."""

import random

from tests.language.generator import PRELUDE, Generator
from tests.language.prelude import Prelude

CLASSES = """
class Base:
    total = 0

    def __init__(self, x, y=2):
        self.x, self.y = x, y

    def __repr__(self):
        return f"{type(self).__name__}({self.x!r})"

    def __eq__(self, other):
        print("eq", self.x)
        return isinstance(other, Base) and self.x == other.x

    def __hash__(self):
        return 7

    def __lt__(self, other):
        print("lt")
        return self.y < other.y

    def __add__(self, other):
        return Base(self.x, other)

    def __radd__(self, other):
        return other

    def __len__(self):
        return 2

    def __getitem__(self, key):
        if key > 3:
            raise IndexError(key)
        return key * 2

    def __enter__(self):
        print("enter", self.x)
        return self

    def __exit__(self, kind, error, trace):
        print("exit", kind and kind.__name__, error)
        return kind is ValueError

    def step(self, by=1):
        self.x = by
        Base.total += 1
        return self

    @property
    def double(self):
        print("double")
        return self.x, self.x

    @staticmethod
    def plain(v):
        return [v]

    @classmethod
    def made(cls, v):
        return cls(v)


class Child(Base):
    def __init__(self, x):
        super().__init__(x, 5)
        self.z = x

    def step(self, by=1):
        print("child")
        return super().step(by)


class Fault(ValueError):
    def __init__(self, what):
        super().__init__("fault", what)
        self.what = what


def gen(n, start=0):
    try:
        for i in range(n):
            sent = yield start + i
            if sent:
                print("sent", sent)
    finally:
        print("gen ends")
    return n


def chain(*gens):
    for g in gens:
        got = yield from g
        print("got", got)
"""
INTEGERS = ("2**63", "-2**63 - 1", "2**64 + 1", "10**30", "-1", "0", "7")
FLOATS = ("float('nan')", "-0.0", "0.0", "float('inf')", "1e-320", "2.5", "-1e16")


class Richer(Generator):
    """As `Generator`, with more of the language. Choices come from ``source``, which may be Hypothesis's."""

    prelude = Prelude(CLASSES)

    def __init__(self, source: random.Random) -> None:
        self.random = source

    def program(self) -> str:
        """A function that is called whatever it raises, a top level that may end all, and the classes that they use."""
        body = self.block(self.random.choice((1, 1, 2)), 1, loop=False, function=True)
        lines = ["def f(a, b=2, *, c=3):", *body, "    return a, b, c", "try:"]
        lines += [f"    print(f({self.expression(1)}, c={self.expression(1)}))", "except Exception as err:"]
        lines += [
            "    print(type(err).__name__, err)",
            *self.block(1, 0, loop=False, function=False),
            "print(f(a, c=b))",
        ]
        text = "\n".join(lines) + "\n"
        return PRELUDE + self.prelude.of(text, self.random) + text

    def expression(self, depth: int) -> str:
        """An expression."""
        if self.random.random() < 0.7:
            return super().expression(depth)
        pick = self.random.choice
        if depth <= 0:
            return pick((*INTEGERS, *FLOATS, "b'xy'", "None", "(1, 2)"))
        one, two = self.expression(depth - 1), self.expression(depth - 1)
        forms = (
            f"Base({one}).step({two}).x",
            f"len(Child({one}).double)",
            f"(Base({one}) == Base({two}))",
            f"sum(gen(3, {pick(INTEGERS)}))",
            f"max(i for i in gen({pick(('0', '1', '4'))}) if {one} or i)",
            f"next(gen(2), {one})",
            f"(Base({one}) + {two}).y",
            f"Base({one})[{pick(('0', '3', '9'))}]",
            f"getattr(Child({one}), '{pick(('x', 'y', 'z', 'q'))}', {two})",
            f"Child.made({one}).plain({two})[0]",
            f"sorted([{one}, {two}], key=lambda v: (str(type(v)), str(v)))[0]",
            f"{{**{{'k': {one}}}, 'j': {two}}}['k']",
            f"(lambda *q, w={one}, **r: (q, w, r))({two}, z=1)[1]",
            f"[*gen(2), {one}][-1]",
            f"({one} in [{two}, 2])",
            f"'%s|%r' % ({one}, {two}) > ''",
            f"f'{{{pick(('a', 'b', 'c'))}!s:>8}}'.count(' ')",
            f"isinstance({one}, (int, Base))",
            f"divmod({pick(INTEGERS)}, {pick(('7', '-3', '2**65'))})[1]",
            f"hash({pick(INTEGERS)}) % 7",
            f"int(str({pick(INTEGERS)})[:9])",
        )
        return pick(forms)

    def statement(self, depth: int, indent: int, *, loop: bool, function: bool) -> list[str]:
        """One statement, with what is nested in it."""
        if self.random.random() < 0.65:
            return super().statement(depth, indent, loop=loop, function=function)
        simple = (self.objects, self.consume, self.attributes, self.unpacking, self.decorated, self.raising)
        nested = (self.managed, self.matched, self.rethrown)
        if depth > 0 and self.random.random() < 0.5:
            lines = self.random.choice(nested)(depth, loop, function)
        else:
            lines = self.random.choice(simple)()
        return ["    " * indent + line for line in lines]

    def objects(self) -> list[str]:
        one, two = self.expression(2), self.expression(2)
        return [f"o = {self.random.choice(('Base', 'Child'))}({one})", f"o.step({two})", "print(o, o.y, Base.total)"]

    def consume(self) -> list[str]:
        first, second = self.random.randrange(4), self.random.randrange(3)
        return [
            f"g = chain(gen({first}), gen({second}, 10))",
            "for a in g:",
            "    print(a)",
            f"    if a == {self.random.randrange(12)}:",
            "        break",
            f"print(list(g), next(g, {self.expression(1)}))",
        ]

    def attributes(self) -> list[str]:
        one, two = self.expression(1), self.expression(1)
        return [
            f"o = Base({one})",
            f"o.x {self.random.choice(('+=', '*=', '-='))} {two}",
            "del o.y",
            f"print(o.{self.random.choice(('x', 'y', 'double', 'nothing'))})",
        ]

    def unpacking(self) -> list[str]:
        return [f"a, *b, c = {self.expression(1)}, *gen(3), {self.expression(1)}", "print(a, b, c)", "b = len(b)"]

    def decorated(self) -> list[str]:
        return [
            "def deco(fn):",
            "    def inner(*args):",
            "        print('in', args)",
            "        return fn(*args)",
            "    return inner",
            "@deco",
            "def h(v):",
            "    return v",
            f"b = h({self.expression(2)})",
        ]

    def raising(self) -> list[str]:
        return [f"if {self.expression(1)}:", f"    raise Fault({self.expression(1)})"]

    def managed(self, depth: int, loop: bool, function: bool) -> list[str]:
        items = f"Base({self.expression(1)}) as m, Base({self.expression(1)})"
        return [f"with {items}:", *self.block(depth - 1, 1, loop=loop, function=function)]

    def matched(self, depth: int, loop: bool, function: bool) -> list[str]:
        subject = self.random.choice((self.expression(2), "[a, b]", "{'k': a}", "Base(a)"))
        patterns = ("0 | 1", "[x, *rest]", "{'k': v}", "Base(x=1)", "int() as n", "str()", "(x, y) if x", "float(f)")
        lines = [f"match {subject}:"]
        for pattern in self.random.sample(patterns, 3):
            lines.append(f"    case {pattern}:")
            lines += ["    " + line for line in self.block(depth - 1, 1, loop=loop, function=function)]
        return [*lines, "    case _:", "        print('none')"]

    def rethrown(self, depth: int, loop: bool, function: bool) -> list[str]:
        return [
            "try:",
            *self.block(depth - 1, 1, loop=loop, function=function),
            "except Fault as err:",
            "    print(err.what, err.args)",
            "    raise KeyError(1) from err",
            "except Exception as err:",
            "    print(type(err).__name__, err.__cause__)",
        ]
