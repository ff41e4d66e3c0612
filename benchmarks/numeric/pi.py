"""Pi by Monte Carlo, with a generator of its own (a linear congruence)."""

SIZE = 1_000_000


def run(n: int) -> float:
    state = 12345
    inside = 0
    for _ in range(n):
        state = (state * 1103515245 + 12345) % 2147483648
        x = state / 2147483648
        state = (state * 1103515245 + 12345) % 2147483648
        y = state / 2147483648
        if x * x + y * y <= 1.0:
            inside += 1
    return 4.0 * inside / n
