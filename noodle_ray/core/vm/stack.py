"""How deep calls may nest before the C stack ends: a callback from sorted() or map() takes some of it."""

import sys
from resource import RLIM_INFINITY, RLIMIT_STACK, getrlimit, setrlimit

from noodle_ray.light import Final

_WANTED: Final = 64 << 20
_PER_CALL: Final = 8192
"""Bytes of C stack that one nested call can take; 5.2 KB measured for list.sort with a key on the interpreter."""
_MOST: Final = 5000
_THREAD: Final = 8 << 20
"""The stack of any thread but the main one."""


def _grow() -> int:
    """Raise the main thread's stack limit, which the kernel applies as the stack grows; bytes now allowed."""
    soft, hard = getrlimit(RLIMIT_STACK)
    if soft != RLIM_INFINITY and soft < _WANTED and hard in (RLIM_INFINITY, max(hard, _WANTED)):
        try:
            setrlimit(RLIMIT_STACK, (_WANTED, hard))
        except (OSError, ValueError):
            return min(soft, _WANTED)
        return _WANTED
    return _WANTED if soft == RLIM_INFINITY else min(soft, _WANTED)


_MAIN: Final = _grow()


def max_recursion() -> int:
    """The deepest limit on nested calls that the current thread's stack can hold."""
    threading = sys.modules.get("threading")
    main = threading is None or threading.current_thread() is threading.main_thread()
    return min(_MOST, (_MAIN if main else min(_MAIN, _THREAD)) // _PER_CALL)
