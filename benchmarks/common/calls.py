"""Function calls with arguments and defaults."""


def clamp(value, low=0, high=1000):
    if value < low:
        return low
    if value > high:
        return high
    return value


def mix(a, b, c):
    return clamp(a * 3 + b * 5 - c)


def main():
    total = 0
    for i in range(60000):
        total += mix(i % 100, i % 7, clamp(i, high=50))
    return total
