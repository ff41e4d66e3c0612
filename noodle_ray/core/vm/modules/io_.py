"""The io module: texts and bytes in memory. There are no files."""

import io
from collections.abc import Callable
from typing import Any

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.vetting import charge_value, metered, methods, readers, refuse_beyond_memory

_SHARED = "close fileno flush isatty readable seek seekable tell truncate writable __enter__ __exit__"


def _reading(method: Callable[..., Any]) -> Callable[..., Any]:
    def read(self: Any, /, *args: Any) -> Any:
        found = method(self, *args)
        charge_value(found)
        return found

    read.__name__ = read.__qualname__ = method.__name__
    return read


def _write(kind: Any) -> Callable[..., Any]:
    """Writing beyond the end fills the gap, so the position counts as well."""

    def write(self: Any, text: Any, /) -> int:
        charge_value(text)
        refuse_beyond_memory(self.tell())
        return int(kind.write(self, text))

    return write


def _writelines(self: Any, lines: Any, /) -> None:
    write = _write(type(self))
    for line in lines:
        write(self, line)


for _kind in (io.StringIO, io.BytesIO):
    register(
        _kind,
        methods={
            **methods(_kind, _SHARED),
            **{name: _reading(getattr(_kind, name)) for name in ("getvalue", "read", "readline", "readlines")},
            "write": _write(_kind),
            "writelines": _writelines,
        },
        attributes=readers("closed"),
        call=metered(_kind),
    )
register(io.StringIO, attributes=readers("encoding", "errors", "line_buffering", "newlines"))
register(io.BytesIO, methods={"read1": _reading(io.BytesIO.read1)})
register(io.UnsupportedOperation)

MEMBERS: dict[str, Any] = {
    name: getattr(io, name)
    for name in ("BytesIO", "DEFAULT_BUFFER_SIZE", "SEEK_CUR", "SEEK_END", "SEEK_SET", "StringIO")
}
MEMBERS |= {"UnsupportedOperation": io.UnsupportedOperation}
