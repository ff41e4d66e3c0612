"""Methods, operators and constructors of a program's own, which run where the text shows nothing but a use."""

import pytest

from tests.overlap.programs import HEADER
from tests.overlap.test_differential import differs

LATE = """
def late1(x):
    y = m(x)
    print(x)
    return y
"""

KEEPING_METHODS = (
    "start", "join", "format", "index", "count", "get", "search", "match", "values", "copy", "keys", "items", "pop",
    "setdefault", "time", "group", "mean",
)  # fmt: skip
"""What methods of builtin types are called that keep nothing of their arguments."""

KEEPING_OPERATORS = {
    "__eq__": "mem == log",
    "__ne__": "mem != log",
    "__lt__": "log > mem",
    "__le__": "mem <= log",
    "__contains__": "log in mem",
    "__mod__": "mem % log",
    "__or__": "mem | log",
    "__ror__": "log | mem",
    "__getitem__": "mem[log]",
    "__delitem__": "del mem[log]",
    "__setitem__": "mem[log] = 1",
    "__ior__": "mem |= log",
}

MADE_METHODS = {
    "__dict__": "class M:\n    pass\nmem = M()\nmem.__dict__['start'] = lambda log: start(mem, log)",
    "vars": "class M:\n    pass\nmem = M()\nvars(mem)['start'] = lambda log: start(mem, log)",
    "keywords": "class M:\n    def __init__(self, **kw):\n        self.__dict__.update(kw)\n"
    "mem = M(start=lambda log: start(mem, log))",
    "a metaclass": "class T(type):\n    def __new__(c, n, b, ns):\n        ns['start'] = start\n"
    "        return type.__new__(c, n, b, ns)\nclass M(metaclass=T):\n    pass\nmem = M()",
    "setattr": "class M:\n    pass\nmem = M()\nsetattr(M, 'start', start)",
    "object.__setattr__": "class M:\n    pass\nmem = M()\n"
    "object.__setattr__(mem, 'start', lambda log: start(mem, log))",
    "a namespace": "from types import SimpleNamespace\nmem = SimpleNamespace(start=lambda log: start(mem, log))",
    "a subclass": "class L:\n    def start(self, log):\n        start(self, log)\nclass M(L):\n    pass\nmem = M()",
}

OTHER_WAYS = {
    "the result of an operator": """
class Box:
    def __init__(self):
        self.log = []
    def __neg__(self):
        return self.log
def f(b):
    z = -b
    for x in 'abce':
        y = m(x + str(len(b.log)))
        z.append(y)
    return z
f(Box())
""",
    "a comparison within a method": """
class Box:
    def __eq__(self, other):
        self.log = other
        return True
def f(b):
    out = []
    rows = [out]
    rows.index(b)
    for x in 'abce':
        y = m(x + str(len(b.log)))
        out.append(y)
    return out
f(Box())
""",
    "the result of a method that keeps": """
class Box:
    def __init__(self):
        self.log = []
    def get(self, log):
        return log
def f(b):
    log = []
    same = b.get(log)
    for x in 'abce':
        y = m(x + str(len(same)))
        log.append(y)
    return log
f(Box())
""",
    "a method unknown to lists": """
from collections import deque
def f(xs):
    ys = []
    d = deque()
    d.appendleft(ys)
    z = d[0]
    for x in xs:
        y = m(x + str(len(ys)))
        z.append(y)
    return ys
f('abce')
""",
    "what a function put into a list": """
kept = []
def stash(a):
    a.append(kept)
def f(xs):
    a = []
    stash(a)
    z = a[0]
    for x in xs:
        y = m(x + str(len(kept)))
        z.append(y)
    return kept
f('abce')
""",
    "an exception that holds a list": """
def f(xs):
    out = []
    try:
        raise ValueError(out)
    except ValueError as e:
        z = e.args[0]
    for x in xs:
        y = m(x + str(len(z)))
        out.append(y)
    return out
f('abce')
""",
    "a callback of map that keeps": """
kept = []
def keep(x):
    kept.append(x)
def f(xs):
    out = []
    list(map(keep, [out]))
    for x in xs:
        y = m(x + str(len(kept[0])))
        out.append(y)
    return out
f('abce')
""",
    "a key that keeps": """
kept = []
def keep(x):
    kept.append(x)
    return 1
def f(xs):
    out = []
    sorted([out], key=keep)
    for x in xs:
        y = m(x + str(len(kept[0])))
        out.append(y)
    return out
f('abce')
""",
    "a key of sort that keeps": """
kept = []
def keep(x):
    kept.append(x)
    return 1
def f(xs):
    out = []
    rows = [out]
    rows.sort(key=keep)
    for x in xs:
        y = m(x + str(len(kept[0])))
        out.append(y)
    return out
f('abce')
""",
}

