# --- instance attribute
class A:
    def __init__(self, k):
        self.k = k
A(T).k(3)
# --- instance attribute self
class A:
    def __init__(self, k):
        self.k = k
    def go(self):
        return self.k(3)
A(T).go()
# --- instance attribute self star
class A:
    def __init__(self, k):
        self.k = k
    def go(self, *a):
        return self.k(*a)
A(T).go(3)
# --- instance attribute of a table name
class A:
    def __init__(self, k):
        self.append = k
    def go(self):
        self.append = self.append
        return self.append(3)
A(T).go()
# --- table name complex args
class A:
    def __init__(self, k):
        self.append = k
A(T).append([i for i in range(3)][2])
# --- instance attribute over a method
class A:
    def k(self, x):
        return x
a = A()
a.k = T
a.k(3)
# --- instance attribute over a method by setattr
class A:
    def k(self, x):
        return x
a = A()
setattr(a, 'k', T)
a.k(3)
# --- setattr computed
class A:
    def kk(self, x):
        return x
a = A()
setattr(a, 'k' * 2, T)
a.kk(3)
# --- object.__setattr__ computed
class A:
    def kk(self, x):
        return x
a = A()
object.__setattr__(a, 'k' * 2, T)
a.kk(3)
# --- super().__setattr__ computed
class A:
    def kk(self, x):
        return x
    def s(self, n):
        super().__setattr__(n * 2, T)
a = A()
a.s('k')
a.kk(3)
# --- dict computed
class A:
    def kk(self, x):
        return x
a = A()
a.__dict__['k' * 2] = T
a.kk(3)
# --- dict update computed
class A:
    def kk(self, x):
        return x
a = A()
a.__dict__.update({'k' * 2: T})
a.kk(3)
# --- dict ior computed
class A:
    def kk(self, x):
        return x
a = A()
d = a.__dict__
d |= {'k' * 2: T}
a.kk(3)
# --- vars computed
class A:
    def kk(self, x):
        return x
a = A()
vars(a)['k' * 2] = T
a.kk(3)
# --- vars setdefault computed
class A:
    def kk(self, x):
        return x
class B(A):
    pass
a = A()
vars(a).setdefault('k' * 2, T)
a.kk(3)
# --- getattr dict computed
class A:
    def kk(self, x):
        return x
a = A()
getattr(a, '__di' + 'ct__')['k' * 2] = T
a.kk(3)
# --- attrgetter dict computed
import operator
class A:
    def kk(self, x):
        return x
a = A()
operator.attrgetter('__di' + 'ct__')(a)['k' * 2] = T
a.kk(3)
# --- getattr setattr computed
class A:
    def kk(self, x):
        return x
a = A()
getattr(object, '__set' + 'attr__')(a, 'k' * 2, T)
a.kk(3)
# --- methodcaller setattr computed
import operator
class A:
    def kk(self, x):
        return x
a = A()
operator.methodcaller('__set' + 'attr__', 'k' * 2, T)(a)
a.kk(3)
# --- update_wrapper
import functools
class A:
    def kk(self, x):
        return x
a = A()
def f():
    pass
f.kk = T
functools.update_wrapper(a, f)
a.kk(3)
# --- update_wrapper from mapping
import functools
class B:
    pass
class A:
    def kk(self, x):
        return x
a = A()
b = B()
b.zz = {'k' * 2: T}
functools.update_wrapper(a, b, (), ('zz',))
a.kk(3)
# --- namespace
from types import SimpleNamespace
SimpleNamespace(k=T).k(3)
# --- namespace computed
from types import SimpleNamespace
class A:
    def kk(self, x):
        return x
for n in [A(), SimpleNamespace(**{'k' * 2: T})]:
    n.kk(3)
# --- Namespace computed
from argparse import Namespace
class A:
    def kk(self, x):
        return x
for n in [A(), Namespace(**{'k' * 2: T})]:
    n.kk(3)
# --- namedtuple
from collections import namedtuple
namedtuple('P', 'k')(T).k(3)
# --- namedtuple computed
from collections import namedtuple
class A:
    def kk(self, x):
        return x
for n in [A(), namedtuple('P', 'k' * 2)(T)]:
    n.kk(3)
# --- namedtuple held computed
import collections
class A:
    def kk(self, x):
        return x
f = getattr(collections, 'named' + 'tuple')
for n in [A(), f('P', 'k' * 2)(T)]:
    n.kk(3)
# --- NamedTuple class
from typing import NamedTuple
class P(NamedTuple):
    k: object
P(T).k(3)
# --- NamedTuple computed
from typing import NamedTuple
class A:
    def kk(self, x):
        return x
for n in [A(), NamedTuple('P', [('k' * 2, int)])(T)]:
    n.kk(3)
# --- dataclass field
from dataclasses import dataclass
@dataclass
class P:
    k: object
P(T).k(3)
# --- dataclass default
from dataclasses import dataclass
@dataclass
class P:
    k: object = T
