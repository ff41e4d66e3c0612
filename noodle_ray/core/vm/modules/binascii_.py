"""The binascii module: CPython's own, paid for by length."""

import binascii
from typing import Any

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.vetting import metered

register(binascii.Error)
register(binascii.Incomplete)

MEMBERS: dict[str, Any] = {
    name: metered(getattr(binascii, name))
    for name in (
        *("a2b_base64", "a2b_hex", "a2b_qp", "a2b_uu", "b2a_base64", "b2a_hex", "b2a_qp", "b2a_uu", "crc32", "crc_hqx"),
        *("hexlify", "unhexlify"),
    )
}
MEMBERS |= {"Error": binascii.Error, "Incomplete": binascii.Incomplete}
