"""Special methods that a class may define: which reach CPython as they are, and which through an adapter."""

from noodle_ray.core.vm.classes.functions import ProgramFunction, is_function
from noodle_ray.core.vm.classes.kinds import is_instance
from noodle_ray.core.vm.names import CLASS_DUNDERS, MARK, mark
from noodle_ray.core.vm.state import S
from noodle_ray.light import Any, Callable, Final, FunctionType

MARKED_ONLY: Final = frozenset({"__dir__", "__init_subclass__", "__post_init__", "__set_name__"})
"""Special methods that only this package calls: CPython would call some at the wrong moment, or hide a limit."""
ADAPTED: Final = frozenset({"__delattr__", "__getattr__", "__setattr__"})
"""Special methods that see attribute names: they are kept under their marked name, beside an adapter."""
_CLASS_METHODS: Final = frozenset({"__class_getitem__", "__init_subclass__"})
_DATA: Final = frozenset({"__annotations__", "__doc__", "__match_args__", "__module__", "__qualname__"})
_DATA_TYPES: Final[dict[str, Any]] = {
    "__annotations__": dict,
    "__match_args__": tuple,
    "__module__": str,
    "__qualname__": str,
}


def is_dunder(name: str) -> bool:
    """Whether a name both begins and ends with two underscores."""
    return name[:2] == "__" and name[-2:] == "__"


def bound(function: Any, instance: Any) -> Any:
    """A value found on a class, as an attribute of an object of it."""
    get = getattr(type(function), "__get__", None)
    return function if get is None else get(function, instance, type(instance))


def _getattr(function: Any) -> Callable[..., Any]:
    def __getattr__(self: Any, name: str) -> Any:
        if name[:1] != MARK:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        return bound(function, self)(name[1:])

    return __getattr__


def _setattr(function: Any) -> Callable[..., Any]:
    def __setattr__(self: Any, name: str, value: Any) -> None:
        if name[:1] != MARK:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        bound(function, self)(name[1:], value)

    return __setattr__


def _delattr(function: Any) -> Callable[..., Any]:
    def __delattr__(self: Any, name: str) -> None:
        if name[:1] != MARK:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        bound(function, self)(name[1:])

    return __delattr__


_ADAPTERS: Final = {"__getattr__": _getattr, "__setattr__": _setattr, "__delattr__": _delattr}


def _finalizer(function: Any) -> Callable[[Any], None]:
    """What CPython calls when it frees an object: nothing, once the run that made the class is over."""
    fibers = S.fibers

    def __del__(self: Any) -> None:
        if S.module is not None and S.fibers is fibers and not S.tripped:
            S.charge(4)
            bound(function, self)()

    return __del__


class Paid:
    """A special method that is not a plain function of a dunder name.

    Operators call special methods without a call instruction, so those functions always charge when they are entered;
    others may run their first instructions for what their caller paid (`core.nbc.costs`). This pays instead.
    """

    __slots__ = ("function",)

    def __init__(self, function: Any) -> None:
        self.function = function

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        S.charge(4)
        get = getattr(type(self.function), "__get__", None)
        return self.function if get is None else get(self.function, instance, owner)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """CPython calls some special methods as it finds them on the class: ``__get__``."""
        S.charge(4)
        return self.function(*args, **kwargs)

    @property
    def __isabstractmethod__(self) -> bool:
        return getattr(self.function, "__isabstractmethod__", False) is True


def original(value: Any) -> Any:
    """What a program put where a class now has this value."""
    return value.function if type(value) is Paid else value


def _charges(function: str, slot: str) -> bool:
    """Whether a function of this name charges when it is entered as this special method."""
    return slot == "__init__" or (is_dunder(function) and function != "__init__")


def _pays(value: Any, slot: str) -> bool:
    """Whether a value charges when it is called as this special method."""
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    if type(value) is FunctionType:
        return _charges(value.__code__.co_name, slot)
    return isinstance(value, ProgramFunction) and _charges(value.function.name, slot)


def _callable_slot(name: str, value: Any) -> Any:
    if value is None or name == "__new__" or _pays(value, name):  # __new__ runs where a class is called
        return value
    called = callable(value) or is_instance(value) or isinstance(value, staticmethod | classmethod)
    return Paid(value) if called else value


def _adapted(name: str, value: Any) -> Callable[..., Any]:
    """What CPython calls for a special method that sees attribute names."""
    return _ADAPTERS[name](value if _pays(value, name) else Paid(value))


def add_special(namespace: dict[str, Any], name: str, value: Any) -> None:
    """Put a special method or attribute of a class body into the namespace that CPython makes the class of.

    Raises TypeError for a name that no class may define.
    """
    if name not in CLASS_DUNDERS:
        raise TypeError(f"a class cannot define {name} in Noodle")
    if name in _DATA:
        kind = _DATA_TYPES.get(name)
        if kind is not None and type(value) is not kind:
            raise TypeError(f"{name} must be a {kind.__name__}, not {type(value).__name__}")
        namespace[name] = value
        return
    if name in _CLASS_METHODS and is_function(value):
        value = classmethod(value)
    elif name == "__new__" and is_function(value):
        value = staticmethod(value)
    if name == "__del__":
        namespace[name] = _finalizer(value)
    elif name in MARKED_ONLY:
        namespace[mark(name)] = value
    elif name in ADAPTED:
        namespace[mark(name)] = value
        namespace[name] = _adapted(name, value)
    else:
        namespace[name] = _callable_slot(name, value)
