"""The hmac module: CPython's own, with the algorithms of hashlib by name or constructor."""

import hmac
from typing import Any

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules import hashlib_
from noodle_ray.core.vm.modules.vetting import metered, methods, readers

_WEIGHT = 2


def _algorithm(digestmod: Any) -> str:
    for name, constructor in hashlib_.MEMBERS.items():
        if digestmod is constructor and name != "new":
            return name
    if not isinstance(digestmod, str):
        raise TypeError("Missing required argument 'digestmod'.")
    name = str.__str__(digestmod)
    hashlib_.new(name)
    return name


def new(key: Any, msg: Any = None, digestmod: Any = "") -> hmac.HMAC:
    """hmac.new."""
    if not digestmod:
        raise TypeError("Missing required argument 'digestmod'.")
    if isinstance(key, str):
        raise TypeError("key: expected bytes or bytearray, but got 'str'")
    return hmac.HMAC(key, msg, _algorithm(digestmod))


def digest(key: Any, msg: Any, digest: Any) -> bytes:
    """hmac.digest."""
    return hmac.digest(key, msg, _algorithm(digest))


register(
    hmac.HMAC,
    methods={**methods(hmac.HMAC, "copy digest hexdigest"), "update": metered(hmac.HMAC.update, _WEIGHT)},
    attributes=readers("block_size", "digest_size", "name"),
    call=metered(new, _WEIGHT),
)

MEMBERS: dict[str, Any] = {
    "compare_digest": metered(hmac.compare_digest),
    "digest": metered(digest, _WEIGHT),
    "new": metered(new, _WEIGHT),
}
