"""Attacks on threads and on the modules that came with them. See `attacks` for what the endings mean."""
# ruff: noqa: E501

from typing import Final

_ARRAY: Final = "from array import array\nn = [0]\na = array({code!r}, [1] * 100000)\nclass E:\n    def __{special}__(self):\n        n[0] += 1\n        if n[0] >= {at}:\n            del a[:]\n        return 5\n"
_INTS: Final = _ARRAY.format(code="q", special="index", at=1)
_SECOND: Final = _ARRAY.format(code="q", special="index", at=2)
_FLOATS: Final = _ARRAY.format(code="d", special="float", at=1).replace("return 5", "return 5.0")

ARRAYS: Final = {
    "array emptied while an item is written": (_INTS + "a[50000] = E()", "IndexError"),
    "array of floats emptied while an item is written": (_FLOATS + "a[50000] = E()", "IndexError"),
    "array emptied while an item is inserted": (_SECOND + "a.insert(50000, E())\nlen(a)", "= 100001"),
    "array emptied while an item is appended": (_SECOND + "a.append(E())\nlen(a)", "= 100001"),
    "array emptied while a list is appended": (_INTS + "a.fromlist([E(), 2])\nlen(a)", "= 2"),
    "array emptied while it is extended": (_INTS + "a.extend([E(), 2])\nlen(a)", "= 2"),
    "copy of an array emptied while an item is written": (
        _INTS.replace("[1] * 100000)", "[1] * 100000)[1:] + array('q')") + "a[50000] = E()",
        "IndexError",
    ),
    "array emptied by what came of operators": (
        _INTS + "import copy\na = copy.deepcopy(2 * copy.copy(a) * 2)\na[50000] = E()",
        "IndexError",
    ),
}
NEWER: Final = {**ARRAYS}