RAISED = """
class Bad(Exception):
    count = 0
    def __init__(self):
        Bad.count += 1
        self.n = Bad.count
def f(x):
    y = m(x)
    if y < 'f':
        raise Bad
    return y
def h(x):
    try:
        return f(x)
    except Bad as e:
        return x + str(e.n)
[h(x) for x in 'abceaec']
"""
RAISES = {
    "__init__": RAISED,
    "a cause": RAISED.replace("raise Bad", "raise ValueError from Bad")
    .replace("except Bad as e", "except ValueError as e")
    .replace("e.n", "e.__cause__.n"),
    "__new__": """
class Bad(Exception):
    count = 0
    def __new__(cls):
        Bad.count += 1
        return ValueError(Bad.count)
def f(x):
    y = m(x)
    if y < 'f':
        raise Bad
    return y
def h(x):
    try:
        return f(x)
    except (TypeError, ValueError) as e:
        return x + str(Bad.count)
[h(x) for x in 'abceaec']
""",
    "a base of another": RAISED.replace("def f(x)", "class Worse(Bad):\n    pass\ndef f(x)").replace(
        "raise Bad", "raise Worse"
    ),
    "in a loop": """
class Bad(Exception):
    def __init__(self):
        print('bad')
def f(x):
    y = m(x)
    if y < 'f':
        raise Bad
    return y
def g(xs):
    for x in xs:
        try:
            y = f(x)
        except Bad:
            y = '-'
        print(y)
g('abceaec')
""",
    "a parameter": RAISED.replace("def f(x)", "def f(x, bad=Bad)").replace("raise Bad", "raise bad"),
}

GENERATOR = """
def g(x):
    y = m(x)
    print(x)
    yield y
"""
CLASS = """
class I:
    def __init__(self, x):
        self.x = x
    def __iter__(self):
        return g(self.x)
"""
CONSUMERS = {
    "in": 'r = "q" in it',
    "not in": 'r = "q" not in it',
    "+=": "r = []; r += it",
    "[0:1] =": "r = ['z']; r[0:1] = it",
    "issubset": "r = {'q'}.issubset(it)",
    "issuperset": "r = {'q'}.issuperset(it)",
    "isdisjoint": "r = {'q'}.isdisjoint(it)",
    "symmetric_difference": "r = sorted({'q'}.symmetric_difference(it))",
    "symmetric_difference_update": "r = {'q'}; r.symmetric_difference_update(it); r = len(r)",
    "intersection_update": "r = {'q'}; r.intersection_update(it); r = len(r)",
    "difference_update": "r = {'q'}; r.difference_update(it)",
    "fromkeys": "r = dict.fromkeys(it)",
    "bytes": "r = bytes(len(x) for x in it)",
    "bytearray": "r = bytearray(len(x) for x in it)",
    "int.from_bytes": "r = int.from_bytes(len(x) for x in it)",
    "dist": "import math; r = math.dist((len(x) for x in it), (1,))",
    "deque": "from collections import deque; r = list(deque(it))",
    "Counter": "from collections import Counter; r = sorted(Counter(it))",
    "Counter.update": "from collections import Counter; r = Counter(); r.update(it); r = sorted(r)",
    "extendleft": "from collections import deque; r = deque(); r.extendleft(it); r = list(r)",
    "map of a builtin": "r = list(map(list, [it]))",
    "a key": "r = sorted([it], key=list); r = len(r)",
    "list of a view": "r = sorted({'q': 1}.keys() | it)",
    "view &": "r = sorted(it & {'q': 1}.keys())",
    "dict of pairs": "r = len(dict([[*it, 1]]))",
    "heapq": "import heapq; r = heapq.nlargest(1, it)",
    "bytes.join": "r = b','.join(x.encode() for x in it)",
    "reduce": "import functools; r = functools.reduce(max, it)",
    "mean": "import statistics; r = statistics.mean(len(x) for x in it)",
    "a keyword": "import statistics; r = statistics.fmean(data=map(len, it))",
    "% of a list": "r = '%s' % (list(it),)",
}

