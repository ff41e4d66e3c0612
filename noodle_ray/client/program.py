"""``@noodle.program``: a Python function that runs as a Noodle program."""

import functools
import inspect
import sys
import threading
from collections.abc import Callable, Iterable
from types import FrameType, FunctionType
from typing import Any, NamedTuple, overload

from noodle_ray.client import loop
from noodle_ray.client.backends import Call
from noodle_ray.client.connection import backend
from noodle_ray.client.mapping import map_calls
from noodle_ray.client.runs import Run
from noodle_ray.client.sources import Gathered, gather
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import CompileError


class _Built(NamedTuple):
    gathered: Gathered
    nbc: bytes
    digest: str


class Program:
    """A function compiled to a program on first use. Made by `program`.

    Calling it runs it on the connected platform, or in a local sandbox worker if there is none, and returns its
    result, which is JSON data: tuples and sets come as lists. Called in a coroutine it returns an awaitable of the
    same. What the program prints is printed. Raises CompileError with positions in the file that holds the
    function, RunError for the program's own exception, LimitError for a limit that tripped.
    """

    def __init__(self, function: FunctionType, *, tier: str = "auto", limits: Limits | None = None) -> None:
        self.__wrapped_program__ = function
        self.tier = tier
        self.limits = limits or Limits()
        self._built: _Built | None = None
        self._building = threading.Lock()
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program and return its result; in a coroutine, return an awaitable of it."""
        if _from_coroutine(sys._getframe(1)):
            return self._value_async(self._build(), args, kwargs)
        return _shown(self.run(*args, **kwargs)).value()

    def run(self, *args: Any, **kwargs: Any) -> Run:
        """Run the program and return the whole run: result, stdout, error, usage, timeline. Prints nothing."""
        return loop.wait(self._run(self._build(), args, kwargs))

    async def run_async(self, *args: Any, **kwargs: Any) -> Run:
        """Do what `run` does, awaitable from any loop."""
        return await loop.hand_over(self._run(self._build(), args, kwargs))

    def map(
        self, *inputs: Iterable[Any], progress: bool = False, concurrency: int = 16, return_errors: bool = False
    ) -> Any:
        """Run the program once per element of the inputs, as the builtin ``map`` does, and return the list of results.

        At most ``concurrency`` runs are under way at a time. ``progress`` shows a bar. The first run that fails ends
        the map and raises, unless ``return_errors`` puts exceptions in the places of results. In a coroutine,
        returns an awaitable of the list.
        """
        built = self._build()

        async def one(args: tuple[Any, ...]) -> Any:
            return _shown(await self._run(built, args, {})).value()

        work = map_calls(one, inputs, progress=progress, concurrency=concurrency, return_errors=return_errors)
        if _from_coroutine(sys._getframe(1)):
            return loop.hand_over(work)
        return loop.wait(work)

    def python(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function itself under plain CPython, for a debugger; models answer as they do in the program."""
        return self.__wrapped_program__(*args, **kwargs)

    def source(self) -> str:
        """Return the source that is compiled: the function and all it uses."""
        return gather(self.__wrapped_program__).source

    def published_source(self) -> str:
        """Return the source as a program of its own, which runs the function whatever its name."""
        gathered = gather(self.__wrapped_program__)
        return gathered.source if gathered.entry == "main" else f"{gathered.source}\nmain = {gathered.entry}\n"

    def nbc(self) -> bytes:
        """Return the compiled module. Raises CompileError."""
        return self._build().nbc

    def __repr__(self) -> str:
        return f"<program {self.__wrapped_program__.__name__}{inspect.signature(self.__wrapped_program__)}>"

    def _build(self) -> _Built:
        """Compile the program, again if something it uses has changed."""
        from noodle_ray.core import nbc
        from noodle_ray.core.lang import compile_source

        with self._building:
            if self._built is None or not self._built.gathered.is_current():
                gathered = gather(self.__wrapped_program__)
                try:
                    module = compile_source(gathered.source, self._filename)
                except CompileError as error:
                    raise _in_user_file(error, gathered) from None
                encoded = nbc.encode(module)
                self._built = _Built(gathered, encoded, nbc.digest(encoded))
            return self._built

    @property
    def _filename(self) -> str:
        return self.__wrapped_program__.__code__.co_filename

    async def _run(self, built: _Built, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Run:
        call = Call(built.digest, built.nbc, built.gathered.entry, list(args), kwargs, self.limits, self.tier)
        outcome = await backend().run(call)
        return Run.from_outcome(outcome, filename=self._filename, locate=built.gathered.locate)

    async def _value_async(self, built: _Built, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return _shown(await loop.hand_over(self._run(built, args, kwargs))).value()


@overload
def program(function: Callable[..., Any], /) -> Program: ...
@overload
def program(
    *,
    tier: str = "auto",
    fuel: int = ...,
    memory: int = ...,
    deadline: float = ...,
    recursion: int = ...,
    output: int = ...,
) -> Callable[[Callable[..., Any]], Program]: ...
def program(function: Callable[..., Any] | None = None, /, *, tier: str = "auto", **limits: Any) -> Any:
    """Make a program of a function: ``@program``, or ``@program(deadline=5.0, tier="interpreter")``.

    Keywords other than ``tier`` are limits, as `noodle_ray.core.vm.limits.Limits` names them.
    """
    bounds = Limits(**limits)
    if function is None:
        return functools.partial(Program, tier=tier, limits=bounds)
    if not isinstance(function, FunctionType):
        raise TypeError(f"@program goes above a def, not {type(function).__name__}")
    return Program(function, tier=tier, limits=bounds)


def _from_coroutine(frame: FrameType | None) -> bool:
    """Return whether a call comes from a coroutine's code, or a comprehension or lambda written in one."""
    inner = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<lambda>")
    while frame is not None and frame.f_code.co_name in inner:
        if frame.f_code.co_flags & inspect.CO_COROUTINE:
            return True
        frame = frame.f_back
    return frame is not None and bool(frame.f_code.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR))


def _shown(run: Run) -> Run:
    """Print what a program printed."""
    if run.stdout:
        sys.stdout.write(run.stdout)
    return run


def _in_user_file(error: CompileError, gathered: Gathered) -> CompileError:
    """Return the error with positions in the user's own file, and its pictures as a note."""
    from linecache import getlines

    from noodle_ray.core.lang import render

    located = []
    for found in error.diagnostics:
        line, column, end_line, end_column = found.span
        start, end = gathered.locate(line, column), gathered.locate(end_line, end_column)
        span = (start.line, start.column, end.line, end.column)
        located.append((start.file, found._replace(span=span)))
    file = located[0][0]
    source = "".join(getlines(file))
    moved = CompileError([found for where, found in located if where == file], source, file)
    moved.add_note("\n" + "\n\n".join(render(found, source, file) for found in moved.diagnostics))
    return moved
