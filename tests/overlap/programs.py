"""Random programs with loops, branches, handlers, accumulators, helpers and output around model calls."""

from random import Random

HEADER = "from noodle_ray import model, ModelError\nm = model('m')\n"

TOOL_HEADER = HEADER + "from noodle_ray import tool\nt = tool('t')\n"

HELPERS = {
    "twice": "def twice(x):\n    return m(m(x))\n",
    "pick": "def pick(x):\n    a = m(x)\n    b = m(x + 'p')\n    return a if a < b else b\n",
    "safe": "def safe(x):\n    try:\n        return m(x)\n    except ModelError as e:\n        return 'E' + str(e)\n",
    "many": "def many(x):\n    found = []\n"
    "    for c in x[:2]:\n        found.append(m(c))\n    return '+'.join(found)\n",
    "pure": "def pure(x):\n    return x.upper() + '.'\n",
    "noisy": "def noisy(x):\n    print('noisy', x)\n    return x\n",
    "loud": "def loud(x):\n    print('loud', x)\n    return m(x)\n",
    "noted": "def noted(x):\n    log.append(x)\n    return m(x)\n",
    "sized": "def sized(x):\n    return m(x + str(len(log)))\n",
    "tree": "def tree(x):\n    if len(x) < 3:\n        return m(x)\n    half = len(x) // 2\n"
    "    return tree(x[:half]) + tree(x[half:])\n",
    "first": "def first(row):\n    return m(str(row[0]))\n",
    "sent": "def sent(x):\n    return t(m(x) + 's')\n",
    "grow": "def grow(row):\n    row.append('g')\n    return row\n",
}
ASKING = ("twice", "pick", "safe", "many", "loud", "noted", "sized", "tree")
LISTS = ("out", "more", "seen_list")


