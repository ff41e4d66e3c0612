# --- escapes and literals
["a\nb", 'q"', "\u00e9\x41", r"\n", "a" "b", """x
y"""]
# --- concatenation and repetition
["a" + "b", "ab" * 3, 3 * "x", "a" * -1, "" + ""]
# --- indexing and slicing
s = "hello"
[s[0], s[-1], s[1:3], s[::-1], s[::2], s[10:], s[-3:], s[:], s[4:1:-1]]
# --- index out of range
"abc"[5]
# --- index with wrong type
"abc"["a"]
# --- item assignment
s = "abc"
s[0] = "x"
# --- case methods
["Hello".upper(), "Hello".lower(), "hello world".title(), "hello".capitalize(), "HeL".swapcase(), "ß".casefold()]
# --- strip methods
[" a ".strip(), " a ".lstrip(), " a ".rstrip(), "xxaxx".strip("x"), "abc".removeprefix("a"), "abc".removesuffix("c")]
# --- split methods
["a b  c".split(), "a,b,,c".split(","), "a,b,c".split(",", 1), "a,b,c".rsplit(",", 1), "a\nb\r\nc".splitlines(),
 "a\nb".splitlines(True), "a-b".partition("-"), "a-b-c".rpartition("-"), "".split(), "".split(",")]
# --- split by empty separator
"abc".split("")
# --- join
[",".join(["a", "b"]), "".join([]), "-".join("abc"), ", ".join({"k": 1}), ",".join(str(i) for i in range(3))]
# --- join of non strings
",".join([1, 2])
# --- search methods
s = "banana"
[s.find("an"), s.rfind("an"), s.find("x"), s.index("n"), s.rindex("n"), s.count("a"), s.startswith("ba"), s.endswith(("x", "na")),
 s.startswith("an", 1)]
# --- index method without match
"abc".index("z")
# --- replace and translate
["banana".replace("a", "o"), "banana".replace("a", "o", 2), "abc".translate(str.maketrans("ab", "xy")),
 "abc".translate(str.maketrans({"a": None}))]
# --- padding methods
["a".center(5, "*"), "a".ljust(3) + "|", "a".rjust(3), "-5".zfill(4), "a\tb".expandtabs(4)]
# --- predicate methods
["a1".isalnum(), "abc".isalpha(), "12".isdigit(), "ab".islower(), "AB".isupper(), " ".isspace(), "Ab".istitle(),
 "x1".isidentifier(), "1".isnumeric(), "1".isdecimal(), "é".isascii(), "a\n".isprintable()]
# --- encode and decode
["é".encode(), "abc".encode("ascii"), "é".encode().decode(), "é".encode("latin-1").decode("latin-1")]
# --- encode error
"é".encode("ascii")
# --- f-string basics
name, n = "World", 3
f"Hello {name}! {n + 1} {n!r} {name!r} {name!s} {{}} {n=}"
# --- f-string format specs
x, w = 3.14159, 10
f"{x:.2f}|{x:{w}.3f}|{42:05d}|{'a':>5}|{'a':<5}|{'a':^5}|{1234567:,}|{255:#x}|{0.5:%}|{1e10:g}|{5:+d}|{'abc':.2}|{12:b}"
# --- f-string nested quotes and expressions
d = {"a": [1, 2]}
f"{d['a'][0]} {len(d['a'])} {'yes' if d else 'no'} {[i * 2 for i in d['a']]} {d!r:>20}"
# --- f-string conversion ascii
s = "é"
f"{s!a} {s!r} {s!s}"
# --- f-string bad spec
f"{'a':d}"
# --- f-string spec for a list
f"{[1]:5}"
# --- f-string multi line
v = 1
f"""a {v}
b {v + 1}"""
# --- str.format
["{} {}".format(1, 2), "{1} {0}".format("a", "b"), "{x} {y:>4}".format(x=1, y=2), "{0[1]}".format([1, 2]),
 "{d[k]}".format(d={"k": 5}), "{!r}".format("a"), "{:{}}".format("a", 4), "{{}}".format(), "{:.3f}".format(2.0)]
# --- str.format missing index
"{} {}".format(1)
# --- str.format missing key
"{x}".format(y=1)
# --- str.format mixed numbering
"{} {1}".format(1, 2)
# --- str.format unmatched brace
"{".format()
# --- str.format single closing brace
"}".format()
# --- str.format_map
"{a} {b}".format_map({"a": 1, "b": 2})
# --- percent formatting
["%s %d" % ("a", 5), "%.2f" % 3.14159, "%5s|%-5s|" % ("a", "b"), "%x %o" % (255, 8), "%(k)s" % {"k": 1}, "%%", "%r" % "a", "%c" % 65]
# --- percent formatting wrong type
"%d" % "a"
# --- percent formatting too few
"%s %s" % ("a",)
# --- percent formatting too many
"%s" % ("a", "b")
# --- conversion functions
[str(1.0), str(None), str([1, "a"]), repr("it's"), repr('a"b'), ascii("é"), chr(233), ord("é"), format(3.5, ".2f"), format("a", ">3")]
# --- ord of a long string
ord("ab")
# --- chr out of range
chr(-1)
# --- iteration
[c for c in "héy"]
# --- comparison and sorting
[sorted("hello"), "a" < "B", max("hello"), min("b", "a"), "abc" == "abc", sorted(["b", "A", "c"], key=str.lower)]
# --- unknown method
"a".foo()
# --- unknown attribute
"a".foo
# --- bound method as a value
up = "abc".upper
join = ",".join
[up(), join(["a", "b"])]
# --- unbound method as a value
[list(map(str.upper, ["a", "b"])), str.split("a b")]
# --- wrong argument count
"a".upper(1)
# --- method with keyword
"a b c".split(maxsplit=1)
# --- membership
["ell" in "hello", "" in "a", "x" not in "a"]
# --- representation of special characters
[repr("\n\t\x00\\"), repr("é☃"), str("\n")]
