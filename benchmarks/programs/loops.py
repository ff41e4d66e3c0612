"""Loops over integers: Collatz lengths."""


def length(n: int) -> int:
    steps = 0
    while n != 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps


def main() -> int:
    best = 0
    for start in range(1, 12000):
        steps = length(start)
        if steps > best:
            best = steps
    return best
