# Ordinary programs, as people and models write them.
# --- sales records
"""Clean and aggregate raw sales records."""
from collections import defaultdict

raw = [
    {"region": " North ", "product": "Widget", "units": "12", "price": "$3.50"},
    {"region": "south", "product": "gadget", "units": "7", "price": "$12.00"},
    {"region": "NORTH", "product": "Gadget ", "units": "3", "price": "12"},
    {"region": "East", "product": "widget", "units": "n/a", "price": "$3.50"},
    {"region": "South", "product": "Widget", "units": "20", "price": "3.25"},
    {"region": None, "product": "Widget", "units": "1", "price": "3.25"},
]


def clean_record(rec):
    region = (rec.get("region") or "unknown").strip().title()
    product = rec["product"].strip().lower()
    try:
        units = int(rec["units"])
    except ValueError:
        units = 0
    price = float(rec["price"].lstrip("$"))
    return {"region": region, "product": product, "units": units, "price": price}


cleaned = [clean_record(r) for r in raw]
totals = defaultdict(lambda: {"units": 0, "revenue": 0.0})
for rec in cleaned:
    key = (rec["region"], rec["product"])
    totals[key]["units"] += rec["units"]
    totals[key]["revenue"] += rec["units"] * rec["price"]

print(f"{'Region':<10}{'Product':<10}{'Units':>6}{'Revenue':>12}")
print("-" * 38)
for (region, product), agg in sorted(totals.items(), key=lambda kv: (-kv[1]["revenue"], kv[0])):
    print(f"{region:<10}{product:<10}{agg['units']:>6}{agg['revenue']:>12,.2f}")

by_region = {}
for (region, _), agg in totals.items():
    by_region.setdefault(region, []).append(agg["revenue"])
for region in sorted(by_region):
    vals = by_region[region]
    print(region, len(vals), round(sum(vals) / len(vals), 2))
assert all(isinstance(r["units"], int) for r in cleaned)
print(max(cleaned, key=lambda r: r["price"]))
# --- log lines
import re
from dataclasses import dataclass
from typing import Optional, List
from datetime import datetime

LOG = """
2024-01-15 08:23:11,123 [INFO] server.http: GET /index.html 200 15ms
2024-01-15 08:23:12,456 [WARN] server.db: slow query took 2300ms
2024-01-15 08:23:13,789 [ERROR] server.http: POST /api/users 500 120ms
malformed line here
2024-01-15 08:24:00,001 [INFO] scheduler: job=cleanup status=ok
"""

PATTERN = re.compile(
    r"""^(?P<ts>\d{4}-\d{2}-\d{2}\s\d{2}:\d{2}:\d{2}),(?P<ms>\d{3})\s
    \[(?P<level>[A-Z]+)\]\s
    (?P<logger>[\w.]+):\s
    (?P<msg>.*)$""",
    re.VERBOSE,
)


@dataclass
class Entry:
    ts: datetime
    level: str
    logger: str
    message: str

    @property
    def is_problem(self) -> bool:
        return self.level in {"WARN", "ERROR"}


def parse(line: str) -> Optional[Entry]:
    m = PATTERN.match(line)
    if m is None:
        return None
    d = m.groupdict()
    ts = datetime.strptime(d["ts"], "%Y-%m-%d %H:%M:%S").replace(microsecond=int(d["ms"]) * 1000)
    return Entry(ts, d["level"], d["logger"], d["msg"])


entries: List[Entry] = []
bad = 0
for line in LOG.strip().splitlines():
    if (e := parse(line)) is not None:
        entries.append(e)
    else:
        bad += 1
print(len(entries), "parsed;", bad, "malformed")
for e in entries:
    flag = "!" if e.is_problem else " "
    print(f"{flag} {e.ts.isoformat(timespec='milliseconds')} {e.level:<5} {e.logger}")
durations = [int(x) for e in entries for x in re.findall(r"(\d+)ms", e.message)]
print(durations, sum(durations) / len(durations))
print(entries[-1].ts - entries[0].ts)
print(dict(re.findall(r"(\w+)=(\w+)", entries[-1].message)))
print(re.sub(r"(?P<m>GET|POST) (?P<p>\S+)", r"\g<p> via \g<m>", entries[0].message))
print(entries[1])
# --- dates and schedules
from datetime import date, timedelta, datetime
import calendar


def business_days(start, end, holidays=()):
    holidays = set(holidays)
    day = start
    while day <= end:
        if day.weekday() < 5 and day not in holidays:
            yield day
        day += timedelta(days=1)


def nth_weekday(year, month, weekday, n):
    count = 0
    for d in calendar.Calendar().itermonthdates(year, month):
        if d.month == month and d.weekday() == weekday:
            count += 1
            if count == n:
                return d
    raise ValueError("no such day")


def add_months(d, months):
    y, m = divmod(d.year * 12 + d.month - 1 + months, 12)
    m += 1
    last = calendar.monthrange(y, m)[1]
    return d.replace(year=y, month=m, day=min(d.day, last))


start = date(2024, 12, 20)
end = date(2025, 1, 6)
hol = [date(2024, 12, 25), date(2025, 1, 1)]
days = list(business_days(start, end, hol))
print(len(days), days[0], days[-1].strftime("%A %d %B %Y"))
print(nth_weekday(2024, 11, calendar.THURSDAY, 4))
print([add_months(date(2024, 1, 31), k).isoformat() for k in range(0, 14, 3)])
birth = date(1990, 6, 15)
today = date(2024, 6, 14)
age = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
print("age", age)
print(date.fromisoformat("2024-02-29").timetuple().tm_yday, today.isocalendar())
dt = datetime(2024, 3, 10, 14, 30)
print(f"{dt:%Y/%m/%d %H:%M}", dt + timedelta(hours=36, minutes=-15))
delta = datetime(2024, 12, 31, 23, 59, 59) - dt
h, rem = divmod(delta.seconds, 3600)
print(f"{delta.days} days, {h:02d}:{rem // 60:02d}, total {delta.total_seconds():,.0f}s")
print(calendar.month_name[2], calendar.day_abbr[0], calendar.isleap(2100))
print(calendar.month(2024, 2))
try:
    nth_weekday(2024, 2, 0, 6)
except ValueError as exc:
    print("error:", exc)
# --- units
# Unit conversion with a graph of factors
from collections import deque
from fractions import Fraction

CONVERSIONS = [
    ("km", "m", 1000),
    ("m", "cm", 100),
    ("cm", "mm", 10),
    ("inch", "cm", Fraction(254, 100)),
    ("foot", "inch", 12),
    ("mile", "foot", 5280),
    ("kg", "g", 1000),
    ("lb", "g", Fraction("453.59237")),
    ("oz", "lb", Fraction(1, 16)),
]

graph = {}
for a, b, f in CONVERSIONS:
    graph.setdefault(a, {})[b] = Fraction(f)
    graph.setdefault(b, {})[a] = 1 / Fraction(f)


class ConversionError(Exception):
    def __init__(self, src, dst):
        super().__init__(f"cannot convert {src!r} to {dst!r}")
        self.src = src
        self.dst = dst


def convert(value, src, dst):
    if src not in graph or dst not in graph:
        raise ConversionError(src, dst)
    seen = {src}
    queue = deque([(src, Fraction(1))])
    while queue:
        unit, factor = queue.popleft()
        if unit == dst:
            return value * factor
        for nxt, f in graph[unit].items():
            if nxt not in seen:
                seen.add(nxt)
                queue.append((nxt, factor * f))
    raise ConversionError(src, dst)


for value, src, dst in [(1, "mile", "km"), (5, "foot", "cm"), (16, "oz", "kg"), (3, "km", "inch"), (2, "kg", "m"), (1, "parsec", "m")]:
    try:
        result = convert(value, src, dst)
    except ConversionError as e:
        print("ERR", e, e.src, e.args)
    else:
        print(f"{value} {src} = {float(result):.6g} {dst} (exact {result})")


def c_to_f(c): return c * 9 / 5 + 32
def f_to_c(f): return (f - 32) * 5 / 9


table = {c: c_to_f(c) for c in range(-40, 101, 35)}
for c, f in table.items():
    print(f"{c:>5}°C {f:>7.1f}°F {f_to_c(f):+.2f}")
# --- regression
import math
from statistics import mean, median, stdev, pstdev, quantiles, mode


def linear_regression(xs, ys):
    n = len(xs)
    if n != len(ys) or n < 2:
        raise ValueError("need at least two paired points")
    mx, my = sum(xs) / n, sum(ys) / n
    sxx = sum((x - mx) ** 2 for x in xs)
    sxy = sum((x - mx) * (y - my) for x, y in zip(xs, ys))
    slope = sxy / sxx
    intercept = my - slope * mx
    ss_res = sum((y - (slope * x + intercept)) ** 2 for x, y in zip(xs, ys))
    ss_tot = sum((y - my) ** 2 for y in ys)
    return slope, intercept, 1 - ss_res / ss_tot


def percentile(data, p):
    data = sorted(data)
    k = (len(data) - 1) * p / 100
    lo, hi = math.floor(k), math.ceil(k)
    if lo == hi:
        return data[int(k)]
    return data[lo] * (hi - k) + data[hi] * (k - lo)


xs = list(range(1, 11))
ys = [2.1, 3.9, 6.2, 7.8, 10.1, 12.2, 13.8, 16.1, 18.0, 20.2]
m, b, r2 = linear_regression(xs, ys)
print(f"y = {m:.4f}x + {b:.4f}, R^2 = {r2:.6f}")
print(mean(ys), median(ys), round(stdev(ys), 4), round(pstdev(ys), 4))
print(quantiles(xs, n=4), mode([1, 2, 2, 3]))
for p in (0, 25, 50, 90, 100):
    print(p, percentile(ys, p))
z = [(y - mean(ys)) / stdev(ys) for y in ys]
print([round(v, 3) for v in z])
hist = {}
for v in z:
    bucket = math.floor(v)
    hist[bucket] = hist.get(bucket, 0) + 1
for k in sorted(hist):
    print(f"{k:>3} | {'#' * hist[k]}")
try:
    linear_regression([1], [2, 3])
except ValueError as err:
    print(type(err).__name__, err)
print(math.isclose(math.fsum([0.1] * 10), 1.0), math.hypot(3, 4), math.comb(10, 3), math.dist((0, 0), (1, 1)))
# --- pivot table
from collections import defaultdict


def pivot(rows, index, columns, values, aggfunc=sum, fill=0):
    cells = defaultdict(list)
    col_keys = set()
    row_keys = []
    for row in rows:
        r, c = row[index], row[columns]
        if r not in row_keys:
            row_keys.append(r)
        col_keys.add(c)
        cells[r, c].append(row[values])
    cols = sorted(col_keys)
    return cols, {r: [aggfunc(cells[r, c]) if (r, c) in cells else fill for c in cols] for r in row_keys}


def render(cols, table, title=""):
    widths = [max(len(str(c)), *(len(str(v[i])) for v in table.values())) for i, c in enumerate(cols)]
    first = max(len(title), max(map(len, table)))
    lines = [" | ".join([title.ljust(first)] + [str(c).rjust(w) for c, w in zip(cols, widths)])]
    lines.append("-+-".join(["-" * first] + ["-" * w for w in widths]))
    for name, vals in table.items():
        lines.append(" | ".join([name.ljust(first), *(str(v).rjust(w) for v, w in zip(vals, widths))]))
    return "\n".join(lines)


rows = [
    dict(city="Oslo", year=2021, sales=10),
    dict(city="Oslo", year=2022, sales=12),
    dict(city="Bergen", year=2021, sales=5),
    dict(city="Oslo", year=2022, sales=8),
    dict(city="Trondheim", year=2023, sales=7),
]
cols, table = pivot(rows, "city", "year", "sales")
print(render(cols, table, "city"))
cols, table = pivot(rows, "city", "year", "sales", aggfunc=lambda v: sum(v) / len(v), fill=None)
print(render(cols, table))
cols, table = pivot(rows, index="year", columns="city", values="sales", aggfunc=len)
print(cols, table)
transposed = list(map(list, zip(*table.values())))
print(transposed)
totals = [sum(c) for c in zip(*table.values())]
print(*totals, sep=", ", end=".\n")
# --- validation
import re
from typing import Any, Callable, Dict, List, Tuple

