# --- an LRU cache
"""LRU cache using OrderedDict."""
from collections import OrderedDict


class LRUCache:
    """A simple least-recently-used cache."""

    def __init__(self, capacity: int):
        self.capacity = capacity
        self.cache = OrderedDict()
        self.hits = 0
        self.misses = 0

    def get(self, key):
        if key not in self.cache:
            self.misses += 1
            return -1
        self.hits += 1
        self.cache.move_to_end(key)
        return self.cache[key]

    def put(self, key, value):
        if key in self.cache:
            self.cache.move_to_end(key)
        self.cache[key] = value
        if len(self.cache) > self.capacity:
            evicted, _ = self.cache.popitem(last=False)
            print(f"Evicted: {evicted}")

    def __repr__(self):
        return f"LRUCache({dict(self.cache)})"


def main():
    cache = LRUCache(2)
    cache.put(1, "one")
    cache.put(2, "two")
    print(cache.get(1))
    cache.put(3, "three")
    print(cache.get(2))
    cache.put(4, "four")
    print(cache.get(1))
    print(cache.get(3))
    print(cache.get(4))
    print(cache)
    print(f"Hits: {cache.hits}, Misses: {cache.misses}")
    total = cache.hits + cache.misses
    print(f"Hit rate: {cache.hits / total:.2%}")


if __name__ == "__main__":
    main()
# --- bank accounts
"""Bank account simulation with custom exceptions."""
from datetime import datetime


class InsufficientFundsError(Exception):
    def __init__(self, balance, amount):
        self.balance = balance
        self.amount = amount
        super().__init__(f"Cannot withdraw ${amount:.2f}: balance is only ${balance:.2f}")


class BankAccount:
    interest_rate = 0.02
    _next_id = 1000

    def __init__(self, owner, balance=0.0):
        self.owner = owner
        self._balance = balance
        self.transactions = []
        self.account_id = BankAccount._next_id
        BankAccount._next_id += 1

    @property
    def balance(self):
        return self._balance

    @balance.setter
    def balance(self, value):
        if value < 0:
            raise ValueError("Balance cannot be negative")
        self._balance = value

    def deposit(self, amount):
        if amount <= 0:
            raise ValueError("Deposit amount must be positive")
        self._balance += amount
        self.transactions.append(("deposit", amount))

    def withdraw(self, amount):
        if amount > self._balance:
            raise InsufficientFundsError(self._balance, amount)
        self._balance -= amount
        self.transactions.append(("withdraw", amount))

    def apply_interest(self):
        self._balance *= 1 + self.interest_rate

    def __str__(self):
        return f"Account #{self.account_id} ({self.owner}): ${self._balance:,.2f}"


class SavingsAccount(BankAccount):
    interest_rate = 0.05

    def __init__(self, owner, balance=0.0, minimum=100):
        super().__init__(owner, balance)
        self.minimum = minimum

    def withdraw(self, amount):
        if self._balance - amount < self.minimum:
            raise InsufficientFundsError(self._balance - self.minimum, amount)
        super().withdraw(amount)


alice = BankAccount("Alice", 500)
bob = SavingsAccount("Bob", 1500)
alice.deposit(250.50)
print(alice)
print(bob)
try:
    alice.withdraw(10000)
except InsufficientFundsError as e:
    print("Error:", e)
    print(type(e).__name__, e.balance, e.amount)
try:
    bob.withdraw(1450)
except InsufficientFundsError as e:
    print(f"Error: {e}")
try:
    alice.balance = -5
except ValueError as e:
    print(e)
bob.apply_interest()
print(bob)
for kind, amount in alice.transactions:
    print(f"{kind:<10}{amount:>10.2f}")
print(isinstance(bob, BankAccount), issubclass(SavingsAccount, BankAccount))
created = datetime(2024, 1, 15, 10, 30)
print(f"Statement date: {created:%Y-%m-%d %H:%M}")
# --- an inventory of dataclasses
from dataclasses import dataclass, field
from typing import Dict, List, Optional


@dataclass
class Product:
    sku: str
    name: str
    price: float
    quantity: int = 0
    tags: List[str] = field(default_factory=list)

    @property
    def total_value(self) -> float:
        return self.price * self.quantity


@dataclass
class Inventory:
    products: Dict[str, Product] = field(default_factory=dict)

    def add_product(self, product: Product) -> None:
        if product.sku in self.products:
            raise ValueError(f"Product {product.sku} already exists")
        self.products[product.sku] = product

    def remove_stock(self, sku: str, amount: int) -> None:
        product = self.find(sku)
        if product is None:
            raise KeyError(f"Unknown product: {sku}")
        if product.quantity < amount:
            raise ValueError(f"Not enough stock for {product.name}: have {product.quantity}, need {amount}")
        product.quantity -= amount

    def find(self, sku: str) -> Optional[Product]:
        return self.products.get(sku)

    def total_value(self) -> float:
        return sum(p.total_value for p in self.products.values())

    def low_stock(self, threshold: int = 5) -> List[Product]:
        return [p for p in self.products.values() if p.quantity < threshold]


def main() -> None:
    inventory = Inventory()
    inventory.add_product(Product("A1", "Widget", 9.99, 100, ["small", "metal"]))
    inventory.add_product(Product("B2", "Gadget", 24.5, 3))
    inventory.add_product(Product("C3", "Doohickey", 4.25, 40, tags=["plastic"]))

    print(f"{'SKU':<6}{'Name':<12}{'Price':>10}{'Qty':>6}{'Value':>12}")
    print("-" * 46)
    for p in sorted(inventory.products.values(), key=lambda p: p.price, reverse=True):
        print(f"{p.sku:<6}{p.name:<12}{p.price:>10.2f}{p.quantity:>6}{p.total_value:>12,.2f}")
    print(f"Total: {inventory.total_value():,.2f}")

    for sku, amount in [("A1", 20), ("B2", 10), ("Z9", 1)]:
        try:
            inventory.remove_stock(sku, amount)
            print(f"Removed {amount} of {sku}")
        except (KeyError, ValueError) as exc:
            print(f"{type(exc).__name__}: {exc}")

    print("Low stock:", inventory.low_stock())


if __name__ == "__main__":
    main()
# --- word counts
import re
from collections import Counter

text = """
The quick brown fox jumps over the lazy dog. The dog barked; the fox ran away!
"Why did the fox run?" asked the dog's owner. Nobody knew -- not even the fox.
"""


def tokenize(s):
    return re.findall(r"[a-z']+", s.lower())


def word_frequencies(s, stopwords=None):
    stopwords = stopwords or set()
    return Counter(w for w in tokenize(s) if w not in stopwords)


STOP = {"the", "a", "an", "over", "did", "not"}
freq = word_frequencies(text, STOP)
for word, count in freq.most_common(5):
    print(f"{word:10s} {'*' * count} ({count})")

sentences = [s.strip() for s in re.split(r"[.!?]", text) if s.strip()]
print(len(sentences), "sentences")
for i, s in enumerate(sentences, 1):
    words = s.split()
    print(i, len(words), max(words, key=len))

lengths = Counter(len(w) for w in tokenize(text))
print(sorted(lengths.items()))
print("Average word length: %.3f" % (sum(k * v for k, v in lengths.items()) / sum(lengths.values())))
vowels = sum(text.lower().count(v) for v in "aeiou")
print(f"{vowels=}")
print(text.strip().splitlines()[0][::-1])
print(" ".join(w.capitalize() for w in tokenize(text)[:6]))
# --- matrices
def create_matrix(rows, cols, fill=0):
    return [[fill for _ in range(cols)] for _ in range(rows)]


def multiply(a, b):
    if len(a[0]) != len(b):
        raise ValueError("Incompatible dimensions")
    return [[sum(x * y for x, y in zip(row, col)) for col in zip(*b)] for row in a]


def transpose(m):
    return [list(row) for row in zip(*m)]


def determinant(m):
    n = len(m)
    if n == 1:
        return m[0][0]
    if n == 2:
        return m[0][0] * m[1][1] - m[0][1] * m[1][0]
    det = 0
    for c in range(n):
        minor = [row[:c] + row[c + 1:] for row in m[1:]]
        det += (-1) ** c * m[0][c] * determinant(minor)
    return det


def print_matrix(m, title=""):
    if title:
        print(title)
    for row in m:
        print(" ".join(f"{x:6}" for x in row))
    print()


def spiral(m):
    result = []
    m = [row[:] for row in m]
    while m:
        result += m.pop(0)
        m = [list(r) for r in zip(*m)][::-1]
    return result


a = [[1, 2, 3], [4, 5, 6], [7, 8, 10]]
b = [[2, 0, 1], [1, 3, 2], [0, 1, 1]]
print_matrix(multiply(a, b), "A x B:")
print_matrix(transpose(a), "Transpose of A:")
print("det(A) =", determinant(a))
print("Spiral:", spiral(a))
identity = create_matrix(3, 3)
for i in range(3):
    identity[i][i] = 1
assert multiply(a, identity) == a
try:
    multiply([[1, 2]], [[1, 2]])
except ValueError as err:
    print("Caught:", err)
# --- context managers
from contextlib import contextmanager


class Timer:
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        print(f"[{self.name}] start")
        return self

    def __exit__(self, exc_type, exc_val, exc_tb):
        if exc_type is not None:
            print(f"[{self.name}] failed with {exc_type.__name__}: {exc_val}")
        print(f"[{self.name}] end")
        return exc_type is ValueError


@contextmanager
def tag(name):
    print(f"<{name}>")
    try:
        yield name.upper()
    finally:
        print(f"</{name}>")


@contextmanager
def transaction(store):
    backup = dict(store)
    try:
        yield store
    except Exception as e:
        print("Rolling back:", e)
        store.clear()
        store.update(backup)
    else:
        print("Committed")


with Timer("ok"):
    print("working")

with Timer("bad") as t:
    raise ValueError("oops")
print("survived", t.name)

with tag("div") as outer, tag("p") as inner:
    print(outer, inner)

accounts = {"a": 10, "b": 0}
with transaction(accounts) as acc:
    acc["a"] -= 5
    acc["b"] += 5
print(accounts)
with transaction(accounts) as acc:
    acc["a"] -= 50
    if acc["a"] < 0:
        raise RuntimeError("negative balance")
print(accounts)
try:
    with Timer("key"):
        {}["missing"]
except KeyError as e:
    print("KeyError escaped:", e)
# --- an order's states as an enumeration
from enum import Enum, auto


class Color(Enum):
    RED = 1
    GREEN = 2
    BLUE = 3

    def describe(self):
        return f"{self.name.title()} has value {self.value}"

    @classmethod
    def default(cls):
        return cls.GREEN


