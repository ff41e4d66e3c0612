"""Attacks on threads and on the modules that came with them. See `attacks` for what the endings mean."""
# ruff: noqa: E501

from typing import Final

from tests.escapes.attacks import REFUSED

_ARRAY: Final = "from array import array\nn = [0]\na = array({code!r}, [1] * 100000)\nclass E:\n    def __{special}__(self):\n        n[0] += 1\n        if n[0] >= {at}:\n            del a[:]\n        return 5\n"
_INTS: Final = _ARRAY.format(code="q", special="index", at=1)
_SECOND: Final = _ARRAY.format(code="q", special="index", at=2)
_FLOATS: Final = _ARRAY.format(code="d", special="float", at=1).replace("return 5", "return 5.0")

ARRAYS: Final = {
    "array emptied while an item is written": (_INTS + "a[50000] = E()", "IndexError"),
    "array of floats emptied while an item is written": (_FLOATS + "a[50000] = E()", "IndexError"),
    "array emptied while an item is inserted": (_SECOND + "a.insert(50000, E())\nlen(a)", "= 100001"),
    "array emptied while an item is appended": (_SECOND + "a.append(E())\nlen(a)", "= 100001"),
    "array emptied while a list is appended": (_INTS + "a.fromlist([E(), 2])\nlen(a)", "= 2"),
    "array emptied while it is extended": (_INTS + "a.extend([E(), 2])\nlen(a)", "= 2"),
    "copy of an array emptied while an item is written": (
        _INTS.replace("[1] * 100000)", "[1] * 100000)[1:] + array('q')") + "a[50000] = E()",
        "IndexError",
    ),
    "array emptied by what came of operators": (
        _INTS + "import copy\na = copy.deepcopy(2 * copy.copy(a) * 2)\na[50000] = E()",
        "IndexError",
    ),
}
_PARSER: Final = "import argparse\np = argparse.ArgumentParser({})\nclass X:\n    pass\n"
_CASE: Final = "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n        self.{}\nunittest.defaultTestLoader.loadTestsFromTestCase(T).run(unittest.TestResult())"
_CONFIG: Final = "import configparser\nc = configparser.ConfigParser({})\n"
_NEST: Final = "c.read_string('[a]\\nx0 = 1\\n' + '\\n'.join(f'x{{i + 1}} = ' + f'{}' * 6 for i in range(9)))\nlen(c.get('a', 'x8'))"

