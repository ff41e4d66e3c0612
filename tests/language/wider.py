"""Programs as `richer` makes them, with scopes, generators driven by hand, methods of builtin values, text and number
formats, data classes, enumerations and coroutines."""

import random
import re

from tests.language.generator import Generator
from tests.language.prelude import Prelude
from tests.language.richer import CLASSES, Richer

KINDS = """
import asyncio
import dataclasses
import enum
import math


@dataclasses.dataclass(order=True)
class Point:
    x: object
    y: object = 2
    tags: list = dataclasses.field(default_factory=list, compare=False)

    def scaled(self, by=2):
        return dataclasses.replace(self, y=by)


class Colour(enum.Enum):
    RED = 1
    GREEN = 2

    def next(self):
        return Colour.GREEN if self is Colour.RED else Colour.RED


class Account:
    def __init__(self, total):
        self._total = total

    @property
    def total(self):
        return self._total

    @total.setter
    def total(self, value):
        if value is None:
            raise ValueError("no total")
        self._total = value

    def __call__(self, *a, **k):
        return (self._total, a, k)

    def __contains__(self, item):
        return item == self._total

    def __iter__(self):
        try:
            yield self._total
            yield 2
        finally:
            print("account ends")

    def __bool__(self):
        print("bool")
        return self._total != 0


class Savings(Account):
    @property
    def total(self):
        return super().total, "saved"

    def __missing__(self, key):
        return key


state = [0]
counter = 0


def bump(by=1, *more, to=None, **rest):
    global counter
    counter += 1 if to is None else 2
    return counter, by, more, sorted(rest)


def depth(n, seen=()):
    if n <= 0:
        return len(seen)
    try:
        return depth(n - 1, (*seen, n))
    finally:
        state[0] += n


async def waits(n, what):
    for i in range(n):
        await asyncio.sleep(0)
        print("awoke", i, what)
    if n == 2:
        raise Fault(what)
    return what
"""
INTEGERS = ("0", "-1", "7", "255", "2**31", "2**63 - 1", "-2**63", "2**64", "10**25", "-3**50", "True")
FLOATS = ("0.0", "-0.0", "1.5", "-2.675", "1e16", "1e-7", "5e-324", "1.7e308", "float('inf')", "-math.inf", "math.nan")
TEXTS = ("''", "'a'", "'Hello World'", "'  x y '", "'ß\u0130ǆ'", "'1,2,,3'", "'tab\\tnew\\nline'", "'abcabc'")
SPECS = (
    "",
    "d",
    ">8",
    "<8",
    "^8",
    "+",
    "08.3f",
    ",",
    "_",
    "x",
    "#b",
    "e",
    ".3g",
    "%",
    "*^12",
    "s",
    ".2",
    "n",
    "c",
    "z.1f",
)
TEXT_METHODS = (
    "upper()", "title()", "swapcase()", "casefold()", "split()", "split(',')", "rsplit(None, 1)", "partition('a')",
    "replace('a', 'bb', 1)", "find('b')", "rindex('a')", "strip('a ')", "zfill(7)", "center(9, '*')", "isdigit()",
    "isidentifier()", "splitlines(True)", "expandtabs(3)", "startswith(('a', 'H'))", "join(['x', 'y'])", "encode()",
    "removeprefix('a')", "translate({97: 'z'})", "count('')", "index('zz')", "ljust(4)", "format(1, 2)", "__len__()",
)  # fmt: skip
LIST_METHODS = (
    "append(4)", "extend('ab')", "insert(1, 9)", "insert(-9, 0)", "pop()", "pop(0)", "pop(7)", "remove(1)", "index(1)",
    "index(5, 1)", "count(1)", "reverse()", "copy()", "sort()", "sort(key=str, reverse=True)", "clear()",
)  # fmt: skip
DICT_METHODS = (
    "get('k')", "get('q', 5)", "pop('k')", "pop('q', None)", "setdefault('q', 3)", "update(z=1)", "popitem()",
    "items()", "keys() & {'k'}", "values()", "copy()", "update([('k', 2)])", "clear()", "fromkeys('ab', 0)",
    "keys() - ['w']",
)  # fmt: skip
SET_METHODS = (
    "add(9)", "discard(1)", "remove(8)", "union([3])", "intersection([1])", "difference({1})", "issubset([1, 2, 3])",
    "symmetric_difference([1, 7])", "isdisjoint([4])", "update([5], [6])", "copy()", "issuperset(())",
)  # fmt: skip
BYTES_METHODS = (
    "hex()", "decode('ascii')", "split(b' ')", "find(98)", "replace(b'a', b'')", "upper()", "startswith(b'a')",
    "count(b'a')", "strip()", "ljust(6, b'.')", "decode()", "join([b'1', b'2'])", "isalpha()", "translate(None, b'a')",
)  # fmt: skip
STEPS = ("", "0", "1", "-1", "2", "-3", "9", "None", "2**70")


