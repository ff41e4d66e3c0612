"""The contextvars module. A fiber has the values of the one that made it, as they were then; a thread has none."""

from collections.abc import Iterator
from typing import Any, Final

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.vetting import readers
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import call_of, dict_items, dict_keys

_MISSING: Final = object()


class Token:
    """contextvars.Token."""

    __slots__ = ("old_value", "used", "var")
    MISSING: Final = _MISSING

    def __init__(self, var: Any, old_value: Any) -> None:
        self.var = var
        self.old_value = old_value
        self.used = False


class ContextVar:
    """contextvars.ContextVar."""

    __slots__ = ("_default", "name")

    def __init__(self, name: Any, /, *, default: Any = _MISSING) -> None:
        if not isinstance(name, str):
            raise TypeError("context variable name must be a str")
        self.name = name
        self._default = default

    def __repr__(self) -> str:
        default = "" if self._default is _MISSING else f" default={self._default!r}"
        return f"<ContextVar name={self.name!r}{default}>"

    def get(self, default: Any = _MISSING, /) -> Any:
        """The value here."""
        found = (S.fibers.current.context or {}).get(self, _MISSING)
        if found is not _MISSING:
            return found
        if default is not _MISSING:
            return default
        if self._default is not _MISSING:
            return self._default
        raise LookupError(self)

    def set(self, value: Any, /) -> Token:
        """Set the value here; what takes it back."""
        fiber = S.fibers.current
        known: dict[Any, Any] = fiber.context or {}
        S.charge(8 + len(known))
        fiber.context = {**known, self: value}
        return Token(self, known.get(self, _MISSING))

    def reset(self, token: Any, /) -> None:
        """Take a value back."""
        if not isinstance(token, Token):
            raise TypeError(f"expected an instance of Token, got {token!r}")
        if token.used:
            raise RuntimeError("<Token> has already been used once")
        if token.var is not self:
            raise ValueError("<Token> was created by a different ContextVar")
        token.used = True
        known = {**(S.fibers.current.context or {})}
        S.charge(8 + len(known))
        known.pop(self, None)
        if token.old_value is not _MISSING:
            known[self] = token.old_value
        S.fibers.current.context = known


class Context:
    """contextvars.Context."""

    __slots__ = ("_entered", "_values")

    def __init__(self) -> None:
        self._values: dict[Any, Any] = {}
        self._entered = False

    def run(self, callable: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function with these values; what it sets stays in here."""
        if self._entered:
            raise RuntimeError("cannot enter context: already entered")
        fiber = S.fibers.current
        before, fiber.context, self._entered = fiber.context, self._values, True
        try:
            return call_of(callable)(*args, **kwargs)
        finally:
            self._values, fiber.context, self._entered = fiber.context or {}, before, False

    def copy(self) -> "Context":
        """Another with the same values."""
        made = Context()
        made._values = self._values
        return made

    def __getitem__(self, var: Any) -> Any:
        return self._values[var]

    def __contains__(self, var: object) -> bool:
        return var in self._values

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def get(self, var: Any, default: Any = None, /) -> Any:
        """A variable's value."""
        return self._values.get(var, default)


def copy_context() -> Context:
    """contextvars.copy_context."""
    made = Context()
    made._values = S.fibers.current.context or {}
    return made


register(Token, attributes=readers("old_value", "var"), statics={"MISSING": _MISSING})  # type: ignore[dict-item]
register(
    ContextVar,
    methods={"get": ContextVar.get, "reset": ContextVar.reset, "set": ContextVar.set},
    attributes=readers("name"),
)
register(
    Context,
    methods={
        "copy": Context.copy,
        "get": Context.get,
        "items": lambda self: dict_items({**self._values}),
        "keys": lambda self: dict_keys({**self._values}),
        "run": Context.run,
        "values": lambda self: {**self._values}.values(),
    },
)
for _kind in (Token, ContextVar, Context):
    _kind.__module__ = "contextvars"

MEMBERS: dict[str, Any] = {
    "Context": Context,
    "ContextVar": ContextVar,
    "Token": Token,
    "copy_context": copy_context,
}
