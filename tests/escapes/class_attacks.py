"""Attacks through classes: special methods that lie, names of internals, and state left in what the host shares.

Each has how it must end, in the words of `attacks`.
"""
# ruff: noqa: E501

from typing import Final

from tests.escapes.attacks import REFUSED

_STORE: Final = "class A:\n    def put(self):\n        self.evil = 1\n        self.worse = 2\n"
_TEXT: Final = (
    "class S(str):\n    def __eq__(self, o):\n        return True\n    def __hash__(self):\n        return 1\n"
    "    def __len__(self):\n        return 0\n    def __contains__(self, o):\n        return False\n"
    "    def __str__(self):\n        return 'lie'\n    def __iter__(self):\n        return iter('')\n"
)

INTERNALS: Final = {
    "class of an object": ("class A:\n    pass\nA().__class__.__mro__[-1].__subclasses__()", "AttributeError"),
    "subclasses of object": ("object.__subclasses__()", "AttributeError"),
    "bases of a class": ("class A:\n    pass\ngetattr(A.__bases__[0], '__subclasses__')", "AttributeError"),
    "mro of a class": ("class A:\n    pass\ngetattr(A.mro()[-1], '__subclasses__')", "AttributeError"),
    "globals of a method": ("class A:\n    def f(self):\n        pass\nA.f.__globals__", REFUSED),
    "function of a bound method": ("class A:\n    def f(self):\n        pass\nA().f.__func__", REFUSED),
    "getattr with a dunder": ("getattr(getattr('', '__class__'), '__subclasses__')", "AttributeError"),
    "getattr with a built dunder": ("getattr(getattr((), '__cl' + 'ass__'), '__glo' + 'bals__')", "AttributeError"),
    "getattr in a map": ("list(map(getattr, [int], ['__subclasses__']))", "AttributeError"),
    "getattr of a function's code": ("def f():\n    pass\ngetattr(f, '__code__')", "AttributeError"),
    "getattr of globals through a method": (
        "class A:\n    def f(self):\n        pass\ngetattr(A().f, '__globals__')", "AttributeError",
    ),
    "getattr of a module's dictionary": ("import math\ngetattr(math, '__dict__')", "AttributeError"),
    "getattr of a module's loader": ("import json\ngetattr(json, '__loader__')", "AttributeError"),
    "getattr with a lying name": (_TEXT + "getattr(getattr(1, S('__class__')), S('__subclasses__'))", "AttributeError"),
    "setattr of a lying name": (_TEXT + "class A:\n    pass\nsetattr(A(), S('__class__'), int)", "AttributeError|TypeError"),
    "setattr of the class": ("class A:\n    pass\nsetattr(A(), '__class__', int)", "AttributeError|TypeError"),
    "setattr of the dictionary": ("class A:\n    pass\na = A()\nsetattr(a, '__dict__', {'__class__': int})\ntype(a).__name__", "= A"),
    "setattr of the bases": ("class A:\n    pass\nsetattr(A, '__bases__', (int,))", "AttributeError|TypeError"),
    "setattr of a function's code": (
        "def f():\n    pass\nsetattr(f, '__code__', 1)", "AttributeError|TypeError",
    ),
    "setattr of defaults": ("def f(a=1):\n    pass\nsetattr(f, '__defaults__', (2,))", "AttributeError|TypeError"),
    "delattr of a dunder": ("class A:\n    def __init__(self):\n        pass\ndelattr(A, '__init__')", "AttributeError|TypeError"),
    "the mark of attribute names": ("class A:\n    pass\ngetattr(A, chr(0xa78f) + '__init__')", "AttributeError"),
    "getattr of half a dunder": ("class A:\n    pass\ngetattr(A(), '_A__x')", "AttributeError"),
    "vars of a builtin": ("vars(int)", "TypeError"),
    "vars of a module": ("import math\nvars(math)", "TypeError"),
    "vars of a function of the host": ("vars(sorted)", "TypeError"),
    "vars without an object": ("vars()", "TypeError|" + REFUSED),
    "dir without an object": ("dir()", "TypeError|" + REFUSED),
    "names of internals in dir": (
        "class A:\n    def f(self):\n        pass\n"
        "[n for n in dir(A) + dir(A()) + dir(A.f) + dir(int) + dir(dir) + dir(len) if n in ('__class__', '__globals__', "
        "'__mro__', '__subclasses__', '__code__', '__self__', '__dict__')]", "= []",
    ),
    "getattribute through super": (
        "class A:\n    def f(self):\n        return super().__getattribute__('f')\nA().f()", REFUSED,
    ),
    "class of super": ("class A:\n    def f(self):\n        return super().__thisclass__\nA().f()", REFUSED),
    "getattr of super": (
        "class A:\n    def f(self):\n        return getattr(super(), '__self_class__')\nA().f()", "AttributeError",
    ),
    "super of a builtin type": ("super(dict, {}).__init__", "TypeError"),
    "super of a set": ("s = {1}\nsuper(set, s).__setitem__(1, 2)", "AttributeError"),
    "dict's methods on a set": ("s = {1}\ndict.__setitem__(s, 1, 2)", "TypeError"),
    "dict's constructor on a set": ("s = {1}\ndict.__init__(s, {1: 2})", "TypeError"),
    "function of a property": (
        "class A:\n    @property\n    def p(self):\n        return 1\nvars(A)['p'].fget.__globals__", REFUSED,
    ),
    "getattr of a property's function": (
        "class A:\n    @property\n    def p(self):\n        return 1\ngetattr(vars(A)['p'].fget, '__globals__')",
        "AttributeError",
    ),
    "traceback of an exception": (
        "class E(Exception):\n    pass\ntry:\n    raise E\nexcept E as e:\n    t = getattr(e, '__traceback__')", "AttributeError",
    ),
    "with_traceback": ("class E(Exception):\n    pass\nE().with_traceback(None)", "AttributeError"),
    "reduce of an object": ("class A:\n    pass\ngetattr(A(), '__reduce_ex__')(2)", "AttributeError"),
    "attributes through a format": (
        "class A:\n    pass\n'{0.__class__.__mro__}'.format(A())", "AttributeError",
    ),
    "globals through a format": (
        "class A:\n    def f(self):\n        pass\n'{0.f.__globals__}'.format(A())", "AttributeError",
    ),
    "init's globals through a format": ("class A:\n    def __init__(self):\n        pass\n"
                                       "'{0.__init__.__globals__}'.format(A())", "AttributeError"),
    "new of a builtin type for another": ("object.__new__(int)", "TypeError"),
    "new of dict for a set": ("dict.__new__(set)", "TypeError"),
    "new of a host's class": ("from fractions import Fraction\nobject.__new__(Fraction)", "TypeError"),
    "new of a shared base": ("from abc import ABC\nobject.__new__(ABC)", "TypeError"),
    "an encoding for a subclass of str": (
        "class S(str):\n    pass\nS.__new__(S, b'aa', 'rot13')", "LookupError",
    ),
    "origin of an alias": ("getattr(list[int], '__origin__')", "AttributeError|TypeError"),
    "members of a union": ("getattr(int | str, '__args__')", "AttributeError"),
    "annotations that are code": (
        "from dataclasses import make_dataclass\nmake_dataclass('A', ['x=print(1)'])", "TypeError",
    ),
    "field names that are code": (
        "from dataclasses import make_dataclass\nmake_dataclass('A', ['x, y=[].append'])", "TypeError",
    ),
    "field names that are dunders": (
        "from dataclasses import make_dataclass\nmake_dataclass('A', ['__class__'])", "TypeError",
    ),
}  # fmt: skip

