"""Dicts: counting, grouping and joining."""


def main():
    counts = {}
    groups = {}
    seed = 7
    for i in range(40000):
        seed = (seed * 1103515245 + 12345) % 2147483648
        key = "k" + str(seed % 211)
        counts[key] = counts.get(key, 0) + 1
        if i % 4 == 0:
            groups.setdefault(seed % 31, []).append(i)
    inverse = {count: key for key, count in counts.items()}
    total = 0
    for key in groups:
        total += len(groups[key]) * key
    return [len(counts), len(inverse), total]