PROPERTIES = {
    "put into a class": """
class A:
    pass
def p(self):
    return late1('a')
A.v = property(p)
a = A()
def f(x):
    return m(x) + a.v
[f(x) for x in 'abc']
""",
    "of a pattern": """
class A:
    @property
    def v(self):
        return late1('a')
def f(a):
    match a:
        case A(v='q'):
            return 1
    return m('z')
[f(a) for a in [A(), A(), A()]]
""",
    "of a position in a pattern": """
class A:
    __match_args__ = ('v',)
    @property
    def v(self):
        return late1('a')
def f(a):
    match a:
        case A('q'):
            return 1
    return m('z')
[f(a) for a in [A(), A(), A()]]
""",
    "of a format": """
class A:
    @property
    def v(self):
        return late1('a')
def f(a):
    return m('{0.v}'.format(a))
[f(a) for a in [A(), A(), A()]]
""",
    "of a format that is a value": """
class A:
    @property
    def v(self):
        return late1('a')
def f(a, t):
    return m(t.format_map({'a': a}))
[f(a, '{a.v}') for a in [A(), A(), A()]]
""",
}

LIBRARY = {
    "a list that bisect inserts into": """
import bisect
class S(list):
    def insert(self, *a):
        late1('a')
def f(s, x):
    y = m(x)
    bisect.insort(s, x)
    return y
s = S(['c'])
[f(s, x) for x in 'abd']
""",
    "a formatter": """
import string
class F(string.Formatter):
    def get_value(self, key, args, kwargs):
        return late1(str(key))
def f(x):
    return m(F().format('{0}', x))
[f(x) for x in 'abc']
""",
    "an encoder": """
import json
class E(json.JSONEncoder):
    def default(self, o):
        return late1('q')
e = E()
def f(x):
    return m(x + e.encode({1j}))
[f(x) for x in 'abc']
""",
    "a counter": """
from collections import Counter
class C(Counter):
    def __init__(self, *a):
        print('new')
        super().__init__(*a)
c = C('ab')
def f(x):
    y = m(x)
    d = c.copy()
    return y + str(len(d))
[f(x) for x in 'abc']
""",
    "a sum of counters": """
from collections import Counter
class C(Counter):
    def __init__(self, *a):
        print('new')
        super().__init__(*a)
c = C('ab')
def f(x):
    y = m(x)
    d = c + c
    return y + str(len(d))
[f(x) for x in 'abc']
""",
    "a deque": """
from collections import deque
class D(deque):
    def __init__(self, *a):
        print('new')
        super().__init__(*a)
d = D('ab')
def f(x):
    y = m(x)
    e = d.copy()
    return y + str(len(e))
[f(x) for x in 'abc']
""",
    "a table": """
from collections import defaultdict
class D(defaultdict):
    def __init__(self, *a):
        print('new')
        super().__init__(*a)
d = D(list)
def f(x):
    y = m(x)
    e = d | {1: 2}
    return y + str(len(e))
[f(x) for x in 'abc']
""",
}

PAIRS = """
def g(x):
    y = m(x)
    print(x)
    yield y
    yield y
class I:
    def __init__(self, x):
        self.x = x
    def __iter__(self):
        return g(self.x)
"""
NESTED = {
    "dict": "dict([it])",
    "a list in a variable": "dict(pairs)",
    "update": "d.update([it])",
    "update with keywords": "d.update([it], b=1)",
    "|=": "d |= [it]",
    "a generator expression": "dict(i for i in [it])",
    "reversed": "dict(reversed([it]))",
    "values": "dict({1: it}.values())",
}
"""What goes through the elements of what it goes through."""
KEYED = {"dict": "dict(s)", "**": "{**s}", "update": "d.update(s)", "|=": "d |= s", "a call": "dict(**s)"}

