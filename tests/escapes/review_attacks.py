"""Attacks on what classes, generators and the library brought: text that lies about itself, tables of the library that a
program could change, calls that no instruction shows, limits raised where CPython ignores exceptions, and depth in C.

Each has how it must end, in the words of `attacks`.
"""
# ruff: noqa: E501

from typing import Final

_NAME: Final = (
    "class S(str):\n    def __getitem__(self, i):\n        return 'zz'\n    def __radd__(self, o):\n        return '__globals__'\n"
    "    def __hash__(self):\n        return 1\n    def __eq__(self, o):\n        return False\ndef f():\n    pass\n"
)
_LOOP: Final = "while True:\n    pass"
_TIMES: Final = "a = None\nfor i in range(22):\n    a = "
"""A chain in which each object asks the one before twice: four million calls."""

NAMES: Final = {
    "methodcaller of a name that lies": (_NAME + "import operator\noperator.methodcaller(S('x'))(f)", "AttributeError"),
    "attrgetter of a name that lies": (_NAME + "import operator\noperator.attrgetter(S('x'))(f)", "AttributeError"),
    "update_wrapper of names that lie": (
        _NAME + "import functools\nclass W:\n    pass\nw = W()\nfunctools.update_wrapper(w, f, [S('abc')], [S('d')])\nlist(vars(w)) == ['__wrapped__']",
        "= True",
    ),
    "wraps of names that lie": (
        _NAME + "import functools\n@functools.wraps(f, [S('abc')], ())\ndef g():\n    pass\nvars(g)", "= {}|= {'__wrapped__': 1}|E0503",
    ),
    "match_args that lie": (
        _NAME + "class M:\n    __match_args__ = (S('m'),)\n    m = 7\nmatch M():\n    case M(g):\n        r = g\nr", "= 7",
    ),
    "match_args that are no names": (
        "class M:\n    __match_args__ = (5,)\nmatch M():\n    case M(g):\n        pass", "TypeError",
    ),
    "delattr of a name that lies": (_NAME + "class A:\n    pass\ndelattr(A(), S('x'))", "AttributeError"),
    "hasattr of a name that lies": (_NAME + "hasattr(f, S('x'))", "= False"),
    "a field of str.format that lies": (_NAME + "'{0.x}'.format(S('{0.x}'))", "AttributeError"),
    "names of a named tuple that lie": (
        "from collections import namedtuple\nclass S(str):\n    def __str__(self):\n        return S('a, b=print')\n"
        "    def isidentifier(self):\n        return True\nnamedtuple('P', [S('a')])", "TypeError",
    ),
    "a named tuple's name that is code": ("from collections import namedtuple\nnamedtuple('P(', 'a')", "ValueError"),
    "defaults that are code": (
        "from collections import namedtuple\nnamedtuple('P', 'a b', defaults=['print(1)'])(1).b", "= print(1)",
    ),
    "members of an enumeration that are no names": (
        "from enum import Enum\nEnum('E', [('a.b', 1), ('__class__', 2)])", "TypeError|E0503",
    ),
}  # fmt: skip

