"""Which container changed while it was walked over: CPython's dict says so of itself, and sets are dicts here."""

from noodle_ray.core.vm.sets import WALKED, AnySet
from noodle_ray.light import Any, Final, FrameType, Iterator

_OF_DICTS: Final = frozenset({"dictionary changed size during iteration", "dictionary keys changed during iteration"})
_OF_SETS: Final = "Set changed size during iteration"
_MOST: Final = 1000
"""How many values of one container are looked at."""


def tell(error: RuntimeError) -> None:
    """Let the error speak of a set if one in the frame's reach has another size than when its walk began."""
    trace = error.__traceback__
    if trace is None or len(error.args) != 1 or type(error.args[0]) is not str or error.args[0] not in _OF_DICTS:
        return
    while trace.tb_next is not None:
        trace = trace.tb_next
    walks = {*WALKED}
    for value in _reachable(trace.tb_frame):
        number = id(value)
        if isinstance(value, AnySet) and any(each == number and size != len(value) for each, size in walks):
            error.args = (_OF_SETS,)
            return


def _reachable(frame: FrameType) -> Iterator[Any]:
    """The values in a frame's variables, and those one step further."""
    for value in [*frame.f_locals.values(), *frame.f_globals.values()]:
        yield value
        registers = getattr(value, "registers", None)  # a frame of the interpreter
        if type(registers) is list:
            yield from _within(registers)
            yield from _within([cell.value for cell in value.cells])
            yield from _within([*value.run.globals.values()])
        else:
            yield from _inside(value)


def _within(values: list[Any]) -> Iterator[Any]:
    for value in values:
        yield value
        yield from _inside(value)


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        yield from value[:_MOST]
    elif type(value) is dict and len(value) <= _MOST:
        yield from value.values()
    else:
        names = getattr(value, "__dict__", None)
        if type(names) is dict and len(names) <= _MOST:
            yield from [*names.values()]
