"""Functions whose indexes and integers go to the edges: of lists, of 64 bits, and of what range facts can tell."""

import random
from typing import Final

_BOUNDS: Final = (
    *("n", "n + 1", "n - 1", "m", "len(xs)", "len(ys)", "len(zs) - 1", "len(ys) + 1", "5", "min(n, len(ys))"),
    *("len(rows)", "i", "k + 2"),
)
_INDEXES: Final = (
    *("i", "j", "k", "i", "j", "i + 1", "i - 1", "j - i", "0", "-1", "2", "i % 3", "k % len(xs)", "j // 2", "i & 3"),
    *("n - i", "n - 1 - i", "min(i, j)", "max(i, 0)", "k >> 1", "len(ys) - 1", "i * j", "xs[0]"),
)


class Edges:
    """Grows a module of one function over integers and lists, and calls of it. The same seed makes the same program."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.fresh = 0
        self.nested = self.random.random() < 0.5

    def program(self) -> str:
        """``f`` builds lists of related lengths and goes through them; every call is printed, whatever it raises."""
        pick = self.random.choice
        lines = [
            "def f(n, m, xs):",
            "    s = 0",
            "    i = j = k = 0",
            f"    ys = {self.sequence()}",
            f"    zs = {self.sequence()}",
        ]
        rows = pick(("[0] * n", "[0] * (n + 1)", "[j for j in range(n)]", "xs + ys"))
        lines += [f"    rows = {f'[{rows} for _ in range(m)]' if self.nested else rows}"]
        lines += ["    " + line for line in self.block(3)]
        lines += ["    return s, i, j, k, xs, ys, zs, rows"]
        calls = [f"({self.integer()}, {self.integer()}, {self.argument()})" for _ in range(4)]
        lines += [f"for n, m, xs in [{', '.join(calls)}]:", "    try:", "        print(f(n, m, xs))"]
        return "\n".join([*lines, "    except Exception as e:", "        print(type(e).__name__, e)", ""])

    def integer(self) -> str:
        return self.random.choice(("0", "1", "2", "3", "5", "8", "-1", "-4", "6", "4"))

    def argument(self) -> str:
        return self.random.choice(("[]", "[1]", "[3, 1, 2]", "[5, -6, 7, 8]", "[2**62, 2**63 - 1]", "list(range(9))"))

    def sequence(self) -> str:
        count = self.random.choice(
            ("n", "n + 1", "m", "n - 1", "len(xs)", "len(xs) + 1", "4", "n * 2", "m - n", "max(n, m)")
        )
        return self.random.choice(
            (
                f"[0] * ({count})",
                f"[j * 2 for j in range({count})]",
                f"[x for x in range({count}) if x != 3]",
                "[x + 1 for x in xs]",
                "[4, 5, 6]",
                "xs",
                "xs + xs",
                f"[1] * ({count})",
            )
        )

    def block(self, depth: int) -> list[str]:
        lines = []
        for _ in range(self.random.randrange(1, 4)):
            lines += self.statement(depth)
        return lines

    def bound(self) -> str:
        return self.random.choice(_BOUNDS)

    def index(self) -> str:
        return self.random.choice(_INDEXES)

    def row(self) -> str:
        """A list that may be one of several in a list."""
        return f"rows[{self.index()}]" if self.nested else "rows"

    def value(self, depth: int = 1) -> str:
        pick = self.random.choice
        if depth == 0 or self.random.random() < 0.3:
            return pick(("i", "j", "s", "1", "7", "n", "k", "2**62", "-3", "len(ys)", "2**31"))
        one, two = self.value(depth - 1), self.value(depth - 1)
        return pick(
            (
                f"({one} + {two})",
                f"({one} - {two})",
                f"{one} * {two}",
                f"({one} & {two})",
                f"({one} % {pick(('7', 'm', '16', '(n + 3)'))})",
                f"({one} // {pick(('3', 'm', '8'))})",
                f"({one} >> {pick(('1', '3', 'k'))})",
                f"({one} << {pick(('2', '60', 'j'))})",
                f"xs[{self.index()}]",
                f"ys[{self.index()}]",
                f"zs[{self.index()}]",
                f"{self.row()}[{self.index()}]",
                f"({one} if {one} < {two} else {two})",
            )
        )

    def statement(self, depth: int) -> list[str]:
        pick = self.random.choice
        lists = pick(("xs", "ys", "zs"))
        simple = (
            lambda: [f"s = {self.value(2)}"],
            lambda: [f"s += {self.value()}"],
            lambda: [f"{lists}[{self.index()}] = {self.value()}"],
            lambda: [f"{lists}[{self.index()}] += {self.value(0)}"],
            lambda: [f"{self.row()}[{self.index()}] = {self.value(0)}"],
            lambda: [f"{pick('ijk')} {pick(('+=', '-=', '='))} {pick(('1', '2', 'n', '-1', '0'))}"],
            lambda: [f"{lists}.append({self.value(0)})"],
            lambda: [f"{lists}.pop()"],
            lambda: [f"{pick(('ys', 'zs'))} = {pick(('xs', 'ys', 'zs', self.sequence(), self.row()))}"],
            lambda: [f"{pick(('ys', 'zs'))} = {self.sequence()}"],
            lambda: [f"rows{f'[{self.index()}]' if self.nested else ''} = {pick(('xs', 'ys', '[1, 2]'))}"],
            lambda: [f"k = {self.value()}"],
            lambda: [f"if {self.index()} < {self.bound()}:", f"    s += {lists}[{pick('ijk')}]"],
        )
        if depth <= 0 or self.random.random() < 0.4:
            return pick(simple)()
        inner = ["    " + line for line in self.block(depth - 1)]
        if self.random.random() < 0.3:
            tests = (
                f"{pick('ijk')} {pick(('<', '<=', '>=', '=='))} {self.bound()}",
                f"0 <= {pick('ijk')} < {self.bound()}",
            )
            return [f"if {pick(tests)}:", *inner]
        if self.random.random() < 0.2:
            inner += [f"    if {self.index()} > 2:", "        break"]
        if self.random.random() < 0.3:
            return self.while_loop(inner)
        if self.random.random() < 0.1:
            inner.insert(0, f"    if {self.index()} > 2:")
            inner.insert(1, "        continue")
        start, down = pick(("0", "1", "i", "-1", "m")), pick(("-1", "0", "m"))
        heads = (
            [f"for {pick('ijk')} in range({self.bound()}):"],
            [f"for {pick('ijk')} in range({start}, {self.bound()}):"],
            [f"for {pick('ij')} in range({self.bound()}, {down}, {pick(('-1', '-2', 'm', 'n', '2'))}):"],
            [f"for k in {lists}:", f"    if len({lists}) > 40:", "        break"],
        )
        return [*pick(heads), *inner]

    def while_loop(self, inner: list[str]) -> list[str]:
        """A loop that ends after a few rounds, whatever is in it."""
        pick = self.random.choice
        self.fresh += 1
        rounds, counter = f"c{self.fresh}", pick("ij")
        return [
            f"{rounds} = 0",
            f"{counter} = {pick(('0', '1', 'n', '-2'))}",
            f"while {counter} {pick(('<', '<=', '>', '!='))} {self.bound()} and {rounds} < 12:",
            f"    {rounds} += 1",
            *inner,
            f"    {counter} {pick(('+= 1', '+= 2', '-= 1'))}",
        ]
