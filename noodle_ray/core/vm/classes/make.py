"""Making a class from the namespace that its body filled."""

from noodle_ray.core.vm.classes.bases import real_bases
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
    bases = _with_metaclass(bases, keywords)
    make, prepare = _makers(bases)
    namespace: dict[str, Any] = {} if prepare is None else prepare(bases)
    fill = body(namespace)
    namespace.setdefault("__qualname__", getattr(body, "__qualname__", name))
    if fill is not None:
        dict.__setitem__(namespace, MARK, fill)
    return make(name, bases, namespace, keywords)


def _makers(bases: tuple[Any, ...]) -> tuple[Maker, Callable[..., Any] | None]:
    """What makes classes derived from these, and what makes the namespace for their bodies."""
    for base in bases:
        if type(base) is ProgramType:
            own = getattr(base, MAKER, None)
            if own is not None:
                return own, getattr(base, PREPARE, None)
        elif hasattr(type(base), "make_derived"):
            return base.make_derived, None
    return build_class, None


def _with_metaclass(bases: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Any, ...]:
    if "metaclass" not in keywords:
        return bases
    meta = keywords.pop("metaclass")
    if type(meta) is MetaclassName:
        return bases if meta.base is None or meta.base in bases else (*bases, meta.base)
    if getattr(meta, "name", "") == "type":
        return bases
    raise TypeError("a class cannot have a metaclass of its own in Noodle: use __init_subclass__ or a decorator")


def build_class(
    name: str,
    bases: tuple[Any, ...],
    namespace: dict[str, Any],
    keywords: dict[str, Any] | None = None,
) -> Any:
    """A class from names as the program wrote them.

    What the namespace has under the mark alone, is called with the class, to fill the variable ``__class__``.
    """
    S.charge(20 + len(namespace) + 4 * len(bases))
    fill = namespace.pop(MARK, None)
    members: dict[str, Any] = {"__module__": "__main__"}
    for key, value in namespace.items():
        if type(key) is not str:
            raise TypeError("the names of a class are strings")
        if key == "__slots__":
            members["__slots__"] = _slots(value)
        elif is_dunder(key):
            add_special(members, key, value)
        else:
            members[mark(key)] = value
    if "keys" in namespace:
        members["keys"] = namespace["keys"]  # what makes CPython see a mapping, in dict(x) and f(**x)
    try:
        cls = type.__new__(ProgramType, name, real_bases(bases), members)
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
        for key in getattr(base, "__abstractmethods__", ()) if type(base) is ProgramType else ():
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
