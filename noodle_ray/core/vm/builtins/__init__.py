"""Every builtin, by name: `BUILTINS` as values (``bget``) and `CALLS` as what a direct call runs (``callb``).

A type whose call must be metered or hide addresses, such as ``list`` or ``str``, is a `Vetted` there, and CALLS has
what that calls.
"""

import builtins

from noodle_ray.core.vm import sets, strings
from noodle_ray.core.vm.builtins import identity, iteration, output, typing_
from noodle_ray.core.vm.catalog import MODULES, module_of
from noodle_ray.core.vm.modules import members
from noodle_ray.core.vm.names import EXCEPTIONS
from noodle_ray.core.vm.operators import SKIP, pow_, pow_builtin, pow_modulo, round_
from noodle_ray.core.vm.types import TYPE, ModelError, Module, call_of, held, type_of, vet_call
from noodle_ray.light import Any, Final, FunctionType

_PLAIN: Final = (
    *(
        "abs",
        "bin",
        "bool",
        "bytearray",
        "bytes",
        "callable",
        "chr",
        "complex",
        "dict",
        "divmod",
        "enumerate",
        "filter",
    ),
    *("float", "hex", "int", "len", "list", "map", "next", "oct", "ord", "range", "reversed"),
    *("slice", "str", "tuple", "zip"),
)


class KeyboardInterrupt(BaseException):
    """What a program may raise: no interrupt of the host."""


KeyboardInterrupt.__module__ = "builtins"


class _Builtins(dict[str, Any]):
    """By name; a module and its members are loaded when they are first asked for."""

    def __missing__(self, name: str) -> Any:
        module = module_of(name)
        if not module and name[0] == "." and name != ".super":
            from noodle_ray.core.vm.generators.hidden import HELPERS

            return HELPERS[name]
        if not module:
            from noodle_ray.core.vm.classes.functions_of import VALUES

            return VALUES[name]
        value = self[name] = Module(name, _module_member(name)) if name == module else _member(module, name)
        return value


def _member(module: str, name: str) -> Any:
    value = held(members(module)[name[len(module) + 1 :]])
    if isinstance(value, FunctionType):
        value.__name__ = value.__qualname__ = name.rpartition(".")[2]
    return value


def _module_member(module: str) -> Any:
    def member(name: str) -> Any:
        if name not in MODULES[module]:
            raise AttributeError(f"module '{module}' has no attribute '{name}'")
        return BUILTINS[f"{module}.{name}"]

    return member


for _kind, _call in {
    bytearray: output.to_bytearray,
    bytes: output.to_bytes,
    dict: iteration.to_dict,
    list: iteration.to_list,
    str: strings.decode_str,
    tuple: iteration.to_tuple,
}.items():
    vet_call(_kind, _call)


def _values() -> dict[str, Any]:
    values: dict[str, Any] = {name: held(getattr(builtins, name)) for name in _PLAIN}
    values.update({name: getattr(builtins, name) for name in EXCEPTIONS - {"ModelError"}})
    for name in ("all", "any", "iter", "max", "min", "sorted", "sum"):
        values[name] = getattr(iteration, name)
    values.update(
        {
            "ascii": strings.ascii_builtin,
            "format": strings.format_builtin,
            "frozenset": sets.frozenset,
            "hash": identity.hash,
            "id": identity.identify,
            "isinstance": typing_.isinstance,
            "issubclass": typing_.issubclass,
            "KeyboardInterrupt": KeyboardInterrupt,
            "ModelError": ModelError,
            "pow": pow_builtin,
            "print": output.print,
            "repr": strings.repr_builtin,
            "round": round_,
            "set": sets.set,
            "type": TYPE,
            ".name": identity.run_name,
            ".skip": SKIP,
            "Ellipsis": ...,
            "NotImplemented": NotImplemented,
        }
    )
    return values


BUILTINS: Final = _Builtins(_values())
"""Every name of BUILTIN_NAMES, as a value."""


class _Calls(_Builtins):
    def __missing__(self, name: str) -> Any:
        return call_of(BUILTINS[name])


CALLS: Final = _Calls({"filter": iteration.filter, "map": iteration.map, "type": type_of})
"""What ``callb`` of a name runs: any name of BUILTIN_NAMES can be looked up."""


_EXACT: Final[dict[tuple[str, int], Any]] = {
    ("all", 1): iteration.all_of,
    ("any", 1): iteration.any_of,
    ("ascii", 1): strings.to_ascii,
    ("iter", 1): iter,
    ("list", 1): iteration.list_of,
    ("map", 2): iteration.map_of,
    ("max", 1): iteration.max_of,
    ("min", 1): iteration.min_of,
    ("pow", 2): pow_,
    ("pow", 3): pow_modulo,
    ("repr", 1): strings.to_repr,
    ("round", 1): round,
    ("set", 1): sets.set_of,
    ("str", 1): strings.to_str,
    ("sum", 1): iteration.sum_of,
    ("tuple", 1): iteration.tuple_of,
}
"""What is called with just this many arguments, for short."""


def callee(name: str, positional: int, keywords: bool) -> Any:
    """What ``callb`` runs, for a known number of arguments: CPython's own where that needs no metering."""
    if not keywords:
        if name in ("max", "min") and positional > 1:
            return getattr(builtins, name)
        exact = _EXACT.get((name, positional))
        if exact is not None:
            return exact
    if name == "type" and (positional != 1 or keywords):
        return TYPE
    return CALLS[name]


for _name, _function in BUILTINS.items():
    if isinstance(_function, FunctionType):
        _function.__name__ = _function.__qualname__ = _name.rpartition(".")[2]
        _function.__module__ = "builtins"  # which messages about arguments leave out
