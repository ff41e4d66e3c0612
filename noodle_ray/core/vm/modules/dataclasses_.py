"""The dataclasses module, for classes of programs: methods are generated as text, with marked attribute names.

Generated code is kept by what the fields are like, not by class; a class lives as long as its run.
"""

from collections.abc import Callable
from keyword import iskeyword
from operator import attrgetter
from typing import Any, Final

from noodle_ray.core.vm.builtins.identity import hash as stable_hash
from noodle_ray.core.vm.classes.kinds import ProgramType, is_instance, is_program_class
from noodle_ray.core.vm.classes.make import TYPES, build_class
from noodle_ray.core.vm.methods import register, type_name
from noodle_ray.core.vm.modules.copy_ import deepcopy
from noodle_ray.core.vm.names import MARK, mark, unmark
from noodle_ray.core.vm.sets import frozenset, set
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import held, maker

FIELDS: Final = mark("__dataclass_fields__")
PARAMS: Final = mark("__dataclass_params__")
POST_INIT: Final = mark("__post_init__")


class FrozenInstanceError(AttributeError):
    """dataclasses.FrozenInstanceError."""


FrozenInstanceError.__module__ = "dataclasses"


class _Sentinel:
    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


MISSING: Final = _Sentinel("<dataclasses._MISSING_TYPE object>")
KW_ONLY: Final = _Sentinel("<dataclasses._KW_ONLY_TYPE object>")
_FACTORY: Final = _Sentinel("<factory>")


class Field:
    """One field of a dataclass."""

    __slots__ = (
        "compare",
        "default",
        "default_factory",
        "hash",
        "init",
        "kind",
        "kw_only",
        "metadata",
        "name",
        "repr",
        "type",
    )
    compare: bool
    default: Any
    default_factory: Any
    hash: Any
    init: bool
    kw_only: Any
    metadata: dict[Any, Any]
    repr: bool

    name: Any
    type: Any
    kind: str

    def __init__(self, *args: Any, **values: Any) -> None:
        raise TypeError("fields are made by field()")

    def __repr__(self) -> str:
        shown = ("name", "type", "default", "default_factory", "init", "repr", "hash", "compare", "metadata", "kw_only")
        parts = [f"{key}={getattr(self, key)!r}" for key in shown]
        return (
            f"Field({','.join([*parts[:8], f'metadata=mappingproxy({self.metadata!r})', parts[9]])},_field_type=_FIELD)"
        )

    def copy(self) -> "Field":
        """A field of its own, for one class."""
        return _make_field(**{key: getattr(self, key) for key in Field.__slots__})


def _make_field(**values: Any) -> Field:
    made = object.__new__(Field)
    made.name, made.type, made.kind = None, None, ""
    for key, value in values.items():
        setattr(made, key, value)
    return made


register(
    Field,
    attributes={key: attrgetter(key) for key in Field.__slots__ if key != "kind"},
)


class _InitVar:
    """``InitVar``, which a class names in an annotation."""

    __slots__ = ()

    def __getitem__(self, item: Any) -> Any:
        return self

    def __repr__(self) -> str:
        return "dataclasses.InitVar"


def field(
    *,
    default: Any = MISSING,
    default_factory: Any = MISSING,
    init: Any = True,
    repr: Any = True,
    hash: Any = None,
    compare: Any = True,
    metadata: Any = None,
    kw_only: Any = MISSING,
) -> Any:
    """dataclasses.field."""
    if default is not MISSING and default_factory is not MISSING:
        raise ValueError("cannot specify both default and default_factory")
    return _make_field(
        default=default,
        default_factory=default_factory,
        init=bool(init),
        repr=bool(repr),
        hash=None if hash is None else bool(hash),
        compare=bool(compare),
        metadata=dict(metadata or {}),
        kw_only=kw_only if kw_only is MISSING else bool(kw_only),
    )


_OPTIONS: Final = {
    "init": True, "repr": True, "eq": True, "order": False, "unsafe_hash": False, "frozen": False, "match_args": True,
    "kw_only": False, "slots": False, "weakref_slot": False,
}  # fmt: skip


def dataclass(cls: Any = None, /, **options: Any) -> Any:
    """dataclasses.dataclass."""
    for key in options:
        if key not in _OPTIONS:
            raise TypeError(f"dataclass() got an unexpected keyword argument '{key}'")
    given = {key: bool(options.get(key, default)) for key, default in _OPTIONS.items()}
    if cls is None:
        return lambda cls, /: _process(cls, given)
    return _process(cls, given)


