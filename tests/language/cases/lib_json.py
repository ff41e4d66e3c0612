# --- writing
import json
data = {"b": [1, 2.5, None, True], "a": {"x": "é\n\u2028"}, 1: "int", None: 2, True: 3, 1.5: 4}
print(json.dumps(data), json.dumps([1, (2, 3)], separators=(",", ":")), json.dumps("é", ensure_ascii=False))
print(json.dumps({"b": 1, "a": [1, {}], "c": []}, indent=2, sort_keys=True), json.dumps([1], indent="\t"))
json.dumps(float("nan")), json.dumps({"a": 1, (1,): 2}, skipkeys=True), json.dumps([]), json.dumps({}, indent=2)
# --- values that need a default
import json
from decimal import Decimal
from datetime import date
def encode(x):
    if isinstance(x, (set, frozenset)):
        return sorted(x)
    if isinstance(x, Decimal):
        return float(x)
    return str(x)
json.dumps({"s": {3, 1}, "d": Decimal("1.5"), "t": date(2024, 1, 1), "n": [{2}]}, default=encode)
# --- a value without one
import json
json.dumps({"x": {1}})
# --- an object without one
import json
class Point:
    pass
json.dumps([Point()])
# --- reading
import json
print(json.loads('{"a": [1, 2.5, -3e2, "x\\u00e9", null, true], "a2": {}}'), json.loads(b'[1]'), json.loads('"\\ud83d\\ude00"'))
json.loads("[1.1, 2]", parse_float=str, parse_int=lambda t: t * 2), json.loads('{"a": 1, "a": 2}', object_pairs_hook=list), json.loads("NaN", parse_constant=repr)
# --- hooks
import json
from decimal import Decimal
print(json.loads('{"a": {"b": 1}}', object_hook=lambda d: sorted(d.items())))
json.loads("[0.1]", parse_float=Decimal)[0] + Decimal("0.2") == Decimal("0.3"), json.loads("[0.1]", parse_float=float)
# --- malformed texts
import json
for text in ("", "{", '{"a" 1}', "[1,]", "nul", '"\x01"', "1 2", '{"a":1,}'):
    try:
        json.loads(text)
    except json.JSONDecodeError as e:
        print(e.msg, e.pos, e.lineno, e.colno, e.doc == text, e)
# --- objects in memory
import json, io
f = io.StringIO()
json.dump({"a": [1, 2]}, f, indent=1)
f.seek(0)
json.load(f), f.getvalue()
# --- a circle
import json
a = []
a.append(a)
json.dumps(a)
# --- infinity refused
import json
json.dumps(float("inf"), allow_nan=False)
# --- keys of the wrong kind
import json
json.dumps({(1, 2): 3})
# --- an unknown option
import json
try:
    json.loads(5)
except TypeError as e:
    print(e)
# --- round trip of nested data
import json
data = {"users": [{"name": f"u{i}", "tags": [str(j) for j in range(i)]} for i in range(4)], "total": 10**20, "x": -0.0}
json.loads(json.dumps(data)) == data, json.loads(json.dumps(data, indent=4)) == data, len(json.dumps(data, indent=4).splitlines())
