"""Making a class from the namespace that its body filled."""

from noodle_ray.core.vm.classes.bases import METACLASSES, is_metaclass, real_bases
from noodle_ray.core.vm.classes.dunders import add_special, bound, is_dunder
from noodle_ray.core.vm.classes.kinds import HOSTED, ProgramType, clean, hosted, is_instance
from noodle_ray.core.vm.names import CLASS_DUNDERS, MARK, mark, unmark
from noodle_ray.core.vm.state import S
from noodle_ray.light import Any, Callable, Final

Maker = Callable[[str, tuple[Any, ...], dict[str, Any], dict[str, Any]], Any]
MAKER: Final = mark("__maker__")
"""Where a host class has the function that makes classes derived from it, if they are made in a way of their own."""
PREPARE: Final = mark("__prepare__")
"""Where such a class has the function that makes the namespace for their bodies."""
ABC: Final = hosted(ProgramType("ABC", (), {"__slots__": (), "__module__": "abc"}))
TYPES: Final = mark("__types__")
"""Where a class has the values of its annotations, if the program asks for them."""
_LIMITS: Final = (MemoryError, RecursionError)


class MetaclassName:
    """A metaclass that a program may name: it stands for a base class."""

    __slots__ = ("base", "name")

    def __init__(self, name: str, base: type | None) -> None:
        self.name = name
        self.base = base

    def __repr__(self) -> str:
        return f"<class '{self.name}'>"


