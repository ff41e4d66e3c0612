"""What modules on the path of a one-line ``noodle run`` take from ``typing``, ``collections`` and their like.

Importing those takes longer than Python's own start: ``typing`` alone brings ``re``, ``enum``, ``functools`` and more.
Here are the same names from the C modules underneath, and stand-ins for what only a type checker reads, to
which these are the real ones.
"""

import _warnings  # what a process has as long as warnings is not imported
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque as deque
    from collections.abc import AsyncGenerator as AsyncGenerator
    from collections.abc import Callable as Callable
    from collections.abc import Generator as Generator
    from collections.abc import Iterable as Iterable
    from collections.abc import Iterator as Iterator
    from collections.abc import KeysView as KeysView
    from collections.abc import Mapping as Mapping
    from collections.abc import Sequence as Sequence
    from functools import lru_cache as lru_cache
    from functools import partial as partial
    from importlib import import_module as import_module
    from types import BuiltinFunctionType as BuiltinFunctionType
    from types import CellType as CellType
    from types import CodeType as CodeType
    from types import CoroutineType as CoroutineType
    from types import EllipsisType as EllipsisType
    from types import FrameType as FrameType
    from types import FunctionType as FunctionType
    from types import GeneratorType as GeneratorType
    from types import GenericAlias as GenericAlias
    from types import GetSetDescriptorType as GetSetDescriptorType
    from types import MemberDescriptorType as MemberDescriptorType
    from types import MethodDescriptorType as MethodDescriptorType
    from types import MethodType as MethodType
    from types import TracebackType as TracebackType
    from types import UnionType as UnionType
    from typing import Any as Any
    from typing import Final as Final
    from typing import Literal as Literal
    from typing import NamedTuple as NamedTuple
    from typing import NoReturn as NoReturn
    from typing import Protocol as Protocol
    from typing import TextIO as TextIO
    from typing import TypeAlias as TypeAlias
    from typing import TypeVar as TypeVar
    from typing import cast as cast
