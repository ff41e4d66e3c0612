"""Operators and display helpers that a tier may not leave to CPython: they could compute without bound, or leak."""

from builtins import pow as _pow
from builtins import round as _round

from noodle_ray.core.vm.classes.kinds import ProgramType
from noodle_ray.core.vm.limits import LimitExceeded
from noodle_ray.core.vm.names import TOOL
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import without_addresses
from noodle_ray.core.vm.types import Model, Tool, Vetted
from noodle_ray.light import Any, Callable, Final


class Marker:
    """A value that no program can hold."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}>"


UNBOUND: Final = Marker("unbound")
"""What an unset register holds."""
SKIP: Final = Marker("skip")
"""What a gather's function returns for an element to leave out."""

_PLAIN: Final = frozenset({str, int, float, bool, type(None)})


def fix_addresses(text: str, *values: Any) -> str:
    """Text made from these values, without addresses; what a string among them says is left alone."""
    if type(text) is not str or " at 0x" not in text or all(type(value) in _PLAIN for value in values):
        return text
    kept = [value for value in values if type(value) is str and " at 0x" in value]
    for position, value in enumerate(kept):
        text = text.replace(value, f"\0{position}\0")
    text = without_addresses(text)
    for position, value in enumerate(kept):
        text = text.replace(f"\0{position}\0", value)
    return text


def model_value(name: str) -> Model:
    """A model or a tool as a value: calling it asks and waits."""
    return Tool(name) if name.startswith(TOOL) else Model(name)


def check_bound(value: object, name: str) -> None:
    """Raise UnboundLocalError if a register is unset."""
    if value is UNBOUND:
        raise UnboundLocalError(f"cannot access local variable '{name}' where it is not associated with a value")


def _is_mapping(value: Any) -> bool:
    if type(value) is dict:
        return True
    return hasattr(value, "keys") and not isinstance(value, type)  # of a set this is hidden


def update_display(target: dict[Any, Any], mapping: Any) -> None:
    """``{**mapping}``."""
    if not _is_mapping(mapping):
        raise TypeError(f"'{type(mapping).__name__}' object is not a mapping")
    target.update(mapping)


def kwmerge(target: dict[str, Any], mapping: Any, function: Any) -> None:
    """``f(**mapping)``: add keywords, each at most once."""
    if type(mapping) is not dict:
        if not _is_mapping(mapping):
            name = f"{_function_name(function)}()"
            raise TypeError(f"{name} argument after ** must be a mapping, not {type(mapping).__name__}")
        mapping = {key: mapping[key] for key in mapping.keys()}  # noqa: SIM118 (as CPython asks a mapping)
    for key in mapping:
        if not isinstance(key, str):
            raise TypeError("keywords must be strings")
        if key in target:
            name = f"{_function_name(function)}()"
            raise TypeError(f"{name} got multiple values for keyword argument '{key}'")
    target.update(mapping)


def _function_name(function: Any) -> str:
    """A callable's name in CPython's messages about its arguments: a function's has its module, __main__."""
    if type(function).__name__ != "function":
        return getattr(function, "__qualname__", type(function).__name__)
    if getattr(function, "__module__", "").startswith(("noodle_ray", "builtins")):
        return str(function.__qualname__)
    return f"__main__.{function.__qualname__}"


def extend_display(target: list[Any], items: Any) -> None:
    """``[*items]``."""
    try:
        target.extend(items)
        return
    except TypeError:
        kind = type(items)
        methods = {name for base in kind.__mro__ for name in base.__dict__}
        if kind is not Vetted and not isinstance(items, type) and methods & {"__iter__", "__getitem__"}:
            raise
    name = "type" if kind is ProgramType else kind.__name__
    raise TypeError(f"Value after * must be an iterable, not {name}")  # CPython clears the other error


SMALL_EXPONENT: Final = 4
"""``x ** 2`` and the like are plain arithmetic, as ``x * x`` is; higher powers can explode."""


POWERS: Final[dict[type, Callable[[Any, Any], None]]] = {}
"""What charges for powers of other types whose results can explode."""


def charge_power(base: Any, exponent: Any) -> None:
    """Charge for base ** exponent, or raise LimitExceeded when the result cannot fit the memory limit."""
    charge = POWERS.get(type(base))
    if charge is not None:
        charge(base, exponent)
    elif isinstance(base, int) and isinstance(exponent, int) and exponent > SMALL_EXPONENT:
        bits = base.bit_length() * exponent
        if bits > 4096 and abs(base) > 1:
            if bits > S.memory * 8:
                S.tripped = "memory"
                raise LimitExceeded("memory")
            charge_bits(bits)


def charge_bits(bits: int) -> None:
    """Charge for making an integer of so many bits by multiplication, which grows faster than its size."""
    words = bits >> 5
    S.charge(words * isqrt(words))


def isqrt(words: int) -> int:
    """math.isqrt, whose module would be one more to load for a one-line program."""
    root = int(words**0.5)
    while root * root > words:
        root -= 1
    while (root + 1) * (root + 1) <= words:
        root += 1
    return root


def pow_(base: Any, exponent: Any) -> Any:
    """``base ** exponent``."""
    charge_power(base, exponent)
    return base**exponent


def inplace_pow(base: Any, exponent: Any) -> Any:
    """``base **= exponent``."""
    charge_power(base, exponent)
    base **= exponent
    return base


def pow_modulo(base: Any, exp: Any, mod: Any, /) -> Any:
    """pow() of three arguments."""
    if mod is None:
        charge_power(base, exp)
    elif isinstance(exp, int) and isinstance(mod, int):
        words = mod.bit_length() >> 5
        if words > 31:
            S.charge(words * isqrt(words) * abs(exp).bit_length() >> 4)
    return _pow(base, exp, mod)


def pow_builtin(*args: Any, **kwargs: Any) -> Any:
    """pow()."""
    given = {**dict(zip(("base", "exp", "mod"), args, strict=False)), **kwargs}
    if len(args) < 4 and given.keys() - {"mod"} == {"base", "exp"}:
        return pow_modulo(given["base"], given["exp"], given.get("mod"))
    return _pow(*args, **kwargs)


_FEW_DIGITS: Final = -300


def round_(*args: Any, **kwargs: Any) -> Any:
    """round(); CPython would make the power of ten even where the result is 0."""
    digits = args[1] if len(args) == 2 else kwargs.get("ndigits")
    if type(digits) is int and digits < _FEW_DIGITS and args and type(args[0]) in (int, bool):
        number = int(args[0])
        if -3 * digits > number.bit_length():
            return 0
        charge_bits(number.bit_length() * 4)
    return _round(*args, **kwargs)


def remainder(left: Any, right: Any) -> Any:
    """``left % right``; text formatting shows no addresses."""
    kind = type(left)
    if kind is str or kind is bytes:
        right = right.real if type(right) is Vetted else right  # which CPython would take for a mapping
    if kind is str:
        return fix_addresses(left % right, left, *(right if type(right) is tuple else (right,)))
    if kind is bytes:
        return without_addresses((left % right).decode("latin-1")).encode("latin-1")
    return left % right


def inplace_remainder(left: Any, right: Any) -> Any:
    """``left %= right``."""
    if type(left) is str or type(left) is bytes:
        return remainder(left, right)
    left %= right
    return left


HELPERS: Final[dict[str, Callable[[Any, Any], Any]]] = {"**": pow_, "%": remainder}
"""Binary operators with a helper; the others are CPython's own."""
