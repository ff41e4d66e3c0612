# --- shallow copies
import copy
xs = [[1], {2: 3}, "s"]
ys = copy.copy(xs)
d = {"a": [1]}
e = copy.copy(d)
s = {1, 2}
t = copy.copy(s)
t.add(3)
e["b"] = 1
[ys == xs, ys is xs, ys[0] is xs[0], e, d, e["a"] is d["a"], s == {1, 2}, len(t), copy.copy((1, [2]))[1], copy.copy("a"), copy.copy(5), copy.copy(None), copy.copy(frozenset([1]))]
# --- deep copies
import copy
xs = [[1, 2], {"k": [3]}, (4, [5]), {6}]
ys = copy.deepcopy(xs)
ys[0].append(9)
ys[1]["k"].append(9)
ys[2][1].append(9)
ys[3].add(9)
[xs, len(ys[3]), ys[:3]]
# --- deep copies keep what is shared
import copy
a = [1]
xs = [a, a, (a, a)]
ys = copy.deepcopy(xs)
ys[0].append(2)
[ys, ys[0] is ys[1], ys[2][0] is ys[0], xs]
# --- deep copies of what contains itself
import copy
a = [1]
a.append(a)
b = copy.deepcopy(a)
d = {}
d["me"] = d
e = copy.deepcopy(d)
[b[1] is b, b is a, e["me"] is e, str(b)]
# --- a tuple of atoms is its own copy
import copy
t = (1, "a", (2.5, None))
u = (1, [2])
[copy.deepcopy(t) is t, copy.deepcopy(u) is u, copy.deepcopy(u) == u, copy.copy(u) is u]
# --- objects
import copy
class Node:
    def __init__(self, value, children=()):
        self.value = value
        self.children = list(children)
tree = Node(1, [Node(2), Node(3, [Node(4)])])
shallow, deep = copy.copy(tree), copy.deepcopy(tree)
deep.children[0].value = 99
shallow.value = 7
[tree.value, tree.children[0].value, shallow.children is tree.children, deep.children[0].value, type(deep) is Node, deep.children[1].children[0].value]
# --- objects with slots
import copy
class P:
    __slots__ = ("x", "y")
    def __init__(self, x):
        self.x = x
p = P([1])
q, r = copy.copy(p), copy.deepcopy(p)
r.x.append(2)
[q.x is p.x, p.x, r.x, hasattr(q, "y")]
# --- methods of one's own
import copy
class A:
    def __init__(self, n):
        self.n = n
    def __copy__(self):
        return A(self.n + 1)
    def __deepcopy__(self, memo):
        new = A(self.n * 10)
        memo[id(self)] = new
        new.inner = copy.deepcopy([self.n], memo)
        return new
a = A(3)
x = copy.deepcopy([a, a])
[copy.copy(a).n, x[0].n, x[0] is x[1], x[0].inner]
# --- containers of the library
import copy
from collections import Counter, OrderedDict, defaultdict, deque
d = deque([[1], [2]], maxlen=3)
g = defaultdict(list, a=[1])
e, h = copy.deepcopy(d), copy.deepcopy(g)
e[0].append(5)
h["a"].append(5)
h["new"].append(1)
print(d, e, copy.copy(d), g, h, copy.deepcopy(Counter("aab")), copy.deepcopy(OrderedDict(z=[1], a=2)))
# --- classes derived from builtin types
import copy
class L(list):
    def total(self):
        return sum(self)
class D(dict):
    pass
xs = L([1, 2])
xs.tag = ["t"]
ys, zs = copy.copy(xs), copy.deepcopy(xs)
zs.append(3)
zs.tag.append("u")
d = copy.deepcopy(D(a=[1]))
[ys.total(), zs.total(), xs.total(), xs.tag, ys.tag is xs.tag, type(ys) is L, type(d) is D, d["a"]]
# --- functions and classes are not copied
import copy
def f():
    return 1
class A:
    pass
[copy.copy(f) is f, copy.deepcopy(f) is f, copy.deepcopy(A) is A, copy.deepcopy([len, int])[1] is int, copy.copy(range(3)) == range(3), copy.deepcopy(...) is ...]
# --- exceptions
import copy
e = copy.copy(ValueError("a", [1]))
f = copy.deepcopy(KeyError([1]))
[type(e).__name__, e.args, f.args]
# --- named tuples
import copy
from collections import namedtuple
P = namedtuple("P", "x y")
p = P(1, [2])
q = copy.deepcopy(p)
q.y.append(3)
print(p, q, copy.copy(p) == p)
# --- generators cannot be copied
import copy
def g():
    yield 1
copy.copy(g())
# --- generators inside cannot be copied
import copy
copy.deepcopy([x for x in [(y for y in [1])]])
# --- modules cannot be copied
import copy
import math
copy.deepcopy(math)
# --- the module's error
import copy
try:
    raise copy.Error("no")
except Exception as e:
    r = [str(e), type(e).__name__]
r
# --- bytes and bytearrays
import copy
a = bytearray(b"ab")
b, c = copy.copy(a), copy.deepcopy(a)
b.append(99)
[str(a), str(b), str(c), copy.copy(b"x")]
# --- without arguments
import copy
copy.copy()
# --- state that the class hides
import copy
class A:
    def __init__(self):
        self.__secret = [1]
    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)
    def get(self):
        return self.__secret
a = A()
b = copy.deepcopy(a)
b.get().append(2)
[a.get(), b.get()]