EMAIL_RE = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.I)

Validator = Callable[[Any], Tuple[bool, str]]


def required(v):
    return (v not in (None, "", []), "is required")


def min_length(n: int) -> Validator:
    def check(v):
        return (len(v) >= n, f"must have at least {n} characters")
    return check


def in_range(lo, hi):
    return lambda v: (isinstance(v, (int, float)) and not isinstance(v, bool) and lo <= v <= hi, f"must be between {lo} and {hi}")


def matches(rx, message):
    return lambda v: (rx.fullmatch(v) is not None, message)


SCHEMA: Dict[str, List[Validator]] = {
    "name": [required, min_length(2)],
    "email": [required, matches(EMAIL_RE, "is not a valid email")],
    "age": [required, in_range(0, 150)],
}


def validate(record: Dict[str, Any]) -> List[str]:
    errors = []
    for field, validators in SCHEMA.items():
        value = record.get(field)
        for v in validators:
            try:
                ok, msg = v(value)
            except TypeError as exc:
                ok, msg = False, f"has wrong type ({exc})"
            if not ok:
                errors.append(f"{field} {msg}")
                break
    extra = record.keys() - SCHEMA.keys()
    errors.extend(f"unexpected field {k!r}" for k in sorted(extra))
    return errors


records = [
    {"name": "Ada", "email": "ada@example.com", "age": 36},
    {"name": "B", "email": "nope", "age": 200},
    {"name": "", "email": None, "age": True, "role": "x", "admin": 1},
    {"name": 5, "email": "c@d.io", "age": 1.5},
]
for i, rec in enumerate(records, start=1):
    errs = validate(rec)
    print(f"record {i}: {'OK' if not errs else 'INVALID'}")
    for e in errs:
        print("   -", e)
valid = [r for r in records if not validate(r)]
print(f"{len(valid)}/{len(records)} = {len(valid) / len(records):.1%}")
# --- templates
from string import Template
import string
import textwrap

TEMPLATE = Template("Dear $title ${name},\nYour balance is $$${amount} as of $date.")


class Formatter:
    def __init__(self, **defaults):
        self.defaults = defaults

    def render(self, template, **kw):
        return template.safe_substitute({**self.defaults, **kw})


f = Formatter(title="Dr.", date="1 May")
print(f.render(TEMPLATE, name="Who", amount=f"{1234.5:,.2f}"))
print(f.render(TEMPLATE, amount=3))
try:
    TEMPLATE.substitute(name="x")
except KeyError as e:
    print("missing", e)
try:
    Template("bad $").substitute()
except ValueError as e:
    print(e)

print("{0}-{1}-{0}".format("a", "b"))
print("{name!r:>10}|{val:^+9.2f}|{val:e}".format(name="bob", val=3.14159))
print("{d[key]} {l[1]} {c.real}".format(d={"key": "v"}, l=[1, 2], c=3 + 4j))
print("{:{w}.{p}f}|{:{fill}{align}{width}}".format(2.71828, "mid", w=10, p=3, fill="*", align="^", width=11))
print("{:,} {:_} {:#x} {:#b} {:08.3f} {:%}".format(1234567, 1234567, 255, 5, 3.14159, 0.256))
print("%s is %d years and %.1f%% %-5s| %05d %x %r" % ("Bob", 42, 99.5, "ok", 42, 255, "q"))
print("%(a)s-%(b)03d" % {"a": "x", "b": 7})
print("{user}".format_map({"user": "mapped"}))
value, width = 12.3456, 10
print(f"{value:{width}.2f}|{value!s:>{width}}|{'nested ' + f'{value:.0f}'}|{value=:.1f}|{{literal}}")
print(string.capwords("hello big world"), string.ascii_lowercase[:5], string.digits)
text = "The quick brown fox jumped over the lazy dog and then ran away from the very angry bear. " * 2
print(textwrap.fill(text, width=40, initial_indent="* ", subsequent_indent="  "))
print(textwrap.shorten(text, 50, placeholder="..."))
print(textwrap.dedent("""
    def f():
        return 1
""").strip())
print(textwrap.indent("a\nb\n\nc", "> "))
for row in [("x", 1), ("longer", 22)]:
    print("".join(str(c).ljust(10, ".") for c in row))
# --- similarity
from collections import Counter
import math
from functools import lru_cache


def levenshtein(a: str, b: str) -> int:
    prev = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        cur = [i]
        for j, cb in enumerate(b, 1):
            cur.append(min(prev[j] + 1, cur[j - 1] + 1, prev[j - 1] + (ca != cb)))
        prev = cur
    return prev[-1]


def ngrams(text, n=2):
    text = f" {text.lower()} "
    return [text[i:i + n] for i in range(len(text) - n + 1)]


def cosine(a: Counter, b: Counter) -> float:
    dot = sum(a[k] * b[k] for k in a.keys() & b.keys())
    norm = math.sqrt(sum(v * v for v in a.values())) * math.sqrt(sum(v * v for v in b.values()))
    return dot / norm if norm else 0.0


def jaccard(a, b):
    a, b = set(a), set(b)
    return len(a & b) / len(a | b)


@lru_cache(maxsize=None)
def lcs(a, b):
    if not a or not b:
        return ""
    if a[0] == b[0]:
        return a[0] + lcs(a[1:], b[1:])
    return max(lcs(a[1:], b), lcs(a, b[1:]), key=len)


pairs = [("kitten", "sitting"), ("flaw", "lawn"), ("Saturday", "Sunday"), ("same", "same"), ("", "abc")]
for x, y in pairs:
    cx, cy = Counter(ngrams(x)), Counter(ngrams(y))
    print(f"{x!r:>12} {y!r:<12} lev={levenshtein(x, y)} cos={cosine(cx, cy):.3f} jac={jaccard(ngrams(x), ngrams(y)):.3f} lcs={lcs(x, y)}")
print(lcs.cache_info().hits > 0, lcs.cache_info().maxsize)
words = "apple apply ape maple ample people".split()
best = sorted(words, key=lambda w: (levenshtein(w, "appel"), w))[:3]
print(best)
c = Counter("mississippi")
print(c.most_common(2), c - Counter("miss"), c & Counter("sip"), sum(c.values()))
c.subtract("sss")
print(c, +c, sorted(c.elements()))
c.update({"z": 2})
print(c.total(), c["nope"], "nope" in c)
# --- tokenizer
import re
from typing import NamedTuple, Iterator


class Token(NamedTuple):
    kind: str
    value: str
    line: int
    column: int


KEYWORDS = {"IF", "THEN", "ENDIF", "FOR", "NEXT"}
SPEC = [
    ("NUMBER", r"\d+(\.\d*)?"),
    ("ASSIGN", r":="),
    ("END", r";"),
    ("ID", r"[A-Za-z]+"),
    ("OP", r"[+\-*/]"),
    ("NEWLINE", r"\n"),
    ("SKIP", r"[ \t]+"),
    ("MISMATCH", r"."),
]
TOK = "|".join("(?P<%s>%s)" % pair for pair in SPEC)


def tokenize(code: str) -> Iterator[Token]:
    line_num = 1
    line_start = 0
    for mo in re.finditer(TOK, code):
        kind = mo.lastgroup
        value = mo.group()
        column = mo.start() - line_start
        if kind == "NUMBER":
            value = float(value) if "." in value else int(value)
        elif kind == "ID" and value in KEYWORDS:
            kind = value
        elif kind == "NEWLINE":
            line_start = mo.end()
            line_num += 1
            continue
        elif kind == "SKIP":
            continue
        elif kind == "MISMATCH":
            raise RuntimeError(f"{value!r} unexpected on line {line_num}")
        yield Token(kind, value, line_num, column)


statements = """
    IF quantity THEN
        total := total + price * 2.5;
        tax := base * 0.05;
    ENDIF;
"""
for token in tokenize(statements):
    print(token)
t = Token("ID", "x", 1, 2)
print(t._asdict(), t._replace(line=9), Token._fields, t == ("ID", "x", 1, 2))
kind, *rest = t
print(kind, rest)
try:
    list(tokenize("a ? b"))
except RuntimeError as e:
    print("caught:", e)
print(sum(1 for tok in tokenize(statements) if tok.kind in KEYWORDS))
list(tokenize("\n\n@"))
# --- naive bayes
from collections import Counter, defaultdict
from math import log


class NaiveBayes:
    """Multinomial naive Bayes with Laplace smoothing."""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha
        self.word_counts: dict[str, Counter] = defaultdict(Counter)
        self.class_counts: Counter[str] = Counter()
        self.vocab: set[str] = set()

    @staticmethod
    def tokenize(text: str) -> list[str]:
        return [w.strip(".,!?").lower() for w in text.split() if w.strip(".,!?")]

    def fit(self, samples):
        for text, label in samples:
            words = self.tokenize(text)
            self.word_counts[label].update(words)
            self.class_counts[label] += 1
            self.vocab |= set(words)
        return self

    def scores(self, text):
        total = sum(self.class_counts.values())
        out = {}
        for label, n in self.class_counts.items():
            s = log(n / total)
            denom = sum(self.word_counts[label].values()) + self.alpha * len(self.vocab)
            for w in self.tokenize(text):
                s += log((self.word_counts[label][w] + self.alpha) / denom)
            out[label] = s
        return out

    def predict(self, text):
        s = self.scores(text)
        return max(s, key=s.get)


train = [
    ("Great movie, loved it!", "pos"),
    ("What a wonderful and great film.", "pos"),
    ("Terrible plot. Hated it!", "neg"),
    ("Awful, boring and terrible.", "neg"),
    ("I loved the wonderful acting", "pos"),
]
nb = NaiveBayes().fit(train)
tests = [("loved the film", "pos"), ("boring plot", "neg"), ("great but terrible", "neg")]
conf = Counter((nb.predict(t), y) for t, y in tests)
for (p, y), n in sorted(conf.items()):
    print(f"predicted {p} actual {y}: {n}")
correct = sum(n for (p, y), n in conf.items() if p == y)
print(f"accuracy {correct / len(tests):.2%}; vocab {len(nb.vocab)}")
for t, _ in tests:
    print({k: round(v, 4) for k, v in nb.scores(t).items()})
print(NaiveBayes.__doc__, NaiveBayes.__name__)
# --- priority queue
import heapq
import itertools
from dataclasses import dataclass, field


@dataclass(order=True)
class Task:
    priority: int
    name: str = field(compare=False)
    duration: int = field(compare=False, default=1)
    deps: list = field(compare=False, default_factory=list, repr=False)


class PriorityQueue:
    REMOVED = "<removed>"

    def __init__(self):
        self._heap = []
        self._entries = {}
        self._counter = itertools.count()

    def add(self, item, priority=0):
        if item in self._entries:
            self.remove(item)
        entry = [priority, next(self._counter), item]
        self._entries[item] = entry
        heapq.heappush(self._heap, entry)

    def remove(self, item):
        entry = self._entries.pop(item)
        entry[-1] = self.REMOVED

    def pop(self):
        while self._heap:
            _, _, item = heapq.heappop(self._heap)
            if item is not self.REMOVED:
                del self._entries[item]
                return item
        raise KeyError("pop from an empty priority queue")

    def __len__(self):
        return len(self._entries)


pq = PriorityQueue()
for name, pr in [("write", 5), ("test", 3), ("deploy", 9), ("plan", 1)]:
    pq.add(name, pr)
pq.add("deploy", 2)
pq.remove("test")
while pq:
    print(pq.pop(), end=" ")
print()
try:
    pq.pop()
except KeyError as e:
    print("KeyError:", e, repr(e))

