"""What the checker reports: one small program per kind of finding, the place marked with ``#!``."""

import pytest

from noodle_ray.core.types import check, infer, show

TASKS = {"minilm": "embedding", "smollm2": "generation"}

EMBED = 'from noodle_ray import model\ne = model("minilm")\n'

SURE = {
    "too few arguments": ("E0220", "def f(a, b): return a\nf(1)  #!"),
    "too many arguments": ("E0220", "def f(a): return a\nf(1, 2)  #!"),
    "an unknown keyword": ("E0220", "def f(a=1): return a\nf(b=2)  #!"),
    "an argument given twice": ("E0220", "def f(a): return a\nf(1, a=2)  #!"),
    "a keyword-only argument missing": ("E0220", "def f(*, a): return a\nf()  #!"),
    "a method with too many arguments": ("E0220", "class A:\n    def m(self): pass\nA().m(1)  #!"),
    "a class without the arguments of its init": (
        "E0220",
        "class A:\n    def __init__(self, x): self.x = x\nA()  #!",
    ),
    "a class that takes no arguments": ("E0220", "class A: pass\nA(1)  #!"),
    "a dataclass without a field": (
        "E0220",
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: int = 0\nP()  #!",
    ),
    "an unknown method of text": ("E0221", '"a".push(1)  #!'),
    "an unknown attribute of an instance": (
        "E0221",
        "class A:\n    def __init__(self): self.x = 1\nA().y  #!",
    ),
    "an unknown attribute of self": ("E0221", "class A:\n    def m(self): return self.nope  #!\nA().m()"),
    "an attribute of None": ("E0221", "def f(): pass\nf().x  #!"),
    "text and a number added": ("E0222", '1 + "a"  #!'),
    "text and a number compared": ("E0222", '"a" < 1  #!'),
    "a result and text added": ("E0222", 'def f(): return 1\nf() + "a"  #!'),
    "an argument in a function": ("E0222", 'def f(x):\n    return x + 1  #!\nf("a")'),
    "text negated": ("E0222", '-"a"  #!'),
    "an instance added": ("E0222", "class A: pass\nA() + 1  #!"),
    "membership in a number": ("E0222", "1 in 2  #!"),
    "a number called": ("E0223", "x = 1\nx()  #!"),
    "a module called": ("E0223", "import math\nmath(1)  #!"),
    "a number iterated": ("E0224", "for x in 5: print(x)  #!"),
    "None unpacked": ("E0224", "def f(): pass\na, b = f()  #!"),
    "a number awaited": ("E0224", "async def main(): await 1  #!\nimport asyncio\nasyncio.run(main())"),
    "a number indexed": ("E0225", "x = 5\nx[0]  #!"),
    "text indexed by text": ("E0225", '"abc"["a"]  #!'),
    "a tuple changed": ("E0225", "t = (1, 2)\nt[0] = 3  #!"),
    "too many values to unpack": ("E0226", "a, b = 1, 2, 3  #!"),
    "not enough values to unpack": ("E0226", "a, b, *c = (1,)  #!"),
    "a list as a key": ("E0227", "{[1]: 2}  #!"),
    "a list in a set": ("E0227", "{1, [2]}  #!"),
    "an index out of range": ("E0228", "[1, 2][2]  #!"),
    "a key that is not there": ("E0228", 'd = {"a": 1}\nd["b"]  #!'),
    "a format for another type": ("E0229", "name = 'x'\nf'{name:d}'  #!"),
    "a percent format for another type": ("E0229", '"%d" % "x"  #!'),
    "a name read before it is bound": ("E0230", "print(x)  #!\nx = 1"),
    "a local read before it is bound": ("E0230", "def f():\n    print(x)  #!\n    x = 1\nf()"),
    "a name read after del": ("E0230", "x = 1\ndel x\nx  #!"),
    "a number raised": ("E0231", "raise 5  #!"),
    "a class that is no exception raised": ("E0231", "class A: pass\nraise A()  #!"),
    "a handler for what is no exception": ("E0231", "try:\n    print(1)\nexcept int:  #!\n    pass"),
    "an embedding of a number": ("E0232", 'from noodle_ray import model\ne = model("minilm")\ne(5)  #!'),
    "a list's method of an embedding": ("E0221", f'{EMBED}v = e("a")\nv.append(1.0)  #!'),
    "a text's method of an embedding's number": ("E0221", f'{EMBED}for x in e("a"):\n    x.lower()  #!'),
    "a list's method of one of many embeddings": ("E0221", f'{EMBED}e(["a", "b"])[0].append(1.0)  #!'),
    "an embedding of an embedding": ("E0232", f'{EMBED}e(e("a"))  #!'),
    "an embedding of two texts": ("E0232", 'from noodle_ray import model\ne = model("minilm")\ne("a", "b")  #!'),
    "an embedding with a keyword": ("E0232", 'from noodle_ray import model\ne = model("minilm")\ne("a", n=1)  #!'),
    "a model asked about a function": ("E0232", 'from noodle_ray import model\nm = model("x")\nm(print)  #!'),
    "a generation of a number": ("E0232", 'from noodle_ray import model\nc = model("smollm2")\nc(5)  #!'),
    "the length of a number": ("E0233", "len(5)  #!"),
    "a join of a number": ("E0233", '", ".join(5)  #!'),
    "the root of text": ("E0233", 'import math\nmath.sqrt("4")  #!'),
    "a join of numbers": ("E0233", '", ".join(["a", 1])  #!'),
    "a sum of texts": ("E0233", 'sum(["a", "b"])  #!'),
    "an argument of main": ("E0222", "def main(q: str):\n    return q + 1  #!"),
    "an argument of main in a branch": ("E0222", "def main(q: str, n: int):\n    if n > 3:\n        return q + n  #!"),
    "an element of an argument of main": ("E0221", "def main(xs: list[str]):\n    for x in xs:\n        x.push()  #!"),
    "an optional argument that is not": (
        "E0222",
        "def main(x: int | None):\n    if x is None:\n        return x + 1  #!\n    return x + 1",
    ),
    "a value of a dict": ("E0222", 'd = {"a": 1}\nfor k, v in d.items():\n    v + k  #!'),
    "a number of enumerate": ("E0221", "for i, x in enumerate(['a']):\n    i.upper()  #!"),
    "what isinstance leaves": (
        "E0222",
        "def main(x: int | str):\n    if isinstance(x, str):\n        return x + 1  #!\n    return x + 1",
    ),
    "a method of the base with too few arguments": (
        "E0220",
        "class A:\n    def __init__(self, x): self.x = x\nclass B(A):\n"
        "    def __init__(self):\n        super().__init__()  #!\nB()",
    ),
    "a named tuple without a field": (
        "E0220",
        "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\n    y: int\nP(1)  #!",
    ),
    "a member that an enumeration has not": (
        "E0221",
        "from enum import Enum\nclass Color(Enum):\n    RED = 1\nColor.BLUE  #!",
    ),
    "an attribute of a model": ("E0221", 'from noodle_ray import model\nm = model("x")\nm.generate("a")  #!'),
    "texts added up in a loop": ("E0222", "total = 0\nfor x in ['1', '2']:\n    total += x  #!\nprint(total)"),
    "an embedding of a list with a number": (
        "E0232",
        'from noodle_ray import model\ne = model("minilm")\ne(["a", 5])  #!',
    ),
    "the length of an instance": ("E0233", "class A: pass\nlen(A())  #!"),
    "the only function of a file": ("E0222", "def helper(x: int):\n    return x + 'a'  #!"),
}