class OrderStatus(Enum):
    PENDING = auto()
    PAID = auto()
    SHIPPED = auto()
    DELIVERED = auto()
    CANCELLED = auto()


TRANSITIONS = {
    OrderStatus.PENDING: {OrderStatus.PAID, OrderStatus.CANCELLED},
    OrderStatus.PAID: {OrderStatus.SHIPPED, OrderStatus.CANCELLED},
    OrderStatus.SHIPPED: {OrderStatus.DELIVERED},
    OrderStatus.DELIVERED: set(),
    OrderStatus.CANCELLED: set(),
}


class InvalidTransition(Exception):
    pass


class Order:
    def __init__(self, order_id):
        self.order_id = order_id
        self.status = OrderStatus.PENDING
        self.history = [self.status]

    def transition_to(self, new_status):
        if new_status not in TRANSITIONS[self.status]:
            raise InvalidTransition(f"Cannot go from {self.status.name} to {new_status.name}")
        self.status = new_status
        self.history.append(new_status)


order = Order(42)
for status in (OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.CANCELLED, OrderStatus.DELIVERED):
    try:
        order.transition_to(status)
        print(f"Order {order.order_id} is now {order.status}")
    except InvalidTransition as e:
        print("Invalid:", e)
print(" -> ".join(s.name for s in order.history))
for c in Color:
    print(c, repr(c), c.describe())
print(Color["RED"], Color(3), Color.default())
print(len(OrderStatus), list(OrderStatus)[0])
print(Color.RED is Color(1), Color.RED == 1)
try:
    Color(99)
except ValueError as e:
    print(e)
# --- a pipeline of generators
def read_lines(text):
    for line in text.splitlines():
        yield line


def strip_comments(lines):
    for line in lines:
        line = line.split("#", 1)[0].strip()
        if line:
            yield line


def parse(lines):
    for line in lines:
        key, _, value = line.partition("=")
        yield key.strip(), value.strip()


def convert(pairs):
    for key, value in pairs:
        if value.isdigit():
            yield key, int(value)
        elif value.lower() in ("true", "false"):
            yield key, value.lower() == "true"
        else:
            try:
                yield key, float(value)
            except ValueError:
                yield key, value


config_text = """
# Server config
host = localhost
port = 8080      # default port
debug = True
timeout = 2.5

name = My App
"""

config = dict(convert(parse(strip_comments(read_lines(config_text)))))
for k, v in config.items():
    print(f"{k:>8}: {v!r} ({type(v).__name__})")


def fibonacci():
    a, b = 0, 1
    while True:
        yield a
        a, b = b, a + b


def take(n, iterable):
    it = iter(iterable)
    return [next(it) for _ in range(n)]


def chunked(iterable, size):
    chunk = []
    for item in iterable:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


print(take(10, fibonacci()))
print(list(chunked(range(7), 3)))


def running_average():
    total = 0
    count = 0
    average = None
    while True:
        value = yield average
        total += value
        count += 1
        average = total / count


avg = running_average()
next(avg)
for x in [10, 20, 60]:
    print(avg.send(x))
avg.close()
# --- a log read with patterns
import re
from collections import defaultdict
from datetime import datetime

LOG = """\
2024-03-01 12:00:01 INFO  [auth] User alice logged in from 10.0.0.1
2024-03-01 12:00:05 ERROR [db] Connection timeout after 30s
2024-03-01 12:01:17 WARN  [api] Slow request: GET /users took 1250ms
2024-03-01 12:02:33 INFO  [auth] User bob logged in from 10.0.0.7
this line is garbage
2024-03-01 12:05:00 ERROR [api] 500 Internal Server Error: GET /orders
2024-03-01 12:07:42 INFO  [auth] User alice logged out
"""

PATTERN = re.compile(
    r"^(?P<timestamp>\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})\s+"
    r"(?P<level>[A-Z]+)\s+\[(?P<module>\w+)\]\s+(?P<message>.*)$"
)


def parse_log(text):
    for lineno, line in enumerate(text.splitlines(), start=1):
        match = PATTERN.match(line)
        if not match:
            print(f"Line {lineno}: could not parse {line!r}")
            continue
        entry = match.groupdict()
        entry["timestamp"] = datetime.strptime(entry["timestamp"], "%Y-%m-%d %H:%M:%S")
        yield entry


entries = list(parse_log(LOG))
by_level = defaultdict(list)
for e in entries:
    by_level[e["level"]].append(e)

for level in sorted(by_level):
    print(level, len(by_level[level]))
    for e in by_level[level]:
        print("   ", e["timestamp"].strftime("%H:%M:%S"), e["module"], "-", e["message"])

