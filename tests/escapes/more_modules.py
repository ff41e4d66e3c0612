"""Attacks through threads, metaclasses, finalizers and the modules beside them. See `attacks` for the endings."""

from typing import Final

from tests.escapes.attacks import REFUSED

_GONE: Final = REFUSED + "|AttributeError"
_SPENT: Final = "E0401|E0402|E0403|E0404|MemoryError"
_META: Final = "class M(type):\n    pass\n"

MORE_MODULES: Final = {
    # threads
    "threads without end": (
        "import threading\nwhile True:\n    threading.Thread(target=threading.Event().wait).start()",
        "E0403",
    ),
    "threads that start threads": (
        "import threading\ndef f():\n    threading.Thread(target=f).start()\nf()",
        "= None|E0401|E0402|E0404",
    ),
    "thread that swallows limits": (
        "import threading\ndef f():\n    try:\n        while True:\n            pass\n"
        "    except BaseException:\n        f()\n"
        "threading.Thread(target=f).start()",
        "E0401",
    ),
    "thread that is left behind": (
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()",
        "= None",
    ),
    "threads that wait for each other": (
        "import threading\nmain = threading.current_thread()\nthreading.Thread(target=main.join).start()",
        "E0403",
    ),
    "state of a thread": ("import threading\nthreading.Thread().state", "AttributeError"),
    "fiber of a thread": ("import threading\nthreading.current_thread()._fiber", "AttributeError"),
    "values of all threads": ("import threading\nthreading.local().values", "AttributeError"),
    "dictionary of a thread's values": ("import threading\nvars(threading.local())", "= {}|TypeError"),
    "lock's insides": ("import threading\nthreading.Lock()._parking", "AttributeError"),
    "queue of an executor": (
        "from concurrent.futures import ThreadPoolExecutor\nThreadPoolExecutor()._queue",
        "AttributeError",
    ),
    "executor of processes": ("from concurrent.futures import ProcessPoolExecutor", REFUSED),
    "executor without end": (
        "from concurrent.futures import ThreadPoolExecutor\nThreadPoolExecutor(2).map(abs, iter(int, 1))",
        _SPENT,
    ),
    "callback of a future without end": (
        "from concurrent.futures import Future\ndef f(x):\n    while True:\n        pass\n"
        "a = Future()\na.add_done_callback(f)\na.set_result(1)",
        "E0401",
    ),
    "hooks of threads": ("import threading\nthreading.settrace", REFUSED),
    # metaclasses
    "metaclass that makes bytes": (_META + "M.__call__(bytes, 10**10)", _SPENT),
    "type that makes bytes": ("type.__call__(bytes, 10**10)", _SPENT),
    "type that calls what is no class": ("type.__call__(len, [])", "TypeError"),
    "type that makes a class": ("type.__new__(type, 'A', (), {})", "TypeError"),
    "type that makes a class of a builtin one": ("type.__new__(int, 'A', (), {})", "TypeError"),
    "metaclass that compares": (_META[:-9] + "    def __eq__(cls, other):\n        return True", "TypeError"),
    "metaclass that hashes": (_META[:-9] + "    def __hash__(cls):\n        return 1", "TypeError"),
    "metaclass that compares later": (_META + "M.__eq__ = lambda cls, other: True", "TypeError"),
    "metaclass with a mixin that compares": (
        "class E:\n    def __eq__(self, other):\n        return True\nclass M(type, E):\n    pass",
        "TypeError",
    ),
    "metaclass that is a descriptor": (_META[:-9] + "    def __get__(cls, a, b):\n        return 1", "TypeError"),
    "namespace with a special name": (_META + "M('A', (), {'__globals__': 1})", "TypeError"),
    "namespace with a way to all attributes": (
        _META + "M('A', (), {'__getattribute__': lambda self, name: 1})",
        "TypeError",
    ),
    "namespace with slots of CPython's": (_META + "M('A', (), {'__slots__': ('__class__',)})", "TypeError"),
    "namespace with the mark": (_META + "M('A', (), {chr(0xa78f): print, chr(0xa78f) + 'x': 1})", "= <class|E0503"),
    "namespace with a false cell": (_META + "M('A', (), {'__classcell__': 1})", "TypeError|E0503"),
    "base from the host": (_META + "M('A', (type(iter([])),), {})", "TypeError"),
    "base that is a generator's type": (_META + "M('A', (type(x for x in []),), {})", "TypeError"),
    "name that is no text": (_META + "M(1, (), {})", "TypeError"),
    "metaclass's bases": (
        _META + "[each.__name__ for each in M.__mro__]",
        "= ['M', 'type', 'object']|= ['M', 'object']",
    ),
    "classes of a metaclass": (_META + "M.__subclasses__()", "= []"),
    "metaclass that asks without end": (
        _META[:-9] + "    def __getattr__(cls, name):\n        return getattr(cls, name + 'a')\n"
        "class A(metaclass=M):\n    pass\nA.x",
        _SPENT,
    ),
    "metaclass that makes classes without end": (
        _META[:-9]
        + "    def __new__(m, name, bases, ns):\n        return m(name, bases, ns)\nclass A(metaclass=M):\n    pass",
        _SPENT,
    ),
    "prepared namespace": (_META[:-9] + "    def __prepare__(name, bases):\n        return {}", REFUSED),
    # finalizers and weak references
    "finalizer without end": (
        "class A:\n    def __del__(self):\n        while True:\n            pass\na = A()\ndel a",
        "E0401",
    ),
    "finalizer that makes another": ("class A:\n    def __del__(self):\n        A()\nA()\n1", _SPENT + "|E0801"),
    "finalizer that keeps the object": (
        "kept = []\nclass A:\n    def __del__(self):\n        kept.append(self)\nA()\nlen(kept)",
        "= 1",
    ),
    "finalizer after the run": (
        "class A:\n    def __del__(self):\n        print('after')\na = A()\na.me = a\ndel a",
        "= None",
    ),
    "finalizer set later": ("class A:\n    pass\nA.__del__ = print", "TypeError|AttributeError"),
    "callback of a weak reference without end": (
        "import weakref\nclass A:\n    pass\ndef f(r):\n    while True:\n        pass\n"
        "a = A()\nr = weakref.ref(a, f)\ndel a",
        "E0401",
    ),
    "address in a weak reference": (
        "import weakref\nclass A:\n    pass\na = A()\n'0x' in repr(weakref.ref(a))",
        "= False",
    ),
    "callback as an attribute": ("import weakref\nclass A:\n    pass\na = A()\nweakref.ref(a).__callback__", _GONE),
    "all objects": ("import gc\ngc.get_objects()", REFUSED),
    "who refers": ("from gc import get_referrers", REFUSED),
    "collections without end": ("import gc\nwhile True:\n    gc.collect()", "E0401|E0403"),
    # argparse
    "file as an argument": ("from argparse import FileType", REFUSED),
    "files of arguments": ("import argparse\nargparse.ArgumentParser(fromfile_prefix_chars='@')", "TypeError"),
    "action that is a function": (
        "import argparse\nargparse.ArgumentParser().add_argument('-x', action=lambda **k: print(k))",
        "TypeError",
    ),
    "formatter that is no formatter": ("import argparse\nargparse.ArgumentParser(formatter_class=dict)", "TypeError"),
    "class as a destination": (
        "import argparse\nargparse.ArgumentParser().add_argument('--x', dest='__class__')",
        "ValueError",
    ),
    "class as an option": ("import argparse\nargparse.ArgumentParser().add_argument('--__dict__')", "ValueError"),
    "class as a default": ("import argparse\nargparse.ArgumentParser().set_defaults(__class__=1)", "ValueError"),
    "width of a help text": (
        "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('-x', help='%(default)999999999s')\np.format_help()",
        _SPENT,
    ),
    "objects of a help text": (
        "import argparse\np = argparse.ArgumentParser(prog='p')\np.add_argument('-x', help='%(container)s')\n"
        "' at 0x' in p.format_help()",
        "= False",
    ),
    "registry of a parser": ("import argparse\nargparse.ArgumentParser()._registries", "AttributeError"),
    "parser that ends the host": ("import argparse\nargparse.ArgumentParser().exit(0)", "= None"),
    "arguments without end": ("import argparse\nargparse.ArgumentParser().parse_args(iter(str, 1))", _SPENT),
    "namespace of an object": (
        "import argparse\nclass A:\n    pass\np = argparse.ArgumentParser()\np.add_argument('--x')\na = A()\n"
        "p.parse_args(['--x', '1'], namespace=a)\na.x",
        "= 1",
    ),
    # inspect, types, sys
    "frames": ("import inspect\ninspect.currentframe()", REFUSED),
    "code of a function": ("import inspect\ninspect.getsource", REFUSED),
    "class of a parameter": (
        "import inspect\ninspect.signature(lambda x: 1).parameters['x'].__class__.__base__",
        _GONE,
    ),
    "signature of a function of the host": ("import inspect\ninspect.signature(inspect.signature)", "ValueError"),
    "members of a module": (
        "import inspect\n[n for n, v in inspect.getmembers(inspect) if n[:1] == '_' != n[:2][1:]]",
        "= []",
    ),
    "wrappers in a circle": (
        "import inspect\ndef f(): ...\nf.__wrapped__ = f\ninspect.signature(f)",
        "ValueError",
    ),
    "function made of code": ("import types\ntypes.FunctionType(1, {})", "TypeError"),
    "code's type": ("from types import CodeType\nCodeType(1)", REFUSED),
    "frame of an exception": (
        "import sys\ntry:\n    1 / 0\nexcept Exception:\n    sys.exc_info()[2].tb_frame",
        "AttributeError",
    ),
    "builtins among the globals": ("globals()['__builtins__']", "KeyError"),
    "globals as a value": ("f = globals\nf()", REFUSED),
    "annotation that runs": ("def f(x: [1 for _ in iter(int, 1)]): ...\nf.__annotations__", _SPENT),
    # texts and data
    "configuration from a file": (
        "import configparser\nconfigparser.ConfigParser().read('/etc/passwd')",
        "AttributeError",
    ),
    "insides of a configuration": ("import configparser\nconfigparser.ConfigParser()._sections", "AttributeError"),
    "converters by name": ("import configparser\nconfigparser.ConfigParser(converters={'x': int})", "TypeError"),
    "values that unfold": (
        "import configparser\np = configparser.ConfigParser()\n"
        "p['a'] = {chr(97 + i): ('%(' + chr(98 + i) + ')s') * 40 for i in range(9)} | {'j': 'x'}\np['a']['a']",
        _SPENT + "|InterpolationDepthError",
    ),
    "long lines compared": (
        "import difflib\na = 'ab' * 20000\ndifflib.SequenceMatcher(None, a, a[::-1], False).ratio()",
        _SPENT,
    ),
    "many lines compared": (
        "import difflib\na, b = ([c * 200 + str(i) for i in range(999)] for c in 'ab')\nlist(difflib.ndiff(a, b))",
        _SPENT,
    ),
    "close matches without end": ("import difflib\ndifflib.get_close_matches('a', iter(str, 1))", _SPENT),
    "pattern of stars": ("import fnmatch\nfnmatch.fnmatch('a' * 5000, '*a' * 40 + 'b')", "= False|E0403"),
    "input of the host": ("import shlex\nshlex.split(None)", "TypeError"),
    "literal that nests": ("import ast\nast.literal_eval('[' * 50000)", _SPENT + "|SyntaxError"),
    "literal that nests and ends": ("import ast\nast.literal_eval('[' * 90 + ']' * 90)[0]", "= " + "[" * 89 + "]" * 89),
    "literal of many digits": ("import ast\nast.literal_eval('9' * 10**6)", "SyntaxError|ValueError|E0401"),
    "literal that calls": ("import ast\nast.literal_eval(\"__import__('os').getcwd()\")", "ValueError"),
    "node as a literal": ("import ast\nast.literal_eval(ast)", "ValueError"),
    "trees": ("import ast\nast.parse('1')", REFUSED),
    "table that nests": ("import tomllib\ntomllib.loads('a = ' + '[' * 100000)", _SPENT + "|TOMLDecodeError"),
    "callback of a table": (
        "import tomllib\ntomllib.loads('a = 1.5', parse_float=lambda t: [x for x in iter(int, 1)])",
        _SPENT,
    ),
    "files by their paths": ("from pathlib import Path\nPath('/etc/passwd').exists()", "= False"),
    "file of a pure path": (
        "from pathlib import PurePosixPath\nPurePosixPath('/etc/passwd').read_text",
        "AttributeError",
    ),
    "hosts of all addresses": ("import ipaddress\nlen(list(ipaddress.ip_network('::/0').hosts()))", _SPENT),
    "subnets without end": (
        "import ipaddress\nlen(list(ipaddress.ip_network('10.0.0.0/8').subnets(new_prefix=32)))",
        _SPENT,
    ),
    "numbers of a gigabyte": ("from array import array\narray('q', [0]) * 10**10", _SPENT),
    "numbers without end": ("from array import array\narray('q', iter(int, 1))", _SPENT),
    "address of numbers": ("from array import array\narray('q', [1]).buffer_info()", "AttributeError"),
    "numbers from a file": ("from array import array\narray('q').fromfile", "AttributeError"),
    "field of a gigabyte": ("import string\nstring.Formatter().format('{:999999999}', 1)[0]", _SPENT),
    "fields in fields": ("import string\nstring.Formatter().format('{:{:{:{}}}}', 1, 2, 3, 4)", "ValueError"),
    "formatter that reads the class": (
        "import string\nstring.Formatter().format('{0.__init__.__globals__}', print)",
        "AttributeError",
    ),
    "text of a gigabyte": ("from collections import UserString\nUserString('a') * 10**10", _SPENT),
    "repr in itself": (
        "import reprlib\nclass A:\n    def __repr__(self):\n        return reprlib.repr(self)\nreprlib.repr(A())",
        _SPENT + "|= <A instance>",
    ),
    "statement to time": ("import timeit\ntimeit.timeit('import os')", "ValueError"),
    "timing without end": ("import timeit\ntimeit.timeit(lambda: None, number=10**12)", "E0401"),
    "filter that backtracks": (
        "import warnings\nwarnings.filterwarnings('ignore', '(a+)+b')\nwarnings.warn('a' * 40)",
        "E0403",
    ),
    "order without end": (
        "from graphlib import TopologicalSorter\nt = TopologicalSorter()\nwhile True:\n    t.add(object(), 1)",
        _SPENT,
    ),
    "entities that unfold": (
        'import xml.etree.ElementTree as ET\nd = \'\'.join(f\'<!ENTITY a{i} "{(f"&a{i - 1};" * 10) if i else "x"}">\' '
        "for i in range(12))\nET.fromstring(f'<!DOCTYPE a [{d}]><a>&a11;</a>')",
        "ParseError|" + _SPENT,
    ),
    "entity from a file": (
        "import xml.etree.ElementTree as ET\n"
        "ET.fromstring('<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>')",
        "ParseError",
    ),
    "elements that nest": (
        "import xml.etree.ElementTree as ET\nET.tostring(ET.fromstring('<a>' * 100000 + '</a>' * 100000))",
        _SPENT + "|ParseError",
    ),
    "document in a file": ("import xml.etree.ElementTree as ET\nET.parse('/etc/passwd')", "TypeError"),
    "document to a file": (
        "import xml.etree.ElementTree as ET\nET.ElementTree(ET.Element('a')).write('x')",
        "TypeError",
    ),
    "insides of a parser": ("from html.parser import HTMLParser\nHTMLParser().engine", "AttributeError"),
    "markup without end": ("from html.parser import HTMLParser\nHTMLParser().feed('<a ' * 10**7)", _SPENT),
    "bomb in gzip": ("import gzip\ngzip.decompress(gzip.compress(b'a' * 30_000_000))[0]", _SPENT),
    # unittest
    "test without end": (
        "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n"
        "        try:\n            while True:\n                pass\n"
        "        except BaseException:\n            pass\nunittest.main()",
        "E0401",
    ),
    "mocks": ("from unittest import mock", REFUSED),
    "insides of a test": ("import unittest\nunittest.TestCase().cleanups", "AttributeError"),
    "long texts compared": (
        "import unittest\na, b = ([str(i * k) * 50 for i in range(2000)] for k in (1, 7))\n"
        "unittest.TestCase().assertEqual(a, b)",
        _SPENT + "|AssertionError",
    ),
}
