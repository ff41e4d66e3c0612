"""Named tuples: classes as programs make them, with CPython's own checks of names and its own constructor."""

import collections
from typing import Any

from noodle_ray.core.vm.names import mark


def _replace(self: Any, /, **changes: Any) -> Any:
    fields = type(self).__match_args__
    values = [changes.pop(field) if field in changes else value for field, value in zip(fields, self, strict=True)]
    if changes:
        raise ValueError(f"Got unexpected field names: {list(changes)!r}")
    return tuple.__new__(type(self), values)


def _asdict(self: Any, /) -> dict[str, Any]:
    return dict(zip(type(self).__match_args__, self, strict=True))


def namedtuple(
    typename: Any, field_names: Any, *, rename: Any = False, defaults: Any = None, module: Any = None
) -> Any:
    """collections.namedtuple."""
    from noodle_ray.core.vm.classes.kinds import ProgramType

    if isinstance(field_names, str):
        field_names = field_names.replace(",", " ").split()
    make: Any = collections.namedtuple
    plain = make(typename, field_names, rename=rename, defaults=defaults, module="__main__")
    fields: tuple[str, ...] = plain._fields

    def _make(cls: Any, iterable: Any) -> Any:
        result = tuple.__new__(cls, iterable)
        if len(result) != len(fields):
            raise TypeError(f"Expected {len(fields)} arguments, got {len(result)}")
        return result

    namespace: dict[str, Any] = {
        "__doc__": plain.__doc__,
        "__slots__": (),
        "__match_args__": fields,
        "__new__": plain.__new__,
        "__repr__": plain.__repr__,
        "__module__": "__main__",
        mark("_fields"): fields,
        mark("_field_defaults"): plain._field_defaults,
        mark("_make"): classmethod(_make),
        mark("_replace"): _replace,
        mark("_asdict"): _asdict,
    }
    namespace.update({mark(field): vars(plain)[field] for field in fields})
    return ProgramType(plain.__name__, (tuple,), namespace)
