# --- enum missing
from enum import Enum
class E(Enum):
    A = 1
    _missing_ = classmethod(T)
try:
    E(5)
except Exception:
    pass
# --- enum missing raw
from enum import Enum
class E(Enum):
    _missing_ = T
    A = 1
try:
    E(5)
except Exception:
    pass
# --- enum next value
from enum import Enum, auto
class E(Enum):
    _generate_next_value_ = T
    A = auto()
# --- enum next value static
from enum import Enum, auto
class E(Enum):
    _generate_next_value_ = staticmethod(T)
    A = auto()
# --- enum new
from enum import Enum
class E(Enum):
    __new__ = T
    A = 1
# --- enum init
from enum import Enum
class E(Enum):
    __init__ = T
    A = 1
# --- enum call value
from enum import Enum
class E(Enum):
    A = 1
    def f(self):
        return self.k(3)
E.A.k = T
E.A.f()
# --- enum class
from enum import Enum
class E(Enum):
    A = 1
    k = property(T)
E.A.k
# --- get_type_hints
import typing
def f(x: T):
    pass
typing.get_type_hints(f)['x'](3)
# --- annotations
def f(x: T):
    pass
f.__annotations__['x'](3)
# --- get_args
import typing
typing.get_args(list[T])[0](3)
# --- get_origin
import typing, types
typing.get_origin(types.GenericAlias(T, int))(3)
# --- signature
import inspect
def f(x: T = T):
    pass
p = inspect.signature(f).parameters['x']
p.annotation(3)
p.default(3)
# --- signature return
import inspect
def f() -> T:
    pass
inspect.signature(f).return_annotation(3)
# --- signature bind
import inspect
def f(x):
    pass
inspect.signature(f).bind(t).arguments['x'](3)
# --- getmembers
import inspect
class A:
    k = T
dict(inspect.getmembers(A()))['k'](3)
# --- getmembers predicate
import inspect
class A:
    k = 3
inspect.getmembers(A(), t)
# --- no_type_check
import typing
typing.no_type_check(t)(3)
# --- final
import typing
typing.final(t)(3)
# --- cast
import typing
typing.cast(int, t)(3)
# --- Protocol
import typing
class P(typing.Protocol):
    k = T
class A(P):
    pass
A().k(3)
# --- TypedDict
import typing
class P(typing.TypedDict):
    k: int
P(k=t)['k'](3)
# --- assertRaises
import unittest
class X(unittest.TestCase):
    def test(self):
        self.assertRaises(ValueError, t, 3)
unittest.defaultTestLoader.loadTestsFromTestCase(X).run(unittest.TestResult())
# --- addCleanup
import unittest
class X(unittest.TestCase):
    def test(self):
        self.addCleanup(t, 3)
unittest.defaultTestLoader.loadTestsFromTestCase(X).run(unittest.TestResult())
# --- test is type
import unittest
class X(unittest.TestCase):
    test_a = T
unittest.defaultTestLoader.loadTestsFromTestCase(X).run(unittest.TestResult())
# --- setUp is type
import unittest
class X(unittest.TestCase):
    setUp = T
    tearDown = T
    def test(self):
        pass
unittest.defaultTestLoader.loadTestsFromTestCase(X).run(unittest.TestResult())
# --- setUpClass
import unittest
class X(unittest.TestCase):
    setUpClass = T
    tearDownClass = T
    def test(self):
        pass
unittest.defaultTestLoader.loadTestsFromTestCase(X).run(unittest.TestResult())
# --- run is type
import unittest
class X(unittest.TestCase):
    run = T
    def test(self):
        pass
unittest.defaultTestLoader.loadTestsFromTestCase(X).run(unittest.TestResult())
# --- skipIf
import unittest
unittest.skipIf(False, 'x')(t)(3)
# --- expectedFailure
import unittest
try:
    unittest.expectedFailure(t)(3)
finally:
    t(3)
# --- TestRunner stream
import unittest
class F:
    write = T
    flush = T
class X(unittest.TestCase):
    def test(self):
        pass
unittest.TextTestRunner(stream=F()).run(unittest.defaultTestLoader.loadTestsFromTestCase(X))
# --- test method by name
import unittest
class X(unittest.TestCase):
    k = T
