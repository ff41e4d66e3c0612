"""The threading module: threads are fibers of the run, which change only where one waits."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from greenlet import GreenletExit  # type: ignore[import-untyped]

from noodle_ray.core.vm.classes.kinds import ProgramType, hosted
from noodle_ray.core.vm.fibers import Fiber
from noodle_ray.core.vm.generators import parking
from noodle_ray.core.vm.generators.parking import Parking
from noodle_ray.core.vm.generators.passing import LIMITS
from noodle_ray.core.vm.generators.thread_locks import (
    Barrier,
    BoundedSemaphore,
    BrokenBarrierError,
    Condition,
    Event,
    Lock,
    RLock,
    Semaphore,
)
from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules import on_start
from noodle_ray.core.vm.modules.vetting import readers
from noodle_ray.core.vm.names import MARK, mark
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import to_str
from noodle_ray.core.vm.types import call_of

_MOST: Final = 1000
"""Threads that may live at a time: each has a stack."""
_IDENT: Final = 140_000_000_000_000
_STATE: Final = "state"
"""Where a thread keeps what is not the program's: no attribute of a program has this name, which is not marked."""


class _State:
    """What is known of a thread."""

    __slots__ = ("daemon", "done", "ident", "joiners", "name", "started")

    def __init__(self, name: str, daemon: bool) -> None:
        self.name = name
        self.daemon = daemon
        self.started = False
        self.done = False
        self.ident: int | None = None
        self.joiners = Parking()


class _Run:
    """The threads of a run."""

    def __init__(self) -> None:
        self.by_fiber: dict[Fiber, Any] = {}
        self.made = 0
        self.started = 0
        self.main: Any = None

    def main_thread(self) -> Any:
        """threading.main_thread."""
        if self.main is None:
            self.main = object.__new__(Thread)
            state = self.main.__dict__[_STATE] = _State("MainThread", False)
            state.started, state.ident = True, _IDENT
        return self.main


_run: Final = _Run()


def _state(self: Any) -> _State:
    state = self.__dict__.get(_STATE)
    if type(state) is not _State:
        raise RuntimeError("Thread.__init__() not called")
    return state


def _get(self: Any, name: str) -> Any:
    return getattr(self, mark(name))


def _init(
    self: Any,
    group: Any = None,
    target: Any = None,
    name: Any = None,
    args: Any = (),
    kwargs: Any = None,
    *,
    daemon: Any = None,
) -> None:
    if group is not None:
        raise AssertionError("group argument must be None for now")
    if name is None:
        _run.made += 1
        name = f"Thread-{_run.made}"
        shown = getattr(target, "__name__", None)
        if type(shown) is str:
            name = f"{name} ({shown})"
    daemonic = _state(current_thread()).daemon if daemon is None else bool(daemon)
    self.__dict__[_STATE] = _State(to_str(name), daemonic)
    self.__dict__[mark("_target")] = target
    self.__dict__[mark("_args")] = args
    self.__dict__[mark("_kwargs")] = {} if kwargs is None else kwargs


def _run_target(self: Any) -> None:
    target = _get(self, "_target")
    if target is not None:
        call_of(target)(*_get(self, "_args"), **_get(self, "_kwargs"))


def start_thread(self: Any) -> None:
    """threading.Thread.start."""
    state = self.__dict__.get(_STATE)
    if type(state) is not _State:
        raise RuntimeError("thread.__init__() not called")
    if state.started:
        raise RuntimeError("threads can only be started once")
    if len(_run.by_fiber) >= _MOST:
        raise RuntimeError("can't start new thread")
    if not _run.started:
        S.fibers.exits.append(_join_all)
    state.started = True
    _run.started += 1
    state.ident = _IDENT + _run.started
    parking.start(partial(_whole, self, state), partial(_know, self))


def _know(self: Any, fiber: Fiber) -> None:
    _run.by_fiber[fiber] = self


def _whole(self: Any, state: _State) -> None:
    """All that a thread does. What it raises ends it and nothing else: CPython's goes to stderr."""
    try:
        _get(self, "run")()
        S.fibers.barrier()
    except (*LIMITS, GreenletExit):
        raise
    except BaseException:
        S.charge(1)
    state.done = True
    del _run.by_fiber[S.fibers.current]
    state.joiners.wake_all()


def join_thread(self: Any, timeout: Any = None) -> None:
    """threading.Thread.join."""
    state = _state(self)
    if not state.started:
        raise RuntimeError("cannot join thread before it is started")
    if self is current_thread():
        raise RuntimeError("cannot join current thread")
    until = parking.deadline(None if timeout is None else max(0.0, timeout))
    if not state.done:
        state.joiners.wait(until)


def _join_all() -> None:
    """At the end of the program: wait for all threads but daemons."""
    while True:
        left = [each for each in _run.by_fiber.values() if not _state(each).daemon]
        if not left:
            return
        _state(left[0]).joiners.wait(None)


def _is_alive(self: Any) -> bool:
    state = _state(self)
    return state.started and not state.done


def _set_name(self: Any, name: Any) -> None:
    _state(self).name = to_str(name)


def _set_daemon(self: Any, daemonic: Any) -> None:
    state = _state(self)
    if state.started:
        raise RuntimeError("cannot set daemon status of active thread")
    state.daemon = bool(daemonic)


def _repr(self: Any) -> str:
    state = _state(self)
    status = "stopped" if state.done else "started" if state.started else "initial"
    daemon = " daemon" if state.daemon else ""
    ident = f" {state.ident}" if state.ident is not None else ""
    return f"<{type(self).__name__}({state.name}, {status}{daemon}{ident})>"


