"""Calls and attributes: of the program's functions and classes, of Python's own, of models."""
# ruff: noqa: SIM905

import ast
import enum
import inspect
from functools import cache
from importlib import import_module
from typing import Any, Final

from noodle_ray.core.types import samples
from noodle_ray.core.types.arrays import answered, lacks
from noodle_ray.core.types.expressions import Expressions
from noodle_ray.core.types.model import (
    ANY,
    NEVER,
    NONE,
    BuiltinT,
    ClassT,
    FunctionT,
    Inst,
    InstanceT,
    MethodT,
    ModelT,
    ModuleT,
    Type,
    joined,
    members,
    opaque,
    show,
)  # fmt: skip
from noodle_ray.core.types.program import ClassInfo, FunctionInfo
from noodle_ray.core.vm.catalog import MODULES

_TRIED: Final = frozenset(
    "abs ascii bin bool bytearray bytes callable chr complex dict divmod enumerate filter "
    "float format frozenset hash hex int isinstance issubclass iter len list max min next oct "
    "ord pow range repr reversed round set slice sorted str sum tuple zip".split()
)
"""Builtins that can be asked with samples."""
_FIXED: Final = {
    "abs": None, "ascii": str, "bin": str, "bool": bool, "bytes": bytes, "callable": bool, "chr": str, "dict": dict,
    "float": float, "format": str, "frozenset": frozenset, "hash": int, "hex": str, "id": int, "int": int,
    "isinstance": bool, "issubclass": bool, "len": int, "list": list, "oct": str, "ord": int, "repr": str, "set": set,
    "sorted": list, "str": str, "tuple": tuple, "any": bool, "all": bool, "range": range, "print": type(None),
}  # fmt: skip
"""What calls of builtins give, where the arguments do not matter."""
_METHOD_RESULTS: Final[dict[Any, dict[str, type]]] = {
    str: {
        **dict.fromkeys(
            
            "capitalize casefold center expandtabs format format_map join ljust lower lstrip "
            "removeprefix removesuffix replace rjust rstrip strip swapcase title translate upper "
            "zfill".split(),
            str,
        ),
        **dict.fromkeys("count find index rfind rindex".split(), int),
        **dict.fromkeys(
            "endswith startswith isalnum isalpha isascii isdecimal isdigit isidentifier islower "
            "isnumeric isprintable isspace istitle isupper".split(), bool),
        **dict.fromkeys("split rsplit splitlines".split(), list),
        "encode": bytes, "partition": tuple, "rpartition": tuple,
    },
    list: {"append": type(None), "extend": type(None), "insert": type(None), "remove": type(None), "clear": type(None),
           "sort": type(None), "reverse": type(None), "index": int, "count": int, "copy": list},
    dict: {"clear": type(None), "update": type(None), "copy": dict},
    set: {"add": type(None), "discard": type(None), "remove": type(None), "clear": type(None), "update": type(None)},
    bytes: {"decode": str, "hex": str},
}  # fmt: skip
_NUMERIC_FREE: Final = frozenset(
    "dist fsum prod sumprod isclose hypot gcd lcm comb perm factorial e pi tau inf nan".split()
)
_NOT_NUMBERS: Final = (str, bytes, list, tuple, dict, set, frozenset, type(None))


