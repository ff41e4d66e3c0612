# --- a class derived from dict with missing keys
class Squares(dict):
    def __missing__(self, key):
        self[key] = key * key
        return self[key]
s = Squares()
[s[3], s[4], s, s.get(9), 9 in s, list(s.items()), type(s).__name__]
# --- a class derived from Counter
from collections import Counter
class Bag(Counter):
    def top(self):
        return self.most_common(1)[0][0]
    def __missing__(self, key):
        return -1
b = Bag("aab")
b["c"] = 5
b.update("bbb")
[b.top(), b["zz"], b["b"], sorted(b.elements()), len(b), type(b).__name__, isinstance(b, Counter), isinstance(b, dict), repr(b)]
# --- a class derived from OrderedDict
from collections import OrderedDict
class LRU(OrderedDict):
    def __init__(self, size):
        super().__init__()
        self.size = size
    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        self.move_to_end(key)
        if len(self) > self.size:
            self.popitem(last=False)
    def __getitem__(self, key):
        value = super().__getitem__(key)
        self.move_to_end(key)
        return value
c = LRU(2)
c["a"], c["b"] = 1, 2
c["a"]
c["c"] = 3
[list(c), c.size, "b" in c]
# --- a class derived from defaultdict
from collections import defaultdict
class Graph(defaultdict):
    def __init__(self):
        super().__init__(set)
    def connect(self, a, b):
        self[a].add(b)
        self[b].add(a)
g = Graph()
g.connect(1, 2)
g.connect(1, 3)
[sorted(g[1]), sorted(g), g.default_factory is set]
# --- a class derived from deque
from collections import deque
class Window(deque):
    def mean(self):
        return sum(self) / len(self)
w = Window([1, 2, 3], maxlen=2)
w.append(7)
[w.mean(), list(w), w.maxlen, type(w).__name__, repr(w)]
# --- UserDict
from collections import UserDict
class Lower(UserDict):
    def __setitem__(self, key, value):
        super().__setitem__(key.lower(), value)
    def __getitem__(self, key):
        return super().__getitem__(key.lower())
    def __contains__(self, key):
        return key.lower() in self.data
d = Lower({"A": 1}, B=2)
d.update(C=3)
d["D"] = 4
print(d, d["a"], "B" in d, len(d), sorted(d), d.get("zz", 0), d.pop("c"), dict(d), d.data, list(d.values()), sorted(d.items()), d == {"a": 1, "b": 2, "d": 4})
d["nope"]
# --- UserDict by itself
from collections import UserDict
d = UserDict(a=1)
e = d.copy()
e["b"] = 2
[repr(d), repr(e), repr(d | {"z": 0}), d.setdefault("q", 5), repr(UserDict.fromkeys("ab", 0)), d == e, bool(UserDict()), d.popitem()]
# --- UserDict with missing keys
from collections import UserDict
class D(UserDict):
    def __missing__(self, key):
        return f"no {key}"
D()["x"]
# --- UserList
from collections import UserList
class Stack(UserList):
    def push(self, x):
        self.append(x)
        return self
    def peek(self):
        return self.data[-1]
s = Stack([1]).push(2).push(3)
s.extend([5, 4])
s.sort(key=lambda x: -x)
print(s, len(s), s[0], s[1:3], s.peek(), s.pop(), s + [9], 3 in s, s == [5, 3, 2, 1], list(reversed(s)), s.index(3), s.count(5), s * 2, type(s[:1]).__name__)
s[99]
# --- default_factory and maps can be assigned
from collections import ChainMap, defaultdict
d = defaultdict(int)
d["a"] += 1
d.default_factory = None
m = ChainMap({"a": 1})
m.maps = [{"b": 2}]
print(d, dict(m))
d["b"]
