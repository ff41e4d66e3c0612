# --- dataclass basics
from dataclasses import dataclass, field
@dataclass
class Point:
    x: int
    y: int = 0
    tags: list = field(default_factory=list)
    def norm(self) -> float:
        return (self.x ** 2 + self.y ** 2) ** 0.5
p = Point(3, 4)
p.tags.append("a")
print(p, p.norm(), p == Point(3, 4, ["a"]), p != Point(3), Point(1).tags, Point(x=1, y=2), Point.y)
p.x += 1
print(repr(p), [Point(1)])
for bad in (lambda: Point(), lambda: Point(1, 2, [], 4), lambda: Point(1, z=2)):
    try:
        bad()
    except TypeError as error:
        print(error)
hash(p)

# --- frozen and ordered
from dataclasses import dataclass, FrozenInstanceError
@dataclass(frozen=True, order=True)
class Version:
    major: int
    minor: int = 0
v = Version(1, 2)
print(sorted([Version(2), v, Version(1, 1)]), v < Version(1, 3), {v: "x"}[Version(1, 2)], max(v, Version(0, 9)))
try:
    v.major = 5
except FrozenInstanceError as error:
    print(type(error).__name__, error, isinstance(error, AttributeError))
try:
    del v.minor
except AttributeError as error:
    print(error)
try:
    v.other = 1
except AttributeError as error:
    print(error)
v < 3

# --- post init, init vars and fields without init
from dataclasses import dataclass, field, InitVar
from typing import ClassVar
@dataclass
class Rect:
    w: float
    h: float
    scale: InitVar[int] = 1
    area: float = field(init=False)
    made: ClassVar[int] = 0
    def __post_init__(self, scale):
        self.area = self.w * self.h * scale
        Rect.made += 1
print(Rect(2, 3), Rect(2, 3, 10).area, Rect.made)

# --- inheritance and keyword-only fields
from dataclasses import dataclass, KW_ONLY, field
@dataclass
class Base:
    id: int
    name: str = "?"
@dataclass
class Child(Base):
    name: str = "child"
    _: KW_ONLY
    size: int = 1
    hidden: int = field(default=5, repr=False, compare=False)
@dataclass(kw_only=True)
class Only:
    a: int
    b: int = 2
print(Child(1), Child(1, "z", size=3, hidden=9) == Child(1, "z", size=3), Child(2).hidden, Only(a=1))
Only(1)

# --- asdict, astuple, replace and fields
from dataclasses import dataclass, asdict, astuple, replace, fields, is_dataclass, field
@dataclass
class In:
    n: int
@dataclass
class Out:
    name: str
    inner: In
    items: list = field(default_factory=list)
    table: dict = field(default_factory=dict)
o = Out("a", In(1), [In(2), (In(3),)], {"k": In(4)})
d = asdict(o)
d["items"].append(5)
print(d, astuple(o), replace(o, name="b"), len(o.items), [f.name for f in fields(o)], is_dataclass(Out), is_dataclass(o), is_dataclass(3))
print(fields(In)[0].name, fields(In)[0].type)
replace(o, nope=1)

# --- dataclass mistakes
from dataclasses import dataclass, field
try:
    @dataclass
    class A:
        x: list = []
except ValueError as error:
    print(error)
try:
    @dataclass
    class B:
        x: int = 1
        y: int
except TypeError as error:
    print(error)
try:
    field(default=1, default_factory=list)
except ValueError as error:
    print(error)
try:
    @dataclass(order=True, eq=False)
    class C:
        x: int
except ValueError as error:
    print(error)

# --- dataclass with slots and own methods
from dataclasses import dataclass
@dataclass(slots=True)
class S:
    a: int
    b: int = 2
    def total(self):
        return self.a + self.b
    def __repr__(self):
        return "mine"
    def __eq__(self, other):
        return "always"
s = S(1)
print(s, s.total(), s == 5, S(3, 4).b)
s.c = 5

# --- dataclass with custom init and defaults that are shared
from dataclasses import dataclass
@dataclass(init=False)
class A:
    x: int = 1
    def __init__(self, n):
        self.x = n * 2
@dataclass(unsafe_hash=True)
class H:
    a: int
    b: str
@dataclass(eq=False)
class I:
    a: int
print(A(4), hash(H(1, "x")) == hash(H(1, "x")), I(1) == I(1), {H(1, "a"), H(1, "a")}, repr(I(2)))

# --- recursive dataclass
from dataclasses import dataclass, field
from typing import Optional
@dataclass
class Node:
    value: int
    next: Optional["Node"] = None
