# --- format specs of integers
[f"{v:{s}}" for v, s in [(42, "d"), (42, "5d"), (42, "<5d"), (42, "^6"), (42, "+"), (42, " "), (-42, "=+8"), (42, "08"), (42, "x"), (255, "X"), (255, "#x"), (5, "b"), (5, "#010b"), (8, "o"), (8, "#o"), (1234567, ","), (1234567, "_"), (255, "_b"), (65, "c"), (3, "n"), (3, "e"), (3, ".2f"), (50, "%"), (True, "d"), (True, "5"), (10**30, ",")]]
# --- format specs of floats
[f"{v:{s}}" for v, s in [(3.14159, ".2f"), (3.14159, "10.3f"), (3.14159, "<10.3f|"[:-1]), (-3.5, "+.1f"), (3.0, "g"), (1e10, "g"), (1e-5, "g"), (123456.789, ".3g"), (0.000123, ".2e"), (1234.5, ",.2f"), (0.256, ".1%"), (2.0, ""), (1e16, ""), (2.5, ".0f"), (3.5, ".0f"), (float("nan"), "f"), (float("inf"), "F"), (-0.0, "f"), (1.5, "#.0f"), (1e300, ".3e"), (12.0, "06.1f"), (3.0, "#g"), (1.0, "z.1f"), (-0.001, "z.1f")]]
# --- format specs of text
[f"{v:{s}}" for v, s in [("ab", "5"), ("ab", "<5"), ("ab", ">5"), ("ab", "^5"), ("ab", "*^6"), ("abc", ".2"), ("abc", "6.1"), ("é", "_>3"), ("", "3"), ("ab", "s"), ("ab", "{<4")]]
# --- nested specs and conversions
w, p, v = 8, 2, 3.14159
[f"{v:{w}.{p}f}", f"{v!r:>10}", f"{'a'!r}", f"{'é'!a}", f"{v!s:.4}", f"{'x':{'*'}^{5}}", f"{w=}", f"{v=:.1f}", f"{w = }", f"{'q'=!s}", f"{{}}", f"{{{w}}}", f"{w:{w}}", f"{(lambda x: x * 2)(4)}", f"{[i for i in range(3)]}", f"{ {'a': 1}['a'] }"]
# --- f-strings over lines
name = "Ada"
f"""hello
{name.upper()!r:>8}
{name:^{len(name) + 4}}|"""
# --- a bad spec for an integer
f"{5:z}"
# --- a bad spec for a float
f"{5.5:d}"
# --- a bad spec for text
f"{'a':d}"
# --- a sign for text
f"{'a':+}"
# --- a comma for text
f"{'a':,}"
# --- precision for an integer
f"{5:.2d}"
# --- a spec for a list
f"{[1]:5}"
# --- a spec for None
f"{None:5}"
# --- an unknown conversion code
"{:Q}".format(1.5)
# --- str.format
["{} {}".format(1, "a"), "{1} {0}".format(1, 2), "{a} {b!r}".format(a=1, b="x"), "{0[1]} {d[k]}".format([5, 6], d={"k": 7}), "{:>{w}}".format("a", w=4), "{{}} {}".format(5), "{:,}".format(12345), "{0:{1}}".format(3, "03d"), "{!s}".format(None), "{0!a}".format("é"), "{:%}".format(0.5), "{}".format([1, "a"]), "{0}{0}".format("ab")]
# --- str.format with numbers in brackets
"{0[0]}{0[k]}".format({0: "a", "k": "b"})
# --- str.format of too few arguments
"{} {}".format(1)
# --- str.format of a missing name
"{x}".format(y=1)
# --- str.format mixes numbering
"{} {0}".format(1)
# --- str.format mixes numbering the other way round
"{0} {}".format(1)
# --- str.format with a single brace
"{".format(1)
# --- str.format with a closing brace
"}".format(1)
# --- str.format with an unknown conversion
"{!x}".format(1)
# --- str.format with an index that is missing
"{0[5]}".format([1])
# --- str.format of an unknown attribute
"{0.nope}".format(1)
# --- str.format_map
["{a}{b}".format_map({"a": 1, "b": 2}), "{x:>3}".format_map({"x": "q"})]
# --- str.format_map with missing keys
class Default(dict):
    def __missing__(self, key):
        return f"<{key}>"
