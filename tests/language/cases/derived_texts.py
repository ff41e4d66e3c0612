# --- methods of a text that __str__ gives
class T(str):
    def strip(self, *a):
        return 'own strip'
    def upper(self):
        return 'own upper'
    def split(self, *a):
        return 'own split'
    def replace(self, *a):
        return 'own replace'
    def join(self, xs):
        return 'own join'
    def format(self, *a):
        return 'own format'
class A:
    def __str__(self):
        return T(' ab ')
    def __repr__(self):
        return T(' cd ')
    def __format__(self, spec):
        return T(' ef ')
def f(x):
    s, r, t, u = str(x), repr(x), f'{x}', format(x)
    out = []
    for v in (s, r, t, u):
        out.append((v.strip(), v.upper(), v.split(), v.replace('a', 'b'), v.join('ab'), v.format(1)))
    out.append((s.strip(), s.upper(), s.split(), s.replace('a', 'b'), s.join('ab'), s.format(1)))
    out.append((r.strip(), r.upper(), r.split(), r.replace('a', 'b'), r.join('ab'), r.format(1)))
    out.append((t.strip(), t.upper(), t.split(), t.replace('a', 'b'), t.join('ab'), t.format(1)))
    out.append((u.strip(), u.upper(), u.split(), u.replace('a', 'b'), u.join('ab'), u.format(1)))
    out.append((str(x).strip(), repr(x).upper(), f'{x}'.split(), f'{x!s}'.split(), f'{x!r}'.strip(), format(x).split()))
    out.append((f'{x:>9}'.strip(), f'{x} '.strip(), f'{x}{x}'.upper()))
    return out
f(A())
# --- operators and len of a text that __str__ gives
class T(str):
    def __add__(self, other):
        return 'own add'
    def __radd__(self, other):
        return 'own radd'
    def __len__(self):
        return 77
    def __iter__(self):
        return iter(['own'])
    def __getitem__(self, i):
        return 'own item'
    def __eq__(self, other):
        return 'own eq'
    __hash__ = str.__hash__
    def __mod__(self, other):
        return 'own mod'
    def __mul__(self, other):
        return 'own mul'
    def __contains__(self, other):
        return True
    def __bool__(self):
        return False
    def __format__(self, spec):
        return 'own format'
class A:
    def __str__(self):
        return T('ab')
    __repr__ = __str__
    def __format__(self, spec):
        return T('ab')
def f(x):
    out = []
    s = str(x)
    out.append((s + 'a', 'a' + s, len(s), list(s), [*s], s[0], s == 'q', s % 1, s * 2, 'z' in s, bool(s), f'{s}', f'{s}b'))
    s = repr(x)
    out.append((s + 'a', 'a' + s, len(s), list(s), [*s], s[0], s == 'q', s % 1, s * 2, 'z' in s, bool(s), f'{s}', f'{s}b'))
    s = f'{x}'
    out.append((s + 'a', 'a' + s, len(s), list(s), [*s], s[0], s == 'q', s % 1, s * 2, 'z' in s, bool(s), f'{s}', f'{s}b'))
    for c in str(x):
        out.append(c)
    if f'{x}':
        out.append('true')
    s += 'c'
    out.append(s)
    a, = f'{x}'
    out.append(a)
    out.append(f'{x}' f'{x}')
    out.append(f'{1:{x}}' if False else 0)
    return out
f(A())
# --- a format spec that is a text of the program
class T(str):
    def __format__(self, spec):
        return 'own'
    def __len__(self):
        return 0
class W:
    def __format__(self, spec):
        return T('>5')
class X:
    def __format__(self, spec):
        return type(spec).__name__ + spec
def f(w, x):
    return f'{1:{w}}', f'{x:{w}}', f'{x:{w}{w}}', format(1, f'{w}'), f'{w}{w}', f'{w}-{w}'
f(W(), X())
# --- what math.floor gives
import math
class A:
    def __floor__(self):
        return 'ab'
    def __ceil__(self):
        return 'ab'
def f(x):
    y = math.floor(x)
    z = math.ceil(x)
    return y.upper(), y + 'c', z.upper(), [c for c in y]
f(A())
# --- what an encoder's encode gives
import json
class E(json.JSONEncoder):
    def encode(self, o):
        return [1]
def f(x):
    y = json.dumps(x, cls=E)
    y.append(2)
    return y, y + [3]
f(1)
# --- a metaclass puts __str__
class T(str):
    def strip(self):
        return 'own'
class M(type):
    def __new__(c, n, b, ns):
        ns['__str__'] = lambda self: T(' a ')
        return type.__new__(c, n, b, ns)
class A(metaclass=M):
    pass
def f(x):
    s = str(x)
    return s.strip()
f(A())
# --- setattr puts __str__
class T(str):
    def strip(self):
        return 'own'
class A:
    pass
A.__str__ = lambda self: T(' a ')
def f(x):
    s = str(x)
    return s.strip(), '%s'.__mod__(x).strip(), ('%s' % x).strip(), '{}'.format(x).strip(), ''.join([s]).strip()
f(A())
# --- what str.format gives
class T(str):
    def strip(self):
        return 'own'
    def __len__(self):
        return 0
    def __format__(self, spec):
        return T('again')
class A:
    def __init__(self, s):
        self.s = s
    def __format__(self, spec):
        print('spec', type(spec).__name__, str.__str__(spec))
        return T(self.s)
    def __str__(self):
        return T(self.s)
def f(a, e):
    texts = ['{}'.format(a), '{}{}'.format(e, a), '{}{}'.format(a, e), '{} '.format(a), ' {}'.format(a), '{!s}'.format(a),
             '{0:{1}}'.format(a, a), '{x}'.format_map({'x': a}), '{}}}'.format(a), '{{{}'.format(a), '{}'.format(e),
             '{:{}{}}'.format(a, a, e), '{:{}{}}'.format(a, e, a), T('{}').format(a), '{}{}{}'.format(e, e, a)]
    return [(type(t).__name__, t.strip(), str.__len__(t)) for t in texts]
f(A(' a '), A(''))
# --- the template of str.format is a text of the program
class T(str):
    def __getitem__(self, i):
        return 'own'
    def __len__(self):
        return 0
    def __iter__(self):
        return iter('own')
T('{} {{{}').format(1, 2), T('{x}').format_map({'x': 3}), len('{}'.format(T('a')))
# --- the text has a method __contains__
class T(str):
    def __contains__(self, other):
        print('asked', other)
        return True
class A:
    def __str__(self):
        return T('a at 0x7f')
    __repr__ = __str__
    def __format__(self, spec):
        return T('a at 0x7f')
def f(x):
    texts = [f'{x}', f'{x!s}', f'{x!r}', f'{x} ', str(x), repr(x), format(x), '%s' % x, '{}'.format(x), '%s%s' % (x, x)]
    return [(type(t).__name__, t[:]) for t in texts]
f(A())
# --- what an encoder's encode gives is a text of the program
import json
class T(str):
    def strip(self):
        return 'own'
class E(json.JSONEncoder):
    def encode(self, o):
        return T(' a ')
def f(x):
    y = json.dumps(x, cls=E)
    return y.strip()
f(1)
# --- math.floor gives a number of the program
import math
class N(int):
    def bit_length(self):
        return 'own'
    def __add__(self, other):
        return 'own add'
class A:
    def __floor__(self):
        return N(3)
def f(x):
    y = math.floor(x)
    return y.bit_length(), y + 1
f(A())