DEFINITIONS: Final = {
    "metaclass of one's own": ("class M(type):\n    pass", "= None"),
    "metaclass as a function": (
        "def m(*a):\n    return 1\nclass A(metaclass=m):\n    pass",
        "TypeError|" + REFUSED,
    ),
    "getattribute": ("class A:\n    def __getattribute__(self, n):\n        return 1", REFUSED),
    "finalizer that keeps its object": (
        "kept = []\nclass A:\n    def __del__(self):\n        kept.append(self)\nA()\nlen(kept)",
        "= 1",
    ),
    "pickling": ("class A:\n    def __reduce__(self):\n        return (print, (1,))", REFUSED),
    "class hook": ("class A:\n    def __instancecheck__(self, o):\n        return True", REFUSED),
    "class's class": ("class A:\n    __class__ = int", REFUSED),
    "prepare": ("class A:\n    def __prepare__(self):\n        return {}", REFUSED),
    "bases from an object": ("class A:\n    def __mro_entries__(self, b):\n        return (int,)", REFUSED),
    "finalizer added later": ("class A:\n    pass\nsetattr(A, '__del__', print)", "TypeError|AttributeError"),
    "getattribute added later": (
        "class A:\n    pass\nsetattr(A, '__getattribute__', print)",
        "TypeError|AttributeError",
    ),
    "slots of internals": ("class A:\n    __slots__ = ('__class__',)", "TypeError"),
    "slots that lie": (_TEXT + "class A:\n    __slots__ = (S('__class__'),)", "TypeError"),
    "derived from a function's type": ("def f():\n    pass\nclass A(type(f)):\n    pass", "TypeError"),
    "derived from type": ("class A(type(int)):\n    pass", "= None"),
    "derived from a module": ("import math\nclass A(math):\n    pass", "TypeError|" + REFUSED),
    "derived from property": ("class A(property):\n    pass", "TypeError"),
    "derived from super": ("class A(super):\n    pass", "TypeError"),
    "derived from staticmethod": ("class A(staticmethod):\n    pass", "TypeError"),
    "derived from range": ("class A(range):\n    pass", "TypeError"),
    "derived from a number": ("class A(5):\n    pass", "TypeError"),
    "type makes a class": ("type('A', (), {})", "TypeError"),
    "new of type": ("type.__new__(type, 'A', (), {})", "AttributeError|TypeError"),
}