duration = entries[-1]["timestamp"] - entries[0]["timestamp"]
print("Duration:", duration, duration.total_seconds())
ips = re.findall(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", LOG)
print("IPs:", sorted(set(ips)))
masked = re.sub(r"(\d+)\.(\d+)\.\d+\.\d+", r"\1.\2.x.x", LOG.splitlines()[0])
print(masked)
slow = [int(m.group(1)) for m in re.finditer(r"(\d+)ms", LOG)]
print(slow)
# --- JSON regrouped
import json

raw = """
{
  "company": "Acme",
  "employees": [
    {"id": 1, "name": "Ann", "dept": "eng", "salary": 120000, "skills": ["python", "go"]},
    {"id": 2, "name": "Ben", "dept": "ops", "salary": 80000, "skills": ["bash"]},
    {"id": 3, "name": "Cat", "dept": "eng", "salary": 135000.5, "skills": []}
  ],
  "active": true,
  "parent": null
}
"""


def group_by(items, key):
    groups = {}
    for item in items:
        groups.setdefault(item[key], []).append(item)
    return groups


def flatten(obj, prefix=""):
    result = {}
    if isinstance(obj, dict):
        for k, v in obj.items():
            result.update(flatten(v, f"{prefix}.{k}" if prefix else k))
    elif isinstance(obj, list):
        for i, v in enumerate(obj):
            result.update(flatten(v, f"{prefix}[{i}]"))
    else:
        result[prefix] = obj
    return result


data = json.loads(raw)
print(data["company"], data["active"], data["parent"])
summary = {
    dept: {
        "count": len(members),
        "total_salary": sum(m["salary"] for m in members),
        "names": [m["name"] for m in members],
    }
    for dept, members in group_by(data["employees"], "dept").items()
}
print(json.dumps(summary, indent=2, sort_keys=True))
for path, value in flatten(data).items():
    print(f"{path} = {value!r}")
print(json.dumps({"a": (1, 2), "b": None, 3: "x", "é": "ü"}))
print(json.dumps([1, 2.5, "x"], separators=(",", ":")))
print(json.dumps({"é": "ü"}, ensure_ascii=False))
try:
    json.loads('{"bad": }')
except json.JSONDecodeError as e:
    print("Invalid JSON:", e)
# --- CSV in memory
import csv
import io
from collections import defaultdict

CSV_DATA = """date,product,region,units,price
2024-01-05,Laptop,North,3,999.99
2024-01-06,Mouse,South,25,19.5
2024-01-07,Laptop,South,1,949.00
2024-01-09,"Keyboard, mechanical",North,10,89.9
2024-01-09,Mouse,North,5,21.0
"""


def load(text):
    reader = csv.DictReader(io.StringIO(text))
    rows = []
    for row in reader:
        row["units"] = int(row["units"])
        row["price"] = float(row["price"])
        rows.append(row)
    return rows


def report(rows, key):
    totals = defaultdict(float)
    for row in rows:
        totals[row[key]] += row["units"] * row["price"]
    return dict(sorted(totals.items(), key=lambda kv: kv[1], reverse=True))


rows = load(CSV_DATA)
for key in ("product", "region"):
    print(f"--- Revenue by {key} ---")
    for name, total in report(rows, key).items():
        print(f"{name:<22} ${total:>10,.2f}")

output = io.StringIO()
writer = csv.DictWriter(output, fieldnames=["product", "units"], extrasaction="ignore")
writer.writeheader()
for row in rows:
    writer.writerow(row)
print(output.getvalue())

buf = io.StringIO()
w = csv.writer(buf, lineterminator="\n")
w.writerow(["a", "b,c", 'd"e'])
w.writerows([[1, 2, 3], [4, 5, 6]])
print(buf.getvalue(), end="")
print(list(csv.reader(["x;y;z", "1;2;3"], delimiter=";")))
# --- state machines
class TrafficLight:
    """Simple finite state machine."""

    transitions = {
        "red": ("green", 30),
        "green": ("yellow", 25),
        "yellow": ("red", 5),
    }

    def __init__(self):
        self.state = "red"
        self.elapsed = 0
        self._listeners = []

    def on_change(self, callback):
        self._listeners.append(callback)
        return callback

    def tick(self):
        next_state, duration = self.transitions[self.state]
        self.elapsed += duration
        old, self.state = self.state, next_state
        for listener in self._listeners:
            listener(old, next_state)


light = TrafficLight()


@light.on_change
def log(old, new):
    print(f"{light.elapsed:>4}s: {old:>6} -> {new}")


changes = []
light.on_change(lambda old, new: changes.append((old, new)))

for _ in range(5):
    light.tick()
print(len(changes), changes[-1])


class Turnstile:
    def __init__(self):
        self.state = self.locked
        self.coins = 0

    def locked(self, event):
        if event == "coin":
            self.coins += 1
            return self.unlocked
        print("  Locked! Insert coin.")
        return self.locked

    def unlocked(self, event):
        if event == "push":
            return self.locked
        print("  Already unlocked; thanks for the tip")
        self.coins += 1
        return self.unlocked

    def handle(self, event):
        self.state = self.state(event)


t = Turnstile()
for ev in ["push", "coin", "coin", "push", "push"]:
    t.handle(ev)
    print(ev, "->", t.state.__name__)
print("coins:", t.coins)
# --- an event emitter
from collections import defaultdict


class EventEmitter:
    def __init__(self):
        self._handlers = defaultdict(list)

    def on(self, event, handler=None):
        if handler is None:
            def decorator(func):
                self._handlers[event].append(func)
                return func
            return decorator
        self._handlers[event].append(handler)

    def off(self, event, handler):
        self._handlers[event].remove(handler)

    def once(self, event, handler):
        def wrapper(*args, **kwargs):
            self.off(event, wrapper)
            return handler(*args, **kwargs)
        self.on(event, wrapper)

    def emit(self, event, *args, **kwargs):
        handlers = list(self._handlers[event])
        for handler in handlers:
            handler(*args, **kwargs)
        return len(handlers)


emitter = EventEmitter()


@emitter.on("greet")
def say_hello(name, punctuation="!"):
    print(f"Hello, {name}{punctuation}")


emitter.on("greet", lambda name, **kw: print("lambda got", name, kw))
emitter.once("greet", lambda *a, **k: print("only once"))
print(emitter.emit("greet", "World"))
print(emitter.emit("greet", "Again", punctuation="?"))
emitter.off("greet", say_hello)
print(emitter.emit("greet", "Last"))
print(emitter.emit("nothing"))


class Observable:
    def __init__(self, value=None):
        self.__dict__["_value"] = value
        self.__dict__["_observers"] = []

    def subscribe(self, fn):
        self._observers.append(fn)

    @property
    def value(self):
        return self._value

    def set(self, value):
        self.__dict__["_value"] = value
        for fn in self._observers:
            fn(value)


temp = Observable(20)
temp.subscribe(lambda v: print(f"Temperature: {v}°C"))
temp.subscribe(lambda v: v > 30 and print("Too hot!"))
temp.set(25)
temp.set(35)
print(temp.value)
# --- searching graphs
import heapq
from collections import defaultdict, deque


class Graph:
    def __init__(self, directed=False):
        self.adj = defaultdict(dict)
        self.directed = directed

    def add_edge(self, u, v, weight=1):
        self.adj[u][v] = weight
        if not self.directed:
            self.adj[v][u] = weight
        else:
            self.adj.setdefault(v, {})

    def bfs(self, start):
        visited = {start}
        queue = deque([start])
        order = []
        while queue:
            node = queue.popleft()
            order.append(node)
            for neighbor in sorted(self.adj[node]):
                if neighbor not in visited:
                    visited.add(neighbor)
                    queue.append(neighbor)
        return order

    def dfs(self, node, visited=None):
        if visited is None:
            visited = set()
        visited.add(node)
        yield node
        for neighbor in sorted(self.adj[node]):
            if neighbor not in visited:
                yield from self.dfs(neighbor, visited)

    def dijkstra(self, source):
        dist = {node: float("inf") for node in self.adj}
        prev = {}
        dist[source] = 0
        pq = [(0, source)]
        while pq:
            d, u = heapq.heappop(pq)
            if d > dist[u]:
                continue
            for v, w in self.adj[u].items():
                nd = d + w
                if nd < dist[v]:
                    dist[v] = nd
                    prev[v] = u
                    heapq.heappush(pq, (nd, v))
        return dist, prev

    def path(self, source, target):
        dist, prev = self.dijkstra(source)
        if dist[target] == float("inf"):
            return None, float("inf")
        node, route = target, [target]
        while node != source:
            node = prev[node]
            route.append(node)
        return route[::-1], dist[target]


g = Graph()
for u, v, w in [("A", "B", 4), ("A", "C", 2), ("B", "C", 1), ("B", "D", 5), ("C", "D", 8), ("D", "E", 3)]:
    g.add_edge(u, v, w)
print(g.bfs("A"))
print(list(g.dfs("A")))
print(g.dijkstra("A")[0])
route, cost = g.path("A", "E")
print(" -> ".join(route), cost)
g.adj["Z"] = {}
print(g.path("A", "Z"))
# --- dynamic programming
from functools import lru_cache


def lcs(a, b):
    m, n = len(a), len(b)
    dp = [[0] * (n + 1) for _ in range(m + 1)]
    for i in range(1, m + 1):
        for j in range(1, n + 1):
            if a[i - 1] == b[j - 1]:
                dp[i][j] = dp[i - 1][j - 1] + 1
            else:
                dp[i][j] = max(dp[i - 1][j], dp[i][j - 1])
    out = []
    i, j = m, n
    while i and j:
        if a[i - 1] == b[j - 1]:
            out.append(a[i - 1])
            i -= 1
            j -= 1
        elif dp[i - 1][j] >= dp[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return "".join(reversed(out))


def knapsack(items, capacity):
    best = [0] * (capacity + 1)
    for weight, value in items:
        for c in range(capacity, weight - 1, -1):
            best[c] = max(best[c], best[c - weight] + value)
    return best[capacity]


def coin_change(coins, amount):
    dp = [float("inf")] * (amount + 1)
    dp[0] = 0
    for coin in coins:
        for x in range(coin, amount + 1):
            dp[x] = min(dp[x], dp[x - coin] + 1)
    return dp[amount] if dp[amount] != float("inf") else -1


def edit_distance(s, t):
    @lru_cache(maxsize=None)
    def d(i, j):
        if i == 0:
            return j
        if j == 0:
            return i
        if s[i - 1] == t[j - 1]:
            return d(i - 1, j - 1)
        return 1 + min(d(i - 1, j), d(i, j - 1), d(i - 1, j - 1))
    return d(len(s), len(t))


def lis(nums):
    import bisect
    tails = []
    for x in nums:
        pos = bisect.bisect_left(tails, x)
        if pos == len(tails):
            tails.append(x)
        else:
            tails[pos] = x
    return len(tails)


if __name__ == "__main__":
    print(lcs("AGGTAB", "GXTXAYB"))
    print(knapsack([(1, 1), (3, 4), (4, 5), (5, 7)], 7))
    print(coin_change([1, 2, 5], 11), coin_change([2], 3))
    print(edit_distance("kitten", "sitting"))
    print(lis([10, 9, 2, 5, 3, 7, 101, 18]))
# --- a binary search tree
class TreeNode:
    def __init__(self, key):
        self.key = key
        self.left = None
        self.right = None


class BST:
    def __init__(self):
        self.root = None

    def insert(self, key):
        self.root = self._insert(self.root, key)

    def _insert(self, node, key):
        if node is None:
            return TreeNode(key)
        if key < node.key:
            node.left = self._insert(node.left, key)
        elif key > node.key:
            node.right = self._insert(node.right, key)
        return node

    def search(self, key):
        node = self.root
        while node and node.key != key:
            node = node.left if key < node.key else node.right
        return node is not None

    def inorder(self):
        def walk(node):
            if node:
                yield from walk(node.left)
                yield node.key
                yield from walk(node.right)
        return walk(self.root)

    def height(self):
        def h(node):
            return 0 if node is None else 1 + max(h(node.left), h(node.right))
        return h(self.root)

    def delete(self, key):
        def _min(node):
            while node.left:
                node = node.left
            return node

        def _delete(node, key):
            if not node:
                return None
            if key < node.key:
                node.left = _delete(node.left, key)
            elif key > node.key:
                node.right = _delete(node.right, key)
            else:
                if not node.left:
                    return node.right
                if not node.right:
                    return node.left
                successor = _min(node.right)
                node.key = successor.key
                node.right = _delete(node.right, successor.key)
            return node
        self.root = _delete(self.root, key)

    def display(self, node="root", level=0):
        if node == "root":
            node = self.root
        if node is not None:
            self.display(node.right, level + 1)
            print("    " * level + str(node.key))
            self.display(node.left, level + 1)


tree = BST()
for value in [50, 30, 70, 20, 40, 60, 80]:
    tree.insert(value)
print(list(tree.inorder()))
print("Height:", tree.height())
print("Search 40:", tree.search(40), "Search 45:", tree.search(45))
tree.delete(50)
print(list(tree.inorder()))
tree.display()
# --- a trie, main without guard
class TrieNode:
    __slots__ = ("children", "is_end", "count")

    def __init__(self):
        self.children = {}
        self.is_end = False
        self.count = 0


class Trie:
    def __init__(self, words=()):
        self.root = TrieNode()
        for word in words:
            self.insert(word)

    def insert(self, word: str) -> None:
        node = self.root
        for ch in word:
            if ch not in node.children:
                node.children[ch] = TrieNode()
            node = node.children[ch]
            node.count += 1
        node.is_end = True

    def _find(self, prefix):
        node = self.root
        for ch in prefix:
            node = node.children.get(ch)
            if node is None:
                return None
        return node

    def search(self, word: str) -> bool:
        node = self._find(word)
        return node is not None and node.is_end

    def starts_with(self, prefix: str) -> bool:
        return self._find(prefix) is not None

    def autocomplete(self, prefix):
        node = self._find(prefix)
        if node is None:
            return []
        results = []

        def collect(n, path):
            if n.is_end:
                results.append(prefix + path)
            for ch, child in sorted(n.children.items()):
                collect(child, path + ch)

        collect(node, "")
        return results


def main():
    trie = Trie(["apple", "app", "apricot", "banana", "band", "bandana"])
    print(trie.search("app"), trie.search("appl"))
    print(trie.starts_with("ban"), trie.starts_with("cat"))
    print(trie.autocomplete("ap"))
    print(trie.autocomplete("ban"))
    print(trie.autocomplete("zzz"))
    node = TrieNode()
    try:
        node.extra = 1
    except AttributeError as e:
        print("AttributeError")


main()
# --- a heap
class MinHeap:
    def __init__(self, items=None):
        self.heap = []
        for item in items or []:
            self.push(item)

    def push(self, item):
        self.heap.append(item)
        self._sift_up(len(self.heap) - 1)

    def pop(self):
        if not self.heap:
            raise IndexError("pop from empty heap")
        top = self.heap[0]
        last = self.heap.pop()
        if self.heap:
            self.heap[0] = last
            self._sift_down(0)
        return top

    def peek(self):
        return self.heap[0] if self.heap else None

    def _sift_up(self, i):
        while i > 0:
            parent = (i - 1) // 2
            if self.heap[i] >= self.heap[parent]:
                break
            self.heap[i], self.heap[parent] = self.heap[parent], self.heap[i]
            i = parent

    def _sift_down(self, i):
        n = len(self.heap)
        while True:
            smallest = i
            for child in (2 * i + 1, 2 * i + 2):
                if child < n and self.heap[child] < self.heap[smallest]:
                    smallest = child
            if smallest == i:
                return
            self.heap[i], self.heap[smallest] = self.heap[smallest], self.heap[i]
            i = smallest

    def __len__(self):
        return len(self.heap)

    def __bool__(self):
        return bool(self.heap)


heap = MinHeap([5, 3, 8, 1, 9, 2])
print(heap.peek(), len(heap))
out = []
while heap:
    out.append(heap.pop())
print(out)
try:
    heap.pop()
except IndexError as e:
    print(f"Error: {e}")

tasks = MinHeap()
for priority, name in [(3, "low"), (1, "urgent"), (2, "normal")]:
    tasks.push((priority, name))
while tasks:
    p, n = tasks.pop()
    print(f"[{p}] {n}")
# --- union and find
class UnionFind:
    def __init__(self, n):
        self.parent = list(range(n))
        self.rank = [0] * n
        self.components = n

    def find(self, x):
        if self.parent[x] != x:
            self.parent[x] = self.find(self.parent[x])
        return self.parent[x]

    def union(self, x, y):
        rx, ry = self.find(x), self.find(y)
        if rx == ry:
            return False
        if self.rank[rx] < self.rank[ry]:
            rx, ry = ry, rx
        self.parent[ry] = rx
        if self.rank[rx] == self.rank[ry]:
            self.rank[rx] += 1
        self.components -= 1
        return True

    def connected(self, x, y):
        return self.find(x) == self.find(y)


def kruskal(n, edges):
    uf = UnionFind(n)
    mst, total = [], 0
    for w, u, v in sorted(edges):
        if uf.union(u, v):
            mst.append((u, v, w))
            total += w
    return mst, total


def count_islands(grid):
    rows, cols = len(grid), len(grid[0])
    uf = UnionFind(rows * cols)
    water = 0
    for r in range(rows):
        for c in range(cols):
            if grid[r][c] == "0":
                water += 1
                continue
            for dr, dc in ((1, 0), (0, 1)):
                nr, nc = r + dr, c + dc
                if nr < rows and nc < cols and grid[nr][nc] == "1":
                    uf.union(r * cols + c, nr * cols + nc)
    return uf.components - water


edges = [(4, 0, 1), (8, 1, 2), (7, 2, 3), (9, 3, 4), (10, 4, 5), (2, 5, 6), (1, 6, 7), (8, 0, 7), (11, 1, 7), (6, 6, 8), (2, 2, 8), (4, 2, 5)]
mst, total = kruskal(9, edges)
for u, v, w in mst:
    print(f"{u} -- {v} == {w}")
print("Minimum spanning tree weight:", total)
print(count_islands(["11000", "11000", "00100", "00011"]))
uf = UnionFind(5)
uf.union(0, 1); uf.union(1, 2)
print(uf.connected(0, 2), uf.connected(0, 3), uf.components)
# --- a tokenizer
import re
from typing import NamedTuple


class Token(NamedTuple):
    type: str
    value: str
    line: int
    column: int


def tokenize(code):
    keywords = {"IF", "THEN", "ENDIF", "FOR", "NEXT", "GOSUB", "RETURN"}
    token_specification = [
        ("NUMBER", r"\d+(\.\d*)?"),
        ("ASSIGN", r":="),
        ("END", r";"),
        ("ID", r"[A-Za-z]+"),
        ("OP", r"[+\-*/]"),
        ("NEWLINE", r"\n"),
        ("SKIP", r"[ \t]+"),
        ("MISMATCH", r"."),
    ]
    tok_regex = "|".join("(?P<%s>%s)" % pair for pair in token_specification)
    line_num = 1
    line_start = 0
    for mo in re.finditer(tok_regex, code):
        kind = mo.lastgroup
        value = mo.group()
        column = mo.start() - line_start
        if kind == "NUMBER":
            value = float(value) if "." in value else int(value)
        elif kind == "ID" and value in keywords:
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
        total := total + price * quantity;
        tax := price * 0.05;
    ENDIF;
"""

for token in tokenize(statements):
    print(token)

try:
    list(tokenize("a := 3 $ 4"))
except RuntimeError as e:
    print(e)
# --- a calculator
class Lexer:
    def __init__(self, text):
        self.text = text
        self.pos = 0

    def tokens(self):
        while self.pos < len(self.text):
            ch = self.text[self.pos]
            if ch.isspace():
                self.pos += 1
            elif ch.isdigit() or ch == ".":
                start = self.pos
                while self.pos < len(self.text) and (self.text[self.pos].isdigit() or self.text[self.pos] == "."):
                    self.pos += 1
                yield ("NUM", float(self.text[start:self.pos]))
            elif ch in "+-*/()^":
                self.pos += 1
                yield ("OP", ch)
            else:
                raise SyntaxError(f"Unexpected character {ch!r} at position {self.pos}")
        yield ("EOF", None)


class Parser:
    def __init__(self, text):
        self.tokens = list(Lexer(text).tokens())
        self.index = 0

    @property
    def current(self):
        return self.tokens[self.index]

    def eat(self, value):
        if self.current[1] != value:
            raise SyntaxError(f"Expected {value!r}, got {self.current[1]!r}")
        self.index += 1

    def parse(self):
        result = self.expr()
        if self.current[0] != "EOF":
            raise SyntaxError(f"Unexpected token {self.current[1]!r}")
        return result

    def expr(self):
        value = self.term()
        while self.current[1] in ("+", "-"):
            op = self.current[1]
            self.eat(op)
            rhs = self.term()
            value = value + rhs if op == "+" else value - rhs
        return value

    def term(self):
        value = self.factor()
        while self.current[1] in ("*", "/"):
            op = self.current[1]
            self.eat(op)
            rhs = self.factor()
            value = value * rhs if op == "*" else value / rhs
        return value

    def factor(self):
        base = self.atom()
        if self.current[1] == "^":
            self.eat("^")
            return base ** self.factor()
        return base

    def atom(self):
        kind, value = self.current
        if kind == "NUM":
            self.index += 1
            return value
        if value == "-":
            self.eat("-")
            return -self.atom()
        self.eat("(")
        result = self.expr()
        self.eat(")")
        return result


for source in ["1 + 2 * 3", "(1 + 2) * 3", "2 ^ 3 ^ 2", "-4 + 10 / 4", "1 / 0", "2 +", "3 $ 4", "(1 + 2"]:
    try:
        print(f"{source} = {Parser(source).parse():g}")
    except (SyntaxError, ZeroDivisionError) as e:
        print(f"{source} -> {e.__class__.__name__}: {e}")
# --- money
from decimal import Decimal, ROUND_HALF_UP, getcontext

getcontext().prec = 28
CENT = Decimal("0.01")


class Money:
    def __init__(self, amount, currency="USD"):
        self.amount = Decimal(str(amount)).quantize(CENT, rounding=ROUND_HALF_UP)
        self.currency = currency

    def _check(self, other):
        if self.currency != other.currency:
            raise ValueError(f"Currency mismatch: {self.currency} vs {other.currency}")

    def __add__(self, other):
        if other == 0:
            return self
        self._check(other)
        return Money(self.amount + other.amount, self.currency)

    __radd__ = __add__

    def __sub__(self, other):
        self._check(other)
        return Money(self.amount - other.amount, self.currency)

    def __mul__(self, factor):
        return Money(self.amount * Decimal(str(factor)), self.currency)

    def __lt__(self, other):
        self._check(other)
        return self.amount < other.amount

    def __eq__(self, other):
        return isinstance(other, Money) and (self.amount, self.currency) == (other.amount, other.currency)

    def __hash__(self):
        return hash((self.amount, self.currency))

    def __str__(self):
        return f"{self.amount:,} {self.currency}"

    def __repr__(self):
        return f"Money('{self.amount}', {self.currency!r})"

    def split(self, n):
        share = (self.amount / n).quantize(CENT)
        parts = [Money(share, self.currency) for _ in range(n)]
        remainder = self.amount - share * n
        parts[0] = Money(share + remainder, self.currency)
        return parts


items = [("Coffee", Money("3.50"), 2), ("Bagel", Money("2.25"), 3), ("Juice", Money("4.995"), 1)]
subtotal = sum(price * qty for _, price, qty in items)
tax = subtotal * 0.0825
for name, price, qty in items:
    print(f"{name:<10}{qty:>3} x {str(price):>10} = {str(price * qty):>12}")
print("Subtotal:", subtotal)
print("Tax:     ", tax)
print("Total:   ", subtotal + tax)
print(Money(100).split(3))
print(Money(1) < Money(2), Money(5) == Money("5.00"), len({Money(1), Money("1.00")}))
print(Money(1234567.891))
try:
    Money(1) + Money(1, "EUR")
except ValueError as e:
    print(e)
print(Decimal("0.1") + Decimal("0.2") == Decimal("0.3"), 0.1 + 0.2 == 0.3)
# --- roman numerals, main without guard
def to_roman(num):
    if not 0 < num < 4000:
        raise ValueError("number out of range (must be 1..3999)")
    values = [
        (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"),
        (100, "C"), (90, "XC"), (50, "L"), (40, "XL"),
        (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
    ]
    result = ""
    for value, numeral in values:
        while num >= value:
            result += numeral
            num -= value
    return result


def from_roman(s):
    roman = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
    total = 0
    prev = 0
    for ch in reversed(s.upper()):
        value = roman[ch]
        if value < prev:
            total -= value
        else:
            total += value
            prev = value
    return total


def main():
    for n in (1, 4, 9, 14, 40, 90, 400, 1994, 2024, 3999):
        roman = to_roman(n)
        back = from_roman(roman)
        print(f"{n:>5} -> {roman:<12} -> {back}")
        assert back == n

    assert all(from_roman(to_roman(i)) == i for i in range(1, 4000))
    print("All round trips OK")

    for bad in (0, 4000, -3):
        try:
            to_roman(bad)
        except ValueError as e:
            print(f"{bad}: {e}")


main()
# --- the game of life
from collections import Counter


class GameOfLife:
    def __init__(self, cells):
        self.cells = set(cells)
        self.generation = 0

    @classmethod
    def from_string(cls, pattern):
        return cls(
            (r, c)
            for r, row in enumerate(pattern.strip().split("\n"))
            for c, ch in enumerate(row)
            if ch == "#"
        )

    def step(self):
        neighbors = Counter(
            (r + dr, c + dc)
            for r, c in self.cells
            for dr in (-1, 0, 1)
            for dc in (-1, 0, 1)
            if (dr, dc) != (0, 0)
        )
        self.cells = {cell for cell, n in neighbors.items() if n == 3 or (n == 2 and cell in self.cells)}
        self.generation += 1

    def render(self, height=6, width=8):
        return "\n".join(
            "".join("#" if (r, c) in self.cells else "." for c in range(width))
            for r in range(height)
        )

    def __str__(self):
        return f"Generation {self.generation} ({len(self.cells)} alive)\n{self.render()}"


glider = GameOfLife.from_string(""".#.
..#
###""")
for _ in range(4):
    print(glider)
    print()
    glider.step()
print(sorted(glider.cells))
blinker = GameOfLife({(1, 0), (1, 1), (1, 2)})
before = set(blinker.cells)
blinker.step()
blinker.step()
assert blinker.cells == before, "blinker should oscillate"
print("Blinker oscillates:", blinker.cells == before)
# --- tic-tac-toe
import math


class TicTacToe:
    WINS = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]

    def __init__(self):
        self.board = [" "] * 9
        self.current = "X"

    def available(self):
        return [i for i, s in enumerate(self.board) if s == " "]

    def winner(self):
        for a, b, c in self.WINS:
            if self.board[a] != " " and self.board[a] == self.board[b] == self.board[c]:
                return self.board[a]
        return None

    def is_over(self):
        return self.winner() is not None or not self.available()

    def play(self, i):
        if self.board[i] != " ":
            raise ValueError(f"Square {i} is taken")
        self.board[i] = self.current
        self.current = "O" if self.current == "X" else "X"

    def undo(self, i):
        self.board[i] = " "
        self.current = "O" if self.current == "X" else "X"

    def __str__(self):
        rows = [" | ".join(self.board[i:i + 3]) for i in (0, 3, 6)]
        return "\n---------\n".join(rows)


def minimax(game, depth=0, alpha=-math.inf, beta=math.inf):
    w = game.winner()
    if w:
        return (10 - depth if w == "X" else depth - 10), None
    if not game.available():
        return 0, None
    maximizing = game.current == "X"
    best, best_move = (-math.inf if maximizing else math.inf), None
    for move in game.available():
        game.play(move)
        score, _ = minimax(game, depth + 1, alpha, beta)
        game.undo(move)
        if (maximizing and score > best) or (not maximizing and score < best):
            best, best_move = score, move
        if maximizing:
            alpha = max(alpha, best)
        else:
            beta = min(beta, best)
        if beta <= alpha:
            break
    return best, best_move


game = TicTacToe()
game.play(4)
game.play(1)
while not game.is_over():
    score, move = minimax(game)
    print(f"{game.current} plays {move} (score {score})")
    game.play(move)
print(game)
print("Winner:", game.winner() or "draw")
try:
    game.play(4)
except ValueError as e:
    print(e)
# --- commands and events matched
def evaluate(command):
    match command.split():
        case ["go", ("north" | "south" | "east" | "west") as direction]:
            return f"You walk {direction}."
        case ["get", item]:
            return f"You take the {item}."
        case ["drop", *items] if items:
            return f"You drop {', '.join(items)}."
        case ["quit" | "exit"]:
            return "Goodbye!"
        case []:
            return "Say something."
        case _:
            return f"Unknown command: {command}"


def http_status(code):
    match code:
        case 200 | 201 | 204:
            return "success"
        case 301 | 302:
            return "redirect"
        case int() if 400 <= code < 500:
            return "client error"
        case int() if code >= 500:
            return "server error"
        case str():
            return http_status(int(code))
        case None:
            return "no response"
    return "unknown"


class Point:
    __match_args__ = ("x", "y")

    def __init__(self, x, y):
        self.x = x
        self.y = y


def where(p):
    match p:
        case Point(0, 0):
            return "origin"
        case Point(0, y):
            return f"on y axis at {y}"
        case Point(x, 0):
            return f"on x axis at {x}"
        case Point(x=x, y=y) if x == y:
            return f"on diagonal at {x}"
        case Point():
            return "somewhere"
        case _:
            return "not a point"


def handle(event):
    match event:
        case {"type": "click", "pos": (x, y)}:
            return f"click at {x},{y}"
        case {"type": "key", "key": str(k), **rest}:
            return f"key {k} with {rest}"
        case {"type": t}:
            return f"other: {t}"
        case [first, second, *_]:
            return f"list starting {first}, {second}"


for c in ["go north", "go up", "get lamp", "drop a b", "quit", "", "drop"]:
    print(repr(c), "->", evaluate(c))
for code in (200, 302, 404, 503, "500", None, 3.5):
    print(code, http_status(code))
for p in [Point(0, 0), Point(0, 3), Point(4, 0), Point(2, 2), Point(1, 9), "x"]:
    print(where(p))
for e in [{"type": "click", "pos": (1, 2)}, {"type": "key", "key": "a", "ctrl": True}, {"type": "scroll"}, [1, 2, 3], {}]:
    print(handle(e))
# --- async tasks
import asyncio


async def fetch(name, delay):
    print(f"start {name}")
    await asyncio.sleep(delay)
    print(f"done {name}")
    return {"name": name, "delay": delay}


async def producer(queue, n):
    for i in range(n):
        await asyncio.sleep(0.001)
        await queue.put(i)
    await queue.put(None)


async def consumer(queue):
    total = 0
    while True:
        item = await queue.get()
        if item is None:
            break
        total += item
    return total


async def main():
    results = await asyncio.gather(
        fetch("a", 0.03),
        fetch("b", 0.01),
        fetch("c", 0.02),
    )
    for r in results:
        print(r["name"], r["delay"])

    queue = asyncio.Queue()
    _, total = await asyncio.gather(producer(queue, 5), consumer(queue))
    print("total", total)

    try:
        await asyncio.wait_for(fetch("slow", 10), timeout=0.01)
    except asyncio.TimeoutError:
        print("timed out")

    task = asyncio.create_task(fetch("bg", 0.005))
    await task
    print(task.done(), task.result()["name"])


if __name__ == "__main__":
    asyncio.run(main())
# --- errors of an application
class AppError(Exception):
    """Base class for all application errors."""

    code = 500

    def __init__(self, message, **context):
        super().__init__(message)
        self.context = context

    def to_dict(self):
        return {"error": type(self).__name__, "code": self.code, "message": str(self), **self.context}


class NotFound(AppError):
    code = 404


class ValidationError(AppError):
    code = 400

    def __init__(self, field, problem):
        super().__init__(f"{field}: {problem}", field=field)


USERS = {1: {"name": "Ann", "age": 31}}


def get_user(user_id):
    try:
        return USERS[user_id]
    except KeyError as e:
        raise NotFound(f"user {user_id} not found", user_id=user_id) from e


def validate(data):
    if not data.get("name"):
        raise ValidationError("name", "is required")
    if not isinstance(data.get("age"), int):
        raise ValidationError("age", f"must be an integer, got {data.get('age')!r}")
    return data


def handle(fn, *args):
    try:
        result = fn(*args)
    except ValidationError as e:
        print("validation:", e.to_dict())
    except AppError as e:
        print("app error:", e.to_dict(), "| cause:", repr(e.__cause__))
    except (TypeError, ValueError) as e:
        print("unexpected:", e)
    else:
        print("ok:", result)
    finally:
        print("--")


handle(get_user, 1)
handle(get_user, 7)
handle(validate, {"name": "", "age": 3})
handle(validate, {"name": "Bob", "age": "x"})
handle(int, "abc")
handle(len, 5)


def cleanup_order():
    try:
        try:
            raise ValueError("inner")
        finally:
            print("inner finally")
    except ValueError:
        print("outer except")
        return "from except"
    finally:
        print("outer finally")


print(cleanup_order())
try:
    try:
        1 / 0
    except ZeroDivisionError:
        raise RuntimeError("while handling")
except RuntimeError as e:
    print(repr(e), "context:", repr(e.__context__), "cause:", e.__cause__)
print(issubclass(NotFound, AppError), NotFound.__mro__[1].__name__, AppError.__doc__)
# --- iterators
class Countdown:
    def __init__(self, start):
        self.start = start

    def __iter__(self):
        n = self.start
        while n > 0:
            yield n
            n -= 1

    def __reversed__(self):
        n = 1
        while n <= self.start:
            yield n
            n += 1


class Fibonacci:
    def __init__(self, limit):
        self.limit = limit
        self.a, self.b = 0, 1

    def __iter__(self):
        return self

    def __next__(self):
        if self.a > self.limit:
            raise StopIteration
        value = self.a
        self.a, self.b = self.b, self.a + self.b
        return value


class Peekable:
    _sentinel = object()

    def __init__(self, iterable):
        self._it = iter(iterable)
        self._cache = self._sentinel

    def __iter__(self):
        return self

    def peek(self, default=None):
        if self._cache is self._sentinel:
            try:
                self._cache = next(self._it)
            except StopIteration:
                return default
        return self._cache

    def __next__(self):
        if self._cache is not self._sentinel:
            value, self._cache = self._cache, self._sentinel
            return value
        return next(self._it)


print(list(Countdown(5)), list(reversed(Countdown(3))))
print(list(Fibonacci(50)))
print(sum(Fibonacci(100)), max(Fibonacci(1000)))
p = Peekable("abc")
print(p.peek(), next(p), p.peek(), next(p), next(p), p.peek("end"))
first, *rest = Countdown(4)
print(first, rest)
it = iter([1, 2, 3])
print(next(it), next(it), next(it), next(it, "default"))
try:
    next(it)
except StopIteration:
    print("exhausted")
for i, (a, b) in enumerate(zip(Countdown(3), Fibonacci(5)), start=1):
    print(i, a, b)
print(dict(zip("abc", Countdown(3))), 3 in Countdown(5), 9 in Fibonacci(20))
pairs = iter("abcdef")
print([x + y for x, y in zip(pairs, pairs)])
print(list(iter(lambda c=iter([1, 2, 0, 3]): next(c), 0)))
# --- vectors and versions
import math
from functools import total_ordering


class Vector:
    def __init__(self, *components):
        self.components = tuple(components)

    def __repr__(self):
        return f"Vector{self.components}"

    def __eq__(self, other):
        if not isinstance(other, Vector):
            return NotImplemented
        return self.components == other.components

    def __hash__(self):
        return hash(self.components)

    def __add__(self, other):
        return Vector(*(a + b for a, b in zip(self.components, other.components)))

    def __sub__(self, other):
        return Vector(*(a - b for a, b in zip(self.components, other.components)))

    def __mul__(self, k):
        if isinstance(k, (int, float)):
            return Vector(*(a * k for a in self.components))
        return NotImplemented

    __rmul__ = __mul__

    def __matmul__(self, other):
        return sum(a * b for a, b in zip(self.components, other.components))

    def __neg__(self):
        return self * -1

    def __abs__(self):
        return math.sqrt(self @ self)

    def __getitem__(self, i):
        return self.components[i]

    def __len__(self):
        return len(self.components)

    def __iter__(self):
        return iter(self.components)

    def __bool__(self):
        return any(self.components)

    def __format__(self, spec):
        return "(" + ", ".join(format(c, spec) for c in self) + ")"


@total_ordering
class Version:
    def __init__(self, text):
        self.parts = tuple(int(p) for p in text.split("."))

    def __eq__(self, other):
        return self.parts == other.parts

    def __lt__(self, other):
        return self.parts < other.parts

    def __str__(self):
        return ".".join(map(str, self.parts))


v, w = Vector(3, 4), Vector(1, -2)
print(v + w, v - w, v * 2, 2 * v, -v, v @ w, abs(v))
print(v == Vector(3, 4), v != w, v == (3, 4), bool(Vector(0, 0)), len({v, Vector(3, 4)}))
print(v[0], v[-1], list(v), f"{v:.2f}")
x, y = v
print(x, y)
try:
    v * "a"
except TypeError as e:
    print("TypeError:", e)
versions = [Version(s) for s in ("1.10.0", "1.2.3", "1.2", "2.0")]
print([str(s) for s in sorted(versions)], max(versions), Version("1.0") >= Version("1.0"))
v += w
print(v)
# --- shapes as abstract classes
from abc import ABC, abstractmethod


class Shape(ABC):
    def __init__(self, name):
        self.name = name

    @abstractmethod
    def area(self):
        """Return the area."""

    @abstractmethod
    def perimeter(self):
        pass

    @property
    @abstractmethod
    def sides(self):
        ...

    def describe(self):
        return f"{self.name} ({self.sides} sides): area={self.area():.2f}, perimeter={self.perimeter():.2f}"


class Rectangle(Shape):
    def __init__(self, w, h):
        super().__init__("Rectangle")
        self.w, self.h = w, h

    def area(self):
        return self.w * self.h

    def perimeter(self):
        return 2 * (self.w + self.h)

    @property
    def sides(self):
        return 4


class Square(Rectangle):
    def __init__(self, side):
        super().__init__(side, side)
        self.name = "Square"


class Broken(Shape):
    def area(self):
        return 0


class Triangle(Shape):
    sides = 3

    def __init__(self, a, b, c):
        if a + b <= c or a + c <= b or b + c <= a:
            raise ValueError("Invalid triangle")
        super().__init__("Triangle")
        self.a, self.b, self.c = a, b, c

    def perimeter(self):
        return self.a + self.b + self.c

    def area(self):
        s = self.perimeter() / 2
        return (s * (s - self.a) * (s - self.b) * (s - self.c)) ** 0.5


for shape in [Rectangle(3, 4), Square(2), Triangle(3, 4, 5)]:
    print(shape.describe())
for cls in (Shape, Broken):
    try:
        cls("x")
    except TypeError as e:
        print("TypeError:", e)
try:
    Triangle(1, 2, 10)
except ValueError as e:
    print(e)
print([c.__name__ for c in Square.__mro__])
print(isinstance(Square(1), Shape), Square.__bases__[0].__name__)
shapes = sorted([Square(3), Rectangle(1, 2), Triangle(6, 8, 10)], key=lambda s: s.area())
print([s.name for s in shapes])
# --- properties of temperatures
class Temperature:
    def __init__(self, celsius=0.0):
        self.celsius = celsius

    @property
    def celsius(self):
        return self._celsius

    @celsius.setter
    def celsius(self, value):
        if value < -273.15:
            raise ValueError(f"Temperature {value} is below absolute zero")
        self._celsius = float(value)

    @property
    def fahrenheit(self):
        """Temperature in degrees F."""
        return self._celsius * 9 / 5 + 32

    @fahrenheit.setter
    def fahrenheit(self, value):
        self.celsius = (value - 32) * 5 / 9

    @celsius.deleter
    def celsius(self):
        print("resetting")
        self._celsius = 0.0

    @classmethod
    def from_fahrenheit(cls, f):
        t = cls()
        t.fahrenheit = f
        return t

    @classmethod
    def from_string(cls, text):
        value, unit = float(text[:-1]), text[-1].upper()
        if unit == "C":
            return cls(value)
        if unit == "F":
            return cls.from_fahrenheit(value)
        raise ValueError(f"Unknown unit: {unit}")

    @staticmethod
    def is_freezing(celsius):
        return celsius <= 0

    def __repr__(self):
        return f"{self.__class__.__name__}({self._celsius:.1f}°C / {self.fahrenheit:.1f}°F)"


class BodyTemperature(Temperature):
    @property
    def fever(self):
        return self.celsius >= 38


t = Temperature(25)
print(t, t.fahrenheit)
t.fahrenheit = 212
print(t.celsius)
del t.celsius
print(t)
print(Temperature.from_string("98.6F"), BodyTemperature.from_string("39C"), BodyTemperature.from_fahrenheit(98.6).fever)
for bad in ("10K", "-300C"):
    try:
        Temperature.from_string(bad)
    except ValueError as e:
        print("ValueError:", e)
print(Temperature.is_freezing(-1), t.is_freezing(5))
try:
    BodyTemperature().fever = True
except AttributeError as e:
    print(type(e).__name__)
print(isinstance(Temperature.fahrenheit, property), Temperature.fahrenheit.__doc__)
print(hasattr(t, "celsius"), getattr(t, "kelvin", "no kelvin"))
setattr(t, "label", "outside")
print(vars(t))
# --- closures
def make_counter(start=0, step=1):
    count = start - step

    def counter():
        nonlocal count
        count += step
        return count

    def reset(value=start):
        nonlocal count
        count = value - step

    counter.reset = reset
    return counter


def make_account(balance):
    def deposit(amount):
        nonlocal balance
        balance += amount
        return balance

    def withdraw(amount):
        nonlocal balance
        if amount > balance:
            return "Insufficient funds"
        balance -= amount
        return balance

    return {"deposit": deposit, "withdraw": withdraw, "balance": lambda: balance}


def compose(*functions):
    def composed(x):
        for f in reversed(functions):
            x = f(x)
        return x
    return composed


def curry(f, n):
    def curried(*args):
        if len(args) >= n:
            return f(*args)
        return lambda *more: curried(*(args + more))
    return curried


c = make_counter(10, 5)
print(c(), c(), c())
c.reset()
print(c())
acc = make_account(100)
print(acc["deposit"](50), acc["withdraw"](500), acc["withdraw"](30), acc["balance"]())
inc = lambda x: x + 1
double = lambda x: x * 2
print(compose(str, inc, double)(5), compose()(7))
add3 = curry(lambda a, b, c: a + b + c, 3)
print(add3(1)(2)(3), add3(1, 2)(3), add3(1, 2, 3))
funcs = [lambda: i for i in range(3)]
print([f() for f in funcs])
funcs = [lambda i=i: i for i in range(3)]
print([f() for f in funcs])
print(list(map(lambda p: p[0] ** p[1], zip(range(1, 5), range(4)))))
print(list(filter(None, [0, 1, "", "a", [], [0], None])))
print(sorted(["banana", "Apple", "cherry"], key=str.lower), sorted([3, -1, 2], key=abs))


def append_to(item, target=[]):
    target.append(item)
    return target


append_to(1)
print(append_to(2))
x = "global"


def outer():
    x = "outer"

    def inner():
        global x
        x = "changed"
        return x
    return inner(), x


print(outer(), x)
# --- a text adventure
class Room:
    def __init__(self, name, description):
        self.name = name
        self.description = description
        self.exits = {}
        self.items = []

    def connect(self, direction, other, back=None):
        self.exits[direction] = other
        if back:
            other.exits[back] = self


class Game:
    def __init__(self):
        hall = Room("Hall", "A dusty hall.")
        kitchen = Room("Kitchen", "It smells of old soup.")
        vault = Room("Vault", "Gold everywhere!")
        hall.connect("east", kitchen, "west")
        kitchen.connect("north", vault, "south")
        kitchen.items += ["key", "knife"]
        vault.locked = True
        self.room = hall
        self.inventory = []
        self.moves = 0
        self.won = False

    def run(self, script):
        for line in script:
            print(f"> {line}")
            print(self.execute(line))
            if self.won:
                print(f"You won in {self.moves} moves!")
                break

    def execute(self, line):
        verb, *args = line.lower().split()
        handler = getattr(self, f"do_{verb}", None)
        if handler is None:
            return f"I don't know how to '{verb}'."
        self.moves += 1
        try:
            return handler(*args)
        except TypeError:
            return f"Usage problem with '{verb}'."

    def do_look(self):
        text = f"{self.room.name}: {self.room.description}"
        if self.room.items:
            text += " You see: " + ", ".join(self.room.items) + "."
        return text + " Exits: " + ", ".join(sorted(self.room.exits))

    def do_go(self, direction):
        target = self.room.exits.get(direction)
        if target is None:
            return "You can't go that way."
        if getattr(target, "locked", False) and "key" not in self.inventory:
            return "It's locked."
        self.room = target
        self.won = target.name == "Vault"
        return self.do_look()

    def do_take(self, item):
        if item in self.room.items:
            self.room.items.remove(item)
            self.inventory.append(item)
            return f"Taken: {item}"
        return f"There is no {item} here."

    def do_inventory(self):
        return "You carry: " + (", ".join(self.inventory) or "nothing")


def main():
    game = Game()
    game.run(["look", "dance", "go up", "go east", "go north", "take", "take key", "inventory", "take gold", "go north", "look"])


if __name__ == "__main__":
    main()
# --- tasks as dataclasses and enumerations
from dataclasses import asdict, astuple, dataclass, field, fields, replace
from enum import Enum, IntEnum
from typing import ClassVar


class Priority(IntEnum):
    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Status(str, Enum):
    TODO = "todo"
    DOING = "doing"
    DONE = "done"


@dataclass(order=True)
class Task:
    sort_index: int = field(init=False, repr=False)
    title: str
    priority: Priority = Priority.MEDIUM
    status: Status = Status.TODO
    tags: list[str] = field(default_factory=list, compare=False)
    created: ClassVar[int] = 0

    def __post_init__(self):
        self.sort_index = -self.priority
        Task.created += 1
        if not self.title:
            raise ValueError("title required")


@dataclass(frozen=True)
class Point:
    x: float
    y: float = 0.0

    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)


