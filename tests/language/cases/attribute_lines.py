# --- reading
x = 1
y = (x
     .foo)
# --- setting
def f(x):
    (
        x
        .foo
    ) = 5
f(1)
# --- deleting
x = []
del (
    x
    .foo)
# --- augmented
x = 1
(x
 .foo) += 1
# --- method
x = 1
(x
 .foo
 ())
# --- of a class
class A:
    pass
a = A()
print((a
       .foo
       .bar))
# --- names of classes of the library in messages
import datetime, decimal, collections, fractions
for kind in (datetime.datetime, decimal.Decimal, collections.deque, collections.Counter, fractions.Fraction, int, ValueError):
    try:
        kind.nothing
    except AttributeError as error:
        print(error)
    try:
        kind.nothing()
    except AttributeError as error:
        print(error)
