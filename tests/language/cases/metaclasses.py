# --- singleton
class Singleton(type):
    _instances = {}
    def __call__(cls, *args, **kwargs):
        if cls not in cls._instances:
            cls._instances[cls] = super().__call__(*args, **kwargs)
        return cls._instances[cls]
class Database(metaclass=Singleton):
    def __init__(self, url="x"):
        print("init", url)
        self.url = url
a, b = Database("one"), Database("two")
print(a is b, b.url, type(a), type(Database), isinstance(Database, Singleton), isinstance(a, Database), vars(a))
print({Database: 1}[Database], Database == Database, Database.__name__, Database.__mro__, Singleton.__name__)
# --- registry, with keywords of the class statement
class Registry(type):
    known = {}
    def __new__(mcs, name, bases, namespace, **options):
        print("new", name, [key for key in namespace if not key.startswith("__")], options)
        cls = super().__new__(mcs, name, bases, namespace)
        if bases:
            mcs.known[name.lower()] = cls
        return cls
    def __init__(cls, name, bases, namespace, **options):
        super().__init__(name, bases, namespace)
        cls.tag = options.get("tag", "none")
class Base(metaclass=Registry):
    x = 1
    def hello(self): return f"hello from {type(self).__name__} {self.x}"
class Child(Base, tag="t"):
    def hello(self): return "child " + super().hello()
print(sorted(Registry.known), Child.tag, Base.tag, Child().hello(), Registry.known["child"] is Child)
# --- classes that are collections and have properties
class Colors(type):
    def __iter__(cls): return iter(sorted(k for k in vars(cls) if k.isupper()))
    def __len__(cls): return len(list(iter(cls)))
    def __contains__(cls, name): return name in list(iter(cls))
    def __getitem__(cls, name): return getattr(cls, name)
    def __getattr__(cls, name): return f"no {name}"
    def __repr__(cls): return f"<colors {cls.__name__}>"
    def __call__(cls, value): return f"called with {value}"
    def __add__(cls, other): return f"{cls.__name__}+{other.__name__}"
    @property
    def first(cls): return next(iter(cls))
    def describe(cls, sep): return sep.join(cls)
class Paint(metaclass=Colors):
    RED = 1
    BLUE = 2
    other = 3
print(list(Paint), len(Paint), "RED" in Paint, Paint["BLUE"], Paint.first, Paint.describe("/"), Paint, Paint(5), Paint.missing)
print(Paint + Paint, [*Paint], sorted(Paint), bool(Paint), hasattr(Paint, "anything"), f"{Paint}")
# --- derived from ABCMeta
from abc import ABCMeta, abstractmethod
class PluginMeta(ABCMeta):
    plugins = []
    def __new__(mcs, name, bases, namespace):
        cls = super().__new__(mcs, name, bases, namespace)
        mcs.plugins.append(name)
        return cls
class Plugin(metaclass=PluginMeta):
    @abstractmethod
    def run(self): ...
class Real(Plugin):
    def run(self): return "run"
try:
    Plugin()
except TypeError as error:
    print(error)
print(Real().run(), PluginMeta.plugins)
# --- names changed on the way
class Upper(type):
    def __new__(mcs, name, bases, namespace):
        return type.__new__(mcs, name, bases, {k if k[:2] == "__" else k.upper(): v for k, v in namespace.items()})
class U(metaclass=Upper):
    foo = 3
    def bar(self): return self.FOO
print(U.FOO, U().BAR(), hasattr(U, "foo"))
# --- attributes of the class guarded
class Frozen(type):
    def __setattr__(cls, name, value):
        if name != "allowed":
            raise AttributeError(f"cannot set {name}")
        super().__setattr__(name, value)
class F(metaclass=Frozen):
    a = 1
F.allowed = 5
print(F.allowed)
F.a = 2
# --- made by a call of the metaclass
class Meta(type):
    made = 0
    def __init__(cls, name, bases, namespace):
        Meta.made += 1
class Base(metaclass=Meta):
    def f(self): return "f"
Dynamic = Meta("Dynamic", (Base,), {"y": 2, "g": lambda self: self.y})
d = Dynamic()
print(d.f(), d.g(), Dynamic, Meta.made, issubclass(Dynamic, Base), type(Dynamic) is Meta)
# --- fields collected
class Field:
    def __init__(self, kind): self.kind = kind
    def __set_name__(self, owner, name): self.name = name
class ModelMeta(type):
    def __new__(mcs, name, bases, namespace):
        fields = {key: value for key, value in namespace.items() if isinstance(value, Field)}
        cls = super().__new__(mcs, name, bases, dict(namespace))
        cls._fields = {**getattr(cls, "_fields", {}), **fields}
        return cls
class Model(metaclass=ModelMeta):
    def __init__(self, **values):
        for name, field in self._fields.items():
            if not isinstance(values.get(name), field.kind):
                raise TypeError(f"{name} must be {field.kind.__name__}")
            setattr(self, name, values[name])
class User(Model):
    name = Field(str)
    age = Field(int)
u = User(name="a", age=3)
print(list(User._fields), u.name, u.age, vars(u), User._fields["age"].name)
User(name="a", age="x")
# --- conflict
class A(type): ...
class B(type): ...
class C(metaclass=A): ...
class D(metaclass=B): ...
class E(C, D): ...
# --- with __init_subclass__, __slots__, super and dataclasses
from dataclasses import dataclass, fields
class Meta(type):
    def __call__(cls, *args):
        made = super().__call__(*args)
        print("made", made)
        return made
@dataclass
class Point(metaclass=Meta):
    x: int
    y: int = 2
    def __init_subclass__(cls, **options):
        super().__init_subclass__()
        print("sub", cls.__name__, options)
class Near(Point, near=True):
    def move(self): return Near(self.x + 1, self.y)
print(Near(1).move(), [f.name for f in fields(Near)], Point(1) == Point(1))
class S(metaclass=Meta):
    __slots__ = ("a",)
    def __init__(self, a): self.a = a
    def __repr__(self): return f"S({self.a})"
s = S(4)
s.b = 1
# --- methods with names that builtin values have
class Meta(type):
    def get(cls, key): return f"meta {key}"
    def items(cls): return ["class", "items"]
class A(metaclass=Meta):
    data = {"k": 1}
    def get(self, key): return self.data.get(key)
    def keys(self): return self.data.keys()
    def append(self, x): self.x = x
a = A()
a.append(3)
print(a.get("k"), list(a.keys()), a.x, Meta.get(A, 1), A.items(), getattr(a, "x"), a.__class__.__name__, dir(a)[-3:])
match a:
    case A(x=3): print("matched")
import copy
b = copy.deepcopy(a)
print(b.x, type(b) is A, isinstance(b, A), b is not a)