SHARED: Final = {
    f"state in {what}": (_STORE + code, "TypeError|AttributeError")
    for what, code in {
        "a builtin class": "A.put(int)",
        "the set class": "A.put(set)",
        "an exception class": "A.put(ValueError)",
        "a builtin function": "A.put(sorted)",
        "a function of a module": "import json\nA.put(json.loads)",
        "a class of a module": "from fractions import Fraction\nA.put(Fraction)",
        "a class in Python of a module": "from collections import Counter\nA.put(Counter)",
        "a module": "import math\nA.put(math)",
        "ABC": "from abc import ABC\nA.put(ABC)",
        "Enum": "from enum import Enum\nA.put(Enum)",
        "Generic": "from typing import Generic\nA.put(Generic)",
        "Optional": "from typing import Optional\nA.put(Optional)",
        "an abstract collection": "from collections.abc import Mapping\nA.put(Mapping)",
        "dataclass": "from dataclasses import dataclass\nA.put(dataclass)",
        "object": "A.put(object)",
        "property": "A.put(property)",
        "type": "A.put(type)",
        "True": "A.put(True)",
        "None": "A.put(None)",
        "a method of a builtin": "A.put([].append)",
        "an unbound method": "A.put(list.append)",
        "set's add": "A.put(set.add)",
    }.items()
}
SHARED.update({  # type: ignore[attr-defined]
    "setattr of a builtin class": ("setattr(int, 'evil', 1)", "TypeError"),
    "setattr of ABC": ("from abc import ABC\nsetattr(ABC, 'evil', 1)", "TypeError"),
    "delattr of Enum": ("from enum import Enum\ndelattr(Enum, 'name')", "TypeError"),
    "abstract marks on a builtin": (
        "from abc import abstractmethod\nabstractmethod(sorted)\ngetattr(sorted, '__isabstractmethod__')", "AttributeError",
    ),
    "a class method's owner": (
        "class A:\n    @classmethod\n    def put(cls):\n        cls.evil = 1\nvars(A)['put'].__func__(int)", REFUSED,
    ),
    "a dataclass's constructor": (
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    evil: int\nA.__init__(set, 1)", "TypeError",
    ),
    "a descriptor on a host's class": (
        "class D:\n    def __get__(self, i, o=None):\n        return 1\nint.evil = D()", "TypeError",
    ),
    "post init on a host's class": (
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\n    def __post_init__(self):\n"
        "        self.evil = 1\nA.__post_init__(set)", "TypeError",
    ),
})  # fmt: skip

