"""Histogram of numbers from a generator, and its mode."""

SIZE = 1_000_000


def run(n: int) -> int:
    bins = [0] * 256
    state = 1
    for _ in range(n):
        state = (state * 1664525 + 1013904223) & 4294967295
        bins[state >> 24] += 1
    best = 0
    for i in range(256):
        if bins[i] > bins[best]:
            best = i
    return best * 1000000 + bins[best]