"{a} {b}".format_map(Default(a=1))
# --- percent formatting
["%d %s" % (1, "a"), "%5.2f|" % 3.14159, "%-5d|" % 42, "%05d" % 42, "%+d" % 5, "% d" % 5, "%x %X %o" % (255, 255, 8), "%#x" % 255, "%e" % 12345.678, "%g" % 1e-5, "%c%c" % ("a", 98), "%r %a" % ("é", "é"), "%%" % (), "%s" % [1, 2], "%(a)s %(b)d" % {"a": 1, "b": 2}, "%*d" % (5, 42), "%.*f" % (2, 3.14159), "%s" % (None,), "%i" % 3.9, "%5s|%-5s|" % ("a", "b"), "%.2s" % "abc", "%u" % 7, "%s %s" % ("a", ("b",)), "%08.3f" % 3.14159, "%+.1e" % 0.00012, "%G" % 1e20, "%F" % 1.5]
# --- percent with too few arguments
"%s %s" % ("a",)
# --- percent with too many arguments
"%s" % ("a", "b")
# --- percent of text as a number
"%d" % "a"
# --- percent of a float as hexadecimal
"%x" % 1.5
# --- percent with an unknown format
"%q" % 1
# --- percent with a missing key
"%(a)s" % {"b": 1}
# --- percent that needs a mapping
"%(a)s" % 5
# --- percent that is incomplete
"abc%" % 1
# --- percent with a character that is too long
"%c" % "ab"
# --- percent without a format
"abc" % 5
# --- percent of a mapping without a key
"abc" % {"a": 1}
# --- objects format themselves
class Money:
    def __init__(self, amount):
        self.amount = amount
    def __format__(self, spec):
        return f"${self.amount:{spec or '.2f'}}"
    def __str__(self):
        return "money"
    def __repr__(self):
        return "Money()"
m = Money(3.14159)
[f"{m}", f"{m:.3f}", f"{m!s}", f"{m!r:>9}", "{:.1f}".format(m), format(m, ".0f"), "%s %r" % (m, m), str(m), f"{[m]}", "{0!s:>6}".format(m)]
# --- objects without a format of their own
class P:
    def __str__(self):
        return "p"
[f"{P()}", "{}".format(P())]
# --- objects without a format of their own with a spec
class P:
    pass
f"{P():>5}"
# --- a format that is no text
class P:
    def __format__(self, spec):
        return 5
f"{P()}"
# --- a text that is no text
class P:
    def __str__(self):
        return 5
str(P())
# --- a table
rows = [("apple", 1.5, 3), ("fig", 12.25, 10)]
for name, price, n in rows:
    print(f"{name:<8}|{price:>8.2f}|{n:^5d}|{price * n:>10,.3f}")
print("-" * 20)
print("{:>5}{:<5}|".format("a", "b"), "total: %6.2f" % sum(p * n for _, p, n in rows))
# --- str.format reads attributes
from collections import namedtuple
class P:
    def __init__(self, x):
        self.x = x
        self.items = {"k": [1, 2]}
T = namedtuple("T", "a b")
["{0.x} {p.items[k][1]}".format(P(5), p=P(6)), "{0.real}".format(7), "{t.a}-{t.b!r:>4}".format(t=T(1, "q")), "{p.x:>{w}}".format(p=P(1), w=3), "{o.x}".format_map({"o": P("z")})]
# --- str.format of an attribute that an object has not
class P:
    pass
"{0.y}".format(P())
