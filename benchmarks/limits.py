"""How exactly limits hold: how late the deadline comes for work that one call of a builtin does, and how far memory
goes past its limit. A run that the worker cannot stop itself is killed by its owner, which counts too."""

import time
from typing import Final

from benchmarks.measure import Row
from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc import digest, encode
from noodle_ray.core.sandbox.local import LocalWorker
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.vm.limits import Limits

DEADLINE: Final = 0.4
LATE: Final = 0.05
MEMORY: Final = Limits().memory

SLOW: Final = {
    "while": "while True:\n    pass",
    "sum": "sum(range(10**12))",
    "max": "max(range(10**12))",
    "in": "-1 in range(10**12) or (-1.5 in range(10**12))",
    "sort": "data = [n * 7919 % 1000003 for n in range(400_000)]\nwhile True:\n    sorted(data)",
    "sort strings": "data = [str(n * 7919 % 1000003) for n in range(300_000)]\nwhile True:\n    sorted(data)",
    "join": "parts = ['ab'] * 1_000_000\nwhile True:\n    ''.join(parts)",
    "replace": "text = 'ab' * 1_000_000\nwhile True:\n    text.replace('a', 'cd')",
    "multiply": "n = 3 ** 300_000\nwhile True:\n    n * n",
    "power": "n = 7 ** 7 ** 7",
    "modular power": "pow(3, 10**4000, 10**4000 + 7)",
    "decimal digits": "n = 3 ** 9000\nwhile True:\n    str(n)",
    "regular expression": "import re\nre.match(r'(a+)+$', 'a' * 60 + 'b')",
    "regular expression, nested": "import re\nre.search(r'(x+x+)+y', 'x' * 5000)",
    "json": "import json\ndata = list(range(200_000))\nwhile True:\n    json.loads(json.dumps(data))",
    "format": "while True:\n    f'{1:>2000000}'",
    "compare": "a = [0] * 3_000_000\nb = [0] * 3_000_000\nwhile True:\n    a == b",
    "iterators": "import itertools\nsum(itertools.repeat(1))",
    "search in an iterator": "import itertools\n-1 in itertools.count()",
    "drain": "import collections, itertools\ncollections.deque(itertools.count(), maxlen=0)",
    "factorial": "import math\nmath.factorial(300_000)\nwhile True:\n    math.factorial(30_000)",
    "fractions": "from fractions import Fraction\nx = Fraction(1, 3)\nwhile True:\n    x = x * x + 1",
    "decimal": (
        "from decimal import Decimal, getcontext\ngetcontext().prec = 5000\nwhile True:\n    Decimal(2).sqrt().ln()"
    ),
    "hash": "import hashlib\ndata = b'x' * 20_000_000\nwhile True:\n    hashlib.sha256(data)",
    "generator": "def g():\n    while True:\n        yield 1\nsum(g())",
    "recursive repr": "x = []\nfor _ in range(60):\n    x = [x, x]\nrepr(x)",
}
LARGE: Final = {
    "list": "[0] * 10**9",
    "string": "'ab' * 10**9",
    "append": "x = []\nwhile True:\n    x.append(1.5 * len(x))",
    "double": "x = 'a'\nwhile True:\n    x += x",
    "dict": "d = {}\nn = 0\nwhile True:\n    d[n] = n\n    n += 1",
    "join": "'x'.join(['a' * 1000] * 10**6)",
    "sort": "sorted(range(10**8))",
    "power": "1 << 10**10",
    "json": "import json\njson.dumps([0] * 10**8)",
    "format": "f'{1:>1000000000}'",
    "replace": "('a' * 10**6).replace('a', 'b' * 1000)",
    "comprehension": "[str(n) for n in range(10**9)]",
    "set": "set(range(10**8))",
    "product": "import itertools\nlist(itertools.product(range(1000), repeat=3))",
    "objects": "class P:\n    def __init__(self, n):\n        self.n = n\nx = [P(n) for n in range(10**8)]",
}


def _run(worker: LocalWorker, source: str, limits: Limits) -> tuple[float, dict[str, object]]:
    nbc = encode(compile_source(source))
    request = RunRequest(nbc, digest(nbc), None, [], {}, limits, "python")
    worker.run(request._replace(limits=limits._replace(fuel=1)))  # so that the worker is up and knows the module
    started = time.perf_counter()
    outcome = worker.run(request)
    return time.perf_counter() - started, outcome


def rows() -> list[Row]:
    """The worst case of each, and which it is."""
    late, over = {}, {}
    with LocalWorker() as worker:
        for name, source in SLOW.items():
            seconds, outcome = _run(worker, source, Limits(fuel=1 << 60, deadline=DEADLINE, memory=1 << 30))
            if outcome["error"] is not None:  # that ended before its deadline is as good
                late[name] = max(seconds - DEADLINE, 0.0)
        for name, source in LARGE.items():
            _, outcome = _run(worker, source, Limits(fuel=1 << 60, deadline=30.0, memory=MEMORY))
            error, usage = outcome["error"], outcome["usage"]
            assert isinstance(error, dict)
            assert isinstance(usage, dict)
            if error["code"] != "NOODLE-E0402":
                raise RuntimeError(f"{name}: {error}")
            over[name] = usage["memory_peak_bytes"] / MEMORY
    latest, largest = max(late, key=late.__getitem__), max(over, key=over.__getitem__)
    return [
        Row(
            f"Deadline, the latest of {len(late)} programs ({latest})",
            f"{late[latest] * 1000:.0f} ms",
            f"{LATE * 1000:.0f} ms",
            late[latest] / LATE,
            "≤ 1",
        ),
        Row(
            f"Memory, the most of {len(over)} programs ({largest})",
            f"{over[largest] * MEMORY / (1 << 20):.1f} MiB",
            f"{MEMORY >> 20} MiB",
            over[largest],
            "≤ 1.05",
        ),
    ]
