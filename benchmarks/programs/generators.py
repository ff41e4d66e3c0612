"""Generators: pipelines, delegation and generator expressions."""


def numbers(stop):
    n = 0
    while n < stop:
        yield n
        n += 1


def evens(items):
    for item in items:
        if item % 2 == 0:
            yield item


def pairs(items):
    held = None
    for item in items:
        if held is None:
            held = item
        else:
            yield held, item
            held = None


def walk(tree):
    if isinstance(tree, list):
        for branch in tree:
            yield from walk(branch)
    else:
        yield tree


def main():
    total = 0
    for a, b in pairs(evens(numbers(60000))):
        total += a * b % 17
    squares = sum(n * n for n in numbers(40000) if n % 3 == 0)
    tree = [[i, [i + 1, [i + 2, i + 3]]] for i in range(2000)]
    return total, squares, sum(walk(tree)), max(len(str(n)) for n in numbers(20000))