class TaskManager:
    def __init__(self):
        self._tasks = []

    def add(self, title, **kwargs):
        task = Task(title, **kwargs)
        self._tasks.append(task)
        return task

    def by_status(self, status):
        return (t for t in self._tasks if t.status is status)

    def __iter__(self):
        return iter(sorted(self._tasks))


m = TaskManager()
m.add("Write docs", priority=Priority.LOW, tags=["docs"])
m.add("Fix bug", priority=Priority.HIGH)
m.add("Deploy")
for t in m:
    print(f"[{t.priority.name:^8}] {t.title:<12} {t.status.value} {t.tags}")
next(m.by_status(Status.TODO)).status = Status.DONE
print([t.title for t in m.by_status(Status.DONE)], Task.created)
print(Task("x"), Task("x") == Task("x"))
print(asdict(Task("y", tags=["a"])))
print(Priority.HIGH > Priority.LOW, Priority.HIGH + 1, max(Priority), Status.DONE == "done", Status("doing").name)
p = Point(1, 2)
print(p, p + Point(3), replace(p, y=9), astuple(p), [f.name for f in fields(p)], hash(p) == hash(Point(1, 2)))
try:
    p.x = 10
except Exception as e:
    print(type(e).__name__, e)
try:
    Task("")
except ValueError as e:
    print(e)
