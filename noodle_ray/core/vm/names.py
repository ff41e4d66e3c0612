"""The names a program may use without defining them: pure data, shared by compiler, verifier and runtime."""
# ruff: noqa: SIM905

from noodle_ray.core.vm.catalog import ALL_MEMBERS, CHARGING_PURE, MODULES, PURE_MEMBERS
from noodle_ray.light import Final

__all__ = [
    "BUILTIN_NAMES",
    "CALLBACK_KEYWORDS",
    "CHARGING_BUILTINS",
    "CLASS_DUNDERS",
    "EXCEPTIONS",
    "FUNCTIONS",
    "HIDDEN",
    "ITERATION",
    "MARK",
    "MODULES",
    "PURE_BUILTINS",
    "READ_DUNDERS",
    "TOOL",
    "mark",
    "unmark",
]

MARK: Final = "\ua78f"
"""What every attribute name of a program begins with where Python sees it, so that it meets only such names."""


TOOL: Final = "tool:"
"""What the names of tools begin with in modules, where they stand among the models. No model has such a name."""


def mark(name: str) -> str:
    """A program's attribute name as Python sees it: an exact string, whatever operators the name's class has."""
    return "".join((MARK, name))


def unmark(name: str) -> str:
    """The attribute name a program knows."""
    return name.removeprefix(MARK)


EXCEPTIONS: Final = frozenset(
    "ArithmeticError AssertionError AttributeError BaseException BlockingIOError BrokenPipeError BufferError "
    "BytesWarning ChildProcessError ConnectionAbortedError ConnectionError ConnectionRefusedError "
    "ConnectionResetError DeprecationWarning EOFError EncodingWarning EnvironmentError Exception FileExistsError "
    "FileNotFoundError FloatingPointError FutureWarning GeneratorExit IOError ImportError ImportWarning "
    "IndentationError IndexError InterruptedError IsADirectoryError KeyError KeyboardInterrupt LookupError "
    "MemoryError ModelError ModuleNotFoundError NameError NotADirectoryError NotImplementedError OSError "
    "OverflowError PendingDeprecationWarning PermissionError ProcessLookupError RecursionError ReferenceError "
    "ResourceWarning RuntimeError RuntimeWarning StopAsyncIteration StopIteration SyntaxError SyntaxWarning "
    "SystemError SystemExit TabError TimeoutError TypeError UnboundLocalError UnicodeDecodeError "
    "UnicodeEncodeError UnicodeError UnicodeTranslateError UnicodeWarning UserWarning ValueError Warning "
    "ZeroDivisionError".split()
)
"""Exception classes. ``ModelError`` comes from ``noodle_ray``; the compiler decides when it is in scope."""

FUNCTIONS: Final = frozenset(
    "abs aiter all anext any ascii bin bool bytearray bytes callable chr complex dict divmod enumerate filter float "
    "format frozenset hash hex id int isinstance issubclass iter len list map max min next oct ord pow print range "
    "repr reversed round set slice sorted str sum tuple type zip".split()
) | frozenset("classmethod delattr dir getattr hasattr object property setattr staticmethod super vars".split())
"""Builtin functions and types."""

CLASS_DUNDERS: Final = frozenset(
    f"__{name}__"
    for name in (
        "init new repr str bytes format bool hash eq ne lt le gt ge len length_hint getitem setitem delitem missing "
        "iter next reversed contains call add radd iadd sub rsub isub mul rmul imul matmul rmatmul imatmul truediv "
        "rtruediv itruediv floordiv rfloordiv ifloordiv mod rmod imod divmod rdivmod pow rpow ipow lshift rlshift "
        "ilshift rshift rrshift irshift and rand iand or ror ior xor rxor ixor neg pos abs invert int float complex "
        "index round trunc floor ceil enter exit aenter aexit await aiter anext getattr setattr delattr get set delete "
        "set_name init_subclass class_getitem post_init copy deepcopy match_args slots doc annotations qualname module "
        "dir del"
    ).split()
)
"""Dunder names that the body of a class may define."""

READ_DUNDERS: Final = CLASS_DUNDERS | {
    *("__name__", "__dict__", "__wrapped__", "__cause__", "__context__", "__suppress_context__", "__notes__"),
    *("__members__", "__dataclass_fields__", "__class__", "__bases__", "__mro__"),
    *("__total__", "__required_keys__", "__optional_keys__"),
    *("__abstractmethods__", "__defaults__", "__kwdefaults__", "__subclasses__"),
}
"""Dunder names that a program may read as attributes; which values have them is for the runtime to say."""

HIDDEN: Final = frozenset(
    ".annotate .async_iter .async_with .await .each .globals .keys .locals .match_class .match_keys .match_mapping "
    ".match_sequence .name .skip .super".split()
)
"""Builtins that only the compiler names: no source can spell them. ``.skip`` is the marker a ``gather`` function
returns for an element to leave out; ``.each`` and ``.keys`` run a function on elements as fibers."""

ITERATION: Final = "<loop>"
"""The name of a function that the compiler made of a part of a loop's body. It is no frame of its own in tracebacks."""

BUILTIN_NAMES: Final = (
    FUNCTIONS | EXCEPTIONS | frozenset(MODULES) | ALL_MEMBERS | HIDDEN | frozenset({"Ellipsis", "NotImplemented"})
)
"""Every name that ``bget`` and ``callb`` accept."""

CALLBACK_KEYWORDS: Final = frozenset(
    {"cls", "key", "default", "object_hook", "object_pairs_hook", "parse_constant", "parse_float", "parse_int"}
)
"""Keywords through which an otherwise pure builtin or method calls back into the program."""

PURE_BUILTINS: Final = (
    (FUNCTIONS - frozenset("aiter anext print map filter iter next delattr dir getattr hasattr setattr vars".split()))
    | EXCEPTIONS
    | PURE_MEMBERS
    | frozenset({".name", ".skip", "Ellipsis", "NotImplemented"})
)
"""Builtins without effects visible to others when called with no keyword of CALLBACK_KEYWORDS: they may raise."""

CHARGING_BUILTINS: Final = (
    frozenset(
        "aiter all anext any ascii bytearray bytes delattr dict dir filter format frozenset getattr hasattr hash "
        "iter list map max min next pow print repr set setattr sorted str sum tuple vars".split()
    )
    | frozenset(MODULES)
    | CHARGING_PURE
    | (ALL_MEMBERS - PURE_MEMBERS)
    | (HIDDEN - {".name", ".skip"})
)
"""Builtins that may charge fuel or call back into the program."""
