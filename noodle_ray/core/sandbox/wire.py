"""The protocol between a worker and whoever runs it: length-prefixed msgpack frames.

A frame is four bytes of little-endian length, then one msgpack array whose first item names its kind::

    to the worker    run       id, digest, module | nil, entry, args, kwargs | nil, limits, tier, profile, seed,
                               readings | nil, shift | nil
                     answers   id, [[key, ok, value], ...]
                     park      id, timed                    leave the run, once all of its fibers wait
                     left      id, seconds                  the rest of the deadline of a run that was repeated
    from the worker  ready     [[layer, on, detail], ...]
                     need      id                           the module's bytes are not cached: send them
                     lacks     id                           a tier or module it needs was not loaded before lock-down
                     refused   id, code, message            the module's bytes are not a valid module
                     effects   id, [[key, model, args, kwargs], ...][, readings]
                                                            with what was read off the clock since the last ones
                     progress  id, usage, text              so far, and what was written since the last one
                     done      id, retire, outcome          usage and outcome as `outcome` makes them lists
                     parked    id, retire                   the run was left; nothing of it is here any more
                     stays     id                           the run waits for timers, and is not left
                     failed    why                          the worker itself broke, and ends

Both ends treat the other's bytes as hostile: every size is bounded, and what does not parse is a WireError.
Plain data travels as msgpack; what msgpack lacks has an extension code: big integers, tuples and sets; and arrays,
whose elements follow the message (see `segments`).
"""

from noodle_ray.core.sandbox import segments
from noodle_ray.core.sandbox.plain import Extension, pack, unpack
from noodle_ray.core.vm.packed import Packed
from noodle_ray.core.vm.values import FOREIGN, check_keys
from noodle_ray.errors import PlatformError
from noodle_ray.light import TYPE_CHECKING, Any, Callable, Final, TypeAlias

if TYPE_CHECKING:
    from _socket import socket

MAX_FRAME: Final = 32 * 1024 * 1024
"""Bytes in a frame. Longer frames are refused before anything is allocated for them."""
RECEIVED: Final = 65536
"""Bytes that an owner asks for at once. For more than 128 KiB the allocator would map memory each time."""
MAX_NESTING: Final = 64
"""How deep extension values (tuples, sets) may nest; each level is copied once, so this bounds the work."""
_MAX_DEPTH: Final = 4096
"""How deep a received value may nest in all: whoever packs it again does so on C's stack, level by level."""
_FEW: Final = 3
"""So few nested extension values are never that deep: msgpack unpacks at most 1,024 lists within each."""

_BIG_INT: Final = 1
_TUPLE: Final = 2
_SET: Final = 3
_FROZENSET: Final = 4
_ARRAY: Final = 5
_NOTHING: Final = segments.Reader(b"")
_SHORT: Final = 16384
"""Bytes of the buffer for frames that are copied once more."""

_SMALL: Final = 4096
"""Bytes that `plain` reads in less time than msgpack takes to import."""
_msgpack: Any = None

SetType: TypeAlias = Callable[[list[object]], object]


def load_msgpack() -> None:
    """Use msgpack from now on; until then `plain` writes messages and reads those that are small."""
    global _msgpack
    import msgpack  # type: ignore[import-untyped]

    _msgpack = msgpack


def _can_load() -> bool:
    try:
        load_msgpack()
    except ImportError:  # a worker, which can import nothing
        return False
    return True


class WireError(PlatformError):
    """The other end of a worker's socket sent bytes that are not a frame, or a value that cannot travel."""

    default_code = "NOODLE-E0802"


