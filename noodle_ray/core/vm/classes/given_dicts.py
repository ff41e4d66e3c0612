"""``x.__dict__ = d``: attributes of an object that are a dict's, and so of all objects that are given it.

The dict itself keeps what it had: names of attributes are marked, and so theirs is a dict of its own, one for each
that is given as long as an object has it.
"""

from _weakref import ref

from noodle_ray.core.vm.classes.kinds import HOSTED, is_instance
from noodle_ray.core.vm.names import MARK, mark
from noodle_ray.core.vm.sets import AnySet
from noodle_ray.core.vm.state import S
from noodle_ray.light import Any, Callable, Final

ITSELF: Final = "noodle_itself"
"""What the attributes of an object have that is its own ``__dict__``: no name of a program."""
_shared: Final[dict[int, Any]] = {}


class Shared(dict[str, Any]):
    """The attributes of the objects that were given a dict, which is kept so that no other gets its address."""

    __slots__ = ("__weakref__", "given")
    given: Any


def may_be_given(value: Any) -> bool:
    """Whether a value's attributes can be replaced: it is of a class of the program that leaves setting them alone."""
    kind: Any = type(value)
    if not is_instance(value) or kind in HOSTED or isinstance(value, BaseException):
        return False
    return hasattr(value, "__dict__") and kind.__setattr__ in (object.__setattr__, _write)


def give_dict(value: Any, names: dict[str, Any], given: dict[Any, Any]) -> None:
    """Make the attributes of an object those of a dict, whose items have these marked names."""
    if given is value:
        _become_own_dict(value)
        return
    S.charge(16 + 2 * len(names))
    known = _shared.get(id(given))
    shared = None if known is None else known()
    if shared is None:
        shared = Shared(names)
        shared.given = given
        number = id(given)
        _shared[number] = ref(shared, lambda gone: _forget(number, gone))
    value.__dict__ = shared


def _forget(number: int, gone: Any) -> None:
    if _shared.get(number) is gone:
        del _shared[number]


def _become_own_dict(value: Any) -> None:
    """``self.__dict__ = self`` in a class derived from dict: an item under a name is the attribute of that name."""
    kind: Any = type(value)
    if isinstance(value, AnySet):
        raise TypeError("a set has no items to be attributes")
    if getattr(kind, "__getattr__", _read) is not _read or kind.__delattr__ not in (object.__delattr__, _delete):
        raise AttributeError(f"'{kind.__name__}' object attribute '__dict__' is read-only")
    if kind.__setattr__ is not _write:
        S.charge(16)
        for name, own in (("__getattr__", _read), ("__setattr__", _write), ("__delattr__", _delete)):
            type.__setattr__(kind, name, own)
    value.__dict__ = {ITSELF: True}


def _missing(self: Any, name: str) -> AttributeError:
    text = name.removeprefix(MARK)
    return AttributeError(f"'{type(self).__name__}' object has no attribute '{text}'", name=text)


def _is_item(self: Any, name: str) -> bool:
    return name[:1] == MARK and ITSELF in self.__dict__


def _is_set_by_class(self: Any, name: str) -> bool:
    """Whether a property or the like of the class says what setting an attribute does."""
    found = next((base.__dict__[name] for base in type(self).__mro__ if name in base.__dict__), None)
    return hasattr(type(found), "__set__")


def _read(self: Any, name: str) -> Any:
    if _is_item(self, name) and dict.__contains__(self, name[1:]):
        return dict.__getitem__(self, name[1:])
    raise _missing(self, name)


def _write(self: Any, name: str, value: Any) -> None:
    if _is_item(self, name) and not _is_set_by_class(self, name):
        dict.__setitem__(self, name[1:], value)
    else:
        object.__setattr__(self, name, value)


def _delete(self: Any, name: str) -> None:
    if not _is_item(self, name) or _is_set_by_class(self, name):
        object.__delattr__(self, name)
    elif dict.__contains__(self, name[1:]):
        dict.__delitem__(self, name[1:])
    else:
        raise _missing(self, name)


def marked(given: dict[Any, Any], name_of: Callable[[Any], str]) -> dict[str, Any]:
    """The items of a dict under the names that attributes have."""
    return {mark(name_of(name)): value for name, value in dict.items(given)}