TABLES: Final = {
    "code in a field's name": (
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 1\nd = A.__dataclass_fields__\n"
        "d['x: (().__class__.__base__.__subclasses__())=None'] = d.pop('x')\n@dataclass\nclass B(A):\n    y: int = 2\nrepr(B())",
        "= B(x=1, y=2)",
    ),
    "code in a field's name, through vars": (
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 1\nd = vars(A)['__dataclass_fields__']\n"
        "d['x=print(1)'] = d.pop('x')\n@dataclass\nclass B(A):\n    y: int = 2\nrepr(B())", "= B(x=1, y=2)",
    ),
    "code in an annotation's key": (
        "from dataclasses import dataclass\nclass A:\n    x: int\nA.__annotations__['y=print(1)'] = 'int'\ndataclass(A)",
        "TypeError",
    ),
    "a field that lies about itself": (
        "from dataclasses import Field\nclass H:\n    def __hash__(self):\n        return 1\n    def __eq__(self, o):\n"
        "        return True\nField(init=H(), repr=H(), kind='class; x')", "TypeError",
    ),
    "a field's class gives fields": (
        "from dataclasses import field\ntype(field())(**{'__class__': int})", "TypeError",
    ),
    "hash of a field that changes its mind": (
        "from dataclasses import dataclass, field\nn = [0]\nclass B:\n    def __bool__(self):\n        n[0] += 1\n        return n[0] % 2 == 0\n"
        "@dataclass(unsafe_hash=True)\nclass A:\n    x: int = field(default=1, hash=B(), kw_only=B())\nn[0]", "= 2",
    ),
    "parameters of a dataclass": (
        "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass A:\n    x: int\n'__dataclass_params__' in vars(A)", "= False",
    ),
    "members of an enumeration are copies": (
        "from enum import Enum\nclass E(Enum):\n    A = 1\nE.__members__['A'] = 5\nE['A'].value", "= 1|TypeError",
    ),
    "attributes of a host's function through vars's class": (
        "import json\nclass A:\n    pass\ntype(vars(A()))(json.dumps, {})['evil'] = 1", "TypeError",
    ),
    "a member that is a function of the host": (
        "import json\nfrom enum import Enum\nclass E(Enum):\n    def __new__(cls, v):\n        return json.dumps\n    A = 1", "TypeError",
    ),
    "origin of Type": ("import typing\ntyping.get_origin(typing.Type[int])('A', (), {})", "TypeError"),
    "origin of Type shows no class": (
        "import typing\ndef f():\n    pass\nstr(typing.get_origin(typing.Type[int])(f))", "= <class 'function'>",
    ),
    "registry of singledispatch": (
        "import functools\n@functools.singledispatch\ndef f(x):\n    pass\nf.register(type, f)\n"
        "[k for k in f.registry if str(k) == \"<class 'type'>\"][0]('A', (), {})", "TypeError",
    ),
    "functions in the registry of singledispatch": (
        "import functools\n@functools.singledispatch\ndef f(x):\n    pass\nf.register(type(len), f)\n"
        "list(f.registry)[1]('A')", "TypeError",
    ),
    "an abstract class that takes in others": ("from collections.abc import Mapping\nMapping.register(int)", "AttributeError"),
    "traps of the decimal context": ("from decimal import getcontext\ngetcontext().traps.clear()", "AttributeError"),
}  # fmt: skip

OUTPUT: Final = {
    "end of print that is no text": (
        "class S(str):\n    def __radd__(self, o):\n        return [1, 2]\nprint('a', end=S('x'))", "= None",
    ),
    "end of print without a length": (
        "class S(str):\n    def __radd__(self, o):\n        return S('z' * 1000)\n    def __len__(self):\n        return 0\n"
        "while True:\n    print('a' * 1000, end=S('x' * 1000))", "E0405|E0401",
    ),
    "separator of print that lies": (
        "class S(str):\n    def join(self, x):\n        return [1]\nprint('a', 'b', sep=S('-'))", "= None",
    ),
    "message that is cut to something else": (
        "class S(str):\n    def __getitem__(self, o):\n        return [S]\nclass E(Exception):\n    def __str__(self):\n        return S('abc')\nraise E", "E",
    ),
    "message whose cut does not end": (
        "class S(str):\n    def __getitem__(self, o):\n        while True:\n            pass\nclass E(Exception):\n"
        "    def __str__(self):\n        return S('abc')\nraise E", "E",
    ),
    "message whose cut raises": (
        "class S(str):\n    def __getitem__(self, o):\n        raise ValueError\nclass E(Exception):\n    def __str__(self):\n        return S('abc')\nraise E", "E",
    ),
    "message that interrupts": (
        "class E(Exception):\n    def __str__(self):\n        raise KeyboardInterrupt\nraise E", "E",
    ),
    "message that exits": ("class E(Exception):\n    def __str__(self):\n        raise SystemExit(3)\nraise E", "E"),
    "exit's code that raises": (
        "class C:\n    def __eq__(self, o):\n        raise ValueError\n    def __str__(self):\n        raise KeyboardInterrupt\nraise SystemExit(C())",
        "SystemExit",
    ),
    "exit's code that lies": (
        "class C:\n    def __eq__(self, o):\n        return True\nraise SystemExit(C())", "SystemExit",
    ),
    "result that does not end": (
        "import itertools\nclass L(list):\n    def __iter__(self):\n        return itertools.repeat(1)\nL()", "E0402",
    ),
    "result without a length": (
        "class D(dict):\n    def items(self):\n        return 5\n    def __len__(self):\n        return -1\nD(a=1)", "= {'a': 1}",
    ),
}  # fmt: skip

