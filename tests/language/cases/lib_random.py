# --- a seed gives CPython's numbers
import random
random.seed(42)
print(random.random(), random.randint(1, 100), random.randrange(0, 10, 2), random.uniform(1, 2), random.choice("abc"))
print(random.choices([1, 2, 3], weights=[5, 1, 1], k=5), random.sample(range(100), 5), random.getrandbits(70), random.randbytes(4))
x = list(range(8))
random.shuffle(x)
x, random.gauss(0, 1), random.normalvariate(0, 1), random.expovariate(2), random.betavariate(1, 2), random.triangular(1, 2, 1.5)
# --- other distributions
import random
random.seed("text")
[f(1.5, 2.5) for f in (random.gammavariate, random.lognormvariate, random.vonmisesvariate, random.weibullvariate)], random.paretovariate(3)
# --- generators of one's own
import random
r = random.Random(7)
s = random.Random(7)
print(r.random() == s.random(), r.randint(1, 6), r.choice([1, 2]), r.sample([1, 2, 3], 2), r.choices("ab", k=3))
state = r.getstate()
a = [r.random() for _ in range(3)]
r.setstate(state)
a == [r.random() for _ in range(3)], isinstance(r, random.Random), random.Random(1).getrandbits(8), r.shuffle([]), r.randbytes(3)
# --- state of the module
import random
random.seed(1)
state = random.getstate()
a = random.random()
random.setstate(state)
a == random.random(), len(state[1])
# --- without a seed numbers are in range
import random
0 <= random.random() < 1, 1 <= random.randint(1, 3) <= 3, random.random() != random.random(), random.Random().random() < 1
# --- choosing from nothing
import random
random.choice([])
# --- an empty range
import random
random.randint(5, 1)
# --- a sample that is too large
import random
random.sample([1, 2], 3)
# --- sampling a set
import random
random.sample({1, 2, 3}, 2)