n = Node(1, Node(2))
print(n, n == Node(1, Node(2)), n.next.next)
n.next.next = n
print(n)

# --- enum basics
from enum import Enum, auto
class Color(Enum):
    RED = 1
    GREEN = auto()
    BLUE = "b"
    CRIMSON = 1
    def pretty(self):
        return self.name.title()
    @classmethod
    def default(cls):
        return cls.GREEN
    @property
    def big(self):
        return f"{self.value}!"
print(Color.RED, repr(Color.GREEN), Color.RED.name, Color.GREEN.value, Color(1), Color["BLUE"], list(Color), len(Color))
print(Color.CRIMSON is Color.RED, Color.RED.pretty(), Color.default(), Color.BLUE.big, Color.RED in Color, Color, list(Color.__members__))
print(Color.RED == 1, Color.RED == Color.RED, Color.RED is Color(1), {Color.RED: 5}[Color.RED], isinstance(Color.RED, Color), type(Color.RED) is Color, f"{Color.BLUE:>12}", bool(Color.RED))
for bad in (lambda: Color(9), lambda: Color["X"], lambda: Color.RED < Color.GREEN):
    try:
        bad()
    except Exception as error:
        print(type(error).__name__, error)

# --- enum with data and methods
from enum import Enum
class Planet(Enum):
    MERCURY = (3.303e23, 2.4397e6)
    EARTH = (5.976e24, 6.37814e6)
    def __init__(self, mass, radius):
        self.mass = mass
        self.radius = radius
    @property
    def gravity(self):
        return round(6.67300E-11 * self.mass / (self.radius * self.radius), 2)
print([(p.name, p.gravity, p.value) for p in Planet], Planet((5.976e24, 6.37814e6)))

# --- enums of numbers and text
from enum import IntEnum, StrEnum, Enum, auto
class Level(IntEnum):
    LOW = 1
    HIGH = 5
class S(StrEnum):
    A = auto()
    B = "bb"
class T(str, Enum):
    X = "x"
print(Level.LOW < Level.HIGH, Level.HIGH + 1, f"{Level.HIGH}", str(Level.LOW), repr(Level.LOW), Level(5), sorted(Level, reverse=True), max(Level), [10, 20][Level.LOW], Level.HIGH == 5)
print(S.A, S.B == "bb", f"{S.A}", S.A.upper(), repr(S.B), "-".join(S), T.X, T.X == "x", T("x").value, f"{T.X}", {"x": 1}[T.X])

# --- flags
from enum import Flag, IntFlag, auto
class Perm(Flag):
    R = auto()
    W = auto()
    X = auto()
    RW = R | W
class I(IntFlag):
    A = 1
    B = 2
print(Perm.R | Perm.X, repr(Perm.RW), Perm.R in Perm.RW, list(Perm.RW), ~Perm.R, bool(Perm.R & Perm.W), Perm(3), Perm(0), repr(Perm.R ^ Perm.RW), list(Perm))
print(I.A | I.B, repr(I.A | I.B), I.A | 8, (I.A | I.B) & I.B, Perm.R.value, len(Perm.RW))
Perm(8)

# --- enum hooks
from enum import Enum, auto, unique
class Day(Enum):
    @staticmethod
    def _generate_next_value_(name, start, count, last_values):
        return name.lower()
    MON = auto()
    TUE = auto()
    @classmethod
    def _missing_(cls, value):
        return cls.MON if value == "m" else None
print(Day.MON.value, Day("tue"), Day("m"))
try:
    @unique
    class U(Enum):
        A = 1
        B = 1
except ValueError as error:
    print(error)
Day("q")

# --- enum members cannot be changed
from enum import Enum
class C(Enum):
    A = 1
try:
    C.A = 2
except AttributeError as error:
    print(error)
try:
    C.A.value = 3
except AttributeError as error:
    print(type(error).__name__)
try:
    class D(C):
        B = 2
except TypeError as error:
    print(error)

# --- enum made by a call
from enum import Enum
E = Enum("E", "A B C")
F = Enum("F", {"X": 10, "Y": 20})
class Base(Enum):
    def shout(self):
        return self.name + "!"
class G(Base):
    ONE = 1
print(list(E), E.B.value, F.Y, [m.value for m in F], G.ONE.shout(), isinstance(G.ONE, Base))

# --- enum in match
from enum import Enum
class Op(Enum):
    ADD = "+"
    SUB = "-"
