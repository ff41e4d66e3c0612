# --- digests
import hashlib
for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b", "blake2s"):
    h = hashlib.new(name, b"abc")
    print(name, h.hexdigest(), h.digest_size, h.block_size, h.name)
hashlib.sha256("héllo".encode()).hexdigest(), hashlib.md5(b"").digest()
# --- piece by piece
import hashlib
h = hashlib.sha256()
h.update(b"ab")
copy = h.copy()
h.update(b"c")
h.hexdigest() == hashlib.sha256(b"abc").hexdigest(), copy.hexdigest() == hashlib.sha256(b"ab").hexdigest()
# --- digests of any length, and keys
import hashlib
hashlib.shake_128(b"a").hexdigest(5), hashlib.shake_256(b"a").digest(3), hashlib.blake2b(b"a", digest_size=4, key=b"k").hexdigest()
# --- a text is not bytes
import hashlib
hashlib.sha3_256("abc")
# --- an unknown algorithm
import hashlib
try:
    hashlib.new("nope")
except ValueError as e:
    print(e)
