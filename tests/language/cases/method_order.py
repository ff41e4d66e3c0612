# --- a method is looked up before the arguments of its call are computed
def f(*a):
    print("f", a)
    return 1

def attempt(g):
    try:
        print(g())
    except Exception as e:
        print(type(e).__name__, e)

class Q:
    pass

for v in (None, 5, "x", [1], {}, Q(), f, ValueError("a"), len, int, (1,), {1}, 1.5):
    attempt(lambda: v.split(f()))
    attempt(lambda: v.missing(f()))
    attempt(lambda: v.append(f()))
    attempt(lambda: v.add(f(), f()))
    attempt(lambda: v.extend([f()] if f() else f(2)))
    attempt(lambda: v.strip(a=f(1)))
    attempt(lambda: v.args(f(1)))
    attempt(lambda: v.strip(*[f(2)], **{}))
    attempt(lambda: v.count([f(i) for i in range(2)]))
# --- of an object, before too, by a property and by __getattr__
def f(*a):
    print("f", a)
    return 1

def attempt(g):
    try:
        print(g())
    except Exception as e:
        print(type(e).__name__, e)

class P:
    @property
    def m(self):
        print("getter")
        return f
    @property
    def split(self):
        print("split")
        return f
    def __getattr__(self, name):
        print("getattr", name)
        if name in ("z", "count"):
            return f
        raise AttributeError(name)
    def own(self):
        self.count(f(1))
        self.nothing(f(2))

p = P()
for g in (lambda: p.m(f()), lambda: p.z(f()), lambda: p.y(f()), lambda: p.split(f()), lambda: p.count(f()), p.own,
          lambda: p.index(f()), lambda: p.m([f(i) for i in range(2)]), lambda: p.count([x for x in (f(), f())])):
    attempt(g)

class C:
    pass
c = C()
c.k = lambda *a: print("old", a)
def swap(x):
    c.k = lambda *a: print("new", a)
    return x
c.k(swap(1))
c.k(swap(2), [swap(i) for i in range(2)])
# --- across lines, the line is that of the method's name
x = None
def f():
    raise ValueError
(x
 .append(
    f()))
# --- where an argument gives the receiver's variable another value
x = [1]
x.append((x := [2])[0])
print(x)
y = x
y.extend((y := [3, 4]) and [5])
print(x, y)
# --- where an argument is a local that may be unbound
def attempt(f, *args):
    try:
        print(f(*args))
    except (AttributeError, NameError) as error:
        print(type(error).__name__, error)

def of_a_call(table, bound):
    if bound:
        y = 1
    table.get("k").append(y)
    return table

def of_a_local(xs, bound):
    if bound:
        y = 1
    xs.append(y)
    return xs

def in_a_list(xs, bound):
    if bound:
        y = 1
    xs.extend([0, [y]])
    return xs

def by_name(xs, bound):
    if bound:
        y = True
    xs.sort(reverse=y)
    return xs

def deleted(xs):
    y = 1
    del y
    xs.append(y)

for given in ({}, {"k": []}, None):
    for bound in (False, True):
        attempt(of_a_call, given, bound)
for each in (of_a_local, in_a_list, by_name):
    for given in (None, [2, 3]):
        for bound in (False, True):
            attempt(each, given, bound)
for given in (None, []):
    attempt(deleted, given)
# --- a global that was deleted, and a method that is not there
x = {1: None}
y = 2
del y
x.get(1).append(y)
# --- a global that was deleted, and a method that is there
x = {1: []}
y = 2
del y
x.get(1).append(y)
# --- a global that a function deleted
x = {1: None}
y = 1
def g():
    global y
    del y
def f():
    g()
    return x.get(1).append((1, y))
f()
# --- a deleted global as a keyword
x = {1: None}
y = 1
del y
x.get(1).append(k=y)
# --- a captured variable that a function deleted
def f():
    x = {1: None}
    y = 1
    def g():
        nonlocal y
        del y
    g()
    return x.get(1).append(y)
f()
# --- a deleted name of a class body
x = {1: None}
class A:
    y = 1
    del y
    x.get(1).append(y)
# --- a deleted global, and an attribute that no object has
class B:
    pass
z = 1
del z
B().foo(z)
# --- a deleted global with the name of a builtin
len = 3
del len
x = {1: None}
x.get(1).append(len)
# --- the variable of an exception, after its handler
x = {1: None}
try:
    1 / 0
except ZeroDivisionError as e:
    print(e)
x.get(1).append(e)
