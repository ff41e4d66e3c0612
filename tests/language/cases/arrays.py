# --- make and show
from noodle_ray import array
print(array([1, 2, 3]), array([1.5, 2]), array([True, False]), array([[1, 2], [3, 4]]))
print(array([1, 2], "float32"), array([]), array([1.9, -1.9], dtype="int64"), array(range(4)), array((1, 2)))
print(array([1, 2], float), array([0, 2], bool), str(array([0.1], "float32")), f"{array([1])}")
# --- shape and dtype
from noodle_ray import array
a = array([[1, 2, 3], [4, 5, 6]])
[a.shape, a.dtype, a.ndim, a.size, len(a), a.T.shape, array([0.5]).shape, array([0.5]).dtype, array([True]).dtype]
# --- arithmetic
from noodle_ray import array
a, b = array([1, 2, 3]), array([4, 5, 6])
for x in (a + b, a - b, a * b, a / b, b // a, b % a, a ** 2, -a, +a, abs(-a)):
    print(x.tolist(), x.dtype)
# --- arithmetic with numbers on either side
from noodle_ray import array
a = array([1.0, 2.0, 4.0])
print(a + 1, 1 + a, a - 1, 10 - a, a * 2, 2 * a, a / 2, 8 / a, a // 2, 9 // a, a % 2, 5 % a, a ** 2, 2 ** a)
# --- arithmetic with lists
from noodle_ray import array
a = array([1, 2])
print(a + [10, 20], [10, 20] + a, a * (2, 3))
# --- mixed dtypes
from noodle_ray import array
i, f, s, t = array([1, 2]), array([0.5, 1.5]), array([0.5, 1.5], "float32"), array([True, False])
[(x + y).dtype for x in (i, f, s, t) for y in (i, f, s, t)]
# --- float32 stays float32
from noodle_ray import array
s = array([1, 2, 3], "float32")
[(s / 3).dtype, (s * 2.5).dtype, (s + 1).dtype, (s / 3).tolist(), str(s / 3)]
# --- truth values count
from noodle_ray import array
t = array([True, False, True])
[(t + t).tolist(), t.sum(), (t * 2).tolist(), t.mean(), (~t).tolist(), (t & array([True, True, False])).tolist(), (t | True).tolist()]
# --- comparison
from noodle_ray import array
a = array([1, 2, 3])
[(a < 2).tolist(), (a <= 2).tolist(), (a == 2).tolist(), (a != 2).tolist(), (a > array([0, 2, 4])).tolist(), (2 <= a).tolist()]
# --- comparison with something else
from noodle_ray import array
a = array([1, 2])
[a == "x", a != None, 1 in a, 5 in a, "x" in a]
# --- comparison with text
from noodle_ray import array
array([1, 2]) < "x"
# --- index
from noodle_ray import array
a, m = array([10, 20, 30]), array([[1.0, 2.0], [3.0, 4.0]])
[a[0], a[-1], type(a[0]) is int, m[1].tolist(), m[0, 1], m[-1, -1], type(m[0, 0]) is float, m[:, 0].tolist(), m[0, :].tolist()]
# --- slice
from noodle_ray import array
a = array(range(10))
[a[2:5].tolist(), a[::-1].tolist(), a[::3].tolist(), a[20:].tolist(), a[-3:].tolist(), array([[1, 2, 3], [4, 5, 6]])[:, 1:].tolist()]
# --- mask and indices
from noodle_ray import array
a = array([5, -1, 7, -3])
[a[a > 0].tolist(), a[[0, 2, 2]].tolist(), a[array([3, 0])].tolist(), a[[]].tolist(), a[[True, False, True, False]].tolist()]
# --- assignment
from noodle_ray import array
a, m = array([1, 2, 3, 4]), array.zeros((2, 2))
a[0] = 9
a[1:3] = [7, 8]
a[a > 8] = 0
m[0] = 1
m[1, 1] = 2
m[:, 0] = array([5, 6])
print(a, m)
# --- slices are views
from noodle_ray import array
m = array([[1, 2], [3, 4]])
row = m[0]
row[0] = 100
c = m.copy()
c[1, 1] = 0
print(m, row, c)
# --- in place
from noodle_ray import array
a = array([1, 2])
b = a
a += 1
a *= [2, 3]
print(a, b, a is b)
# --- in place to another dtype
from noodle_ray import array
a = array([1, 2])
a += 0.5
# --- iteration
from noodle_ray import array
a = array([1, 2, 3])
print([x * 2 for x in a], list(reversed(a)), sum(a), max(a), sorted(array([3.0, 1.0])), dict(zip(a, "abc")), *a)
x, y, z = a
print(x, y, z, [row.tolist() for row in array([[1, 2], [3, 4]])], tuple(enumerate(a)))
# --- tolist
from noodle_ray import array
[array([1, 2]).tolist(), array([[1.5], [2.5]]).tolist(), array([True]).tolist(), array([]).tolist()]
# --- reductions
from noodle_ray import array
a = array([3, 1, 2])
[a.sum(), a.mean(), a.min(), a.max(), a.prod(), round(a.std(), 6), a.argmax(), a.argmin(), a.all(), a.any(), a.std(ddof=1)]
# --- reductions along an axis
from noodle_ray import array
m = array([[1, 5], [4, 2]])
[m.sum(0).tolist(), m.sum(axis=1).tolist(), m.max(axis=0).tolist(), m.argmax(1).tolist(), m.mean(axis=-1).tolist(), m.sum(), m.all(axis=0).tolist()]
# --- reductions of nothing
from noodle_ray import array
e = array([])
print(e.sum(), e.prod(), e.all(), e.any())
for name in ("min", "max", "mean", "argmax"):
    try:
        {"min": e.min, "max": e.max, "mean": e.mean, "argmax": e.argmax}[name]()
    except ValueError as error:
        print(error)
# --- sums are exact
from noodle_ray import array
[array([2**62, 2**62]).sum(), array([2**40, 2**40]).prod(), array([2**62, 3]) @ array([4, 1]), array([-(2**63), -1]).sum()]
# --- integers do not wrap around
from noodle_ray import array
a = array([2**62, 1])
for f in (lambda: a * 2, lambda: a + a, lambda: -a - a - a, lambda: a ** 2, lambda: abs(array([-(2**63)])), lambda: array([2**63]), lambda: a + 2**64):
    try:
        print(f())
    except OverflowError as error:
        print(error)
# --- integer division by zero
from noodle_ray import array
print(array([1.0, -1.0, 0.0]) / 0, array([1, -1]) / 0, array([1.0]) // 0.0)
array([1, 2]) // array([1, 0])
# --- products
from noodle_ray import array
m, v = array([[1, 2], [3, 4]]), array([5, 6])
[v @ v, (m @ v).tolist(), (v @ m).tolist(), (m @ m).tolist(), v.dot(v), m.dot([1, 1]).tolist(), [1, 1] @ v, (m @ m.T).dtype]
# --- norm and cosine
from noodle_ray import array
a, b = array([3.0, 4.0]), array([4, -3])
[a.norm(), a.cosine(a), a.cosine(b), a.cosine([6, 8]), a.cosine([0, 0]), array([[3, 4], [6, 8]]).norm(axis=1).tolist()]
# --- top k
from noodle_ray import array
a = array([0.1, 0.9, 0.5, 0.9, 0.2, 0.3, 0.0])
for k in (0, 1, 2, 3, 7, 99):
    values, places = a.top_k(k)
    print(values, places)
# --- sort and argsort
from noodle_ray import array
a = array([3, 1, 2, 1])
print(a.argsort(), a.sort(), a, array([[2, 1], [4, 3]]).argsort())
# --- astype
from noodle_ray import array
a = array([1.9, -1.9, 0.0])
[a.astype("int64").tolist(), a.astype(bool).tolist(), a.astype("float32").dtype, array([True]).astype(int).tolist(), array([1]).astype(float).tolist()]
# --- astype of what is no int
from noodle_ray import array
for x in (float("nan"), float("inf"), 1e300):
    try:
        array([x]).astype(int)
    except (ValueError, OverflowError) as error:
        print(type(error).__name__, error)
# --- makers
from noodle_ray import array
print(array.zeros(2), array.ones((2, 1)), array.full(2, 7), array.full((1, 2), 0.5), array.arange(3), array.arange(1, 2, 0.5), array.linspace(0, 1, 5))
print(array.zeros(2, "int64"), array.ones(1, dtype=bool), array.arange(5, 0, -2), array.linspace(0, 1, num=1))
# --- concatenate and stack
from noodle_ray import array
a, b = array([1, 2]), array([3, 4])
m = array.stack([a, b])
[array.concatenate([a, b, [5]]).tolist(), m.tolist(), array.concatenate([m, m], axis=1).tolist(), array.concatenate((m, m)).shape, array.stack([[1.0], [2]]).tolist()]
# --- functions of each element
from noodle_ray import array
a = array([1.0, 4.0, 9.0])
print(a.sqrt(), array([0, 1]).exp(), array([1.0]).log(), array([-1, 2]).abs(), a.clip(2, 5), array([1, 5, 9]).clip(high=6), a.clip(low=3), a.round())
print(array([1.25, 2.75]).round(1), round(array([1.6])), array([-1.0]).sqrt(), array([0.0]).log())
# --- softmax
from noodle_ray import array
a = array([1.0, 2.0, 3.0]).softmax()
[a.round(6).tolist(), array([1000, 1000]).softmax().tolist(), array([[0, 0], [1, 1]]).softmax().tolist(), round(a.sum(), 9)]
# --- cumsum reshape flatten
from noodle_ray import array
a = array([1, 2, 3, 4])
[a.cumsum().tolist(), a.reshape(2, 2).tolist(), a.reshape((4, 1)).shape, a.reshape(2, -1).shape, a.reshape(2, 2).flatten().tolist()]
# --- an array is a value
from noodle_ray import array
a = array([1, 2])
[type(a) is array, isinstance(a, array), isinstance([1], array), callable(array), type(a).__name__ if False else "array", array(a) is a]
# --- an array of one element
from noodle_ray import array
a = array([2.5])
[float(a), int(a), bool(a), bool(array([0]))]
# --- truth of an array
from noodle_ray import array
if array([1, 2]):
    pass
# --- not hashable
from noodle_ray import array
{array([1]): 1}
# --- bad element
from noodle_ray import array
array([1, "a"])
# --- bad data
from noodle_ray import array
for x in ("ab", None, 5, {1: 2}, [[1], 2], [[[1]]], [1, None]):
    try:
        print(array(x))
    except TypeError as error:
        print(error)
# --- rows of different lengths
from noodle_ray import array
array([[1, 2], [3]])
# --- shapes that differ
from noodle_ray import array
array([1, 2]) + array([1, 2, 3])
# --- shapes that cannot be multiplied
from noodle_ray import array
array([1, 2]) @ array([[1, 2]])
# --- index out of range
from noodle_ray import array
array([1, 2])[2]
# --- bad index
from noodle_ray import array
a = array([1, 2])
for key in ("a", 1.0, None, (0, 0), [5], [0.5]):
    try:
        a[key]
    except (TypeError, IndexError) as error:
        print(type(error).__name__, error)
# --- bad store
from noodle_ray import array
a = array([1, 2])
for value in (0.5, "x", [1, 2, 3], 2**63):
    try:
        a[0:2] = value
    except (TypeError, ValueError, OverflowError) as error:
        print(type(error).__name__, error)
# --- bad dtype
from noodle_ray import array
array([1], "int8")
# --- unknown method
from noodle_ray import array
array([1]).nothing()
# --- unsupported operand
from noodle_ray import array
array([1]) + "a"
# --- bits of floats
from noodle_ray import array
array([1.0]) & 1
# --- nearest vectors
from noodle_ray import array
def nearest(query, rows, k):
    scores = rows @ query / (rows.norm(axis=1) * query.norm())
    values, places = scores.top_k(k)
    return list(zip(places, values.round(4)))
nearest(array([1.0, 0.5]), array([[1, 0], [0, 1], [1, 1], [2, 1]]), 2)
# --- power iteration
from noodle_ray import array
m = array([[2.0, 1.0], [1.0, 3.0]])
v = array.ones(2)
for _ in range(50):
    v = m @ v
    v = v / v.norm()
[round(x, 6) for x in v] + [round(v @ (m @ v), 6)]
# --- gradient descent
from noodle_ray import array
x = array([[1.0, i / 10] for i in range(10)])
y = array([2 + 3 * i / 10 for i in range(10)])
w = array.zeros(2)
for _ in range(2000):
    w -= x.T @ (x @ w - y) * 0.05
w.round(3).tolist()
# --- sieve
from noodle_ray import array
n = 60
prime = array.ones(n, bool)
prime[:2] = False
for p in range(2, 8):
    if prime[p]:
        prime[p * p :: p] = False
array.arange(n)[prime].tolist()
