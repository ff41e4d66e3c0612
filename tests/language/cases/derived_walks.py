# --- star of a derived text
log = []
class T(str):
    def __len__(self):
        log.append('len')
        return 3
    def __iter__(self):
        log.append('iter')
        return iter('xyz')
    def __getitem__(self, i):
        log.append('get')
        return 'g'
v = T('ab')
a = [*v]
log.append('-')
b = (*v,)
log.append('-')
d = list(v), tuple(v), set(v)
log.append('-')
e = [*v, 1, *v]
log.append('-')
x, *y = v
log.append('-')
p = print(*v)
log.append('-')
f = sorted(v), ''.join(v), list(reversed([*v])), max(v), dict.fromkeys(v), list(map(str, v)), list(zip(v, v)), list(enumerate(v))
log.append('-')
g = [1]
g += v
g.extend(v)
g[1:1] = v
log
# --- star of a derived list
log = []
class L(list):
    def __len__(self):
        log.append('len')
        return 3
    def __iter__(self):
        log.append('iter')
        return iter('xyz')
    def __getitem__(self, i):
        log.append('get')
        return 'g'
v = L('ab')
a = [*v]
log.append('-')
b = (*v,)
log.append('-')
d = list(v), tuple(v), set(v)
log.append('-')
e = [*v, 1, *v]
log.append('-')
x, *y = v
log.append('-')
p = print(*v)
log.append('-')
f = sorted(v), ''.join(v), max(v), dict.fromkeys(v), list(map(str, v)), list(zip(v, v)), list(enumerate(v)), sum([v], [])
log.append('-')
g = [1]
g += v
g.extend(v)
g[1:1] = v
log, a, b, d, e, x, y, f, g
# --- star of a derived tuple
log = []
class L(tuple):
    def __len__(self):
        log.append('len')
        return 3
    def __iter__(self):
        log.append('iter')
        return iter('xyz')
v = L('ab')
a = [*v]
log.append('-')
b = (*v,)
log.append('-')
d = list(v), tuple(v), set(v)
log.append('-')
e = [*v, 1, *v]
log.append('-')
p = print(*v)
log.append('-')
g = [1]
g += v
g.extend(v)
g[1:1] = v
log, a, b, d, e, g
# --- star of a derived dict and set
log = []
class D(dict):
    def __len__(self):
        log.append('len')
        return 3
    def __iter__(self):
        log.append('iter')
        return iter('xyz')
    def keys(self):
        log.append('keys')
        return ['a']
    def __getitem__(self, k):
        log.append('get')
        return 'g'
class S(set):
    def __len__(self):
        log.append('len')
        return 3
    def __iter__(self):
        log.append('iter')
        return iter('xyz')
v = D(a=1, b=2)
a = [*v]
log.append('-')
b = {**v}
log.append('-')
c = dict(v)
log.append('-')
d = list(v), tuple(v), set(v)
log.append('-')
def f(**k):
    return k
e = f(**v)
log.append('-')
s = S('ab')
g = [*s], (*s,), list(s), tuple(s), sorted(s)
log, a, b, c, sorted(d[2]), e
# --- length hints of iterators of the program
log = []
class I:
    def __init__(self):
        self.n = 0
    def __iter__(self):
        log.append('iter')
        return self
    def __next__(self):
        self.n += 1
        if self.n > 2:
            raise StopIteration
        return self.n
    def __length_hint__(self):
        log.append('hint')
        return 5
a = [*I()], (*I(),), list(I()), tuple(I()), set(I())
print(*I())
x, y = I()
x, *y = I()
g = []
g += I()
g.extend(I())
log
# --- methods of str(x)
log = []
class T(str):
    def split(self, *a):
        log.append('split')
        return ['own']
    def replace(self, *a):
        log.append('replace')
        return 'own'
    def encode(self, *a):
        log.append('encode')
        return b'own'
    def join(self, x):
        return 'own'
    def __len__(self):
        log.append('len')
        return 100
class A:
    def __str__(self):
        return T('a b')
    __format__ = lambda self, spec: T('c d')
x = A()
r = [str(x).split(), str(x).replace('a', 'b'), str(x).encode(), '{}'.format(x).split(), '{} '.format(x).split(), f'{x}'.replace('c', 'd'),
     str(x).splitlines(), str(x).join('ab'), 'a'.join([str(x), str(x)]), 'a b'.split(T('a')), 'a b'.replace(T('a'), T('c')), str.split(T('x y')),
     str.replace(T('a'), 'a', 'b'), str.encode(T('a')), T('a\nb').rsplit(), type(T('a').format_map({})).__name__, type(T('').format()).__name__,
     type(T('{{').format()).__name__]
r, log
# --- stars of what cannot be walked over
class A:
    pass
class B:
    def __iter__(self):
        raise TypeError('own')
class C:
    def __iter__(self):
        return 3
class D:
    __iter__ = None
class E:
    def __getitem__(self, i):
        if i > 1:
            raise IndexError
        return i
def g():
    yield 1
    raise TypeError('of a generator')
class M(type):
    def __iter__(cls):
        return iter('abc')
class N(metaclass=M):
    pass
seen = []
for x in (A(), A, B(), C(), D(), E(), 3, None, len, g(), N, int, 1.5, 'ab', {1: 2}, range(2)):
    for call in (lambda: [*x], lambda: (1, *x), lambda: print(1, *x), lambda: [*x, 1]):
        try:
            seen.append(call())
        except TypeError as e:
            seen.append((str(e), e.__context__ is None))
seen
