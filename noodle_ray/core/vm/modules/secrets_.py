"""The secrets module: what it draws comes from the run's seed, and no call of ``random.seed`` repeats it."""

import base64
import hmac
from typing import Any, Final

from noodle_ray.core.vm.modules.entropy import fresh_bits
from noodle_ray.core.vm.modules.vetting import charge_size, charge_value, refuse_beyond_memory
from noodle_ray.core.vm.sets import AnySet

DEFAULT_ENTROPY: Final = 32


def randbits(k: Any, /) -> int:
    """secrets.randbits."""
    if not isinstance(k, int):
        raise TypeError(f"'{type(k).__name__}' object cannot be interpreted as an integer")
    if k < 0:
        raise ValueError("number of bits must be non-negative")
    refuse_beyond_memory(k >> 3)
    charge_size(k >> 3)
    return fresh_bits(k)


def randbelow(exclusive_upper_bound: Any, /) -> int:
    """secrets.randbelow."""
    if exclusive_upper_bound <= 0:
        raise ValueError("Upper bound must be positive.")
    bits = exclusive_upper_bound.bit_length()
    found = randbits(bits)
    while found >= exclusive_upper_bound:
        found = randbits(bits)
    return found


def choice(seq: Any, /) -> Any:
    """secrets.choice."""
    if isinstance(seq, AnySet):
        raise TypeError(f"'{type(seq).__name__}' object is not subscriptable")
    if not len(seq):
        raise IndexError("Cannot choose from an empty sequence")
    return seq[randbelow(len(seq))]


def token_bytes(nbytes: Any = None) -> bytes:
    """secrets.token_bytes."""
    size = DEFAULT_ENTROPY if nbytes is None else nbytes
    return randbits(size * 8).to_bytes(size, "big")


def token_hex(nbytes: Any = None) -> str:
    """secrets.token_hex."""
    return token_bytes(nbytes).hex()


def token_urlsafe(nbytes: Any = None) -> str:
    """secrets.token_urlsafe."""
    return base64.urlsafe_b64encode(token_bytes(nbytes)).rstrip(b"=").decode("ascii")


def compare_digest(a: Any, b: Any, /) -> bool:
    """secrets.compare_digest."""
    charge_value(a)
    return hmac.compare_digest(a, b)


MEMBERS: dict[str, Any] = {
    "choice": choice,
    "compare_digest": compare_digest,
    "randbelow": randbelow,
    "randbits": randbits,
    "token_bytes": token_bytes,
    "token_hex": token_hex,
    "token_urlsafe": token_urlsafe,
}
