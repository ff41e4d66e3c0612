"""Lists: comprehensions, slices, a sieve and a matrix product."""


def sieve(limit):
    flags = [True] * limit
    found = []
    for n in range(2, limit):
        if flags[n]:
            found.append(n)
            for m in range(n * n, limit, n):
                flags[m] = False
    return found


def product(a, b, size):
    return [[sum_of([a[i][k] * b[k][j] for k in range(size)]) for j in range(size)] for i in range(size)]


def sum_of(items):
    total = 0
    for item in items:
        total += item
    return total


def main():
    primes = sieve(30000)
    size = 24
    a = [[i * j % 10 for j in range(size)] for i in range(size)]
    b = product(a, a, size)
    return [len(primes), primes[-1], b[3][5], len(primes[10:200:3])]
