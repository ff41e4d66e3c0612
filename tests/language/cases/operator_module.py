# --- arithmetic and comparison
import operator as op
[op.add(1, 2), op.sub(5, 3), op.mul("a", 3), op.truediv(1, 4), op.floordiv(7, 2), op.mod(7, 3), op.pow(2, 10), op.neg(3), op.pos(-3), op.abs(-2), op.invert(5),
 op.lshift(1, 4), op.rshift(16, 2), op.and_(6, 3), op.or_(6, 3), op.xor(6, 3), op.lt(1, 2), op.le(2, 2), op.eq(1, 1.0), op.ne(1, 2), op.ge(2, 1), op.gt(1, 2)]
# --- truth and identity
import operator as op
x = []
[op.truth([]), op.truth([1]), op.not_(0), op.is_(x, x), op.is_not(x, []), op.index(5), op.concat([1], [2]), op.contains([1, 2], 2)]
# --- countOf, indexOf, length_hint
import operator as op
[op.countOf([1, 2, 1], 1), op.indexOf("abc", "c"), op.length_hint([1, 2]), op.length_hint(iter([1, 2, 3])), op.length_hint(5, 7)]
# --- indexOf of what is missing
import operator
operator.indexOf([1], 2)
# --- items
import operator as op
d = {"a": [1, 2, 3]}
op.setitem(d, "b", 5)
op.delitem(d["a"], 0)
[op.getitem(d, "a"), d, op.itemgetter(1)([5, 6]), op.itemgetter("a", "b")(d), op.itemgetter(slice(1, None))("hello")]
# --- sorting with itemgetter
from operator import itemgetter
rows = [{"n": "b", "v": 2}, {"n": "a", "v": 2}, {"n": "c", "v": 1}]
[r["n"] for r in sorted(rows, key=itemgetter("v", "n"))]
# --- itemgetter of a missing key
from operator import itemgetter
itemgetter("x")({"a": 1})
# --- itemgetter needs an item
from operator import itemgetter
itemgetter()
# --- attrgetter
from operator import attrgetter
[attrgetter("real", "imag")(5), attrgetter("numerator")(7), attrgetter("real.imag")(3), repr(attrgetter("a.b", "c"))]
# --- attrgetter of what is missing
from operator import attrgetter
attrgetter("nope")(5)
# --- attrgetter of what is no string
from operator import attrgetter
attrgetter(5)
# --- methodcaller
from operator import methodcaller
[methodcaller("upper")("abc"), methodcaller("split", ",", maxsplit=1)("a,b,c"), list(map(methodcaller("strip"), [" a ", "b "])), repr(methodcaller("f", 1, k=2))]
# --- methodcaller of what is missing
from operator import methodcaller
methodcaller("nope")([])
# --- methodcaller without a name
from operator import methodcaller
methodcaller()
# --- in place
import operator as op
xs = [1]
ys = op.iadd(xs, [2])
[xs is ys, xs, op.iadd(1, 2), op.imul("ab", 2), op.ior({1}, {2}), op.ipow(2, 3), op.imod(7, 4), op.iconcat([1], [2]), op.isub(5, 2)]
# --- errors have the operator's own words
import operator
operator.add(1, "a")
# --- getitem out of range
import operator
operator.getitem([1], 5)
# --- reduce with operators
from functools import reduce
import operator
[reduce(operator.mul, range(1, 11)), reduce(operator.or_, [1, 2, 4], 8), reduce(operator.add, ["a", "b"], ""), reduce(operator.xor, [5, 3])]
# --- call
import operator
operator.call(max, 3, 9, key=lambda x: -x)
# --- text formatting
import operator
[operator.mod("%s-%d", ("a", 5)), operator.mod("%r", "x")]
