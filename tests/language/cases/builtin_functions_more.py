# --- generators as arguments
def gen(n):
    for i in range(n):
        yield i
[sum(gen(5)), max(gen(5)), min(gen(5), key=lambda x: -x), any(gen(3)), all(gen(3)), sorted(gen(3), reverse=True), list(gen(3)), tuple(gen(3)), len(set(gen(3))), dict(enumerate(gen(2))), list(zip(gen(3), gen(2))),
 "".join(str(x) for x in gen(3)), list(map(str, gen(2))), list(filter(None, gen(3))), [*gen(2)], bytes(gen(3)), list(reversed(list(gen(3)))), next(gen(1)), 2 in gen(5), list(enumerate(gen(2), 5))]
# --- generator expressions as arguments
xs = [3, 1, 2]
[sum(x * x for x in xs), max((x for x in xs), default=0), any(x > 2 for x in xs), all(x > 0 for x in xs), dict((x, x) for x in xs), sorted((x for x in xs), key=lambda x: -x), frozenset(x for x in xs) == {1, 2, 3}, min(x for x in xs),
 list(x for x in xs if x > 1), tuple(x for x in xs), len(list(x for x in xs)), " ".join(str(x) for x in xs)]
# --- a generator expression is lazy
log = []
def f(x):
    log.append(x)
    return x
g = (f(x) for x in [1, 2, 3])
before = list(log)
[before, next(g), log[:], any(x > 1 for x in map(f, [5, 6])), log]
# --- unpacking generators
a, *b = (x for x in range(4))
c, d = (x for x in "xy")
def f(*args):
    return args
[a, b, c, d, f(*(x for x in range(3)))]
# --- zip strict
[list(zip([1, 2], "ab", strict=True)), list(zip(strict=True)), list(zip([], [], strict=True))]
# --- zip strict with a longer second
list(zip([1], [1, 2], strict=True))
# --- zip strict with a shorter third
list(zip([1, 2], [1, 2], [1], strict=True))
# --- enumerate with a start
[list(enumerate("ab", 1)), list(enumerate("ab", start=-1)), list(enumerate([], 5)), next(enumerate("q", 2**70))]
# --- enumerate with a bad start
enumerate([], "a")
# --- iter with a sentinel
it = iter([1, 2, 3, 0, 4])
n = 0
def tick():
    global n
    n += 1
    return n
[list(iter(lambda: next(it), 0)), list(iter(tick, 4)), n]
# --- iter of what cannot be called
iter(5, 1)
# --- next of an empty iterator
next(iter([]))
# --- next with a default
[next(iter([]), None), next(iter([]), 5), next(iter("a"), 0)]
# --- reversed
class Countdown:
    def __init__(self, n):
        self.n = n
    def __reversed__(self):
        return iter(range(self.n))
    def __len__(self):
        return self.n
    def __getitem__(self, i):
        return i * 10
[list(reversed(Countdown(3))), list(reversed({"a": 1, "b": 2})), list(reversed({"a": 1}.items())), list(reversed((1, 2))), list(reversed(range(0, 10, 3))), list(Countdown(2).__reversed__())]
# --- reversed of a set
reversed({1, 2})
# --- reversed of a generator
reversed(x for x in [1])
# --- sorted
[sorted([3, 1, 2]), sorted("bca", reverse=True), sorted([(1, "b"), (1, "a")]), sorted(["B", "a"], key=str.lower), sorted([1, -2, 3], key=abs, reverse=True), sorted({3: 1, 1: 2}), sorted([True, 0, 2]), sorted([]), sorted([2.5, 1])]
# --- sorting is stable
[sorted([(1, "b"), (0, "z"), (1, "a")], key=lambda p: p[0]), sorted([(1, "b"), (0, "z"), (1, "a")], key=lambda p: p[0], reverse=True)]
# --- sorting mixed types
sorted([1, "a"])
# --- sorting with a key that fails
sorted([1, 0], key=lambda x: 1 / x)
# --- sorted without arguments
sorted()
# --- sorted with too many arguments
sorted([1], 2)
# --- sort with positional arguments
[1].sort(lambda x: x)
# --- min and max
[min(3, 1), max("ab", "b"), max([1, 2], [1, 3]), min({3: 1, 2: 5}), max([], default=None), min([4, -5], key=abs), max("apple", "fig", key=len), max(1, 1.0), min(True, 0), max([(1, "a"), (1, "b")])]
# --- max with a default and many arguments
max(1, 2, default=3)
# --- max of nothing
max()
# --- min of an empty list
min([])
# --- sum
[sum([0.1] * 10), sum([1, 2], start=10), sum([[1], [2]], []), sum((1, 2), 0.5), sum([True, True]), sum({1: 2, 3: 4}), sum([(1,), (2,)], ()), str(sum([1j, 2]))]
# --- sum of text
sum(["a"])
# --- sum of text with a start of text
sum(["a"], "b")
# --- sum of bytes with a start of bytes
sum([b"a"], b"")
# --- all and any
[all([]), any([]), all([1, "a", [0]]), any([0, "", None]), any({0: 1}), all({1: 0}), any("abc"), all("")]
# --- any without arguments
any()
# --- print to everywhere it may
print(1, "a", sep="")
print(*[1, 2, 3], sep=", ", end=".\n")
print("x", end="", flush=True)
print(sep="-")
print(None, True, 1.0, [1], sep=None, end=None)
print("a", "b", sep="\n")
# --- print with a bad end
print("a", end=5)
# --- print with an unknown keyword
print("a", bad=1)
# --- callable
class A:
    def __call__(self):
        return 1
class B:
    pass