_CHAIN_OF: Final = {
    "__getattr__ under another name": (
        "class A:\n    def __init__(self, n):\n        self.n = n\n    def get(self, name):\n        return self.n.x + self.n.x if self.n else 1\n"
        "    __getattr__ = get\n", "A(a)\na.x",
    ),
    "__setattr__ under another name": (
        "class E:\n    pass\nclass A:\n    def __init__(self, n):\n        vars(self)['n'] = n or E()\n    def put(self, name, v):\n"
        "        self.n.y = v\n        self.n.y = v\n    __setattr__ = put\n", "A(a)\na.y = 1",
    ),
    "a static method as an operator": (
        "def mk(n):\n    class A:\n        @staticmethod\n        def get(k):\n            return n[k] + n[k] if n else 1\n        __getitem__ = get\n    return A()\n",
        "mk(a)\na[1]",
    ),
    "__class_getitem__ under another name": (
        "def mk(n):\n    class A:\n        def get(cls, k):\n            return n[k] + n[k] if n else 1\n        __class_getitem__ = get\n    return A\n",
        "mk(a)\na[1]",
    ),
    "the property of enum": (
        "from enum import property as p\nclass A:\n    def __init__(self, n):\n        self.n = n\n    @p\n    def x(self):\n"
        "        return self.n.x + self.n.x if self.n else 1\n", "A(a)\na.x",
    ),
    "the property of abc": (
        "from abc import abstractproperty as p\nclass A:\n    def __init__(self, n):\n        self.n = n\n    @p\n    def x(self):\n"
        "        return self.n.x + self.n.x if self.n else 1\n", "A(a)\na.x",
    ),
    "a property's class": (
        "class P:\n    @property\n    def y(self):\n        return 1\np = type(vars(P)['y'])\nclass A:\n    def __init__(self, n):\n        self.n = n\n"
        "    @p\n    def x(self):\n        return self.n.x + self.n.x if self.n else 1\n", "A(a)\na.x",
    ),
    "a property's getter as a value": (
        "class P:\n    @property\n    def y(self):\n        return 1\np = vars(P)['y'].getter\nclass A:\n    def __init__(self, n):\n        self.n = n\n"
        "    @p\n    def x(self):\n        return self.n.x + self.n.x if self.n else 1\n", "A(a)\na.x",
    ),
    "a property's getter by its name": (
        "class P:\n    @property\n    def y(self):\n        return 1\np = getattr(vars(P)['y'], 'get' + 'ter')\nclass A:\n    def __init__(self, n):\n"
        "        self.n = n\n    @p\n    def x(self):\n        return self.n.x + self.n.x if self.n else 1\n", "A(a)\na.x",
    ),
    "__get__ under another name": (
        "class D:\n    def get(self, i, o=None):\n        return i.n.x + i.n.x if i.n else 1\n    __get__ = get\nclass A:\n    x = D()\n"
        "    def __init__(self, n):\n        self.n = n\n", "A(a)\na.x",
    ),
    "a factory set later": (
        "from collections import defaultdict\ninf = float('inf')\ndef mk(n):\n    d = defaultdict(int)\n    def leaf():\n"
        "        return n[inf - inf] + n[inf - inf] if n is not None else 1\n    d.default_factory = leaf\n    return d\n", "mk(a)\na[0]",
    ),
    "a factory with a guard": (
        "from collections import defaultdict\ninf = float('inf')\ndef mk(n):\n    def leaf():\n        if n is not None and n[inf - inf] + n[inf - inf] > 0:\n"
        "            return 1\n        return [1 for x in range(1)][0]\n    return defaultdict(leaf)\n", "mk(a)\na[0]",
    ),
}  # fmt: skip

FREE: Final = {
    f"calls without fuel through {what}": (before + _TIMES + after, "E0401|E0402")
    for what, (before, after) in _CHAIN_OF.items()
}

_DROPPED: Final = (
    "def g():\n    try:\n        yield 1\n    finally:\n        {}\ndef f():\n    x = g()\n    next(x)\n{}f()\n1"
)

