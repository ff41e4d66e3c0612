"""Attacks through the standard library. See `attacks` for what the endings mean."""

from typing import Final

from tests.escapes.attacks import REFUSED

LIBRARY: Final = {
    "pattern that backtracks without end": ("import re\nre.match('(a+)+b', 'a' * 40)", "E0403"),
    "pattern of alternatives without end": ("import re\nre.search('(a|a)*b', 'a' * 60)", "E0403"),
    "pattern that is quadratic": ("import re\nre.search('.*x', 'a' * 10**7)", "E0401|E0402|E0403"),
    "pattern of a megabyte": ("import re\nre.compile('(a|b)' * 10**6)", "E0401|E0402|E0403"),
    "pattern that nests": ("import re\nre.compile('(' * 20000 + ')' * 20000)", "E0404|error"),
    "patterns without end": ("import re\ni = 0\nwhile True:\n    i += 1\n    re.compile(str(i))", "E0401|E0403"),
    "pattern that prints": ("import re\nre.compile('a', 128).pattern", "= a"),
    "replacement that grows": ("import re\nre.sub('', 'b' * 10**6, 'a' * 10**6)[0]", "E0402"),
    "replacement that searches again": (
        "import re\ndef f(m):\n    return re.sub('a', f, 'a')\nre.sub('a', f, 'a')",
        "E0404|E0401",
    ),
    "groups of a pattern that is kept": (
        "import re\nclass E:\n    def __eq__(self, o):\n        o['evil'] = 1\n        return True\n"
        "re.compile('(?P<a>x)').groupindex == E()\ndict(re.compile('(?P<a>x)').groupindex)",
        "= {'a': 1}",
    ),
    "attribute of a pattern": ("import re\nre.compile('a').scanner", "AttributeError"),
    "class of a match": ("import re\nre.match('a', 'a').__class__.__base__", REFUSED + "|AttributeError"),
    "module behind a module": ("import re\nre._compiler", REFUSED + "|AttributeError"),
    "module behind a module as a value": ("import random\nm = random\nm._os", REFUSED + "|AttributeError"),
    "module behind from": ("from random import _os", REFUSED),
    "system's random numbers": ("from random import SystemRandom", REFUSED),
    "globals of a library function": ("import textwrap\ntextwrap.dedent.__globals__", REFUSED + "|AttributeError"),
    "code of a library function": ("import base64\nf = base64.b64encode\nf.__code__", REFUSED + "|AttributeError"),
    "closure of a library function": (
        "import base64\nf = base64.b64encode\nf.__closure__",
        REFUSED + "|AttributeError",
    ),
    "self of a library method": ("import random\nf = random.random\nf.__self__", REFUSED + "|AttributeError"),
    "attributes set on a library function": ("import base64\nbase64.b64encode.x = 1", REFUSED + "|AttributeError"),
    "attributes set on a library class": (
        "from decimal import Decimal\nDecimal.x = 1",
        REFUSED + "|TypeError|AttributeError",
    ),
    "attributes set on a module": ("import re\nre.x = 1", REFUSED + "|AttributeError|TypeError"),
    "attributes of a host class's object": ("from random import Random\nRandom(1).VERSION", "AttributeError"),
    "formatter that reads attributes": (
        "import string\nstring.Formatter().format('{0.__class__.__base__}', 1)",
        "AttributeError",
    ),
    "template with another pattern": ("import string\nstring.Template.pattern", "AttributeError"),
    "format spec of a date": ("from datetime import date\nf'{date(2024, 1, 1):{chr(37)}Y}'", "= 2024"),
    "date formatted a million times": (
        "from datetime import date\nlen(date(2024, 1, 1).strftime('%A' * 10**7))",
        "E0401|E0402|E0403|MemoryError",
    ),
    "decimal of great precision": (
        "from decimal import Decimal, getcontext\ngetcontext().prec = 10**9\nDecimal(2).sqrt()",
        "ValueError",
    ),
    "context of great precision": ("from decimal import Context\nContext(prec=10**9)", "ValueError"),
    "local context of great precision": ("from decimal import localcontext\nlocalcontext(prec=10**9)", "ValueError"),
    "decimal as a huge integer": ("from decimal import Decimal\nint(Decimal('1e999999999'))", "E0402|E0403|E0801"),
    "decimal as a long integer": ("from decimal import Decimal\nint(Decimal('1e3000000')) > 1", "E0403"),
    "decimal written out": ("from decimal import Decimal\nf\"{Decimal('1e999999999'):f}\"[0]", "E0402|E0403"),
    "decimal of a long text": ("from decimal import Decimal\nlen(str(Decimal('1' * 10**8)))", "E0401|E0402|E0403"),
    "fraction with a huge exponent": ("from fractions import Fraction\nFraction('1e999999999')", "E0401|E0402"),
    "fraction of a decimal": (
        "from decimal import Decimal\nfrom fractions import Fraction\nFraction(Decimal('1e999999999'))",
        "E0401|E0402",
    ),
    "fraction to a great power": ("from fractions import Fraction\nFraction(3, 2) ** 10**9", "E0401|E0402"),
    "mean of what never ends": ("import statistics\nstatistics.mean(iter(int, 1))", "E0401|E0402|E0403"),
    "samples without end": ("from statistics import NormalDist\nNormalDist().samples(10**12)", "E0401|E0402"),
    "random bytes of a gigabyte": ("import random\nrandom.randbytes(10**10)", "E0402"),
    "random bits of a gigabyte": ("import random\nrandom.getrandbits(10**11)", "E0402"),
    "choices without end": ("import random\nrandom.choices('ab', k=10**12)", "E0402|E0401"),
    "state of a generator that is none": ("import random\nrandom.setstate((3, (1,) * 625, None))", "= None|ValueError"),
    "state of a generator beyond its table": (
        "import random\nrandom.setstate((3, (1,) * 624 + (10**6,), None))\nrandom.random()",
        "ValueError",
    ),
    "digest of a gigabyte": ("import hashlib\nhashlib.shake_128(b'').digest(10**10)", "E0402"),
    "address of a hash": ("import hashlib\nrepr(hashlib.sha256())[-7:]", "= object>"),
    "bomb": ("import zlib\nzlib.decompress(zlib.compress(b'a' * 30_000_000))[0]", "E0401|E0402|E0403"),
    "bomb piece by piece": (
        "import zlib\nd = zlib.compress(b'a' * 10_000_000)\nx = []\nwhile True:\n    x.append(zlib.decompress(d))",
        "E0401|E0402|E0403",
    ),
    "marks piled up": (
        "import unicodedata\nunicodedata.normalize('NFC', 'a' + '\\u0301\\u0316' * 200000)[0]",
        "E0401",
    ),
    "wrapping at great length": ("import textwrap\ntextwrap.wrap('a ' * 10**6)[0]", "E0401|E0402|E0403"),
    "wrapping with a width of a gigabyte": ("import textwrap\ntextwrap.indent('a', ' ' * 10**10)", "E0402"),
    "calendar with wide days": ("import calendar\ncalendar.month(2024, 1, 10**9)", "E0402"),
    "json indented by a gigabyte": ("import json\njson.dumps([1], indent=10**10)[0]", "E0402"),
    "json of a class": ("import json\njson.dumps(1, cls=json.JSONDecodeError)", "TypeError|" + REFUSED),
    "json written to what is no file": ("import json\njson.dump(1, [])", "AttributeError"),
    "text written far beyond its end": ("import io\nf = io.StringIO()\nf.seek(10**12)\nf.write('a')", "E0402"),
    "bytes written far beyond their end": ("import io\nf = io.BytesIO()\nf.seek(10**12)\nf.write(b'a')", "E0402"),
    "text that grows without end": (
        "import io\nf = io.StringIO()\nwhile True:\n    f.write('x' * 10**5)",
        "E0401|E0402",
    ),
    "memory behind bytes": ("import io\nio.BytesIO(b'a').getbuffer()", "AttributeError"),
    "a file by its name": ("import io\nio.open('/etc/passwd')", REFUSED + "|AttributeError"),
    "a raw file": ("import io\nio.FileIO(0)", REFUSED + "|AttributeError"),
    "rows without end": ("import csv\nsum(1 for _ in csv.reader(iter(str, 1)))", "E0401|E0403"),
    "csv to a host object": ("import csv\ncsv.writer(print)", "TypeError"),
    "address in a csv field": (
        "import csv, io\nf = io.StringIO()\ncsv.writer(f).writerow([lambda: 1])\n'0x' in f.getvalue()",
        "= False",
    ),
    "address in a query": (
        "from urllib.parse import urlencode\n'0x' in urlencode({'a': len, 'b': [lambda: 1]}, doseq=True)",
        "= False",
    ),
    "address in a template": (
        "from string import Template\n'0x' in Template('$a').substitute(a=lambda: 1)",
        "= False",
    ),
    "codec in a query": ("from urllib.parse import quote\nquote('a', encoding='rot13')", "LookupError"),
    "host's identity in a uuid": ("import uuid\nuuid.getnode()", REFUSED),
    "abstract class that registers": ("import numbers\nnumbers.Number.register(str)", "AttributeError"),
    "state left for the next run": (
        "import calendar, csv, decimal, random\nr = (calendar.firstweekday(), csv.field_size_limit(), "
        "decimal.getcontext().prec, 'mine' in csv.list_dialects())\ncalendar.setfirstweekday(3)\n"
        "csv.field_size_limit(7)\ndecimal.getcontext().prec = 3\ncsv.register_dialect('mine')\nr",
        "= (0, 131072, 28, False)",
    ),
}
