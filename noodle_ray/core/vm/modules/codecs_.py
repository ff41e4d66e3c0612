"""The codecs module: from text to bytes and back, and the few codecs that stay on one side. There are no files."""

import codecs
from typing import Any, Final

from noodle_ray.core.vm import strings
from noodle_ray.core.vm.methods import METHODS
from noodle_ray.core.vm.modules.base64_ import MEMBERS as BASE64
from noodle_ray.core.vm.modules.binascii_ import MEMBERS as BINASCII
from noodle_ray.core.vm.modules.vetting import charge_value

_ROT13: Final = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "NOPQRSTUVWXYZABCDEFGHIJKLMnopqrstuvwxyzabcdefghijklm"
)
_TO_BYTES: Final[dict[str, tuple[Any, Any]]] = {
    "hex": (BINASCII["hexlify"], BINASCII["unhexlify"]),
    "base64": (BASE64["encodebytes"], BASE64["decodebytes"]),
}


def _name(encoding: Any) -> str:
    if not isinstance(encoding, str):
        raise TypeError(f"encoding must be str, not {type(encoding).__name__}")
    return str.lower(encoding).replace("-", "").replace("_", "").removesuffix("codec")


def _rot13(text: Any) -> str:
    if not isinstance(text, str):
        raise TypeError(f"a text is to be rotated, not '{type(text).__name__}'")
    charge_value(text, 4)
    return str.translate(text, _ROT13)


def _coded(position: int, obj: Any, encoding: Any, errors: Any) -> Any:
    name = _name(encoding)
    if name == "rot13":
        return _rot13(obj)
    if name in _TO_BYTES:
        return _TO_BYTES[name][position](obj)
    if position == 0 and isinstance(obj, str):
        return strings.encode(obj, encoding, errors)
    if position == 1 and type(obj) in METHODS["decode"]:
        return METHODS["decode"][type(obj)](obj, encoding, errors)
    raise TypeError(f"{'decoding' if position else 'encoding'} '{type(obj).__name__}' is not supported")


def encode(obj: Any, encoding: Any = "utf-8", errors: Any = "strict") -> Any:
    """codecs.encode."""
    return _coded(0, obj, encoding, errors)


def decode(obj: Any, encoding: Any = "utf-8", errors: Any = "strict") -> Any:
    """codecs.decode."""
    return _coded(1, obj, encoding, errors)


_MARKS: Final = "BOM BOM_BE BOM_LE BOM_UTF16 BOM_UTF16_BE BOM_UTF16_LE BOM_UTF32 BOM_UTF32_BE BOM_UTF32_LE BOM_UTF8"
MEMBERS: dict[str, Any] = {
    **{name: getattr(codecs, name) for name in _MARKS.split()},
    "decode": decode,
    "encode": encode,
}
