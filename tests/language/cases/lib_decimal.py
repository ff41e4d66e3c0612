# --- exact arithmetic
from decimal import Decimal
a, b = Decimal("1.10"), Decimal("2.2")
print(a + b, a - b, a * b, a / b, a // b, b % a, -a, abs(-a), a ** 2, divmod(b, a), a == Decimal("1.1"), a < b, a + 1)
print(repr(a), str(a), f"{a:.1f}", f"{Decimal('1234567.891'):,.2f}", round(a, 1), round(b), int(b), float(b), hash(a) == hash(Decimal("1.1")))
print(sum([a, b], Decimal(0)), max(a, b), sorted([b, a]), a.as_tuple(), a.as_tuple().exponent, a.adjusted(), bool(Decimal(0)))
# --- makers
from decimal import Decimal
print(Decimal(5), Decimal("1e3"), Decimal(0.1), Decimal((1, (1, 2), -1)), Decimal.from_float(0.5), Decimal("NaN"), Decimal("-Infinity"), Decimal())
Decimal("x")
# --- quantize and rounding
from decimal import Decimal, ROUND_HALF_UP, ROUND_DOWN, ROUND_CEILING
x = Decimal("2.675")
cent = Decimal("0.01")
print(x.quantize(cent), x.quantize(cent, rounding=ROUND_HALF_UP), x.quantize(cent, ROUND_DOWN), x.quantize(cent, ROUND_CEILING))
print(x.to_integral_value(), x.normalize(), Decimal("100").normalize(), x.copy_negate(), x.is_signed(), x.to_eng_string())
print(Decimal(2).sqrt(), Decimal(1).exp(), Decimal(10).ln(), Decimal(1000).log10(), x.as_integer_ratio(), x.fma(2, 1))
# --- the context
from decimal import Decimal, getcontext, Context, setcontext
print(getcontext().prec, Decimal(1) / 3)
getcontext().prec = 6
print(Decimal(1) / 3, getcontext().prec, getcontext().rounding)
getcontext().rounding = "ROUND_UP"
print(Decimal(1) / 3)
setcontext(Context(prec=3))
print(Decimal(2) / 3, Context(prec=5).divide(Decimal(1), 7), getcontext())
setcontext(Context())
# --- a local context
from decimal import Decimal, localcontext
with localcontext() as ctx:
    ctx.prec = 4
    print(Decimal(2) / 3)
with localcontext(prec=2):
    print(Decimal(2) / 3)
print(Decimal(2) / 3)
# --- division by zero and other signals
from decimal import Decimal, DivisionByZero, InvalidOperation, getcontext, Inexact
for f in (lambda: Decimal(1) / 0, lambda: Decimal(0) / 0, lambda: Decimal("sNaN") + 1, lambda: Decimal(-1).sqrt()):
    try:
        f()
    except (DivisionByZero, InvalidOperation) as e:
        print(type(e).__name__, e)
getcontext().traps[InvalidOperation] = False
print(Decimal(0) / 0, getcontext().flags[InvalidOperation], isinstance(DivisionByZero(), ArithmeticError))
getcontext().traps[Inexact] = True
try:
    Decimal(1) / 3
except Inexact as e:
    print(e)
getcontext().traps[Inexact] = False
getcontext().traps[InvalidOperation] = True
# --- decimals and floats do not mix
from decimal import Decimal
print(Decimal("0.5") == 0.5, Decimal("0.1") == 0.1, Decimal(1) < 1.5)
Decimal(1) + 1.5
# --- an invoice
from decimal import Decimal
lines = [("pens", 3, "1.25"), ("paper", 2, "4.99")]
total = sum((Decimal(price) * count for _, count, price in lines), Decimal("0"))
tax = (total * Decimal("0.19")).quantize(Decimal("0.01"))
f"{total:>8} + {tax} = {total + tax:.2f}", {Decimal(1): "a"}[1], isinstance(tax, Decimal), type(tax).__name__
# --- a Decimal has no such method
from decimal import Decimal
Decimal(1).nope()
# --- a generator works in its caller's context
from decimal import Context, Decimal, getcontext, setcontext
getcontext().prec = 5
def thirds():
    yield Decimal(1) / 3
    getcontext().prec = 7
    yield Decimal(1) / 3
it = thirds()
print(next(it), next(it), Decimal(1) / 3, [Decimal(x) / 7 for x in range(2)])
setcontext(Context())
# --- coroutines work in the program's context
import asyncio
from decimal import Context, Decimal, getcontext, setcontext
async def third(n):
    await asyncio.sleep(0)
    return Decimal(n) / 3
async def main_():
    return [await third(1), *await asyncio.gather(third(2), third(4))]
getcontext().prec = 5
print(asyncio.run(main_()))
setcontext(Context())