def make_class(name: str, body: Callable[..., Any], bases: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """Run the body of a class statement, and make the class. Raises TypeError for what no class may have."""
    bases, meta = _with_metaclass(bases, keywords)
    if meta is not ProgramType:
        return _make_with(meta, name, body, bases, keywords)
    make, prepare = _makers(bases)
    namespace: dict[str, Any] = {} if prepare is None else prepare(bases)
    fill = body(namespace)
    namespace.setdefault("__qualname__", getattr(body, "__qualname__", name))
    if fill is not None:
        dict.__setitem__(namespace, MARK, fill)
    types = dict.pop(namespace, ".types", None) if make is not build_class else None
    made = make(name, bases, namespace, keywords)
    if types is not None:
        if isinstance(made, ProgramType):
            type.__setattr__(made, TYPES, types)
        elif hasattr(made, "annotations"):
            made.annotations.update(types)
    return made


def _makers(bases: tuple[Any, ...]) -> tuple[Maker, Callable[..., Any] | None]:
    """What makes classes derived from these, and what makes the namespace for their bodies."""
    for base in bases:
        if isinstance(base, ProgramType):
            own = getattr(base, MAKER, None)
            if own is not None:
                return own, getattr(base, PREPARE, None)
        elif hasattr(type(base), "make_derived"):
            return base.make_derived, None
    return build_class, None


def _with_metaclass(bases: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[tuple[Any, ...], Any]:
    """The bases, with one that a metaclass stands for, and the metaclass that makes the class."""
    meta: Any = keywords.pop("metaclass", None)
    if type(meta) is MetaclassName:
        bases = bases if meta.base is None or meta.base in bases else (*bases, meta.base)
        meta = None
    elif getattr(meta, "name", "") == "type":
        meta = None
    winner: Any = ProgramType
    if meta is not None:
        if not (isinstance(meta, type) and issubclass(meta, ProgramType)):
            raise TypeError("a metaclass is a class derived from type in Noodle")
        winner = meta
    for base in bases:
        kind = type(base)
        if not issubclass(kind, ProgramType) or issubclass(winner, kind):
            continue
        if not issubclass(kind, winner):
            raise TypeError(
                "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the "
                "metaclasses of all its bases"
            )
        winner = kind
    return bases, winner


class _Cell:
    """What a body leaves for whoever makes the class: CPython has a cell in its place."""

    __slots__ = ("fill", "types")

    def __init__(self, fill: Any, types: Any) -> None:
        self.fill = fill
        self.types = types

    def __repr__(self) -> str:
        return "<cell>"


_Cell.__name__ = _Cell.__qualname__ = "cell"
_CELL: Final = "__classcell__"


def _make_with(meta: Any, name: str, body: Any, bases: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """Have a metaclass of the program make a class, as a call of it does."""
    if _makers(bases)[0] is not build_class:
        raise TypeError("this base makes its classes in a way of its own, which has no metaclass in Noodle")
    namespace: dict[str, Any] = {"__module__": "__main__", "__qualname__": getattr(body, "__qualname__", name)}
    fill = body(namespace)
    types = namespace.pop(".types", None)
    if fill is not None or types is not None:
        namespace[_CELL] = _Cell(fill, types)
    return meta(name, bases, namespace, **keywords)


def _new_class(meta: Any, name: Any, bases: Any, namespace: Any, /, **keywords: Any) -> Any:
    """``type.__new__`` for metaclasses of programs."""
    if not (isinstance(meta, type) and issubclass(meta, ProgramType)) or meta in HOSTED:
        raise TypeError("type.__new__(X): X is not a metaclass of the program")
    if not isinstance(name, str):
        raise TypeError(f"type.__new__() argument 1 must be str, not {type(name).__name__}")
    if not isinstance(bases, tuple):
        raise TypeError(f"type.__new__() argument 2 must be tuple, not {type(bases).__name__}")
    if not isinstance(namespace, dict):
        raise TypeError(f"type.__new__() argument 3 must be dict, not {type(namespace).__name__}")
    members = {**namespace}
    cell = members.pop(_CELL, None)
    if type(cell) is _Cell:
        if cell.fill is not None:
            members[MARK] = cell.fill
        if cell.types is not None:
            members[".types"] = cell.types
    if issubclass(meta, METACLASSES["abc.ABCMeta"]) and not any(issubclass(base, ABC) for base in real_bases(bases)):
        bases = (*bases, ABC)
    bases, winner = _with_metaclass(bases, {"metaclass": meta})
    if _makers(bases)[0] is not build_class:
        raise TypeError("this base makes its classes in a way of its own, which has no metaclass in Noodle")
    return build_class(str.__str__(name), bases, members, keywords, winner)


def _init_class(cls: Any, /, *args: Any, **keywords: Any) -> None:
    """``type.__init__``, which has nothing to do."""
    if len(args) not in (1, 3):
        raise TypeError("type.__init__() takes 1 or 3 arguments")


_UNFIT: Final = frozenset(
    f"__{name}__"
    for name in (
        *("eq", "ne", "hash", "bool", "get", "set", "delete", "set_name", "slots", "class_getitem", "copy", "deepcopy"),
        *("del", "index", "length_hint"),
    )
)
"""Special methods that no metaclass may define: the runtime itself compares, hashes and tests classes."""
_META: Final[dict[str, Any]] = {
    "__slots__": (), "__module__": "builtins", "__new__": staticmethod(_new_class), "__init__": _init_class,
}  # fmt: skip
METACLASSES["type"] = hosted(ProgramType("type", (ProgramType,), {**_META}))
METACLASSES["abc.ABCMeta"] = hosted(
    ProgramType("ABCMeta", (METACLASSES["type"],), {"__slots__": (), "__module__": "abc"})
)


def check_special(cls: Any, name: str) -> None:
    """Raise TypeError for a special method that the class, being a metaclass, may not have."""
    if issubclass(cls, ProgramType) and name in _UNFIT:
        raise TypeError(f"a metaclass cannot define {name} in Noodle")


def build_class(
    name: str,
    bases: tuple[Any, ...],
    namespace: dict[str, Any],
    keywords: dict[str, Any] | None = None,
    meta: Any = ProgramType,
) -> Any:
    """A class from names as the program wrote them.

    What the namespace has under the mark alone, is called with the class, to fill the variable ``__class__``.
    """
    S.charge(20 + len(namespace) + 4 * len(bases))
    fill = namespace.pop(MARK, None)
    members: dict[str, Any] = {"__module__": "__main__"}
    if ".types" in namespace:
        members[TYPES] = namespace.pop(".types")
    for key, value in namespace.items():
        if type(key) is not str:
            raise TypeError("the names of a class are strings")
        if key == "__slots__":
            members["__slots__"] = _slots(value)
            members[mark(key)] = value
        elif is_dunder(key):
            add_special(members, key, value)
        else:
            members[mark(key)] = value
    if "keys" in namespace:
        members["keys"] = namespace["keys"]  # what makes CPython see a mapping, in dict(x) and f(**x)
    unfit = [] if not any(map(is_metaclass, bases)) else [key for key in members if key in _UNFIT]
    if unfit:
        raise TypeError(f"a metaclass cannot define {unfit[0]} in Noodle")
    try:
        cls = type.__new__(meta, name, real_bases(bases), members)
    except (TypeError, ValueError, AttributeError) as error:
        raise type(error)(clean(str(error))) from None
    ancestors = len(cls.__mro__)  # CPython looks for every special method in each of them
    S.charge(4 * ancestors + 60 * max(0, ancestors - 10))
    if fill is not None:
        fill(cls)
    if ABC in cls.__mro__:
        set_abstract(cls)
    _name_members(cls, members)
    _tell_bases(cls, keywords or {})
    return cls


def _slots(value: Any) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else tuple(value)
    marked = []
    for each in names:
        if not isinstance(each, str):
            raise TypeError(f"__slots__ items must be strings, not '{type(each).__name__}'")
        text = str.__str__(each)
        if not text.isidentifier():
            raise TypeError("__slots__ must be identifiers")
        if text in ("__dict__", "__weakref__"):
            marked.append(text)
        elif is_dunder(text):
            raise TypeError(f"{text} cannot be a slot in Noodle")
        else:
            marked.append(mark(text))
    return tuple(marked)


def set_abstract(cls: type) -> None:
    """Find the methods that objects of the class still lack; CPython refuses to make any while there are some."""
    names = {key for key, value in cls.__dict__.items() if _is_abstract(value)}
    for base in cls.__mro__[1:]:
        for key in getattr(base, "__abstractmethods__", ()) if isinstance(base, ProgramType) else ():
            key = key if is_dunder(key) else mark(key)
            if _is_abstract(getattr(cls, key, None)):
                names.add(key)
    cls.__abstractmethods__ = frozenset(map(unmark, names))  # type: ignore[attr-defined]


def _is_abstract(value: Any) -> bool:
    return not is_instance(value) and getattr(value, "__isabstractmethod__", False) is True


def _name_members(cls: type, members: dict[str, Any]) -> None:
    """Tell the program's own descriptors their names, as ``__set_name__`` does."""
    for key, value in members.items():
        if is_instance(value) and hasattr(type(value), mark("__set_name__")):
            name = unmark(key)
            try:
                bound(getattr(type(value), mark("__set_name__")), value)(cls, name)
            except _LIMITS:
                raise
            except Exception as error:
                raise RuntimeError(
                    f"Error calling __set_name__ on '{type(value).__name__}' instance '{name}' in '{cls.__name__}'"
                ) from error


def _tell_bases(cls: type, keywords: dict[str, Any]) -> None:
    """Call the ``__init_subclass__`` of the bases."""
    hook = getattr(super(cls, cls), mark("__init_subclass__"), None)
    if hook is not None:
        hook(**keywords)
    elif keywords:
        raise TypeError(f"{cls.__name__}.__init_subclass__() takes no keyword arguments")


assert ABC in HOSTED
assert "__slots__" in CLASS_DUNDERS
