"""msgpack in Python, for processes with little to say: to import the package takes longer than a hundred messages.

What `pack` writes is what msgpack writes, byte for byte, and `unpack` reads what msgpack reads, with the options that
`wire.Codec` uses.
"""

from noodle_ray.light import Any, Callable, Final, NamedTuple

MAX_DEPTH: Final = 511
"""How deep lists and dicts may nest: msgpack's own bound."""


class Extension(NamedTuple):
    """msgpack.ExtType: a value of a kind that msgpack lacks."""

    code: int
    data: bytes


def pack(value: object, extend: Callable[[object], object]) -> bytes:
    """The bytes of a value; ``extend`` gives something else for what is not plain. Raises ValueError when too deep."""
    parts: list[bytes] = []
    _write(value, parts, extend, 0)
    return b"".join(parts)


def _write(value: Any, parts: list[bytes], extend: Callable[[object], object], depth: int) -> None:
    kind = type(value)
    if kind is str:
        text = value.encode("utf-8", "surrogatepass")
        parts.append(_head(len(text), 0xA0, 32, 0xD9, 0xDA, 0xDB))
        parts.append(text)
    elif value is None:
        parts.append(b"\xc0")
    elif kind is bool:
        parts.append(b"\xc3" if value else b"\xc2")
    elif kind is int:
        parts.append(_integer(value) if -1 << 63 <= value < 1 << 64 else _extension(extend(value)))
    elif kind is float:
        from struct import pack as pack_number

        parts.append(b"\xcb" + pack_number(">d", value))
    elif kind is bytes or kind is bytearray:
        parts.append(_head(len(value), 0, 0, 0xC4, 0xC5, 0xC6))
        parts.append(value)
    elif depth == MAX_DEPTH:
        raise ValueError("recursion limit exceeded")
    elif kind is list:
        parts.append(_head(len(value), 0x90, 16, 0, 0xDC, 0xDD))
        for item in value:
            _write(item, parts, extend, depth + 1)
    elif kind is dict:
        parts.append(_head(len(value), 0x80, 16, 0, 0xDE, 0xDF))
        for key, item in value.items():
            _write(key, parts, extend, depth + 1)
            _write(item, parts, extend, depth + 1)
    else:
        made = extend(value)
        if type(made) is Extension:
            parts.append(_extension(made))
        else:
            _write(made, parts, extend, depth + 1)


def _integer(value: int) -> bytes:
    if -32 <= value < 128:
        return (value & 0xFF).to_bytes(1, "big")
    size, code = 1, 0xCC if value >= 0 else 0xD0
    while not (value < 1 << 8 * size if value >= 0 else value >= -1 << 8 * size - 1):
        size, code = size * 2, code + 1
    return code.to_bytes(1, "big") + value.to_bytes(size, "big", signed=value < 0)


def _head(size: int, small: int, limit: int, one: int, two: int, four: int) -> bytes:
    """What stands before so many bytes or items, in the shortest of the forms that a kind has."""
    if size < limit:
        return (small | size).to_bytes(1, "big")
    if size < 1 << 8 and one:
        return bytes((one, size))
    if size < 1 << 16:
        return two.to_bytes(1, "big") + size.to_bytes(2, "big")
    return four.to_bytes(1, "big") + size.to_bytes(4, "big")


def _extension(made: Any) -> bytes:
    code, data = int(made[0]), bytes(made[1])
    fixed = _FIXED.get(len(data))
    head = _head(len(data), 0, 0, 0xC7, 0xC8, 0xC9) if fixed is None else fixed.to_bytes(1, "big")
    return head + bytes((code,)) + data


_FIXED: Final = {1: 0xD4, 2: 0xD5, 4: 0xD6, 8: 0xD7, 16: 0xD8}


def unpack(
    data: bytes | bytearray | memoryview,
    extension: Callable[[int, bytes], object],
    make_dict: Callable[[list[tuple[object, object]]], object],
) -> object:
    """The one value in ``data``. Raises ValueError, or what reading beyond the end or too deep raises."""
    reader = _Reader(bytes(data), extension, make_dict)
    value = reader.value()
    if reader.at != len(reader.data):
        raise ValueError("there are bytes after the value")
    return value


class _Reader:
    """Reads values one after the other."""

    __slots__ = ("at", "data", "extension", "make_dict")

    def __init__(
        self,
        data: bytes,
        extension: Callable[[int, bytes], object],
        make_dict: Callable[[list[tuple[object, object]]], object],
    ) -> None:
        self.data = data
        self.at = 0
        self.extension = extension
        self.make_dict = make_dict

    def value(self) -> object:
        """The next value."""
        code = self.data[self.at]
        self.at += 1
        if code < 0x80:
            return code
        if code >= 0xE0:
            return code - 256
        if code < 0x90:
            return self._dict(code & 15)
        if code < 0xA0:
            return self._list(code & 15)
        if code < 0xC0:
            return self._text(code & 31)
        return self._long(code)

    def _long(self, code: int) -> object:
        if code in _CONSTANTS:
            return _CONSTANTS[code]
        if code == 0xCB or code == 0xCA:
            from struct import unpack as unpack_number

            number: float = unpack_number(">d" if code == 0xCB else ">f", self._take(8 if code == 0xCB else 4))[0]
            return number
        if 0xCC <= code <= 0xD3:
            return int.from_bytes(self._take(1 << (code & 3)), "big", signed=code >= 0xD0)
        if 0xD4 <= code <= 0xD8:
            return self._extended(1 << (code - 0xD4))
        kind, width = _SIZED[code]  # a KeyError of 0xC1, which has no meaning
        size = int.from_bytes(self._take(width), "big")
        if kind == "text":
            return self._text(size)
        if kind == "bytes":
            return self._take(size)
        if kind == "extension":
            return self._extended(size)
        return self._list(size) if kind == "list" else self._dict(size)

    def _take(self, size: int) -> bytes:
        end = self.at + size
        taken = self.data[self.at : end]
        if len(taken) != size:
            raise ValueError("the bytes end too early")
        self.at = end
        return taken

    def _text(self, size: int) -> str:
        return self._take(size).decode("utf-8", "surrogatepass")

    def _list(self, size: int) -> list[object]:
        if size > len(self.data) - self.at:
            raise ValueError("the bytes end too early")
        return [self.value() for _ in range(size)]

    def _dict(self, size: int) -> object:
        if size > len(self.data) - self.at:
            raise ValueError("the bytes end too early")
        return self.make_dict([(self.value(), self.value()) for _ in range(size)])

    def _extended(self, size: int) -> object:
        code = int.from_bytes(self._take(1), "big", signed=True)
        return self.extension(code, self._take(size))


_CONSTANTS: Final = {0xC0: None, 0xC2: False, 0xC3: True}
_SIZED: Final = {
    0xC4: ("bytes", 1), 0xC5: ("bytes", 2), 0xC6: ("bytes", 4), 0xC7: ("extension", 1), 0xC8: ("extension", 2),
    0xC9: ("extension", 4), 0xD9: ("text", 1), 0xDA: ("text", 2), 0xDB: ("text", 4), 0xDC: ("list", 2),
    0xDD: ("list", 4), 0xDE: ("dict", 2), 0xDF: ("dict", 4),
}  # fmt: skip
