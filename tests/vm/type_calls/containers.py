# --- defaultdict
from collections import defaultdict
defaultdict(t)[3]
# --- defaultdict held
from collections import defaultdict
[defaultdict][0](t)[3]
# --- defaultdict factory
from collections import defaultdict
d = defaultdict(t)
d.default_factory(3)
# --- defaultdict set factory
from collections import defaultdict
d = defaultdict()
d.default_factory = t
d[3]
# --- defaultdict alias
from collections import defaultdict
defaultdict[int, int](t)[3]
# --- defaultdict subclass
from collections import defaultdict
class D(defaultdict):
    pass
D(t)[3]
# --- defaultdict subclass super
from collections import defaultdict
class D(defaultdict):
    def __init__(self):
        super().__init__(t)
D()[3]
# --- defaultdict copy
from collections import defaultdict
defaultdict(t).copy()[3]
# --- defaultdict or
from collections import defaultdict
(defaultdict(t) | {})[3]
# --- defaultdict update
import copy
from collections import defaultdict
copy.deepcopy(defaultdict(t))[3]
# --- ChainMap new_child
from collections import ChainMap
ChainMap({'a': t})['a'](3)
# --- Counter
from collections import Counter
class C(Counter):
    __missing__ = T
C()[3]
# --- UserList sort
from collections import UserList
UserList([3, 1]).sort(key=t)
# --- UserList data
from collections import UserList
u = UserList()
u.data = t
u.data(3)
# --- UserDict missing
from collections import UserDict
class D(UserDict):
    __missing__ = T
D()[3]
# --- UserDict get
from collections import UserDict
class D(UserDict):
    __getitem__ = T
D({3: 4}).get(3)
# --- OrderedDict missing
from collections import OrderedDict
class D(OrderedDict):
    __missing__ = T
D()[3]
# --- namedtuple make
from collections import namedtuple
P = namedtuple('P', 'k')
P._make([t]).k(3)
# --- namedtuple replace
from collections import namedtuple
P = namedtuple('P', 'k')
P(1)._replace(k=t).k(3)
# --- namedtuple defaults
from collections import namedtuple
P = namedtuple('P', 'k', defaults=[t])
P().k(3)
# --- namedtuple asdict
from collections import namedtuple
P = namedtuple('P', 'k')
P(t)._asdict()['k'](3)
# --- MutableSequence index
from collections.abc import MutableSequence
class S(MutableSequence):
    def __getitem__(self, i): return 1
    def __setitem__(self, i, v): pass
    def __delitem__(self, i): pass
    def __len__(self): return 1
    def insert(self, i, v): pass
    index = T
S().remove(3)
# --- MutableSequence insert
from collections.abc import MutableSequence
class S(MutableSequence):
    def __getitem__(self, i): return 1
    def __setitem__(self, i, v): pass
    def __delitem__(self, i): pass
    def __len__(self): return 1
    insert = T
S().append(3)
# --- MutableSequence extend
from collections.abc import MutableSequence
class S(MutableSequence):
    def __getitem__(self, i): return 1
    def __setitem__(self, i, v): pass
    def __delitem__(self, i): pass
    def __len__(self): return 1
    def insert(self, i, v): pass
    extend = T
s = S()
s += [3]
# --- MutableSequence pop
from collections.abc import MutableSequence
class S(MutableSequence):
    def __getitem__(self, i): return 1
    def __setitem__(self, i, v): pass
    def __delitem__(self, i): pass
    def __len__(self): return 1
    def insert(self, i, v): pass
    def pop(self):
        T(3)
        raise IndexError
S().clear()
# --- MutableSequence pop type
from collections.abc import MutableSequence
n = [0]
class E(list):
    pass
class S(MutableSequence):
    def __getitem__(self, i): return 1
    def __setitem__(self, i, v): pass
    def __delitem__(self, i): pass
    def __len__(self): return 1
    def insert(self, i, v): pass
    @property
    def pop(self):
        n[0] += 1
        if n[0] > 3:
            raise IndexError
        return T
S().clear()
# --- Set from_iterable
from collections.abc import Set
class S(Set):
    def __iter__(self): return iter([1])
    def __contains__(self, x): return True
    def __len__(self): return 1
    _from_iterable = T
S() & S()
# --- MutableSet add
from collections.abc import MutableSet
class S(MutableSet):
    def __iter__(self): return iter([1])
    def __contains__(self, x): return True
    def __len__(self): return 1
    add = T
    discard = T
s = S()
s |= [3]
# --- MutableSet discard
from collections.abc import MutableSet
class S(MutableSet):
    def __iter__(self): return iter([1])
    def __contains__(self, x): return True
    def __len__(self): return 1
    add = T
    discard = T
s = S()
s -= [3]
s.remove(3)
s.pop()
s ^= [3]
# --- Mapping get
from collections.abc import Mapping
class S(Mapping):
    def __iter__(self): return iter([1])
    def __len__(self): return 1
    __getitem__ = T
S().get(3)
S().items()
list(S().values())
# --- Mapping keys
from collections.abc import Mapping
class S(Mapping):
    def __iter__(self): return iter([1])
    def __len__(self): return 1
    def __getitem__(self, x): return 1
    keys = T
dict(S())
# --- MutableMapping pop
from collections.abc import MutableMapping
class S(MutableMapping):
    def __iter__(self): return iter([1])
    def __len__(self): return 1
    def __getitem__(self, x): return 1
    __setitem__ = T
    __delitem__ = T
S().pop(3)
S().update(a=1)
S().setdefault(3)
# --- MutableMapping popitem
from collections.abc import MutableMapping
n = [0]
class S(MutableMapping):
    def __iter__(self): return iter([1])
    def __len__(self): return 1
    def __getitem__(self, x): return 1
    def __setitem__(self, x, y): pass
    def __delitem__(self, x): pass
    @property
    def popitem(self):
        n[0] += 1
        if n[0] > 3:
            raise KeyError
        return T
S().clear()
# --- Iterator
from collections.abc import Iterator
class S(Iterator):
    __next__ = T
next(S())
# --- Sequence index
from collections.abc import Sequence
class S(Sequence):
    __getitem__ = T
    __len__ = T
S().count(3)
list(reversed(S()))
