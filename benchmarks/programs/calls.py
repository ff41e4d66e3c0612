"""Function calls: naive Fibonacci and a closure."""


def fib(n: int) -> int:
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def adder(step: int) -> object:
    def add(value: int) -> int:
        return value + step

    return add


def main() -> int:
    total = fib(25)
    add = adder(3)
    for _ in range(150000):
        total = add(total)
    return total
