"""Many runs at once, with bounded concurrency and a progress bar."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import nullcontext
from typing import Any

from noodle_ray.errors import NoodleError, UsageError

One = Callable[[tuple[Any, ...]], Awaitable[Any]]


async def map_calls(
    one: One, inputs: tuple[Iterable[Any], ...], *, progress: bool, concurrency: int, return_errors: bool
) -> list[Any]:
    """Await ``one`` for each tuple of arguments zipped from ``inputs``; return the results in order."""
    if concurrency < 1:
        raise UsageError(f"concurrency must be at least 1, not {concurrency}", code="NOODLE-E0917")
    todo = list(zip(*inputs, strict=True))
    results: list[Any] = [None] * len(todo)
    remaining = iter(enumerate(todo))

    async def work(advance: Callable[[], None]) -> None:
        for index, args in remaining:
            try:
                results[index] = await one(args)
            except NoodleError as error:
                if not return_errors:
                    raise
                results[index] = error
            advance()

    with _bar(len(todo)) if progress else nullcontext(lambda: None) as advance:
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(concurrency, len(todo))):
                    group.create_task(work(advance))
        except* Exception as failures:
            raise _first(failures) from None
    return results


def _first(failures: BaseExceptionGroup[Any]) -> BaseException:
    failure: BaseException = failures.exceptions[0]
    return _first(failure) if isinstance(failure, BaseExceptionGroup) else failure


def _bar(total: int) -> Any:
    """Return a context manager that shows a progress bar on stderr and gives the function that advances it."""
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

    @contextmanager
    def shown() -> Any:
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task("runs", total=total)
            yield lambda: progress.advance(task)

    return shown()