@pytest.mark.parametrize("what", SURE)
def test_finding_is_at_its_place_when_it_is_sure(what: str) -> None:
    code, source = SURE[what]
    expected = [number for number, line in enumerate(source.split("\n"), 1) if "#!" in line]
    found = check(source, tasks=TASKS)
    assert [(one.code, one.span[0]) for one in found] == [(f"NOODLE-{code}", line) for line in expected], found


SILENT = {
    "code that is never reached": 'if False:\n    1 + "a"',
    "code after a return": 'def f():\n    return 1\n    1 + "a"\nf()',
    "a function that is never called": 'def f():\n    return 1 + "a"\nprint(1)',
    "what a handler catches": 'try:\n    1 + "a"\nexcept TypeError:\n    pass',
    "what a handler of a caller catches": 'def f(): return 1 + "a"\ntry:\n    f()\nexcept Exception:\n    pass',
    "what a manager may swallow": "from contextlib import suppress\nwith suppress(TypeError):\n    1 + 'a'",
    "a function handed to one that catches": (
        "def safe(f):\n    try:\n        return f()\n    except TypeError:\n        return None\nsafe(lambda: 1 + 'a')"
    ),
    "a generic function": (
        "def show(kind, x):\n    if kind == 's':\n        return x.upper()\n    return x + 1\n"
        "for k, x in [('s', 'a'), ('n', 1)]:\n    show(k, x)"
    ),
    "a list that grows": "xs = []\nxs.append('a')\nfor x in xs:\n    x.upper()",
    "a list that another name changes": "xs = [1]\nys = xs\nys[0] = 'a'\nxs[0].upper()",
    "an attribute set from outside": "class A: pass\na = A()\na.x = 1\nprint(a.x)",
    "an attribute that a subclass has": (
        "class A:\n    def m(self): return self.n()\nclass B(A):\n    def n(self): return 1\nB().m()"
    ),
    "an attribute that is looked up otherwise": "class A:\n    def __getattr__(self, n): return n\nA().x",
    "an operator of a class": "class A:\n    def __radd__(self, o): return o\n1 + A()",
    "a guarded None": "def f(x):\n    if x > 1:\n        return 'a'\ny = f(2)\nif y is not None:\n    y.upper()",
    "a default of None": "def f(x=None):\n    x = x or []\n    x.append(1)\n    return x\nf()",
    "an early return for None": "def f(x=None):\n    if not x:\n        return 0\n    return x + 1\nf(); f(2)",
    "a decorated function": "def d(f): return lambda *a: 1\n@d\ndef f(a): return a\nf(1, 2, 3)",
    "a spread call": "def f(a, b): return a\nxs = [1, 2]\nf(*xs)",
    "a name bound in a loop": "for i in range(3):\n    x = i\nprint(x)",
    "a global that another function binds": "def g():\n    global x\n    x = 1\ng()\nprint(x)",
    "a loop that changes a type": "x = None\nfor i in [1, 2]:\n    if x is not None:\n        x + 1\n    x = i",
    "a variable of a comprehension": "x = 'a'\nprint([x + 1 for x in [1, 2]], x.upper())",
    "a lambda over a comprehension's variable": "x = 'a'\nfs = [lambda: x + 1 for x in [1, 2]]\nfs[0]()",
    "an annotation that is wrong": "def f(x: str): return x + 1\nf(1)",
    "a hasattr guard": "def f(x):\n    if hasattr(x, 'upper'):\n        return x.upper()\nf(1)",
    "text formatted": "'%s %s' % (1, [2])\nf'{1:>5}'\nf'{1.5:.2f}'",
    "a model's right input": (
        'from noodle_ray import model\ne = model("minilm")\nc = model("smollm2")\n'
        'e("a"); e(["a", "b"]); c("x", max_tokens=3); c([{"role": "user", "content": "x"}])'
    ),
    "an unknown model": 'from noodle_ray import model\ne = model("mine")\ne(5, mode=1)',
    "an embedding as an array": (
        f'{EMBED}v = e("a")\nprint(v.norm(), v @ v, v + 1, -v, [*v], v[1:], v[0] + 1, len(v), v == v, v.T, str(v))\n'
        "v[0] = 1\na, *b = v\nfor vector in e(['a', 'b']):\n    vector.top_k(2)"
    ),
    "an embedding where a list is annotated": (
        f"{EMBED}def f(a: list[float], b: list[float]) -> float: return sum([x * y for x, y in zip(a, b)])\n"
        "f(e('a'), e('b'))"
    ),
    "an embedding that is asked what it is": f'{EMBED}v = e("a")\nif isinstance(v, list):\n    v.append(1)',
    "arrays": "from noodle_ray import array\na = array([1])\n(a + 1).sum()\nprint(a @ a, a[0])",
    "the usual guard": "def main(x): return x\nif __name__ == '__main__':\n    main()",
    "what Python gives classes": "class A:\n    x: int = 1\nprint(A.__annotations__, A().__dict__)",
    "a dict that grows": "d = {}\nd['a'] = 1\nfor k, v in d.items():\n    print(v + 1, k + 'a')",
    "a list bound in a call that changes it": ("def f(x): x[0] = 'a'\nf(xs := [1])\nxs[0].upper()"),
    "a base's method through super": (
        "class A:\n    def m(self, x, *y): return x\n    @staticmethod\n    def s(x): return x\n"
        "class B(A):\n    def m(self): return super().m(1, 2), super().s(1)\nB().m()"
    ),
    "a base among several": (
        "class A:\n    def __init__(self, x): pass\nclass B(A):\n    def __init__(self): super().__init__()\n"
        "class M(A):\n    def __init__(self): A.__init__(self, 1)\nclass C(B, M): pass\nC()"
    ),
    "what enumerations have": (
        "from enum import Enum\nclass Color(Enum):\n    RED = 1\n    def hex(self): return 1\n"
        "Color.hex, Color.RED.name, Color['RED'], Color(1), Color.__members__, list(Color), Color.RED.BLUE_IS_NOT_ASKED"
        ".x if 1 > 2 else 0"
    ),
    "another class of an enumeration's name": (
        "from enum import Enum\nclass Color(Enum):\n    RED = 1\ndef f(Color): return Color.real\nf(1)"
    ),
    "named tuples": (
        "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\n    y: int = 0\n"
        "P(1), P(1, y=2), P(*[1, 2]), P._make([1, 2]), P(1)._replace(y=3)"
    ),
    "an instance with a length": "class A:\n    def __len__(self): return 1\nclass B(A): pass\nlen(B())",
    "a number that text is not added to": "total = 0\nfor x in []:\n    total += x\ntotal.bit_length()",
    "an endless loop": "def f():\n    while True:\n        pass\nif 1 > 2: f()",
}


