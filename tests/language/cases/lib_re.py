# --- search gives a match with groups and spans
import re
m = re.search(r"(?P<year>\d{4})-(?P<month>\d\d)", "on 2024-05-06")
print(m.group(), m.group(1), m.group("month"), m.group(1, 2), m["year"], m[2])
print(m.span(), m.start(1), m.end("month"), m.groups(), m.groupdict(), m.lastindex, m.lastgroup)
print(m.pos, m.endpos, m.string, m.re.pattern, m.regs, m.expand(r"\2/\g<year>"))
print(m)
re.search("x", "abc") is None
# --- match and fullmatch anchor
import re
[bool(re.match("a+", s)) for s in ("aab", "baa")], [bool(re.fullmatch("a+", s)) for s in ("aab", "aaa")]
# --- findall with no, one and two groups
import re
text = "a1 b2 c3"
re.findall(r"\w\d", text), re.findall(r"\w(\d)", text), re.findall(r"(\w)(\d)", text)
# --- finditer is lazy and keeps positions
import re
for m in re.finditer(r"o", "foo boo"):
    print(m.start(), m)
it = re.finditer("a", "banana")
next(it).span(), [m.end() for m in it]
# --- split keeps groups and honours maxsplit
import re
re.split(r"[,;]\s*", "a, b;c"), re.split(r"(,)", "a,b,c"), re.split(r",", "a,b,c", maxsplit=1), re.split("", "ab")
# --- sub with templates, counts and group references
import re
print(re.sub(r"(\w+) (\w+)", r"\2 \1", "hello big world"))
print(re.sub("a", "b", "aaaa", count=2), re.subn("a", "", "banana"))
print(re.sub(r"(?P<n>\d)", r"<\g<n>>", "a1b2"), re.sub("", "-", "ab"))
# --- sub with a function, a lambda and a method
import re
def double(m):
    return str(int(m.group()) * 2)
print(re.sub(r"\d+", double, "1 and 22"))
print(re.sub("[aeiou]", lambda m: m[0].upper(), "education"))
seen = []
re.sub("b", lambda m: seen.append(m.span()) or "", "abcb"), seen
# --- sub with a function that raises
import re
def bad(m):
    return 1 // 0
re.sub("a", bad, "banana")
# --- sub with a function that gives no text
import re
re.sub("a", lambda m: 1, "banana")
# --- flags
import re
print(re.findall("^a", "a\nA", re.M | re.I), re.search("a.b", "a\nb", re.DOTALL), re.I)
print(re.compile("x", re.IGNORECASE).flags, re.compile(r"a # comment", re.X).match("a"))
re.findall(r"(?i)ab", "AB ab"), re.findall(r"\w+", "é a", re.ASCII)
# --- compiled patterns have the module's functions
import re
p = re.compile(r"(\d)(?P<x>[a-z])?")
print(p.pattern, p.groups, p.groupindex, p.groupindex["x"], dict(p.groupindex))
print(p.match("1a"), p.search("zz1", 1), p.findall("1a2"), p.split("a1b"), p.sub("-", "1a2b", 1), p.subn("", "11"))
print(p.fullmatch("1a"), [m.group() for m in p.finditer("1a 2b", 1)], p)
p == re.compile(r"(\d)(?P<x>[a-z])?"), hash(p) == hash(re.compile(p))
# --- methods of patterns as values
import re
is_word = re.compile(r"\w+").fullmatch
list(filter(is_word, ["ab", "a b", "c"])), [*map(re.compile("a").search, "ab")][1]
# --- errors have positions
import re
for pattern in ("(", "[a", "a**", "(?P<1>a)", r"\8", "(?<=a+)b", "a{2,1}"):
    try:
        re.compile(pattern)
    except re.error as e:
        print(e, "|", e.msg, e.pos, e.lineno, e.colno, e.pattern)
# --- an error that nobody catches
import re
re.match("*", "a")
# --- missing group
import re
m = re.match("(a)|(b)", "b")
print(m.groups(), m.groups("-"), m.group(1), m.span(1))
m.group(3)
# --- patterns over bytes
import re
re.findall(rb"\d+", b"a1b22"), re.sub(b"a", b"b", b"banana")
# --- a text pattern on bytes
import re
re.search("a", b"a")
# --- wrong kinds of arguments
import re
for call in (lambda: re.search("a", 5), lambda: re.search(5, "a"), lambda: re.compile("a").match(), lambda: re.sub("a", "b")):
    try:
        call()
    except TypeError as e:
        print(e)
# --- escape and purge
import re
re.escape("a.b*c [x]"), re.purge()
# --- isinstance of pattern and match
import re
m = re.match("a", "a")
isinstance(m, re.Match), isinstance(m.re, re.Pattern), isinstance("a", re.Pattern), type(m) is re.Match
# --- lookaround, backreferences, conditionals and possessive quantifiers
import re
print(re.findall(r"(?<=\$)\d+", "$5 €6 $70"), re.findall(r"\b(\w)\w*\1\b", "abca xyz noon"))
print(re.match(r"(<)?a(?(1)>)", "<a>"), re.match(r"(?>a+)b", "aab"), re.match(r"a++a", "aaa"))
# --- a tokenizer
import re
TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<op>[-+*/()=]))")
def tokens(text):
    at = 0
    while at < len(text):
        m = TOKEN.match(text, at)
        if m is None:
            raise SyntaxError(f"bad character {text[at]!r} at {at}")
        yield m.lastgroup, m[m.lastgroup]
        at = m.end()
print(list(tokens("x = 3.5*(y+1)")))
list(tokens("x $"))
