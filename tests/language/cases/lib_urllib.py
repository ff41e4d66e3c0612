# --- quoting
from urllib.parse import quote, quote_plus, unquote, unquote_plus, quote_from_bytes, unquote_to_bytes
quote("a b/ü&=?"), quote("a/b", safe=""), quote_plus("a b+c"), unquote("a%20b%C3%BC"), unquote_plus("a+b"), quote_from_bytes(b"\xff"), unquote_to_bytes("%ff")
# --- taking apart
from urllib.parse import urlparse, urlsplit, urldefrag
u = urlparse("https://me:pw@Example.org:8080/a/b;p?q=1&r=2#frag")
print(u, u.scheme, u.netloc, u.path, u.params, u.query, u.fragment, u.hostname, u.port, u.username, u.password, u.geturl())
print(u._replace(scheme="http", fragment="").geturl(), u[1], len(u), urldefrag("a#b"), urldefrag("a#b").url)
s = urlsplit("//h/p?x")
tuple(s), s.netloc, s == urlsplit("//h/p?x"), isinstance(s, tuple), list(u)[:2]
# --- putting together
from urllib.parse import urlunparse, urlunsplit, urljoin, urlencode
print(urlunparse(("http", "h", "/p", "", "q=1", "f")), urlunsplit(("http", "h", "/p", "q", "")), urljoin("http://h/a/b", "../c?x"))
urlencode({"a": 1, "b": "x y", "c": None}), urlencode([("k", "v"), ("k", "ü")]), urlencode({"a": [1, 2]}, doseq=True), urlencode({"a": [1]})
# --- queries
from urllib.parse import parse_qs, parse_qsl
parse_qs("a=1&a=2&b=&c=%20"), parse_qsl("a=1&b=&c=3", keep_blank_values=True), parse_qs("")
# --- a port that is none
from urllib.parse import urlparse
urlparse("http://h:99999/").port
# --- a query of the wrong kind
import urllib.parse
urllib.parse.urlencode(5)