[callable(A), callable(A()), callable(B()), callable(len), callable("a"), callable([].append), callable(lambda: 0), callable(None)]
# --- map with several iterables
[list(map(lambda a, b, c: a + b + c, [1, 2], [10, 20, 30], (5, 6))), list(map(max, [1, 5], [3, 2])), list(map(lambda *a: a, [1, 2], "ab"))]
# --- map of what cannot be called
list(map(5, [1]))
# --- map without iterables
map(len)
# --- filter
[list(filter(lambda x: x % 2, range(6))), list(filter(None, ["", "a", 0, 1])), list(filter(str.isdigit, ["1", "a"]))]
# --- filter without enough arguments
filter(None)
# --- range
[list(range(5)), list(range(2, 8, 3)), list(range(5, 0, -2)), len(range(0, 10, 3)), 4 in range(0, 10, 2), range(10)[3], range(10)[-1], list(range(10)[2:8:2]), range(3) == range(0, 3, 1), range(0) == range(2, 1), range(5).index(3), range(5).count(9),
 range(1, 10, 2).start, range(1, 10, 2).stop, range(1, 10, 2).step, str(range(3)), repr(range(1, 2, 3)), bool(range(0)), hash(range(3)) == hash(range(0, 3)), list(reversed(range(3))), "a" in range(3), 2.0 in range(3), max(range(4)), sum(range(10**6)), range(10**30)[10**29]]
# --- range with a step of zero
range(1, 2, 0)
# --- range of a float
range(2.5)
# --- range without arguments
range()
# --- range index out of range
range(3)[3]
# --- range index of what is missing
range(3).index(7)
# --- range does not change
r = range(3)
r[0] = 1
# --- slices
s = slice(1, 10, 2)
[s.start, s.stop, s.step, s.indices(5), slice(None).indices(3), slice(-3, None).indices(10), slice(5) == slice(None, 5), "abcdef"[s], str(s), slice(None, None, -1).indices(4), [1, 2, 3, 4][slice(-2, None)]]
# --- slices with a step of zero
[1, 2][::0]
# --- slices of text as bounds
[1, 2]["a":]
# --- repr, ascii and str
[repr("a'b"), repr('a"b'), repr("a'\"b"), repr("\n\t\\\x00\x7f\xa0é\u200b😀"), ascii("é😀\n"), str(b"a"), str(None), repr(None), ascii({"é": "ü"}), repr(...), str(NotImplemented), repr(range(2)), str([1, [2]]), repr({1: {2: 3}}), repr(()), repr((1,)), repr(set()), repr(frozenset()), repr(frozenset([1])), repr({1})]
# --- format
[format(3.14159, ".2f"), format(255, "#x"), format(1234567, ","), format("a", ">5"), format(True, "d"), format(None), format(0.5, "%"), format(1e10, "g"), format(12, "08b"), format(-5, "=+6"), format("abc", ".2"), format([1, 2], "")]
# --- format of a list with a spec
format([1], "5")
# --- format of None with a spec
format(None, "5")
# --- format of text with a number's spec
format("a", "d")
# --- format of a number with text's spec
format(5, "s")
# --- isinstance and issubclass
class A:
    pass
class B(A):
    pass
[isinstance(B(), A), isinstance(True, int), isinstance(1, (str, (int,))), isinstance([], (list, dict)), issubclass(B, A), issubclass(bool, (str, int)), isinstance(1, int | None), isinstance(None, int | None), isinstance({1}, set), isinstance(frozenset(), set),
 isinstance({1}, dict), isinstance(A, type), issubclass(A, object), isinstance(5, object), isinstance(ValueError(), Exception), issubclass(KeyError, LookupError), isinstance(len, type(len)), isinstance(b"", bytes), isinstance(1j, complex)]
# --- issubclass of an object
issubclass(5, int)
# --- ascii without arguments
ascii()
# --- repr with too many arguments
repr(1, 2)
# --- len of a generator
len(x for x in [1])
# --- len of None
len(None)
# --- int with too many arguments
int("1", 2, 3)
# --- chr of text
chr("a")
# --- bin of a float
bin(1.5)
# --- pow of text
pow("a", 2)
# --- abs of None
abs(None)
# --- dict from pairs
[dict([(1, 2), (3, 4)]), dict([[1, 2]]), dict({"a": 1}, b=2), dict(zip("ab", [1, 2])), dict(["ab", "cd"]), dict(a=1, **{"b": 2}), dict(()), dict.fromkeys("ab", 0), dict.fromkeys([1])]
# --- dict from triples
dict([(1, 2, 3)])
# --- dict from numbers
dict([1])
# --- dict from a number
dict(5)
# --- list with two arguments
list(1, 2)
# --- tuple with a keyword
tuple(iterable=[1])
# --- set with two arguments
set([1], [2])
# --- frozenset with a keyword
frozenset(x=1)
# --- object attributes by name
class A:
    x = 1
a = A()
setattr(a, "y", 5)
[getattr(a, "x"), getattr(a, "zz", None), hasattr(a, "y"), hasattr(a, "q"), vars(a), getattr("abc", "upper")(), hasattr([], "append"), hasattr(5, "append")]
# --- divmod of text
divmod("a", 2)
# --- round with too many arguments
round(1, 2, 3)
# --- type of things
[type(1).__name__, type("").__name__, type([]).__name__, type(None).__name__, type(1j).__name__, type(b"").__name__, type(...).__name__, type(range(1)).__name__, type({}.keys()).__name__, type({}.items()).__name__, type(len).__name__, type(lambda: 1).__name__, type(x for x in []).__name__, type(int).__name__, type(slice(1)).__name__, type(iter([])).__name__, type(zip()).__name__]