class Calls(Expressions):
    """The rules for calls and attributes."""

    tasks: "dict[str, str]"

    def special(self, node: ast.expr) -> ClassInfo | None:
        """The named tuple or enumeration that an expression surely is."""
        raise NotImplementedError

    def attribute(self, node: ast.Attribute, value: Type) -> Type:
        """``value.name``; reports a name that no value of the type has."""
        info = self.special(node.value)
        if info is not None and info.enum and not self._may_be_of_enum(info, node.attr):
            self._report_missing(node, ClassT(info))
        results: list[Type] = []
        missing: list[Type] = []
        for one in members(value):
            found = self._attribute_of(one, node.attr)
            if found is None:
                missing.append(one)
            else:
                results.append(found)
        if results or not missing:
            return joined(results)
        self._report_missing(node, missing[0])
        return ANY

    def _may_be_of_enum(self, info: ClassInfo, name: str) -> bool:
        if self.facts.dynamic or name[:1] == "_" or name in self.facts.stored | info.members:
            return True
        return hasattr(enum.StrEnum, name) or hasattr(enum.IntEnum, name)

    def _report_missing(self, node: ast.Attribute, kind: Type) -> None:
        from noodle_ray.core.lang.hints import did_you_mean

        name = node.attr
        if isinstance(kind, ModuleT):
            text, known = f"module '{kind.name}' has no attribute '{name}'", set(MODULES.get(kind.name, ()))
        elif isinstance(kind, ClassT):
            text = f"type object '{kind.info.name}' has no attribute '{name}'"
            known = set().union(*(one.members for one in kind.info.lineage()))
        elif isinstance(kind, InstanceT):
            text = f"'{kind.info.name}' object has no attribute '{name}'"
            known = set().union(*(one.members for one in kind.info.lineage())) | self.facts.stored
        elif isinstance(kind, BuiltinT):
            text, known = f"type object '{kind.name}' has no attribute '{name}'", set(dir(kind.real))
        else:
            real = kind.kind if isinstance(kind, Inst) else None
            text = f"'{real.__name__ if real else show(kind)}' object has no attribute '{name}'"
            known = set(dir(real)) if real else set()
        hint = did_you_mean(name, known)
        if isinstance(kind, Inst) and kind.kind is type(None):
            hint = "the value is None here: does a function lack a return?"
        self.report("NOODLE-E0221", AttributeError, text, node, hint)

    def _attribute_of(self, kind: Type, name: str) -> Type | None:
        """The attribute's type, or None if there is surely none."""
        if "__" in name and not (name.startswith("__") and name.endswith("__")):  # a private name, mangled
            return ANY
        if isinstance(kind, Inst):
            if kind.kind not in samples.KNOWN:
                return None if lacks(kind, name) else ANY
            if not hasattr(kind.kind, name):
                return None
            return MethodT(kind, name) if callable(getattr(kind.kind, name)) else ANY
        if isinstance(kind, ModuleT):
            return self._member(kind.name, name)
        if isinstance(kind, InstanceT | ClassT):
            found = (
                self._instance_attribute(kind, name)
                if isinstance(kind, InstanceT)
                else self._class_attribute(kind.info, name)
            )
            return ANY if found is None and name.startswith("__") else found  # what Python itself gives classes
        if isinstance(kind, BuiltinT):
            if not isinstance(kind.real, type):
                return ANY
            return ANY if hasattr(kind.real, name) or name in self.facts.stored else None
        if isinstance(kind, FunctionT):
            return ANY
        if isinstance(kind, ModelT):
            return ANY if name.startswith("__") else None
        self.soft = True
        return ANY

    def _member(self, module: str, name: str) -> Type | None:
        if name in MODULES.get(module, ()):
            if module == "noodle_ray":
                return ANY
            real = _member_of(module, name)
            return BuiltinT(f"{module}.{name}", real) if callable(real) else ANY
        return ModuleT(f"{module}.{name}") if f"{module}.{name}" in MODULES else ANY

    def _instance_attribute(self, kind: InstanceT, name: str) -> Type | None:
        self.soft = True
        info = kind.info
        family = [info] if kind.exact else info.family()
        if not all(one.sure() for one in family):
            self.escape_named(name)
            return ANY
        if self.facts.dynamic or any("__getattr__" in one.members or "__getattribute__" in one.members
                                     for sub in family for one in sub.lineage()):  # fmt: skip
            return ANY
        if name in self.facts.stored:
            self.escape_named(name)
            return ANY
        if not any(one.has(name) for one in family) and not hasattr(object, name):
            return None
        methods = {one.find(name) for one in family}
        method = methods.pop() if len(methods) == 1 else None
        if method is None or method.decorated:
            self.escape_named(name)
            return ANY
        if method.static == "property":
            return self._invoke(method, {}, kind)
        receiver: Type | None = kind if not method.static else ClassT(info) if method.static == "classmethod" else None
        self.soft = not kind.exact
        return FunctionT(method, receiver)

    def _invoke(self, info: FunctionInfo, given: "dict[str, Type]", receiver: Type | None) -> Type:
        """Enter a function with these parameters, and the receiver as its first."""
        positional = [*info.args.posonlyargs, *info.args.args]
        if receiver is not None and positional:
            given = {positional[0].arg: receiver, **given}
        self.pass_to(info, given)
        return self.enter(info)

    def _class_attribute(self, info: ClassInfo, name: str) -> Type | None:
        if not info.sure() or name in self.facts.stored or self.facts.dynamic or info.dataclass:
            self.escape_named(name)
            return ANY
        if not info.has(name):
            return None if not hasattr(type, name) else ANY
        method = info.find(name)
        if method is None or method.decorated or method.static == "property":
            self.escape_named(name)
            return ANY
        return FunctionT(method, ClassT(info) if method.static == "classmethod" else None)

    def escape_named(self, name: str) -> None:
        """Methods of this name may be called through a value that is not known."""
        raise NotImplementedError

    def pass_to(self, info: FunctionInfo, given: "dict[str, Type]") -> None:
        """Note a call of a function with these parameters."""
        raise NotImplementedError

    # calls

    def call(self, node: ast.Call) -> Type:
        """The type of a call, after a look at its arguments."""
        func = node.func
        callee = self.attribute(func, self.ev(func.value)) if isinstance(func, ast.Attribute) else self.ev(func)
        firm_callee = self.soft
        args: list[Type] = []
        spread = False
        for one in node.args:
            kind = self.ev(one)
            if isinstance(one, ast.Starred):
                spread = True
            args.append(kind)
        named: dict[str, Type] = {}
        for keyword in node.keywords:
            kind = self.ev(keyword.value)
            if keyword.arg is None:
                spread = True
                self.escape(kind)
            else:
                named[keyword.arg] = kind
        self._callee_soft = firm_callee
        if callee is NEVER or NEVER in args or NEVER in named.values():
            return NEVER
        if isinstance(func, ast.Attribute) and not spread:
            self._super(node, func, args, named)
        info = self.special(func)
        if info is not None and info.tuple and info.fields is not None and not spread and "__new__" not in info.members:
            wrong = _bind_fields(info, info.fields, len(args), set(named), "__new__")
            if wrong:
                self.report("NOODLE-E0220", TypeError, wrong, node, soft=False)
        results: list[Type] = []
        bad: list[Type] = []
        for callee_kind in members(callee):
            found = self._call_one(node, callee_kind, args, named, spread, single=len(members(callee)) == 1)
            if found is None:
                bad.append(callee_kind)
            else:
                results.append(found)
        if results or not bad:
            return joined(results)
        hint = "it is a module: call one of its functions" if isinstance(bad[0], ModuleT) else ""
        what = show(bad[0]).replace("None", "NoneType")
        self.report("NOODLE-E0223", TypeError, f"'{what}' object is not callable", node, hint, soft=firm_callee)
        return ANY

    def _super(self, node: ast.Call, func: ast.Attribute, args: list[Type], named: dict[str, Type]) -> None:
        """Report arguments that a method does not take which ``super()`` surely finds: that of the only base."""
        of = func.value
        called = isinstance(of, ast.Call) and isinstance(of.func, ast.Name) and of.func.id == "super" and not of.args
        info = self.function.cls if self.function is not None else None
        if not called or info is None or any("super" in scope.names for scope in self.facts.scopes.values()):
            return
        if not info.sure() or any(len(one.bases) + len(one.real) > 1 for sub in info.family() for one in sub.lineage()):
            return
        method = info.bases[0].find(func.attr) if info.bases else None
        if method is None or method.decorated or method.static == "property":
            return
        _, wrong = bind_call(method, args if method.static == "staticmethod" else [ANY, *args], named, True)
        if wrong:
            hint = f"its signature is {signature(method)}"
            self.report("NOODLE-E0220", TypeError, wrong, node, hint, soft=False)

    def _call_one(
        self, node: ast.Call, callee: Type, args: list[Type], named: dict[str, Type], spread: bool, single: bool
    ) -> Type | None:
        """The result, or None if the value cannot be called. Arguments are reported for a ``single`` callee only."""
        if isinstance(callee, FunctionT):
            return self._call_function(node, callee, args, named, spread, single)
        if isinstance(callee, ClassT):
            return self._construct(node, callee.info, args, named, spread, single)
        for kind in (*args, *named.values()):
            self.escape(kind)
        if isinstance(callee, Inst):
            return None if callee.kind in samples.KNOWN else ANY
        if isinstance(callee, ModuleT):
            return None
        if isinstance(callee, InstanceT):
            return ANY if self.may_have(callee, "__call__") else None
        if isinstance(callee, ModelT):
            self._ask_model(node, callee.model, args, named, spread)
            return ANY if spread or named else answered(self.tasks.get(callee.model, ""), args)
        if isinstance(callee, BuiltinT):
            return self._call_builtin(node, callee, args, named, spread, single)
        if isinstance(callee, MethodT):
            return self._call_method(node, callee, args, named, spread, single)
        self.soft = True
        return ANY

    def _call_function(
        self, node: ast.Call, callee: FunctionT, args: list[Type], named: dict[str, Type], spread: bool, report: bool
    ) -> Type:
        info = callee.info
        if info.decorated:
            self.soft = True
            for kind in (*args, *named.values()):
                self.escape(kind)
            return ANY
        if spread:
            self.escape(callee)
            for kind in (*args, *named.values()):
                self.escape(kind)
            self.soft = True
            return self.enter(info) if not info.later else ANY
        full = args if callee.receiver is None else [callee.receiver, *args]
        given, wrong = bind_call(info, full, named, callee.receiver is not None)
        if wrong:
            if report:
                self.report(
                    "NOODLE-E0220",
                    TypeError,
                    wrong,
                    node,
                    f"its signature is {signature(info)}",
                    soft=self._callee_soft,
                )
            return ANY
        self.pass_to(info, given)
        result = self.enter(info)
        self.soft = self.soft or info.result_soft
        return ANY if info.later else result

    _callee_soft = False

    def _construct(
        self, node: ast.Call, info: ClassInfo, args: list[Type], named: dict[str, Type], spread: bool, report: bool
    ) -> Type:
        init, new = info.find("__init__"), info.find("__new__")
        instance = InstanceT(info)
        if not info.sure():
            for kind in (*args, *named.values()):
                self.escape(kind)
            return ANY
        if (init is not None and not info.has("__new__")) or (init is not None and new is None and _plain_new(info)):
            self._call_function(node, FunctionT(init, instance), args, named, spread, report)
            return instance
        for kind in (*args, *named.values()):
            self.escape(kind)
        if "__new__" in {name for one in info.lineage() for name in one.members}:
            return ANY
        if (
            spread
            or any(one.real for one in info.lineage())
            or any("__init__" in one.members for one in info.lineage())
        ):
            return instance
        fields = _fields(info)
        wrong = ""
        if fields is not None:
            wrong = _bind_fields(info, fields, len(args), set(named))
        elif not any(one.dataclass for one in info.lineage()) and (args or named):
            wrong = f"{info.name}() takes no arguments"
        if wrong and report:
            self.report("NOODLE-E0220", TypeError, wrong, node, soft=self._callee_soft)
        return instance

    def _ask_model(self, node: ast.Call, name: str, args: list[Type], named: dict[str, Type], spread: bool) -> None:
        from noodle_ray.core.types.models import problem

        if not spread:
            text = problem(name, self.tasks.get(name, ""), args, named)
            if text:
                self.report("NOODLE-E0232", RuntimeError, text, node, "docs/models.md says what models take")

    def _call_builtin(
        self, node: ast.Call, callee: BuiltinT, args: list[Type], named: dict[str, Type], spread: bool, report: bool
    ) -> Type:
        name, real = callee.name, callee.real
        if isinstance(real, type) and issubclass(real, BaseException):
            return Inst(real)
        if not spread and report:
            wrong = ""
            if name in _TRIED:
                wrong = self._tried(real, args, named)
                if name == "len" and len(args) == 1 and isinstance(args[0], InstanceT) and self._has_no_len(args[0]):
                    wrong = f"object of type '{show(args[0])}' has no len()"
                if name == "sum" and len(args) == 1 and not named and isinstance(args[0], Inst):
                    bad = [one for one in args[0].items or () if isinstance(one, Inst) and one.kind in _NOT_NUMBERS]
                    if bad and args[0].kind in (list, tuple):
                        text = f"unsupported operand type(s) for +: 'int' and '{show(bad[0])}'"
                        wrong = wrong or text.replace("None", "NoneType")
            elif name.startswith("math.") and name[5:] not in _NUMERIC_FREE:
                wrong = _not_numbers(args)
            wrong = wrong or _arity(real, len(args), tuple(sorted(named)))
            if wrong:
                code = "NOODLE-E0233" if name in _TRIED or name.startswith("math.") else "NOODLE-E0220"
                self.report(code, TypeError, wrong, node)
                return ANY
            if name == "format" and len(args) == 2 and isinstance(args[1], Inst) and args[1].value is not None:
                self.format(node.args[0], args[0], str(args[1].value[1]))
        return self._builtin_result(node, name, args)

    def _has_no_len(self, kind: InstanceT) -> bool:
        set_later = self.facts.dynamic or "__len__" in self.facts.stored
        return not (set_later or self.may_have(kind, "__len__"))

    def _builtin_result(self, node: ast.Call, name: str, args: list[Type]) -> Type:
        first = args[0] if args else NEVER
        if any(isinstance(one, InstanceT) or one is ANY for one in args) and name not in (
            "list",
            "dict",
            "set",
            "str",
            "repr",
        ):
            if name in ("isinstance", "issubclass", "callable", "bool", "len", "sorted", "tuple", "frozenset", "print"):
                return Inst(_FIXED[name])  # type: ignore[arg-type]
            return ANY if name not in _FIXED or _FIXED[name] is None else Inst(_FIXED[name])  # type: ignore[arg-type]
        if name in ("list", "sorted", "set", "frozenset", "tuple") and args:
            elem = self.iterated(node.args[0], first)
            kind: Any = _FIXED[name]
            return Inst(kind, elem=opaque(elem)) if elem is not ANY else Inst(kind)
        if name == "enumerate" and args:
            pair = Inst(tuple, elem=ANY, items=(Inst(int), opaque(self.iterated(node.args[0], first))))
            return _iterator(pair)
        if name == "abs" and isinstance(first, Inst):
            return Inst(int) if first.kind in (int, bool) else Inst(float) if first.kind is float else ANY
        if (
            name == "range"
            and len(args) == 1
            and isinstance(first, Inst)
            and first.value is not None
            and first.value[1] <= 0
        ):
            return Inst(range, items=())
        kind = _FIXED.get(name)
        return ANY if kind is None else NONE if kind is type(None) else Inst(kind)

    def _tried(self, real: Any, args: list[Type], named: dict[str, Type]) -> str:
        values = [*args, *named.values()]
        if real in (isinstance, issubclass):
            return ""
        if any(not isinstance(one, Inst) or one.kind not in samples.KNOWN for one in values):
            return ""
        kinds = tuple(one.kind for one in values if isinstance(one, Inst))
        return samples.attempt(real, kinds, tuple(named))[0]

    def _call_method(
        self, node: ast.Call, callee: MethodT, args: list[Type], named: dict[str, Type], spread: bool, report: bool
    ) -> Type:
        receiver, name = callee.receiver, callee.name
        if not spread and report:
            values = [*args, *named.values()]
            wrong = ""
            if not any(not isinstance(one, Inst) or one.kind not in samples.KNOWN for one in values):
                kinds = tuple(one.kind for one in values if isinstance(one, Inst))
                wrong = samples.method(receiver.kind, name, kinds, tuple(named))[0]
            wrong = wrong or _arity(getattr(receiver.kind, name), len(args) + 1, tuple(sorted(named)))
            if name == "join" and receiver.kind is str and len(args) == 1:
                place, odd = _first_not(args[0], str)
                wrong = wrong or (f"sequence item {place}: expected str instance, {odd} found" if odd else "")
            if wrong:
                self.report("NOODLE-E0233", TypeError, wrong, node)
                return ANY
        result = _METHOD_RESULTS.get(receiver.kind, {}).get(name)
        if receiver.kind is str and name in ("split", "rsplit", "splitlines"):
            return Inst(list, elem=Inst(str))
        if receiver.kind is dict and name == "items" and receiver.elem is not None and receiver.entry is not None:
            return _iterator(Inst(tuple, elem=ANY, items=(opaque(receiver.elem), opaque(receiver.entry))))
        if receiver.kind is dict and name in ("keys", "values"):
            elem = receiver.elem if name == "keys" else receiver.entry
            return ANY if elem is None else _iterator(opaque(elem))
        return ANY if result is None else NONE if result is type(None) else Inst(result)


