"""Sorting: keys, several criteria, grouping, and a merge sort written out."""


def records(count):
    seed = 42
    made = []
    for i in range(count):
        seed = (seed * 1103515245 + 12345) % 2147483648
        made.append({"id": i, "score": seed % 1000, "name": "user" + str(seed % 97)})
    return made


def merge_sort(items):
    if len(items) < 2:
        return items
    middle = len(items) // 2
    left = merge_sort(items[:middle])
    right = merge_sort(items[middle:])
    merged = []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            merged.append(left[i])
            i += 1
        else:
            merged.append(right[j])
            j += 1
    merged.extend(left[i:])
    merged.extend(right[j:])
    return merged


def main():
    rows = records(8000)
    best = sorted(rows, key=lambda row: (-row["score"], row["name"], row["id"]))[:50]
    groups = {}
    for row in rows:
        groups.setdefault(row["name"], []).append(row["score"])
    names = sorted(groups, key=lambda name: (sum(groups[name]), name))
    merged = merge_sort([row["score"] for row in rows])
    words = sorted([row["name"] for row in rows], reverse=True)
    return best[0]["id"], best[-1]["id"], names[:5], merged[:3], merged[-3:], words[0]
