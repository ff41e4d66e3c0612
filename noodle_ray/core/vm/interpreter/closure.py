"""Functions of a program as values, and binding arguments to their parameters."""

from keyword import iskeyword

from noodle_ray.core.nbc.module import Function
from noodle_ray.core.vm.classes.functions import ProgramFunction
from noodle_ray.core.vm.interpreter.frame import Cell, Frame
from noodle_ray.core.vm.names import ITERATION
from noodle_ray.light import TYPE_CHECKING, Any, Callable, Final

if TYPE_CHECKING:
    from noodle_ray.core.vm.interpreter.run import InterpreterRun

Binder = Callable[..., tuple[Any, ...]]


class Closure(ProgramFunction):
    """A function of the program. Its class is called ``function``, as messages call it."""

    __slots__ = ("bind", "cells", "function", "run")

    def __init__(
        self, run: "InterpreterRun", function: Function, qualname: str, cells: list[Cell], bind: Binder
    ) -> None:
        self.run = run
        self.function = function
        self.__name__ = function.name
        self.__qualname__ = qualname
        self.__module__ = "__main__"
        self.__doc__ = None
        self.cells = cells
        self.bind = bind

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self.run.enter(self, self.bind(*args, **kwargs))

    def __repr__(self) -> str:
        return f"<function {self.__qualname__}>"


Closure.__name__ = Closure.__qualname__ = "function"
Closure.__module__ = "builtins"


def make_closure(frame: Frame, index: int, defaults: list[Any]) -> Closure:
    """A function of the module, closed over the frame's cells that it names as free."""
    function = frame.run.module.functions[index]
    names = frame.function.cells + frame.function.free
    cells = [frame.cells[names.index(name)] for name in function.free]
    inside = "." if frame.function.kind == "class" else ".<locals>."
    outer = "" if frame.qualname == "<module>" else f"{frame.qualname}{inside}"
    qualname = frame.qualname if function.name == ITERATION else outer + function.name
    return Closure(frame.run, function, qualname, cells, _binder(function, qualname, defaults))


_FORMS: Final = {"pos_only": "{}", "pos": "{}", "kw_only": "{}", "var": "*{}", "var_kw": "**{}"}
_templates: dict[tuple[Any, ...], Any] = {}


def _binder(function: Function, qualname: str, defaults: list[Any]) -> Binder:
    """A Python function with the same signature that returns its arguments in the parameters' order.

    So that CPython itself binds arguments, and its messages are right by construction. Only the parameters'
    names, which are identifiers, enter its source.
    """
    template = _templates.get(function.params)
    if template is None:
        if len(_templates) > 4096:
            _templates.clear()
        template = _templates[function.params] = _template(function)
    make: Binder = template(*defaults)
    make.__name__, make.__qualname__ = function.name, qualname
    return make


def _template(function: Function) -> Any:
    parts: list[str] = []
    kinds = [param.kind for param in function.params]
    for position, param in enumerate(function.params):
        if not param.name.isidentifier() or iskeyword(param.name):
            raise ValueError(f"'{param.name}' cannot name a parameter")
        if param.kind == "kw_only" and "var" not in kinds and "*" not in parts:
            parts.append("*")
        default = f"=_{position}" if param.default else ""
        parts.append(_FORMS[param.kind].format(param.name) + default)
        if param.kind == "pos_only" and (position + 1 == len(kinds) or kinds[position + 1] != "pos_only"):
            parts.append("/")
    values = "".join(f"{param.name}, " for param in function.params)
    outer = ", ".join(f"_{position}" for position, param in enumerate(function.params) if param.default)
    source = f"def template({outer}):\n def bind({', '.join(parts)}):\n  return ({values})\n return bind\n"
    namespace: dict[str, Any] = {"__builtins__": {}}
    exec(source, namespace)
    return namespace["template"]


def fill(frame: Frame, values: tuple[Any, ...]) -> None:
    """Put bound arguments into the parameters' registers."""
    frame.registers[: len(values)] = values
