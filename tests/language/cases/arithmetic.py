# --- integer operators
[7 + 3, 7 - 3, 7 * 3, 7 // 2, -7 // 2, 7 % 3, -7 % 3, 7 % -3, 2 ** 10, 7 / 2]
# --- big integers
[2 ** 200, -(3 ** 99) // 7, 10 ** 30 % 97, (1 << 100) - 1, (2 ** 100) >> 90, -5 >> 1]
# --- bitwise operators
[12 & 10, 12 | 10, 12 ^ 10, ~12, 1 << 5, -1 >> 3]
# --- float arithmetic
[0.1 + 0.2, 1e308 * 10, -1e308 * 10, 7.5 // 2, -7.5 % 2, 2 ** 0.5, 2 ** -1, 1 / 3, 1e-320]
# --- float special values
inf = float("inf")
nan = float("nan")
[inf > 1e308, nan == nan, nan != nan, inf - inf != inf - inf, -0.0 == 0.0, str(-0.0)]
# --- mixed numeric types
[1 + 1.0, True + True, 3 * 1.5, 2 ** 3.0, 7 // 2.0, 1 == 1.0, True == 1, 1 < 1.5]
# --- unary operators
x = 5
[-x, +x, ~x, not x, not 0, -(-x), - - x, -True]
# --- operator precedence
[2 + 3 * 4, (2 + 3) * 4, 2 ** 3 ** 2, -2 ** 2, not 1 == 2, 1 + 2 < 4 and 5 > 3, 1 | 2 & 3 ^ 4]
# --- division by zero
1 // 0
# --- modulo by zero
5 % 0
# --- float division by zero
1.0 / 0
# --- zero to negative power
0 ** -1
# --- negative shift
1 << -1
# --- negative base and fractional power
(-8) ** 2.0
# --- float overflow
2.0 ** 5000
# --- unsupported operand types
1 + "a"
# --- unsupported operand types of minus
[] - {}
# --- unsupported unary
-"a"
# --- unsupported invert
~1.5
# --- unsupported comparison
1 < "a"
# --- unsupported power
"a" ** 2
# --- unsupported matmul
1 @ 2
# --- augmented assignment
x = 10
x += 5
x -= 3
x *= 2
x //= 5
x **= 3
x %= 17
x <<= 4
x >>= 1
x |= 3
x &= 14
x ^= 9
x
# --- augmented assignment of a list mutates it
a = [1]
b = a
a += [2]
a *= 2
[a, b, a is b]
# --- augmented assignment of a tuple makes a new one
a = (1,)
b = a
a += (2,)
[a, b]
# --- augmented assignment evaluates the target once
calls = []
def pick():
    calls.append(1)
    return 0
xs = [5, 6]
xs[pick()] += 10
[xs, calls]
# --- augmented assignment with a wrong type
x = 1
x += "a"
# --- augmented assignment of unsupported power
x = "a"
x **= 2
# --- chained comparison
x = 5
[1 < x < 10, 1 < x < 3, 1 < x > 2, 3 < 2 < (1 / 0 if False else 5), x == 5 == 5.0]
# --- chained comparison evaluates the middle once
seen = []
def mid():
    seen.append(1)
    return 5
[1 < mid() < 10, seen]
# --- identity and membership
a = [1]
b = a
[a is b, a is not b, [1] is a, 1 in a, 2 not in a, None is None, "b" in "abc", 1 in {1: 2}, 2 in (1, 2)]
# --- membership in a non container
1 in 5
# --- string in number membership error
1 in "abc"
# --- conditional expression
[("big" if x > 3 else "small") for x in [1, 5]]
# --- and or values
[0 or "a", 1 and "b", "" or 0 or None, 1 and 2 and 3, [] and 1, None or [], 0 and 1 / 0, 1 or 1 / 0]
# --- integer parsing
[int("42"), int(" -7 "), int("ff", 16), int("0b101", 0), int(3.9), int(-3.9), int(True), int("1_000")]
# --- integer parsing error
int("4x")
# --- integer of nan
int(float("nan"))
# --- integer of infinity
int(float("inf"))
# --- float parsing
[float("1.5"), float("1e3"), float(" -2 "), float(3), float("inf")]
# --- float parsing error
float("abc")
# --- int methods
[(5).bit_length(), (255).to_bytes(2, "big"), int.from_bytes((256).to_bytes(2, "big"), "big"), (7).bit_count(),
 (5).as_integer_ratio(), (5).real, (5).imag, (5).numerator, (5).denominator, (5).conjugate()]
# --- float methods
[(2.5).is_integer(), (2.0).is_integer(), (0.5).as_integer_ratio(), (1.5).hex(), float.fromhex("0x1.8p+0"), (1.5).real]
# --- integer division and remainder
[divmod(7, 2), divmod(-7, 2), divmod(7.5, 2), abs(-3), abs(-2.5), pow(2, 10), pow(2, 10, 1000), pow(3, -1, 7)]
# --- rounding
[round(2.5), round(3.5), round(-2.5), round(2.675, 2), round(1234, -2), round(1.5, 0), round(7)]
# --- number bases
[bin(10), hex(255), oct(8), bin(-5), hex(-1)]
# --- large integer string
len(str(3 ** 5000))
# --- too large integer string
str(10 ** 5000)
# --- bool is an int
[True + 1, isinstance(True, int), sum([True, False, True]), {True: 1}[1], str(True), bool([]), bool("a")]
# --- comparison of containers
[[1, 2] < [1, 3], (1, 2) == (1, 2), [1] != [1.0], "a" < "b", [1, [2]] == [1, [2]], (1,) < (1, 0), {1: 2} == {1: 2.0}]
# --- complex result of a negative root
(-8) ** 0.5 == (-8) ** 0.5