tasks = [Task(3, "c", 4), Task(1, "a", 2, deps=["z"]), Task(2, "b")]
print(sorted(tasks))
print(min(tasks), tasks[0] > tasks[1], Task(1, "q") == Task(1, "r"))
heapq.heapify(tasks)
clock = 0
while tasks:
    t = heapq.heappop(tasks)
    clock += t.duration
    print(f"t={clock:>2} done {t.name}")
print(heapq.nlargest(2, [5, 1, 9, 3]), heapq.nsmallest(2, ["bb", "a", "ccc"], key=len))
print(list(heapq.merge([1, 4, 7], [2, 5], [0, 9])))
print(list(heapq.merge(["b", "aaa"], ["cc", "dddd"], key=len, reverse=False)))
# --- simulation
import random
from collections import Counter

random.seed(42)


class Particle:
    def __init__(self, x=0, y=0):
        self.x, self.y = x, y

    def step(self, rng):
        dx, dy = rng.choice([(1, 0), (-1, 0), (0, 1), (0, -1)])
        self.x += dx
        self.y += dy

    @property
    def distance(self):
        return (self.x ** 2 + self.y ** 2) ** 0.5


rng = random.Random(7)
ps = [Particle() for _ in range(20)]
for _ in range(100):
    for p in ps:
        p.step(rng)
print(f"mean distance {sum(p.distance for p in ps) / len(ps):.4f}")

inside = sum(1 for _ in range(2000) if random.random() ** 2 + random.random() ** 2 <= 1)
print("pi ~", 4 * inside / 2000)
rolls = Counter(random.randint(1, 6) + random.randint(1, 6) for _ in range(500))
for total in range(2, 13):
    print(f"{total:>2}: {'*' * (rolls[total] // 5)}")
deck = [f"{r}{s}" for s in "SHDC" for r in "A23456789TJQK"]
random.shuffle(deck)
print(deck[:5], random.sample(deck, 3))
print(random.choices(["a", "b", "c"], weights=[5, 3, 1], k=10))
print(round(random.gauss(0, 1), 6), round(random.uniform(1, 10), 6), random.randrange(0, 100, 5))
state = random.getstate()
x = random.random()
random.setstate(state)
print(x == random.random())
print(round(random.expovariate(1.5), 6), round(random.triangular(0, 1, 0.5), 6), random.getrandbits(16))
# --- pipelines
from functools import reduce, partial
from itertools import chain, groupby, islice, takewhile, dropwhile, accumulate, starmap, tee, zip_longest, product, permutations, combinations, cycle, count, repeat, compress, filterfalse
import operator


def compose(*fns):
    return reduce(lambda f, g: lambda x: g(f(x)), fns)


def pipe(value, *fns):
    return reduce(lambda acc, f: f(acc), fns, value)


def window(it, n):
    its = tee(it, n)
    for i, x in enumerate(its):
        next(islice(x, i, i), None)
    return zip(*its)


print(pipe(range(20), partial(filter, lambda x: x % 3 == 0), partial(map, lambda x: x * x), list))
print(compose(str.strip, str.title, lambda s: s + "!")("  hello world "))
print(list(window([1, 2, 3, 4, 5], 3)))
data = [("fruit", "apple"), ("veg", "kale"), ("fruit", "pear"), ("veg", "leek"), ("nut", "cashew")]
for k, grp in groupby(sorted(data, key=operator.itemgetter(0)), key=operator.itemgetter(0)):
    print(k, [v for _, v in grp])
print(list(accumulate([1, 2, 3, 4], operator.mul)), list(accumulate([3, 1, 4], max, initial=0)))
print(list(islice(cycle("ab"), 5)), list(zip_longest([1, 2], "xyz", fillvalue="-")))
print(list(takewhile(lambda x: x < 5, count(1, 2))), list(dropwhile(str.islower, "abCd")))
print([a + b for a, b in product("ab", repeat=2)], len(list(permutations(range(4)))), list(combinations("abc", 2)))
print(list(starmap(pow, [(2, 3), (3, 2)])), list(compress("abcdef", [1, 0, 1, 0, 1])), list(filterfalse(None, [0, 1, "", 2])))
print(list(chain.from_iterable([[1], [2, 3]])), list(map(operator.add, [1, 2], repeat(10))))
add = partial(operator.add, 5)
print(add(3), add.func is operator.add, add.args, operator.attrgetter("real", "imag")(3 + 4j), operator.methodcaller("upper")("q"))
rle = [(k, len(list(g))) for k, g in groupby("aaabbc")]
print(rle, "".join(k * n for k, n in rle))
flatten = lambda xs: [y for x in xs for y in (flatten(x) if isinstance(x, list) else [x])]
print(flatten([1, [2, [3, [4]], 5]]))
solutions = [p for p in permutations(range(1, 10), 3) if p[0] ** 2 + p[1] ** 2 == p[2] ** 2]
print(solutions)
it = iter([1, 2, 3])
print(next(it), list(it), next(it, "done"))
batches = iter(lambda it=iter(range(7)): list(islice(it, 3)), [])
print(list(batches))
# --- loans
from decimal import Decimal, ROUND_HALF_UP, ROUND_DOWN, getcontext, localcontext, InvalidOperation
from fractions import Fraction

CENT = Decimal("0.01")


def money(x):
    return Decimal(x).quantize(CENT, rounding=ROUND_HALF_UP)


def amortize(principal, annual_rate, months):
    r = Decimal(annual_rate) / 12
    payment = money(principal * r / (1 - (1 + r) ** -months))
    balance = Decimal(principal)
    schedule = []
    for n in range(1, months + 1):
        interest = money(balance * r)
        princ = payment - interest
        if n == months or princ > balance:
            princ = balance
        balance -= princ
        schedule.append((n, princ + interest, interest, princ, balance))
    return schedule


sched = amortize(Decimal("10000"), "0.06", 12)
for n, pay, i, p, bal in sched[:3] + sched[-1:]:
    print(f"{n:>3} {pay:>10} {i:>8} {p:>10} {bal:>12,}")
print("total interest", sum(row[2] for row in sched))
print(Decimal("1.10") + Decimal("2.20"), 1.1 + 2.2, Decimal(7) / Decimal(3))
with localcontext() as ctx:
    ctx.prec = 6
    print(Decimal(1) / 7)
getcontext().prec = 28
print(Decimal("2").sqrt(), Decimal("123.456").as_tuple(), Decimal("1E+3").normalize())
try:
    Decimal("abc")
except InvalidOperation as e:
    print("invalid", type(e).__name__)
print(Fraction(3, 4) + Fraction("0.25"), Fraction(0.5), Fraction(10, 4).numerator, Fraction(3.14159).limit_denominator(100))
shares = {"a": Fraction(1, 3), "b": Fraction(1, 3), "c": Fraction(1, 3)}
amount = Decimal("100.00")
split = {k: (amount * v.numerator / v.denominator).quantize(CENT, ROUND_DOWN) for k, v in shares.items()}
rest = amount - sum(split.values())
for k in split:
    if rest <= 0:
        break
    split[k] += CENT
    rest -= CENT
print(split, sum(split.values()))


def npv(rate, flows):
    return sum(cf / (1 + rate) ** t for t, cf in enumerate(flows))


def irr(flows, lo=-0.9, hi=1.0):
    while hi - lo > 1e-9:
        mid = (lo + hi) / 2
        if npv(mid, flows) > 0:
            lo = mid
        else:
            hi = mid
    return lo


print(f"{npv(0.1, [-100, 60, 60]):.4f} {irr([-100, 60, 60]):.6f}")
print(f"{Decimal('1234567.891'):,.2f}", round(Decimal("2.675"), 2), int(Decimal("3.9")), Decimal("0.1") == 0.1)
# --- csv
import csv
import io
from collections import OrderedDict

CSV_TEXT = '''id,name,amount,notes
1,"Smith, John",100.50,"said ""hi"""
2,Jane Doe,75,
3,"Multi
line",20.25,ok
4,Bad,abc,x
'''

reader = csv.DictReader(io.StringIO(CSV_TEXT))
print(reader.fieldnames)
rows, errors = [], []
for i, row in enumerate(reader, start=2):
    try:
        row["amount"] = float(row["amount"])
    except ValueError as e:
        errors.append((i, str(e)))
        continue
    rows.append(row)
print(rows)
print(errors)
out = io.StringIO()
writer = csv.DictWriter(out, fieldnames=["id", "name", "amount"], extrasaction="ignore", lineterminator="\n")
writer.writeheader()
writer.writerows(sorted(rows, key=lambda r: -r["amount"]))
print(out.getvalue())
buf = io.StringIO()
w = csv.writer(buf, delimiter=";", quoting=csv.QUOTE_NONNUMERIC)
w.writerow(["a", 1, 2.5, "x;y", 'q"q'])
print(repr(buf.getvalue()))
for rec in csv.reader(["a\tb\tc", "1\t2\t3"], delimiter="\t"):
    print(rec)
tsv = io.StringIO("k v\n# comment\nx 1\n\ny 2\n")
config = OrderedDict()
for line in tsv:
    line = line.strip()
    if not line or line.startswith("#"):
        continue
    key, _, value = line.partition(" ")
    config[key] = value
config.move_to_end("k")
print(config, list(config))
buf.seek(0)
print(buf.read(3), buf.tell(), buf.readline())
with io.StringIO() as f:
    print("written via print", 42, file=f)
    f.write("more")
    text = f.getvalue()
print(text.splitlines())
b = io.BytesIO(b"\x00\x01\x02\x03")
print(b.read(2), b.read(), b.read())
col_totals = {}
for r in rows:
    for k, v in r.items():
        if isinstance(v, float):
            col_totals[k] = col_totals.get(k, 0) + v
print(col_totals)
# --- graphs
import heapq
from collections import defaultdict, deque


class Graph:
    def __init__(self, directed=False):
        self.adj = defaultdict(dict)
        self.directed = directed

    def add_edge(self, u, v, w=1):
        self.adj[u][v] = w
        if not self.directed:
            self.adj[v][u] = w
        else:
            self.adj.setdefault(v, {})
        return self

    def bfs(self, start):
        seen, order, q = {start}, [], deque([start])
        while q:
            node = q.popleft()
            order.append(node)
            for n in sorted(self.adj[node]):
                if n not in seen:
                    seen.add(n)
                    q.append(n)
        return order

    def dijkstra(self, src):
        dist = {src: 0}
        prev = {}
        heap = [(0, src)]
        while heap:
            d, u = heapq.heappop(heap)
            if d > dist.get(u, float("inf")):
                continue
            for v, w in self.adj[u].items():
                if (nd := d + w) < dist.get(v, float("inf")):
                    dist[v], prev[v] = nd, u
                    heapq.heappush(heap, (nd, v))
        return dist, prev

    def path(self, src, dst):
        _, prev = self.dijkstra(src)
        out = [dst]
        while out[-1] != src:
            out.append(prev[out[-1]])
        return out[::-1]

    def topo(self):
        indeg = {u: 0 for u in self.adj}
        for u in self.adj:
            for v in self.adj[u]:
                indeg[v] += 1
        ready = sorted(u for u, d in indeg.items() if d == 0)
        out = []
        while ready:
            u = ready.pop(0)
            out.append(u)
            for v in self.adj[u]:
                indeg[v] -= 1
                if indeg[v] == 0:
                    ready.append(v)
        if len(out) != len(indeg):
            raise ValueError("cycle detected: %s" % sorted(set(indeg) - set(out)))
        return out


g = Graph()
for u, v, w in [("A", "B", 4), ("A", "C", 1), ("C", "B", 2), ("B", "D", 5), ("C", "D", 8)]:
    g.add_edge(u, v, w)
print(g.bfs("A"), g.dijkstra("A"), "->".join(g.path("A", "D")))
d = Graph(directed=True).add_edge("shirt", "tie").add_edge("tie", "jacket").add_edge("trousers", "shoes").add_edge("trousers", "belt").add_edge("belt", "jacket")
print(d.topo())
d.add_edge("jacket", "shirt")
try:
    d.topo()
except ValueError as e:
    print(e)