class Codec:
    """Turns plain data into bytes and back. ``set_type`` and ``frozenset_type`` are what sets become here, and
    ``array_type`` makes what arrays become, of a part of the bytes that were unpacked.

    A worker passes the program's own set classes; ``set_types`` are then extra classes that count as sets.
    """

    __slots__ = (
        "_array", "_deepest", "_depth", "_frozenset", "_frozenset_classes", "_reader", "_set", "_set_classes",
        "_writer",
    )  # fmt: skip

    def __init__(
        self,
        set_type: SetType = set,
        frozenset_type: SetType = frozenset,
        set_classes: tuple[type, ...] = (),
        frozenset_classes: tuple[type, ...] = (),
        array_type: segments.Make = Packed,
    ) -> None:
        self._set = set_type
        self._frozenset = frozenset_type
        self._set_classes = (set, *set_classes)
        self._frozenset_classes = (frozenset, *frozenset_classes)
        self._array = array_type
        self._depth = self._deepest = 0
        self._writer = segments.Writer()
        self._reader = _NOTHING

    def pack(self, value: object) -> bytes:
        """Return the bytes of plain data. Raises WireError for anything else, for cycles and for deep nesting."""
        return b"".join(self._parts(value))

    def frame(self, value: object) -> bytes:
        """Return a frame of plain data. Raises WireError as `pack` does, and if it is too long to send."""
        parts = self._parts(value)
        return b"".join([_head(sum(map(len, parts))), *parts])

    def _parts(self, value: object) -> list[Any]:
        self._depth = 0
        try:
            message = self._pack(value)
            return self._writer.parts(message) if self._writer.arrays else [message]
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise WireError(f"a value cannot leave its process: {error}") from None
        finally:
            self._writer.arrays.clear()  # not kept until the next message

    def unpack(self, data: bytes | bytearray | memoryview) -> object:
        """Return the plain data in ``data``. Raises WireError if they are not exactly one packed value."""
        self._depth = self._deepest = 0
        try:
            if data[0] != segments.MARK:
                value = self._unpack(data)
            else:
                self._reader = reader = segments.Reader(data)
                value = self._unpack(reader.message)
                reader.end()
            if self._deepest > _FEW:
                _check_depth(value)
            return value
        except WireError:
            raise
        except MemoryError:
            raise
        except Exception as error:  # msgpack raises a dozen kinds for garbage
            raise WireError(f"received bytes that are no message ({type(error).__name__})") from None
        finally:
            self._reader = _NOTHING

    def _pack(self, value: object) -> bytes:
        if _msgpack is None:
            return pack(value, self._extend)
        packed: bytes = _msgpack.packb(value, default=self._extend, strict_types=True, unicode_errors="surrogatepass")
        return packed

    def _unpack(self, data: bytes | bytearray | memoryview) -> object:
        if _msgpack is None and not (len(data) > _SMALL and _can_load()):
            return unpack(data, self._from_extension, _dict)
        return _msgpack.unpackb(
            data,
            ext_hook=self._from_extension,
            object_pairs_hook=_dict,
            strict_map_key=False,
            unicode_errors="surrogatepass",
        )

    def _extend(self, value: object) -> object:
        kind = type(value)
        if kind is int:
            assert isinstance(value, int)
            return _extension(_BIG_INT, value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True))
        if kind is tuple:
            return self._nested(_TUPLE, list(value))  # type: ignore[call-overload]
        if kind in self._set_classes:
            return self._nested(_SET, list(value))  # type: ignore[call-overload]
        if kind in self._frozenset_classes:
            return self._nested(_FROZENSET, list(value))  # type: ignore[call-overload]
        if kind in FOREIGN:
            return _extension(_ARRAY, self._writer.add(value))
        if isinstance(value, tuple):  # a named tuple, such as Limits
            return list(value)
        raise TypeError(f"a value of type {kind.__name__} is not plain data")

    def _nested(self, code: int, items: list[object]) -> object:
        self._enter()
        packed = _extension(code, self._pack(items))
        self._depth -= 1
        return packed

    def _from_extension(self, code: int, data: bytes) -> object:
        if code == _BIG_INT:
            return int.from_bytes(data, "little", signed=True)
        if code == _ARRAY:
            return self._reader.take(data, self._array)
        self._enter()
        items = self._unpack(data)
        self._depth -= 1
        if not isinstance(items, list):
            raise WireError("received an extension value that holds no list")
        if code == _TUPLE:
            return tuple(items)
        _check_keys(items)
        if code == _SET:
            return self._set(items)
        if code == _FROZENSET:
            return self._frozenset(items)
        raise WireError(f"received the unknown extension code {code}")

    def _enter(self) -> None:
        self._depth += 1
        self._deepest = max(self._deepest, self._depth)
        if self._depth > MAX_NESTING:
            raise WireError(f"a value nests more than {MAX_NESTING} tuples or sets")


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(_MAX_DEPTH):
        inner: list[object] = []
        for each in level:
            if isinstance(each, dict):
                inner += (*each, *each.values())
            elif isinstance(each, list | tuple | set | frozenset):
                inner += each
        if not inner:
            return
        level = inner
    raise WireError(f"a value nests more than {_MAX_DEPTH:,} deep")