def _process(cls: Any, options: dict[str, bool]) -> Any:
    if not is_program_class(cls):
        raise TypeError("dataclass() makes a dataclass of a class that the program defines")
    fields = _collect(cls, options)
    S.charge(40 + 10 * len(fields))
    own = cls.__dict__
    type.__setattr__(cls, FIELDS, fields)
    type.__setattr__(cls, PARAMS, dict(options))
    if options["order"] and not options["eq"]:
        raise ValueError("eq must be true if order is true")
    has_hash = "__hash__" in own and not (own["__hash__"] is None and "__eq__" in own)
    methods = _methods(cls, fields, options)
    for name in ("__init__", "__repr__", "__eq__"):
        if name in methods and (name == "__init__" or name not in own):
            _add(cls, name, methods[name])
    if TYPES in own and "__init__" in methods:
        notes = {f.name: f.type for f in fields.values() if f.init}
        methods["__init__"].__dict__[mark("__annotations__")] = {**notes, "return": None}
    for name in ("__lt__", "__le__", "__gt__", "__ge__"):
        if options["order"]:
            if name in own:
                raise TypeError(
                    f"Cannot overwrite attribute {name} in class {cls.__name__}. "
                    "Consider using functools.total_ordering"
                )
            _add(cls, name, methods[name])
    if options["frozen"]:
        _freeze(cls, fields)
    _set_hash(cls, methods, options, has_hash)
    if options["match_args"] and "__match_args__" not in own:
        names = tuple(f.name for f in fields.values() if f.init and not f.kw_only and f.kind != "class")
        type.__setattr__(cls, "__match_args__", names)
    if cls.__doc__ is None:
        type.__setattr__(cls, "__doc__", None)
    return _with_slots(cls, fields) if options["slots"] else cls


def _add(cls: type, name: str, function: Any) -> None:
    function.__name__, function.__qualname__ = name, f"{cls.__qualname__}.{name}"
    function.__module__ = "__main__"
    type.__setattr__(cls, name, function)


def _collect(cls: Any, options: dict[str, bool]) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    frozen_bases = [base.__dict__[PARAMS]["frozen"] for base in cls.__mro__[1:] if PARAMS in base.__dict__]
    for base in reversed(cls.__mro__[1:]):
        fields.update(base.__dict__.get(FIELDS, {}))
    annotations = cls.__dict__.get("__annotations__", {})  # noqa: RUF063
    if TYPES in cls.__dict__:  # to which a program may have added
        annotations = {**annotations, **{k: v for k, v in cls.__dict__[TYPES].items() if k not in annotations}}
    kw_only = options["kw_only"]
    for name, annotation in annotations.items():
        _check_name(name)
        text = annotation if type(annotation) is str else ""
        if annotation is KW_ONLY or _names(text, "KW_ONLY"):
            kw_only = True
            continue
        made = _field(cls, name, annotation, text, kw_only)
        if made.kind != "class":
            fields[name] = made
    for key, value in cls.__dict__.items():
        if type(value) is Field and key[1:] not in annotations:
            raise TypeError(f"{key[1:]!r} is a field but has no type annotation")
    if frozen_bases:
        if any(frozen_bases) and not options["frozen"]:
            raise TypeError("cannot inherit non-frozen dataclass from a frozen one")
        if not any(frozen_bases) and options["frozen"]:
            raise TypeError("cannot inherit frozen dataclass from a non-frozen one")
    return fields


def _check_name(name: Any) -> None:
    if type(name) is not str or not name.isidentifier() or iskeyword(name) or name[:1] == MARK or name[:2] == "__":
        raise TypeError(f"Field names must be valid identifiers: {name!r}")


def _names(text: str, name: str) -> bool:
    """Whether an annotation's text is a name, with or without a module before it and a subscript after it."""
    return text.strip("'\"").partition("[")[0].strip().rpartition(".")[2] == name


_TYPES: Final[dict[str, Any]] = {
    **{kind.__name__: held(kind) for kind in (int, float, str, bool, bytes, complex, list, dict, tuple, set)},
    "frozenset": frozenset, "object": object, "None": None,
}  # fmt: skip


