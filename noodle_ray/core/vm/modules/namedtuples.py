"""Named tuples: classes as programs make them, with CPython's own checks of names and its own constructor."""

import collections

from noodle_ray.core.vm.classes.make import build_class
from noodle_ray.light import Any


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
    make: Any = collections.namedtuple
    plain = make(typename, field_names, rename=rename, defaults=defaults, module="__main__")
    fields: tuple[str, ...] = plain._fields

    def _make(cls: Any, iterable: Any) -> Any:
        result = tuple.__new__(cls, iterable)
        if len(result) != len(fields):
            raise TypeError(f"Expected {len(fields)} arguments, got {len(result)}")
        return result

    namespace: dict[str, Any] = {
        **{field: vars(plain)[field] for field in fields},
        "__doc__": plain.__doc__,
        "__slots__": (),
        "__match_args__": fields,
        "__new__": plain.__new__,
        "__repr__": plain.__repr__,
        "_fields": fields,
        "_field_defaults": plain._field_defaults,
        "_make": classmethod(_make),
        "_replace": _replace,
        "_asdict": _asdict,
    }
    return build_class(plain.__name__, (tuple,), namespace)