class Programs:
    """Programs of one seed. Each ends with an expression that shows what it has computed."""

    header = HEADER

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.used: set[str] = set()
        self.inside = False
        self.seen = ""

    def program(self) -> str:
        """One program."""
        pick = self.random
        self.inside = pick.random() < 0.6
        body = ["out = []", "more = []", "table = {}", "total = 0", "text = ''", "best = ''"]
        body.append(pick.choice(["counts = {'a': 0, 'b': 0}", "counts = {k: 0 for k in 'ab'}"]))
        if pick.random() < 0.3:
            line, self.seen = pick.choice(
                [
                    ("alias = out", "len(alias)"),
                    ("holder = [out]", "len(holder[0])"),
                    ("rows_of = {'o': more}", "len(rows_of['o'])"),
                    ("def count():\n    return len(out)", "count()"),
                    ("log.append(out)", "len(log[0])"),
                    ("keep(out)", "len(kept[0])"),
                ]
            )
            body += line.split("\n")
        body += self.beginning()
        for _ in range(pick.choice([1, 1, 2])):
            body += self.outer_loop()
        shown = "out, more, table, counts, total, text, best, log"
        if pick.random() < 0.4:
            shown += ", " + pick.choice(["x", "y", "z"])
        if self.inside:
            body.append(f"return ({shown})")
            main = "def work(xs, rows):\n" + _indented(body)
            end = "work(XS, ROWS)\n"
        else:
            main = "\n".join(["xs = XS", "rows = ROWS", *body]) + "\n"
            end = f"({shown})\n"
        words = pick.sample(
            ["ab", "cde", "f", "ghi", "jk", "lmno", "pq", "r", "stu", "v", "wx", "y"], pick.randint(0, 6)
        )
        head = f"XS = {words!r}\nROWS = {[[w, i] for i, w in enumerate(words)]!r}\nlog = []\nkept = []\n"
        head += "def keep(x):\n    kept.append(x)\n"
        helpers = "".join(HELPERS[name] for name in HELPERS if name in self.used)
        return self.header + head + helpers + self.definitions() + main + end

    def beginning(self) -> list[str]:
        """More lines that the program's body begins with."""
        return []

    def definitions(self) -> str:
        """More functions and classes."""
        return ""

    # loops

    def outer_loop(self) -> list[str]:
        pick = self.random
        kind = pick.random()
        if kind < 0.12:
            return [pick.choice([
                f"out += [{self.value('x')} for x in xs]",
                f"more = [{self.ask('x')} for x in xs if x != 'f']",
                f"out += [{self.ask('x + c')} for x in xs for c in x[:2]]",
                f"table = {{x: {self.ask('x')} for x in xs}}",
                f"total += sum(len({self.ask('x')}) for x in xs)",
                f"more = sorted(xs, key=lambda w: {self.ask('w')})",
                f"out = list(map({self.function()}, xs))",
                f"best = max(xs, key={self.function()}, default='')",
            ])]  # fmt: skip
        loop = self.loop("x", 0)
        if kind > 0.8:
            handler = pick.choice([
                ["print('caught', e)"], ["print('at', x)"], ["more.append(str(e))", "print(len(out))"], ["pass"],
                ["print(total, text)"],
            ])  # fmt: skip
            return [
                "try:",
                *_shifted(loop),
                f"except {pick.choice(['ModelError', 'Exception'])} as e:",
                *_shifted(handler),
            ]
        return loop

    def loop(self, name: str, depth: int) -> list[str]:
        pick = self.random
        source = pick.choice([
            "xs", "xs", "xs", "enumerate(xs)", "zip(xs, xs[1:])", "rows", "sorted(xs)", "range(3)", "xs[:2]", "'abc'",
        ]) if not depth else pick.choice(["'kl'", "range(2)", f"str({'xz'[depth > 1]})[:2]", "xs[:2]"])  # fmt: skip
        target = {"enumerate(xs)": f"i, {name}", "zip(xs, xs[1:])": f"{name}, w"}.get(source, name)
        before = [f"{name} = str({name})"] if source.startswith("range") else []
        if source == "rows":
            before = [] if pick.random() < 0.4 else [f"row, {name} = {name}, {name}[0]"]
        body = before + self.statements(name, depth)
        lines = [f"for {target} in {source}:", *_shifted(body)]
        if pick.random() < 0.08:
            lines += ["else:", "    print('done')"]
        return lines

    def statements(self, x: str, depth: int) -> list[str]:
        pick = self.random
        lines: list[str] = []
        if pick.random() < 0.25:
            lines += [f"if {self.test(x)}:", "    " + pick.choice(["continue"] * 5 + ["break", "pass"])]
        for _ in range(pick.choice([1, 1, 2])):
            lines += self.asking(x, depth)
        for _ in range(pick.choice([0, 1, 1, 2, 3])):
            lines += self.following(x)
        if pick.random() < 0.06:
            lines += self.asking(x, depth)
        return lines

    def asking(self, x: str, depth: int) -> list[str]:
        pick = self.random
        kind = pick.random()
        if kind < 0.35:
            return [f"{pick.choice('yyz')} = {self.value(x)}"]
        if kind < 0.5:
            return [pick.choice([
                f"out.append({self.value(x)})", f"total += len({self.ask(x)})", f"table[str({x})] = {self.ask(x)}",
                f"text += {self.ask(x)}", f"print({self.ask(x)}, {x})", f"more.append(({x}, {self.ask(x)}))",
            ])]  # fmt: skip
        if kind < 0.62:
            lines = [f"if {self.test(x)}:", *_shifted(self.asking(x, depth))]
            if pick.random() < 0.5:
                lines += ["else:", *_shifted(self.asking(x, depth) if pick.random() < 0.5 else self.following(x))]
            return lines
        if kind < 0.8:
            body = self.asking(x, depth) + (self.following(x) if pick.random() < 0.3 else [])
            handler = pick.choice([
                ["continue"], ["y = 'none'"], ["more.append(str(e))"], [f"print('failed', {x})"], ["raise"],
                ["y = str(e)", "continue"], [f"y = m(str({x}) + '?')"], [f"raise ValueError(str({x}))"], ["pass"],
                ["total += 1", "continue"], ["break"],
            ])  # fmt: skip
            lines = ["try:", *_shifted(body), "except ModelError as e:", *_shifted(handler)]
            if pick.random() < 0.15:
                lines += ["else:", *_shifted(self.following(x))]
            if pick.random() < 0.1:
                lines += ["finally:", "    " + pick.choice(["total += 1", "pass", "print('finally')"])]
            return lines
        if kind < 0.92 and depth < 2:
            return self.loop("zqk"[depth], depth + 1)
        if kind < 0.96:
            return ["n = 0", "while n < 2:", "    n += 1", f"    y = {self.ask(x)}"]
        return [f"y = [{self.ask('c')} for c in str({x})[:2]]", "y = '-'.join(y)"]

    def following(self, x: str) -> list[str]:
        pick = self.random
        if self.seen and pick.random() < 0.3:
            return [pick.choice(["out.append('s')", "more.append('s')", "log.append('s')"])]
        y = pick.choice(["y", "y", "y", "z", x])
        return [pick.choice([
            f"out.append({y})", f"more.append(({x}, {y}))", f"total += len(str({y}))", f"table[str({x})] = {y}",
            f"table[{y}] = table.get({y}, 0) + 1", "counts['a'] += 1", f"text += str({y})", f"print({x}, {y})",
            "print('line', total)", f"if {y} > best:\n    best = {y}", f"if {self.test(x)}:\n    print('t', {y})",
            f"table.setdefault(str({x})[:1], []).append({y})", f"out.insert(0, {y})", f"{self.use('noisy')}({y})",
            f"out.append({self.use('pure')}(str({y})))", f"y = {self.use('pure')}(str({y}))", f"log.append({y})",
            "out.append(list(more))", f"{x} = {y}", f"row = [{y}]\nout.append(row)", "more = []", "alias = out",
            f"if {self.test(x)}:\n    continue", f"total += ({y} == 'zz') // len(xs)", f"z = {y}", "del z",
            f"out.append((lambda: {y})())", f"print(str({y})[40])" if pick.random() < 0.1 else "pass",
            "break" if pick.random() < 0.2 else "pass", "xs.append('n') if len(xs) < 4 else None", "out.pop()",
            "rows[0].append(total)", f"{self.use('grow')}(more)",
        ])][0].split("\n")  # fmt: skip

    # expressions

    def use(self, name: str) -> str:
        self.used.add(name)
        return name

    def function(self) -> str:
        return self.use(self.random.choice((*ASKING, "pure")))

    def ask(self, x: str) -> str:
        pick = self.random
        kind = pick.random()
        if kind < 0.6:
            return f"m({self.argument(x)})"
        name = self.random.choice(ASKING)
        return f"{self.use(name)}(str({x}))"

    def argument(self, x: str) -> str:
        pick = self.random
        if self.seen and pick.random() < 0.3:
            return f"str({x}) + str({self.seen})"
        return pick.choice([
            f"str({x})", f"str({x})", f"str({x})", f"str({x}) + 'q'", f"str({x}) + text[:2]", f"m(str({x}))",
            f"str({x}) + str(total)" if pick.random() < 0.3 else f"str({x}) + 'w'",
            f"str({x}) + str(len(out))" if pick.random() < 0.3 else f"str({x}) * 2",
            "str(y)" if pick.random() < 0.3 else f"str({x})[:1]", f"f'{{{x}}}:'",
        ])  # fmt: skip

    def value(self, x: str) -> str:
        pick = self.random
        return pick.choice([self.ask(x)] * 4 + [
            f"{self.ask(x)} + {self.ask(x)}", f"{self.ask(x)} if {self.test(x)} else 'no'", f"{self.ask(x)}[:3]",
            f"[{self.ask('c')} for c in str({x})[:2]][-1]", f"max({self.ask(x)}, {self.ask(x)})",
            f"{self.test(x)} and {self.ask(x)} or 'or'",
        ])  # fmt: skip

    def test(self, x: str) -> str:
        pick = self.random
        return pick.choice([
            f"len(str({x})) > 1", f"str({x}) < 'g'", f"{x} != 'f'", "total > 5", "len(out) > 2", f"{x} in table",
            f"'a' in str({x})", f"{x} not in out", "text",
        ])  # fmt: skip


