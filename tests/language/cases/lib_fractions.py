# --- arithmetic
from fractions import Fraction
a, b = Fraction(1, 3), Fraction("0.25")
print(a + b, a - b, a * b, a / b, a // b, a % b, a ** 2, a ** -1, -a, abs(-a), a < b, a == Fraction(2, 6), a + 1, a * 0.5)
print(repr(a), str(a), float(a), int(Fraction(7, 2)), round(Fraction(7, 2)), round(a, 2), a.numerator, a.denominator, bool(a))
print(Fraction(0.5), Fraction("3/4"), Fraction(3), Fraction.from_float(0.125), Fraction(22, 7).limit_denominator(5), Fraction("1e-3"))
print(sum([a, b]), max(a, b), hash(Fraction(2)) == hash(2), a.as_integer_ratio(), divmod(Fraction(7, 2), 1), Fraction(3, 4).conjugate())
# --- a denominator of zero
from fractions import Fraction
Fraction(1, 0)
# --- a text that is no fraction
from fractions import Fraction
Fraction("a/b")
# --- fractions and decimals
from decimal import Decimal
from fractions import Fraction
import math
print(Fraction(Decimal("0.1")), Fraction.from_decimal(Decimal("2.5")), math.floor(Fraction(7, 2)), math.ceil(Fraction(7, 2)))
Fraction(1, 2) + Decimal("0.5")
# --- egyptian fractions
from fractions import Fraction
def egyptian(x):
    while x:
        n = -(-x.denominator // x.numerator)
        yield n
        x -= Fraction(1, n)
list(egyptian(Fraction(7, 15))), isinstance(Fraction(1), Fraction)