class DSU:
    def __init__(self, items):
        self.parent = {i: i for i in items}
        self.size = dict.fromkeys(self.parent, 1)

    def find(self, x):
        while self.parent[x] != x:
            self.parent[x] = self.parent[self.parent[x]]
            x = self.parent[x]
        return x

    def union(self, a, b):
        a, b = self.find(a), self.find(b)
        if a == b:
            return False
        if self.size[a] < self.size[b]:
            a, b = b, a
        self.parent[b] = a
        self.size[a] += self.size[b]
        return True


edges = sorted((w, *sorted((u, v))) for u in g.adj for v, w in g.adj[u].items() if u < v)
dsu = DSU(g.adj)
mst = [(u, v, w) for w, u, v in edges if dsu.union(u, v)]
print(mst, sum(w for *_, w in mst))
# --- vectors
from __future__ import annotations
from math import sqrt, acos, degrees
from typing import Iterable, Union
import numbers


class Vector:
    __slots__ = ("_c",)

    def __init__(self, *components: float) -> None:
        self._c = tuple(components)

    @classmethod
    def from_iterable(cls, it: Iterable[float]) -> Vector:
        return cls(*it)

    def __iter__(self):
        return iter(self._c)

    def __len__(self):
        return len(self._c)

    def __getitem__(self, i):
        if isinstance(i, slice):
            return type(self)(*self._c[i])
        return self._c[i]

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(map(repr, self._c))})"

    def __eq__(self, other):
        if not isinstance(other, Vector):
            return NotImplemented
        return self._c == other._c

    def __hash__(self):
        return hash(self._c)

    def __add__(self, other):
        return Vector(*(a + b for a, b in zip(self, other, strict=True)))

    def __neg__(self):
        return Vector(*(-a for a in self))

    def __sub__(self, other):
        return self + -other

    def __mul__(self, k):
        if isinstance(k, numbers.Real):
            return Vector(*(a * k for a in self))
        return NotImplemented

    __rmul__ = __mul__

    def __matmul__(self, other):
        return sum(a * b for a, b in zip(self, other))

    def __abs__(self):
        return sqrt(self @ self)

    def __bool__(self):
        return any(self)

    def __format__(self, spec):
        return "<" + ", ".join(format(c, spec) for c in self) + ">"


class Matrix:
    def __init__(self, rows):
        self.rows = [list(r) for r in rows]

    @property
    def shape(self):
        return len(self.rows), len(self.rows[0])

    @property
    def T(self):
        return Matrix(zip(*self.rows))

    def __matmul__(self, other):
        if self.shape[1] != other.shape[0]:
            raise ValueError(f"shape mismatch: {self.shape} @ {other.shape}")
        cols = other.T.rows
        return Matrix([[sum(a * b for a, b in zip(r, c)) for c in cols] for r in self.rows])

    def __pow__(self, n):
        result = Matrix([[int(i == j) for j in range(self.shape[0])] for i in range(self.shape[0])])
        base = self
        while n:
            if n & 1:
                result = result @ base
            base = base @ base
            n >>= 1
        return result

    def __getitem__(self, ij):
        i, j = ij
        return self.rows[i][j]

    def __setitem__(self, ij, v):
        self.rows[ij[0]][ij[1]] = v

    def __str__(self):
        return "\n".join(" ".join(f"{v:>4}" for v in r) for r in self.rows)

    def det(self):
        if self.shape == (1, 1):
            return self.rows[0][0]
        return sum((-1) ** j * self.rows[0][j] * Matrix([r[:j] + r[j + 1:] for r in self.rows[1:]]).det() for j in range(len(self.rows)))


v, w = Vector(1, 2, 2), Vector(2, 0, -1)
print(v + w, v - w, 3 * v, v * 0.5, v @ w, abs(v), bool(Vector(0, 0)), v[0], v[1:])
print(f"{v:.2f}", v == Vector(1, 2, 2), v != w, hash(v) == hash((1, 2, 2)), {v: 1}[Vector(1, 2, 2)])
print(round(degrees(acos(v @ w / (abs(v) * abs(w)) if v @ w else 0)), 3))
for expr in (lambda: v + Vector(1), lambda: v * "x", lambda: v < w):
    try:
        print(expr())
    except (TypeError, ValueError) as e:
        print(type(e).__name__, e)
try:
    v.extra = 1
except AttributeError as e:
    print("AttributeError:", e)
m = Matrix([[1, 1], [1, 0]])
print(m ** 30)
print((m ** 10)[0, 1], m.T.rows, Matrix([[2, 0, 1], [1, 3, 2], [1, 1, 1]]).det())
m[0, 0] = 99
print(m)
try:
    m @ Matrix([[1, 2, 3]])
except ValueError as e:
    print(e)
print(Vector.from_iterable(range(3)), sum([v, w], Vector(0, 0, 0)))
# --- parser combinators
"""Tiny parser combinators."""
from dataclasses import dataclass
from typing import Any, Callable, Generic, TypeVar
import re

T = TypeVar("T")


@dataclass(frozen=True)
class Result:
    value: Any
    rest: str


class ParseError(Exception):
    pass


class Parser:
    def __init__(self, fn: Callable[[str], Result]):
        self.fn = fn

    def __call__(self, s):
        return self.fn(s)

    def __or__(self, other):
        def run(s):
            try:
                return self(s)
            except ParseError:
                return other(s)
        return Parser(run)

    def __rshift__(self, f):
        def run(s):
            r = self(s)
            return Result(f(r.value), r.rest)
        return Parser(run)

    def then(self, other):
        def run(s):
            a = self(s)
            b = other(a.rest)
            return Result((a.value, b.value), b.rest)
        return Parser(run)

    __and__ = then

    def many(self):
        def run(s):
            out = []
            while True:
                try:
                    r = self(s)
                except ParseError:
                    return Result(out, s)
                out.append(r.value)
                s = r.rest
        return Parser(run)

    def sep_by(self, sep):
        return ((self & (sep & self >> (lambda p: p)).many()) >> (lambda p: [p[0]] + [x for _, x in p[1]])) | pure([])


def pure(v):
    return Parser(lambda s: Result(v, s))


def regex(pattern):
    rx = re.compile(r"\s*(" + pattern + ")")

    def run(s):
        if m := rx.match(s):
            return Result(m.group(1), s[m.end():])
        raise ParseError(f"expected /{pattern}/ at {s[:10]!r}")
    return Parser(run)


def token(t):
    return regex(re.escape(t))


def lazy(f):
    return Parser(lambda s: f()(s))


value = lazy(lambda: obj | array | string | number | literal)
number = regex(r"-?\d+(\.\d+)?") >> (lambda t: float(t) if "." in t else int(t))
string = regex(r'"[^"]*"') >> (lambda t: t[1:-1])
literal = regex("true|false|null") >> {"true": True, "false": False, "null": None}.__getitem__
array = (token("[") & value.sep_by(token(",")) & token("]")) >> (lambda p: p[0][1])
pair = (string & token(":") & value) >> (lambda p: (p[0][0], p[1]))
obj = (token("{") & pair.sep_by(token(",")) & token("}")) >> (lambda p: dict(p[0][1]))


def parse(text):
    r = value(text)
    if r.rest.strip():
        raise ParseError(f"trailing input: {r.rest!r}")
    return r.value


for text in ['[1, 2.5, -3]', '{"a": [true, null], "b": {"c": "d"}}', '[]', '{}', '[1, 2', '1 2']:
    try:
        print(text, "=>", parse(text))
    except ParseError as e:
        print(text, "!!", e)
print(Result(1, "x"))
try:
    Result(1, "x").value = 3
except Exception as e:
    print(type(e).__name__, e)
# --- expressions
import operator as op
import re

OPS = {
    "+": (1, op.add), "-": (1, op.sub),
    "*": (2, op.mul), "/": (2, op.truediv), "%": (2, op.mod), "//": (2, op.floordiv),
    "^": (3, op.pow),
}
RIGHT = {"^"}
FUNCS = {"max": max, "min": min, "abs": abs, "sqrt": lambda x: x ** 0.5}


class Evaluator:
    token_re = re.compile(r"\s*(?:(\d+\.?\d*)|([a-z_]\w*)|(//|[-+*/%^(),=]))", re.I)

    def __init__(self):
        self.vars = {"pi": 3.141592653589793}

    def tokens(self, text):
        pos = 0
        text = text.rstrip()
        while pos < len(text):
            m = self.token_re.match(text, pos)
            if not m:
                raise SyntaxError(f"bad character {text[pos]!r} at {pos}")
            num, name, sym = m.groups()
            if num:
                yield "num", float(num) if "." in num else int(num)
            elif name:
                yield "name", name
            else:
                yield "op", sym
            pos = m.end()
        yield "end", None

    def eval(self, text):
        self._toks = list(self.tokens(text))
        self._i = 0
        if len(self._toks) > 2 and self._toks[0][0] == "name" and self._toks[1] == ("op", "="):
            name = self._toks[0][1]
            self._i = 2
            self.vars[name] = v = self.expr(0)
            return v
        v = self.expr(0)
        if self.peek[0] != "end":
            raise SyntaxError(f"unexpected {self.peek[1]!r}")
        return v

    @property
    def peek(self):
        return self._toks[self._i]

    def next(self):
        t = self._toks[self._i]
        self._i += 1
        return t

    def expr(self, min_prec):
        left = self.atom()
        while self.peek[0] == "op" and self.peek[1] in OPS and OPS[self.peek[1]][0] > min_prec - (self.peek[1] in RIGHT):
            _, sym = self.next()
            prec, fn = OPS[sym]
            left = fn(left, self.expr(prec))
        return left

    def atom(self):
        kind, val = self.next()
        if kind == "num":
            return val
        if kind == "name":
            if self.peek == ("op", "("):
                self.next()
                args = [self.expr(0)]
                while self.peek == ("op", ","):
                    self.next()
                    args.append(self.expr(0))
                assert self.next() == ("op", ")"), "missing )"
                return FUNCS[val](*args)
            try:
                return self.vars[val]
            except KeyError:
                raise NameError(f"unknown variable {val}") from None
        if (kind, val) == ("op", "-"):
            return -self.expr(2)
        if (kind, val) == ("op", "("):
            v = self.expr(0)
            assert self.next() == ("op", ")"), "missing )"
            return v
        raise SyntaxError(f"unexpected token {val!r}")


ev = Evaluator()
for e in ["1 + 2 * 3", "2 ^ 3 ^ 2", "-(4 - 6) * 2.5", "x = 10 // 3", "x ^ 2 + max(1, x, 2)", "sqrt(16) % 3", "1 / 0", "y + 1", "2 $ 3", "(1", "1 2", "foo(1)"]:
    try:
        print(f"{e:<24} = {ev.eval(e)}")
    except (ArithmeticError, NameError, AssertionError, LookupError) as exc:
        print(f"{e:<24} ! {type(exc).__name__}: {exc}")
    except SyntaxError as exc:
        print(f"{e:<24} ? {exc}")
# --- caches
import time
from collections import OrderedDict


class LRUCache:
    def __init__(self, capacity):
        self.capacity = capacity
        self._data = OrderedDict()
        self.hits = self.misses = 0

    def get(self, key, default=None):
        try:
            self._data.move_to_end(key)
        except KeyError:
            self.misses += 1
            return default
        self.hits += 1
        return self._data[key]

    def put(self, key, value):
        if key in self._data:
            self._data.move_to_end(key)
        self._data[key] = value
        if len(self._data) > self.capacity:
            evicted, _ = self._data.popitem(last=False)
            print("evict", evicted)

    def __contains__(self, key):
        return key in self._data

    def __repr__(self):
        return f"<LRUCache {list(self._data.items())} hits={self.hits}>"


class LRUDict(OrderedDict):
    def __init__(self, *args, maxsize=3, **kw):
        self.maxsize = maxsize
        super().__init__(*args, **kw)

    def __getitem__(self, key):
        value = super().__getitem__(key)
        self.move_to_end(key)
        return value

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        if len(self) > self.maxsize:
            oldest = next(iter(self))
            del self[oldest]