# --- a small Lisp
import operator


class Env(dict):
    def __init__(self, params=(), args=(), outer=None):
        super().__init__(zip(params, args))
        self.outer = outer

    def find(self, name):
        if name in self:
            return self
        if self.outer is None:
            raise NameError(f"undefined: {name}")
        return self.outer.find(name)


class Lambda:
    def __init__(self, params, body, env):
        self.params, self.body, self.env = params, body, env

    def __call__(self, *args):
        return evaluate(self.body, Env(self.params, args, self.env))


def parse(source):
    tokens = source.replace("(", " ( ").replace(")", " ) ").split()

    def read():
        if not tokens:
            raise SyntaxError("unexpected EOF")
        token = tokens.pop(0)
        if token == "(":
            result = []
            while tokens and tokens[0] != ")":
                result.append(read())
            if not tokens:
                raise SyntaxError("missing )")
            tokens.pop(0)
            return result
        if token == ")":
            raise SyntaxError("unexpected )")
        for kind in (int, float):
            try:
                return kind(token)
            except ValueError:
                continue
        return token
    return read()


def evaluate(x, env):
    if isinstance(x, str):
        return env.find(x)[x]
    if not isinstance(x, list):
        return x
    op, *args = x
    if op == "if":
        test, yes, no = args
        return evaluate(yes if evaluate(test, env) else no, env)
    if op == "define":
        name, expr = args
        env[name] = evaluate(expr, env)
        return None
    if op == "lambda":
        params, body = args
        return Lambda(params, body, env)
    fn = evaluate(op, env)
    return fn(*[evaluate(a, env) for a in args])


