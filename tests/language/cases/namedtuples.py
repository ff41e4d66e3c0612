# --- a point
from collections import namedtuple
Point = namedtuple("Point", ["x", "y"])
p = Point(1, y=2)
x, y = p
print(p, repr(p), str(p), Point._fields, p._fields, p._asdict(), p._replace(x=9), Point._make([5, 6]))
[p.x + p.y, p[0], p[-1], x, y, len(p), p == (1, 2), p == Point(1, 2), p < Point(1, 3), p.count(1), p.index(2), isinstance(p, tuple), hash(p) == hash((1, 2)), list(p), p + (3,)]
# --- fields in one string, and defaults
from collections import namedtuple
A = namedtuple("A", "a b, c", defaults=[7, 8])
print(A(1), A(1, 2), A(c=1, a=2), A._field_defaults)
# --- renamed fields
from collections import namedtuple
namedtuple("B", ["x", "def", "x", "_y"], rename=True)._fields
# --- a missing argument
from collections import namedtuple
P = namedtuple("P", "x y")
P(1)
# --- too many arguments
from collections import namedtuple
P = namedtuple("P", "x y")
P(1, 2, 3)
# --- an unknown argument
from collections import namedtuple
P = namedtuple("P", "x y")
P(1, 2, z=3)
# --- a field that is a keyword
from collections import namedtuple
namedtuple("P", "x class")
# --- a field twice
from collections import namedtuple
namedtuple("P", "x x")
# --- a field with an underscore
from collections import namedtuple
namedtuple("P", "_x")
# --- a field that is no name
from collections import namedtuple
namedtuple("P", ["a b"])
# --- more defaults than fields
from collections import namedtuple
namedtuple("P", "x", defaults=[1, 2])
# --- a field that is not there
from collections import namedtuple
P = namedtuple("P", "x y")
P(1, 2).z
# --- fields cannot be assigned
from collections import namedtuple
P = namedtuple("P", "x y")
p = P(1, 2)
p.x = 5
# --- replace of an unknown field
from collections import namedtuple
P = namedtuple("P", "x y")
P(1, 2)._replace(q=1)
# --- make of the wrong length
from collections import namedtuple
P = namedtuple("P", "x y")
P._make([1])
# --- named tuples in containers
from collections import namedtuple
Card = namedtuple("Card", "rank suit")
deck = [Card(r, s) for s in "ab" for r in (3, 1, 2)]
by = {Card(1, "a"): "one"}
[max(deck).rank, sorted(deck)[0].suit, by[Card(1, "a")], by[(1, "a")], [c.rank for c in deck if c.suit == "b"], len({Card(1, 2), (1, 2)})]
# --- a class derived from a named tuple
from collections import namedtuple
class Point(namedtuple("Point", "x y")):
    __slots__ = ()
    def norm2(self):
        return self.x ** 2 + self.y ** 2
    @property
    def swapped(self):
        return Point(self.y, self.x)
    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)
p = Point(3, 4)
print(p, p.norm2(), p.swapped, p + p, p._replace(y=0), Point._make("ab"), type(p._replace(x=1)).__name__)
# --- a named tuple as a format
from collections import namedtuple
P = namedtuple("P", "x y")
p = P(1.5, "b")
[f"{p}", "%s-%s" % p, "{0[0]} {0[1]}".format(p), f"{p!r:>20}", f"{p.x:.2f}"]
# --- matching a named tuple
from collections import namedtuple
P = namedtuple("P", "x y")
def f(p):
    match p:
        case P(x=0, y=y):
            return "axis", y
        case P(a, b):
            return a, b
[f(P(0, 5)), f(P(1, 2))]
# --- equality with other kinds
from collections import namedtuple
A, B = namedtuple("A", "x"), namedtuple("B", "x")
[A(1) == B(1), A is B, A(1) is A(1), type(A(1)).__name__, A.__name__]
