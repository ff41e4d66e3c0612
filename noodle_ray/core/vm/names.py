"""The names a program may use without defining them: pure data, shared by compiler, verifier and runtime."""
# ruff: noqa: SIM905

from typing import Final

MODULES: Final[dict[str, frozenset[str]]] = {
    "math": frozenset(
        "acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf erfc exp exp2 "
        "expm1 fabs factorial floor fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf isnan isqrt lcm ldexp "
        "lgamma log log10 log1p log2 modf nan nextafter perm pi pow prod radians remainder sin sinh sqrt tan tanh tau "
        "trunc ulp".split()
    ),
    "json": frozenset({"JSONDecodeError", "dumps", "loads"}),
}
"""Modules a program can import, and their members."""

EXCEPTIONS: Final = frozenset(
    "ArithmeticError AssertionError AttributeError BufferError ConnectionError EOFError Exception "
    "FileExistsError FileNotFoundError FloatingPointError ImportError IndexError KeyError LookupError ModelError "
    "ModuleNotFoundError NameError NotImplementedError OSError OverflowError PermissionError "
    "RuntimeError StopIteration SyntaxError TimeoutError TypeError UnboundLocalError UnicodeDecodeError "
    "UnicodeEncodeError UnicodeError ValueError ZeroDivisionError".split()
)
"""Exception classes. ``ModelError`` comes from ``noodle_ray``; the compiler decides when it is in scope."""

FUNCTIONS: Final = frozenset(
    "abs all any ascii bin bool bytes callable chr dict divmod enumerate filter float format frozenset hex int "
    "isinstance issubclass iter len list map max min next oct ord pow print range repr reversed round set slice "
    "sorted str sum tuple type zip".split()
)
"""Builtin functions and types."""

BUILTIN_NAMES: Final = (
    FUNCTIONS
    | EXCEPTIONS
    | frozenset(MODULES)
    | frozenset(f"{module}.{member}" for module, members in MODULES.items() for member in members)
    | frozenset({".skip", "Ellipsis", "NotImplemented"})
)
"""Every name that ``bget`` and ``callb`` accept. ``.skip`` is the marker a ``gather`` function returns
for an element to leave out; a source program cannot spell it."""

CALLBACK_KEYWORDS: Final = frozenset(
    {"key", "default", "object_hook", "object_pairs_hook", "parse_constant", "parse_float", "parse_int"}
)
"""Keywords through which an otherwise pure builtin or method calls back into the program."""

PURE_BUILTINS: Final = BUILTIN_NAMES - {"print", "map", "filter", "iter", "next"} - frozenset(MODULES)
"""Builtins without effects visible to others when called with no keyword of CALLBACK_KEYWORDS: they may raise."""

CHARGING_BUILTINS: Final = frozenset(
    "all any ascii bytes dict filter format frozenset iter json json.dumps json.loads list map math math.comb "
    "math.dist math.factorial math.fsum math.gcd math.hypot math.lcm math.perm math.prod max min next pow print "
    "repr set sorted str sum tuple".split()
)
"""Builtins that may charge fuel or call back into the program."""