class TTLCache:
    def __init__(self, ttl, clock=time.monotonic):
        self.ttl, self.clock, self.store = ttl, clock, {}

    def __setitem__(self, k, v):
        self.store[k] = (v, self.clock() + self.ttl)

    def __getitem__(self, k):
        v, exp = self.store[k]
        if self.clock() >= exp:
            del self.store[k]
            raise KeyError(k)
        return v


c = LRUCache(2)
c.put("a", 1); c.put("b", 2)
print(c.get("a"), "b" in c)
c.put("c", 3)
print(c.get("b"), c.get("zzz", -1), c)
d = LRUDict(x=1, y=2, maxsize=2)
d["x"]
d["z"] = 3
print(list(d), dict(d), len(d))
now = [0.0]
t = TTLCache(10, clock=lambda: now[0])
t["k"] = "v"
now[0] = 9.9
print(t["k"])
now[0] += 1
try:
    t["k"]
except KeyError as e:
    print("expired", e)
t2 = TTLCache(100)
t2[1] = 2
print(t2[1], isinstance(d, dict), isinstance(d, OrderedDict))
# --- retries
import time
import functools
import random


class RateLimiter:
    """Token bucket."""

    def __init__(self, rate, capacity, now=time.monotonic):
        self.rate, self.capacity, self.now = rate, capacity, now
        self.tokens = capacity
        self.updated = now()

    def allow(self, cost=1):
        t = self.now()
        self.tokens = min(self.capacity, self.tokens + (t - self.updated) * self.rate)
        self.updated = t
        if self.tokens >= cost:
            self.tokens -= cost
            return True
        return False


class FakeClock:
    def __init__(self):
        self.t = 0.0

    def __call__(self):
        return self.t

    def sleep(self, s):
        self.t += s


clock = FakeClock()
rl = RateLimiter(2, 3, now=clock)
out = []
for i in range(8):
    out.append(rl.allow())
    clock.sleep(0.25)
print(out)


def retry(times=3, exceptions=(Exception,), delay=1.0, backoff=2.0, sleep=time.sleep):
    def decorator(fn):
        @functools.wraps(fn)
        def wrapper(*args, **kwargs):
            wait = delay
            for attempt in range(1, times + 1):
                try:
                    result = fn(*args, **kwargs)
                except exceptions as exc:
                    print(f"  attempt {attempt} failed: {exc!r}")
                    if attempt == times:
                        raise
                    sleep(wait)
                    wait *= backoff
                else:
                    wrapper.calls += attempt
                    return result
        wrapper.calls = 0
        return wrapper
    return decorator


state = {"n": 0}


@retry(times=4, exceptions=(ConnectionError, TimeoutError), sleep=clock.sleep)
def flaky(limit):
    """Sometimes fails."""
    state["n"] += 1
    if state["n"] < limit:
        raise ConnectionError(f"try {state['n']}")
    return f"ok after {state['n']}"


print(flaky(3), flaky.calls, flaky.__name__, flaky.__doc__)
state["n"] = -10
try:
    flaky(99)
except ConnectionError as e:
    print("gave up:", e)
print(clock.t, flaky.__wrapped__.__name__)


def timed(fn):
    @functools.wraps(fn)
    def inner(*a, **k):
        start = time.perf_counter()
        try:
            return fn(*a, **k)
        finally:
            elapsed = time.perf_counter() - start
            print(f"{fn.__name__} took {'<1s' if elapsed < 1 else 'long'}")
    return inner


def counted(fn):
    @functools.wraps(fn)
    def inner(*a):
        inner.count = getattr(inner, "count", 0) + 1
        return fn(*a)
    return inner


@timed
@counted
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


@functools.cache
def fast(n):
    return n if n < 2 else fast(n - 1) + fast(n - 2)


print(fast(80), fast.cache_info())
print(fib(2))
# --- managers
from contextlib import contextmanager, ExitStack, suppress, closing, redirect_stdout, nullcontext, ContextDecorator
import io


@contextmanager
def section(name, depth=[0]):
    print("  " * depth[0] + f"> {name}")
    depth[0] += 1
    try:
        yield name.upper()
    except ZeroDivisionError as e:
        print("  " * depth[0] + f"handled {e}")
    finally:
        depth[0] -= 1
        print("  " * depth[0] + f"< {name}")


class Resource:
    live = 0

    def __init__(self, name, fail=False):
        self.name, self.fail = name, fail

    def __enter__(self):
        if self.fail:
            raise RuntimeError(f"cannot open {self.name}")
        Resource.live += 1
        return self

    def __exit__(self, exc_type, exc, tb):
        Resource.live -= 1
        print("release", self.name, exc_type and exc_type.__name__)
        return False

    def close(self):
        print("closed", self.name)


with section("outer") as o:
    with section("inner") as i:
        print(o, i)
        1 / 0
    print("still here")

try:
    with ExitStack() as stack:
        for n in ["a", "b", "c"]:
            stack.enter_context(Resource(n, fail=(n == "c")))
        print("unreachable")
except RuntimeError as e:
    print("error:", e, "live", Resource.live)

with suppress(KeyError, IndexError):
    {}["x"]
    print("no")
with closing(Resource("cl")) as r:
    print("using", r.name)
buf = io.StringIO()
with redirect_stdout(buf):
    print("captured")
print(repr(buf.getvalue()))
with nullcontext(5) as five:
    print(five)


class tracked(ContextDecorator):
    def __enter__(self):
        print("enter")
        return self

    def __exit__(self, *exc):
        print("exit")
        return False


@tracked()
def job(x):
    print("job", x)
    return x + 1


print(job(1))
with ExitStack() as stack:
    stack.callback(lambda: print("first registered, last run"))
    stack.push(lambda *exc: print("push saw", exc[0] is not None) or True)
    raise ValueError("suppressed by push")
keep = ExitStack()
keep.enter_context(Resource("kept"))
moved = keep.pop_all()
keep.close()
print("live", Resource.live)
moved.close()
with (Resource("p1") as p1, Resource("p2") as p2):
    print(p1.name + p2.name)
# --- data classes
from dataclasses import dataclass, field, asdict, astuple, replace, fields, InitVar, KW_ONLY
from typing import ClassVar, Optional
from datetime import date


@dataclass
class Employee:
    name: str
    salary: float
    skills: list[str] = field(default_factory=list)
    hired: date = date(2020, 1, 1)
    _id: int = field(init=False, repr=False, default=0)
    count: ClassVar[int] = 0

    def __post_init__(self):
        if self.salary < 0:
            raise ValueError(f"negative salary for {self.name}")
        type(self).count += 1
        self._id = self.count

    def raise_by(self, pct):
        self.salary = round(self.salary * (1 + pct / 100), 2)
        return self


@dataclass
class Manager(Employee):
    reports: list[Employee] = field(default_factory=list, repr=False)
    bonus: float = 0.1

    def __post_init__(self):
        super().__post_init__()
        self.level = len(self.reports)

    def total(self):
        return sum(e.salary for e in [self, *self.reports])


@dataclass(frozen=True, order=True)
class Version:
    major: int
    minor: int = 0
    patch: int = 0
    tag: Optional[str] = field(default=None, compare=False)

    @classmethod
    def parse(cls, s):
        core, _, tag = s.partition("-")
        return cls(*map(int, core.split(".")), tag=tag or None)

    def __str__(self):
        return f"{self.major}.{self.minor}.{self.patch}" + (f"-{self.tag}" if self.tag else "")


@dataclass
class Rect:
    w: float
    h: float
    scale: InitVar[float] = 1.0
    area: float = field(init=False)
    _: KW_ONLY
    label: str = "rect"

    def __post_init__(self, scale):
        self.w *= scale
        self.h *= scale
        self.area = self.w * self.h


a = Employee("Ann", 1000.0, ["py"])
b = Employee("Bob", 900)
m = Manager("Meg", 2000, reports=[a, b])
print(a, b, m, sep="\n")
print(m.total(), m.level, Employee.count, a._id, m._id, Manager.count)
print(asdict(m)["reports"][0]["skills"], astuple(b), [f.name for f in fields(m)])
c = replace(a, name="Cid", skills=["go"])
print(c, c == a, a == Employee("Ann", 1000.0, ["py"]))
print(a.raise_by(3.333))
try:
    Employee("Neg", -1)
except ValueError as e:
    print(e)
vs = sorted(map(Version.parse, ["1.2.3", "1.10.0-beta", "1.2.0", "0.9"]))
print(*vs, max(vs), vs[0] < vs[1], len({Version(1), Version(1, tag="x")}))
try:
    vs[0].major = 5
except AttributeError as e:
    print(type(e).__name__, e)
print(Rect(2, 3, scale=2.0, label="big"), repr(vs[2]))
try:
    Rect(1, 2, 3.0, "lbl")
except TypeError as e:
    print(e)
try:
    Employee()
except TypeError as e:
    print(e)
print(Employee.__dataclass_fields__["skills"].name, hash(Version(1, 2)) == hash(Version(1, 2)))
# --- state machine
from enum import Enum, IntEnum, Flag, IntFlag, auto, unique, StrEnum


@unique
class State(Enum):
    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"

    def __init__(self, label):
        self.label = label.title()

    @property
    def terminal(self):
        return self is State.DONE

    @classmethod
    def initial(cls):
        return cls.IDLE


class Perm(Flag):
    READ = auto()
    WRITE = auto()
    EXEC = auto()
    ALL = READ | WRITE | EXEC


class Priority(IntEnum):
    LOW = 1
    HIGH = 10


class Color(StrEnum):
    RED = auto()
    BLUE = auto()


TRANSITIONS = {
    (State.IDLE, "start"): State.RUNNING,
    (State.RUNNING, "pause"): State.PAUSED,
    (State.PAUSED, "resume"): State.RUNNING,
    (State.RUNNING, "finish"): State.DONE,
}


class InvalidTransition(Exception):
    def __init__(self, state, event):
        self.state, self.event = state, event
        super().__init__(f"{event!r} not allowed in {state.name}")


class Machine:
    def __init__(self):
        self.state = State.initial()
        self.history = [self.state]
        self.hooks = {}

    def on(self, state):
        def deco(fn):
            self.hooks.setdefault(state, []).append(fn)
            return fn
        return deco

    def fire(self, event):
        try:
            nxt = TRANSITIONS[self.state, event]
        except KeyError:
            raise InvalidTransition(self.state, event) from None
        self.state = nxt
        self.history.append(nxt)
        for h in self.hooks.get(nxt, ()):
            h(self)


m = Machine()


@m.on(State.DONE)
def finished(machine):
    print("finished after", len(machine.history) - 1, "steps")


for ev in ["start", "pause", "finish", "resume", "finish"]:
    try:
        m.fire(ev)
        print(ev, "->", m.state, m.state.label)
    except InvalidTransition as e:
        print("!", e, e.__cause__, e.__suppress_context__)
print([s.name for s in State], State("idle"), State["DONE"].terminal, State.IDLE in State, len(State))
p = Perm.READ | Perm.WRITE
print(p, Perm.READ in p, Perm.EXEC in p, ~p, p & Perm.WRITE, bool(p & Perm.EXEC), Perm.ALL, list(p))
print(Priority.HIGH > Priority.LOW, Priority.HIGH + 1, max(Priority), f"{Priority.LOW}", repr(Priority.LOW))
print(Color.RED, Color.RED == "red", Color("blue").upper(), f"{Color.BLUE:>6}", repr(Color.RED))
try:
    State("nope")
except ValueError as e:
    print(e)
try:
    State.IDLE = 3
except AttributeError as e:
    print(type(e).__name__)
Animal = Enum("Animal", "CAT DOG")
print(list(Animal), Animal.CAT.value, type(Animal.DOG).__name__)
print({s: i for i, s in enumerate(State)}[State.DONE], State.__members__.keys())
match m.state:
    case State.IDLE | State.RUNNING:
        print("active")
    case State.DONE:
        print("over")
# --- dispatch
from functools import singledispatch, singledispatchmethod, total_ordering, cached_property, partialmethod, cmp_to_key
from decimal import Decimal
from datetime import date