GLOBAL = Env()
GLOBAL.update({"+": lambda *a: sum(a), "-": operator.sub, "*": operator.mul, "<": operator.lt,
               "=": operator.eq, "list": lambda *a: list(a), "car": lambda l: l[0]})

program = [
    "(define square (lambda (x) (* x x)))",
    "(square 12)",
    "(define fact (lambda (n) (if (< n 2) 1 (* n (fact (- n 1))))))",
    "(fact 20)",
    "(define adder (lambda (n) (lambda (m) (+ n m))))",
    "((adder 3) 4.5)",
    "(car (list 1 2 3))",
    "(undefined 1)",
    "(+ 1",
]
for line in program:
    try:
        value = evaluate(parse(line), GLOBAL)
        if value is not None:
            print(f"{line} => {value}")
    except (NameError, SyntaxError) as e:
        print(f"{line} => {type(e).__name__}: {e}")
# --- users and sessions
import uuid
import hashlib
import base64
import secrets


class User:
    def __init__(self, username, password):
        self.username = username
        self.salt = hashlib.md5(username.encode()).hexdigest()[:8]
        self.password_hash = self._hash(password)

    def _hash(self, password):
        return hashlib.sha256((self.salt + password).encode("utf-8")).hexdigest()

    def check_password(self, password):
        return self._hash(password) == self.password_hash


