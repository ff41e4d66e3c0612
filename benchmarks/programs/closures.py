"""Closures: counters, composition, memoization and callbacks."""


def counter(start):
    value = start

    def step(by):
        nonlocal value
        value += by
        return value

    return step


def compose(*functions):
    def composed(x):
        for function in functions:
            x = function(x)
        return x

    return composed


def memoize(function):
    known = {}

    def wrapped(n):
        if n not in known:
            known[n] = function(n)
        return known[n]

    return wrapped


@memoize
def ways(n):
    return 1 if n < 2 else ways(n - 1) + ways(n - 2)


def main():
    total = 0
    counters = [counter(i) for i in range(10)]
    for i in range(30000):
        total += counters[i % 10](i & 3)
    pipeline = compose(lambda x: x + 1, lambda x: x * 2, lambda x: x - 3)
    for i in range(15000):
        total += pipeline(i)
    scaled = list(map(lambda pair: pair[0] * pair[1], [(i, i % 5) for i in range(20000)]))
    return total, ways(90), sum(scaled)