APART = ("Base|Child", "Account|Savings", "Point", "Colour", "asyncio", "chain", "bump", "depth", "Fault")
"""What one program in two does without, each: so it is smaller, and what it has meets more often."""


class Wider(Richer):
    """As `Richer`, with the rest of the language."""

    prelude = Prelude(CLASSES + KINDS)

    def __init__(self, source: random.Random) -> None:
        super().__init__(source)
        self._without = re.compile("|".join([f"\\b({each})\\b" for each in APART if source.random() < 0.5]) or "$^")

    def expression(self, depth: int) -> str:
        """An expression."""
        text = self._any_expression(depth)
        return Generator.expression(self, depth) if self._without.search(text) else text

    def _any_expression(self, depth: int) -> str:
        if depth <= 0 or self.random.random() < 0.75:
            return super().expression(depth)
        pick = self.random.choice
        one, two = self.expression(depth - 1), self.expression(depth - 1)
        forms = (
            self.number,
            self.number,
            self.text,
            self.containers,
            self.containers,
            lambda: f"bump({one}, *[{two}], to={pick(('None', '1'))}, k={two})",
            lambda: f"depth({pick(('0', '2', '5'))})",
            lambda: f"[(p, q) for p in range(3) if p != {one} for q in 'xy' if (z := p) or {two}]",
            lambda: f"{{p: [q * 2 for q in range(p)] for p in (1, 2) if {one}}}",
            lambda: f"sorted([{one}, 3, {two}], key=lambda v: -len(str(v)), reverse={pick(('True', 'False'))})",
            lambda: f"Account({one})({two}, k={one})",
            lambda: f"[*Account({one})]",
            lambda: f"({two} in Account({one}))",
            lambda: f"({one} if Account({two}) else 5)",
            lambda: f"Savings({one}).total",
            lambda: f"Point({one}, {two})",
            lambda: f"(Point({one}) < Point({two}, 3))",
            lambda: f"Point({one}).scaled({two}).y",
            lambda: f"dataclasses.astuple(Point({one}, 1))",
            lambda: f"Colour({pick(('1', '2', one))}).next().name",
            lambda: f"Colour[{pick(('RED', 'GREEN', 'BLUE'))!r}].value",
            lambda: f"list(map(lambda p, q=1: (p, q), [{one}], *[[{two}]]))",
            lambda: f"dict(zip('ab', gen({pick('123')})))",
            lambda: f"any({one} for _ in gen(2))",
            lambda: f"list(enumerate(filter(None, [{one}, {two}]), 1))",
            lambda: f"(lambda *p, **q: (p, q))(*gen({pick('012')}), **dict(k={one}))",
        )
        return pick(forms)()

    def number(self) -> str:
        """Arithmetic at the edges of the types."""
        pick = self.random.choice
        whole, other, real = pick(INTEGERS), pick(INTEGERS), pick(FLOATS)
        forms = (
            f"({whole} {pick(('+', '-', '*', '//', '%', '/', '&', '|', '^', '<', '=='))} ({other}))",
            f"({whole} {pick(('<<', '>>'))} {pick(('0', '1', '63', '64', '200', '-1'))})",
            f"({whole} {pick(('+', '-', '*', '/', '//', '%', '<', '=='))} {real})",
            f"({real} {pick(('+', '-', '*', '/', '//', '%', '<=', '!='))} {pick(FLOATS)})",
            f"(({real}) ** {pick(('2', '0.5', '-1', '0'))})",
            f"(({pick(INTEGERS[:4])}) ** {pick(('0', '3', '-1', '70'))})",
            f"pow({pick(INTEGERS[:9])}, {pick(('3', '-1', '65'))}, {pick(('7', '-5', '2**65', '0'))})",
            f"divmod({pick((whole, real))}, {pick((other, pick(FLOATS)))})",
            f"round({pick((whole, real))}, {pick(('0', '1', '-1', 'None'))})",
            f"int({real})",
            f"math.{pick(('floor', 'trunc', 'sqrt', 'isqrt', 'ceil', 'log2', 'exp'))}({pick((whole, real))})",
            f"math.{pick(('gcd', 'copysign', 'hypot', 'fmod', 'atan2', 'ldexp'))}({pick((whole, real))}, {other})",
            f"({whole}).bit_length()",
            f"float({pick((whole, real))}).{pick(('hex()', 'is_integer()', 'as_integer_ratio()'))}",
            f"(~({whole}), abs({real}), -({whole}))",
            f"min({real}, {whole}, {pick(FLOATS)})",
            f"sum([{real}, {whole}, {other}])",
            f"hash({pick((whole, real))})" if real != "math.nan" else "hash(1.5)",
            f"({whole}).to_bytes({pick(('1', '8', '16'))}, 'big', signed={pick(('True', 'False'))})",
            f"int({pick(('0x1f', ' 12 ', '1_0', '1__0', '-0', 'z'))!r}, {pick(('10', '0', '36', '16'))})",
            f"({whole} == {real}, {whole} < {real}, {real} in [{whole}, {real}])",
            f"complex({real}, {pick(FLOATS)})",
        )
        return pick(forms)

    def text(self) -> str:
        """Strings, bytes and what formats to them."""
        pick = self.random.choice
        value = pick((*INTEGERS, *FLOATS, *TEXTS))
        forms = (
            f"{pick(TEXTS)}.{pick(TEXT_METHODS)}",
            f"{pick(TEXTS)}.{pick(TEXT_METHODS)}",
            f"b'abc ba'.{pick(BYTES_METHODS)}",
            f"{pick(TEXTS)}[{pick(STEPS)}:{pick(STEPS)}:{pick(STEPS)}]",
            f"format({value}, {pick(SPECS)!r})",
            f"f'{{a!r:{pick(SPECS)}}}{{b:{pick(SPECS)}}}'",
            f"'%{pick(('d', '5.1f', 's', 'r', 'x', '-6s|', '+d', 'e', 'c', 'g', '%'))}' % ({value},)",
            f"'{{0:{pick(SPECS)}}}{{k}}'.format({value}, k={pick(TEXTS)})",
            f"ascii({pick(TEXTS)}) + repr({pick(TEXTS)})",
            f"({pick(TEXTS)} * {pick(('-1', '0', '2', 'True', '1.0'))})",
            f"({pick(TEXTS)} {pick(('<', 'in', '==', '+'))} {pick(TEXTS)})",
            f"chr({pick(('97', '0', '-1', '1114112', '8364'))})",
            f"str({value})",
        )
        return pick(forms)

    def containers(self) -> str:
        """Methods and slices of lists, dicts, sets, tuples and ranges."""
        pick = self.random.choice
        part = f"[{pick(STEPS)}:{pick(STEPS)}:{pick(STEPS)}]"
        forms = (
            f"[(v := [1, 5, {self.expression(1)}]).{pick(LIST_METHODS)}, v]",
            f"[(v := {{'k': 1, 'w': {self.expression(1)}}}).{pick(DICT_METHODS)}, v]",
            f"[sorted(v, key=str) if isinstance(v := {{1, 2}}.{pick(SET_METHODS)}, (set, frozenset)) else v]",
            f"(1, 2, 3, 4){part}",
            f"[*range(6)]{part}",
            f"range(10, {pick(('0', '20', '2**66'))}, {pick(('1', '-3', '7'))}){part}",
            f"(1, b, 1).{pick(('count(1)', 'index(b)', 'index(9)'))}",
            f"([1, b] {pick(('<', '==', '+', '*', '!='))} {pick(('[1, 2]', '[1]', '2', '()'))})",
            f"{{**{{'a': b}}, 'a': {self.expression(1)}}}",
            f"list(reversed([{self.expression(1)}, b]))",
            f"(lambda x: [x.__setitem__(slice({pick(STEPS[1:])}, None, 2), 'pq'), x])([1, 2, 3])",
        )
        return pick(forms)

    def statement(self, depth: int, indent: int, *, loop: bool, function: bool) -> list[str]:
        """One statement, with what is nested in it."""
        lines = self._any_statement(depth, indent, loop=loop, function=function)
        if self._without.search("\n".join(lines)):
            return Generator.statement(self, depth, indent, loop=loop, function=function)
        return lines

    def _any_statement(self, depth: int, indent: int, *, loop: bool, function: bool) -> list[str]:
        if self.random.random() < 0.6:
            return super().statement(depth, indent, loop=loop, function=function)
        if depth > 0 and self.random.random() < 0.6:
            nested = (self.leaving, self.leaving, self.suspended, self.guarded, self.chained, self.scoped)
            lines = self.random.choice(nested)(depth, loop, function)
        else:
            lines = self.random.choice((self.driven, self.late, self.awaited, self.sliced, self.held, self.kept))()
        return ["    " * indent + line for line in lines]

    def leaving(self, depth: int, loop: bool, function: bool) -> list[str]:
        """A loop whose body leaves a ``try`` in one way and its ``finally`` perhaps in another."""
        ways = ["break", "continue", "pass", f"raise Fault({self.expression(1)})", f"print({self.expression(1)})"]
        if function:
            ways.append(f"return {self.expression(1)}")
        way = self.random.choice
        lines = [f"for v in {way(('range(3)', 'gen(3)', '[gen(2), gen(1)]', 'iter([1, 2])', 'Account(b)'))}:"]
        lines += ["    try:", *self.block(depth - 1, 2, loop=True, function=function)]
        lines += [f"        if v == {way(('0', '1', '2', 'b'))}:", f"            {way(ways)}"]
        if self.random.random() < 0.6:
            lines += [f"    except {way(('Fault', 'Exception', 'TypeError'))}:", f"        {way(ways)}"]
        else:
            lines += ["    except KeyError as e:", "        raise TypeError(e) from None"]
        if self.random.random() < 0.7:
            lines += ["    finally:", "        print('finally', v)", f"        if {self.expression(1)}:"]
            lines += [f"            {way(ways)}"]
        return [*lines, *(["else:", "    print('else')"] if self.random.random() < 0.4 else [])]

    def suspended(self, depth: int, loop: bool, function: bool) -> list[str]:
        """A generator with yields in every kind of block, driven by hand."""
        name, pick = f"make{self.random.randrange(100)}", self.random.choice
        body = [
            f"with Base({self.expression(1)}) as m:",
            f"    got = yield {self.expression(1)}",
            "    print('got', got)",
        ]
        tried = ["try:", f"    got = yield {self.expression(2)}", *self.block(depth - 1, 1, loop=False, function=True)]
        ways = ("raise", "yield 'caught'", "pass", "return 4")
        tried += [f"except {pick(('Fault', 'GeneratorExit', 'KeyError'))}:", "    print('in')", f"    {pick(ways)}"]
        tried += ["finally:", "    print('out')", f"    {pick(('yield 8', 'pass', 'pass', 'pass'))}"]
        middle = pick((body, tried, [f"got = yield from gen({pick('023')}, {self.expression(1)})", "yield got"]))
        if self.random.random() < 0.4:
            middle = ["for i in range(2):", *("    " + line for line in middle)]
        lines = [f"def {name}(a, b=3):", *("    " + line for line in middle), f"    return {self.expression(1)}"]
        return [*lines, f"g = {name}({self.expression(1)})", *self.steps()]

    def driven(self) -> list[str]:
        return [f"g = {self.random.choice(('gen(3)', 'chain(gen(1), gen(2))', 'iter(Account(1))'))}", *self.steps()]

    def steps(self) -> list[str]:
        """Steps of a generator ``g`` by hand, each of which may fail."""
        calls = ("next(g)", f"g.send({self.expression(1)})", "g.throw(Fault(1))", "g.close()", "next(g, 'none')")
        calls += ("g.send(None)", "g.throw(ValueError)", "list(g)", "g.throw(GeneratorExit)", "[*zip(g, range(1))]")
        lines = []
        for _ in range(self.random.randrange(1, 4)):
            call = self.random.choice(calls)
            lines += ["try:", f"    print({call})", "except (Exception, GeneratorExit) as err:"]
            lines += ["    print(type(err).__name__, err, type(err.__context__).__name__)"]
        return lines if self.random.random() < 0.5 else [*lines, "g = None", "print('dropped')"]

    def guarded(self, depth: int, loop: bool, function: bool) -> list[str]:
        pick = self.random.choice
        subjects = (self.expression(2), "Point(a, b)", "(a, [b, c])", "{'k': [a], 'j': b}", "Colour(1)", "gen(1)")
        patterns = [
            f"Point(x=p, y=q) if {self.expression(1)}",
            f"(p, [q, *r]) if {self.expression(1)}",
            "{'k': [p], **rest}",
            "Colour.RED | Colour.GREEN as p",
            "int(p) | float(p)",
            f"str() as p if {self.expression(1)}",
            "-1 | 2.5 | None | 'a'",
            "[_, _, *_]",
            "Account(total=p)",
        ]
        lines = [f"match {pick(subjects)}:"]
        for pattern in self.random.sample(patterns, 3):
            lines += [f"    case {pattern}:", f"        print({pattern.split(' ')[0]!r})"]
            lines += ["    " + line for line in self.block(depth - 1, 1, loop=loop, function=function)]
        return lines

    def chained(self, depth: int, loop: bool, function: bool) -> list[str]:
        pick = self.random.choice
        again = ("raise", "raise KeyError(2)", "raise TypeError('t') from e", "raise Fault(b) from None", "a = e.args")
        return [
            "try:",
            "    try:",
            *self.block(depth - 1, 2, loop=loop, function=function),
            f"        raise {pick(('Fault(a)', 'KeyError', 'LookupError(b, c)', 'StopIteration(3)'))}",
            f"    except {pick(('LookupError', 'Exception', '(Fault, KeyError)'))} as e:",
            f"        {pick(again)}",
            "    else:",
            "        print('no')",
            "    finally:",
            f"        print('leaves', {self.expression(1)})",
            f"except {pick(('Exception', 'ValueError'))} as e:",
            "    print(repr(e), repr(e.__cause__), repr(e.__context__), e.__suppress_context__)",
        ]

    def scoped(self, depth: int, loop: bool, function: bool) -> list[str]:
        name = f"outer{self.random.randrange(100)}"
        return [
            f"def {name}(a, /, b={self.expression(1)}, *rest, c=5, **more):",
            "    total = [a]",
            "    n = 0",
            "    def inner(by=1):",
            "        nonlocal n, a",
            "        n += by",
            f"        a = {self.expression(2)}",
            *self.block(depth - 1, 2, loop=False, function=True),
            "        return n, a, b",
            f"    total.append(inner({self.random.choice(('', '2', 'by=3', 'b', 'z=1'))}))",
            *self.block(depth - 1, 1, loop=False, function=True),
            "    return total, n, rest, sorted(more)",
            f"print({name}({self.expression(1)}, {self.random.choice(('1', '*gen(3)', 'b=2, z=1', 'a=1', '**{}'))}))",
        ]

    def late(self) -> list[str]:
        return [
            "fs = []",
            "for i in range(3):",
            f"    fs.append(lambda q=i, *r: (q, i, {self.expression(1)}))",
            "    def keep(s=[]):",
            "        s.append(i)",
            "        return s",
            "    keep()",
            "print([f() for f in fs], keep())",
        ]

    def awaited(self) -> list[str]:
        """Coroutines with plain values: what CPython's own loop leaves in cycles, its collector frees at any time."""
        pick = self.random.choice
        calls = ", ".join(f"waits({pick('012')}, {pick((*INTEGERS, *TEXTS))})" for _ in range(2))
        several = f"print(await asyncio.gather({calls}, return_exceptions={pick(('True', 'False'))}))"
        return [
            "async def all_of(a=1, b=2, c=3):",
            "    try:",
            f"        {several}",
            "    except Fault as e:",
            "        print('fault', e.args)",
            f"    async for x in aiter_of({pick('012')}):",
            "        print(x)",
            f"    return {pick(INTEGERS)}",
            "async def aiter_of(n):",
            "    for i in range(n):",
            "        yield await waits(1, i)",
            "print(asyncio.run(all_of()))",
        ]

    def sliced(self) -> list[str]:
        pick = self.random.choice
        part = f"[{pick(STEPS)}:{pick(STEPS)}:{pick(('', '', '2', '-1'))}]"
        values = pick(("'ab'", "[]", "gen(2)", "xs", self.expression(1)))
        return ["xs = [1, 2, 3, 4]", pick((f"xs{part} = {values}", f"del xs{part}", f"xs{part} += [7]")), "print(xs)"]

    def held(self) -> list[str]:
        one, two = self.expression(1), self.expression(1)
        return [
            f"o = {self.random.choice(('Account', 'Savings'))}({one})",
            f"o.total {self.random.choice(('=', '+=', '='))} {two}",
            "print(o.total)",
        ]

    def kept(self) -> list[str]:
        """Generators held by names, containers and attributes, and let go."""
        places = (("q", "q"), ("d = {1: 0}\nd[1]", "d[1]"), ("o = Base(1)\no.x", "o.x"), ("xs = [0]\nxs[0]", "xs[0]"))
        target, place = self.random.choice(places)
        lines = f"{target} = gen(2, {self.expression(1)})".split("\n")
        return [*lines, f"print(next({place}))", f"{place} = {self.expression(1)}", "print('gone')"]
