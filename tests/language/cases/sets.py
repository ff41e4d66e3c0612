# --- set basics
s = {3, 1, 2, 1}
[len(s), sorted(s), 1 in s, 5 in s, bool(set()), s == {1, 2, 3}, sorted(set("hello")), {1} != {2}]
# --- set operators
a, b = {1, 2, 3}, {2, 3, 4}
[sorted(a | b), sorted(a & b), sorted(a - b), sorted(a ^ b), a <= b, {1} < a, a >= {1}, a > a, a.isdisjoint({9})]
# --- set methods
s = {1, 2}
s.add(3)
s.discard(9)
s.remove(1)
s.update([7, 8], {9})
t = s.copy()
t.clear()
[sorted(s), t == set(), sorted(s.union([1], (2,))), sorted(s.intersection([2, 3])), sorted(s.difference([2])),
 sorted(s.symmetric_difference([2, 100])), s.issubset(range(20)), s.issuperset([2])]
# --- set update methods
s = {1, 2, 3, 4}
s.intersection_update([1, 2, 3])
s.difference_update([1])
s.symmetric_difference_update([3, 9])
sorted(s)
# --- set augmented operators
s = {1, 2, 3}
t = s
s |= {4}
s &= {1, 2, 4}
s -= {1}
s ^= {7}
[sorted(s), s is t]
# --- set pop
s = {5}
[s.pop(), len(s)]
# --- set pop from empty
set().pop()
# --- set remove missing
{1}.remove(2)
# --- set of unhashable
{[]}
# --- set add of unhashable
s = set()
s.add({})
# --- set operator with a list
{1} | [2]
# --- set augmented operator with a list
s = {1}
s |= [2]
# --- set minus dict
{1} - {}
# --- set or dict
{1} | {}
# --- dict or set
{} | {1}
# --- set is not subscriptable
s = {1}
s[0]
# --- set item assignment
s = {1}
s[0] = 1
# --- set as mapping
{**{1}}
# --- set as dict argument
dict({1})
# --- set compared with a list
{1} < [1]
# --- set equality with other types
[{1} == [1], {1} == {1: None}, {1: None} == {1}, set() == {}, {1} != {1: None}]
# --- set has no keys
{1}.keys()
# --- set get
{1}.get(1)
# --- set is unhashable
{{1}: 2}
# --- set is not a dict
[isinstance({1}, dict), isinstance({1}, set), isinstance(frozenset(), set), isinstance({}, set), type({1}) is set, type({1}) == dict]
# --- set representation
[str(set()), str({1}), repr(frozenset()), repr(frozenset([1])), f"{ {2} }", str(type({1}))]
# --- set truth and length
[bool({0}), not set(), len({1, 1.0, True})]
# --- set wrong argument count
{1}.add(1, 2)
# --- set constructor errors
set(5)
# --- set constructor argument count
set([1], [2])
# --- set add method as a value
s = set()
add = s.add
add(1)
add(2)
sorted(s)
# --- frozenset
f = frozenset([1, 2])
[f == {1, 2}, {f: "x"}[frozenset([2, 1])], sorted(f | {3}), type(f | {3}) is frozenset, type({3} | f) is set, f.copy() is f, len(f)]
# --- frozenset has no add
frozenset().add(1)
# --- set of tuples
sorted({(1, 2), (1, 2), (0, 5)})
# --- set in json
import json
json.dumps({"a": {1}})
# --- empty set in json
import json
json.dumps([set()])
# --- set comprehension
sorted({x % 3 for x in range(10)})
# --- set is not reversible
reversed({1})
# --- sum and max of a set
[sum({1, 2, 3}), max({1, 5}), min({4, 2}), any({0}), all({1}), sorted(enumerate({7})), list(zip({1}, {2}))]
