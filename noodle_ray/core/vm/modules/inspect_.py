"""The inspect module: what a function takes, and what kind of thing a value is. There are no frames and no code."""

import inspect
from collections.abc import Callable
from functools import wraps
from types import BuiltinFunctionType, BuiltinMethodType, MethodType
from typing import Any, Final

from noodle_ray.core.vm.classes.access import names_of
from noodle_ray.core.vm.classes.dunders import original
from noodle_ray.core.vm.classes.functions import ProgramFunction, is_function, is_program_function
from noodle_ray.core.vm.classes.kinds import is_instance, is_program_class
from noodle_ray.core.vm.generators import awaiting
from noodle_ray.core.vm.methods import attribute, register
from noodle_ray.core.vm.modules import re_
from noodle_ray.core.vm.modules.typing_ import named
from noodle_ray.core.vm.modules.vetting import readers, size_of, telling
from noodle_ray.core.vm.names import mark
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import to_repr
from noodle_ray.core.vm.types import Module, Standin, Vetted, call_of, held

Parameter: Final = inspect.Parameter
Signature: Final = inspect.Signature
_EMPTY: Final = inspect.Parameter.empty
_CONSTRUCTORS: Final = ("__new__", "__init__")
_ANNOTATIONS: Final = frozenset({"annotation", "return_annotation"})


def signature(obj: Any, *, follow_wrapped: Any = True) -> Any:
    """inspect.signature."""
    S.charge(60)
    found = _signature(obj, bool(follow_wrapped))
    if found is None:
        if not callable(obj):
            raise TypeError(f"{to_repr(obj)} is not a callable object")
        raise ValueError(f"no signature found for {to_repr(obj)}")
    return found


def _signature(obj: Any, follow: bool, depth: int = 0) -> Any:
    if depth > 50:
        raise ValueError("wrapper loop when unwrapping")
    if type(obj) is MethodType:
        inner = _signature(obj.__func__, follow, depth + 1)
        return None if inner is None else inner.replace(parameters=[*inner.parameters.values()][1:])
    if is_program_function(obj):
        wrapped = getattr(obj, "__wrapped__", None)
        if follow and wrapped is not None:
            return _signature(wrapped, follow, depth + 1)
        return _of_function(obj)
    if is_program_class(obj):
        for base in obj.__mro__:
            for name in reversed(_CONSTRUCTORS):
                made = base.__dict__.get(name)
                made = getattr(made, "__func__", made)
                if is_program_function(made):
                    inner = _signature(made, follow, depth + 1)
                    return inner.replace(parameters=[*inner.parameters.values()][1:])
        return Signature()
    if is_instance(obj):
        called = next((vars(base)["__call__"] for base in type(obj).__mro__ if "__call__" in vars(base)), None)
        called = original(called)
        if is_program_function(called):
            inner = _signature(called, follow, depth + 1)
            return inner.replace(parameters=[*inner.parameters.values()][1:])
        return None
    if follow and type(obj).__module__ == "functools" and hasattr(obj, "__wrapped__"):
        return _signature(obj.__wrapped__, follow, depth + 1)
    return None


def _of_function(function: Any) -> Any:
    plain: Any = getattr(function, "bind", None) if isinstance(function, ProgramFunction) else function
    bare = inspect.Signature.from_callable(plain, follow_wrapped=False)
    notes = {name: _real(note) for name, note in function.__dict__.get(mark("__annotations__"), {}).items()}
    parameters = [each.replace(annotation=notes.get(each.name, _EMPTY)) for each in bare.parameters.values()]
    return Signature(parameters, return_annotation=notes.get("return", _EMPTY))


def _real(note: Any) -> Any:
    """An annotation as CPython's code is to have it, which shows types by their names."""
    return note.real if type(note) is Vetted else note


