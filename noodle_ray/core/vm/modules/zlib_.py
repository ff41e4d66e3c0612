"""The zlib module. What is unpacked is unpacked piece by piece, paid for on the way."""

import zlib
from typing import Any, Final

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.vetting import charge_size, metered, methods, readers
from noodle_ray.core.vm.state import S

_PIECE: Final = 1 << 18
_WEIGHT: Final = 16
"""Compressing takes about 20 ns for a byte."""

_compressor: Any = type(zlib.compressobj())
_decompressor: Any = type(zlib.decompressobj())


def decompress(data: Any, /, wbits: Any = zlib.MAX_WBITS, bufsize: Any = zlib.DEF_BUF_SIZE) -> bytes:
    """zlib.decompress."""
    if not isinstance(data, bytes | bytearray):
        return zlib.decompress(data, wbits, bufsize)
    unpacker = zlib.decompressobj(wbits)
    try:
        parts = [_piece(unpacker, data, _PIECE)]
        while not unpacker.eof and (unpacker.unconsumed_tail or len(parts[-1]) == _PIECE):
            parts.append(_piece(unpacker, unpacker.unconsumed_tail, _PIECE))
    except zlib.error as error:
        raise zlib.error(str(error)) from None
    if not unpacker.eof:
        raise zlib.error("Error -5 while decompressing data: incomplete or truncated stream")
    return b"".join(parts)


def _piece(unpacker: Any, data: Any, most: int) -> bytes:
    S.charge(16)
    piece: bytes = unpacker.decompress(data, most)
    charge_size(len(piece), 4)
    return piece


def _unpack(self: Any, data: Any, /, max_length: Any = 0) -> bytes:
    if not isinstance(max_length, int) or max_length:
        unpacked: bytes = self.decompress(data, max_length)
        charge_size(len(unpacked), 4)
        return unpacked
    parts = [_piece(self, data, _PIECE)]
    while not self.eof and len(parts[-1]) == _PIECE:
        parts.append(_piece(self, self.unconsumed_tail, _PIECE))
    return b"".join(parts)


register(
    _compressor,
    methods=methods(_compressor, "copy flush") | {"compress": metered(_compressor.compress, _WEIGHT)},
)
register(
    _decompressor,
    methods=methods(_decompressor, "copy flush") | {"decompress": _unpack},
    attributes=readers("eof", "unconsumed_tail", "unused_data"),
)
register(zlib.error)

MEMBERS: dict[str, Any] = {
    name: getattr(zlib, name)
    for name in (
        *("DEFLATED", "DEF_BUF_SIZE", "DEF_MEM_LEVEL", "MAX_WBITS", "Z_BEST_COMPRESSION", "Z_BEST_SPEED"),
        *("Z_DEFAULT_COMPRESSION", "Z_DEFAULT_STRATEGY", "Z_FILTERED", "Z_FINISH", "Z_FIXED", "Z_FULL_FLUSH"),
        *("Z_HUFFMAN_ONLY", "Z_NO_COMPRESSION", "Z_NO_FLUSH", "Z_RLE", "Z_SYNC_FLUSH", "compressobj"),
        *("decompressobj", "error"),
    )
}
MEMBERS |= {
    "adler32": metered(zlib.adler32),
    "compress": metered(zlib.compress, _WEIGHT),
    "crc32": metered(zlib.crc32),
    "decompress": decompress,
}