def _field(cls: Any, name: str, annotation: Any, text: str, kw_only: bool) -> Field:
    default = cls.__dict__.get(mark(name), MISSING)
    if type(default) is Field:
        made = default.copy()
        if made.default is MISSING:
            type.__delattr__(cls, mark(name))
        else:
            type.__setattr__(cls, mark(name), made.default)
    else:
        if type(default).__name__ == "member_descriptor":
            default = MISSING
        made = field(default=default)
    made.name, made.type = name, cls.__dict__.get(TYPES, {}).get(name, _TYPES.get(text, annotation))
    if made.kw_only is MISSING:
        made.kw_only = kw_only
    if _names(text, "ClassVar"):
        made.kind = "class"
        if made.default_factory is not MISSING:
            raise TypeError(f"field {name} cannot have a default factory")
    elif type(annotation) is _InitVar or _names(text, "InitVar"):
        made.kind = "init"
        if made.default_factory is not MISSING:
            raise TypeError(f"field {name} cannot have a default factory")
    kind = type(made.default)
    if made.kind != "class" and made.default is not MISSING and kind.__hash__ is None:
        raise ValueError(f"mutable default {kind} for field {name} is not allowed: use default_factory")
    return made


def _set_hash(cls: type, methods: dict[str, Any], options: dict[str, bool], explicit: bool) -> None:
    if options["unsafe_hash"]:
        if explicit:
            raise TypeError(f"Cannot overwrite attribute __hash__ in class {cls.__name__}")
        _add(cls, "__hash__", methods["__hash__"])
    elif options["eq"] and not explicit:
        if options["frozen"]:
            _add(cls, "__hash__", methods["__hash__"])
        else:
            type.__setattr__(cls, "__hash__", None)


def _freeze(cls: Any, fields: dict[str, Field]) -> None:
    if any(name in cls.__dict__ for name in ("__setattr__", "__delattr__")):
        name = "__setattr__" if "__setattr__" in cls.__dict__ else "__delattr__"
        raise TypeError(f"Cannot overwrite attribute {name} in class {cls.__name__}")
    names = {mark(name) for name in fields}

    def refuse_set(self: Any, name: str, value: Any) -> None:
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot assign to field {name.removeprefix(MARK)!r}")
        super(cls, self).__setattr__(name, value)

    def refuse_delete(self: Any, name: str) -> None:
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot delete field {name.removeprefix(MARK)!r}")
        super(cls, self).__delattr__(name)

    _add(cls, "__setattr__", refuse_set)
    _add(cls, "__delattr__", refuse_delete)
    type.__setattr__(cls, mark("__setattr__"), lambda self, name, value: refuse_set(self, mark(name), value))
    type.__setattr__(cls, mark("__delattr__"), lambda self, name: refuse_delete(self, mark(name)))


def _with_slots(cls: Any, fields: dict[str, Field]) -> Any:
    if "__slots__" in cls.__dict__:
        raise TypeError(f"{cls.__name__} already specifies __slots__")
    inherited = {name for base in cls.__mro__[1:] for name in _slots_of(base)}
    members = dict(cls.__dict__)
    for name, each in fields.items():
        if each.kind != "init":
            members.pop(mark(name), None)
    members.pop("__dict__", None)
    members.pop("__weakref__", None)
    members["__slots__"] = tuple(
        mark(name) for name in fields if fields[name].kind != "init" and mark(name) not in inherited
    )
    members[mark("__slots__")] = tuple(map(unmark, members["__slots__"]))
    made = type.__new__(type(cls), cls.__name__, cls.__bases__, members)
    made.__qualname__ = cls.__qualname__
    if "__setattr__" in members:
        for name in ("__setattr__", "__delattr__"):
            type.__delattr__(made, name)
        _freeze(made, fields)
    return made


def _slots_of(base: type) -> tuple[str, ...]:
    slots = base.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


_templates: Final[dict[tuple[Any, ...], Callable[..., dict[str, Any]]]] = {}
_KEPT: Final = 512


def _methods(cls: Any, fields: dict[str, Field], options: dict[str, bool]) -> dict[str, Any]:
    """The generated methods of a class, by name."""
    post = hasattr(cls, POST_INIT)
    shape = [
        (f.name, f.default is not MISSING, f.default_factory is not MISSING, f.init, bool(f.kw_only), f.kind, f.repr,
         f.compare, f.compare if f.hash is None else bool(f.hash))
        for f in fields.values()
    ]  # fmt: skip
    switches = (options["init"], options["repr"], options["eq"], options["order"], options["frozen"], options["slots"])
    key = (*shape, switches, post)
    template = _templates.get(key)
    if template is None:
        if len(_templates) >= _KEPT:
            _templates.clear()
        text = _text(fields, options, post)
        namespace: dict[str, Any] = dict(_NAMESPACE)
        exec(compile(text, "<noodle class>", "exec"), namespace)
        template = _templates[key] = namespace["make"]
    return template([f.default for f in fields.values()], [maker(f.default_factory) for f in fields.values()])