@singledispatch
def to_json(obj):
    raise TypeError(f"unsupported: {type(obj).__name__}")


@to_json.register(type(None))
def _(obj):
    return "null"


@to_json.register
def _(obj: bool):
    return str(obj).lower()


@to_json.register(int)
@to_json.register(float)
def _(obj):
    return repr(obj)


@to_json.register
def _(obj: str):
    return '"' + obj.replace('"', '\\"') + '"'


@to_json.register
def _(obj: list):
    return "[" + ",".join(map(to_json, obj)) + "]"


@to_json.register(dict)
def _dict(obj):
    return "{" + ",".join(f"{to_json(str(k))}:{to_json(v)}" for k, v in obj.items()) + "}"


@to_json.register(date)
@to_json.register(Decimal)
def _strlike(obj):
    return to_json(str(obj))


print(to_json({"a": [1, 2.5, True, None], "d": date(2024, 1, 2), "m": Decimal("1.20")}))
try:
    to_json({1, 2})
except TypeError as e:
    print(e)
print(to_json.dispatch(int) is to_json.dispatch(float), to_json.dispatch(dict).__name__)


@total_ordering
class Card:
    RANKS = "23456789TJQKA"

    def __init__(self, text):
        self.rank, self.suit = text

    def _key(self):
        return self.RANKS.index(self.rank), self.suit

    def __eq__(self, o):
        return self._key() == o._key() if isinstance(o, Card) else NotImplemented

    def __lt__(self, o):
        return self._key() < o._key() if isinstance(o, Card) else NotImplemented

    def __repr__(self):
        return self.rank + self.suit


class Hand:
    def __init__(self, *cards):
        self.cards = [Card(c) for c in cards]

    @cached_property
    def ranking(self):
        print("ranking...")
        return sorted(self.cards, reverse=True)

    @singledispatchmethod
    def add(self, x):
        raise NotImplementedError(type(x))

    @add.register
    def _(self, x: str):
        self.cards.append(Card(x))

    @add.register
    def _(self, x: list):
        for c in x:
            self.add(c)

    def _count(self, suit):
        return sum(c.suit == suit for c in self.cards)

    hearts = partialmethod(_count, "h")


h = Hand("As", "Td", "2h")
print(h.ranking, h.ranking[0])
h.add("Kh")
h.add(["3h", "4c"])
print(h.cards, h.hearts(), Card("2h") <= Card("2h"), Card("Ah") > Card("Kh"), max(h.cards))
del h.ranking
print(h.ranking)
try:
    Card("2h") < 5
except TypeError as e:
    print(e)
try:
    h.add(5)
except NotImplementedError as e:
    print("NI", e)


def cmp(a, b):
    return (len(a) > len(b)) - (len(a) < len(b)) or (a > b) - (a < b)


print(sorted(["pear", "fig", "apple", "kiwi"], key=cmp_to_key(cmp)))
# --- patterns
from dataclasses import dataclass
from typing import Union


@dataclass
class Num:
    value: float


@dataclass
class BinOp:
    op: str
    left: "Expr"
    right: "Expr"


@dataclass
class Neg:
    operand: "Expr"


@dataclass
class Var:
    name: str


Expr = Union[Num, BinOp, Neg, Var]


def evaluate(e, env=None):
    env = env or {}
    match e:
        case Num(v) | Num(value=v):
            return v
        case Var(name) if name in env:
            return env[name]
        case Var(name):
            raise NameError(f"unbound {name}")
        case Neg(inner):
            return -evaluate(inner, env)
        case BinOp("+", l, r):
            return evaluate(l, env) + evaluate(r, env)
        case BinOp("*", l, r):
            return evaluate(l, env) * evaluate(r, env)
        case BinOp(op=op):
            raise ValueError(f"unknown op {op}")


def simplify(e):
    match e:
        case BinOp("*", Num(0), _) | BinOp("*", _, Num(0)):
            return Num(0)
        case BinOp("*", Num(1), x) | BinOp("*", x, Num(1)) | BinOp("+", Num(0), x) | BinOp("+", x, Num(0)):
            return simplify(x)
        case BinOp(op, l, r):
            s = BinOp(op, simplify(l), simplify(r))
            return s if s == e else simplify(s)
        case Neg(Neg(x)):
            return simplify(x)
        case _:
            return e


def show(e):
    match e:
        case Num(value=float() as v) if v.is_integer():
            return str(int(v))
        case Num(v):
            return f"{v}"
        case Var(n):
            return n
        case Neg(x):
            return f"-{show(x)}"
        case BinOp(op, l, r):
            return f"({show(l)} {op} {show(r)})"


def handle(event):
    match event:
        case {"type": "click", "pos": (x, y), **rest} if x >= 0:
            return f"click {x},{y} {rest}"
        case {"type": "key", "key": str(k)} if len(k) == 1:
            return f"char {k}"
        case {"type": "key", "key": ("enter" | "esc") as special}:
            return f"special {special}"
        case {"type": t}:
            return f"other {t}"
        case ["cmd", *args, "!"]:
            return f"urgent {args}"
        case ["cmd", first, *_]:
            return f"cmd {first}"
        case (int() | float()) as n if n > 100:
            return "big"
        case True | False:
            return "bool"
        case 0 | 1 | None:
            return "small"
        case str() as s:
            return s[::-1]
        case _:
            return "unknown"


e = BinOp("+", BinOp("*", Num(1), Var("x")), BinOp("*", Num(0), Var("y")))
print(show(e), "=>", show(simplify(e)), evaluate(e, {"x": 4, "y": 1}))
print(simplify(Neg(Neg(Num(2.0)))), show(Num(3.0)))
for bad in (Var("q"), BinOp("-", Num(1), Num(2))):
    try:
        evaluate(bad)
    except (NameError, ValueError) as ex:
        print(type(ex).__name__, ex)
events = [{"type": "click", "pos": (1, 2), "btn": 1}, {"type": "click", "pos": [-1, 2]}, {"type": "key", "key": "a"},
          {"type": "key", "key": "esc"}, ["cmd", 1, 2, "!"], ("cmd", "go"), 500, True, 0, None, "abc", 3.5, set()]
for ev in events:
    print(ev, "->", handle(ev))
# --- sorting and counting
from operator import itemgetter, attrgetter
import bisect
from collections import deque, namedtuple, Counter, defaultdict, ChainMap
import heapq

Person = namedtuple("Person", "name age city", defaults=["Oslo"])
people = [Person("Eve", 30), Person("Bob", 25, "Rome"), Person("Al", 30, "Rome"), Person("Cy", 25)]
print([p.name for p in sorted(people, key=lambda p: (-p.age, p.name))])
print([p.name for p in sorted(sorted(people, key=attrgetter("name")), key=itemgetter(1), reverse=True)])
print(people[0], people[0]._replace(age=31), Person._field_defaults, Person._make(["x", 1, "y"]))
name, *rest = people[1]
print(name, rest, people[1].index("Rome"))

scores = [33, 60, 77, 89, 90, 100]
grade = lambda s: "FDCBA"[bisect.bisect([60, 70, 80, 90], s)]
print([grade(s) for s in scores])
lst = []
for x in [5, 1, 4, 2, 3, 3]:
    bisect.insort(lst, x)
print(lst, bisect.bisect_left(lst, 3), bisect.bisect_right(lst, 3))
bisect.insort(people, Person("Zed", 27), key=lambda p: p.name) if False else None

dq = deque(range(5), maxlen=5)
dq.rotate(2)
print(dq, dq[0], dq[-1])
dq.append(99)
dq.appendleft(-1)
dq.extendleft([7, 8])
print(dq, dq.maxlen, list(reversed(dq)), dq.count(7), dq.index(8))
dq.remove(7)
print(dq.pop(), dq.popleft(), len(dq))

a, b = Counter(a=3, b=1, c=-1), Counter(a=1, b=2)
print(a + b, a - b, a & b, a | b, +a, -a)
print(sorted(a.items(), key=lambda kv: kv[::-1]), Counter(["x"] * 3).most_common(), a == Counter({"a": 3, "b": 1, "c": -1}))
nested = defaultdict(lambda: defaultdict(list))
for w in "banana apple avocado blueberry cherry bean".split():
    nested[w[0]][len(w)].append(w)
print({k: dict(v) for k, v in sorted(nested.items())})
tree = lambda: defaultdict(tree)
t = tree()
t["a"]["b"]["c"] = 1
t["a"]["d"] = 2
print(list(t["a"]), t["a"]["b"]["c"], len(t))
cm = ChainMap({"x": 1}, {"x": 2, "y": 3})
child = cm.new_child({"y": 9})
print(cm["x"], child["y"], dict(child), list(child.maps), child.parents["y"])
print(list(heapq.merge([1, 3], [2, 4], reverse=False)), list(heapq.merge([5, 2], [4, 1], reverse=True)))
m = [[1, 2, 3], [4, 5, 6]]
print([list(r) for r in zip(*m)], [row[::-1] for row in zip(*m)], sum(m, []), [x for row in m for x in row if x % 2])
first, *mid, last = range(6)
print(first, mid, last, [*mid, *"ab"], {**{"a": 1}, "b": 2})
(a1, b1), c1 = [1, 2], 3
print(a1, b1, c1)
print(sorted({"b": 2, "a": 2, "c": 1}.items(), key=lambda kv: (-kv[1], kv[0])))
print(sorted(["B", "a", "C"], key=str.casefold), sorted("hello", reverse=True), min(people, key=attrgetter("age", "name")).name)
print(len(nested), nested["b"])
# --- events
# Event system with weak typing and __call__ objects
from collections import defaultdict
from itertools import count


class Signal:
    def __init__(self, name=None):
        self.name = name
        self._subs = []

    def connect(self, fn=None, *, priority=0):
        if fn is None:
            return lambda f: self.connect(f, priority=priority)
        self._subs.append((priority, len(self._subs), fn))
        self._subs.sort(key=lambda t: (-t[0], t[1]))
        return fn

    def __call__(self, *args, **kw):
        return [fn(*args, **kw) for *_, fn in self._subs]

    def __iadd__(self, fn):
        self.connect(fn)
        return self

    def __isub__(self, fn):
        self._subs = [s for s in self._subs if s[2] is not fn]
        return self

    def __len__(self):
        return len(self._subs)

    def __bool__(self):
        return True


class EventBus:
    _ids = count(1)
    instances = []

    def __new__(cls, *a, **k):
        obj = super().__new__(cls)
        cls.instances.append(obj)
        return obj

    def __init__(self):
        self.id = next(self._ids)
        self.signals = defaultdict(Signal)

    def __getitem__(self, name):
        s = self.signals[name]
        s.name = name
        return s

    def __getattr__(self, name):
        if name.startswith("on_"):
            return self[name[3:]].connect
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


bus = EventBus()


@bus.on_save
def a(doc):
    return f"a:{doc}"


@bus["save"].connect(priority=10)
def b(doc):
    return f"b:{doc}"


class Multiplier:
    def __init__(self, k):
        self.k = k

    def __call__(self, x):
        return x * self.k

    def __repr__(self):
        return f"Multiplier({self.k})"


triple = Multiplier(3)
sig = bus["save"]
sig += triple
print(sig("d"), len(sig), callable(triple), list(map(triple, range(3))))
sig -= a
print(sig("e"), bool(sig), bus.id, EventBus().id, len(EventBus.instances))
try:
    bus.emit
except AttributeError as e:
    print(e)


class Once:
    _instance = None

    def __new__(cls):
        if cls._instance is None:
            cls._instance = super().__new__(cls)
            cls._instance.n = 0
        return cls._instance


x, y = Once(), Once()
x.n += 5
print(x is y, y.n)
# --- markdown
import re

MARKDOWN = """# Title

Some *emphasis* and **bold** text with `code` and a [link](http://x.org).

- item one
- item *two*

1. first
2. second

> quoted
"""