class AuthService:
    def __init__(self):
        self.users = {}
        self.sessions = {}

    def register(self, username, password):
        if username in self.users:
            raise ValueError(f"User {username!r} already exists")
        if len(password) < 8:
            raise ValueError("Password too short")
        self.users[username] = User(username, password)

    def login(self, username, password):
        user = self.users.get(username)
        if not user or not user.check_password(password):
            return None
        token = secrets.token_hex(16)
        self.sessions[token] = username
        return token


auth = AuthService()
auth.register("alice", "correct horse")
for args in [("alice", "another pass"), ("bob", "short")]:
    try:
        auth.register(*args)
    except ValueError as e:
        print("Error:", e)
token = auth.login("alice", "correct horse")
print(token is not None, len(token), auth.sessions[token])
print(auth.login("alice", "wrong"), auth.login("nobody", "x"))
print(auth.users["alice"].password_hash[:16])
print(base64.b64encode(b"hello world").decode(), base64.b64decode("aGk=").decode("ascii"))
print(uuid.uuid5(uuid.NAMESPACE_DNS, "example.com"), len(str(uuid.uuid4())))
# --- functools
from functools import partial, reduce, singledispatch, cached_property


@singledispatch
def to_html(value):
    return f"<span>{value}</span>"


@to_html.register
def _(value: int):
    return f"<b>{value}</b>"


@to_html.register(list)
@to_html.register(tuple)
def _(value):
    return "<ul>" + "".join(f"<li>{to_html(v)}</li>" for v in value) + "</ul>"


@to_html.register
def _(value: dict):
    return "<dl>" + "".join(f"<dt>{k}</dt><dd>{to_html(v)}</dd>" for k, v in value.items()) + "</dl>"


class Dataset:
    def __init__(self, values):
        self.values = values

    @cached_property
    def stats(self):
        print("computing...")
        n = len(self.values)
        mean = sum(self.values) / n
        return {"n": n, "mean": mean, "var": sum((v - mean) ** 2 for v in self.values) / n}


def power(base, exponent):
    return base ** exponent


square = partial(power, exponent=2)
cube = partial(power, exponent=3)
pipeline = lambda *fs: reduce(lambda f, g: lambda x: g(f(x)), fs)

print(to_html("hi"), to_html(3), to_html([1, "a", (2, 3)]))
print(to_html({"k": [1]}))
d = Dataset([1, 2, 3, 4])
print(d.stats)
print(d.stats["mean"])
print(square(5), cube(2), square.keywords, cube.func.__name__)
print(pipeline(str.strip, str.upper, lambda s: s + "!", list)("  hey "))
print(reduce(lambda a, b: a * b, range(1, 6)), reduce(lambda acc, w: {**acc, w: len(w)}, ["a", "bb"], {}))
print(list(map(partial(int, base=2), ["101", "11"])))
from operator import attrgetter, itemgetter, methodcaller
people = [{"n": "bob", "a": 3}, {"n": "al", "a": 5}]
print(sorted(people, key=itemgetter("a"), reverse=True), list(map(methodcaller("upper"), "ab")))
print(attrgetter("real")(3 + 4j), itemgetter(0, 2)("xyz"))
# --- itertools and generators
from itertools import islice, takewhile, dropwhile, cycle, count, starmap, tee, filterfalse, compress, repeat


def numbers():
    n = 1
    while True:
        yield n
        n += 1


def evens(source):
    return (n for n in source if n % 2 == 0)


def squares(source):
    yield from (n ** 2 for n in source)


def window(seq, n=2):
    it = iter(seq)
    result = tuple(islice(it, n))
    if len(result) == n:
        yield result
    for elem in it:
        result = result[1:] + (elem,)
        yield result


def collatz(n):
    while n != 1:
        yield n
        n = n // 2 if n % 2 == 0 else 3 * n + 1
    yield 1


def tree_walk(tree):
    value, *children = tree
    yield value
    for child in children:
        yield from tree_walk(child)


def echo():
    received = []
    try:
        while True:
            item = yield len(received)
            received.append(item)
    except GeneratorExit:
        print("closing with", received)


print(list(islice(squares(evens(numbers())), 5)))
print(list(takewhile(lambda x: x < 40, squares(numbers()))))
print(list(window(range(5), 3)))
print(list(collatz(6)), max(collatz(27)), sum(1 for _ in collatz(27)))
print(list(tree_walk([1, [2, [3]], [4]])))
g = echo()
next(g)
print(g.send("a"), g.send("b"))
g.close()
print(list(dropwhile(str.isdigit, "12ab3")), list(islice(cycle("AB"), 5)), list(islice(count(10, 5), 3)))
print(list(starmap(pow, [(2, 5), (3, 2)])), list(compress("ABCDEF", [1, 0, 1, 0, 1, 1])), list(repeat("x", 3)))
a, b = tee(range(4))
next(b)
print(list(zip(a, b)), list(filterfalse(lambda x: x % 2, range(6))))
gen = (x * x for x in range(3))
print(gen.__next__(), next(gen), list(gen), next(gen, None))


def sub():
    try:
        yield 1
        yield 2
    finally:
        print("sub done")
    return "result"


def delegator():
    r = yield from sub()
    yield f"got {r}"


print(list(delegator()))
matrix = [[1, 2, 3], [4, 5, 6]]
print([x for row in matrix for x in row if x % 2], {x: x ** 2 for row in matrix for x in row}, {len(r) for r in matrix})
print(sum(x * y for x, y in zip(*matrix)), any(x > 5 for r in matrix for x in r))
if (n := len(matrix)) > 1:
    print(f"{n} rows")
# --- puzzles
def compress_ranges(nums):
    nums = sorted(set(nums))
    out = []
    start = prev = None
    for n in nums + [None]:
        if start is None:
            start = prev = n
        elif n is not None and n == prev + 1:
            prev = n
        else:
            out.append(str(start) if start == prev else f"{start}-{prev}")
            start = prev = n
    return ", ".join(out)


def two_sum(nums, target):
    seen = {}
    for i, n in enumerate(nums):
        if target - n in seen:
            return [seen[target - n], i]
        seen[n] = i


def longest_substring(s):
    seen, start, best = {}, 0, (0, 0)
    for i, c in enumerate(s):
        if c in seen and seen[c] >= start:
            start = seen[c] + 1
        seen[c] = i
        best = max(best, (i - start + 1, -start))
    return s[-best[1]:-best[1] + best[0]]


def merge_intervals(intervals):
    merged = []
    for s, e in sorted(intervals):
        if merged and s <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], e)
        else:
            merged.append([s, e])
    return merged


def group_anagrams(words):
    groups = {}
    for w in words:
        groups.setdefault("".join(sorted(w)), []).append(w)
    return sorted(groups.values(), key=len, reverse=True)


def max_subarray(nums):
    best = current = nums[0]
    for n in nums[1:]:
        current = max(n, current + n)
        best = max(best, current)
    return best


def rotate(nums, k):
    k %= len(nums)
    nums[:] = nums[-k:] + nums[:-k]
    return nums


def fizzbuzz(n):
    return ["Fizz" * (i % 3 == 0) + "Buzz" * (i % 5 == 0) or str(i) for i in range(1, n + 1)]


def pascal(n):
    row = [1]
    for _ in range(n):
        yield row
        row = [1] + [a + b for a, b in zip(row, row[1:])] + [1]


def product_except_self(nums):
    out = [1] * len(nums)
    for i in range(1, len(nums)):
        out[i] = out[i - 1] * nums[i - 1]
    r = 1
    for i in range(len(nums) - 1, -1, -1):
        out[i] *= r
        r *= nums[i]
    return out


