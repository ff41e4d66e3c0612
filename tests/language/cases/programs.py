# --- primes
def primes(n):
    sieve = [True] * (n + 1)
    out = []
    for i in range(2, n + 1):
        if sieve[i]:
            out.append(i)
            for j in range(i * i, n + 1, i):
                sieve[j] = False
    return out
primes(60)
# --- word count
text = "the quick brown fox jumps over the lazy dog the end"
counts = {}
for w in text.split():
    counts[w] = counts.get(w, 0) + 1
sorted(counts.items(), key=lambda kv: (-kv[1], kv[0]))[:3]
# --- quicksort
def qs(xs):
    if len(xs) < 2:
        return xs
    p, *rest = xs
    return qs([x for x in rest if x < p]) + [p] + qs([x for x in rest if x >= p])
qs([5, 3, 8, 1, 9, 2, 7])
# --- matrix multiplication
def mul(a, b):
    return [[sum(x * y for x, y in zip(r, c)) for c in zip(*b)] for r in a]
mul([[1, 2], [3, 4]], [[5, 6], [7, 8]])
# --- n queens
def queens(n):
    found = 0
    def place(row, cols, d1, d2):
        nonlocal found
        if row == n:
            found += 1
            return
        for c in range(n):
            if c not in cols and row + c not in d1 and row - c not in d2:
                place(row + 1, cols | {c}, d1 | {row + c}, d2 | {row - c})
    place(0, set(), set(), set())
    return found
queens(5)
# --- collatz
def steps(n):
    k = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        k += 1
    return k
[steps(n) for n in range(1, 15)]
# --- memoized fibonacci
memo = {}
def fib(n):
    if n in memo:
        return memo[n]
    r = n if n < 2 else fib(n - 1) + fib(n - 2)
    memo[n] = r
    return r
fib(90)
# --- parser
def parse(s):
    pos = 0
    def peek():
        return s[pos] if pos < len(s) else ""
    def number():
        nonlocal pos
        start = pos
        while peek().isdigit():
            pos += 1
        if start == pos:
            raise ValueError(f"number expected at {pos}")
        return int(s[start:pos])
    def term():
        nonlocal pos
        v = number()
        while peek() in ("*", "/") and peek():
            op = s[pos]
            pos += 1
            w = number()
            v = v * w if op == "*" else v // w
        return v
    v = term()
    while peek() in ("+", "-") and peek():
        op = s[pos]
        pos += 1
        w = term()
        v = v + w if op == "+" else v - w
    return v
r = [parse("1+2*3"), parse("10-4/2")]
try:
    parse("1+")
except ValueError as e:
    r.append(str(e))
r
# --- graph search
graph = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}
def bfs(start, goal):
    queue, seen = [[start]], {start}
    while queue:
        path = queue.pop(0)
        if path[-1] == goal:
            return path
        for n in graph[path[-1]]:
            if n not in seen:
                seen.add(n)
                queue.append(path + [n])
    return None
bfs("a", "d")
# --- bank account closures
def account(balance):
    history = []
    def deposit(n):
        nonlocal balance
        if n <= 0:
            raise ValueError("deposit must be positive")
        balance += n
        history.append(("deposit", n))
        return balance
    def report():
        return f"{balance:.2f} after {len(history)} change{'s' if len(history) != 1 else ''}"
    return {"deposit": deposit, "report": report}
a = account(10)
a["deposit"](5.5)
try:
    a["deposit"](-1)
except ValueError as e:
    print("error:", e)
print(a["report"]())
# --- permutations
def perms(xs):
    if not xs:
        return [[]]
    return [[x] + p for i, x in enumerate(xs) for p in perms(xs[:i] + xs[i + 1:])]
perms([1, 2, 3])
# --- cosine similarity
import math
def cos(a, b):
    dot = sum(x * y for x, y in zip(a, b))
    return dot / (math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(x * x for x in b)))
round(cos([1, 2, 3], [4, 5, 6]), 6)
# --- text wrapping
def wrap(text, width):
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return lines + [line] if line else lines
wrap("the quick brown fox jumps over the lazy dog", 12)
# --- run length encoding
def rle(s):
    out, i = [], 0
    while i < len(s):
        j = i
        while j < len(s) and s[j] == s[i]:
            j += 1
        out.append((s[i], j - i))
        i = j
    return "".join(f"{c}{n}" for c, n in out)
rle("aaabbc")
# --- game of life
def step(cells):
    counts = {}
    for x, y in cells:
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                if dx or dy:
                    counts[(x + dx, y + dy)] = counts.get((x + dx, y + dy), 0) + 1
    return {c for c, n in counts.items() if n == 3 or (n == 2 and c in cells)}
sorted(step(step({(1, 0), (1, 1), (1, 2)})))
# --- binary search
def search(xs, x):
    lo, hi = 0, len(xs)
    while lo < hi:
        mid = (lo + hi) // 2
        if xs[mid] < x:
            lo = mid + 1
        else:
            hi = mid
    return lo if lo < len(xs) and xs[lo] == x else -1
[search(list(range(0, 100, 3)), x) for x in (0, 51, 52, 99)]
# --- roman numerals
def roman(n):
    out = ""
    for v, s in [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]:
        while n >= v:
            out += s
            n -= v
    return out
[roman(n) for n in (4, 9, 14, 1994, 2024)]
# --- matrix transpose and table
rows = [["name", "n"], ["a", 1], ["bb", 22]]
widths = [max(len(str(c)) for c in col) for col in zip(*rows)]
for row in rows:
    print(" | ".join(str(c).ljust(w) for c, w in zip(row, widths)))
# --- pi with integers
def pi_digits(n):
    q, r, t, k, m, x = 1, 0, 1, 1, 3, 3
    out = []
    while len(out) < n:
        if 4 * q + r - t < m * t:
            out.append(m)
            q, r, m = 10 * q, 10 * (r - m * t), (10 * (3 * q + r)) // t - 10 * m
        else:
            q, r, t, k, m, x = q * k, (2 * q + r) * x, t * x, k + 1, (q * (7 * k + 2) + r * x) // (t * x), x + 2
    return out
pi_digits(30)
# --- towers of hanoi
def hanoi(n, a="A", b="B", c="C"):
    if n == 0:
        return []
    return hanoi(n - 1, a, c, b) + [a + c] + hanoi(n - 1, b, a, c)
hanoi(3)
