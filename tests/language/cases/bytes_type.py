# --- literals and constructors
[b"abc", bytes(3), bytes([65, 66]), bytes("é", "utf-8"), b"\x00\xff", bytes(b"x"), bytes(), bytes(range(3)), bytes("é", encoding="latin-1"), b'it\'s "q"']
# --- indexing and slicing
b = b"hello"
[b[0], b[-1], b[1:3], b[::-1], list(b), len(b), 104 in b, b"ell" in b, b + b"!", b * 2, b == b"hello", b < b"help", hash(b) == hash(bytes(b))]
# --- searching
b = b"abracadabra"
[b.find(b"a", 1), b.rfind(b"a"), b.index(b"bra"), b.rindex(98), b.count(b"a"), b.count(97), b.startswith(b"ab"), b.endswith((b"x", b"ra")), b.find(b"zz")]
# --- index of what is missing
b"abc".index(b"z")
# --- splitting and joining
[b"a,b,c".split(b","), b" a  b ".split(), b"a,b,c".rsplit(b",", 1), b"a\nb\r\nc".splitlines(), b"-".join([b"a", b"b"]), b"k=v=w".partition(b"="), b"k=v=w".rpartition(b"=")]
# --- join of text
b"-".join(["a"])
# --- case and kind
[b"Hello World".upper(), b"ABC".lower(), b"abc def".title(), b"aBC".capitalize(), b"aB".swapcase(), b"abc".isalpha(), b"12".isdigit(), b"a1".isalnum(), b" \t".isspace(), b"Ab".istitle(), b"AB".isupper(), b"ab".islower(), b"ab".isascii()]
# --- stripping and padding
[b"  a ".strip(), b"xxaxx".lstrip(b"x"), b"a\n".rstrip(), b"a".center(5, b"*"), b"a".ljust(3), b"a".rjust(3, b"."), b"-5".zfill(4), b"a\tb".expandtabs(4), b"prefix-x".removeprefix(b"prefix-"), b"x.py".removesuffix(b".py")]
# --- replacing and translating
[b"aXbX".replace(b"X", b"--"), b"aaa".replace(b"a", b"b", 2), b"abc".translate(bytes.maketrans(b"ab", b"xy")), b"abcabc".translate(None, b"b")]
# --- hexadecimal
[b"\x01\xab".hex(), b"\x01\xab\xcd".hex(":"), b"\x01\xab\xcd\xef".hex("-", 2), bytes.fromhex("01 ab"), bytes.fromhex("")]
# --- hexadecimal with bad text
bytes.fromhex("0g")
# --- decoding
[b"caf\xc3\xa9".decode(), b"\xe9".decode("latin-1"), b"a\xffb".decode("utf-8", "replace"), b"a\xffb".decode(errors="ignore"), "é€".encode("utf-16-le").decode("utf-16-le"), "ab".encode("ascii"), str(b"ab", "ascii"), b"\xff".decode("ascii", "backslashreplace")]
# --- decoding what is not UTF-8
b"\xff".decode()
# --- encoding what does not fit
"é".encode("ascii")
# --- encoding with error handlers
["é€".encode("ascii", h) for h in ("ignore", "replace", "backslashreplace", "xmlcharrefreplace")]
# --- the data of an error of decoding
try:
    b"ab\xff".decode()
except UnicodeDecodeError as e:
    r = [e.encoding, e.object, e.start, e.end, e.reason]
r
# --- bytes out of range
bytes([256])
# --- bytes of negative length
bytes(-1)
# --- bytes of text without an encoding
bytes("abc")
# --- bytes and text do not mix
b"a" + "b"
# --- text in bytes
"a" in b"abc"
# --- bytes formatted
[b"%d-%s-%x" % (5, b"ab", 255), b"%05.1f|%-4d|" % (2.25, 7), b"%a" % "é", b"%c%%" % 65]
# --- bytes are not formatted with text
b"%s" % "a"
# --- bytes do not change
b = b"abc"
b[0] = 1
# --- the text of bytes
[str(b"a'b"), repr(b"\n\x00"), f"{b'x'}", ascii(b"\xe9"), "%r" % b"q"]
# --- integers and bytes
[(1025).to_bytes(2, "big"), (1025).to_bytes(4, "little"), (-2).to_bytes(2, "big", signed=True), int.from_bytes(b"\x04\x01", "big"), int.from_bytes(b"\xff\xfe", "big", signed=True), (5).to_bytes(), int.from_bytes([1, 0], "little"), int(b"42"), float(b"1.5")]
# --- an integer that does not fit
(256).to_bytes(1, "big")
# --- a negative integer without sign
(-1).to_bytes(2, "big")
# --- bytearray
b = bytearray(b"abc")
b.append(100)
b.extend(b"ef")
b[0] = 65
b[1:3] = b"XYZ"
b.insert(0, 48)
last = b.pop()
b.remove(88)
del b[0]
b += b"!"
b.reverse()
[bytes(b), last, len(b), b[0], b"!" in b, b.find(b"Z"), bytes(b.upper()), b == bytearray(bytes(b)), str(b), bytes(b * 2), bytes(b[1:3])]
# --- bytearray constructors and copies
a = bytearray(3)
b = bytearray("é", "utf-8")
c = b.copy()
c.clear()
[bytes(a), bytes(b), bytes(c), bytes(bytearray([1, 2])), bytearray(b"ab").decode(), bytearray(b"\x01").hex(), bytes(bytearray.fromhex("ff")), bytearray(b"a,b").split(b",") == [b"a", b"b"], bool(bytearray())]
# --- bytearray out of range
bytearray(b"a").append(256)
# --- bytearray pops from nothing
bytearray().pop()
# --- bytearray is not hashable
{bytearray(b"a"): 1}
# --- bytearray removes what is missing
bytearray(b"ab").remove(120)
# --- iterating and comparing
[[x for x in b"ab"], b"a" == "a", b"a" != bytearray(b"a"), sorted([b"b", b"a"]), max(b"ab"), sum(b"ab"), dict(zip(b"ab", "xy")), b"abc"[1:].isalpha(), tuple(reversed(b"ab"))]
# --- isinstance of bytes
[isinstance(b"", bytes), isinstance(bytearray(), bytes), isinstance(b"", (str, bytes)), type(b"") is bytes, callable(bytes), bool(b""), bool(b"0")]
