"""Models under plain CPython: the same ``model("name")`` that a program writes, callable from Python."""

import functools
from typing import TYPE_CHECKING, Any

from noodle_ray.errors import ModelError

if TYPE_CHECKING:
    from noodle_ray.ahr.local import LocalModels


class Model:
    """A model by name. A call goes to the connected platform, or else to a copy loaded in this process."""

    __slots__ = ("__noodle_model__",)

    def __init__(self, name: str) -> None:
        self.__noodle_model__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Ask the model. Raises ModelError if it is unknown, broken, or refuses its input."""
        from noodle_ray.client.connection import current

        connection = current()
        if connection is not None:
            return connection.infer(self.__noodle_model__, *args, **kwargs)
        return local_models().call(self.__noodle_model__, *args, **kwargs)

    def __repr__(self) -> str:
        return f"model({self.__noodle_model__!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and other.__noodle_model__ == self.__noodle_model__

    def __hash__(self) -> int:
        return hash(self.__noodle_model__)


class Tool:
    """A tool by name. Only programs on a platform can call it."""

    __slots__ = ("__noodle_tool__",)

    def __init__(self, name: str) -> None:
        self.__noodle_tool__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Raise ModelError E0523: nothing here may do what a tool does."""
        message = f"the tool {self.__noodle_tool__!r} is a platform's; run the program on one"
        raise ModelError(message, code="NOODLE-E0523")

    def __repr__(self) -> str:
        return f"tool({self.__noodle_tool__!r})"


def tool(name: str) -> Tool:
    """Return the tool of this name, for programs."""
    if not isinstance(name, str):
        raise TypeError(f"a tool's name is a str, not {type(name).__name__}")
    return Tool(name)


def model(name: str) -> Model:
    """Return the model of this name; it is looked up when it is first called."""
    if not isinstance(name, str):
        raise TypeError(f"a model's name is a str, not {type(name).__name__}")
    return Model(name)


@functools.cache
def local_models() -> "LocalModels":
    """Return the models of this process: one copy of each, loaded on first use."""
    from noodle_ray.ahr.local import LocalModels

    return LocalModels()