def _class(title: str, bases: tuple[Any, ...], **members: Any) -> Any:
    namespace = {key if key[:2] == "__" else mark(key): each for key, each in members.items()}
    return hosted(ProgramType(title, bases, {"__module__": "threading", **namespace}))


Thread: Final = _class(
    "Thread",
    (),
    __init__=_init,
    __repr__=_repr,
    run=_run_target,
    start=start_thread,
    join=join_thread,
    is_alive=_is_alive,
    name=property(lambda self: _state(self).name, _set_name),
    daemon=property(lambda self: _state(self).daemon, _set_daemon),
    ident=property(lambda self: _state(self).ident),
    native_id=property(lambda self: _state(self).ident),
    getName=lambda self: _state(self).name,
    setName=_set_name,
    isDaemon=lambda self: _state(self).daemon,
    setDaemon=_set_daemon,
)


def _init_timer(self: Any, interval: Any, function: Any, args: Any = None, kwargs: Any = None) -> None:
    _init(self)
    names = {
        "interval": interval,
        "function": function,
        "args": [] if args is None else args,
        "kwargs": {} if kwargs is None else kwargs,
        "finished": Event(),
    }
    self.__dict__.update({mark(name): value for name, value in names.items()})


def _run_timer(self: Any) -> None:
    finished = _get(self, "finished")
    finished.wait(_get(self, "interval"))
    if not finished.is_set():
        call_of(_get(self, "function"))(*_get(self, "args"), **_get(self, "kwargs"))
    finished.set()


Timer: Final = _class(
    "Timer", (Thread,), __init__=_init_timer, run=_run_timer, cancel=lambda self: _get(self, "finished").set()
)


def current_thread() -> Any:
    """threading.current_thread."""
    return _run.by_fiber.get(S.fibers.current) or _run.main_thread()


def _threads() -> list[Any]:
    return [_run.main_thread(), *_run.by_fiber.values()]


def _own(self: Any) -> dict[str, Any]:
    """A thread's values in a `local`, which keeps those of each thread alone."""
    values: dict[Fiber, dict[str, Any]] = object.__getattribute__(self, "values")
    found = values.get(S.fibers.current)
    if found is None:
        S.charge(20)
        found = values[S.fibers.current] = {}
        if len(values) > 1 and type(self) is not local:
            args, kwargs = object.__getattribute__(self, "given")
            type(self).__init__(self, *args, **kwargs)
    return found


def _new_local(cls: Any, /, *args: Any, **kwargs: Any) -> Any:
    if cls is local and (args or kwargs):
        raise TypeError("Initialization arguments are not supported")
    made = object.__new__(cls)
    object.__setattr__(made, "given", (args, kwargs))
    object.__setattr__(made, "values", {S.fibers.current: {}})
    return made


def _local_get(self: Any, name: str) -> Any:
    own = _own(self)
    if name not in own:
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'", name=name, obj=None)
    return own[name]


def _local_set(self: Any, name: str, value: Any) -> None:
    if name[:1] != MARK:
        raise AttributeError(name)
    _own(self)[name] = value


def _local_del(self: Any, name: str) -> None:
    if name not in _own(self):
        raise AttributeError(name)
    del _own(self)[name]


local: Final = hosted(
    ProgramType(
        "local",
        (),
        {
            "__module__": "_thread",
            "__slots__": ("given", "values"),
            "__new__": _new_local,
            "__getattr__": _local_get,
            "__setattr__": _local_set,
            "__delattr__": _local_del,
        },
    )
)

_LOCKS: Final = ("acquire", "release", "__enter__", "__exit__")


def _register(kind: Any, module: str, *names: str, **attributes: Callable[[Any], Any]) -> None:
    register(kind, methods={name: getattr(kind, name) for name in names}, attributes=attributes)
    kind.__module__ = module


_register(Lock, "_thread", *_LOCKS, "locked")
_register(RLock, "_thread", *_LOCKS)
_register(Condition, "threading", *_LOCKS, "wait", "wait_for", "notify", "notify_all")
_register(Semaphore, "threading", *_LOCKS)
_register(BoundedSemaphore, "threading", *_LOCKS)
_register(Event, "threading", "is_set", "set", "clear", "wait")
_register(Barrier, "threading", "wait", "abort", "reset", **readers("parties", "n_waiting", "broken"))
Lock.__name__ = Lock.__qualname__ = "lock"
BrokenBarrierError.__module__ = "threading"
register(BrokenBarrierError)

on_start(_run.__init__)  # type: ignore[misc]

MEMBERS: dict[str, Any] = {
    "Barrier": Barrier,
    "BoundedSemaphore": BoundedSemaphore,
    "BrokenBarrierError": BrokenBarrierError,
    "Condition": Condition,
    "Event": Event,
    "Lock": Lock,
    "RLock": RLock,
    "Semaphore": Semaphore,
    "TIMEOUT_MAX": threading.TIMEOUT_MAX,
    "Thread": Thread,
    "ThreadError": RuntimeError,
    "Timer": Timer,
    "active_count": lambda: len(_threads()),
    "current_thread": current_thread,
    "enumerate": _threads,
    "get_ident": lambda: _state(current_thread()).ident,
    "get_native_id": lambda: _state(current_thread()).ident,
    "local": local,
    "main_thread": lambda: _run.main_thread(),
}
