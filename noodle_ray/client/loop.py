"""The driver's event loop: one daemon thread that does its network and worker traffic.

A notebook's cells run inside a loop of their own, so blocking calls cannot use ``asyncio.run``; with a loop in
a thread, the same code serves scripts, notebooks and coroutines.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_owner = 0


def background() -> asyncio.AbstractEventLoop:
    """Return the loop, starting its thread on first use, and again in a forked child, which has no such thread."""
    global _loop, _owner
    with _lock:
        if _loop is None or _owner != os.getpid():
            _loop = asyncio.new_event_loop()
            _owner = os.getpid()
            threading.Thread(target=_loop.run_forever, name="noodle-driver", daemon=True).start()
        return _loop


def start(coroutine: Coroutine[Any, Any, T]) -> Future[T]:
    """Run a coroutine on the background loop; cancelling the future cancels it."""
    return asyncio.run_coroutine_threadsafe(coroutine, background())


def wait(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the background loop and block until it is done; an interrupt cancels it."""
    future = start(coroutine)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


async def hand_over(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the background loop and await it from the caller's own loop."""
    return await asyncio.wrap_future(start(coroutine))
