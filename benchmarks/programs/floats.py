"""Floats: an n-body step and a Mandelbrot row."""

import math


def energy(bodies: list) -> float:
    total = 0.0
    for i in range(len(bodies)):
        x, y, z, vx, vy, vz, mass = bodies[i]
        total += 0.5 * mass * (vx * vx + vy * vy + vz * vz)
        for j in range(i + 1, len(bodies)):
            other = bodies[j]
            dx, dy, dz = x - other[0], y - other[1], z - other[2]
            total -= mass * other[6] / math.sqrt(dx * dx + dy * dy + dz * dz)
    return total


def step(bodies: list, dt: float) -> None:
    for i in range(len(bodies)):
        a = bodies[i]
        for j in range(i + 1, len(bodies)):
            b = bodies[j]
            dx, dy, dz = a[0] - b[0], a[1] - b[1], a[2] - b[2]
            squared = dx * dx + dy * dy + dz * dz
            pull = dt / (squared * math.sqrt(squared))
            a[3] -= dx * b[6] * pull
            a[4] -= dy * b[6] * pull
            a[5] -= dz * b[6] * pull
            b[3] += dx * a[6] * pull
            b[4] += dy * a[6] * pull
            b[5] += dz * a[6] * pull
    for body in bodies:
        body[0] += dt * body[3]
        body[1] += dt * body[4]
        body[2] += dt * body[5]


def mandelbrot(width: int, height: int) -> int:
    inside = 0
    for row in range(height):
        for column in range(width):
            cr, ci = 3.0 * column / width - 2.0, 2.0 * row / height - 1.0
            r = i = 0.0
            for _ in range(40):
                r, i = r * r - i * i + cr, 2.0 * r * i + ci
                if r * r + i * i > 4.0:
                    break
            else:
                inside += 1
    return inside


def main() -> list:
    bodies = [[math.cos(k) * (k + 1), math.sin(k) * (k + 1), 0.1 * k, 0.0, 0.01 * k, 0.0, 1.0 + k] for k in range(5)]
    for _ in range(4000):
        step(bodies, 0.001)
    return [energy(bodies), mandelbrot(70, 50)]
