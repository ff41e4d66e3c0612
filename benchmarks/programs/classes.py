"""Objects: construction, attributes, methods, inheritance and operators."""


class Vector:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    def dot(self, other):
        return self.x * other.x + self.y * other.y


class Account:
    def __init__(self, owner, balance):
        self.owner = owner
        self.balance = balance
        self.history = []

    def deposit(self, amount):
        self.balance += amount
        self.history.append(amount)

    def fee(self):
        return 1

    def close(self):
        self.balance -= self.fee()
        return self.balance


class Savings(Account):
    def __init__(self, owner, balance, rate):
        super().__init__(owner, balance)
        self.rate = rate

    def fee(self):
        return self.balance * self.rate // 100


def main():
    total = Vector(0, 0)
    for i in range(20000):
        step = Vector(i % 7, i % 11)
        total = total + step
        if total.dot(step) < 0:
            return None
    closed = 0
    for i in range(4000):
        account = Savings("ann", 100, 2) if i % 2 else Account("bob", 50)
        for amount in range(5):
            account.deposit(amount)
        closed += account.close() + len(account.history)
    return total.x, total.y, closed