print(compress_ranges([1, 2, 3, 7, 9, 10, 3]))
print(two_sum([2, 7, 11, 15], 9), two_sum([1], 5))
print(longest_substring("abcabcbbxyzw"))
print(merge_intervals([[8, 10], [1, 3], [2, 6], [15, 18]]))
print(group_anagrams(["eat", "tea", "tan", "ate", "nat", "bat"]))
print(max_subarray([-2, 1, -3, 4, -1, 2, 1, -5, 4]))
print(rotate([1, 2, 3, 4, 5], 7))
print(" ".join(fizzbuzz(15)))
for row in pascal(6):
    print(" ".join(map(str, row)).center(20).rstrip())
print(product_except_self([1, 2, 3, 4]))
print("listen" == "silent", sorted("listen") == sorted("silent"))
print([*range(3), *"ab"], {**{"a": 1}, "b": 2}, (lambda *a, **k: (a, k))(1, *[2], x=3))
a = [1, 2, 3, 4, 5, 6]
a[1:3] = ["x"]
del a[-2:]
a.insert(0, "first")
a.extend([9, 8])
print(a, a.index(9), a[::2], a.count("x"))
# --- patterns of design
class Subject:
    def __init__(self):
        self._observers = []

    def attach(self, observer):
        self._observers.append(observer)

    def detach(self, observer):
        self._observers.remove(observer)

    def notify(self, *args):
        for observer in self._observers:
            observer.update(self, *args)


class Stock(Subject):
    def __init__(self, symbol, price):
        super().__init__()
        self.symbol = symbol
        self.__price = price

    @property
    def price(self):
        return self.__price

    @price.setter
    def price(self, value):
        old, self.__price = self.__price, value
        if old != value:
            self.notify(old, value)


class Investor:
    def __init__(self, name):
        self.name = name

    def update(self, subject, old, new):
        change = (new - old) / old * 100
        arrow = "▲" if change > 0 else "▼"
        print(f"{self.name}: {subject.symbol} {old} -> {new} ({arrow}{abs(change):.1f}%)")


class Command:
    def execute(self):
        raise NotImplementedError

    def undo(self):
        raise NotImplementedError


class AddCommand(Command):
    def __init__(self, target, value):
        self.target, self.value = target, value

    def execute(self):
        self.target.append(self.value)

    def undo(self):
        self.target.pop()


class Handler:
    def __init__(self, successor=None):
        self._successor = successor

    def handle(self, request):
        if self._successor:
            return self._successor.handle(request)
        return f"nobody handles {request}"


class SmallHandler(Handler):
    def handle(self, request):
        return f"small handled {request}" if request < 10 else super().handle(request)


class BigHandler(Handler):
    def handle(self, request):
        return f"big handled {request}" if request > 100 else super().handle(request)


stock = Stock("ACME", 100)
ann, bob = Investor("Ann"), Investor("Bob")
stock.attach(ann)
stock.attach(bob)
stock.price = 110
stock.detach(bob)
stock.price = 99
stock.price = 99
try:
    print(stock.__price)
except AttributeError as e:
    print("AttributeError:", e)
print(stock._Stock__price)
data, history = [], []
for v in "xyz":
    c = AddCommand(data, v)
    c.execute()
    history.append(c)
history.pop().undo()
print(data)
chain = SmallHandler(BigHandler())
print([chain.handle(n) for n in (5, 500, 50)])
try:
    Command().execute()
except NotImplementedError as e:
    print("not implemented", repr(e))


class Visitor:
    def visit(self, node):
        method = getattr(self, "visit_" + type(node).__name__, self.generic_visit)
        return method(node)

    def generic_visit(self, node):
        raise TypeError("No visit_{} method".format(type(node).__name__))


class Evaluator(Visitor):
    def visit_int(self, n):
        return n

    def visit_tuple(self, t):
        op, l, r = t
        l, r = self.visit(l), self.visit(r)
        return {"+": l + r, "*": l * r, "-": l - r}[op]


print(Evaluator().visit(("+", 1, ("*", 2, ("-", 7, 3)))))
try:
    Evaluator().visit("x")
except TypeError as e:
    print(e)
# --- customers from JSON
import json
from dataclasses import dataclass, field, asdict
from datetime import datetime
from typing import Any, Dict, List


@dataclass
class Address:
    street: str
    city: str
    zip_code: str = ""


@dataclass
class Customer:
    id: int
    name: str
    address: Address
    orders: List["Order"] = field(default_factory=list)

    @classmethod
    def from_dict(cls, data: Dict[str, Any]) -> "Customer":
        return cls(
            id=data["id"],
            name=data["name"],
            address=Address(**data["address"]),
            orders=[Order.from_dict(o) for o in data.get("orders", [])],
        )


@dataclass
class Order:
    sku: str
    amount: float
    placed: datetime

    @classmethod
    def from_dict(cls, d):
        return cls(d["sku"], float(d["amount"]), datetime.fromisoformat(d["placed"]))


class Encoder(json.JSONEncoder):
    def default(self, o):
        if isinstance(o, datetime):
            return o.isoformat()
        if isinstance(o, set):
            return sorted(o)
        return super().default(o)


payload = """{"id": 7, "name": "Zoë", "address": {"street": "1 Main St", "city": "Springfield"},
 "orders": [{"sku": "X1", "amount": "19.90", "placed": "2024-03-05T10:00:00"}, {"sku": "Y2", "amount": 5, "placed": "2024-03-06T12:30:00"}]}"""

customer = Customer.from_dict(json.loads(payload))
print(customer.name, customer.address, len(customer.orders))
print(sum(o.amount for o in customer.orders))
print(json.dumps(asdict(customer), cls=Encoder, indent=2, ensure_ascii=False))
print(json.dumps({"tags": {"b", "a"}}, cls=Encoder))
print(json.dumps({"when": datetime(2024, 1, 1)}, default=str))
try:
    json.dumps({"x": object()}, cls=Encoder)
except TypeError as e:
    print("TypeError:", e)
hooked = json.loads('{"a": {"b": 1.5}}', object_hook=lambda d: {k.upper(): v for k, v in d.items()}, parse_float=str)
print(hooked)
# --- a parking lot and a cart
def simulate_bank_queue(customers, tellers=2):
    import heapq
    free_at = [0] * tellers
    heapq.heapify(free_at)
    waits = []
    for arrival, service in customers:
        t = heapq.heappop(free_at)
        start = max(arrival, t)
        waits.append(start - arrival)
        heapq.heappush(free_at, start + service)
    return waits


class ParkingLot:
    def __init__(self, capacity):
        self.capacity = capacity
        self.spots = {i: None for i in range(1, capacity + 1)}

    def park(self, plate):
        if plate in self.spots.values():
            return f"{plate} already parked"
        spot = next((s for s, p in self.spots.items() if p is None), None)
        if spot is None:
            return "Lot full"
        self.spots[spot] = plate
        return f"{plate} parked in spot {spot}"

    def leave(self, plate):
        for spot, p in self.spots.items():
            if p == plate:
                self.spots[spot] = None
                return f"{plate} left spot {spot}"
        return f"{plate} not found"

    @property
    def occupancy(self):
        return sum(p is not None for p in self.spots.values()) / self.capacity


class ShoppingCart:
    DISCOUNTS = {"SAVE10": 0.10, "HALF": 0.5}

    def __init__(self):
        self._items = {}
        self._code = None

    def __setitem__(self, name, price_qty):
        self._items[name] = price_qty

    def __iadd__(self, item):
        name, price, qty = item
        old = self._items.get(name, (price, 0))
        self._items[name] = (price, old[1] + qty)
        return self

    def __len__(self):
        return sum(q for _, q in self._items.values())

    def __bool__(self):
        return bool(self._items)

    def apply(self, code):
        assert code in self.DISCOUNTS, f"Invalid code {code!r}"
        self._code = code

    @property
    def total(self):
        subtotal = sum(p * q for p, q in self._items.values())
        return round(subtotal * (1 - self.DISCOUNTS.get(self._code, 0)), 2)


print(simulate_bank_queue([(0, 5), (1, 3), (2, 4), (3, 1), (10, 2)]))
lot = ParkingLot(2)
for action in ("park A", "park B", "park A", "park C", "leave A", "park C", "leave Z"):
    verb, plate = action.split()
    print(getattr(lot, verb)(plate))
print(f"{lot.occupancy:.0%}")
cart = ShoppingCart()
print(bool(cart), cart.total)
cart += ("apple", 0.5, 4)
cart += ("apple", 0.5, 2)
cart["pear"] = (1.25, 2)
print(len(cart), cart.total)
cart.apply("SAVE10")
print(cart.total)
try:
    cart.apply("BOGUS")
except AssertionError as e:
    print("AssertionError:", e)
# --- results as dataclasses
from typing import Generic, TypeVar, Callable, Union
from dataclasses import dataclass

T = TypeVar("T")
U = TypeVar("U")
E = TypeVar("E")


@dataclass(frozen=True)
class Ok(Generic[T]):
    value: T

    def map(self, f: Callable[[T], U]) -> "Ok[U]":
        return Ok(f(self.value))

    def and_then(self, f):
        return f(self.value)

    def unwrap_or(self, default):
        return self.value


@dataclass(frozen=True)
class Err(Generic[E]):
    error: E

    def map(self, f):
        return self

    def and_then(self, f):
        return self

    def unwrap_or(self, default):
        return default


Result = Union[Ok[T], Err[E]]


def parse_int(s: str) -> Result[int, str]:
    try:
        return Ok(int(s))
    except ValueError as e:
        return Err(str(e))


def safe_div(a: int, b: int) -> Result[float, str]:
    return Ok(a / b) if b else Err("division by zero")


class Stack(Generic[T]):
    def __init__(self) -> None:
        self._items: list[T] = []

    def push(self, item: T) -> None:
        self._items.append(item)

    def pop(self) -> T:
        return self._items.pop()


class Maybe:
    def __init__(self, value):
        self.value = value

    def __rshift__(self, f):
        return self if self.value is None else Maybe(f(self.value))

    def __or__(self, default):
        return default if self.value is None else self.value


for text in ("10", "0", "abc"):
    r = parse_int(text).and_then(lambda n: safe_div(100, n)).map(lambda x: x + 1)
    match r:
        case Ok(value):
            print(f"{text}: ok {value}")
        case Err(error=msg):
            print(f"{text}: error {msg}")
print(parse_int("x").unwrap_or(-1), Ok(5), Err("bad") == Err("bad"))
s = Stack[int]()
s.push(1)
s.push(2)
print(s.pop())
print((Maybe(3) >> (lambda x: x + 1) >> str) | "none", (Maybe({}.get("k")) >> len) | "none")