MOVED_PROPERTIES = {
    "another name of the class": "C = B\nA.v = C.w",
    "a class in a dict": "d = {'k': B}\nA.v = d['k'].w",
    "a variable of a function around": """
def put():
    C = B
    def inner():
        A.v = C.w
    inner()
put()
""",
    "a nonlocal variable": """
def put():
    C = None
    def name():
        nonlocal C
        C = B
    name()
    A.v = C.w
put()
""",
    "either class": "if len(count) > 1:\n    Z = A\nelse:\n    Z = B\nA.v = Z.w",
    "__mro__": "class S(B):\n    pass\nA.v = S.__mro__[1].w",
    "__bases__": "class S(B):\n    pass\n(T,) = S.__bases__\nA.v = T.w",
    "__subclasses__": """
class R:
    pass
class S(R):
    w = property(p)
for T in R.__subclasses__():
    A.v = T.w
""",
    "exc_info": """
import sys
class E(Exception):
    w = property(p)
try:
    raise E
except E:
    A.v = sys.exc_info()[0].w
""",
    "__exit__": """
class E(Exception):
    w = property(p)
class W:
    def __enter__(self):
        return self
    def __exit__(self, kind, e, tb):
        A.v = kind.w
        return True
with W():
    raise E
""",
    "a dict in a class": "class K:\n    t = {}\n    t['a'] = B\nA.v = K.t['a'].w",
    "a member of a class": "class K:\n    C = B\nA.v = K.C.w",
    "a default": "def put(c=B):\n    A.v = c.w\nput()",
    "getattr of the class": "A.v = getattr(B, 'w')",
    "attrgetter": "import operator\nA.v = operator.attrgetter('w')(B)",
    "a pattern": "match B:\n    case type(w=found):\n        A.v = found",
    "a descriptor's owner": """
class G:
    def __get__(self, one, owner):
        A.v = owner.w
        return 1
class S(B):
    g = G()
S().g
""",
    "the class that is told its name": """
class G:
    def __set_name__(self, owner, name):
        A.v = owner.__bases__[0].w
class S(B):
    g = G()
""",
    "through a parameter": "def add(c, q):\n    c.v = q\nadd(A, B.w)",
    "through a variable": "q = B.w\nA.v = q",
    "through a default": "def add(c, q=B.w):\n    c.v = q\nadd(A)",
    "through a result": "def get(c):\n    return c.w\nA.v = get(B)",
    "through type": "def get(b):\n    return type(b).w\nA.v = [get(B())][0]",
    "through a class method": "class C(B):\n    @classmethod\n    def get(c):\n        return c.w\nA.v = C.get()",
    "through a list": "A.v = [B.w][0]",
    "through another": "A.v = B.w.getter(p)",
    "by a loop": "for A.v in [B.w]:\n    pass",
    "by with": "from contextlib import nullcontext\nwith nullcontext(B.w) as A.v:\n    pass",
    "from the body of a class": "def add(q):\n    A.v = q\nclass C:\n    w = property(p)\n    add(w)",
    "from a list of the class": "class C:\n    q = [property(p)]\nA.v = C.q[0]",
    "from a global of the class": "class C:\n    global W\n    W = property(p)\nA.v = W",
    "from a default in the class": "class C:\n    def put(self, q=property(p)):\n        A.v = q\nC().put()",
    "from a call in the class": "def put(q):\n    A.v = q\nclass C:\n    q = put(property(p))",
}

TEXTS = """
count = [0]
def tick(x):
    count[0] += 1
    print(x, count)
    return m(x + str(count[0]))
class T(str):
    def __iter__(self):
        for c in 'abc':
            tick('i')
            yield c
    def __len__(self):
        tick('l')
        return 1
    def __getitem__(self, i):
        tick('g')
        return 'a'
    def __call__(self, x):
        return tick(x)
    def strip(self):
        return tick('s')
    def join(self, parts):
        return tick('j')
class A:
    def __str__(self):
        return T('ab')
    def __repr__(self):
        return T('ab')
    def __format__(self, x):
        return T('ab')
"""
TEXT_WAYS = ("str(s)", "repr(s)", "f'{s}'", "f'{s:>4}'", "'%s' % s", "str(s) if s else 1", "'{}'.format(s)",
             "format(s)")  # fmt: skip
TEXT_USES = ("m(c) for c in v", "m(c) + ('' if v else '1') for c in 'abdc'", "m(c) + str(len(v)) for c in 'abdc'",
             "m(c) + v[0] for c in 'abdc'", "(m if c == 'e' else v)(c) for c in 'abdc'",
             "m(c) + v.strip() for c in 'abdc'", "m(c) + v.join('ab') for c in 'abdc'")  # fmt: skip


