"""Memory that native code runs in, the context it works on, and the addresses it calls."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import CDLL, PYFUNCTYPE, addressof, c_char, c_int, c_int64, c_void_p, cast, py_object, pythonapi
from functools import cache
from typing import Any

from noodle_ray.core.vm import native
from noodle_ray.core.vm.native.choice import AGAIN
from noodle_ray.core.vm.native.support import EXTERNAL, LIBM, WORDS


@cache
def address_of(name: str) -> int:
    """The address of a function that native code may call. Raises KeyError for any other."""
    if name in LIBM:
        library: Any = CDLL("libm.so.6")
    elif name.startswith("Py") and name in EXTERNAL:
        library = pythonapi
    elif name in EXTERNAL or name in ("memset", "memcpy", "memmove"):
        library = CDLL(None)
    else:
        raise KeyError(name)
    return cast(getattr(library, name), c_void_p).value or 0


def addresses() -> dict[str, int]:
    """The addresses of all functions that native code may call, in this process."""
    return {name: address_of(name) for name in (*EXTERNAL, *LIBM, "memcpy", "memmove", "memset")}


class Region:
    """A piece of memory for code; pieces are put one after the other and never given back."""

    def __init__(self, size: int = 1 << 20) -> None:
        import mmap

        self._map = mmap.mmap(-1, size, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self.base = addressof(c_char.from_buffer(self._map))
        self.size = size
        self.used = 0

    def place(self, data: bytes, address_of: Callable[[str], int]) -> dict[str, int]:
        """Link an object file into the region; the addresses of its functions. Raises MemoryError when it is full."""
        from noodle_ray.core.vm.native.link import link

        start = self.used
        image, functions = link(data, self.base + start, address_of)
        if start + len(image) > self.size:
            raise MemoryError
        self._map[start : start + len(image)] = image
        self.used = start + len(image) + (-len(image) % 64)
        return {name: self.base + start + at for name, at in functions.items()}


def function_at(address: int) -> Callable[..., object]:
    """The entry of a unit as a Python callable of (address of a context, tuple of arguments)."""
    return PYFUNCTYPE(py_object, c_void_p, py_object)(address)


@cache
def _knows_numpy() -> bool:
    """Whether arrays and numpy's are laid out as `arrays` expects."""
    from noodle_ray.core.vm.arrays.array import array

    for value in (array([[1.0, 2.0], [3.0, 4.0]]), array([1, 2, 3]), array([True]), array([0.5], "float32")):
        data = value._data
        start = id(data)
        words = [c_int64.from_address(start + at).value for at in (16, 32, 56)]
        small = [c_int.from_address(start + at).value for at in (24, 64)]
        if (
            c_int64.from_address(id(value) + 16).value != start
            or words[0] != data.__array_interface__["data"][0]
            or words[2] != id(data.dtype)
            or small[0] != data.ndim
            or small[1] & 0x501 != 0x501
            or tuple(c_int64.from_address(words[1] + 8 * n).value for n in range(data.ndim)) != data.shape
        ):
            return False
    return True


class Context:
    """The words that native code works on."""

    def __init__(self) -> None:
        self.words = (c_int64 * len(WORDS))()
        self.address = addressof(self.words)
        objects = (AGAIN, None, True, int, float, bool, list)
        for index, value in enumerate(objects, start=WORDS.index("again")):
            self.words[index] = id(value)
        for index, value in enumerate(native.array_objects, start=WORDS.index("array")):
            self.words[index] = id(value) if _knows_numpy() else 0
