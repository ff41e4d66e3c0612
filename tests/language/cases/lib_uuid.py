# --- identifiers from names
import uuid
u = uuid.uuid5(uuid.NAMESPACE_DNS, "example.org")
print(u, repr(u), u.hex, u.int, u.version, u.variant, u.urn, u.bytes, u.fields, u.time_low, u.node)
print(uuid.uuid3(uuid.NAMESPACE_URL, "http://x.org/"), u == uuid.UUID(str(u)), u < uuid.UUID(int=0), hash(u) == hash(uuid.UUID(u.hex)))
uuid.UUID("{12345678-1234-5678-1234-567812345678}").hex, str(uuid.UUID(bytes=b"\x01" * 16)), str(uuid.UUID(int=5))
# --- random identifiers differ
import uuid
a, b = uuid.uuid4(), uuid.uuid4()
a != b, a.version, len(str(a)), a.variant == uuid.RFC_4122, uuid.uuid1().version, isinstance(a, uuid.UUID)
# --- a malformed identifier
import uuid
uuid.UUID("nope")
