"""Product of two square matrices, as lists of rows."""

SIZE = 120


def run(n: int) -> float:
    a = [[(i * j % 7) * 0.5 for j in range(n)] for i in range(n)]
    b = [[(i + j) % 5 * 0.25 for j in range(n)] for i in range(n)]
    c = [[0.0] * n for _ in range(n)]
    for i in range(n):
        row = a[i]
        to = c[i]
        for j in range(n):
            total = 0.0
            for k in range(n):
                total += row[k] * b[k][j]
            to[j] = total
    trace = 0.0
    for i in range(n):
        trace += c[i][i]
    return trace
