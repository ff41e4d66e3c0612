"""What a function of a program is to the runtime, whichever tier made it."""

from noodle_ray.light import Any, Final, FunctionType, MethodType

PROGRAM_FILES: Final = ("<noodle program>", "<noodle class>")
"""The file names of code that belongs to a program, or was generated for one of its classes."""


class ProgramFunction:
    """Base of the interpreter's functions: like CPython's, they bind as methods and have attributes.

    ``function`` is the function of the module: its name is the one that no program can change.
    """

    __slots__ = ("__dict__", "__weakref__")
    function: Any

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)  # type: ignore[arg-type]


def is_program_function(value: object) -> bool:
    """Whether a value is a function that the program defined, and so takes attributes."""
    if type(value) is FunctionType:
        return value.__code__.co_filename in PROGRAM_FILES
    return isinstance(value, ProgramFunction)


def is_function(value: object) -> bool:
    """Whether a value is a function, of the program or one of Noodle's own written in Python."""
    return type(value) is FunctionType or isinstance(value, ProgramFunction)