P().k(3)
# --- make_dataclass computed
from dataclasses import make_dataclass
class A:
    def kk(self, x):
        return x
for n in [A(), make_dataclass('P', ['k' * 2])(T)]:
    n.kk(3)
# --- make_dataclass namespace
from dataclasses import make_dataclass
class A:
    def kk(self, x):
        return x
for n in [A(), make_dataclass('P', [], namespace={'k' * 2: T})()]:
    n.kk(3)
# --- default_factory
from dataclasses import dataclass, field
@dataclass
class P:
    k: object = field(default_factory=T)
P()
# --- field default_factory attribute
from dataclasses import dataclass, field, fields
@dataclass
class P:
    k: object = field(default_factory=T)
fields(P)[0].default_factory(3)
# --- field type
from dataclasses import dataclass, field, fields
@dataclass
class P:
    k: T
fields(P)[0].type(3)
# --- enum
from enum import Enum, member
class E(Enum):
    A = [T]
E.A.value[0](3)
# --- enum value
from enum import Enum, member
E = Enum('E', {'A': T})
E.A.value(3)
# --- enum value method
from enum import Enum, member
class E(Enum):
    A = member(T)
E.A.value(3)
# --- enum nonmember
from enum import Enum, nonmember
class E(Enum):
    A = 1
    k = nonmember(T)
E.k(3)
# --- enum computed
from enum import Enum
class A:
    def kk(self, x):
        return x
class V(Enum):
    def __call__(self, x):
        return self.value(x)
E = V('E', {'k' * 2: T})
for n in [A(), E]:
    n.kk(3)
# --- class attribute
class A:
    k = T
A().k(3)
# --- class attribute on class
class A:
    k = T
A.k(3)
# --- class attribute self
class A:
    k = T
    def go(self):
        return self.k(3)
A().go()
# --- class attribute cls
class A:
    k = T
    @classmethod
    def go(cls):
        return cls.k(3)
A.go()
# --- class attribute in body
class A:
    k = T
    y = k(3)
# --- class attribute super
class A:
    k = T
class B(A):
    def k(self, x):
        return super().k(x)
B().k(3)
# --- class attribute set later
class A:
    def k(self, x):
        return x
A.k = T
A().k(3)
# --- class attribute setattr
class A:
    def kk(self, x):
        return x
setattr(A, 'k' * 2, T)
A().kk(3)
# --- class attribute type.__setattr__
class M(type):
    def s(cls, n):
        super().__setattr__(n * 2, T)
class A(metaclass=M):
    def kk(self, x):
        return x
A.s('k')
A().kk(3)
# --- class namespace
class M(type):
    def __new__(m, n, b, d):
        d['k' * 2] = T
        return super().__new__(m, n, b, d)
class B:
    def kk(self, x):
        return x
class A(B, metaclass=M):
    pass
A().kk(3)
# --- class namespace later
class M(type):
    pass
class B:
    def kk(self, x):
        return x
A = M('A', (B,), {'k' * 2: T})
A().kk(3)
# --- class body loop
class A:
    for k in [T]:
        pass
A().k(3)
# --- class body def rebound
class A:
    def k(self, x):
        return x
    k = T
A().k(3)
# --- class body import
class A:
    from decimal import Context as k
A().k(3)
# --- decorated method
def d(f):
    return T
class A:
    @d
    def k(self, x):
        return x
A().k(3)
# --- type decorates a method
class A:
    @t
    def k(self, x):
        return x
# --- property
class A:
    @property
    def k(self):
        return T
A().k(3)
# --- property computed
class A:
    def kk(self, x):
        return x
class B(A):
    pass
setattr(B, 'k' * 2, property(lambda self: T))
B().kk(3)
# --- property of type
class A:
    k = property(T)
A().k
# --- property of held type
class A:
    k = [property][0](t)
A().k
# --- property getter
class A:
    k = property()
    k = k.getter(T)
A().k
# --- property setter
class A:
    k = property(None, T)
a = A()
a.k = 3
# --- property setter method
class A:
    k = property()
    k = k.setter(T)
a = A()
a.k = 3
# --- property deleter
class A:
    k = property(None, None, T)
a = A()
del a.k
# --- property fget
property(T).fget(3)
# --- staticmethod
class A:
    k = staticmethod(T)
A().k(3)
# --- staticmethod held
class A:
    k = [staticmethod][0](t)
A().k(3)
# --- staticmethod called
staticmethod(T)(3)
# --- staticmethod mapped
list(map(staticmethod(T), [3]))
# --- staticmethod of staticmethod
staticmethod(staticmethod(T))(3)
# --- classmethod
class A:
    k = classmethod(T)
A().k(3)
# --- classmethod of alias
import types
class A:
    k = classmethod(types.GenericAlias(T, int))
A().k()
# --- classmethod of property
class A:
    @classmethod
    @property
    def k(cls):
        return T