X('k').run()
# --- handler emit
import logging
class H(logging.Handler):
    emit = T
l = logging.getLogger('a')
l.addHandler(H())
l.warning('x')
# --- handler handle
import logging
class H(logging.Handler):
    handle = T
l = logging.getLogger('a')
l.addHandler(H())
l.warning('x')
# --- formatter format
import logging
class F(logging.Formatter):
    format = T
h = logging.StreamHandler()
h.setFormatter(F())
l = logging.getLogger('a')
l.addHandler(h)
l.warning('x')
# --- formatter formatTime
import logging
class F(logging.Formatter):
    formatTime = T
h = logging.StreamHandler()
h.setFormatter(F('%(asctime)s'))
l = logging.getLogger('a')
l.addHandler(h)
l.warning('x')
# --- filter object
import logging
class F:
    filter = T
l = logging.getLogger('a')
l.addFilter(F())
l.warning('x')
# --- handler filter
import logging
h = logging.StreamHandler()
h.addFilter(t)
l = logging.getLogger('a')
l.addHandler(h)
l.warning('x')
# --- stream write
import logging
class F:
    write = T
    flush = T
h = logging.StreamHandler(F())
l = logging.getLogger('a')
l.addHandler(h)
l.warning('x')
# --- argparse type
import argparse
p = argparse.ArgumentParser()
p.add_argument('a', type=t)
p.parse_args(['3'])
# --- argparse type keyword
import argparse
p = argparse.ArgumentParser()
p.add_argument('--a', type=t, default='3')
p.parse_args([])
# --- argparse action type
import argparse
p = argparse.ArgumentParser()
a = p.add_argument('a', type=t)
a.type('3')
# --- argparse action
import argparse
p = argparse.ArgumentParser()
try:
    p.add_argument('a', action=t)
finally:
    t(3)
# --- argparse set_defaults
import argparse
p = argparse.ArgumentParser()
p.set_defaults(k=t)
p.parse_args([]).k(3)
# --- argparse default
import argparse
p = argparse.ArgumentParser()
p.add_argument('--k', default=t)
p.parse_args([]).k(3)
# --- argparse const
import argparse
p = argparse.ArgumentParser()
p.add_argument('--k', action='store_const', const=t)
p.parse_args(['--k']).k(3)
# --- argparse namespace
import argparse
class N:
    pass
p = argparse.ArgumentParser()
p.add_argument('--k', default=t)
p.parse_args([], N()).k(3)
# --- argparse choices
import argparse
class C(list):
    __contains__ = T
p = argparse.ArgumentParser()
p.add_argument('a', choices=C([1]))
p.parse_args(['3'])
# --- configparser dict_type
import configparser
configparser.ConfigParser(dict_type=t)
# --- configparser optionxform
import configparser
c = configparser.ConfigParser()
c.optionxform = t
c.read_string('[a]\nb = 1')
# --- configparser write
import configparser
class F:
    write = T
c = configparser.ConfigParser()
c.read_string('[a]\nb = 1')
c.write(F())
# --- configparser getx
import configparser
c = configparser.ConfigParser()
c.read_string('[a]\nb = 1')
c['a'].get('x', fallback=t)(3)
# --- csv writer
import csv
class F:
    write = T
csv.writer(F()).writerow([1])
# --- csv reader
import csv
class I:
    def __iter__(self): return self
    __next__ = T
next(csv.reader(I()))
# --- difflib junk
import difflib
difflib.SequenceMatcher(t, 'ab', 'ab').ratio()
# --- difflib ndiff
import difflib
list(difflib.ndiff(['a'], ['b'], t, t))
# --- difflib Differ
import difflib
list(difflib.Differ(t).compare(['a'], ['b']))
# --- html parser
from html.parser import HTMLParser
class P(HTMLParser):
    handle_data = T
    handle_starttag = T
    handle_endtag = T
    handle_comment = T
p = P()
p.feed('<a>b</a><!--x-->')
p.close()
# --- html startend
from html.parser import HTMLParser
class P(HTMLParser):
    handle_startendtag = T
    reset = T
P().feed('<a/>')
# --- ET parse
import xml.etree.ElementTree as ET
class F:
    read = T
