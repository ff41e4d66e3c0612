"""The metaclass of program classes, and what tells their objects from those of the host."""

from noodle_ray.core.vm import walks
from noodle_ray.core.vm.names import MARK, mark
from noodle_ray.light import Any, Final

MEMBERS: Final = mark("__members__")
"""Where an enumeration keeps its members by name."""
_ITER: Final = mark("__iter_class__")


class ProgramType(type):
    """What program classes are instances of. Its methods are for enumerations, whose classes are collections."""

    __slots__ = ()

    def __repr__(cls) -> str:
        if MEMBERS in cls.__dict__:
            return f"<{'flag' if hasattr(cls, '__invert__') else 'enum'} {cls.__name__!r}>"
        return type.__repr__(cls)

    def __iter__(cls) -> Any:
        return iter(_collection(cls, "'type' object is not iterable")[1])

    def __reversed__(cls) -> Any:
        return reversed(_collection(cls, "'type' object is not reversible")[1])

    def __len__(cls) -> int:
        return len(_collection(cls, "object of type 'type' has no len()")[1])

    def __bool__(cls) -> bool:
        return True

    def __contains__(cls, value: object) -> bool:
        collection = _collection(cls, "argument of type 'type' is not iterable")
        contains: bool = collection[2](value)
        return contains

    def __getitem__(cls, key: Any) -> Any:
        subscript = getattr(cls, "__class_getitem__", None)
        if subscript is not None:
            return subscript(key)
        return _collection(cls, f"type '{cls.__name__}' is not subscriptable")[0][key]


def _collection(cls: type, refusal: str) -> Any:
    """An enumeration's members by name, in order, and its membership test. Raises TypeError for any other class."""
    found = cls.__dict__.get(_ITER)
    if found is None:
        raise TypeError(refusal)
    return found


def make_collection(cls: type, members: dict[str, Any], ordered: list[Any], contains: Any) -> None:
    """Let a class be walked over, subscripted and searched."""
    type.__setattr__(cls, _ITER, (members, ordered, contains))


ProgramType.__name__ = ProgramType.__qualname__ = "ProgramType"

HOSTED: Final[set[type]] = set()
"""Classes of this kind that are the host's own and shared by all runs: bases that bring methods. Never changed."""


def hosted(cls: type) -> type:
    """Mark a class as the host's own."""
    HOSTED.add(cls)
    return cls


def is_program_class(value: object) -> bool:
    """Whether a value is a class that this run's program made."""
    return isinstance(value, ProgramType) and value not in HOSTED


def is_instance(value: object) -> bool:
    """Whether a value is an object of a program class."""
    kind = type(value)
    return isinstance(kind, ProgramType) and not issubclass(kind, type)


def clean(text: str) -> str:
    """A message without the marks of attribute names."""
    return text.replace(f"'{MARK}", "'").replace(f".{MARK}", ".") if MARK in text else text


def clean_error(error: BaseException | None) -> None:
    """Take the marks of attribute names out of an exception's message and data; let a set's speak of a set."""
    if isinstance(error, AttributeError | TypeError):
        args = error.args
        if len(args) == 1 and type(args[0]) is str and MARK in args[0]:
            error.args = (clean(args[0]),)
        if isinstance(error, AttributeError) and type(error.name) is str:
            error.name = error.name.removeprefix(MARK)
    elif isinstance(error, RuntimeError):
        walks.tell(error)