def _iterator(elem: Type) -> Type:
    """Something that can be iterated over and of which nothing else is known."""
    return ANY if elem is ANY else Inst(_Iterator, elem=elem)


class _Iterator:
    pass


def _plain_new(info: ClassInfo) -> bool:
    return not any("__new__" in one.members for one in info.lineage())


@cache
def _member_of(module: str, name: str) -> Any:
    try:
        return getattr(import_module(module), name, None)
    except ImportError:
        return None


@cache
def _signature(real: Any) -> "inspect.Signature | None":
    try:
        return inspect.signature(real)
    except (ValueError, TypeError):
        return None


def _arity(real: Any, count: int, named: tuple[str, ...]) -> str:
    """Why a call of a builtin with so many arguments fails, or ''."""
    try:
        found = _signature(real)
    except TypeError:  # not hashable
        return ""
    if found is None or isinstance(real, type):
        return ""
    try:
        found.bind(*[None] * count, **dict.fromkeys(named))
    except TypeError as error:
        return f"{getattr(real, '__name__', 'the function')}(): {error}"
    return ""


def _first_not(kind: Type, wanted: type) -> tuple[int, str]:
    """The first element of a list or tuple that is surely not of this type: its place and its type's name, or ''."""
    items = kind.items if isinstance(kind, Inst) and kind.kind in (list, tuple) else None
    for place, one in enumerate(items or ()):
        if isinstance(one, Inst) and one.kind in samples.KNOWN and one.kind is not wanted:
            return place, show(one).replace("None", "NoneType")
    return 0, ""