SWALLOWED: Final = {
    "fuel in the finally of a dropped generator": (_DROPPED.format("while True:\n            pass", ""), "E0401"),
    "output in the finally of a dropped generator": (_DROPPED.format("print('x' * 20_000_000)", ""), "E0405"),
    "depth in the finally of a dropped generator": (_DROPPED.format("h()", "def h():\n    h()\n"), "E0404"),
    "memory in the finally of a dropped generator": (_DROPPED.format("x = [0] * 10 ** 9", ""), "E0402"),
    "suppress of everything": ("import contextlib\nwith contextlib.suppress(BaseException):\n    while True:\n        pass", "E0401"),
    "a manager that swallows everything": (
        "class M:\n    def __enter__(self):\n        pass\n    def __exit__(self, *a):\n        return True\nwith M():\n    while True:\n        pass", "E0401",
    ),
    "a stack of managers that swallows": (
        "import contextlib\nwith contextlib.ExitStack() as s:\n    s.push(lambda *a: True)\n    while True:\n        pass", "E0401",
    ),
    "a generator's manager that swallows": (
        "import contextlib\n@contextlib.contextmanager\ndef m():\n    try:\n        yield\n    except BaseException:\n        pass\nwith m():\n    while True:\n        pass",
        "E0401",
    ),
    "gather that returns exceptions": (
        "import asyncio\nasync def f():\n    while True:\n        pass\nasync def main():\n    await asyncio.gather(f(), return_exceptions=True)\nasyncio.run(main())",
        "E0401",
    ),
    "a task awaited in a try": (
        "import asyncio\nasync def f():\n    while True:\n        pass\nasync def main():\n    try:\n        await asyncio.create_task(f())\n"
        "    except BaseException:\n        pass\nasyncio.run(main())", "E0401",
    ),
    "close of a generator that goes on": (
        "def g():\n    try:\n        yield 1\n    except BaseException:\n        while True:\n            pass\nx = g()\nnext(x)\ntry:\n    x.close()\nexcept BaseException:\n    pass",
        "E0401",
    ),
    "close of a generator that yields": (
        "def g():\n    while True:\n        try:\n            yield 1\n        except BaseException:\n            pass\nx = g()\nnext(x)\nx.close()", "RuntimeError",
    ),
    "a name for a descriptor": (
        "class D:\n    def __set_name__(self, o, n):\n        while True:\n            pass\ntry:\n    class A:\n        x = D()\nexcept BaseException:\n    pass", "E0401",
    ),
    "a hint of a length": (
        "class L:\n    def __length_hint__(self):\n        while True:\n            pass\n    def __iter__(self):\n        return iter([1])\nlist(L())", "E0401",
    ),
    "hasattr": ("class A:\n    def __getattr__(self, n):\n        while True:\n            pass\nhasattr(A(), 'x')", "E0401"),
    "default of json": (
        "import json\ndef d(x):\n    while True:\n        pass\ntry:\n    json.dumps([object()], default=d)\nexcept BaseException:\n    pass", "E0401",
    ),
    "a replacement of re": (
        "import re\ndef d(x):\n    while True:\n        pass\ntry:\n    re.sub('a', d, 'aaa')\nexcept BaseException:\n    pass", "E0401",
    ),
    "deepcopy": (
        "import copy\nclass A:\n    def __deepcopy__(self, memo):\n        while True:\n            pass\ntry:\n    copy.deepcopy([A()])\nexcept BaseException:\n    pass",
        "E0401",
    ),
}  # fmt: skip

_NEST: Final = "x = None\nfor i in range(100_000):\n    x = "