LIES: Final = {
    "text that lies about its length": (_TEXT + "print(S('x' * 5))\nlen(S('abc'))", "= 0"),
    "text that lies as a key": (_TEXT + "d = {'a': 1}\nd[S('a')] = 2\nlen(d)", "= 2|= 1"),
    "text that lies as an encoding": (_TEXT + "'a'.encode(S('rot13'))", "LookupError"),
    "text that lies as a separator": (_TEXT + "S('-').join(['a', 'b'])", "= a-b"),
    "text that lies as a keyword": (
        _TEXT + "def f(**k):\n    return sorted(map(len, k))\nf(**{S('a'): 1, S('b'): 2})", "= [0, 0]|= [0]|TypeError|= [1, 1]",
    ),
    "text that lies to setattr": (
        _TEXT + "class A:\n    pass\na = A()\nsetattr(a, S('x'), 1)\n[a.x, sorted(vars(a))]", "= [1, ['x']]",
    ),
    "length that lies": (
        "class L:\n    def __len__(self):\n        return 10 ** 15\nd = {}\ntry:\n    d.update(L())\n"
        "except TypeError:\n    pass\nlen(d)", "E0401|= 0",
    ),
    "negative length": ("class L:\n    def __len__(self):\n        return -1\nlen(L())", "ValueError"),
    "list that lies about its length": (
        "class L(list):\n    def __len__(self):\n        return 10 ** 9\nx = L([1, 2])\n[sum(x), x[:], "
        "list(x)]", "E0402|= [3, [1, 2], [1, 2]]",
    ),
    "comparison that empties the list": (
        "class K:\n    def __eq__(self, o):\n        x.clear()\n        return False\nx = [K() for i in range(50)]\n"
        "x.count(1), 5 in x, len(x)", "= (0, False, 0)|= (1, False, 0)",
    ),
    "sort whose comparison grows the list": (
        "class K:\n    def __lt__(self, o):\n        x.append(1)\n        return True\nx = [K() for i in range(20)]\nx.sort()",
        "ValueError",
    ),
    "hash that changes": (
        "n = [0]\nclass K:\n    def __hash__(self):\n        n[0] += 1\n        return n[0]\nk = K()\nd = {k: 1}\n[k in d, len({k, k})]",
        "= [False, 2]",
    ),
    "equality that clears the dict": (
        "class K:\n    def __hash__(self):\n        return 1\n    def __eq__(self, o):\n        d.clear()\n        return False\n"
        "d = {}\nfor i in range(5):\n    d[K()] = i\nlen(d) < 6", "= True",
    ),
    "index that shrinks the list": (
        "class I:\n    def __index__(self):\n        x.clear()\n        return 5\nx = list(range(10))\nx[I()]", "IndexError",
    ),
    "iterator that grows what it walks": (
        "class W:\n    def __iter__(self):\n        return self\n    def __next__(self):\n        x.append(1)\n        return 1\n"
        "x = []\nx.extend(W())", "E0401|E0402",
    ),
    "truth that is no truth": ("class B:\n    def __bool__(self):\n        return 'x'\nbool(B())", "TypeError"),
    "format that returns no text": ("class F:\n    def __format__(self, s):\n        return 1\nf'{F()}'", "TypeError"),
    "repr that returns a lie": (
        _TEXT + "class R:\n    def __repr__(self):\n        return S('<f at 0x7f0000000000>')\nlen(repr(R())) > 0", "= True|= False",
    ),
    "init that returns something": ("class A:\n    def __init__(self):\n        return 1\nA()", "TypeError"),
    "new that returns another kind": ("class A:\n    def __new__(cls):\n        return 5\nA() + 1", "= 6"),
    "exception whose text does not end": (
        "class E(Exception):\n    def __str__(self):\n        while True:\n            pass\nraise E", "E0401|E",
    ),
    "exception whose text raises": (
        "class E(Exception):\n    def __str__(self):\n        raise E\nraise E", "E",
    ),
    "exception whose text is no text": ("class E(Exception):\n    def __str__(self):\n        return 1\nraise E", "E"),
    "exception that is no Exception": ("class E(BaseException):\n    pass\nraise E", "E|TypeError|" + REFUSED),
    "exit": ("raise SystemExit(3)", "SystemExit|" + REFUSED),
    "exit of one's own": ("class E(SystemExit):\n    pass\nraise E(3)", "E|TypeError|" + REFUSED),
    "attribute hook without end": (
        "class A:\n    def __getattr__(self, n):\n        return self.other\nA().x", "E0404",
    ),
    "repr without end": ("class A:\n    def __repr__(self):\n        return repr([self])\nrepr(A())", "E0404"),
    "equality without end": ("class A:\n    def __eq__(self, o):\n        return [self] == [o] and A() == A()\nA() == A()", "E0404"),
    "call without end": ("class A:\n    def __call__(self):\n        return self()\nA()()", "E0404"),
    "addition that doubles": (
        "class A:\n    def __add__(self, n):\n        if (self + (n - 1) if n else 0) == (self + (n - 1) if n else 1):\n"
        "            return 0\n        return 1\nA() + 60", "E0401",
    ),
    "alias that doubles": (
        "def double(self, n):\n    if n < 1:\n        return 0\n    if (self + (n - 1)) == (self + (n - 1)):\n        return 0\n"
        "    return 1\nclass A:\n    __add__ = double\nA() + 60", "E0401",
    ),
    "property that doubles": (
        "class A:\n    def __init__(self, a):\n        self.a = a\n    @property\n    def p(self):\n"
        "        return self.a.p + self.a.p if self.a else 1\na = None\nfor i in range(60):\n    a = A(a)\na.p", "E0401",
    ),
    "set_name that does not end": (
        "class D:\n    def __set_name__(self, o, n):\n        while True:\n            pass\ntry:\n    class A:\n        d = D()\n"
        "except RuntimeError:\n    print(1)", "E0401",
    ),
    "subclass hook that does not end": (
        "class B:\n    def __init_subclass__(cls):\n        while True:\n            pass\ntry:\n    class A(B):\n        pass\n"
        "except Exception:\n    print(1)", "E0401",
    ),
    "classes without end": ("while True:\n    class A:\n        x = 1", "E0401|E0402"),
    "bases without end": (
        "class A:\n    pass\nfor i in range(10 ** 6):\n    class B(A):\n        pass\n    A = B", "E0401|E0402",
    ),
    "hash flooding by objects": (
        "class K:\n    def __hash__(self):\n        return 1\n    def __eq__(self, o):\n        return False\n"
        "d = {}\nfor i in range(10 ** 5):\n    d[K()] = i", "E0401",
    ),
    "power of a subclass of int": ("class I(int):\n    pass\nI(10) ** I(10 ** 9)", "E0402|E0401"),
    "power by name": ("int.__pow__(10, 10 ** 9)", "E0402|E0401"),
    "power by super": (
        "class I(int):\n    def p(self):\n        return super().__pow__(10 ** 9)\nI(10).p()", "E0402|E0401",
    ),
    "address of an object": ("class A:\n    pass\nrepr(A())", "= <__main__.A object>"),
    "address by name": ("class A:\n    pass\nobject.__repr__(A())", "= <__main__.A object>"),
    "address by super": (
        "class A:\n    def __repr__(self):\n        return super().__repr__()\nrepr(A())", "= <__main__.A object>",
    ),
    "address as a hash": ("class A:\n    pass\nobject.__hash__(A()) < 2 ** 47", "= True"),
    "address of a bound method": (
        "class A:\n    def f(self):\n        pass\nrepr(A().f)", "= <bound method A.f of <__main__.A object>>",
    ),
    "address in an error": ("class A:\n    pass\n[].remove(A())\n", "ValueError"),
}  # fmt: skip

CLASS_ATTACKS: Final = {**INTERNALS, **DEFINITIONS, **SHARED, **LIES}