def inline(s):
    rules = [
        (r"\*\*(.+?)\*\*", r"<b>\1</b>"),
        (r"\*(.+?)\*", r"<i>\1</i>"),
        (r"`([^`]+)`", r"<code>\1</code>"),
        (r"\[([^\]]+)\]\(([^)]+)\)", r'<a href="\2">\1</a>'),
    ]
    for pat, rep in rules:
        s = re.sub(pat, rep, s)
    return s


def to_html(md):
    out, mode = [], None

    def close():
        nonlocal mode
        if mode:
            out.append(f"</{mode}>")
            mode = None

    for line in md.splitlines():
        if not line.strip():
            close()
        elif m := re.match(r"(#{1,6})\s+(.*)", line):
            n = len(m[1])
            out.append(f"<h{n}>{inline(m[2])}</h{n}>")
        elif m := re.match(r"(?:(-)|(\d+)\.)\s+(.*)", line):
            kind = "ul" if m[1] else "ol"
            if mode != kind:
                close()
                out.append(f"<{kind}>")
                mode = kind
            out.append(f"  <li>{inline(m[3])}</li>")
        elif line.startswith(">"):
            out.append(f"<blockquote>{inline(line[1:].strip())}</blockquote>")
        else:
            out.append(f"<p>{inline(line)}</p>")
    close()
    return "\n".join(out)


print(to_html(MARKDOWN))
text = "Call 555-1234 or (212) 555-9876; mail a.b@c.com, x@y.org on 2024-01-05 and 05/06/2023. $1,234.50 or €99"
print(re.findall(r"\(?\d{3}\)?[ -]?\d{3}-?\d{4}|\d{3}-\d{4}", text))
print(re.findall(r"[\w.]+@[\w.]+\.\w+", text), re.search(r"(?P<cur>[$€])(?P<amt>[\d,.]+)", text).groupdict())
print(re.sub(r"(\d{4})-(\d\d)-(\d\d)", lambda m: "/".join(reversed(m.groups())), text)[-60:])
print(re.split(r"[;,]\s*", "a; b,c;d"), re.split(r"(\W)", "x+y"), re.subn("o", "0", "foo boo"))
for m in re.finditer(r"\b(\w)(\w*)\b", "ab cde"):
    print(m.span(), m.group(0), m.start(2), m[1].upper() + m[2], m.expand(r"\2\1"))
camel = lambda s: re.sub(r"_(\w)", lambda m: m.group(1).upper(), s)
snake = lambda s: re.sub(r"(?<!^)(?=[A-Z])", "_", s).lower()
print(camel("my_var_name"), snake("MyVarName"), re.escape("a.b*c"), bool(re.fullmatch(r"(?i)[a-f0-9]+", "DEADbeef")))
try:
    re.compile("(unclosed")
except re.error as e:
    print("re.error:", e)
print(re.match(r"x", "y"), re.search("b", "abc"), re.compile("a", re.I).flags & re.I)
# --- report
import datetime as dt
import json
import math
import random
import re
import string
import collections
import itertools
import functools


def build_report(orders, *, currency="USD", top=2):
    """Build a text report."""
    if not orders:
        return "no orders"
    by_customer = collections.defaultdict(list)
    for o in orders:
        by_customer[o["customer"]].append(o)
    lines = []
    summary = {
        name: {
            "count": len(os_),
            "total": round(sum(o["amount"] for o in os_), 2),
            "avg": sum(o["amount"] for o in os_) / len(os_),
            "first": min(dt.date.fromisoformat(o["date"]) for o in os_),
        }
        for name, os_ in by_customer.items()
    }
    ranked = sorted(summary.items(), key=lambda kv: kv[1]["total"], reverse=True)
    for rank, (name, s) in enumerate(ranked[:top], 1):
        lines.append(f"{rank}. {name:<8} {s['count']:>3} {currency} {s['total']:>10,.2f} avg {s['avg']:.1f} since {s['first']:%b %d}")
    by_month = itertools.groupby(sorted(orders, key=lambda o: o["date"]), key=lambda o: o["date"][:7])
    for month, group in by_month:
        group = list(group)
        bar = "█" * math.ceil(sum(o["amount"] for o in group) / 50)
        lines.append(f"{month} {bar} {len(group)}")
    return "\n".join(lines)


random.seed(1)
orders = [
    {
        "id": i,
        "customer": random.choice(["Ann", "Bob", "Cid"]),
        "amount": round(random.uniform(5, 150), 2),
        "date": (dt.date(2024, 1, 15) + dt.timedelta(days=random.randint(0, 80))).isoformat(),
    }
    for i in range(12)
]
print(build_report(orders))
print(build_report([]), build_report.__doc__)
print(json.dumps(orders[0]), re.sub(r"\D", "", orders[0]["date"]), string.hexdigits[:4])
print(functools.reduce(lambda a, o: a + o["amount"], orders, 0.0) == sum(o["amount"] for o in orders))
# --- adventure
# Text-adventure state & command parsing using dict dispatch
from textwrap import dedent

ROOMS = {
    "hall": {"desc": "A dusty hall.", "exits": {"north": "library", "east": "kitchen"}, "items": ["lamp"]},
    "library": {"desc": "Shelves of books.", "exits": {"south": "hall"}, "items": ["book", "map"]},
    "kitchen": {"desc": "It smells bad.", "exits": {"west": "hall"}, "items": []},
}


class Game:
    def __init__(self, rooms):
        self.rooms = rooms
        self.here = "hall"
        self.bag = []
        self.turns = 0
        self.commands = {name[3:]: getattr(self, name) for name in dir(self) if name.startswith("do_")}

    def do_go(self, direction=None):
        """move in a direction"""
        if direction is None:
            return "Go where?"
        try:
            self.here = self.rooms[self.here]["exits"][direction]
        except KeyError:
            return f"You can't go {direction}."
        return self.do_look()

    def do_look(self):
        """describe the room"""
        r = self.rooms[self.here]
        items = ", ".join(r["items"]) or "nothing"
        return f"{r['desc']} You see {items}."

    def do_take(self, *what):
        """take an item or all"""
        items = self.rooms[self.here]["items"]
        wanted = items[:] if what == ("all",) else [" ".join(what)]
        got = []
        for w in wanted:
            if w in items:
                items.remove(w)
                self.bag.append(w)
                got.append(w)
        return f"Taken: {', '.join(got)}" if got else "Nothing taken."

    def do_help(self):
        """this help"""
        return "\n".join(f"  {n:<6}{f.__doc__}" for n, f in sorted(self.commands.items()))

    def run(self, line):
        self.turns += 1
        verb, *args = line.lower().split() or [""]
        handler = self.commands.get(verb)
        if handler is None:
            return f"Unknown command {verb!r}"
        try:
            return handler(*args)
        except TypeError as e:
            return f"Bad usage of {verb}: {e}"


g = Game(ROOMS)
script = dedent("""\
    look
    go north
    take all
    go up
    go
    look at book
    dance

    help
    go south
    take lamp""").split("\n")
for line in script:
    print(f"> {line}\n{g.run(line)}")
print(g.bag, g.turns, g.here)
# --- grids
# 2D game of life, spiral, rotations, flood fill, run-length
def life(cells):
    from collections import Counter
    n = Counter((x + dx, y + dy) for x, y in cells for dx in (-1, 0, 1) for dy in (-1, 0, 1) if (dx, dy) != (0, 0))
    return {c for c, k in n.items() if k == 3 or (k == 2 and c in cells)}


def draw(cells, w=6, h=6):
    return "\n".join("".join(".#"[(x, y) in cells] for x in range(w)) for y in range(h))


glider = {(1, 0), (2, 1), (0, 2), (1, 2), (2, 2)}
for gen in range(3):
    print(f"gen {gen}\n{draw(glider)}")
    glider = life(glider)


def spiral(m):
    out = []
    while m:
        out += m[0]
        m = [list(r) for r in zip(*m[1:])][::-1]
    return out


def rotate(m):
    return [list(r) for r in zip(*m[::-1])]


def flood(grid, r, c, new):
    old = grid[r][c]
    if old == new:
        return 0
    stack, n = [(r, c)], 0
    while stack:
        i, j = stack.pop()
        if 0 <= i < len(grid) and 0 <= j < len(grid[0]) and grid[i][j] == old:
            grid[i][j] = new
            n += 1
            stack += [(i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)]
    return n


m = [[r * 4 + c for c in range(4)] for r in range(3)]
print(spiral(m), rotate(m), m[1][2], [row[1:3] for row in m[::2]])
g = [list(s) for s in ["..#.", ".##.", "#..."]]
print(flood(g, 0, 0, "o"), ["".join(r) for r in g])
matrix = [[0] * 3 for _ in range(3)]
for i in range(3):
    matrix[i][i] = 1
print(matrix, all(matrix[i][j] == matrix[j][i] for i in range(3) for j in range(3)))
shared = [[0] * 2] * 2
shared[0][0] = 1
print(shared, shared[0] is shared[1])
lst = list(range(10))
lst[2:5] = ["x"]
lst[::2] = [None] * len(lst[::2])
del lst[-2:]
print(lst, lst.index("x") if "x" in lst else -1)
try:
    lst[::2] = [1]
except ValueError as e:
    print(e)
lst2 = [3, 1, 2]
lst2.sort(reverse=True); lst2.insert(1, 9); lst2.extend((4, 4)); lst2.pop(0)
print(lst2, lst2.count(4), lst2.copy() == lst2, lst2.reverse(), lst2, sorted(lst2)[:2])
# --- maze
import sys
from collections import deque


def shortest(grid, start, goal):
    rows, cols = len(grid), len(grid[0])
    best = [[sys.maxsize] * cols for _ in range(rows)]
    best[start[0]][start[1]] = 0
    parent = {}
    queue = deque([start])
    while queue:
        r, c = queue.popleft()
        if (r, c) == goal:
            break
        for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            nr, nc = r + dr, c + dc
            if 0 <= nr < rows and 0 <= nc < cols and grid[nr][nc] != "#":
                if best[r][c] + 1 < best[nr][nc]:
                    best[nr][nc] = best[r][c] + 1
                    parent[nr, nc] = r, c
                    queue.append((nr, nc))
    else:
        print("no path", file=sys.stderr)
        return None
    path = [goal]
    while path[-1] != start:
        path.append(parent[path[-1]])
    return path[::-1]


maze = """
S..#....
.#.#.##.
.#...#..
.####.#.
......#G
""".strip().split("\n")
where = {ch: (r, c) for r, row in enumerate(maze) for c, ch in enumerate(row) if ch in "SG"}
path = shortest(maze, where["S"], where["G"])
print(len(path) - 1, path[:3])
marked = [list(r) for r in maze]
for r, c in path[1:-1]:
    marked[r][c] = "*"
print(*map("".join, marked), sep="\n")
print(shortest(["S#G"], (0, 0), (0, 2)))
# --- cart
from dataclasses import dataclass, field
from collections import defaultdict
from typing import Optional
import uuid


@dataclass
class Item:
    sku: str
    price_cents: int
    qty: int = 1

    @property
    def subtotal(self) -> int:
        return self.price_cents * self.qty


@dataclass
class Cart:
    items: list[Item] = field(default_factory=list)
    coupon: Optional[str] = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex, repr=False)

    DISCOUNTS = {"TEN": 0.10, "HALF": 0.5}

    def add(self, sku, price, qty=1):
        for item in self.items:
            if item.sku == sku:
                item.qty += qty
                break
        else:
            self.items.append(Item(sku, round(price * 100), qty))
        return self

    @property
    def total(self):
        raw = sum(i.subtotal for i in self.items)
        return raw - int(raw * self.DISCOUNTS.get(self.coupon, 0))

    def __len__(self):
        return sum(i.qty for i in self.items)

    def receipt(self):
        width = max((len(i.sku) for i in self.items), default=4)
        for i in self.items:
            yield f"{i.sku:<{width}} {i.qty:>3} x {i.price_cents / 100:>7.2f} = {i.subtotal / 100:>8.2f}"
        yield "-" * (width + 26)
        yield f"{'TOTAL':<{width + 16}}{self.total / 100:>10.2f}"


