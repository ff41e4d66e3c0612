"""Programs with models, classes, generators and managers show what they would if each call was answered at once."""

import contextlib
import io
from typing import Any

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.execute import execute
from tests.vm.hosts import ScriptedHost, echo, newest

HEADER = "from noodle_ray import model, ModelError\nm = model('m')\n"

PROGRAMS = {
    "operator prints": """
class P:
    def __add__(self, o):
        print("add")
        return 1
def f(p):
    x = m("bad")
    y = p + 1
    return x, y
f(P())
""",
    "property prints": """
class P:
    @property
    def size(self):
        print("size")
        return 1
def f(p):
    x = m("bad")
    return p.size, x
f(P())
""",
    "truth prints": """
class P:
    def __bool__(self):
        print("bool")
        return True
def f(p):
    x = m("bad")
    y = 1 if p else 2
    if p:
        y += 1
    while p:
        break
    return x, y, p and 1, not p
f(P())
""",
    "iteration prints": """
def numbers():
    for i in range(3):
        print("number", i)
        yield i
def f(ns):
    x = m("bad")
    for n in ns:
        pass
    return x
f(numbers())
""",
    "generator asks": """
def answers(xs):
    for x in xs:
        a = m(x)
        print("asked", x)
        yield a, m(x + "2")
def f():
    out = []
    for pair in answers(["a", "b", "bad", "c"]):
        print(pair)
        out.append(pair)
    return out
f()
""",
    "generator expression asks": """
def f():
    g = (m(x) for x in ["a", "bad", "b"])
    first = next(g)
    print(first)
    return list(g)
f()
""",
    "manager sees errors of its body only": """
class Manager:
    def __enter__(self):
        print("in")
    def __exit__(self, kind, *rest):
        print("out", kind and kind.__name__)
        return True
def f():
    with Manager():
        x = m("bad")
        print("never")
    y = m("a")
    with Manager():
        z = m("b")
    return y, z
f()
""",
    "earlier error is not for the manager": """
class Manager:
    def __enter__(self):
        print("in")
    def __exit__(self, kind, *rest):
        print("out")
        return True
def f():
    x = m("bad")
    with Manager():
        y = 1
    return x
f()
""",
    "method changes what others see": """
class Log:
    def __init__(self):
        self.seen = []
    def note(self, x):
        self.seen.append(x)
        print(x)
        return x
def f(log):
    return [m(log.note(x)) for x in ["a", "bad", "b"]]
log = Log()
try:
    f(log)
except ModelError:
    print("refused")
log.seen
""",
    "attributes change in order": """
class Box:
    value = 0
def f(box):
    for x in ["a", "b", "bad", "c"]:
        answer = m(x)
        box.value += 1
        box.last = answer
box = Box()
try:
    f(box)
except ModelError:
    pass
(box.value, box.last)
""",
    "decorated function": """
def loud(f):
    def wrapper(*a):
        print("call", a)
        return f(*a)
    return wrapper
@loud
def ask(x):
    return m(x)
[ask(x) for x in ["a", "b", "bad"]]
""",
    "objects keep answers": """
class Doc:
    def __init__(self, text):
        self.text = text
        self.vector = m(text)
    def __repr__(self):
        return f"Doc({self.vector})"
docs = [Doc(t) for t in ["a", "b"]]
print(docs)
[d.vector for d in docs]
""",
    "comparison and sorting": """
class Doc:
    def __init__(self, text):
        self.text = text
    def __lt__(self, other):
        print("lt")
        return m(self.text) < m(other.text)
[d.text for d in sorted([Doc("b"), Doc("a"), Doc("c")])]
""",
    "match asks": """
def f(x):
    a = m(x)
    match a:
        case "a!": return "first"
        case str(s) if m(s) == "b!!": return "second"
        case _: return "other"
[f(x) for x in ["a", "b", "c"]]
""",
    "class body asks": """
class A:
    x = m("a")
    y = [m(t) for t in ["b", "c"]]
    print("in body")
    def f(self, z=m("d")):
        return z
(A.x, A.y, A().f())
""",
    "hash and equality": """
class K:
    def __init__(self, k):
        self.k = k
    def __hash__(self):
        print("hash")
        return 1
    def __eq__(self, o):
        print("eq")
        return self.k == o.k
def f(a, b):
    x = m("bad")
    d = {a: 1, b: 2}
    return x, len(d)
f(K(1), K(1))
""",
    "default dict": """
from collections import defaultdict
def make():
    print("make")
    return []
def f(d):
    x = m("bad")
    d["k"]
    return x
f(defaultdict(make))
""",
    "map is gone through later": """
def loud(x):
    print("see", x)
    return x
def f(xs):
    it = map(loud, xs)
    a = m("bad")
    return list(it), a
f(["x", "y"])
""",
    "async tasks": """
import asyncio
async def ask(x):
    a = m(x)
    await asyncio.sleep(0)
    return a
async def main_task():
    return await asyncio.gather(ask("a"), ask("b"))
asyncio.run(main_task())
""",
    "unpacking a generator": """
def pair():
    print("one")
    yield 1
    print("two")
    yield 2
def f(p):
    x = m("bad")
    a, b = p
    return a, b, x
f(pair())
""",
    "format": """
class P:
    def __format__(self, spec):
        print("format")
        return "p"
def f(p):
    x = m("bad")
    return f"{p}" + x
f(P())
""",
    "attribute fallback": """
class P:
    def __getattr__(self, name):
        print("attr", name)
        return 1
def f(p):
    x = m("bad")
    return p.anything, x
f(P())
""",
    "method that is not there": """
def show(x):
    print("show", x)
    return x
def f(x, items):
    for item in items:
        x.append(show(m(item)))
f(None, ["a", "bad"])
""",
    "method of a list that the loop made": """
def f(items):
    for item in items:
        out = []
        out.append(m(item))
        out.appendix(m(item))
    return out
f(["a", "b"])
""",
    "method that a property gives": """
class P:
    @property
    def put(self):
        print("get")
        return print
def f(p):
    x = m("bad")
    p.put(m("a"))
    return x
f(P())
""",
    "lazy filter of a comprehension": """
def keep(x):
    print("keep", x)
    return True
def f(xs):
    return [m(x) for x in filter(keep, xs)]
f(["a", "bad", "b"])
""",
}


class ModelError(RuntimeError):
    """What the oracle raises."""


def _sequential(source: str) -> tuple[object, str, str]:
    def ask(text: Any) -> str:
        if str(text).startswith("bad"):
            raise ModelError(f"refused {text}")
        return f"{text}!"

    body, _, last = source.strip().rpartition("\n")
    names: dict[str, Any] = {"m": ask, "ModelError": ModelError, "__name__": "__main__"}
    out = io.StringIO()
    result, error = None, ""
    with contextlib.redirect_stdout(out):
        try:
            exec(body, names)
            result = eval(last, names)
        except Exception as raised:
            error = type(raised).__name__
    return repr(result), out.getvalue(), error


@pytest.mark.parametrize("tier", ["interpreter", "python"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_program_shows_what_sequential_execution_shows(name: str, tier: str) -> None:
    outcome = execute(compile_source(HEADER + PROGRAMS[name]), tier=tier, host=ScriptedHost(echo, newest))
    error = "" if outcome.error is None else outcome.error["type"]
    assert (repr(outcome.result), outcome.stdout, error) == _sequential(PROGRAMS[name])
