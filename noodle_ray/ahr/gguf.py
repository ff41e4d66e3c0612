"""What a GGUF file's header says (versions 2 and 3; the format is in ggml's docs/gguf.md)."""

import struct
from typing import BinaryIO

_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9
_MAX_PAIRS = 100_000
_MAX_TEXT = 1 << 24


def gguf_text(file: BinaryIO, wanted: str) -> str:
    """The text under a key of the header, or '' if it has none. Raises ValueError, struct.error or UnicodeDecodeError
    for a damaged header.
    """
    magic, version, _tensors, pairs = struct.unpack("<4sIQQ", file.read(24))
    if magic != b"GGUF" or version not in (2, 3) or pairs > _MAX_PAIRS:
        raise ValueError("no GGUF of version 2 or 3")
    for _ in range(pairs):
        key = _text(file)
        (kind,) = struct.unpack("<I", file.read(4))
        if key == wanted and kind == _STRING:
            return _text(file)
        _skip(file, kind)
    return ""


def _text(file: BinaryIO) -> str:
    (length,) = struct.unpack("<Q", file.read(8))
    if length > _MAX_TEXT:
        raise ValueError("a text is too long")
    content = file.read(length)
    if len(content) < length:
        raise ValueError("it ends within a text")
    return content.decode()


def _skip(file: BinaryIO, kind: int) -> None:
    if kind == _STRING:
        _text(file)
    elif kind == _ARRAY:
        inner, count = struct.unpack("<IQ", file.read(12))
        if inner in _SIZES:
            file.seek(_SIZES[inner] * count, 1)
        elif inner == _STRING:
            for _ in range(count):
                _text(file)
        else:
            raise ValueError("unknown array type")
    elif kind in _SIZES:
        file.seek(_SIZES[kind], 1)
    else:
        raise ValueError("unknown value type")
