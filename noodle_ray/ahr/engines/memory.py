"""Batches that do not fit into memory: tried again in halves, until they do."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.base import failed
from noodle_ray.errors import ModelError

_SAYINGS = ("out of memory", "out_of_memory", "bad_alloc", "failed to allocate", "cannot allocate", "can't allocate")

Item = TypeVar("Item")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an engine failed for lack of memory. torch, CUDA and onnxruntime share no exception for it."""
    if isinstance(error, MemoryError) or any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__):
        return True
    text = str(error).lower()
    return any(saying in text for saying in _SAYINGS)


def in_halves(name: str, run: Callable[[Sequence[Item]], Sequence[Any]], items: Sequence[Item]) -> list[Any]:
    """What ``run`` answers to each item. Where memory runs out it gets half as many; an item that is too large alone
    is answered with ModelError E0617. Any other exception is the answer to all items of that run (E0605).
    """
    try:
        found = list(run(items))
    except Exception as error:  # the exceptions of engines share no base class
        if not is_out_of_memory(error):
            return [error if isinstance(error, ModelError) else failed(name, error)] * len(items)
    else:
        return found if len(found) == len(items) else [failed(name, "the engine lost answers")] * len(items)
    # Outside of the handler: the exception's traceback holds what the failed run had allocated.
    if len(items) == 1:
        message = f"the model {name!r} has not enough memory for this input"
        return [ModelError(message, code=codes.OUT_OF_MEMORY, hint="make it shorter")]
    middle = len(items) // 2
    return in_halves(name, run, items[:middle]) + in_halves(name, run, items[middle:])
