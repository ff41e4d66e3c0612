# --- a set that grows in its loop
s = {1}
for x in s:
    s.add(x + 1)
# --- a set that shrinks in its loop, caught
def f(s):
    try:
        for x in s:
            s.discard(x)
    except RuntimeError as e:
        return str(e)
[f({1, 2}), f({3})]
# --- a set of an object that grows in its loop
class A:
    def __init__(self):
        self.items = {1, 2}
    def run(self):
        for x in self.items:
            self.items.add(x * 10)
A().run()
# --- a set in a dict that grows in its loop
g = {"a": {1}}
try:
    for x in g["a"]:
        g["a"].add(x + 1)
except RuntimeError as e:
    r = e.args
r
# --- a set that is updated in a comprehension
s = {1, 2}
[s.add(x + 10) for x in s]
# --- a set that changes while it is sorted by a key
s = {1, 2, 3}
sorted(s, key=lambda x: s.add(x + 10) or x) == [1, 2, 3]