COUNTERS = """
class D:
    n = -1
    def count(self, *k):
        D.n += 1
        print(D.n)
        return D.n
    def __index__(self):
        return self.count()
    def __int__(self):
        return self.count()
    def __float__(self):
        return float(self.count())
    def __bool__(self):
        return bool(self.count())
class G(D):
    def __getitem__(self, k):
        return self.count()
class M(dict):
    def __missing__(self, k):
        return D().count()
"""
COUNTED = {
    "%x": "'%x' % d",
    "%d": "'%d' % d",
    "%.1f": "'%.1f' % d",
    "% of a tuple": "'%s %d' % (x, d)",
    "% of __getitem__": "'%(k)s' % G()",
    "% of __missing__": "'%(k)s' % M()",
    "text * object": "'x' * d",
    "list * object": "[1] * d",
    "index of a list": "[*'pqrstuvwxyz'][d]",
    "index of a text": "'pqrstuvwxyzpqrstuvwxyz'[d]",
    "index of a tuple": "('p', 'q', 'r', 's', 't', 'u', 'v')[d]",
    "slice of a list": "[*'pqrstuvwxyz'][d:]",
    "slice of a text": "'pqrstuvwxyz'[:d]",
    "split": "'a a a a a a a a'.split(' ', d)",
    "split with a keyword": "'a a a a a a a a'.split(' ', maxsplit=d)",
    "replace": "'aaaaaaaa'.replace('a', 'b', d)",
    "startswith": "'aaaaaaaa'.startswith('a', d)",
    "endswith": "'aaaaaaaa'.endswith('a', d)",
    "splitlines": "'a'.splitlines(d)",
    "enumerate": "[*enumerate('a', d)]",
    "sorted": "sorted('ab', reverse=d)",
    "chr": "chr(d)",
    "range": "[*range(d)]",
}


def _same(source: str, seeds: int = 8) -> None:
    for seed in range(seeds):
        assert differs(HEADER + source.lstrip(), seed) == ""


@pytest.mark.parametrize("name", KEEPING_METHODS)
def test_list_is_shared_when_a_method_of_the_program_keeps_it(name: str) -> None:
    _same(
        f"class Memory:\n    def {name}(self, log):\n        self.log = log\n    def context(self):\n"
        f"        return str(len(self.log))\nlog = []\nmem = Memory()\nmem.{name}(log)\n"
        "for x in 'abce':\n    y = m(x + mem.context())\n    log.append(y)\nlog\n"
    )


@pytest.mark.parametrize("name", KEEPING_OPERATORS)
def test_list_is_shared_when_an_operator_of_the_program_keeps_it(name: str) -> None:
    parameters = "log, value" if name == "__setitem__" else "log"
    _same(
        f"class Memory:\n    def {name}(self, {parameters}):\n        self.log = log\n        return self\n"
        "    def context(self):\n        return str(len(self.log))\n"
        f"log = []\nmem = Memory()\n{KEEPING_OPERATORS[name]}\n"
        "for x in 'abce':\n    y = m(x + mem.context())\n    log.append(y)\nlog\n"
    )


@pytest.mark.parametrize("way", MADE_METHODS)
def test_list_is_shared_when_a_method_of_a_name_not_in_a_class_keeps_it(way: str) -> None:
    _same(
        f"kept = {{}}\ndef start(self, log):\n    kept[1] = log\n{MADE_METHODS[way]}\n"
        "log = []\nmem.start(log)\nfor x in 'abce':\n    y = m(x + str(len(kept[1])))\n    log.append(y)\nlog\n"
    )


@pytest.mark.parametrize("way", OTHER_WAYS)
def test_object_is_shared_when_others_can_have_it(way: str) -> None:
    _same(OTHER_WAYS[way])


@pytest.mark.parametrize("way", RAISES)
def test_raise_runs_what_makes_the_exception(way: str) -> None:
    _same(RAISES[way])


@pytest.mark.parametrize("argument", ["g", "I"])
@pytest.mark.parametrize("name", CONSUMERS)
def test_generator_runs_where_it_is_consumed(name: str, argument: str) -> None:
    made = ", ".join(f"{argument}({x!r})" for x in "abc")
    program = f"def f(it):\n    {CONSUMERS[name]}\n    return m(str(r))\nthings = [{made}]\n[f(it) for it in things]\n"
    _same(GENERATOR + (CLASS.lstrip() if argument == "I" else "") + program)


