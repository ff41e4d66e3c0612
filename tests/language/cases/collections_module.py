# --- Counter
from collections import Counter
c = Counter("abracadabra")
[c, c["a"], c["z"], c.most_common(2), c.most_common(), sorted(c.elements()), c.total(), len(c), "a" in c, sum(c.values())]
# --- Counter arithmetic
from collections import Counter
a, b = Counter(x=3, y=1), Counter(x=1, y=2, z=1)
print(a + b, a - b, a & b, a | b, +Counter(p=-1, q=2), -Counter(p=-1, q=2))
print(repr(a + b), a == b, a <= b, Counter(x=1) <= a)
# --- Counter changes
from collections import Counter
c = Counter()
c["k"] += 1
c.update("kkj")
c.update({"j": 5})
c.update(m=2)
c.subtract("kk")
c.subtract({"m": 1})
del c["nothing"]
before = dict(c)
c += Counter(j=1)
c -= Counter(k=9)
[before, c, Counter([1, 1]) == Counter({1: 2}), Counter({1, 2}), Counter(range(3)), c.copy() == c]
# --- Counter of a set in another
from collections import Counter
c = Counter("ab")
c.update({"b", "c"})
c.subtract({"a"})
[c["a"], c["b"], c["c"], list(c), sorted(c.keys()), sorted(c.items())]
# --- Counter of a number
from collections import Counter
Counter(5)
# --- Counter with two arguments
from collections import Counter
Counter([], [])
# --- Counter.fromkeys
from collections import Counter
Counter.fromkeys("ab")
# --- word frequencies
from collections import Counter
text = "the cat and the dog and the bird"
print(Counter(text.split()).most_common(2))
for word, n in Counter(text.split()).most_common():
    print(f"{word:>5} {'*' * n}")
print(Counter(len(w) for w in text.split()))
# --- defaultdict
from collections import defaultdict
d = defaultdict(list)
for k, v in [("a", 1), ("b", 2), ("a", 3)]:
    d[k].append(v)
n = defaultdict(int)
for ch in "mississippi":
    n[ch] += 1
[d, dict(d), n["z"], sorted(n.items()), d.get("q"), "q" in d, repr(d), list(d.keys()), d.default_factory is list]
# --- defaultdict of functions and sets
from collections import defaultdict
tree = lambda: defaultdict(tree)
t = tree()
t["a"]["b"]["c"] = 1
g = defaultdict(set)
g[1].add(2)
g[1].add(2)
k = defaultdict(lambda: "none", {"x": 1}, y=2)
[t["a"]["b"]["c"], dict(g), k["zz"], len(k), defaultdict(str)["a"], defaultdict(tuple)[0]]
# --- defaultdict without a factory
from collections import defaultdict
defaultdict(None, {"a": 1})["b"]
# --- defaultdict whose factory fails
from collections import defaultdict
def f():
    raise ValueError("no default")
defaultdict(f)[1]
# --- defaultdict of what cannot be called
from collections import defaultdict
defaultdict(5)
# --- defaultdict copies and merges
from collections import defaultdict
d = defaultdict(int, a=1)
e = d.copy()
e["b"] += 2
[d, e, d | {"c": 3}, e.pop("b"), e.setdefault("q", 9), e.popitem(), isinstance(e, dict), type(e) is defaultdict]
# --- OrderedDict
from collections import OrderedDict
d = OrderedDict([("a", 1), ("b", 2), ("c", 3)])
d.move_to_end("a")
d.move_to_end("c", last=False)
[d, list(d), d.popitem(), d.popitem(last=False), d == {"b": 2}, OrderedDict(a=1, b=2) == OrderedDict(b=2, a=1), list(reversed(OrderedDict(x=1, y=2)))]
# --- OrderedDict in text
from collections import OrderedDict
d = OrderedDict(a=1)
print(d, OrderedDict(), d.keys(), d.values(), d.items(), d | {"b": 2})
print(d.keys() & {"a", "b"}, d.keys() == {"a"}, sorted(d.items() | {("z", 1)}))
# --- OrderedDict moves what is missing
from collections import OrderedDict
OrderedDict().move_to_end("x")
# --- an LRU cache by hand
from collections import OrderedDict
def make(n):
    store = OrderedDict()
    def get(key):
        if key not in store:
            return -1
        store.move_to_end(key)
        return store[key]
    def put(key, value):
        store[key] = value
        store.move_to_end(key)
        if len(store) > n:
            store.popitem(last=False)
    return get, put