def _extension(code: int, data: bytes) -> object:
    return Extension(code, data) if _msgpack is None else _msgpack.ExtType(code, data)


def _dict(pairs: list[tuple[object, object]]) -> dict[object, object]:
    if len(pairs) > 64:
        _check_keys([key for key, _ in pairs])
    return dict(pairs)


def _check_keys(keys: list[object]) -> None:
    """Keys of one hash would keep an owner that serves other runs busy for minutes with one frame."""
    try:
        check_keys(keys)
    except ValueError as error:
        raise WireError(f"received data that cannot be taken: {error}") from None


class Frames:
    """Cuts a stream of bytes into frame bodies. Feed what arrived, then take bodies until None."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Add bytes in the order they arrived."""
        self._buffer += data

    def whole(self, data: bytes) -> bytes | None:
        """The body of the one frame that arrived, as most do by themselves. Else feeds the bytes; None."""
        if self._buffer or len(data) - 4 != int.from_bytes(data[:4], "little"):
            self._buffer += data
            return None
        return data[4:]

    def take(self) -> bytes | None:
        """Return the next frame's body, or None until more bytes are there. Raises WireError if it is too long."""
        buffer = self._buffer
        if len(buffer) < 4:
            return None
        end = 4 + int.from_bytes(buffer[:4], "little")
        if end > 4 + MAX_FRAME:
            raise WireError(f"received a frame of {end - 4} bytes; the longest allowed is {MAX_FRAME}")
        if len(buffer) < end:
            return None
        body = bytes(memoryview(buffer)[4:end]) if end > 65536 else bytes(buffer[4:end])
        del buffer[:end]
        return body


class Inbox:
    """Reads frames from a blocking socket. A long one gets a buffer of its own, and its bytes are copied no more."""

    __slots__ = ("_buffer", "_end", "_start", "_view")

    def __init__(self) -> None:
        self._buffer = bytearray(_SHORT)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0

    def receive(self, connection: "socket") -> bytearray | None:
        """Block until a frame is complete and return its body, or None at the end of the stream. Raises WireError."""
        while True:
            have = self._end - self._start
            if have >= 4:
                size = int.from_bytes(self._view[self._start : self._start + 4], "little")
                if size > MAX_FRAME:
                    raise WireError(f"received a frame of {size} bytes; the longest allowed is {MAX_FRAME}")
                if have - 4 >= size:
                    at = self._start + 4
                    self._start = at + size
                    return self._buffer[at : at + size]
                if size > _SHORT - 4:
                    return self._long(connection, size)
            self._view[:have] = self._view[self._start : self._end]
            self._start, self._end = 0, have
            count = connection.recv_into(self._view[have:])
            if not count:
                return None
            self._end += count

    def _long(self, connection: "socket", size: int) -> bytearray | None:
        body = bytearray(size)
        at = self._end - self._start - 4
        view = memoryview(body)
        view[:at] = self._view[self._start + 4 : self._end]
        self._start = self._end = 0
        while at < size:
            count = connection.recv_into(view[at:])
            if not count:
                return None
            at += count
        return body


def frame(body: bytes) -> bytes:
    """Return a body with its length in front. Raises WireError if it is too long to send."""
    return _head(len(body)) + body


def _head(size: int) -> bytes:
    if size > MAX_FRAME:
        raise WireError(f"a message of {size} bytes is too long; the longest allowed is {MAX_FRAME}")
    return size.to_bytes(4, "little")
