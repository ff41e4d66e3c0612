"""The gzip module for data in memory. What is unpacked is unpacked piece by piece, paid for on the way."""

import gzip
import zlib
from typing import Any, Final

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules import zlib_
from noodle_ray.core.vm.modules.vetting import metered
from noodle_ray.core.vm.state import S

_WEIGHT: Final = 16
_WITH_HEADER: Final = 31
_compress: Final = metered(gzip.compress, _WEIGHT)


def compress(data: Any, compresslevel: Any = 9, *, mtime: Any = None) -> bytes:
    """gzip.compress, at the time of the run's clock."""
    found: bytes = _compress(data, compresslevel, mtime=int(S.wall()) if mtime is None else mtime)
    return found


def decompress(data: Any) -> bytes:
    """gzip.decompress, of one member."""
    if isinstance(data, bytes | bytearray) and data[:2] != b"\037\213":
        if not data:
            return b""
        raise gzip.BadGzipFile(f"Not a gzipped file ({bytes(data[:2])!r})")
    try:
        return zlib_.decompress(data, _WITH_HEADER)
    except zlib.error as error:
        if "incomplete" in str(error):
            raise EOFError("Compressed file ended before the end-of-stream marker was reached") from None
        raise


register(gzip.BadGzipFile)

MEMBERS: dict[str, Any] = {"BadGzipFile": gzip.BadGzipFile, "compress": compress, "decompress": decompress}