def _annotated(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of inspect's with annotations among its keywords."""

    def call(*args: Any, **options: Any) -> Any:
        for name in _ANNOTATIONS & options.keys():
            options[name] = _real(options[name])
        return function(*args, **options)

    return telling(wraps(function, ("__name__", "__qualname__"), ())(call))


def cleandoc(doc: Any) -> str:
    """inspect.cleandoc."""
    S.charge(8 + size_of(doc))
    return inspect.cleandoc(doc)


def getdoc(object: Any) -> Any:
    """inspect.getdoc."""
    try:
        doc = attribute(object, "__doc__")
    except AttributeError:
        return None
    return cleandoc(doc) if isinstance(doc, str) else None


def getmembers(object: Any, predicate: Any = None) -> list[Any]:
    """inspect.getmembers."""
    found = []
    predicate = call_of(predicate)
    for name in names_of(object):
        S.charge(4)
        try:
            value = attribute(object, name)
        except AttributeError:
            continue
        if predicate is None or predicate(value):
            found.append((name, value))
    return found


def unwrap(func: Any, *, stop: Any = None) -> Any:
    """inspect.unwrap."""
    stop, seen = call_of(stop), [func]
    while stop is None or not stop(func):
        S.charge(4 + len(seen))
        try:
            func = attribute(func, "__wrapped__")
        except AttributeError:
            return func
        if any(func is each for each in seen):
            raise ValueError(f"wrapper loop when unwrapping {to_repr(seen[0])}")
        seen.append(func)
    return func


def getmro(cls: Any) -> Any:
    """inspect.getmro."""
    return attribute(cls, "__mro__")


def get_annotations(obj: Any, *, globals: Any = None, locals: Any = None, eval_str: Any = False) -> dict[str, Any]:
    """inspect.get_annotations: of texts, those that are names are looked up where ``eval_str`` asks for it."""
    if not (is_program_class(obj) or is_program_function(obj) or type(obj) is MethodType):
        raise TypeError(f"{to_repr(obj)} is not a module, class, or callable.")
    notes = {**attribute(obj, "__annotations__")}
    S.charge(8 + 4 * len(notes))
    return {name: named(value) if eval_str and value is not None else value for name, value in notes.items()}


def isclass(object: Any) -> bool:
    """inspect.isclass."""
    return isinstance(object, type | Standin)


def isfunction(object: Any) -> bool:
    """inspect.isfunction."""
    return is_program_function(object)


def _kind_of(object: Any) -> str:
    function = object.__func__ if type(object) is MethodType else object
    if isinstance(function, ProgramFunction):
        return str(function.function.kind)
    if not is_program_function(function):
        return ""
    return next((kind for test, kind in _TESTS if test(function)), "")


_TESTS: Final[tuple[tuple[Callable[[Any], bool], str], ...]] = (
    (inspect.isasyncgenfunction, "async_generator"),
    (inspect.iscoroutinefunction, "coroutine"),
    (inspect.isgeneratorfunction, "generator"),
)


assert re_.MEMBERS, "importing it lets programs hold mappings that cannot change"
_KINDS: Final = ("KEYWORD_ONLY", "POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD", "VAR_KEYWORD", "VAR_POSITIONAL")
register(
    Signature,
    statics={"empty": _EMPTY},
    methods={
        "bind": telling(Signature.bind),
        "bind_partial": Signature.bind_partial,
        "replace": _annotated(Signature.replace),
    },
    attributes={
        **readers("empty", "parameters"),
        "return_annotation": lambda self: held(self.return_annotation),
    },
    call=_annotated(Signature),
)
register(
    Parameter,
    methods={"replace": _annotated(Parameter.replace)},
    attributes={
        **readers("default", "empty", "kind", "name", *_KINDS),
        "annotation": lambda self: held(self.annotation),
    },
    statics={name: getattr(Parameter, name) for name in ("empty", *_KINDS)},
    call=_annotated(Parameter),
)
register(
    inspect.BoundArguments,
    methods={"apply_defaults": inspect.BoundArguments.apply_defaults},
    attributes=readers("args", "arguments", "kwargs", "signature"),
)
register(
    type(Parameter.POSITIONAL_ONLY),
    attributes={**readers("name", "value"), "description": lambda kind: kind.description},
)
register(_EMPTY)

MEMBERS: dict[str, Any] = {
    "BoundArguments": inspect.BoundArguments,
    "Parameter": Parameter,
    "Signature": Signature,
    "cleandoc": cleandoc,
    "get_annotations": get_annotations,
    "getdoc": getdoc,
    "getmembers": getmembers,
    "getmro": getmro,
    "isabstract": lambda object: bool(isinstance(object, type) and getattr(object, "__abstractmethods__", None)),
    "isasyncgenfunction": lambda obj: _kind_of(obj) == "async_generator",
    "isawaitable": awaiting.is_awaitable,
    "isbuiltin": lambda object: isinstance(object, BuiltinFunctionType | BuiltinMethodType),
    "isclass": isclass,
    "iscoroutine": inspect.iscoroutine,
    "iscoroutinefunction": lambda obj: _kind_of(obj) == "coroutine",
    "isfunction": isfunction,
    "isgenerator": inspect.isgenerator,
    "isgeneratorfunction": lambda obj: _kind_of(obj) == "generator",
    "ismethod": lambda object: type(object) is MethodType,
    "ismodule": lambda object: isinstance(object, Module),
    "isroutine": lambda object: is_function(object) or isinstance(object, MethodType | BuiltinFunctionType),
    "signature": signature,
    "unwrap": unwrap,
}