def _not_numbers(args: list[Type]) -> str:
    for kind in args:
        if isinstance(kind, Inst) and kind.kind in _NOT_NUMBERS:
            return f"must be real number, not {show(kind).replace('None', 'NoneType')}"
    return ""


def signature(info: FunctionInfo) -> str:
    """A function's signature as text."""
    return f"{info.name}({ast.unparse(info.args)})"


def bind_call(info: FunctionInfo, args: list[Type], named: dict[str, Type], bound: bool) -> tuple[dict[str, Type], str]:
    """The parameters that a call gives, or what is wrong with it, in CPython's words."""
    spec = info.args
    name = f"{info.cls.name}.{info.name}" if info.cls is not None else info.name
    positional = [one.arg for one in (*spec.posonlyargs, *spec.args)]
    if len(args) > len(positional) and spec.vararg is None:
        least = len(positional) - len(spec.defaults)
        count = str(len(positional)) if not spec.defaults else f"from {least} to {len(positional)}"
        plural = "" if len(positional) == 1 and not spec.defaults else "s"
        were = "was" if len(args) == 1 else "were"
        return {}, f"{name}() takes {count} positional argument{plural} but {len(args)} {were} given"
    given = dict(zip(positional, args, strict=False))
    by_name = {one.arg for one in (*spec.args, *spec.kwonlyargs)}
    for keyword, kind in named.items():
        if keyword in by_name:
            if keyword in given:
                return {}, f"{name}() got multiple values for argument '{keyword}'"
            given[keyword] = kind
        elif spec.kwarg is None:
            return {}, f"{name}() got an unexpected keyword argument '{keyword}'"
    needed = positional[: len(positional) - len(spec.defaults)]
    lacking = [one for one in needed if one not in given]
    if lacking:
        return {}, f"{name}() missing {_count(lacking, 'positional')}"
    lacking = [
        one.arg
        for one, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True)
        if default is None and one.arg not in given
    ]
    if lacking:
        return {}, f"{name}() missing {_count(lacking, 'keyword-only')}"
    return given, ""


