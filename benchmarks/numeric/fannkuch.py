"""Fannkuch: flips of pancakes over all permutations (after the Benchmarks Game)."""

SIZE = 9


def run(n: int) -> int:
    perm1 = list_up_to(n)
    perm = [0] * n
    count = [0] * n
    flips_most = 0
    checksum = 0
    r = n
    number = 0
    while True:
        while r != 1:
            count[r - 1] = r
            r -= 1
        for i in range(n):
            perm[i] = perm1[i]
        flips = 0
        k = perm[0]
        while k != 0:
            i = 0
            j = k
            while i < j:
                t = perm[i]
                perm[i] = perm[j]
                perm[j] = t
                i += 1
                j -= 1
            flips += 1
            k = perm[0]
        if flips > flips_most:
            flips_most = flips
        if number % 2 == 0:
            checksum += flips
        else:
            checksum -= flips
        while True:
            if r == n:
                return checksum * 1000 + flips_most
            first = perm1[0]
            for i in range(r):
                perm1[i] = perm1[i + 1]
            perm1[r] = first
            count[r] -= 1
            if count[r] > 0:
                break
            r += 1
        number += 1


def list_up_to(n: int) -> list[int]:
    return [i for i in range(n)]  # noqa: C416