cart = Cart().add("apple", 0.5, 6).add("bread", 2.99).add("apple", 0.5, 2)
cart.coupon = "TEN"
print("\n".join(cart.receipt()))
print(cart, len(cart), bool(Cart()), len(cart.id))
tax = defaultdict(float, food=0.05)
print({i.sku: round(i.subtotal * tax["food" if i.sku != "bread" else "x"] / 100, 4) for i in cart.items}, dict(tax))
# --- clusters
from collections import ChainMap, Counter, namedtuple
import itertools as it

Point = namedtuple("Point", ["x", "y"])


def kmeans(points, k, iterations=10):
    centers = points[:k]
    for _ in range(iterations):
        clusters = [[] for _ in centers]
        for p in points:
            i = min(range(k), key=lambda i: (p.x - centers[i].x) ** 2 + (p.y - centers[i].y) ** 2)
            clusters[i].append(p)
        new = [Point(sum(p.x for p in c) / len(c), sum(p.y for p in c) / len(c)) if c else centers[i] for i, c in enumerate(clusters)]
        if new == centers:
            break
        centers = new
    else:
        print("did not converge")
    return centers, clusters


pts = [Point(*p) for p in [(1, 1), (8, 8), (1.5, 2), (9, 8.5), (0.5, 1.2), (8.5, 9)]]
centers, clusters = kmeans(pts, 2)
for c, cl in zip(centers, clusters):
    print(f"({c.x:.2f}, {c.y:.2f})", len(cl))


def knn(train, x, k=3):
    near = sorted(train, key=lambda t: abs(t[0] - x))[:k]
    return Counter(label for _, label in near).most_common(1)[0][0]


train = [(1, "a"), (2, "a"), (3, "b"), (8, "b"), (9, "b")]
print([knn(train, x) for x in (0, 2.6, 10)])
weights = [0.0, 0.0]
bias = 0.0
data = [((0, 0), 0), ((0, 1), 0), ((1, 0), 0), ((1, 1), 1)]
for epoch in it.count(1):
    errors = 0
    for x, y in data:
        out = 1 if sum(w * v for w, v in zip(weights, x)) + bias > 0 else 0
        if (err := y - out):
            errors += 1
            weights = [w + 0.1 * err * v for w, v in zip(weights, x)]
            bias += 0.1 * err
    if not errors:
        break
print(epoch, [round(w, 2) for w in weights], round(bias, 2))
defaults = {"color": "red", "user": "guest"}
print(dict(ChainMap({"user": "admin"}, defaults)), Point(1, 2) + Point(3, 4), Point(x=5, y=6)._asdict(), Point.__doc__)
# --- lisp
def tokenize(src):
    return src.replace("(", " ( ").replace(")", " ) ").split()


def atom(tok):
    for conv in (int, float):
        try:
            return conv(tok)
        except ValueError:
            pass
    return tok


def parse(tokens):
    if not tokens:
        raise SyntaxError("unexpected EOF")
    tok = tokens.pop(0)
    if tok == "(":
        lst = []
        while tokens and tokens[0] != ")":
            lst.append(parse(tokens))
        if not tokens:
            raise SyntaxError("missing )")
        tokens.pop(0)
        return lst
    if tok == ")":
        raise SyntaxError("unexpected )")
    return atom(tok)


class Env(dict):
    def __init__(self, params=(), args=(), outer=None):
        super().__init__()
        self.update(zip(params, args))
        self.outer = outer

    def find(self, var):
        if var in self:
            return self
        if self.outer is None:
            raise NameError(var)
        return self.outer.find(var)


import operator as op
import math

G = Env()
G.update({"+": lambda *a: sum(a), "*": lambda *a: math.prod(a), "-": op.sub, "<": op.lt, "=": op.eq, "list": lambda *a: list(a), "car": lambda x: x[0], "cdr": lambda x: x[1:], "null?": lambda x: not x, "cons": lambda a, b: [a] + b})


def ev(x, env=G):
    if isinstance(x, str):
        return env.find(x)[x]
    if not isinstance(x, list):
        return x
    match x:
        case ["quote", e]:
            return e
        case ["if", c, a, b]:
            return ev(a if ev(c, env) else b, env)
        case ["define", str(name), e]:
            env[name] = ev(e, env)
            return None
        case ["lambda", params, body]:
            return lambda *args: ev(body, Env(params, args, env))
        case [f, *args]:
            return ev(f, env)(*[ev(a, env) for a in args])


for line in ["(define fact (lambda (n) (if (< n 2) 1 (* n (fact (- n 1))))))", "(fact 20)",
             "(define map (lambda (f xs) (if (null? xs) (quote ()) (cons (f (car xs)) (map f (cdr xs))))))",
             "(map fact (list 1 2 3 4))", "(+ 1 2.5)", "(foo)", "(+ 1", ")", "(car 5)"]:
    try:
        r = ev(parse(tokenize(line)))
        if r is not None:
            print(line, "=>", r)
    except (SyntaxError, NameError, TypeError) as e:
        print(line, "!!", type(e).__name__, e)
# --- settings
# Config parser (INI-like) with includes, interpolation, type coercion
import re
from collections.abc import Mapping, MutableMapping, Sequence, Iterable, Callable

TEXT = """
[server]
host = 0.0.0.0
port = 8080          ; comment
debug = yes
ratio = 0.75
url = http://${host}:${port}/
tags = [a, b, c]

[client : server]
port = 9090
# whole-line comment
name = "quoted; value"
bad line
"""


class Section(MutableMapping):
    def __init__(self, name, parent=None):
        self.name, self.parent = name, parent
        self._data = {}

    def __getitem__(self, k):
        if k in self._data:
            return self._data[k]
        if self.parent is not None:
            return self.parent[k]
        raise KeyError(k)

    def __setitem__(self, k, v):
        self._data[k] = v

    def __delitem__(self, k):
        del self._data[k]

    def __iter__(self):
        seen = dict.fromkeys(self._data)
        if self.parent is not None:
            seen.update(dict.fromkeys(self.parent))
        return iter(seen)

    def __len__(self):
        return sum(1 for _ in self)

    def resolve(self, key):
        def sub(m):
            return str(self[m.group(1)])
        v = self[key]
        return re.sub(r"\$\{(\w+)\}", sub, v) if isinstance(v, str) else v


def coerce(v):
    if v.startswith('"') and v.endswith('"'):
        return v[1:-1]
    v = v.split(";")[0].strip()
    if v.startswith("["):
        return [coerce(x.strip()) for x in v[1:-1].split(",")]
    if v.lower() in ("yes", "true"):
        return True
    if v.lower() in ("no", "false"):
        return False
    for t in (int, float):
        try:
            return t(v)
        except ValueError:
            continue
    return v


sections, problems = {}, []
cur = None
for n, line in enumerate(TEXT.splitlines(), 1):
    line = line.strip()
    if not line or line[0] in "#;":
        continue
    if m := re.match(r"\[(\w+)(?:\s*:\s*(\w+))?\]$", line):
        name, parent = m.groups()
        cur = sections[name] = Section(name, sections.get(parent))
    elif "=" in line and cur is not None:
        k, v = map(str.strip, line.split("=", 1))
        cur[k] = coerce(v)
    else:
        problems.append(f"line {n}: {line!r}")
for s in sections.values():
    print(s.name, {k: s.resolve(k) for k in s}, len(s), "debug" in s, s.get("zzz", "none"))
print(problems, isinstance(s, Mapping), isinstance([], Sequence), isinstance((x for x in []), Iterable), isinstance(len, Callable))
print(s.pop("port"), s["port"], sorted(s.keys())[:2], s == s, s.setdefault("new", 1))
# --- discrete events
import heapq
import random
from dataclasses import dataclass, field
from typing import Callable


@dataclass(order=True)
class Event:
    time: float
    seq: int
    action: Callable = field(compare=False)


class Simulation:
    def __init__(self, seed=0):
        self.now = 0.0
        self._q = []
        self._seq = 0
        self.rng = random.Random(seed)
        self.stats = {"served": 0, "wait": 0.0, "max_queue": 0}
        self.queue = []
        self.busy = False

    def schedule(self, delay, action):
        self._seq += 1
        heapq.heappush(self._q, Event(self.now + delay, self._seq, action))

    def run(self, until):
        while self._q and self._q[0].time <= until:
            ev = heapq.heappop(self._q)
            self.now = ev.time
            ev.action()
        self.now = until

    def arrive(self):
        self.queue.append(self.now)
        self.stats["max_queue"] = max(self.stats["max_queue"], len(self.queue))
        if not self.busy:
            self.start()
        self.schedule(self.rng.expovariate(1.0), self.arrive)

    def start(self):
        arrived = self.queue.pop(0)
        self.stats["wait"] += self.now - arrived
        self.busy = True
        self.schedule(self.rng.uniform(0.5, 1.2), self.finish)

    def finish(self):
        self.stats["served"] += 1
        self.busy = False
        if self.queue:
            self.start()


sim = Simulation(seed=3)
sim.schedule(0, sim.arrive)
sim.run(until=50)
s = sim.stats
print(f"served={s['served']} avg_wait={s['wait'] / s['served']:.3f} max_queue={s['max_queue']} now={sim.now}")
print(Event(1.0, 1, print) < Event(1.0, 2, len), sorted([Event(2, 1, max), Event(1, 1, min)])[0].time)
# --- numbers
# Roman numerals, number words, base conversion, primes, collatz, perfect numbers
def to_roman(n):
    vals = [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]
    out = []
    for v, s in vals:
        q, n = divmod(n, v)
        out.append(s * q)
    return "".join(out)


def from_roman(s):
    m = dict(zip("IVXLCDM", (1, 5, 10, 50, 100, 500, 1000)))
    return sum(-m[a] if b and m[a] < m[b] else m[a] for a, b in zip(s, [*s[1:], None]))


ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()


def words(n):
    if n < 0:
        return "minus " + words(-n)
    if n < 20:
        return ONES[n]
    if n < 100:
        return TENS[n // 10] + ("-" + ONES[n % 10] if n % 10 else "")
    if n < 1000:
        return ONES[n // 100] + " hundred" + (" and " + words(n % 100) if n % 100 else "")
    for size, name in ((10 ** 9, "billion"), (10 ** 6, "million"), (1000, "thousand")):
        if n >= size:
            return words(n // size) + " " + name + (" " + words(n % size) if n % size else "")


def base(n, b, digits="0123456789abcdefghijklmnopqrstuvwxyz"):
    return (base(n // b, b) if n >= b else "") + digits[n % b]


def sieve(n):
    flags = bytearray([1]) * (n + 1)
    flags[:2] = b"\0\0"
    for i in range(2, int(n ** 0.5) + 1):
        if flags[i]:
            flags[i * i::i] = bytes(len(range(i * i, n + 1, i)))
    return [i for i, f in enumerate(flags) if f]


def factor(n):
    d, out = 2, {}
    while d * d <= n:
        while n % d == 0:
            out[d] = out.get(d, 0) + 1
            n //= d
        d += 1 + (d & 1)
    if n > 1:
        out[n] = 1
    return out


def collatz(n):
    while n != 1:
        yield n
        n = 3 * n + 1 if n % 2 else n // 2
    yield 1


print([to_roman(n) for n in (4, 1994, 3999)], all(from_roman(to_roman(i)) == i for i in range(1, 500)))
print(words(1234567), "|", words(-19), "|", words(100))
print(base(255, 2), base(48879, 16), int("zz", 36), sieve(50), len(sieve(1000)))
print(factor(360), factor(97), " x ".join(f"{p}^{e}" for p, e in factor(5040).items()))
print(max(range(1, 100), key=lambda n: len(list(collatz(n)))), list(collatz(6)))
print([n for n in range(2, 500) if n == sum(d for d in range(1, n) if n % d == 0)])
triangle = [[1]]
for _ in range(5):
    triangle.append([a + b for a, b in zip([0] + triangle[-1], triangle[-1] + [0])])
for row in triangle:
    print(" ".join(map(str, row)).center(20).rstrip())
