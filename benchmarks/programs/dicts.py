"""Dicts and sets: counting, grouping, a graph search."""


def count(words: list) -> dict:
    counts = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return counts


def group(numbers: list) -> dict:
    groups = {}
    for number in numbers:
        groups.setdefault(number % 97, []).append(number)
    return groups


def reach(graph: dict, start: int) -> int:
    seen = {start}
    queue = [start]
    while queue:
        node = queue.pop()
        for other in graph[node]:
            if other not in seen:
                seen.add(other)
                queue.append(other)
    return len(seen)


def main() -> list:
    words = [f"word{(i * i) % 1013}" for i in range(120000)]
    graph = {i: [(i * 3 + 1) % 30000, (i * 7 + 2) % 30000, (i + 1) % 30000] for i in range(30000)}
    counts = count(words)
    return [len(counts), max(counts.values()), len(group(list(range(100000)))), reach(graph, 0)]
