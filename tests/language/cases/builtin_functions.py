# --- abs all any
[abs(-5), abs(2.5), all([1, 2]), all([]), any([0, 1]), any([])]
# --- min and max
[min(3, 1, 2), max([1, 5, 2]), min("b", "a"), max([], default=0), max(["a", "bbb"], key=len), min([3, -4], key=abs), max(1, 2.5)]
# --- max of empty
max([])
# --- min of a number
min(5)
# --- max of mixed types
max(1, "a")
# --- sum
[sum([1, 2, 3]), sum([1.5, 2]), sum([], 5), sum(range(101)), sum([[1], [2]], [])]
# --- sum of strings
sum(["a", "b"])
# --- sum with a string start
sum(["a"], "")
# --- len
[len([1]), len("abc"), len({}), len(range(5)), len({1, 2})]
# --- len of a number
len(5)
# --- sorted and reversed
[sorted([3, 1, 2], reverse=True), list(reversed([1, 2, 3])), sorted("cab"), list(reversed("ab")), list(reversed(range(3)))]
# --- zip enumerate map filter
[list(zip([1, 2], "ab", (3.0, 4.0))), list(zip()), list(enumerate("ab")), list(map(lambda x: x + 1, [1, 2])),
 list(map(lambda a, b: a * b, [1, 2], [3, 4])), list(filter(None, [0, 1, ""])), list(filter(lambda x: x > 1, [1, 2]))]
# --- zip strict
list(zip([1], [1, 2], strict=True))
# --- map is lazy
log = []
def f(x):
    log.append(x)
    return x
m = map(f, [1, 2])
before = list(log)
[before, next(m), log, list(m), log]
# --- iter and next
it = iter("ab")
[next(it), next(it), next(it, None)]
# --- iter with sentinel
xs = [3, 2, 1, 0, 9]
list(iter(lambda: xs.pop(0), 0))
# --- iterator is exhausted
z = zip([1, 2], [3, 4])
[list(z), list(z)]
# --- next on a list
next([1])
# --- iter of a number
iter(5)
# --- constructors
[list("ab"), tuple([1]), dict(a=1), str(5), int("7"), float("2"), bool(0), list(), tuple(), dict(), str(), int(), float(), bool(), list({"a": 1})]
# --- list of a number
list(5)
# --- type checks
[isinstance(1, int), isinstance("a", (int, str)), isinstance([], list), isinstance(1.0, int), isinstance(None, type(None)),
 isinstance({}, dict), isinstance((), tuple), isinstance(True, bool), isinstance(1, float), isinstance(1, int | str)]
# --- type comparison
[type(1) is int, type("a") == str, type([]) is list, type(None) == type(None), type(1) is type(2), type({}) is dict, type(int) is type]
# --- type representation
[str(type(1)), str(type("a")), str(type(None)), str(type([])), str(type(len)), str(type(lambda: 1)), str(type(ValueError())), str(type(range(1))),
 str(int), str(type), str(ValueError)]
# --- isinstance with a wrong argument
isinstance(1, 5)
# --- isinstance of function types
def f():
    return 1
[isinstance(f, type(f)), isinstance(1, type(f)), type(f) is type(lambda: 1), isinstance(int, type)]
# --- issubclass
[issubclass(bool, int), issubclass(int, (str, int)), issubclass(dict, list)]
# --- issubclass with an instance
issubclass(1, int)
# --- print
print("a", 1, None, [1, "b"], sep="-", end="!\n")
print()
print("x", end="")
print("y", 2.0, True, {"k": 1})
# --- print with a bad separator
print("a", sep=1)
# --- print of nested structures
print([1, [2.5, None], ("a",), {"k": {1}}], {1: "x"}, "é", "\n", repr("\n"))
# --- print of functions and types
print(int, len, ValueError, type(1))
# --- callable
[callable(len), callable(int), callable(1), callable("a".upper), callable(lambda: 1)]
# --- repr and ascii
[repr(1.0), repr("a'b"), repr([1, "a", None]), repr((1,)), repr({"a": (1, 2)}), repr(True), ascii("é"), ascii(["é"])]
# --- format builtin
[format(1234.5, ",.2f"), format(5, "05"), format("a", "^5"), format(True), format([1]), format(0.25, ".0%"), format(10, "x")]
# --- format with a bad spec
format(5, "q")
# --- chr ord bin hex oct
[chr(97), ord("a"), bin(5), hex(255), oct(8), chr(0x1F600)]
# --- divmod pow round
[divmod(17, 5), pow(2, 3), pow(2, 3, 5), round(3.14159, 2), round(5), round(-1.5)]
# --- pow with zero modulus
pow(2, 3, 0)
# --- round of a string
round("a")
# --- slice builtin
[str(slice(3)), "abcdef"[slice(1, None, 2)], slice(1, 2) == slice(1, 2), slice(None, 5).indices(3)]
# --- range arguments
[list(range(3)), list(range(1, 3)), list(range(3, 0, -1)), range(0) == range(5, 5)]
# --- builtin as a value
fs = [len, str, max, sorted]
[fs[0]("abc"), fs[1](5), fs[2](1, 2), fs[3]("ba"), list(map(len, ["a", "bb"])), list(map(str, [1, None])), list(map(int, ["1", "2"]))]
# --- builtin wrong argument count
len(1, 2)
# --- builtin with unexpected keyword
len(obj=[1])
# --- abs of a string
abs("a")
# --- sorted with a bad key
sorted([1, 2], key=5)
# --- any of a number
any(5)
# --- enumerate of a number
enumerate(5)
# --- map without arguments
map()
# --- filter with none and iterables
list(filter(None, {"a": 1}))
# --- bool of things
[bool(0.0), bool("0"), bool([0]), bool(None), bool({}), bool(range(1)), bool(lambda: 1)]
# --- int of a list
int([1])
# --- str of exception and nested quotes
[str(["it's", 'say "hi"']), str(("a",)), str({"k": None})]
# --- dict from zip
dict(zip("abc", range(3)))
# --- sorted on tuples with key and reverse
sorted({"a": 3, "b": 1, "c": 2}.items(), key=lambda kv: kv[1], reverse=True)
# --- min with key and default
min([], key=len, default="none")
# --- all builtins compose
sum(map(lambda p: p[0] * p[1], zip(range(5), reversed(range(5)))))
