# --- what a character is
import unicodedata as u
print(u.name("é"), u.lookup("GREEK SMALL LETTER ALPHA"), u.category("A"), u.bidirectional("a"), u.combining("\u0301"), u.east_asian_width("漢"))
u.decimal("7"), u.digit("²"), u.numeric("½"), u.mirrored("("), u.decomposition("é"), u.name("\n", "none"), u.category("\n")
# --- normalizing
from unicodedata import normalize, is_normalized
plain = "".join(c for c in normalize("NFD", "déjà vu") if c.isascii())
plain, normalize("NFC", "e\u0301") == "é", normalize("NFKC", "ﬁ①"), is_normalized("NFC", "é"), normalize("NFD", "a" * 100)
# --- no such name
import unicodedata
unicodedata.lookup("NOPE")
# --- no such form
import unicodedata
unicodedata.normalize("X", "a")
