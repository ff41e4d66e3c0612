# --- kinds of numbers
import numbers
from decimal import Decimal
from fractions import Fraction
for x in (1, True, 1.5, 1j, Fraction(1, 2), Decimal(1), "1", None):
    print(x, [isinstance(x, k) for k in (numbers.Number, numbers.Complex, numbers.Real, numbers.Rational, numbers.Integral)])
issubclass(int, numbers.Integral), issubclass(float, numbers.Rational)
# --- complex functions
import cmath
print(cmath.sqrt(-1), cmath.phase(-1), cmath.polar(1j), cmath.rect(1, cmath.pi), cmath.exp(1j * cmath.pi), cmath.log(-1))
print(cmath.isclose(1, 1 + 1e-12), cmath.isnan(complex("nan")), cmath.inf, cmath.tau, cmath.acos(2), cmath.isfinite(1j))
cmath.sqrt("x")
# --- out of a complex function's domain
import cmath
cmath.log(0)
