"""Sorting with keys, and an insertion into sorted lists."""


def key_of(row):
    return (-row["score"], row["name"])


def main():
    rows = []
    seed = 42
    for i in range(6000):
        seed = (seed * 1103515245 + 12345) % 2147483648
        rows.append({"id": i, "score": seed % 1000, "name": "user" + str(seed % 97)})
    best = sorted(rows, key=key_of)
    again = sorted([row["score"] for row in rows], reverse=True)
    kept = []
    for row in rows[:300]:
        place = 0
        for held in kept:
            if held < row["score"]:
                place += 1
        kept.insert(place, row["score"])
    return [best[0]["id"], best[-1]["id"], again[5], kept[7]]
