"""Prefix sums, and the largest sum of a run of neighbours."""

SIZE = 500_000


def run(n: int) -> int:
    values = [i * 7919 % 2003 - 1001 for i in range(n)]
    sums = [0] * (n + 1)
    for i in range(n):
        sums[i + 1] = sums[i] + values[i]
    best = 0
    lowest = 0
    for i in range(n + 1):
        if sums[i] - lowest > best:
            best = sums[i] - lowest
        if sums[i] < lowest:
            lowest = sums[i]
    return best