DEPTH: Final = {
    "isinstance of tuples in tuples": ("t = int\nfor i in range(100_000):\n    t = (t,)\nisinstance('a', t)", "E0404"),
    "except of tuples in tuples": (
        "t = ValueError\nfor i in range(100_000):\n    t = (t,)\ntry:\n    raise KeyError\nexcept t:\n    pass", "TypeError|E0404",
    ),
    "unions of unions": (
        "import typing\nt = int\nfor i in range(5000):\n    t = typing.Optional[t]\nisinstance('a', t)", "E0404|= False",
    ),
    "repr of aliases that double": ("t = int\nfor i in range(40):\n    t = dict[t, t]\nlen(repr(t))", "E0402"),
    "repr of forms that double": (
        "import typing\nt = int\nfor i in range(40):\n    t = typing.Dict[t, t]\nlen(repr(t))", "E0402",
    ),
    "maps of maps": ("x = iter([1])\nfor i in range(100_000):\n    x = map(int, x)\nnext(x)", "= 1|E0404"),
    "chains of chains": (
        "import itertools\nx = iter([1])\nfor i in range(100_000):\n    x = itertools.chain(x)\nlist(x)", "= [1]|E0404",
    ),
    "partials of partials": ("import functools\nx = int\nfor i in range(100_000):\n    x = functools.partial(x)\nx()", "= 0|E0404"),
    "caches of caches": (
        "import functools\ndef x():\n    return 1\nfor i in range(3000):\n    x = functools.lru_cache(x)\nx()", "= 1|E0404",
    ),
    "repr of dataclasses": (
        "from dataclasses import dataclass\n@dataclass\nclass N:\n    n: object\n" + _NEST + "N(x)\nlen(repr(x))", "E0404",
    ),
    "equality of dataclasses": (
        "from dataclasses import dataclass\n@dataclass\nclass N:\n    n: object\nx = y = None\nfor i in range(50_000):\n    x, y = N(x), N(y)\nx == y", "E0404",
    ),
    "deepcopy of lists": ("import copy\n" + _NEST + "[x]\ncopy.deepcopy(x)", "E0404"),
    "json of lists": ("import json\n" + _NEST + "[x]\njson.dumps(x)", "E0404"),
    "equality of lists": ("x = y = []\nfor i in range(100_000):\n    x, y = [x], [y]\nx == y", "E0404"),
    "slices of slices, freed": (_NEST + "slice(x)\nx = None\n1", "= 1"),
    "properties of properties, freed": (_NEST + "property(x)\nx = None\n1", "= 1"),
    "static methods of static methods, freed": ("x = None\nfor i in range(50_000):\n    x = staticmethod(x)\nx = None\n1", "= 1"),
    "generators of generators": (
        "def g(x):\n    for y in x:\n        yield y\nx = iter([1])\nfor i in range(20_000):\n    x = g(x)\nnext(x)", "E0404",
    ),
    "yield from without end": ("def g():\n    yield from g()\nnext(g())", "E0404"),
    "a generator in itself": ("def g():\n    yield from h\nh = g()\nnext(h)", "ValueError"),
    "a property of itself": ("class A:\n    @property\n    def x(self):\n        return self.x\nA().x", "E0404"),
    "equality of itself": ("class A:\n    def __eq__(self, o):\n        return self == o\nA() == 1", "E0404"),
    "maps in a ChainMap": (
        "from collections import ChainMap\nm = ChainMap({})\nfor i in range(20_000):\n    m = ChainMap(m)\nm['x']", "E0404",
    ),
    "exceptions with causes, freed": (
        "e = None\nfor i in range(100_000):\n    n = ValueError(i)\n    n.__cause__ = e\n    e = n\ne = None\n1", "= 1",
    ),
    "contexts in a circle": (
        "import contextlib\na = ValueError(1)\nb = KeyError(2)\na.__context__ = b\nb.__context__ = a\ndef f(*x):\n    raise a\n"
        "with contextlib.ExitStack() as s:\n    s.push(f)\n    raise TypeError", "ValueError",
    ),
    "classes one from another": (
        "class A:\n    pass\ndef mk(b):\n    class C(b):\n        pass\n    return C\nfor i in range(100_000):\n    A = mk(A)", "E0401|E0402|E0404",
    ),
    "sixty thousand fields of a named tuple": (
        "from collections import namedtuple\nnamedtuple('P', ['a%d' % i for i in range(60_000)])", "E0402|E0503|E0401",
    ),
    "twenty thousand fields of a dataclass": (
        "from dataclasses import make_dataclass\nmake_dataclass('P', ['a%d' % i for i in range(20_000)])", "E0402|E0503|E0401",
    ),
}  # fmt: skip

REVIEW: Final = {**NAMES, **TABLES, **OUTPUT, **FREE, **SWALLOWED, **DEPTH}
"""All of these."""
