"""Attacks on what is charged: values that say they are small, and readers that stop halfway. See `attacks`."""
# ruff: noqa: E501

from typing import Final

_TEXT: Final = "class S(str):\n    def __len__(self):\n        return 0\ns = S({}){}\nwhile True:\n    try:\n        {}\n    except ValueError:\n        pass"
_LIST: Final = "class L(list):\n    def __len__(self):\n        return 0\ns = L(range(100000))\nwhile True:\n    "
_JSON: Final = "'[' + '1,' * 100000 + '1]'"

SIZES: Final = {
    "text of json that says it is empty": (_TEXT.format(_JSON, "\nimport json", "json.loads(s)"), "E0401"),
    "text for a decoder that says it is empty": (
        _TEXT.format(_JSON, "\nimport json", "json.JSONDecoder().decode(s)"),
        "E0401",
    ),
    "text to rotate that says it is empty": (
        _TEXT.format("'a' * 100000", "\nimport codecs", "codecs.encode(s, 'rot13')"),
        "E0401",
    ),
    "pattern that says it is empty": (
        _TEXT.format(
            "'a' * 10000", "\nimport re", "re.purge() if hasattr(re, 'purge') else None\n        re.compile(s)"
        ),
        "E0401",
    ),
    "heap that says it is empty": (_LIST.replace("s = ", "import heapq\ns = ") + "heapq.heapify(s)", "E0401"),
    "list to copy that says it is empty": (_LIST.replace("s = ", "import copy\ns = ") + "copy.copy(s)", "E0401"),
    "long list to copy deeply": ("import copy\ns = [*range(100000)]\nwhile True:\n    copy.deepcopy(s)", "E0401"),
    "long line of csv": ("import csv\ns = 'a,' * 100000\nwhile True:\n    list(csv.reader([s]))", "E0401"),
    "numbers that say they are none": (_LIST.replace("s = ", "import math\ns = ") + "math.fsum(s)", "E0401"),
    "bytes that change": ("import base64\ns = bytearray(1000000)\nwhile True:\n    base64.b64encode(s)", "E0401"),
    "where a decoder begins, by an object that refunds": (
        "import json\nclass I:\n    def __index__(self):\n        return 0\n    def __rsub__(self, other):\n        return 0\n"
        "d = json.JSONDecoder()\nx = '[' + '1,' * 100000 + '1]'\nfor i in range(300):\n    d.raw_decode(x, I())",
        "E0401",
    ),
    "hook of a decoder that ends it late": (
        "import json\nclass E(BaseException):\n    pass\ndef hook(o):\n    raise E\n"
        "d = json.JSONDecoder(object_hook=hook)\nx = '[' + '1,' * 200000 + '{}]'\nfor i in range(300):\n    try:\n        d.raw_decode(x)\n    except E:\n        pass",
        "E0401",
    ),
    "status of an exit that never ends": (
        "import sys, itertools\nclass T(tuple):\n    def __iter__(self):\n        return itertools.count()\nsys.exit(T((3,)))",
        "SystemExit",
    ),
    "level that is an object": (
        "import logging\nclass A:\n    pass\nlogging.getLevelName(A()) + logging.getLevelName((print,))",
        "= Level <__main__.A object>Level (<function print>,)",
    ),
    "barrier that wakes all again and again": (
        "import asyncio\nasync def w(b):\n    await b.wait()\nasync def main():\n    b = asyncio.Barrier(200)\n"
        "    async with asyncio.TaskGroup() as g:\n        for i in range(600):\n            g.create_task(w(b))\nfor i in range(60):\n    asyncio.run(main())",
        "E0401",
    ),
    "attributes that were an object which is its own": (
        "class D(dict):\n    pass\nclass A:\n    pass\nd = D(x=1)\nv = vars(d)\nd.__dict__ = d\na = A()\na.__dict__ = v\nvars(a)",
        "= {}",
    ),
    "attributes with special names": (
        "class A:\n    pass\na = A()\na.__dict__ = {'__class__': int, '__call__': print, '__dict__': 5}\n[type(a).__name__, callable(a), type(a) is a.__class__]",
        "= ['A', False, True]",
    ),
    "subclasses of a class of the library": ("import json\njson.JSONDecoder.__subclasses__()", "AttributeError"),
    "subclasses of object, by a class of one's own": (
        "class A:\n    pass\nA.__mro__[1].__subclasses__()",
        "AttributeError",
    ),
    "defaults that are changed": ("def f(*, a=1):\n    return a\nf.__kwdefaults__['a'] = print\nf()", "= 1"),
    "defaults of a function of the library": ("import logging\nlogging.info.__defaults__", "AttributeError"),
}