CALLS: Final = {
    "type called through a method": (
        "import types\nfrom decimal import Context\ntypes.MethodType(Context, 10**8)()",
        "ValueError",
    ),
    "type called through recursive_repr": (
        "import reprlib\nfrom decimal import Context\nreprlib.recursive_repr()(Context)(10**8)",
        "ValueError",
    ),
    "type called by getmembers": (
        "import inspect\nfrom decimal import Context\nclass A:\n    x = 10**8\ninspect.getmembers(A(), Context)",
        "ValueError|TypeError",
    ),
    "formatter of argparse made by a method": (
        "import types, argparse\ntypes.MethodType(argparse.HelpFormatter, 'x')()",
        "TypeError",
    ),
}
ARGPARSE: Final = {
    "class of a namespace": (
        _PARSER.format("prefix_chars='+'")
        + "p.add_argument('+__class__', type=lambda s: X)\np.parse_args(['+__class__', 'a'])",
        "ValueError",
    ),
    "dict of a namespace": (
        _PARSER.format("prefix_chars='+'")
        + "p.add_argument('+__dict__', type=lambda s: {})\np.parse_args(['+__dict__', 'a'])",
        "ValueError",
    ),
    "class of a namespace by a name that lies": (
        "class S(str):\n    def __getitem__(self, i):\n        return 'zz'\n"
        + _PARSER.format("")
        + "p.add_argument('--a', dest=S('__class__'), type=lambda s: X)\np.parse_args(['--a', 'a'])",
        "ValueError",
    ),
    "formatter that is equal to all": (
        "import argparse\nclass E:\n    def __eq__(self, o):\n        return True\n    def __call__(self, **k):\n        return self\nargparse.ArgumentParser(formatter_class=E()).format_help()",
        "TypeError",
    ),
    "wide field in help": (
        _PARSER.format("") + "p.add_argument('--a', help='%(dest)30000000s')\nlen(p.format_help())",
        "E0401",
    ),
    "wider field in help": (
        _PARSER.format("") + "p.add_argument('--a', help='%(dest)90000000000000000000000000s')",
        "E0402",
    ),
    "wide field in a description": (_PARSER.format("description='%(prog)30000000s'") + "p.format_help()", "E0401"),
    "help written again and again": (
        _PARSER.format("description='a b ' * 50000") + "for i in range(50):\n    p.format_help()",
        "E0401",
    ),
    "argument of many words": (
        _PARSER.format("") + "p.add_argument('a', nargs=60000)\np.parse_known_args(['x'] * 10)",
        "E0401",
    ),
    "choices without end": (
        _PARSER.format("")
        + "import itertools\np.add_argument('--a', choices=itertools.count())\np.parse_args(['--a', 'x'])",
        "E0401|E0402",
    ),
    "many choices": (_PARSER.format("") + "p.add_argument('--a', choices=range(10**15))\np.format_help()", "E0401"),
    "many words and many options": (
        _PARSER.format("") + "for i in range(300):\n    p.add_argument(f'--a{i}')\np.parse_known_args(['--b'] * 2000)",
        "E0401",
    ),
}
TEXTS: Final = {
    "values that contain each other": (_CONFIG.format("") + _NEST.format("%(x{i})s"), "E0401"),
    "values that contain each other in another way": (
        _CONFIG.format("interpolation=configparser.ExtendedInterpolation()") + _NEST.format("${{x{i}}}"),
        "E0401",
    ),
    "getter of a section that calls something else": (
        _CONFIG.format("") + "c.read_string('[a]\\nx = 1')\nc['a'].get('x', _impl=print)",
        "TypeError",
    ),
    "option with much space": (_CONFIG.format("") + "c.read_string('[a]\\nx' + ' ' * 20000 + 'y')", "E0401"),
    "many signs of comments": (
        _CONFIG.format("comment_prefixes=[str(i) for i in range(2000)]") + "c.read_string('[a]\\n' + '\\n' * 2000)",
        "E0401",
    ),
    "key of many parts": ("import tomllib\ntomllib.loads('a.' * 3000 + 'a=1')", "E0401"),
    "keys of many parts below a table of many": (
        "import tomllib\ntomllib.loads('[' + 'a.' * 400 + 'a]\\n' + '\\n'.join('b.' * 100 + f'c{i} = 1' for i in range(50)))",
        "E0401",
    ),
    "arrays in arrays in a toml": ("import tomllib\ntomllib.loads('a=' + '[' * 3000 + ']' * 3000)", "E0404"),
    "long word for a shell": ("import shlex\nlen(shlex.split('x' * 100000)[0])", "E0401"),
    "long names that match": ("import fnmatch\ns = 'a' * 1000000\nfnmatch.filter([s] * 2000, '*x*y')", "E0401"),
    "literal that nests": ("import ast\nast.literal_eval('(' * 5000 + ')' * 5000)", "SyntaxError"),
    "literal of many signs": ("import ast\nast.literal_eval('-' * 10000 + '1')", "E0401|E0402|E0404"),
    "literal of many attributes": ("import ast\nast.literal_eval('a' + '.b' * 15000)", "E0404"),
    "literal that calls": ("import ast\nast.literal_eval('().__class__.__base__')", "ValueError"),
    "long path joined again and again": (
        "from pathlib import PurePosixPath\ns = 'b/' * 100000\nfor i in range(20):\n    PurePosixPath('a') / s",
        "E0401",
    ),
    "all parents of a long path": (
        "from pathlib import PurePosixPath\nfor q in PurePosixPath('a/' * 20000).parents:\n    pass",
        "E0401",
    ),
    "long text that is no address": ("import ipaddress\ns = '1' * 5000000\nipaddress.IPv6Address(s)", "E0401"),
}
CONTAINERS: Final = {
    "addresses of the internet in a list": ("import ipaddress\nlist(ipaddress.ip_network('0.0.0.0/0'))", "E0401|E0402"),
    "greatest address of the internet": ("import ipaddress\nmax(ipaddress.ip_network('0.0.0.0/0'))", "E0401"),
    "last address of the internet": (
        "import ipaddress, collections\ncollections.deque(ipaddress.ip_network('::/0').hosts(), maxlen=0)",
        "E0401",
    ),
    "many addresses made one": (
        "import ipaddress\nipaddress.collapse_addresses([ipaddress.ip_address('1.2.3.4')] * 300000)",
        "E0401",
    ),
    "text of a long list": ("import reprlib\nr = reprlib.Repr()\nr.maxlist = 10**9\nr.repr([1] * 300000)", "E0401"),
    "sorting that nests too deeply, for a text": (
        "import reprlib\nclass L:\n    def __lt__(self, o):\n        return self < o\nreprlib.repr({L(): 1, L(): 2})",
        "E0404",
    ),
    "text that nests too deeply": (
        "import reprlib\nclass L:\n    def __repr__(self):\n        return repr(self)\nreprlib.repr(L())",
        "E0404",
    ),
    "timing of nothing": ("import timeit\ntimeit.repeat(lambda: 1, number=0, repeat=10**6)", "E0401|E0402"),
    "sequences that are alike": (
        "import difflib\ndifflib.SequenceMatcher(None, 'a' * 5000, 'a' * 5000, autojunk=False).ratio()",
        "E0401",
    ),
    "lines that are nearly alike": (
        "import difflib\na = [f'line {i:05} of many' for i in range(150)]\nlist(difflib.ndiff(a, [x + '!' for x in a]))",
        "E0401",
    ),
    "texts that differ in a test": (
        _CASE.format(
            r"assertEqual('\n'.join(f'line {i:05} of many' for i in range(150)), '\n'.join(f'line {i:05} of many!' for i in range(150)))"
        ),
        "E0401",
    ),
    "lists in another order in a test": (
        _CASE.format("assertCountEqual([[i] for i in range(3000)], [[-i] for i in range(3000)])"),
        "E0401",
    ),
    "mark on the library's own test case": (
        "import unittest\nunittest.skip('x')(unittest.TestCase)\nclass T(unittest.TestCase):\n    def test(self):\n        pass\nr = unittest.TestResult()\nunittest.defaultTestLoader.loadTestsFromTestCase(T).run(r)\nlen(r.skipped)",
        "= 0",
    ),
    "keyword of its own": (
        "import keyword\nfound = 'evil' in keyword.kwlist\nkeyword.kwlist.append('evil')\nfound",
        "= False",
    ),
}
_DAEMON: Final = "import threading, weakref\ne = threading.Event()\nclass X:\n    pass\n{}threading.Thread(target=f, daemon=True).start()\n1"
_LEAK: Final = "class A:\n    pass\ndef told(f, *args):\n    try:\n        f(*args)\n    except (TypeError, ValueError) as e:\n        return '0x' in str(e.args)\n"

