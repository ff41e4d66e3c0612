# --- complex numbers
z = 3 + 4j
print(z, z.real, z.imag, abs(z), z.conjugate(), z * 2j, z / (1 + 1j), z ** 2, -z, z == 3 + 4j, complex(1, 2), complex("1+2j"), complex(5), complex(), complex(real=1, imag=-1), z + 1, 1 - z, 2.5 * z, bool(0j), hash(1 + 0j) == hash(1))
# --- complex in text
[str(1j), repr(-1j), str(complex(0, -0.0)), f"{1 + 2j}", f"{3.14159 + 2j:.2f}", format(1j, ""), str(complex(1, float("nan"))), str(complex(float("inf"), -1)), "{:+.1f}".format(1.25 - 2j)]
# --- complex numbers have no order
1j < 2j
# --- complex by zero
1j / 0
# --- complex of bad text
complex("1 + 2j")
# --- complex of text and a number
complex("1", 2)
# --- complex is no float
float(1j)
# --- complex is no integer
int(1j)
# --- floor division of complex
1j // 2
# --- zero to a negative complex power
0 ** 1j
# --- roots of negative numbers
print((-8) ** (1 / 3), (-1) ** 0.5, (2j) ** 2, 1j ** 1j)
# --- round of complex
round(1j)
# --- methods of int
[(10).bit_length(), (10).bit_count(), (-5).bit_length(), (6).as_integer_ratio(), (5).conjugate(), (5).real, (5).imag, (7).numerator, (7).denominator, int.from_bytes(b"\x01\x00", "big"), True.real, (0).bit_length()]
# --- integers from text
[int("12"), int(" -7 "), int("ff", 16), int("0x1f", 0), int("0b101", 0), int("1_000"), int("z", 36), int(3.9), int(-3.9), int(True), int("٣"), int(b"12", 8), int("-0"), int("0o17", base=8)]
# --- integers from bad text
int("12a")
# --- integers from empty text
int("")
# --- integers in a bad base
int("1", 1)
# --- integers of a number with a base
int(5, 2)
# --- integers of nan
int(float("nan"))
# --- integers of infinity
int(float("inf"))
# --- integers of None
int(None)
# --- digits that the base has not
int("129", 8)
# --- methods of float
[(2.5).is_integer(), (2.0).is_integer(), (0.75).as_integer_ratio(), (1.5).hex(), float.fromhex("0x1.8p+0"), float.fromhex("-0x1p-2"), (-0.0).hex(), (2.5).conjugate(), (2.5).real, (2.5).imag]
# --- floats from text
[float("1e3"), float(" -1.5\n"), float("inf"), float("-Infinity"), float("1_0.5"), float("nan") != float("nan"), float(10**20), float("1e400"), float(".5"), float("5."), float(True)]
# --- floats from bad text
float("1.5x")
# --- floats of huge integers
float(10**400)
# --- a ratio of infinity
float("inf").as_integer_ratio()
# --- round
[round(2.5), round(3.5), round(-2.5), round(2.675, 2), round(1234, -2), round(1250, -2), round(1350, -2), round(2.5, 0), round(1e20), round(0.5), round(1.15, 1), round(5, 2), round(True), round(-0.4), round(15, -1), round(25, -1), round(1e16 + 2, -1), round(3.0, None)]
# --- round of infinity
round(float("inf"))
# --- round of nan
round(float("nan"))
# --- round with a bad count of digits
round(2.5, "a")
# --- divmod and modulo of signs
[divmod(7, -2), divmod(-7, 2), divmod(7.5, 2), divmod(-7.5, 2), -7 // 2, -7 % 3, 7 % -3, -7.5 % 2, 5 % 3.5, divmod(2**70, 10), 1e20 // 3, -0.0 % 1]
# --- divmod by zero
divmod(5, 0)
# --- divmod of floats by zero
divmod(5.0, 0)
# --- modulo by zero
5.5 % 0
# --- powers
[2 ** -1, 2 ** 0.5, 0 ** 0, pow(3, -1, 7), pow(2, 10, 1000), pow(-3, 3, 5), pow(2, 5, -7), (-2) ** 3, -2 ** 2, 2.0 ** 3, pow(2, 3, mod=5), pow(base=2, exp=3), 10 ** -2, True ** 2]
# --- powers without an inverse
pow(2, -1, 4)
# --- powers with a modulus of floats
pow(2.0, 3, 5)
# --- zero to a negative power
0 ** -1
# --- a power that overflows
10.0 ** 400
# --- shifts
[1 << 70, -5 >> 1, 2**70 >> 65, -1 >> 100, 5 << 0, True << 3]
# --- negative shifts
1 << -1
# --- shifts of floats
1.5 << 1
# --- bitwise operators on negative numbers
[-5 & 0xFF, -5 | 3, -5 ^ 3, ~-5, ~0, 6 & 3, True & 1, True & True, True | False, False ^ True, type(True & True).__name__, type(True + True).__name__]
# --- big integers
n = 2**200 + 12345
[n * n % 1000007, n // 12345, n % 97, -n // 7, n.bit_length(), str(n)[-10:], n == float(n), n > 1e60, hash(n) == hash(n + 0), int(str(n)) == n, n & 0xFFFF, n ^ n, (n << 3) >> 3 == n]
# --- comparing integers and floats
[2**53 + 1 == float(2**53), 2**53 + 1 > float(2**53), 10**400 > 1e308, 10**400 < float("inf"), 1 == 1.0 == True, 0.1 + 0.2 == 0.3, -0.0 == 0, float("nan") == float("nan"), float("nan") in [1], 1 < float("nan")]
# --- hashes of numbers
[hash(1), hash(1.0), hash(2**61 - 1), hash(-1), hash(-2), hash(0.5), hash(True), hash(1e300), hash(float("inf")), hash(3 + 0j), hash(2**100), hash((1, 2, 3)), hash(()), hash((1.5, (2,))), hash(-2**61)]
# --- equal values have equal hashes
[hash("ab") == hash("a" + "b"), hash(b"x") == hash(bytes([120])), hash(frozenset([1, 2])) == hash(frozenset([2, 1])), hash(("a", 1)) == hash(("a", 1.0)), hash(None) == hash(None), hash("") == 0, hash(len) == hash(len), hash("a") == hash("b")]
# --- hash of a list
hash([1])
# --- hash of a tuple with a list
hash((1, [2]))
# --- hash of a dict
hash({})
# --- hash of a set
hash({1})
# --- identities
a, b = [1], [1]
c = a
[id(a) == id(c), id(a) == id(b), id(a) == id(a), isinstance(id(a), int), id(None) == id(None), id(len) == id(len)]
# --- abs and numbers' text
[abs(-2**70), abs(-0.0), abs(True), bin(-5), hex(-255), oct(64), bin(2**70)[:6], str(1e16), str(1e15), repr(0.1), repr(1e-5), repr(123456789.123456789), str(1e22), repr(1/3), str(-0.0), repr(5e-324), repr(1.7976931348623157e308)]
# --- hex of a float
hex(1.5)
# --- chr out of range
chr(0x110000)
# --- chr of a negative number
chr(-1)
# --- ord of two characters
ord("ab")
# --- ord of bytes
[ord(b"a"), ord("€"), chr(8364), chr(0)]
# --- bool arithmetic
[True + True, sum([True, False, True]), True * 3, -True, +False, ~True, True / 2, [10, 20][True], "ab"[False], int(True), bool("False"), str(True), True == 1, True is True, {True: "a", 1: "b"}]
# --- divisions by zero
1 // 0
# --- float division by zero
1.0 / 0
# --- float floor division by zero
1.0 // 0
# --- unsupported operands
1 + "a"
# --- unsupported operands the other way round
"a" + 1
# --- unary operators on text
-"a"