get, put = make(2)
put(1, "a"), put(2, "b")
get(1)
put(3, "c")
[get(1), get(2), get(3)]
# --- deque
from collections import deque
d = deque([1, 2, 3])
d.append(4)
d.appendleft(0)
d.extend([5, 6])
d.extendleft([-1, -2])
popped = [d.pop(), d.popleft()]
d.rotate(2)
first = list(d)
d.rotate(-1)
d.remove(3)
d.insert(1, "x")
d.reverse()
[popped, first, list(d), len(d), d[0], d[-1], d.count("x"), d.index("x"), 4 in d, list(reversed(d))]
# --- deque with a bound
from collections import deque
d = deque(maxlen=3)
for i in range(5):
    d.append(i)
e = deque("abc", 2)
[str(d), d.maxlen, str(e), e.maxlen, deque([1]).maxlen, repr(d), str(d.copy()), str(d + e), str(d * 2), deque([1, 2]) == deque([1, 2]), deque([1]) < deque([2])]
# --- deque is empty
from collections import deque
deque().popleft()
# --- deque index out of range
from collections import deque
deque([1])[3]
# --- deque is full
from collections import deque
deque([1], maxlen=1).insert(0, 2)
# --- deque grows in its loop
from collections import deque
d = deque([1, 2])
for x in d:
    d.append(x)
# --- deque of a number
from collections import deque
deque(5)
# --- deque removes what is missing
from collections import deque
deque([1, 2]).remove(3)
# --- deque index of what is missing
from collections import deque
deque([1, 2]).index("q")
# --- deque with a negative bound
from collections import deque
deque([], -1)
# --- deque is not hashable
from collections import deque
{deque(): 1}
# --- breadth first search
from collections import defaultdict, deque
graph = defaultdict(list)
for a, b in [(1, 2), (1, 3), (2, 4), (3, 4), (4, 5)]:
    graph[a].append(b)
seen, order, queue = {1}, [], deque([1])
while queue:
    node = queue.popleft()
    order.append(node)
    for n in graph[node]:
        if n not in seen:
            seen.add(n)
            queue.append(n)
order
# --- ChainMap
from collections import ChainMap
defaults, user = {"color": "red", "size": 1}, {"size": 5}
c = ChainMap(user, defaults)
child = c.new_child({"extra": 0})
c["new"] = 1
[c["size"], c["color"], c.get("zz", 0), sorted(c), len(c), "color" in c, user, child["extra"], child.parents["size"], c.maps[1]["color"], dict(c), sorted(c.items()), bool(c)]
# --- ChainMap in text
from collections import ChainMap
c = ChainMap({"a": 1}, {"b": 2})
print(c, c.keys(), list(c.values()), c.pop("a"), c | {"z": 1})
# --- ChainMap without the key
from collections import ChainMap
ChainMap({}, {"a": 1})["x"]
# --- ChainMap deletes only in its first
from collections import ChainMap
c = ChainMap({}, {"a": 1})
del c["a"]
# --- types of containers
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
print(Counter, defaultdict, OrderedDict, deque, type(Counter()), type(deque()) is deque, isinstance(Counter(), dict), isinstance(deque(), list), issubclass(OrderedDict, dict))
# --- containers spread into displays and calls
from collections import Counter, OrderedDict, deque
def f(**kw):
    return kw
[{**Counter("aab"), "z": 1}, [*deque([1, 2])], f(**OrderedDict(a=1)), dict(Counter("ab")), {**OrderedDict(b=2)}]
# --- iterating over a counter while it changes
from collections import Counter
c = Counter("ab")
for k in c:
    c[k + "x"] = 1
# --- containers with generators
from collections import Counter, OrderedDict, deque
[Counter(x % 3 for x in range(10)), str(deque((x for x in range(5)), maxlen=2)), OrderedDict((k, 1) for k in "ab")]