def _count(names: list[str], kind: str) -> str:
    shown = [f"'{name}'" for name in names]
    listed = shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + f" and {shown[-1]}"
    return f"{len(names)} required {kind} argument{'s' if len(names) > 1 else ''}: {listed}"


def _fields(info: ClassInfo) -> "list[tuple[str, bool]] | None":
    """A dataclass's fields in order with whether they have a default; None if they cannot be told."""
    if not info.dataclass:
        return None
    found: dict[str, bool] = {}
    for one in reversed(info.lineage()):
        if not one.dataclass or one.fields is None:
            return None
        found.update(one.fields)
    return list(found.items())


def _bind_fields(
    info: ClassInfo, fields: list[tuple[str, bool]], count: int, named: set[str], maker: str = "__init__"
) -> str:
    names = [name for name, _ in fields]
    if count > len(names):
        least = sum(not default for _, default in fields) + 1
        wanted = str(len(names) + 1) if least == len(names) + 1 else f"from {least} to {len(names) + 1}"
        return f"{info.name}.{maker}() takes {wanted} positional arguments but {count + 1} were given"
    for name in sorted(named):
        if name not in names:
            return f"{info.name}.{maker}() got an unexpected keyword argument '{name}'"
        if name in names[:count]:
            return f"{info.name}.{maker}() got multiple values for argument '{name}'"
    lacking = [
        name for place, (name, default) in enumerate(fields) if place >= count and not default and name not in named
    ]
    return f"{info.name}.{maker}() missing {_count(lacking, 'positional')}" if lacking else ""
