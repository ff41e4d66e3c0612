"""Lists: a sieve, a matrix product, an insertion sort."""


def sieve(limit: int) -> int:
    marks = [True] * limit
    marks[0] = marks[1] = False
    for number in range(2, int(limit**0.5) + 1):
        if marks[number]:
            for multiple in range(number * number, limit, number):
                marks[multiple] = False
    return sum([1 for mark in marks if mark])


def product(a: list, b: list) -> list:
    size = len(a)
    return [[sum([a[i][k] * b[k][j] for k in range(size)]) for j in range(size)] for i in range(size)]


def insertion_sort(values: list) -> list:
    result = list(values)
    for i in range(1, len(result)):
        value = result[i]
        j = i - 1
        while j >= 0 and result[j] > value:
            result[j + 1] = result[j]
            j -= 1
        result[j + 1] = value
    return result


def main() -> list:
    matrix = [[(i * 31 + j * 17) % 10 for j in range(45)] for i in range(45)]
    values = [(i * 7919) % 1009 for i in range(550)]
    return [sieve(250000), product(matrix, matrix)[3][5], insertion_sort(values)[10]]
