"""Mandelbrot set: iterations summed over a square of points."""

SIZE = 200


def run(n: int) -> int:
    total = 0
    for row in range(n):
        ci = 2.0 * row / n - 1.0
        for column in range(n):
            cr = 2.0 * column / n - 1.5
            zr = 0.0
            zi = 0.0
            count = 0
            while count < 200 and zr * zr + zi * zi <= 4.0:
                zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
                count += 1
            total += count
    return total
