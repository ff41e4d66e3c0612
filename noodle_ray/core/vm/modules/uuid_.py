"""The uuid module. Random and time-based ones come from the run's seed and clock, and tell nothing of the host."""

import hashlib  # noqa: F401  # what uuid3 and uuid5 import
import uuid
from typing import Any

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.entropy import fresh_bits
from noodle_ray.core.vm.modules.vetting import metered, readers
from noodle_ray.core.vm.state import S

_GREGORIAN = 0x01B21DD213814000
"""100 ns intervals between the UUID epoch, 1582-10-15, and 1970-01-01 (RFC 4122, 4.1.4)."""


def uuid1(node: Any = None, clock_seq: Any = None) -> uuid.UUID:
    """uuid.uuid1, with a random node (RFC 4122, 4.5) where none is given."""
    timestamp = int(S.wall() * 10_000_000) + _GREGORIAN
    sequence = fresh_bits(14) if clock_seq is None else clock_seq
    return uuid.UUID(
        fields=(
            timestamp & 0xFFFFFFFF,
            (timestamp >> 32) & 0xFFFF,
            (timestamp >> 48) & 0x0FFF,
            (sequence >> 8) & 0x3F,
            sequence & 0xFF,
            fresh_bits(48) | 1 << 40 if node is None else node,
        ),
        version=1,
    )


def uuid4() -> uuid.UUID:
    """uuid.uuid4."""
    return uuid.UUID(int=fresh_bits(128), version=4)


register(
    uuid.UUID,
    attributes=readers(
        *("bytes", "bytes_le", "clock_seq", "clock_seq_hi_variant", "clock_seq_low", "fields", "hex", "int", "node"),
        *("time", "time_hi_version", "time_low", "time_mid", "urn", "variant", "version"),
    ),
)

MEMBERS: dict[str, Any] = {
    name: getattr(uuid, name)
    for name in (
        *("NAMESPACE_DNS", "NAMESPACE_OID", "NAMESPACE_URL", "NAMESPACE_X500", "RESERVED_FUTURE"),
        *("RESERVED_MICROSOFT", "RESERVED_NCS", "RFC_4122", "UUID"),
    )
}
MEMBERS |= {"uuid1": uuid1, "uuid3": metered(uuid.uuid3), "uuid4": uuid4, "uuid5": metered(uuid.uuid5)}
