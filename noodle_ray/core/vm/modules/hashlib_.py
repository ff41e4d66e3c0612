"""The hashlib module, on CPython's own implementations: those of OpenSSL show addresses in their reprs."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.vetting import charge_size, metered, methods, readers, refuse_beyond_memory
from noodle_ray.core.vm.state import S

_NAMES = (
    *("blake2b", "blake2s", "md5", "sha1", "sha224", "sha256", "sha384", "sha3_224", "sha3_256", "sha3_384"),
    *("sha3_512", "sha512", "shake_128", "shake_256"),
)
_WEIGHT = 2
_builtin: Callable[[str], Callable[..., Any]] = vars(hashlib)["__get_builtin_constructor"]
_constructors = {name: _builtin(name) for name in _NAMES}


def _lengthy(method: Callable[..., Any]) -> Callable[..., Any]:
    """A digest of any length."""

    def digest(self: Any, length: Any) -> Any:
        if isinstance(length, int):
            refuse_beyond_memory(length)
            charge_size(length, _WEIGHT)
        return method(self, length)

    return digest


def new(name: Any, data: Any = b"", **options: Any) -> Any:
    """hashlib.new."""
    if not isinstance(name, str):
        raise TypeError(f"new() argument 'name' must be str, not {type(name).__name__}")
    constructor = MEMBERS.get(name.lower()) if name.lower() in _NAMES else None
    if constructor is None:
        raise ValueError(f"unsupported hash type {name}")
    return constructor(data, **options)


def pbkdf2_hmac(hash_name: Any, password: Any, salt: Any, iterations: Any, dklen: Any = None) -> bytes:
    """hashlib.pbkdf2_hmac, round by round: CPython's own cannot be stopped. RFC 8018, 5.2."""
    if not isinstance(hash_name, str):
        raise TypeError(f"pbkdf2_hmac() argument 'hash_name' must be str, not {type(hash_name).__name__}")
    if hash_name.lower() not in _NAMES:
        raise ValueError(f"unsupported hash type {hash_name}")
    kind = hash_name.lower()
    size = hashlib.new(kind).digest_size
    length = size if dklen is None else dklen
    if iterations < 1:
        raise ValueError("iteration value must be greater than 0.")
    if length < 1:
        raise ValueError("key length must be greater than 0.")
    refuse_beyond_memory(length)
    blocks = []
    for number in range(1, -(-length // size) + 1):
        inner = outer = hmac.digest(password, bytes(salt) + number.to_bytes(4, "big"), kind)
        total = int.from_bytes(outer, "big")
        for done in range(1, iterations):
            if done & 63 == 1:
                S.charge(256)
            inner = hmac.digest(password, inner, kind)
            total ^= int.from_bytes(inner, "big")
        blocks.append(total.to_bytes(size, "big"))
    return b"".join(blocks)[:length]


def _register(name: str, kind: Any) -> None:
    finish = methods(kind, "digest hexdigest")
    if name.startswith("shake"):
        finish = {each: _lengthy(method) for each, method in finish.items()}
    register(
        kind,
        methods={**finish, "copy": kind.copy, "update": metered(kind.update, _WEIGHT)},
        attributes=readers("block_size", "digest_size", "name"),
    )


for _name, _constructor in _constructors.items():
    _register(_name, type(_constructor()))

MEMBERS: dict[str, Any] = {name: metered(constructor, _WEIGHT) for name, constructor in _constructors.items()}
MEMBERS |= {"new": new, "pbkdf2_hmac": pbkdf2_hmac}