@pytest.mark.parametrize("what", SILENT)
def test_nothing_is_reported_when_it_is_not_sure(what: str) -> None:
    assert check(SILENT[what], tasks=TASKS) == []


def test_source_that_cannot_be_parsed_has_no_findings() -> None:
    assert check("def (") == []
    assert check("-" * 100_000 + "1") == []


def test_columns_count_characters_when_the_text_is_not_ascii() -> None:
    (found,) = check("'äöü' + 1\n")
    assert found.span == (1, 0, 1, 9)


def test_types_are_known_by_span_when_inferred() -> None:
    types = infer("def f(x):\n    return x * 2\ny = f(3)\n[y, 'a'][0]\n")
    assert show(types[2, 11, 2, 12]) == "int"
    assert show(types[3, 4, 3, 8]) == "int"


def test_checking_a_thousand_lines_costs_some_times_what_compiling_them_does() -> None:
    import time

    from noodle_ray.core.lang import compile_source

    body = "".join(
        f"def f{n}(a, b=1):\n    total = 0\n    for i in range(a):\n        if i % 2:\n            total += i * b\n"
        f"        else:\n            total -= len(str(i))\n    return [total, a]\nprint(f{n}({n}))\n"
        for n in range(112)
    )
    assert body.count("\n") > 1000
    costs = []
    for work in (check, compile_source) * 3:
        started = time.process_time()
        work(body)
        costs.append(time.process_time() - started)
    assert check(body) == []
    assert min(costs[::2]) < 15 * min(costs[1::2])