@pytest.mark.parametrize("name", CONSUMERS)
def test_iterator_of_a_class_runs_where_it_is_consumed(name: str) -> None:
    program = (
        LATE + "class I:\n    def __init__(self, x):\n        self.x = x\n    def __iter__(self):\n"
        "        late1(self.x)\n        return iter(['ab'])\n"
    )
    program += f"def f(it):\n    {CONSUMERS[name]}\n    return m(str(r))\n[f(I(x)) for x in 'abc']\n"
    _same(program)


@pytest.mark.parametrize("way", PROPERTIES)
def test_property_runs_when_it_is_read(way: str) -> None:
    _same(LATE + PROPERTIES[way].lstrip())


@pytest.mark.parametrize("made", ["g", "I"])
@pytest.mark.parametrize("name", NESTED)
def test_generator_in_a_list_runs_where_a_dict_takes_it(name: str, made: str) -> None:
    things = ", ".join(f"{made}({x!r})" for x in "abc")
    body = f"    d, pairs = {{}}, [it]\n    r = {NESTED[name]}\n"
    body = body.replace("r = d |=", "d |=").replace("d |= [it]", "d |= [it]; r = 1")
    _same(f"{PAIRS}def f(it):\n{body}    return m(str(r))\n[f(it) for it in [{things}]]\n", 3)


@pytest.mark.parametrize("base", ["list", "dict"])
@pytest.mark.parametrize("name", KEYED)
def test_method_keys_runs_where_a_mapping_is_taken(name: str, base: str) -> None:
    if base == "dict" and name == "a call":
        base = "list"
    if name == "a call":
        body = "    try:\n        r = dict(**s)\n    except TypeError:\n        r = 1\n"
    else:
        body = f"    d = {{}}\n    r = {KEYED[name]}\n".replace("r = d |= s", "d |= s; r = 1")
    _same(
        f"{LATE}class S({base}):\n    def keys(self):\n        late1('a')\n        return [0]\n"
        f"def f(s, x):\n    y = m(x)\n{body}    return y + str(r)\n"
        f"[f(s, x) for s, x in zip([S({{0: 1}}) for _ in 'abd'], 'abd')]\n",
        3,
    )


@pytest.mark.parametrize("way", MOVED_PROPERTIES)
def test_property_runs_in_whatever_class_it_has_got(way: str) -> None:
    _same(
        "count = [0]\nclass A:\n    pass\ndef p(self):\n    count[0] += 1\n    print(count)\n    return str(count[0])\n"
        f"class B:\n    w = property(p)\n{MOVED_PROPERTIES[way]}\na = A()\n"
        "def f(x):\n    y = m(x)\n    return y + a.v\n[f(x) for x in 'abcde']\n",
        3,
    )


@pytest.mark.parametrize("way", TEXT_WAYS)
@pytest.mark.parametrize("use", TEXT_USES)
def test_text_of_an_object_may_be_of_a_class_of_the_program(way: str, use: str) -> None:
    _same(f"{TEXTS}def f(s):\n    v = {way}\n    r = [{use}]\n    return r, count\nf(A())\n", 3)


def test_base_that_is_given_another_value_is_not_the_class_of_that_name() -> None:
    for made in (
        "D = deque",
        "for D in [deque]:\n    pass",
        "def deco(c):\n    return deque\n@deco\nclass D:\n    pass",
    ):
        _same(
            f"{LATE}from collections import deque\nclass D:\n    pass\n{made}\n"
            "class E(D):\n    def __init__(self, *a):\n        late1('n')\n        super().__init__(*a)\n"
            "d = E('ab')\ndef f(x):\n    y = m(x)\n    e = d.copy()\n    return y + str(len(e))\n"
            "[f(x) for x in 'abdc']\n",
            3,
        )


@pytest.mark.parametrize("way", COUNTED)
def test_object_that_stands_for_a_number_or_mapping_is_asked_in_its_turn(way: str) -> None:
    use = COUNTED[way]
    _same(
        f"{COUNTERS.lstrip()}def f(xs, d):\n    out = []\n    for x in xs:\n        y = m(x)\n        y = y + 'q'\n"
        f"        out.append(m(y + str({use})))\n    return out\nf('ab', D())\n",
        3,
    )
    _same(f"{COUNTERS.lstrip()}def f(xs, d):\n    return [m(m(x)[:1] + str({use})) for x in xs]\nf('ab', D())\n", 3)


@pytest.mark.parametrize("way", LIBRARY)
def test_overridden_method_runs_when_the_library_calls_it(way: str) -> None:
    _same(LATE + LIBRARY[way].lstrip())
