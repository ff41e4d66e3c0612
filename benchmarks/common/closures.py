"""Closures and functions as values."""


def counter(start):
    held = [start]

    def step(by):
        held[0] += by
        return held[0]

    return step


def compose(functions):
    def composed(x):
        for function in functions:
            x = function(x)
        return x

    return composed


def main():
    counters = [counter(i) for i in range(10)]
    total = 0
    for i in range(25000):
        total += counters[i % 10](i & 3)
    pipeline = compose([lambda x: x + 1, lambda x: x * 2, lambda x: x - 3])
    for i in range(12000):
        total += pipeline(i)
    return total