class ToolPrograms(Programs):
    """Programs that call a tool between models, in helpers, branches, comprehensions and handlers too."""

    header = TOOL_HEADER

    def asking(self, x: str, depth: int) -> list[str]:
        pick = self.random
        if pick.random() < 0.3:
            return [pick.choice([
                f"y = t({self.argument(x)})", f"t({self.ask(x)})", f"out.append(t(str({x})))", f"y = {self.ask(t(x))}",
                f"z = [t(c) for c in str({x})[:2]]", f"table = {{c: t(c + {self.ask('c')}) for c in str({x})[:2]}}",
                f"more = list(map(t, str({x})[:2]))", f"if t(str({x})) > '2':\n    y = {self.ask(x)}",
                f"y = max(str({x}), key=t)", f"y = (t(str({x})) if {self.test(x)} else {self.ask(x)})",
                f"try:\n    y = t({self.ask(x)})\nexcept ModelError as e:\n    y = str(e)",
                f"send = t\ny = send({self.ask(x)})", f"y = {self.use('sent')}(str({x}))",
            ])][0].split("\n")  # fmt: skip
        return super().asking(x, depth)


class BranchPrograms(Programs):
    """Programs whose branches depend on what models answer."""

    def test(self, x: str) -> str:
        pick = self.random
        if pick.random() < 0.4:
            return super().test(x)
        return pick.choice([
            f"m(str({x})) > 'c'", f"len(m(str({x}))) > 2", "y > 'c'", f"m(str({x}) + 't') < m('zz')",
            f"(str(y) < 'e' and m(str({x})) > 'b')", f"(m('k') > 'd' or m(str({x}) + 'k') > 'e')",
            f"{self.use('pick')}(str({x})) > 'd'",
        ])  # fmt: skip