def run(op, a, b):
    match op:
        case Op.ADD:
            return a + b
        case Op.SUB:
            return a - b
[run(Op.ADD, 1, 2), run(Op.SUB, 1, 2), run(None, 1, 2)]

# --- abstract classes
from abc import ABC, abstractmethod
class Shape(ABC):
    @abstractmethod
    def area(self):
        ...
    @property
    @abstractmethod
    def label(self):
        ...
    def describe(self):
        return f"{self.label} {self.area()}"
class Square(Shape):
    def __init__(self, s):
        self.s = s
    def area(self):
        return super().area() or self.s ** 2
    @property
    def label(self):
        return "square"
class Half(Shape):
    def area(self):
        return 1
print(Square(2).describe(), isinstance(Square(1), Shape), issubclass(Half, Shape))
for kind in (Shape, Half):
    try:
        kind()
    except TypeError as error:
        print(error)

# --- generic classes and type variables
from typing import Generic, TypeVar, Optional, Union, List, Dict, Callable, Any, cast
T = TypeVar("T")
K = TypeVar("K")
class Stack(Generic[T]):
    def __init__(self) -> None:
        self.items: List[T] = []
    def push(self, x: T) -> "Stack[T]":
        self.items.append(x)
        return self
class Pair(Generic[T, K]):
    def __init__(self, a: T, b: K):
        self.a, self.b = a, b
class Ints(Stack[int]):
    pass
Handler = Callable[[int], Optional[str]]
Table = Dict[str, Union[int, float]]
def use(x: Table, h: Handler = None) -> Any:
    return cast(int, x)
print(Stack[int]().push(4).items, Pair("a", 1).b, Ints().push(1).items, use({"a": 1}), T, isinstance(3, Union[int, str]))

# --- typed named tuples
from typing import NamedTuple
class Point(NamedTuple):
    x: int
    y: int = 5
    def total(self):
        return self.x + self.y
p = Point(1)
x, y = p
print(p, p.x, p[1], p.total(), p._replace(x=7), p._asdict(), Point._fields, p == (1, 5), x + y, len(p), sorted([Point(3), Point(1)]), Point(y=2, x=1))
p.x = 5

# --- protocols and typed dicts
from typing import Protocol, runtime_checkable, TypedDict, Literal, Final
@runtime_checkable
class HasArea(Protocol):
    def area(self) -> float: ...
class Sq:
    def area(self):
        return 1
class Movie(TypedDict, total=False):
    name: str
    year: int
MODE: Literal["a", "b"] = "a"
LIMIT: Final = 5
m: Movie = {"name": "x"}
print(isinstance(Sq(), HasArea), isinstance(3, HasArea), Movie(name="y", year=1), m, MODE, LIMIT)

# --- abstract collections
from collections.abc import Iterable, Mapping, Sequence, Callable, Iterator, Hashable, Sized, MutableSequence, Set
class Walk:
    def __iter__(self):
        return iter(())
class Full:
    def __len__(self):
        return 0
    __hash__ = None
[isinstance(v, k) for v in ([], {}, "", {1}, 3, len, iter([]), Walk(), Full(), (1,), frozenset(), lambda: 1, range(3)) for k in (Iterable, Mapping, Sequence, Callable, Iterator, Hashable, Sized, MutableSequence, Set)]

# --- deriving from abstract collections
from collections.abc import MutableMapping, Sequence, Iterator
class M(MutableMapping):
    def __init__(self):
        self.d = {}
    def __getitem__(self, k):
        return self.d[k]
    def __setitem__(self, k, v):
        self.d[k] = v
    def __delitem__(self, k):
        del self.d[k]
    def __iter__(self):
        return iter(self.d)
    def __len__(self):
        return len(self.d)
class Evens(Sequence):
    def __init__(self, n):
        self.n = n
    def __len__(self):
        return self.n
    def __getitem__(self, i):
        if i >= self.n:
            raise IndexError(i)
        return i * 2
class Up(Iterator):
    def __init__(self):
        self.n = 0
    def __next__(self):
        self.n += 1
        if self.n > 3:
            raise StopIteration
        return self.n
m = M()
m["a"] = 1
m.update(b=2)
print(m.get("a"), m.get("z", 0), "a" in m, list(m.items()), m.pop("a"), dict(m), list(m), m == {"b": 2}, m.setdefault("q", 9), list(m.values()))
e = Evens(4)
print(list(e), 4 in e, e.index(4), e.count(2), list(reversed(e)), list(Up()))
class Lacking(Sequence):
    pass
Lacking()
