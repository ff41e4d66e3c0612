"""Levenshtein distance of two sequences of letters, as numbers."""

SIZE = 800


def distance(a: list[int], b: list[int]) -> int:
    before = [j for j in range(len(b) + 1)]  # noqa: C416
    for i in range(len(a)):
        row = [0] * (len(b) + 1)
        row[0] = i + 1
        for j in range(len(b)):
            cost = 0 if a[i] == b[j] else 1
            row[j + 1] = min(row[j] + 1, before[j + 1] + 1, before[j] + cost)
        before = row
    return before[len(b)]


def run(n: int) -> int:
    a = [i * 7 % 26 for i in range(n)]
    b = [(i * i + 3) % 26 for i in range(n)]
    return distance(a, b)
