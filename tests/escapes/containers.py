"""Attacks through builtins, containers and the modules around them; the ends are in the words of `attacks`."""

from typing import Final

from tests.escapes.attacks import REFUSED

REACHING_OUT: Final = {
    "attrgetter of a dunder": (
        "from operator import attrgetter\nattrgetter('__globals__')(lambda: 1)",
        "AttributeError",
    ),
    "attrgetter through a path": (
        "from operator import attrgetter\nattrgetter('__class__.__base__')(1)",
        "AttributeError",
    ),
    "attrgetter in a map": (
        "import operator\nlist(map(operator.attrgetter('gi_frame'), [x for x in [1]]))",
        "AttributeError",
    ),
    "methodcaller of a dunder": (
        "from operator import methodcaller\nmethodcaller('__reduce_ex__', 2)([])",
        "AttributeError",
    ),
    "methodcaller of subclasses": (
        "from operator import methodcaller\nmethodcaller('__subclasses__')(int)",
        "AttributeError",
    ),
    "getattr with a computed name": ("getattr(getattr((), '__cla' + 'ss__'), '__ba' + 'se__')", "AttributeError"),
    "getattr of code with a computed name": ("getattr(lambda: 1, '__co' + 'de__')", "AttributeError"),
    "partial's state": ("from functools import partial\npartial(int).__setstate__(1)", REFUSED),
    "partial's state by name": (
        "from functools import partial\ngetattr(partial(int), '__setstate__')((print, (), {}, {}))",
        "AttributeError",
    ),
    "globals of a cached function": (
        "from functools import cache\ngetattr(cache(lambda: 1), '__glo' + 'bals__')",
        "AttributeError",
    ),
    "globals of a library function": ("import heapq\ngetattr(heapq.merge, '__globals__')", "AttributeError"),
    "frame of a library generator": ("import heapq\nheapq.merge([1], [2]).gi_frame", "AttributeError"),
    "code of a library generator": ("import heapq\ngetattr(heapq.merge([1], [2]), 'gi_co' + 'de')", "AttributeError"),
    "globals of a dataclass-like namedtuple": (
        "from collections import namedtuple\nP = namedtuple('P', 'x')\ngetattr(P.__new__, '__globals__')",
        "AttributeError",
    ),
    "namedtuple with code in a name": (
        "from collections import namedtuple\nnamedtuple('P', ['x=__import__(\"os\")'])",
        "ValueError",
    ),
    "namedtuple with code in its own name": (
        "from collections import namedtuple\nnamedtuple('P(1), __import__(\"os\")', 'x')",
        "ValueError",
    ),
    "namedtuple with code in a default's name": (
        "from collections import namedtuple\nnamedtuple('P', 'x\\ny', module='os').x",
        "E0503",
    ),
    "wraps that puts code on a function": (
        "from functools import wraps\nf = wraps(len, ('__code__',))(lambda: 1)\ngetattr(f, '__code__')",
        "AttributeError",
    ),
    "update_wrapper of a builtin": (
        "import functools\nfunctools.update_wrapper(len, lambda: 1)",
        "AttributeError|TypeError",
    ),
    "update_wrapper of a library function": (
        "import functools\nfunctools.update_wrapper(functools.reduce, lambda: 1)",
        "AttributeError|TypeError",
    ),
    "attribute on a library function": ("import heapq\nheapq.nlargest.x = 1", "AttributeError|TypeError"),
    "attribute on a library class": ("from collections import Counter\nCounter.x = 1", "AttributeError|TypeError"),
    "method put on a library class": (
        "from collections import UserDict\nUserDict.get = lambda self, k: 'mine'",
        "AttributeError|TypeError",
    ),
    "setattr on a library class": (
        "from collections import UserList\nsetattr(UserList, 'append', print)",
        "AttributeError|TypeError",
    ),
    "method deleted from a library class": (
        "from collections import UserDict\ndel UserDict.pop",
        "AttributeError|TypeError",
    ),
    "attribute on a module": ("import itertools\nitertools.count = 1", "AttributeError|TypeError|" + REFUSED),
    "abstract registry": ("from collections import ChainMap\nChainMap.register(int)", "AttributeError"),
    "library class as a metaclass": (
        "from collections import Counter\nclass A(metaclass=Counter):\n    pass",
        "TypeError",
    ),
    "base that is an iterator": ("from itertools import count\nclass A(count):\n    pass", "TypeError"),
    "base with a layout of its own twice": (
        "from collections import deque\nclass A(deque, dict):\n    pass",
        "TypeError",
    ),
    "dict's own setter on a set": ("dict.__setitem__({1}, 2, 3)", "TypeError|AttributeError"),
    "dict's own update on a set": ("dict.update({1}, {2: 3})", "TypeError"),
    "dict's own setter on an ordered dict": (
        "from collections import OrderedDict\nd = OrderedDict()\ndict.__setitem__(d, 1, 2)\nlist(d)",
        "= []|= [1]|TypeError|AttributeError",
    ),
    "dict's own deletion under an ordered dict": (
        "from collections import OrderedDict\nd = OrderedDict(a=1)\ndict.__delitem__(d, 'a')\nd.popitem()",
        "KeyError|TypeError|AttributeError",
    ),
    "dict's own clear under an ordered dict": (
        "from collections import OrderedDict\nd = OrderedDict(a=1)\ndict.clear(d)\nlist(d.items())",
        "KeyError|TypeError|AttributeError|= []|RuntimeError",
    ),
    "memo of a deep copy": (
        "import copy\nseen = []\nclass A:\n    def __deepcopy__(self, memo):\n        seen.append(memo)\n"
        "        return 1\ncopy.deepcopy([A()])\nlist(seen[0].keys())",
        "= []",
    ),
    "a class copied into another": (
        "import copy\nclass A:\n    def __copy__(self):\n        return type(self)\ncopy.copy(A()) is A",
        "= True",
    ),
    "reduce of a copied object": (
        "import copy\nclass A:\n    def __reduce__(self):\n        return (print, ('x',))\ncopy.copy(A())",
        REFUSED,
    ),
    "id as an address": ("id([]) > 10**15 or id([]) % 4096 == id({}) % 4096", "= False"),
    "hash as an address": ("hash(len) == id(len) >> 4", "= True|= False"),
    "address in a deque's text": (
        "from collections import deque\ndef f():\n    return 1\nstr(deque([f]))",
        "= deque([<function f>])",
    ),
    "address in a partial's text": (
        "from functools import partial\ndef f():\n    return 1\nrepr(partial(f, 1))",
        "= functools.partial(<function f>, 1)",
    ),
    "address in a counter's text": (
        "from collections import Counter\ndef f():\n    return 1\nf'{Counter([f])}'",
        "= Counter({<function f>: 1})",
    ),
    "address through a sort key": (
        "def f():\n    return 1\nx = [f, '<function f at 0x7']\nx.sort(key=str)\nx[0] is f",
        "= False|= True",
    ),
    "address through a deque's error": (
        "from collections import deque\ndef f():\n    return 1\ndeque().index(f)",
        "ValueError",
    ),
    "codec through starmap": (
        "from itertools import starmap\nlist(starmap(str, [(b'x', 'zlib')]))",
        "LookupError",
    ),
    "codec through partial": ("from functools import partial\npartial(str, b'x')('rot13')", "LookupError"),
    "codec through reduce": ("from functools import reduce\nreduce(str, [b'x', 'zlib'])", "LookupError"),
    "codec of bytes": ("bytes('x', 'unicode_internal')", "LookupError"),
    "codec of a bytearray": ("bytearray(b'x').decode('zlib')", "LookupError"),
    "print into what has a write": (
        "class W:\n    def write(self, x):\n        raise KeyError(x)\nprint(1, file=W())",
        "KeyError",
    ),
    "input": ("input()", REFUSED),
    "help": ("help()", REFUSED),
    "exit": ("exit()", REFUSED),
    "memoryview": ("memoryview(b'x')", REFUSED),
    "interrupt of the host": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "exit of the host": ("raise SystemExit(3)", "SystemExit"),
    "exit that succeeds": ("raise SystemExit", "= None"),
    "exit that hides in a handler": ("try:\n    raise SystemExit(1)\nexcept Exception:\n    pass", "SystemExit"),
    "end of a generator by hand": ("raise GeneratorExit", "GeneratorExit"),
    "memory error by hand": ("raise MemoryError", "E0402"),
    "recursion error by hand": ("raise RecursionError", "E0404"),
    "memory error caught as BaseException": (
        "try:\n    x = [0] * 10**10\nexcept BaseException:\n    x = 1\nx",
        "E0402",
    ),
    "deadline caught as BaseException": (
        "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass",
        "E0401|E0403",
    ),
}

