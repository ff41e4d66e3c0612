# --- map
list(map(t, [3]))
# --- map two
list(map(t, [3], [4]))
# --- map held
list([map][0](t, [3]))
# --- filter
import logging
l = logging.getLogger('a')
l.addFilter(t)
l.warning('x')
# --- filter held
list([filter][0](t, [3]))
# --- sorted
sorted([3, 1], key=t)
# --- sorted held
[sorted][0]([3, 1], key=t)
# --- list.sort
x = [3, 1]
x.sort(key=t)
# --- list.sort unbound
list.sort([3, 1], key=t)
# --- sort held
f = [3, 1].sort
f(key=t)
# --- min
min([3, 1], key=t)
# --- max
max([3, 1], key=t)
# --- min args
min(3, 1, key=t)
# --- max args
max(3, 1, key=t)
# --- max held
[max][0](3, 1, key=t)
# --- iter
next(iter(t, 5))
# --- iter held
next([iter][0](t, 5))
# --- kwargs sorted
sorted([3, 1], **{'key': t})
# --- star map
list(map(*[t, [3]]))
# --- list subclass sort
class L(list):
    pass
L([3, 1]).sort(key=t)
# --- print file
class F:
    write = T
print(3, file=F())
# --- print file instance
class F:
    def __init__(self):
        self.write = t
print(3, file=F())
# --- print flush
class F:
    def write(self, x):
        pass
    flush = T
print(3, file=F(), flush=True)
# --- super
super(T, T(3)).__init__()
# --- getattr
class A:
    k = T
getattr(A(), 'k')(3)
# --- next default
next(iter([]), t)(3)
# --- format_map missing
class D(dict):
    __missing__ = T
'{a}'.format_map(D())
# --- translate
class D(dict):
    __missing__ = T
'abc'.translate(D())
# --- dict from keys()
class A:
    keys = T
    def __getitem__(self, k):
        return 1
dict(A())
# --- star star keys
class A:
    keys = T
    def __getitem__(self, k):
        return 1
def f(**k):
    pass
f(**A())
# --- dict update keys
class A:
    keys = T
    def __getitem__(self, k):
        return 1
{}.update(A())
# --- partial
import functools
functools.partial(t, 3)()
# --- partial held
import functools
[functools.partial][0](t, 3)()
# --- partial star
import functools
functools.partial(*[t, 3])()
# --- partial func
import functools
functools.partial(t, 3).func(4)
# --- partial of partial
import functools
functools.partial(functools.partial(t), 3)()
# --- partial alias
import functools
functools.partial[int](t, 3)()
# --- reduce
import functools
functools.reduce(t, [3, 1])
# --- reduce held
import functools
[functools.reduce][0](t, [3, 1])
# --- cmp_to_key
import functools
sorted([3, 1], key=functools.cmp_to_key(t))
# --- cmp_to_key held
import functools
k = functools.cmp_to_key(t)
k(3) < k(4)
# --- lru_cache
import functools
functools.lru_cache(t)(3)
# --- lru_cache call
import functools
functools.lru_cache()(t)(3)
# --- lru_cache maxsize
import functools
functools.lru_cache(maxsize=None)(t)(3)
# --- lru_cache held
import functools
[functools.lru_cache][0](5)(t)(3)
# --- cache
import functools
functools.cache(t)(3)
# --- lru_cache wrapped
import functools
functools.lru_cache(t).__wrapped__(3)
# --- lru_cache method
import functools
class A:
    k = functools.lru_cache(t)
A().k()
# --- singledispatch
import functools
functools.singledispatch(t)(3)
# --- singledispatch register
import functools
@functools.singledispatch
def f(x):
    pass
f.register(int, t)
f(3)
# --- singledispatch register decorator
import functools
@functools.singledispatch
def f(x):
    pass
f.register(int)(t)
f(3)
# --- singledispatch dispatch
import functools
functools.singledispatch(t).dispatch(int)(3)
# --- singledispatch registry
import functools
functools.singledispatch(t).registry[object](3)
# --- singledispatchmethod register
import functools
class A:
    @functools.singledispatchmethod
    def k(self, x):
        pass
    k.register(int, t)
try:
    A().k(3)
finally:
    t(3)
# --- wraps
import functools
functools.wraps(t)(lambda: 1).__wrapped__(3)
# --- total_ordering
import functools
@functools.total_ordering
class A:
    __lt__ = T
    def __eq__(self, o):
        return False
A() > A()
# --- total_ordering ge
import functools
@functools.total_ordering
class A:
    __lt__ = T
    __eq__ = T
A() >= A()
# --- accumulate
import itertools
list(itertools.accumulate([3, 1], t))
# --- accumulate func
import itertools
list(itertools.accumulate([3, 1], func=t))
# --- groupby
import itertools
list(itertools.groupby([3], t))
# --- groupby key
import itertools
list(itertools.groupby([3], key=t))
# --- starmap
import itertools
list(itertools.starmap(t, [(3,)]))
# --- filterfalse
import itertools
list(itertools.filterfalse(t, [3]))
# --- takewhile
import itertools
list(itertools.takewhile(t, [3]))
# --- dropwhile
import itertools
list(itertools.dropwhile(t, [3]))
# --- starmap held
import itertools
list([itertools.starmap][0](t, [(3,)]))
# --- groupby held
import itertools
list([itertools.groupby][0]([3], t))
# --- chain
import itertools
list(itertools.chain.from_iterable([[t]]))[0](3)
# --- operator.call
import operator
operator.call(t, 3)
# --- operator.call held
import operator
[operator.call][0](t, 3)
# --- methodcaller
import operator
class A:
    k = T
operator.methodcaller('k', 3)(A())
# --- methodcaller table
import operator
class A:
    append = T
operator.methodcaller('append', 3)(A())
# --- methodcaller module
import operator, decimal
operator.methodcaller('Context', 3)(decimal)
# --- attrgetter
import operator
class A:
    k = T
operator.attrgetter('k')(A())(3)
# --- itemgetter
import operator
operator.itemgetter(0)([t])(3)