else:
    from _collections import _tuplegetter, deque  # noqa: F401
    from _collections_abc import (  # noqa: F401
        AsyncGenerator,
        Callable,
        Generator,
        Iterable,
        Iterator,
        KeysView,
        Mapping,
        Sequence,
    )  # fmt: skip
    from _functools import _lru_cache_wrapper, partial  # noqa: F401

    class _Form:
        """What stands in an annotation for a form that only a type checker reads."""

        __slots__ = ()

        def __getitem__(self, item: object) -> "_Form":
            return self

        def __or__(self, other: object) -> "_Form":
            return self

        __ror__ = __or__

    def _types() -> dict[str, type]:
        def generator():  # noqa: ANN202
            yield generator

        async def coroutine() -> object:
            return generator

        began = coroutine()
        began.close()
        try:
            raise ValueError
        except ValueError as error:
            traceback = error.__traceback__
        return {
            "BuiltinFunctionType": type(len),
            "CellType": type(coroutine.__closure__[0]),
            "CodeType": type(generator.__code__),
            "CoroutineType": type(began),
            "EllipsisType": type(...),
            "FrameType": type(traceback.tb_frame),
            "FunctionType": type(generator),
            "GeneratorType": type(generator()),
            "GenericAlias": type(list[int]),
            "GetSetDescriptorType": type(type(generator).__dict__["__code__"]),
            "MemberDescriptorType": type(type(generator).__dict__["__globals__"]),
            "MethodDescriptorType": type(str.join),
            "MethodType": type(_Form().__or__),
            "TracebackType": type(traceback),
            "UnionType": type(int | str),
        }

    globals().update(_types())
    Any = Final = Literal = NoReturn = TextIO = TypeAlias = _Form()

    class Protocol:
        """A base class that asks for nothing when it runs."""

        __slots__ = ()

    def TypeVar(name: str, *constraints: object, bound: object = None) -> _Form:
        """A form that only a type checker reads."""
        return Any

    def cast(form: object, value: object) -> object:
        """The value."""
        return value

    def import_module(name: str) -> object:
        """importlib.import_module, for absolute names."""
        __import__(name)
        return sys.modules[name]

    def lru_cache(size: int) -> object:
        """functools.lru_cache with a size; what it makes has no names of fields in its statistics."""
        return lambda function: _lru_cache_wrapper(function, size, False, tuple)

    class _Record(type):
        """What makes a class with fields a tuple: typing.NamedTuple, which compiles source for each."""

        def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, object]) -> type:
            if not bases:
                return type.__new__(mcs, name, bases, namespace)
            fields = tuple(namespace.get("__annotations__", ()))
            defaults = {field: namespace[field] for field in fields if field in namespace}
            namespace.update(
                _fields=fields,
                _field_defaults=defaults,
                __match_args__=fields,
                __slots__=(),
                __new__=_constructor(name, fields, tuple(defaults.values())),
                _make=classmethod(tuple.__new__),
                _replace=_replace,
                _asdict=_asdict,
                __repr__=_repr,
                __getnewargs__=_values,
            )
            for position, field in enumerate(fields):
                namespace[field] = _tuplegetter(position, "")
            return type.__new__(type, name, (tuple,), namespace)

    class NamedTuple(metaclass=_Record):
        """typing.NamedTuple, as far as Noodle uses it."""

    _new = tuple.__new__
    # One per number of fields: a constructor is one of these with other names for its parameters.
    _CONSTRUCTORS = (
        lambda _0: _new(_0, ()),
        lambda _0, a: _new(_0, (a,)),
        lambda _0, a, b: _new(_0, (a, b)),
        lambda _0, a, b, c: _new(_0, (a, b, c)),
        lambda _0, a, b, c, d: _new(_0, (a, b, c, d)),
        lambda _0, a, b, c, d, e: _new(_0, (a, b, c, d, e)),
        lambda _0, a, b, c, d, e, f: _new(_0, (a, b, c, d, e, f)),
        lambda _0, a, b, c, d, e, f, g: _new(_0, (a, b, c, d, e, f, g)),
        lambda _0, a, b, c, d, e, f, g, h: _new(_0, (a, b, c, d, e, f, g, h)),
        lambda _0, a, b, c, d, e, f, g, h, i: _new(_0, (a, b, c, d, e, f, g, h, i)),
        lambda _0, a, b, c, d, e, f, g, h, i, j: _new(_0, (a, b, c, d, e, f, g, h, i, j)),
        lambda _0, a, b, c, d, e, f, g, h, i, j, k: _new(_0, (a, b, c, d, e, f, g, h, i, j, k)),
    )

    def _constructor(name: str, fields: tuple[str, ...], defaults: tuple[object, ...]) -> object:
        count = len(fields)
        if count < len(_CONSTRUCTORS):
            template = _CONSTRUCTORS[count]
        else:
            names = ", ".join(f"_{position + 1}" for position in range(count))
            template = eval(f"lambda _0, {names}: _new(_0, ({names}))", {"_new": _new})
        code = template.__code__.replace(
            co_varnames=("_cls", *fields), co_name="__new__", co_qualname=f"{name}.__new__"
        )
        return FunctionType(code, globals(), "__new__", defaults or None)

    def _values(self: tuple) -> tuple[object, ...]:
        return tuple(self)

    def _replace(self: tuple, /, **changes: object) -> tuple:
        made = self._make(map(changes.pop, self._fields, self))
        if changes:
            raise ValueError(f"there are no fields {list(changes)!r}")
        return made

    def _asdict(self: tuple) -> dict[str, object]:
        return dict(zip(self._fields, self, strict=True))

    def _repr(self: tuple) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in zip(self._fields, self, strict=True))})"


class WarningsIgnored:
    """While it is entered, or after `begin`, no warning is shown or raised. Filters belong to the process, not to a
    thread."""

    __slots__ = ("_kept",)

    def begin(self) -> None:
        """Ignore all warnings from now on."""
        self.__enter__()

    def __enter__(self) -> None:
        filters: list[tuple[object, ...]] = sys.modules.get("warnings", _warnings).filters
        self._kept = filters[:]
        filters[:] = [("ignore", None, Warning, None, 0)]
        _warnings._filters_mutated()  # type: ignore[attr-defined]

    def __exit__(self, *_: object) -> None:
        sys.modules.get("warnings", _warnings).filters[:] = self._kept
        _warnings._filters_mutated()  # type: ignore[attr-defined]