ET.parse(F())
# --- tomllib
import tomllib
tomllib.loads('a = 1.5', parse_float=t)
# --- tomllib load
import tomllib
class F:
    read = T
tomllib.load(F())
# --- timeit
import timeit
timeit.timeit(t, number=1)
# --- timeit setup
import timeit
timeit.timeit(t, t, number=1)
# --- timeit timer
import timeit
timeit.timeit(t, timer=t, number=1)
# --- Timer timer
import timeit
timeit.Timer(t, timer=t).repeat(1, 1)
# --- timer autorange
import timeit
timeit.Timer(lambda: None).autorange(t)
# --- pprint
import pprint
class F:
    write = T
pprint.pprint([1], F())
# --- pprint repr
import pprint
class A:
    __repr__ = T
pprint.pformat([A()])
# --- reprlib
import reprlib
class A:
    __repr__ = T
reprlib.repr(A())
# --- reprlib recursive
import reprlib
reprlib.recursive_repr()(t)(3)
# --- queue
import queue
q = queue.Queue()
q.put(t)
q.get()(3)
# --- random shuffle
import random
random.choice([t])(3)
# --- statistics
import statistics
class A:
    __float__ = T
statistics.fmean([A()])
# --- traceback
import traceback
class F:
    write = T
try:
    1/0
except ZeroDivisionError:
    traceback.print_exc(file=F())
# --- sys.exit
import sys
try:
    sys.exit(t)
except SystemExit as e:
    e.code(3)
# --- textwrap
import textwrap
textwrap.indent('a', ' ', t)
# --- textwrap predicate
import textwrap
textwrap.indent('a', ' ', predicate=t)
# --- MethodType
import types
types.MethodType(t, 3)()
# --- MethodType held
import types
[types.MethodType][0](t, 3)()
# --- type of bound method
class A:
    def f(self):
        pass
type(A().f)(t, 3)()
# --- MappingProxyType
import types
types.MappingProxyType({'a': t})['a'](3)
# --- type of partial
import functools
type(functools.partial(len))(t, 3)()
# --- type of map
list(type(map(len, []))(t, [3]))
# --- type of property
class A:
    k = type(property())(t)
A().k
# --- type of staticmethod
type(staticmethod(len))(t)(3)
# --- type of lru
import functools
type(functools.lru_cache(len))(t, 3, False, tuple)(3)
# --- type of Thread
import threading
x = type(threading.Thread())(target=t)
x.start()
x.join()
# --- type of defaultdict
from collections import defaultdict
type(defaultdict())(t)[3]
# --- gather
[t(x) for x in range(3)]
# --- gen throw
def g():
    yield
i = g()
next(i)
try:
    i.throw(t)
except TypeError:
    t(3)
# --- raise from
try:
    raise ValueError from t
except TypeError:
    t(3)
# --- default of a parameter that is applied
from inspect import Parameter, Signature
made = Signature([Parameter("x", Parameter.POSITIONAL_OR_KEYWORD, default=t, annotation=t)], return_annotation=t)
bound = made.bind()
bound.apply_defaults()
bound.arguments["x"](3)
made.parameters["x"].default(3)
# --- annotation of a parameter that was made
from inspect import Parameter, Signature
made = Parameter("x", Parameter.KEYWORD_ONLY, annotation=t)
made.annotation(3)
made.replace(annotation=t).annotation(3)
Signature([made]).replace(return_annotation=t).return_annotation(3)
# --- member of a union
from typing import get_args
get_args(T | int)[0](3)
get_args(None | T)[1](3)
get_args(T | int | list[str])[0](3)
# --- member of an optional
from typing import Optional, Union, get_args
get_args(Optional[T])[0](3)
get_args(Union[T, int])[0](3)
# --- alias that is unpacked
from types import GenericAlias
for alias in GenericAlias(T, int):
    alias(3)
# --- alias with other arguments
from types import GenericAlias
from typing import TypeVar
X = TypeVar("X")
GenericAlias(T, X)(3)
# --- member's type of an enumeration
from enum import Enum
class E(Enum):
    A = T
    B = (T, 1)
E.B.value[0](3)
E.B._value_[0](3)