THREADS: Final = {
    "condition that waits when its thread is ended": (
        "import threading\nc = threading.Condition()\ndef f():\n    with c:\n        c.wait()\nthreading.Thread(target=f, daemon=True).start()\nc.acquire()\n1",
        "= 1",
    ),
    "thread ended in the finally of what is freed": (
        _DAEMON.format(
            "def g():\n    try:\n        yield\n    finally:\n        e.wait()\ndef f():\n    h = g()\n    next(h)\n    del h\n    while True:\n        pass\n"
        ),
        "= 1",
    ),
    "thread ended in a callback of weakref": (
        _DAEMON.format(
            "def f():\n    x = X()\n    r = weakref.ref(x, lambda r: e.wait())\n    del x\n    while e:\n        e.wait()\n"
        ),
        "= 1",
    ),
    "thread ended that goes on in a finally": (
        _DAEMON.format("def f():\n    try:\n        e.wait()\n    finally:\n        while True:\n            pass\n"),
        "= 1",
    ),
    "thread ended that catches everything": (
        _DAEMON.format(
            "def f():\n    while True:\n        try:\n            e.wait()\n        except BaseException:\n            pass\n"
        ),
        "= 1",
    ),
    "callback of weakref that never ends": (
        "import weakref\nclass X:\n    pass\ndef f(r):\n    while True:\n        pass\nx = X()\nr = weakref.ref(x, f)\ndel x\nwhile True:\n    pass",
        "E0401",
    ),
    "finalizers without end": (
        "import weakref\nclass X:\n    pass\nx = X()\ndef f():\n    weakref.finalize(x, f)\nf()\n1",
        "E0401|E0402|E0403",
    ),
    "waiting until what is no number": ("import threading\nthreading.Event().wait(float('nan'))", "ValueError"),
    "timer of what is no number": (
        "import threading\nt = threading.Timer(float('nan'), print)\nt.start()\nt.join()\n1",
        "= 1",
    ),
    "threads that start threads": (
        "import threading\ndef f():\n    t = threading.Thread(target=f)\n    t.start()\n    t.join()\nf()\n1",
        "= 1",
    ),
    "too many threads": (
        "import threading\ne = threading.Event()\nfor i in range(2000):\n    threading.Thread(target=e.wait, daemon=True).start()",
        "RuntimeError|E0402",
    ),
    "thread that nests too deeply": (
        "import threading\ndef f():\n    return f()\nthreading.Thread(target=f).start()\nwhile True:\n    pass",
        "E0404",
    ),
    "call of an executor that nests too deeply": (
        "import concurrent.futures as c\ndef f():\n    return f()\nwith c.ThreadPoolExecutor(1) as p:\n    p.submit(f).exception()",
        "E0404",
    ),
    "thread that takes too much memory": (
        "import threading\nthreading.Thread(target=lambda: [0] * 10**8).start()\nwhile True:\n    pass",
        "E0402",
    ),
    "wait for itself": (
        "import threading\nb = threading.Barrier(1, action=lambda: b.wait())\nb.wait()",
        "E0401|E0403|E0404",
    ),
    "key changed while a dict looks for it": (
        "import threading\ne = threading.Event()\nclass K:\n    def __hash__(self):\n        return 1\n    def __eq__(self, o):\n        e.wait()\n        return False\nd = {K(): 1}\ndef f():\n    d[K()] = 2\n"
        "t = threading.Thread(target=f)\nt.start()\nd.clear()\nfor i in range(100):\n    d[i] = i\ne.set()\nt.join()\nlen(d)",
        "= 101",
    ),
    "stderr of the run before": (
        "import contextlib, sys\nclass W:\n    def write(self, t):\n        1 / 0\nsys.stderr.write('x')\ncontextlib.redirect_stderr(W()).__enter__()\n1",
        "= 1",
    ),
}
ADDRESSES: Final = {
    "address in what inspect says": (
        _LEAK + "import inspect\ntold(inspect.signature, A()), told(inspect.Parameter, A(), A())",
        "= (False, False)",
    ),
    "address in what literal_eval says": (_LEAK + "import ast\ntold(ast.literal_eval, A)", "= False"),
    "address in what graphlib says": (
        _LEAK + "import graphlib\nt = graphlib.TopologicalSorter()\nt.prepare()\ntold(t.done, A())",
        "= False",
    ),
    "address in what ipaddress says": (
        _LEAK + "import ipaddress\ntold(ipaddress.ip_address, A()), told(ipaddress.IPv4Address, A())",
        "= (False, False)",
    ),
    "address in a thread's name": (_LEAK + "import threading\n'0x' in threading.Thread(name=A()).name", "= False"),
}
STATE: Final = {
    "groups of a pattern that is kept": (
        "import re\nclass E:\n    def __eq__(self, o):\n        o['evil'] = 1\n        return True\nre.compile('(?P<a>x)').groupindex == E()\ndict(re.compile('(?P<a>x)').groupindex)",
        "= {'a': 1}",
    ),
    "list that never ends added to a UserList": (
        "from collections import UserList\nimport itertools\nUserList([1]) + itertools.count()",
        "E0401|E0402",
    ),
    "suite of itself": (
        "import unittest\ns = unittest.TestSuite()\ns.addTest(s)\ns.run(unittest.TestResult())",
        "E0404",
    ),
    "limit in an assertion that expects everything": (
        _CASE.format("assertRaises(BaseException, lambda: [0] * 10**9)"),
        "E0402",
    ),
    "namespace of a metaclass": (
        "class M(type):\n    def __new__(m, name, bases, ns):\n        return type.__new__(m, name, bases, {**ns, '__class__': 5})\nclass A(metaclass=M):\n    pass",
        "TypeError",
    ),
    "names of a metaclass's class that lie": (
        "class S(str):\n    def __getitem__(self, i):\n        return 'zz'\nclass M(type):\n    pass\nM('A', (), {S('__class__'): 5})",
        "TypeError",
    ),
    "type of metaclasses called": ("class M(type):\n    pass\ntype(M)('X', (object,), {})", "TypeError"),
    "base of metaclasses called": ("class M(type):\n    pass\nM.__mro__[1]('X', (object,), {})", "TypeError"),
    "metaclass that compares": ("class M(type):\n    pass\nM.__eq__ = lambda a, b: True", "TypeError"),
    "attribute set on the library's class": (
        "import unittest\ntype.__setattr__(unittest.TestCase, 'setUp', 5)",
        "TypeError|AttributeError",
    ),
}
_OWN: Final = "class A:\n    pass\nclass D(dict):\n    pass\na, d = A(), D()\n"
ATTRIBUTES: Final = {
    "class of an object by its attributes": (_OWN + "a.__dict__ = {'__class__': int}\ntype(a).__name__", "= A"),
    "class of a dict that is its own attributes": (
        _OWN
        + "d.__dict__ = d\nd['__class__'] = int\nd['__dict__'] = 1\n(type(d).__name__, d.__class__.__name__, d.__dict__ is d)",
        "= ('D', 'D', True)",
    ),
    "names of attributes that lie": (
        _OWN
        + "class S(str):\n    def __str__(self):\n        return 'zz'\na.__dict__ = {S('x'): 1}\n(a.x, hasattr(a, 'zz'))",
        "= (1, False)",
    ),
    "attributes without names": (_OWN + "a.__dict__ = {1: 2}", "TypeError"),
    "attributes that are a set": (_OWN + "a.__dict__ = {1}", "TypeError"),
    "attributes of a class": (_OWN + "A.__dict__ = {}", "AttributeError|TypeError"),
    "attributes of a function": ("def f(): pass\nf.__dict__ = {}", "AttributeError|TypeError"),
    "attributes of an exception": ("class E(Exception): pass\nE().__dict__ = {}", "AttributeError"),
    "attributes of a test": ("import unittest\nunittest.TestCase().__dict__ = {}", "AttributeError"),
    "attributes of a class that says how they are set": (
        "class A:\n    def __setattr__(self, n, v):\n        pass\nA().__dict__ = {}",
        "AttributeError",
    ),
    "attributes given again and again": (
        _OWN + "x = {str(i): i for i in range(2000)}\nwhile True:\n    a.__dict__ = {**x}",
        "E0401",
    ),
    "subclasses of a builtin class": ("int.__subclasses__()", REFUSED + "|AttributeError"),
    "subclasses of an object's class": ("object.__subclasses__()", REFUSED + "|AttributeError"),
    "subclasses of a class that is everybody's": ("from abc import ABC\nABC.__subclasses__()", "AttributeError"),
    "subclasses of a test": ("import unittest\nunittest.TestCase.__subclasses__()", "AttributeError"),
    "bases of a class of the library": ("import threading\nthreading.Lock.__mro__", "AttributeError"),
    "defaults of a builtin function": ("import textwrap\ntextwrap.wrap.__defaults__", "AttributeError"),
    "defaults that are changed": ("def f(a=1): pass\nf.__defaults__ = (2,)", "AttributeError"),
    "keywords that are changed": ("def f(*, a=1): return a\nf.__kwdefaults__['a'] = 2\nf()", "= 1"),
}
SMALL: Final = {
    "filter that never ends": (
        "import logging\nclass F(logging.Filter):\n    def filter(self, r):\n        while True:\n            pass\n"
        "l = logging.getLogger('x')\nl.addFilter(F())\nl.warning('a')",
        "E0401",
    ),
    "adapter of itself": (
        "import logging\na = logging.LoggerAdapter(logging.getLogger(), {})\na.logger = a\na.warning('x')",
        "E0404|E0401",
    ),
    "level's name left for the next run": (
        "import logging\nr = logging.getLevelName(25)\nlogging.addLevelName(25, 'N')\nr",
        "= Level 25",
    ),
    "scheduler without end": (
        "import sched\ns = sched.scheduler(lambda: 0, lambda x: None)\ns.enter(1, 1, print)\ns.run()",
        "E0401",
    ),
    "events that order each other": (
        "import sched\ns = sched.scheduler()\nclass T(int):\n    def __lt__(self, o):\n        s._queue\n        return True\n"
        "[s.enterabs(T(i), 1, print) for i in range(9)]",
        "AttributeError",
    ),
    "name of a character again and again": (
        "x = b'\\\\N{LATIN SMALL LETTER A}' * 100000\nwhile True:\n    x.decode('unicode_escape')",
        "E0401",
    ),
    "codec that is no encoding": ("import codecs\ncodecs.decode(b'x', 'zlib')", "LookupError"),
    "codec that unpacks": ("import codecs\ncodecs.decode('x', 'bz2_codec')", "TypeError|LookupError"),
    "codecs of one's own": ("import codecs\ncodecs.register(print)", REFUSED),
    "a file through codecs": ("import codecs\ncodecs.open('/etc/passwd')", REFUSED),
    "a file by its path": ("from pathlib import Path\nPath('/etc/passwd').read_text()", "FileNotFoundError"),
    "a file that is opened": ("from pathlib import Path\nPath('/etc/passwd').open()", "FileNotFoundError"),
    "a file that is written": ("from pathlib import Path\nPath('/tmp/x').write_text('x')", "OSError"),
    "a folder that is read": ("from pathlib import Path\n[*Path('/').iterdir()]", "FileNotFoundError"),
    "files that match": ("from pathlib import Path\n([*Path('/').glob('*')], Path('/').exists())", "= ([], False)"),
    "the process's folder": ("from pathlib import Path\nPath.cwd()", "AttributeError"),
    "the user's folder": ("from pathlib import Path\nPath('~').expanduser()", "AttributeError"),
    "links that are followed": ("from pathlib import Path\nPath('/proc/self').resolve()", "AttributeError"),
    "text decoded again and again": (
        "import json\nd = json.JSONDecoder()\nx = '[' * 50 + '1,' * 100000\nwhile True:\n    try:\n        d.raw_decode(x)\n    except ValueError:\n        pass",
        "E0401",
    ),
    "hook of a decoder": (
        "import json\nfrom decimal import Context\njson.JSONDecoder(parse_int=Context).decode('[100000000]')",
        "TypeError|ValueError",
    ),
    "literals of many nodes": ("import ast\nast.literal_eval('[' + '1,' * 30000 + ']')", "E0401"),
    "tables of many values": ("import tomllib\ntomllib.loads('a = [' + '1,' * 40000 + ']')", "E0401"),
    "graph of many nodes": ("import graphlib\ngraphlib.TopologicalSorter({0: range(100000)}).prepare()", "E0401"),
    "wrappers without end": (
        "import inspect\nclass W:\n    def __getattr__(self, n):\n        return W()\ninspect.unwrap(W()) is not None",
        "E0401|= True",
    ),
    "dispatch on many classes": (
        "from functools import singledispatch\nfrom collections.abc import Mapping\n@singledispatch\ndef f(x): return 1\n"
        "f.register(Mapping, lambda x: 2)\nwhile True:\n    f(1)",
        "E0401",
    ),
}
NEWER: Final = {
    **ATTRIBUTES,
    **SMALL,
    **ARRAYS,
    **CALLS,
    **ARGPARSE,
    **TEXTS,
    **CONTAINERS,
    **THREADS,
    **ADDRESSES,
    **STATE,
}