class BranchToolPrograms(BranchPrograms, ToolPrograms):
    """As those, with tools between."""


METHODS = {
    "go": ("return m(self.p + x)", "return m(x)", "return twice(x)", "return self.ask(x + self.p)",
           "return self.via(x)", "y = m(x)\n        return y + m(y)",
           "return each_of(self.ask, x[:2])[-1] if x else ''",
           "self.n += 1\n        return m(x + str(self.n))", "print('go', x)\n        return m(x)",
           "y = m(x)\n        self.n += 1\n        return y + str(self.n)",
           "y = m(x)\n        print('went', x)\n        return y",
           "self.out.append(x)\n        return m(x)", "self.p = x\n        return m(x)"),
    "peek": ("return m(x + str(self.n))", "return m(x + str(len(self.out)))", "return m(self.p + x)"),
    "via": ("return m(x)", "return noisy(x)", "return self.peek(x)", "return t_of(m, x)"),
    "put": ("self.n += 1", "self.out.append(x)", "print('put', x)", "return m(x)", "self.ask = loud", "pass"),
}  # fmt: skip
"""Of each method of the class, bodies it may have: the first ones change nothing that others see."""
OVERRIDES = ("return m(x + 'o')", "return super().go(x)", "self.n += 1\n        return m(x)", "return noisy(x)")
MAKERS = {
    "make": ("def f(x):\n        return q(x + 'k')\n    return f", "return lambda x: q(x)", "return q",
             "n = 0\n    def f(x):\n        nonlocal n\n        n += 1\n        return q(x + str(n))\n    return f",
             "def f(x):\n        print('made', x)\n        return q(x)\n    return f"),
    "pieces": ("for c in xs:\n        yield m(c)", "for c in xs:\n        y = m(c)\n        yield y + c",
               "for c in xs:\n        print('piece', c)\n        yield m(c)", "yield m(str(xs))\n    yield m('2')",
               "for c in xs:\n        yield m(c + str(len(log)))", "yield from each_of(m, xs)",
               "for c in xs:\n        if c < 'g':\n            yield m(c)\n    yield 'end'",
               "try:\n        for c in xs:\n            yield m(c)\n    except ModelError as e:\n        yield str(e)",
               "for c in xs:\n        log.append(c)\n        yield m(c)"),
}  # fmt: skip


