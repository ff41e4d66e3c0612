"""Calls of the C library that the standard library does not offer, without importing ctypes.

``ctypes`` costs four milliseconds of start-up and the extension module under it half a millisecond, which
counts on the path of a one-line ``noodle run``. Arguments are 32-bit integers, bytes (a pointer to them) or None.
"""

import _ctypes


def call(name: str, *arguments: int | bytes | None) -> int:
    """Call the C function and return its int result; -1 where the C library does not have it."""
    try:
        address = _ctypes.dlsym(_ctypes.dlopen("", 0), name)
    except OSError:
        return -1
    result: int = _ctypes.call_function(address, arguments)
    return result


def address_of(data: bytes) -> int:
    """The address of a bytes object's contents; valid while the object lives. CPython's layout: a header, then data."""
    return id(data) + bytes.__basicsize__ - 1
