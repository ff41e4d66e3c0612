# --- there and back
import base64
data = b"hello \x00\xff world?>"
for encode, decode in (
    (base64.b64encode, base64.b64decode), (base64.urlsafe_b64encode, base64.urlsafe_b64decode),
    (base64.b32encode, base64.b32decode), (base64.b16encode, base64.b16decode), (base64.b85encode, base64.b85decode),
    (base64.a85encode, base64.a85decode), (base64.encodebytes, base64.decodebytes), (base64.standard_b64encode, base64.standard_b64decode),
):
    print(encode(data), decode(encode(data)) == data)
base64.b64decode("aGk="), base64.b64encode(b"ab", altchars=b"-_")
# --- padding that is missing
import base64, binascii
try:
    base64.b64decode("abc")
except binascii.Error as e:
    print(e, isinstance(e, ValueError))
base64.b64encode("text")
# --- binascii
import binascii
print(binascii.hexlify(b"ab"), binascii.unhexlify("6162"), binascii.crc32(b"abc"), binascii.b2a_base64(b"a"), binascii.a2b_base64(b"YQ=="))
binascii.unhexlify("abc")
# --- zlib
import zlib
data = b"noodle " * 1000
packed = zlib.compress(data, 9)
c, d = zlib.compressobj(), zlib.decompressobj()
piece = c.compress(data) + c.flush()
print(len(packed) < 100, zlib.decompress(packed) == data, zlib.crc32(b"a"), zlib.adler32(b"a"), d.decompress(piece) == data, d.eof)
zlib.decompress(b"nope")
# --- zlib data that is cut off
import zlib
zlib.decompress(zlib.compress(b"abc")[:-2])
