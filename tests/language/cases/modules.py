# --- math functions
import math
[math.sqrt(16), math.floor(2.7), math.ceil(2.1), math.pi > 3, math.gcd(12, 18), math.factorial(10), math.isnan(math.nan), math.hypot(3, 4),
 math.log(math.e), math.log2(8), math.log10(1000), math.trunc(-2.5), math.fabs(-1), math.comb(5, 2), math.perm(5, 2), math.prod([1, 2, 3])]
# --- math from import
from math import sqrt, pi as PI, floor
[sqrt(9), round(PI, 4), floor(-0.5)]
# --- math alias
import math as m
[m.inf, m.isinf(m.inf), m.isclose(0.1 + 0.2, 0.3), m.copysign(1, -0.0), m.modf(2.5), m.frexp(8), m.dist([0, 0], [3, 4]), m.fsum([0.1] * 10)]
# --- math module as a value
import math
m = math
f = math.sqrt
[m.sqrt(4), f(25), list(map(math.floor, [1.5, 2.5]))]
# --- math domain error
import math
math.sqrt(-1)
# --- math log of zero
import math
math.log(0)
# --- math factorial of a negative number
import math
math.factorial(-1)
# --- math wrong type
import math
math.sqrt("a")
# --- math overflow
import math
math.exp(1000)
# --- math isqrt of a float
import math
math.isqrt(2.0)
# --- math inside a function
import math
def area(r):
    return math.pi * r ** 2
round(area(2), 3)
# --- import inside a function
def f(x):
    import math
    from json import dumps
    return dumps(math.floor(x))
f(2.5)
# --- json dumps
import json
[json.dumps({"a": [1, 2.5, None, True], "b": "é"}), json.dumps([1], indent=2), json.dumps({"b": 1, "a": 2}, sort_keys=True),
 json.dumps("é", ensure_ascii=False), json.dumps([1, 2], separators=(",", ":")), json.dumps((1, 2)), json.dumps({1: 2, None: 3, True: 4}), json.dumps(float("inf"))]
# --- json loads
import json
[json.loads('{"a": [1, 2.5, null, true, "x"]}'), json.loads("[]"), json.loads('"\\u00e9"'), json.loads(" 5 "), json.loads("1e3"), json.loads("NaN") != 1]
# --- json round trip
import json
d = {"k": [1, {"n": None}], "f": 0.1, "s": "a\"b"}
json.loads(json.dumps(d)) == d
# --- json decode error
import json
json.loads('{"a": }')
# --- json decode error caught
import json
try:
    json.loads("[1,")
except json.JSONDecodeError as e:
    r = [str(e), e.pos, e.lineno, e.msg]
r
# --- json decode error is a value error
from json import loads
try:
    loads("{")
except ValueError as e:
    r = str(e)
r
# --- json of a function
import json
json.dumps(lambda: 1)
# --- json with default
import json
json.dumps({"a": {1}, "b": range(2)}, default=list)
# --- json bad keys
import json
json.dumps({(1, 2): 3})
# --- json skip keys
import json
json.dumps({(1, 2): 3, "a": 1}, skipkeys=True)
# --- json circular
import json
a = []
a.append(a)
json.dumps(a)
# --- json nan not allowed
import json
json.dumps(float("nan"), allow_nan=False)
# --- json object hook
import json
json.loads('{"a": {"b": 1}}', object_hook=lambda d: sorted(d.items()))
# --- json parse float
import json
json.loads("[1.5, 2]", parse_float=str)
# --- json wrong type
import json
json.loads(5)
# --- json nested in f-string
import json
f"{json.dumps({'a': 1})!r}"
# --- module attribute missing
import math
m = math
m.nothing