class ValuePrograms(Programs):
    """Programs whose calls go through values: parameters, closures, methods, attributes, partials, generators."""

    header = HEADER + "from functools import partial\n"
    changing = generating = False

    def beginning(self) -> list[str]:
        pick = self.random
        self.used |= {"twice", "noisy", "loud", "pick", "pure"}
        self.changing = pick.random() < 0.3
        self.generating = pick.random() < 0.3
        kind = pick.choice(["Box", "Box", "Box", "Sub"])
        return [f"box = {kind}('b')", f"other = {pick.choice(['box', 'Box(str(1))'])}", f"fn = {self.callable()}"]

    def callable(self) -> str:
        pick = self.random
        return pick.choice([
            "m", "m", "twice", "pick", "box.go", "make(m)", "make(twice)", "partial(m)", "partial(t_of, m)",
            "lambda w: m(w)", "(m if len(xs) > 2 else pick)", "pure", "loud" if self.changing else "m",
            "str" if self.changing else "twice", "box.ask",
        ])  # fmt: skip

    def definitions(self) -> str:
        pick = self.random

        def chosen(bodies: tuple[str, ...]) -> str:
            return pick.choice(bodies if self.changing else bodies[: max(2, len(bodies) // 2)])

        methods = [f"    def {name}(self, x):\n        {chosen(METHODS[name])}\n" for name in METHODS]
        source = (
            "def t_of(f, x):\n    return f(x + 't')\n"
            "def each_of(f, items):\n    return [f(each) for each in items]\n"
            "def loop_of(f, items):\n    found = []\n"
            "    for each in items:\n        found.append(f(each))\n    return found\n"
            "class Box:\n    def __init__(self, p):\n        self.p = p\n        self.n = 0\n        self.out = []\n"
            f"        self.ask = {pick.choice(['m', 'm', 'twice', 'loud' if self.changing else 'pick'])}\n"
        )
        source += "".join(methods)
        source += f"class Sub(Box):\n    def go(self, x):\n        {chosen(OVERRIDES)}\n"
        source += f"def make(q):\n    {chosen(MAKERS['make'])}\n"
        if self.generating:
            source += f"def pieces(xs):\n    {pick.choice(MAKERS['pieces'])}\n"
        return source

    def ask(self, x: str) -> str:
        pick = self.random
        if pick.random() < 0.35:
            return super().ask(x)
        found = [
            f"box.go(str({x}))", f"box.go(str({x}))", f"fn(str({x}))", f"box.ask(str({x}))", f"other.peek(str({x}))",
            f"''.join(each_of(fn, str({x})[:2]))", f"''.join(loop_of(box.go, str({x})[:2]))", f"t_of(fn, str({x}))",
            f"t_of({self.callable()}, str({x}))", f"str(box.put(str({x})))", f"box.via(str({x}))",
            f"max(str({x}) or 'e', key=fn)", f"''.join([m(str({x}))] + each_of(fn, str({x})[:1]))",
            f"''.join(map(box.go, str({x})[:2]))",
        ]  # fmt: skip
        if self.generating:
            found += [f"''.join(pieces(str({x})[:3]))", f"str(list(pieces(str({x})[:2])))",
                      f"str([p + '.' for p in pieces(str({x})[:2])])", f"str(sorted(pieces(str({x}))))"]  # fmt: skip
        return pick.choice(found)

    def following(self, x: str) -> list[str]:
        pick = self.random
        if pick.random() < 0.75:
            return super().following(x)
        found = ["out.append(box.n)", "print(len(box.out))", f"box.put(str({x}))", f"print(box.p, {x})"]
        if self.changing:
            found += [f"fn = {self.callable()}", "box.go = noisy", "box.ask = loud", "box.n += 1", "box = Sub('s')",
                      f"box.p = str({x})", "box.out.append(1)", "box.go = m", "Box.go = loud", "del box.p"]  # fmt: skip
        return [pick.choice(found)]

    def asking(self, x: str, depth: int) -> list[str]:
        pick = self.random
        if not self.generating or pick.random() < 0.7:
            return super().asking(x, depth)
        source = pick.choice(["pieces(str(%s))", "list(pieces(str(%s)[:2]))", "enumerate(pieces(str(%s)))"])
        return [
            f"for z in {source % x}:",
            *_shifted(self.following("z")),
            *(["    break"] if pick.random() < 0.2 else []),
        ]


PARTS = (
    "for c in xs:\n        yield c", "for i, c in enumerate(xs):\n        if c != 'f':\n            yield c + str(i)",
    "for c in xs:\n        y = m(c)\n        yield y + c", "for c in xs:\n        yield c\n        1 // (c != 'l')",
    "for i in range(0, len(xs), 2):\n        yield xs[i:i + 2]", "for c in xs:\n        yield pick(c)",
    "try:\n        for c in xs:\n            yield m(c)\n    except ModelError as e:\n        yield str(e)",
    "row = []\n    for c in xs:\n        row.append(c)\n        yield row",
    "row = []\n    for c in xs:\n        row.append(c)\n    for c in row:\n        yield c",
    "for c in xs:\n        print('part', c)\n        yield c", "for c in xs:\n        yield c + str(len(log))",
    "for c in xs:\n        log.append(c)\n        yield c", "for c in xs:\n        yield noisy(c)",
    "for c in xs:\n        yield c\n    print('closed')",
)  # fmt: skip
"""Bodies of a generator that is gone through by loops and comprehensions: the first ones may run ahead of them."""


class GeneratorPrograms(Programs):
    """Programs whose loops and comprehensions go through a generator of the program."""

    def definitions(self) -> str:
        self.used |= {"pick", "noisy"}
        return f"def parts(xs):\n    {self.random.choice(PARTS)}\n"

    def beginning(self) -> list[str]:
        self.used |= {"pick", "noisy"}
        return []

    def ask(self, x: str) -> str:
        pick = self.random
        if pick.random() < 0.7:
            return super().ask(x)
        return pick.choice([
            f"''.join([m(str(p)) for p in parts(str({x}))])", f"str(sum(len(m(str(p))) for p in parts(str({x}))))",
            f"''.join(sorted({{m(str(p)) for p in parts(str({x}))}}))",
            f"str({{str(p): m(str(p) + 'd') for p in parts(str({x}))}})",
            f"''.join([m(str(p)) + str(q) for p, q in zip(parts(str({x})), 'uvw')])",
        ])  # fmt: skip

    def loop(self, name: str, depth: int) -> list[str]:
        pick = self.random
        if pick.random() < 0.5:
            return super().loop(name, depth)
        source = pick.choice(["'xyzl'", "'abf'", "str(text)", "str(len(xs))", *(["str(x)"] if depth else [])])
        target, source = pick.choice([
            (name, f"parts({source})"), (name, f"parts({source})"), (f"i, {name}", f"enumerate(parts({source}))"),
            (f"{name}, w", f"zip(parts({source}), parts('qrs'))"),
        ])  # fmt: skip
        if pick.random() < 0.6:
            body = [f"y = {self.ask(name)}", *self.following(name), f"print({name}, y)"]
        else:
            body = [f"{name} = str({name})", *self.statements(name, depth)]
        return [f"for {target} in {source}:", *_shifted(body)]


def t(x: str) -> str:
    """A call of the tool, as source."""
    return f"t(str({x}))"


def _shifted(lines: list[str]) -> list[str]:
    return ["    " + part for line in lines for part in line.split("\n")]


def _indented(lines: list[str]) -> str:
    return "\n".join(_shifted(lines)) + "\n"
