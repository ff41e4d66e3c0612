# --- special call
class A:
    __call__ = T
a = A()
a(3)
# --- special len
class A:
    __len__ = T
a = A()
len(a)
# --- special iter
class A:
    __iter__ = T
a = A()
iter(a)
# --- special next
class A:
    __next__ = T
a = A()
next(a)
# --- special contains
class A:
    __contains__ = T
a = A()
3 in a
# --- special getitem
class A:
    __getitem__ = T
a = A()
a[3]
# --- special setitem
class A:
    __setitem__ = T
a = A()
a[3] = 4
# --- special delitem
class A:
    __delitem__ = T
a = A()
del a[3]
# --- special add
class A:
    __add__ = T
a = A()
a + 3
# --- special radd
class A:
    __radd__ = T
a = A()
3 + a
# --- special iadd
class A:
    __iadd__ = T
a = A()
a += 3
# --- special neg
class A:
    __neg__ = T
a = A()
-a
# --- special abs
class A:
    __abs__ = T
a = A()
abs(a)
# --- special eq
class A:
    __eq__ = T
a = A()
a == 3
# --- special lt
class A:
    __lt__ = T
a = A()
a < 3
# --- special hash
class A:
    __hash__ = T
a = A()
{a: 1}
hash(a)
# --- special bool
class A:
    __bool__ = T
a = A()
bool(a)
# --- special repr
class A:
    __repr__ = T
a = A()
repr(a)
# --- special str
class A:
    __str__ = T
a = A()
str(a)
# --- special format
class A:
    __format__ = T
a = A()
format(a, 'x')
# --- special int
class A:
    __int__ = T
a = A()
int(a)
# --- special float
class A:
    __float__ = T
a = A()
float(a)
# --- special index
class A:
    __index__ = T
a = A()
[1][a]
# --- special round
class A:
    __round__ = T
a = A()
round(a)
# --- special pow
class A:
    __pow__ = T
a = A()
a ** 3
# --- special enter
class A:
    __enter__ = T
    def __exit__(self, *a):
        pass
a = A()
with a:
    pass
# --- special reversed
class A:
    __reversed__ = T
a = A()
reversed(a)
# --- special length_hint
class A:
    def __iter__(self):
        return iter([])
    __length_hint__ = T
a = A()
list(a)
# --- special divmod
class A:
    __divmod__ = T
a = A()
divmod(a, 3)
# --- special matmul
class A:
    __matmul__ = T
a = A()
a @ 3
# --- special bytes
class A:
    __bytes__ = T
a = A()
bytes(a)
# --- special complex
class A:
    __complex__ = T
a = A()
complex(a)
# --- special trunc
class A:
    __trunc__ = T
a = A()
import math
math.trunc(a)
# --- special dir
class A:
    __dir__ = T
a = A()
dir(a)
# --- special copy
class A:
    __copy__ = T
a = A()
import copy
copy.copy(a)
# --- special deepcopy
class A:
    __deepcopy__ = T
a = A()
import copy
copy.deepcopy(a)
# --- special del
class A:
    __del__ = T
a = A()
del a
# --- special missing
class D(dict):
    __missing__ = T
D()[3]
# --- special class_getitem
class A:
    __class_getitem__ = T
A[3]
# --- special init
class A:
    __init__ = T
A(3)
# --- special new
class A:
    __new__ = T
A(3)
# --- special init_subclass
class A:
    __init_subclass__ = T
class B(A):
    pass
# --- special get
class A:
    __get__ = T
a = A()
class B:
    x = A()
B().x
# --- special set
class A:
    def __get__(self, o, k):
        return 1
    __set__ = T
class B:
    x = A()
B().x = 3
# --- special delete
class A:
    def __get__(self, o, k):
        return 1
    __delete__ = T
class B:
    x = A()
del B().x
# --- special set_name
class A:
    __set_name__ = T
a = A()
class B:
    x = A()
# --- special post_init
class A:
    __post_init__ = T
a = A()
from dataclasses import dataclass
@dataclass
class P:
    x: int = 1
    __post_init__ = T
