# --- list basics
a = [1, 2, 3]
[a, a[0], a[-1], a[1:], len(a), a + [4], a * 2, [] == [], 2 in a, a[::-1]]
# --- list mutation methods
a = [3, 1]
a.append(2)
a.extend([5, 4])
a.insert(0, 9)
a.insert(100, 8)
p = a.pop()
q = a.pop(0)
a.remove(5)
a.sort()
b = a.copy()
a.reverse()
[a, b, p, q, a.index(2), a.count(1)]
# --- list sort options
a = ["bb", "a", "ccc"]
a.sort(key=len, reverse=True)
b = sorted([3, 1, 2], key=lambda x: -x)
[a, b, sorted({"b": 1, "a": 2}), sorted([(1, "b"), (0, "z"), (1, "a")])]
# --- list sort is stable
sorted([(1, "b"), (0, "z"), (1, "a"), (0, "y")], key=lambda t: t[0])
# --- list clear
a = [1]
a.clear()
a
# --- list index error
[1, 2][2]
# --- list assignment index error
a = [1]
a[3] = 2
# --- list pop from empty
[].pop()
# --- list pop index error
[1].pop(5)
# --- list remove missing
[1].remove(2)
# --- list index missing
[1].index(2)
# --- list index of wrong type
[1]["a"]
# --- list indices as floats
[1][1.0]
# --- list concatenation error
[1] + (2,)
# --- list slice assignment
a = [0, 1, 2, 3, 4]
a[1:3] = ["x", "y", "z"]
a[::2] = [7, 7, 7]
del a[0]
del a[1:3]
a
# --- list slice assignment size error
a = [1, 2, 3]
a[::2] = [1]
# --- list delete error
a = []
del a[0]
# --- nested list aliasing
a = [[0] * 2] * 2
a[0][0] = 5
a
# --- self containing list
a = [1]
a.append(a)
str(a)
# --- list sort of mixed types
sorted([1, "a"])
# --- list multiplication error
[1] * "a"
# --- tuple basics
t = (1, "a", 2.5)
[t, t[1], t[-1], t[1:], len(t), t + (4,), t * 2, (), (1,), t.index("a"), t.count(1), 1 in t, tuple("ab"), (1, 2) < (1, 3)]
# --- tuple item assignment
t = (1,)
t[0] = 2
# --- tuple index missing
(1, 2).index(3)
# --- tuple as key
d = {(1, 2): "a"}
d[1, 2]
# --- dict basics
d = {"a": 1, "b": 2}
d["c"] = 3
[d, d["a"], len(d), "a" in d, list(d), d.get("z"), d.get("z", 0), dict(x=1), dict([("k", "v")]), {}, dict({"a": 1}, b=2)]
# --- dict methods
d = {"a": 1, "b": 2, "c": 3}
p = d.pop("a")
q = d.pop("zz", None)
r = d.popitem()
s = d.setdefault("n", [])
s.append(1)
d.update({"b": 5}, k=6)
e = d.copy()
d.clear()
[p, q, r, e, d, dict.fromkeys("ab", 0), dict.fromkeys([1])]
# --- dict views
d = {"a": 1, "b": 2}
k, v, i = d.keys(), d.values(), d.items()
d["c"] = 3
[list(k), list(v), list(i), len(k), "a" in k, ("a", 1) in i, 3 in v, [x for x in reversed(d)], list(reversed(list(d.items())))]
# --- dict views as sets
a, b = {"x": 1, "y": 2}, {"y": 2, "z": 3}
[sorted(a.keys() & b.keys()), sorted(a.keys() | b.keys()), sorted(a.keys() - b.keys()), sorted(a.keys() ^ b.keys()),
 sorted(a.items() & b.items()), a.keys() == {"x", "y"}, a.keys() <= {"x", "y", "z"}, a.keys().isdisjoint(["q"])]
# --- dict view representation
d = {"a": 1}
[str(d.keys()), str(d.values()), str(d.items())]
# --- dict merge operators
a, b = {"x": 1}, {"x": 2, "y": 3}
c = a | b
a |= b
[c, a, {**a, "z": 1, **{"x": 9}}]
# --- dict merge with a wrong type
{} | []
# --- dict key error
{"a": 1}["b"]
# --- dict integer key error
{}[1]
# --- dict delete
d = {"a": 1, "b": 2}
del d["a"]
d
# --- dict delete missing
d = {}
del d["a"]
# --- dict pop missing
{}.pop("a")
# --- dict popitem empty
{}.popitem()
# --- dict unhashable key
{[]: 1}
# --- dict unhashable lookup
{}[[]]
# --- dict from bad pairs
dict([1, 2])
# --- dict from bad pair length
dict([(1, 2, 3)])
# --- dict changed during iteration
d = {"a": 1}
for k in d:
    d["b"] = 2
# --- dict keeps insertion order
d = {"z": 1, "a": 2}
d["m"] = 3
d["z"] = 9
list(d.items())
# --- dict numeric keys unify
d = {1: "a", 1.0: "b", True: "c"}
d
# --- dict equality
[{"a": 1, "b": 2} == {"b": 2, "a": 1}, {} != [], {1: [2]} == {1: [2]}]
# --- dict comparison error
{} < {}
# --- star displays
a, d = [1, 2], {"k": 1}
[[*a, 3, *"ab"], (*a,), sorted({*a, 5}), {**d, "j": 2}]
# --- star display of a non iterable
[*5]
# --- double star display of a non mapping
{**5}
# --- slices of sequences
s = slice(1, 3)
[[0, 1, 2, 3][s], "abcd"[s], (0, 1, 2, 3)[s], s.start, s.stop, s.step, str(s)]
# --- slice with zero step
[1][::0]
# --- slice with a wrong type
[1]["a":]
# --- subscript of a number
x = 5
x[0]
# --- subscript of none
None[0]
# --- item assignment of a number
x = 5
x[0] = 1
# --- item deletion of a tuple
t = (1,)
del t[0]
# --- attribute of none
None.foo
# --- method of none
None.foo()
# --- method of a list
[].push(1)
# --- ranges
r = range(2, 10, 3)
[list(r), len(r), r[1], r[-1], 5 in r, r.index(5), r.count(8), r.start, r.stop, r.step, r == range(2, 11, 3), list(reversed(r)),
 list(range(5, 0, -2)), str(range(3)), list(r[1:]), bool(range(0))]
# --- range with zero step
range(1, 2, 0)
# --- range of float
range(1.5)
# --- range index error
range(3)[3]
# --- bytes basics
b = "abc".encode()
[len(b), b[0], b[1:] == "bc".encode(), b.decode(), b + b == "abcabc".encode(), b.hex(), list(b)]