def _wrong_self(value: Any) -> None:
    if is_instance(value):  # of a class that a metaclass of the program made
        return
    raise TypeError(f"this method needs an object of a class of the program, not '{type_name(value)}'")


_NAMESPACE: Final[dict[str, Any]] = {
    "__builtins__": {},
    f"{MARK}type": type,
    f"{MARK}Program": ProgramType,
    f"{MARK}wrong": _wrong_self,
    f"{MARK}FACTORY": _FACTORY,
    f"{MARK}set": object.__setattr__,
    f"{MARK}hash": stable_hash,
    f"{MARK}NotImplemented": NotImplemented,
    "__name__": "__main__",
}


def _text(fields: dict[str, Field], options: dict[str, bool], post: bool) -> str:
    lines = [f"def make({MARK}d, {MARK}f):"]
    order = list(fields)
    if options["init"]:
        lines += _init_text(fields, order, options, post)
    me = f"{MARK}self"
    shown = [name for name in order if fields[name].repr and fields[name].kind != "init"]
    compared = [name for name in order if fields[name].compare and fields[name].kind != "init"]
    hashed = [
        name
        for name in order
        if fields[name].kind != "init" and (fields[name].compare if fields[name].hash is None else fields[name].hash)
    ]

    def row(owner: str, names: list[str]) -> str:
        return "(" + "".join(f"{owner}.{MARK}{name}, " for name in names) + ")"

    inside = ", ".join(f"{name}={{{me}.{MARK}{name}!r}}" for name in shown)
    lines += [
        f" {MARK}busy = []",
        f" def __repr__({me}):",
        f"  for {MARK}each in {MARK}busy:",
        f"   if {MARK}each is {me}: return '...'",
        f"  {MARK}busy.append({me})",
        f"  try: return f'{{{MARK}type({me}).__qualname__}}({inside})'",
        f"  finally: {MARK}busy.pop()",
    ]
    for name, symbol in (("eq", "=="), ("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">=")):
        lines += [
            f" def __{name}__({me}, other):",
            f"  if {MARK}type(other) is {MARK}type({me}): return {row(me, compared)} {symbol} {row('other', compared)}",
            f"  return {MARK}NotImplemented",
        ]
    lines += [f" def __hash__({me}): return {MARK}hash({row(me, hashed)})"]
    names = ["__repr__", "__eq__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__"]
    if options["init"]:
        names.append("__init__")
    kept = [name for name in names if name != "__repr__" or options["repr"]]
    kept = [name for name in kept if name != "__eq__" or options["eq"]]
    lines.append(" return {" + ", ".join(f"'{name}': {name}" for name in kept) + "}")
    return "\n".join(lines)


def _init_text(fields: dict[str, Field], order: list[str], options: dict[str, bool], post: bool) -> list[str]:
    me = f"{MARK}self"
    positional = [name for name in order if fields[name].init and not fields[name].kw_only]
    keyword = [name for name in order if fields[name].init and fields[name].kw_only]
    seen_default = False
    for name in positional:
        has = fields[name].default is not MISSING or fields[name].default_factory is not MISSING
        if seen_default and not has:
            raise TypeError(f"non-default argument {name!r} follows default argument")
        seen_default = seen_default or has

    def parameter(name: str) -> str:
        if fields[name].default is not MISSING:
            return f"{name}={MARK}d[{order.index(name)}]"
        if fields[name].default_factory is not MISSING:
            return f"{name}={MARK}FACTORY"
        return name

    parameters = [me, *map(parameter, positional), *(["*"] if keyword else []), *map(parameter, keyword)]
    lines = [
        f" def __init__({', '.join(parameters)}):",
        f"  if {MARK}type({MARK}type({me})) is not {MARK}Program: {MARK}wrong({me})",
    ]
    for position, name in enumerate(order):
        each = fields[name]
        if each.kind == "init":
            continue
        factory = f"{MARK}f[{position}]()"
        if each.default_factory is not MISSING:
            value = f"{factory} if {name} is {MARK}FACTORY else {name}" if each.init else factory
        elif each.init:
            value = name
        elif options["slots"] and each.default is not MISSING:
            value = f"{MARK}d[{position}]"
        else:
            continue
        if options["frozen"]:
            lines.append(f"  {MARK}set({me}, '{MARK}{name}', {value})")
        else:
            lines.append(f"  {me}.{MARK}{name} = {value}")
    if post:
        extra = ", ".join(name for name in order if fields[name].kind == "init")
        lines.append(f"  {me}.{POST_INIT}({extra})")
    return lines


def _fields_of(value: Any, message: str) -> dict[str, Field]:
    kind = value if isinstance(value, type) else type(value)
    found = getattr(kind, FIELDS, None) if isinstance(kind, ProgramType) else None
    if found is None:
        raise TypeError(message)
    return {name: each for name, each in found.items() if each.kind != "init"}


def fields(class_or_instance: Any, /) -> tuple[Any, ...]:
    """dataclasses.fields."""
    return tuple(_fields_of(class_or_instance, "must be called with a dataclass type or instance").values())


def is_dataclass(obj: Any, /) -> bool:
    """dataclasses.is_dataclass."""
    kind = obj if isinstance(obj, type) else type(obj)
    return isinstance(kind, ProgramType) and hasattr(kind, FIELDS)


def _is_instance(obj: Any) -> bool:
    return is_instance(obj) and hasattr(type(obj), FIELDS)


def asdict(obj: Any, *, dict_factory: Any = dict) -> Any:
    """dataclasses.asdict."""
    if not _is_instance(obj):
        raise TypeError("asdict() should be called on dataclass instances")
    return _convert(obj, lambda value, inner: dict_factory([(name, inner(each)) for name, each in _values(value)]))


def astuple(obj: Any, *, tuple_factory: Any = tuple) -> Any:
    """dataclasses.astuple."""
    if not _is_instance(obj):
        raise TypeError("astuple() should be called on dataclass instances")
    return _convert(obj, lambda value, inner: tuple_factory([inner(each) for _, each in _values(value)]))


def _values(obj: Any) -> list[tuple[str, Any]]:
    found = _fields_of(obj, "")
    S.charge(len(found) + 1)
    return [(name, getattr(obj, mark(name))) for name in found]


def _convert(value: Any, make: Callable[[Any, Callable[[Any], Any]], Any]) -> Any:
    def inner(each: Any) -> Any:
        if _is_instance(each):
            return make(each, inner)
        kind = type(each)
        if isinstance(each, tuple) and hasattr(each, "_fields"):
            return kind(*[inner(item) for item in each])
        if isinstance(each, list | tuple):
            S.charge(len(each) >> 2)
            return kind([inner(item) for item in each])
        if isinstance(each, dict) and kind not in (set, frozenset):
            S.charge(len(each) >> 2)
            pairs = [(inner(key), inner(item)) for key, item in each.items()]
            if kind.__name__ == "defaultdict":
                made = kind(getattr(each, "default_factory", None))
                made.update(pairs)
                return made
            return kind(pairs)
        return deepcopy(each)

    return make(value, inner)


def replace(obj: Any, /, **changes: Any) -> Any:
    """dataclasses.replace."""
    if not _is_instance(obj):
        raise TypeError("replace() should be called on dataclass instances")
    for name, each in getattr(type(obj), FIELDS).items():
        if not each.init:
            if name in changes:
                raise ValueError(f"field {name} is declared with init=False, it cannot be specified with replace()")
        elif name not in changes:
            if each.kind == "init" and each.default is MISSING:
                raise ValueError(f"InitVar {name!r} must be specified with replace()")
            changes[name] = getattr(obj, mark(name))
    return type(obj)(**changes)


def make_dataclass(cls_name: Any, fields: Any, *, bases: Any = (), namespace: Any = None, **options: Any) -> Any:
    """dataclasses.make_dataclass."""
    members: dict[str, Any] = dict(namespace or {})
    annotations: dict[str, Any] = {}
    for each in fields:
        name, kind, default = (each, "typing.Any", MISSING) if isinstance(each, str) else (*each, MISSING)[:3]
        _check_name(name)
        if name in annotations:
            raise TypeError(f"Field name duplicated: {name!r}")
        annotations[name] = kind
        if default is not MISSING:
            members[name] = default
    members["__annotations__"] = annotations
    members.setdefault("__qualname__", cls_name)
    return dataclass(build_class(str.__str__(cls_name), tuple(bases), members), **options)


for _kind in (_Sentinel, _InitVar):
    register(_kind)
MEMBERS: Final[dict[str, Any]] = {
    "FrozenInstanceError": FrozenInstanceError,
    "InitVar": _InitVar(),
    "KW_ONLY": KW_ONLY,
    "MISSING": MISSING,
    "Field": Field,
    "asdict": asdict,
    "astuple": astuple,
    "dataclass": dataclass,
    "field": field,
    "fields": fields,
    "is_dataclass": is_dataclass,
    "make_dataclass": make_dataclass,
    "replace": replace,
}