A().k(3)
# --- classmethod wrapped in partial
import functools
class A:
    k = classmethod(functools.partial(T))
A().k()
# --- cached_property
import functools
class A:
    k = functools.cached_property(T)
A().k
# --- cached_property result
import functools
class A:
    @functools.cached_property
    def k(self):
        return T
A().k(3)
# --- partialmethod
import functools
class A:
    k = functools.partialmethod(T, 3)
A().k()
# --- abstract property
import abc
class A:
    @abc.abstractproperty
    def k(self):
        return T
A().k(3)
# --- abstractclassmethod
import abc
class A:
    k = abc.abstractclassmethod(T)
A().k(3)
# --- abstractstaticmethod
import abc
class A:
    k = abc.abstractstaticmethod(T)
A().k(3)
# --- abstractproperty of type
import abc
class A:
    k = abc.abstractproperty(T)
A().k
# --- enum property of type
import enum
class A:
    k = enum.property(T)
A().k
# --- descriptor
class D:
    def __get__(self, o, k):
        return T
class A:
    k = D()
A().k(3)
# --- descriptor computed
class D:
    def __get__(self, o, k):
        return T
class A:
    def kk(self, x):
        return x
setattr(A, 'k' * 2, D())
A().kk(3)
# --- descriptor made later
class D:
    pass
class A:
    k = D()
def get(self, o, k):
    return T
D.__get__ = get
A().k(3)
# --- getattr hook
class A:
    def __getattr__(self, n):
        return T
A().kk(3)
# --- getattr hook of a class
class M(type):
    def __getattr__(self, n):
        return T
class A(metaclass=M):
    pass
A.kk(3)
# --- getattr hook set later
class A:
    pass
def get(self, n):
    return T
A.__getattr__ = get
A().kk(3)
# --- getattr hook by setattr
class A:
    pass
setattr(A, '__get' + 'attr__', lambda self, n: T)
A().kk(3)
# --- getattr hook by namespace
class M(type):
    pass
A = M('A', (), {'__get' + 'attr__': lambda self, n: T})
A().kk(3)
# --- getattr hook is type
class A:
    __getattr__ = T
A().kk
# --- getattr hook called
class A:
    __getattr__ = T
A().__getattr__(3)
# --- slots
class A:
    __slots__ = ('k',)
a = A()
a.k = T
a.k(3)
# --- slots computed
class A:
    def kk(self, x):
        return x
class B(A):
    __slots__ = ('k' * 2,)
b = B()
setattr(b, 'k' * 2, T)
b.kk(3)
# --- setattr hook
class A:
    def kk(self, x):
        return x
    def __setattr__(self, n, v):
        super().__setattr__(n * 2, v)
a = A()
a.k = T
a.kk(3)
# --- setattr hook is type
class A:
    __setattr__ = T
a = A()
a.k = 3
# --- delattr hook is type
class A:
    __delattr__ = T
a = A()
del a.k
# --- exception class attribute
class A(Exception):
    k = T
A().k(3)
# --- super of class attribute
class A:
    k = T
class B(A):
    def go(self):
        return super().k(3)
B().go()
# --- thread local
import threading
l = threading.local()
l.k = T
l.k(3)
# --- defaultdict subclass factory
from collections import defaultdict
class D(defaultdict):
    pass
D(T).default_factory(3)
# --- class attribute through alias
from typing import Generic, TypeVar
X = TypeVar('X')
class A(Generic[X]):
    k = T
A[int].k(3)
# --- alias of program class
from typing import Generic, TypeVar
X = TypeVar('X')
class A(Generic[X]):
    def __init__(self, k):
        self.k = k
A[int](T).k(3)
# --- mixed names
class A:
    def k(self, x):
        return x
class B:
    def __init__(self, k):
        self.k = k
for x in [A(), B(T)]:
    x.k(3)
# --- bound method of object holding
class A:
    def __init__(self, k):
        self.k = k
f = A(T).k
f(3)
# --- attribute kwargs
class A:
    def __init__(self, **kw):
        self.__dict__.update(kw)
A(k=T).k(3)
# --- attribute kwargs setattr
class A:
    def k(self, x):
        pass
    def __init__(self, **kw):
        for n, v in kw.items():
            setattr(self, n, v)
A(k=T).k(3)
# --- logging extra
import logging
class A:
    def kk(self, x):
        return x
class H(logging.Handler):
    def emit(self, r):
        for x in [A(), r]:
            x.kk(3)
l = logging.getLogger('a')
l.addHandler(H())
l.warning('x', extra={'k' * 2: T})
# --- copy
import copy
class A:
    def __init__(self, k):
        self.k = k
copy.copy(A(T)).k(3)
# --- deepcopy
import copy
class A:
    def __init__(self, k):
        self.k = k
copy.deepcopy(A(T)).k(3)
# --- replace
from dataclasses import dataclass, replace
@dataclass
class P:
    k: object
replace(P(1), k=T).k(3)