WORK: Final = {
    "endless count in a list": ("from itertools import count\nlist(count())", "E0401|E0402|E0403"),
    "endless count searched": ("from itertools import count\n0.5 in count()", "E0403"),
    "endless repeat summed": ("from itertools import repeat\nsum(repeat(0))", "E0401|E0403"),
    "endless cycle in a bounded deque": (
        "from collections import deque\nfrom itertools import cycle\ndeque(cycle('ab'), maxlen=1)",
        "E0401|E0403",
    ),
    "endless cycle extends a bounded deque": (
        "from collections import deque\nfrom itertools import cycle\ndeque(maxlen=1).extend(cycle('ab'))",
        "E0401|E0403",
    ),
    "endless cycle counted": (
        "from collections import Counter\nfrom itertools import cycle\nCounter(cycle('ab'))",
        "E0401|E0403",
    ),
    "endless chain of nothing": (
        "from itertools import chain, repeat\nnext(chain.from_iterable(repeat(())))",
        "E0403",
    ),
    "endless selection": ("from itertools import compress, repeat\nnext(compress(repeat(1), repeat(0)))", "E0403"),
    "endless filter of falsehoods": (
        "from itertools import filterfalse, repeat\nnext(filterfalse(None, repeat(1)))",
        "E0403",
    ),
    "endless group": ("from itertools import groupby, repeat\ng = groupby(repeat(1))\nnext(g)\nnext(g)", "E0403"),
    "endless reduction": (
        "from functools import reduce\nfrom itertools import repeat\nreduce(max, repeat(1))",
        "E0401|E0403",
    ),
    "endless largest": ("import heapq\nfrom itertools import count\nheapq.nlargest(1, count())", "E0401|E0403"),
    "endless merge": (
        "import heapq\nfrom itertools import repeat\nsum(heapq.merge(repeat(0), repeat(0)))",
        "E0401|E0403",
    ),
    "endless bytes": ("from itertools import repeat\nbytes(repeat(1))", "E0401|E0402|E0403"),
    "endless search by operator": (
        "import operator\nfrom itertools import repeat\noperator.indexOf(repeat(0), 1)",
        "E0401|E0403",
    ),
    "endless count by operator": (
        "import operator\nfrom itertools import repeat\noperator.countOf(repeat(0), 1)",
        "E0401|E0403",
    ),
    "a far slice": ("from itertools import count, islice\nnext(islice(count(), 10**15, None))", "E0401|E0403"),
    "a slice of far steps": (
        "from itertools import count, islice\nnext(islice(islice(count(), 1, None, 10**15), 1, 2))",
        "E0401|E0403",
    ),
    "a product of a billion": ("from itertools import product\nproduct([1], repeat=10**9)", "E0402|OverflowError"),
    "a product of endless pools": ("from itertools import count, product\nproduct(count())", "E0401|E0402|E0403"),
    "permutations of a billion": ("from itertools import permutations\npermutations(range(10**9))", "E0402"),
    "a tee that buffers without end": (
        "from itertools import count, tee\na, b = tee(count())\nfor x in a:\n    pass",
        "E0401|E0402|E0403",
    ),
    "a cache without end": (
        "from functools import cache\n@cache\ndef f(n):\n    return [n] * 1000\nn = 0\n"
        "while True:\n    n += 1\n    f(n)",
        "E0401|E0402",
    ),
    "recursion through a cache": ("from functools import cache\n@cache\ndef f(n):\n    return f(n + 1)\nf(0)", "E0404"),
    "recursion through partial": (
        "from functools import partial\ndef f(n):\n    return partial(f, n + 1)()\nf(0)",
        "E0404",
    ),
    "recursion through reduce": (
        "from functools import reduce\ndef f(a, b):\n    return reduce(f, [a, b])\nf(0, 1)",
        "E0404",
    ),
    "recursion through a default factory": (
        "from collections import defaultdict\ndef f():\n    return d[object()]\nd = defaultdict(f)\nd[1]",
        "E0404",
    ),
    "recursion through deepcopy": (
        "import copy\na = []\nfor i in range(100000):\n    a = [a]\ncopy.deepcopy(a)",
        "E0404|E0401",
    ),
    "billion laughs copied": (
        "import copy\na = [1]\nfor i in range(60):\n    a = [a, a]\nb = copy.deepcopy(a)\nb[0] is b[1]",
        "= True",
    ),
    "billion laughs hashed by number": ("a = ('x',)\nfor i in range(60):\n    a = (a, a)\nhash(a)", "E0401|E0403"),
    "partials in partials": (
        "from functools import partial\nf = len\nfor i in range(100000):\n    f = partial(f)\nf([1])",
        "= 1",
    ),
    "chains in chains": (
        "from itertools import chain\nm = iter([1])\nfor i in range(50000):\n    m = chain(m)\nnext(m)",
        "= 1|E0402|E0403|E0801",
    ),
    "chain maps in chain maps": (
        "from collections import ChainMap\nm = {1: 2}\nfor i in range(100000):\n    m = ChainMap(m)\nm[1]",
        "E0404|E0403|E0401|E0402",
    ),
    "a counter of a billion elements": (
        "from collections import Counter\nlist(Counter(a=10**12).elements())",
        "E0402",
    ),
    "a sort of millions": (
        "a = [(i * 7919) % 1000003 for i in range(10**6)]\nwhile True:\n    a.sort()\n    a.reverse()",
        "E0401|E0402|E0403",
    ),
    "a heap of millions": ("import heapq\nx = [0] * 2000000\nwhile True:\n    heapq.heapify(x)", "E0401|E0403"),
    "a heap that its items change": (
        "import heapq\nclass A:\n    def __lt__(self, other):\n        h.clear()\n        return True\n"
        "h = [A() for i in range(9)]\nheapq.heapify(h)",
        "RuntimeError|IndexError",
    ),
    "a deque that its items change": (
        "from collections import deque\nclass A:\n    def __eq__(self, other):\n        d.clear()\n"
        "        return False\n"
        "d = deque([A(), A(), A()])\nd.index(5)",
        "RuntimeError|IndexError",
    ),
    "a dict that its keys change": (
        "class K:\n    def __hash__(self):\n        return 1\n    def __eq__(self, other):\n        d.clear()\n"
        "        return False\n"
        "d = {}\nd[K()] = 1\nd[K()] = 2\nd[K()] = 3\nlen(d) < 4",
        "= True|RuntimeError",
    ),
    "a product of huge integers": ("n = 1 << 300000000\nlen(str(n * n))", "E0402|E0403|ValueError"),
    "a square without end": ("n = 3\nwhile True:\n    n = n * n", "E0401|E0402|E0403"),
    "a quotient of huge integers": ("(1 << 100000000) // ((1 << 50000000) + 1) > 0", "E0402|E0403"),
    "a remainder of huge integers": ("(1 << 100000000) % ((1 << 50000000) + 1) > 0", "E0402|E0403"),
    "a power through operator": ("import operator\noperator.pow(9, 9**9)", "E0401|E0402"),
    "a power through map": ("list(map(pow, [9], [9**9]))", "E0401|E0402"),
    "a power in place through operator": ("import operator\noperator.ipow(9, 9**9)", "E0401|E0402"),
    "a modular power through map": (
        "list(map(pow, [3], [10**100000], [(1 << 100000) + 1]))",
        "E0401|E0402",
    ),
    "rounding to a huge power of ten": ("round(5, -10**9)", "= 0"),
    "rounding a huge integer": ("round((1 << 10000000), -2000000) > 0", "E0401|E0402|E0403|= True"),
    "bytes of a billion": ("bytes(10**10)", "E0402"),
    "bytearray of a billion": ("bytearray(10**10)", "E0402"),
    "bytearray that doubles": ("a = bytearray(b'x')\nwhile True:\n    a = a + a", "E0402"),
    "bytes of a huge integer": ("(1).to_bytes(10**10, 'big')", "E0402|OverflowError"),
    "bytes that are replaced": ("(b'a' * 10**6).replace(b'a', b'b' * 10**6)", "E0402"),
    "bytes that are joined": ("(b'a' * 10**6).join([b'b'] * 10**6)", "E0402"),
    "bytes that are padded": ("b'x'.ljust(10**10)", "E0402"),
    "a field of a billion in bytes": ("b'%1000000000d' % 1", "E0402"),
    "a star width of a billion": ("'%*d' % (10**9, 1)", "E0402"),
    "format with a nested width of a billion": ("'{:{}}'.format(1, 10**9)", "E0402"),
    "format of many fields": ("('{0}' * 100000).format('x' * 10000)", "E0402"),
    "zeros of a billion": ("'1'.zfill(10**10)", "E0402"),
    "search backwards in the worst case": (
        "a = 'a' * 10**6\nb = 'b' + 'a' * 10**5\nwhile True:\n    a.rfind(b)",
        "E0401|E0403",
    ),
    "sums of lists": ("sum([[0] * 1000] * 100000, [])", "E0402|E0403"),
    "a range's slow search": ("range(10**15).count(0.5)", "E0403"),
    "slices that double": ("a = [0]\nwhile True:\n    a[:0] = a", "E0402"),
    "unpacking without end": ("from itertools import count\na, *b = count()", "E0401|E0402|E0403"),
    "arguments without end": ("from itertools import count\nprint(*count())", "E0401|E0402|E0403"),
    "identities without end": ("while True:\n    id([])", "E0401|E0402|E0403"),
}

CONTAINERS: Final = {**REACHING_OUT, **WORK}