P()
# --- special exit
class A:
    __exit__ = T
a = A()
class B:
    def __enter__(self):
        return 1
    __exit__ = T
with B():
    pass
# --- special await
class A:
    __await__ = T
a = A()
import asyncio
async def f():
    await a
asyncio.run(f())
# --- special aiter
class A:
    __aiter__ = T
a = A()
import asyncio
async def f():
    async for x in a:
        pass
asyncio.run(f())
# --- special anext
class A:
    __anext__ = T
a = A()
import asyncio
class B:
    def __aiter__(self):
        return self
    __anext__ = T
async def f():
    async for x in B():
        pass
asyncio.run(f())
# --- special aenter
class A:
    __aenter__ = T
a = A()
import asyncio
class B:
    __aenter__ = T
    async def __aexit__(self, *a):
        pass
async def f():
    async with B():
        pass
asyncio.run(f())
# --- special aexit
class A:
    __aexit__ = T
a = A()
import asyncio
class B:
    async def __aenter__(self):
        pass
    __aexit__ = T
async def f():
    async with B():
        pass
asyncio.run(f())
# --- special mod
class A:
    __mod__ = T
a = A()
a % 3
# --- special floor
class A:
    __floor__ = T
a = A()
import math
math.floor(a)
# --- special invert
class A:
    __invert__ = T
a = A()
~a
# --- special ne
class A:
    __ne__ = T
a = A()
a != 3
# --- special call set later
class A:
    pass
A.__call__ = T
A()(3)
# --- special call staticmethod
class A:
    __call__ = staticmethod(T)
A()(3)
# --- special call classmethod
class A:
    __call__ = classmethod(T)
A()(3)
# --- special call property
class A:
    @property
    def __call__(self):
        return T
A()(3)
# --- special call property of type
class A:
    __call__ = property(T)
A()(3)
# --- special call descriptor
class D:
    def __get__(self, o, k):
        return T
class A:
    __call__ = D()
A()(3)
# --- special len descriptor
class D:
    def __get__(self, o, k):
        return T
class A:
    __len__ = D()
len(A())
# --- special len property
class A:
    @property
    def __len__(self):
        return T
len(A())
# --- special call cached_property
import functools
class A:
    __call__ = functools.cached_property(lambda self: T)
A()(3)
# --- special call partialmethod
import functools
class A:
    __call__ = functools.partialmethod(T, 3)
A()()
# --- special call alias
import types
class A:
    __call__ = types.GenericAlias(T, int)
A()(3)
# --- special call object
class B:
    __call__ = T
class A:
    __call__ = B()
A()(3)
# --- special call read
class A:
    __call__ = T
A().__call__(3)
# --- special call read class
class A:
    __call__ = T
A.__call__(3)
# --- special call in base
class A:
    __call__ = T
class B(A):
    pass
B()(3)
# --- special call super
class A:
    __call__ = T
class B(A):
    def __call__(self, x):
        return super().__call__(x)
B()(3)
# --- special init super
class A:
    __init__ = T
class B(A):
    def __init__(self, x):
        super().__init__(x)
B(3)
# --- special eq super
class A:
    __eq__ = T
class B(A):
    def __eq__(self, x):
        return super().__eq__(x)
B() == 3
# --- metaclass call
class M(type):
    __call__ = T
class A(metaclass=M):
    pass
A(3)
# --- metaclass new
class M(type):
    __new__ = T
class A(metaclass=M):
    pass
# --- metaclass iter
class M(type):
    __iter__ = T
class A(metaclass=M):
    pass
iter(A)
# --- metaclass attribute
class M(type):
    k = T
class A(metaclass=M):
    pass
A.k(3)
# --- new of an iterable class
class M(type):
    def __iter__(cls):
        return iter([3])
class A(metaclass=M):
    __new__ = T
A(3)
# --- type call
type.__call__(T, 3)
# --- metaclass super call
class M(type):
    def __call__(cls, *a):
        return type.__call__(T, 3)
class A(metaclass=M):
    pass
A()
