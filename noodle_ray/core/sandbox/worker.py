"""The worker process: reads runs from its socket, executes them one after the other, keeps nothing between them.

A timer ticks while a program runs and compares time and address space with the limits; over one, it raises
LimitExceeded in the program, and goes on raising, so that a program which swallows one in a ``finally`` meets the
next. A single large allocation cannot wait for a tick: the kernel refuses it, some megabytes above the limit.
(The kernel alone would not do: CPython 3.11 and 3.12 loop forever when a handler cannot allocate a small integer.)
What a run took is measured by `core.vm.memory`; the worker resets the kernel's high-water mark before a run that
something else has left it too high for, so that it is the run's own peak of resident memory: it counts pages and not
objects, and reads 0 for a run that fits into what was there already.
"""

import _signal  # type: ignore[import-not-found]  # a third of the import time of signal
import gc
import os
import resource
import select
from time import monotonic

from noodle_ray.core.nbc import digest, load
from noodle_ray.core.nbc.module import Module
from noodle_ray.core.sandbox import kernel, lockdown, outcome
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.sandbox.wire import Codec, Inbox, WireError
from noodle_ray.core.vm import carriers, memory, modules, native, sets
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest
from noodle_ray.core.vm.limits import LimitExceeded, Limits
from noodle_ray.core.vm.packed import listed
from noodle_ray.core.vm.state import S
from noodle_ray.errors import ModuleError
from noodle_ray.light import TYPE_CHECKING, Any, Final, FrameType, NoReturn

if TYPE_CHECKING:
    from _socket import socket

    from noodle_ray.core.vm.profiler import Sampler

CACHED_MODULES: Final = 64
"""Verified modules that a worker keeps, least recently used out first."""
BLOATED: Final = 6 * 1024 * 1024
"""A worker whose resident set, or address space, stays this many bytes above its first is replaced: a later run could
use them beyond its limit."""

_LARGE: Final = 128 * 1024 * 1024
_TICK: Final = 0.01
_WAITING_TICK: Final = 0.1
_SOONEST: Final = 0.0001
_TICKS_PER_RAISE: Final = 10
_SECONDS_PER_TOLD: Final = 0.1
_SAMPLES_PER_CHECK: Final = 4
_HEADROOM: Final = 64  # one part in so many may be used between two ticks; then allocation itself fails
_SLACK: Final = 1 << 20  # one allocator arena: what the idle heap may lack before the program has its first byte
_SMALL: Final = 4096  # bytes of a module whose loading does not count beside what any run takes
_PAGE: Final = resource.getpagesize()
_IDLE: Final = 0
_COMPUTING: Final = 1
_SENDING: Final = 2
_RUN: Final[Any] = (
    int, str, (bytes, type(None)), (str, type(None)), list, (dict, type(None)), list, str, str, (int, type(None)),
    (dict, type(None)), (float, type(None)), int,
)  # fmt: skip
"""Of which types the fields of a run's message are."""
_LATE: Final = frozenset({"answers", "park", "left"})
"""Messages that may be for a run that ended meanwhile."""


class Worker:
    """One worker's state. Make it before the lock-down, which forbids to install its timer's handler; then `attach`."""

    _connection: "socket"
    _statm: int
    _clear_refs: int
    _first_size: int
    _first_resident: int
    _hard_memory: int
    _hard_seconds: int

    def __init__(self) -> None:
        self._inbox = Inbox()
        self._codec = Codec(sets.set, sets.frozenset, (sets.set,), (sets.frozenset,), _array)
        self._teller = Codec()  # a codec has state, and the other one may be at work when the timer ticks
        self._modules: dict[str, Module] = {}
        self._phase = _IDLE
        self._end = 0.0
        self._tell_at = 0.0
        self._told = 0
        self._most = 0
        self._tripped = ""
        self._ticks = 0
        self._parked = False
        self._retire = False
        self._run = 0
        self._sampler: Sampler | None = None
        self._samples = 0
        self._seconds = 0
        self._interval = 0.0
        self._size = 0
        self._growth: memory.Growth | None = None
        self._host = SocketHost(self)
        _signal.signal(_signal.SIGALRM, self._on_alarm)

    def attach(self, connection: "socket", statm: int, clear_refs: int) -> None:
        """Take the socket, which speaks `wire`, and the descriptors of the memory counters (-1: there are none)."""
        self._connection = connection
        self._statm = statm
        self._clear_refs = clear_refs
        self._hard_memory = resource.getrlimit(resource.RLIMIT_AS)[1]  # MAX_MEMORY, or less if the parent had less
        self._hard_seconds = resource.getrlimit(resource.RLIMIT_CPU)[1]
        self._first_size, self._first_resident = self._memory()
        memory._statm = statm if statm >= 0 else -2
        if self._first_resident > _LARGE:  # forked off a process whose free memory a run would take without growing
            kernel.call("malloc_trim", 0)
            self._first_size, self._first_resident = self._memory()

    def serve(self) -> None:
        """Execute runs until the other end closes the socket or breaks the protocol, or this worker must retire."""
        while not self._retire:
            body = self._inbox.receive(self._connection)
            if body is None:
                return
            if len(body) > _SMALL:  # what it has is there when its run begins, and not any more when the next one does
                self._growth = None
            try:
                self._serve_one(self._codec.unpack(body))
                if len(body) > _SMALL:
                    self._growth = None
            except LimitExceeded as limit:  # the timer fired between the run's end and its being switched off
                self._switch_off()
                self._retire = True
                if self._parked:
                    self.send("parked", self._run, True)
                else:
                    self.send("done", self._run, True, outcome.to_parts(outcome.limit(limit.kind, "auto")))

    def send(self, *message: object) -> None:
        """Send one message. A deadline does not cut a frame in two: the timer fires again right after."""
        phase, self._phase = self._phase, _SENDING
        try:
            self._connection.sendall(self._codec.frame([*message]))
        finally:
            self._phase = phase

    def ask_native(self, *request: object) -> None:
        """Ask for native code; it comes by shared memory."""
        self.send("native", self._run, *request)

    def tell_failure(self, error: BaseException) -> None:
        """Say on the way out what broke, if the socket still takes it."""
        try:
            self.send("failed", f"{type(error).__name__}: {error}"[:1000])
        except Exception:  # the owner sees the socket close
            return

    def receive_answers(self, timeout: float | None = None) -> list[EffectAnswer]:
        """Block until answers to the current run arrive, or none do for so many seconds. Whatever cuts this short may
        lose bytes: then retire."""
        end = None if timeout is None else monotonic() + timeout
        while True:
            self._tick_rarely()
            if end is not None and not self._readable(max(0.0, end - monotonic())):
                self._tick_often()
                return []
            try:
                body = self._inbox.receive(self._connection)
                message = None if body is None else self._codec.unpack(body)
            except BaseException:
                self._retire = True
                raise
            if message is None:
                os._exit(0)
            match message:
                case ["answers", int(run), list(answers)]:
                    if run == self._run:
                        self._tick_often()
                        return [EffectAnswer(*answer) for answer in answers]
                case ["park", int(run), bool(timed)]:
                    if run == self._run:
                        self._park(timed, end)
                case ["left", int(run), float(seconds)]:
                    if run == self._run:
                        self._end = monotonic() + seconds
                case _:
                    os._exit(1)

    def _park(self, timed: bool, end: float | None) -> None:
        """Drop the run, where it waits for answers and for nothing else: it ends as at its deadline. ``timed`` allows
        that to a run which waited for timers before."""
        if end is not None or (S.fibers.timed and not timed):
            self.send("stays", self._run)
            return
        self._parked = True
        self._tripped, self._ticks = "deadline", 1
        raise LimitExceeded("deadline")

    def _readable(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def _serve_one(self, message: object) -> None:
        if type(message) is not list or not message:
            raise WireError("received a message of unknown shape")
        kind, *fields = message
        if kind == "run" and len(fields) == len(_RUN) and all(map(isinstance, fields, _RUN)):
            run, digest, encoded, entry, args, kwargs, limits, tier, profile, seed, readings, shift, early = fields
            self._run = run
            if encoded is None and digest not in self._modules:
                self.send("need", run)
                return
            what, bounds, known = encoded or b"", Limits(*limits), readings or {}
            self._execute(
                RunRequest(what, digest, entry, args, kwargs or {}, bounds, tier, profile, seed, known, shift, early)
            )
        elif kind not in _LATE:
            raise WireError("received a message of unknown shape")

    def _execute(self, request: RunRequest) -> None:
        limits = request.limits
        began = monotonic()
        growth = self._growth
        if growth is None or not growth.again():  # else memory is as it was before the last run
            growth = self._look()
        self._end = began + limits.deadline
        self._most = self._size + limits.memory + _SLACK
        self._tripped = ""
        self._ticks = 0
        self._parked = False
        self._told = 0
        self._tell_at = began + _SECONDS_PER_TOLD
        self._limit_memory(self._most + limits.memory // _HEADROOM)
        self._limit_processor(int(growth.computed + limits.deadline) + 3)
        try:
            result = self._guarded(request, growth)
        except ModuleError as error:
            self.send("refused", self._run, error.code, error.message)
            result = None
        except ImportError:
            self.send("lacks", self._run)
            result = None
        finally:
            self._switch_off()
            self._limit_memory(lockdown.MAX_MEMORY)
        if result is not None:
            self._finish(result, request.limits.memory)

    def _guarded(self, request: RunRequest, growth: memory.Growth) -> outcome.Outcome:
        """Execute, and turn a limit that trips outside the program's own frames into an outcome too."""
        try:
            if request.profile:
                from noodle_ray.core.vm.profiler import make_sampler  # an ImportError asks for a worker that has it

                self._sampler = make_sampler(request.profile)
            self._phase = _COMPUTING  # before a look at the timer, which ends itself when it finds nothing to do
            if self._sampler or not self._interval or request.limits.deadline < _TICK:
                self._tick(self._sampler.interval if self._sampler else _TICK, request.limits.deadline)
            module = self._modules.pop(request.digest, None)
            if module is None:
                module = _load(request)
                if len(request.module) > _SMALL:  # of which the run itself takes nothing
                    growth = self._look()
            self._modules[request.digest] = module  # the most recently used is the last
            if len(self._modules) > CACHED_MODULES:
                del self._modules[next(iter(self._modules))]
            done = execute(
                module,
                entry=request.entry,
                args=request.args,
                kwargs=request.kwargs,
                limits=request.limits,
                host=self._host,
                tier=request.tier,
                key=request.digest,
                profiler=self._sampler,
                seed=request.seed,
                readings=request.readings,
                shift=request.shift,
                growth=growth,
                speculate=request.speculate,
            )
            self._phase = _IDLE
            result = done._asdict()
            if S.tripped == "fuel":
                result["readings"] = S.readings.all()
            if self._sampler:
                result["profile"] = self._sampler.report()
            return result
        except LimitExceeded as limit:
            return self._cut_short(limit.kind, request)
        except MemoryError:
            return self._cut_short("memory", request)
        except RecursionError:
            return self._cut_short("recursion", request)

    def _cut_short(self, kind: str, request: RunRequest) -> outcome.Outcome:
        self._phase = _IDLE
        told = outcome.Told(request.limits.output)
        try:
            usage, parts = S.progress()
            told.add(usage, "".join(parts))
        except MemoryError:  # what was used and written is worth less than a clean end
            return outcome.limit(kind, request.tier)
        return outcome.limit(kind, request.tier, told=told)

    def _tick(self, seconds: float, first: float) -> None:
        """Have the timer tick every so many seconds, or not at all; the first time no later than after ``first``."""
        self._interval = seconds
        _signal.setitimer(_signal.ITIMER_REAL, min(seconds, first), seconds)

    def _tick_rarely(self) -> None:
        """The run waits: a worker that does nothing is woken for its deadline alone."""
        if not self._sampler and not self._tripped and self._phase == _COMPUTING:
            self._tick(_WAITING_TICK, max(self._end - monotonic(), _SOONEST))

    def _tick_often(self) -> None:
        """The run goes on."""
        if not self._sampler and not self._tripped and self._phase == _COMPUTING:
            self._tick(_TICK, max(self._end - monotonic(), _SOONEST))

    def _switch_off(self) -> None:
        """The run is over. Its timer may tick once more: the next run often begins sooner, and needs no other."""
        self._phase = _IDLE
        if self._sampler or self._interval != _TICK:
            self._sampler = None
            self._tick(0, 0)

    def _finish(self, result: outcome.Outcome, memory: int) -> None:
        usage = result["usage"]
        assert isinstance(usage, dict)
        peak = usage["memory_peak_bytes"]
        if result["error"] is None and peak > memory + _SLACK:  # it was over between two ticks only
            result |= {"result": None, "error": outcome.limit("memory", "")["error"]}
        _forget_run()
        grown = peak > BLOATED // 2
        if self._parked:
            result.clear()
            self.send("parked", self._run, self._retire or (grown and self._bloated()))
        else:
            refused = self._send_outcome(result, grown)
            result.clear()  # before a look at what remains
            if refused:
                told = outcome.failed("NOODLE-E0503", "RunError", refused, "")
                told["usage"] = usage
                self.send("done", self._run, self._retire or (grown and self._bloated()), outcome.to_parts(told))
        if grown:  # of less, the collector takes care by itself
            gc.collect()

    def _send_outcome(self, result: outcome.Outcome, grown: bool) -> str:
        """Send what a run came to; returns why that cannot be sent, or ''."""
        try:
            message = ["done", self._run, self._retire or (grown and self._bloated()), outcome.to_parts(result)]
            self._connection.sendall(self._codec.frame(message))
        except (WireError, MemoryError) as error:
            return f"the result cannot be sent back: {error}"
        return ""

    def _look(self) -> memory.Growth:
        """Look at the memory there is as a run begins. A peak that something before it left behind, such as an answer
        being packed, would hide the run's own: the kernel is told to forget it."""
        self._size, resident = self._memory()
        growth = memory.Growth(resident if self._statm >= 0 else 0)
        if growth.peak - resident > memory.FEW and self._clear_refs >= 0:
            os.write(self._clear_refs, b"5")
            growth = memory.Growth(growth.resident)
        self._growth = growth
        return growth

    def _bloated(self) -> bool:
        gc.collect()
        kernel.call("malloc_trim", 0)
        size, resident = self._memory()
        return max(size - self._first_size, resident - self._first_resident) > BLOATED

    def _limit_memory(self, most: int) -> None:
        hard = self._hard_memory
        resource.setrlimit(resource.RLIMIT_AS, (min(most, hard) if hard >= 0 else most, hard))

    def _limit_processor(self, seconds: int) -> None:
        """Let the kernel end the process after so much computing, should the timer and the pool both fail."""
        if seconds != self._seconds:
            hard = self._hard_seconds
            resource.setrlimit(resource.RLIMIT_CPU, (seconds if hard < 0 else min(seconds, hard), hard))
            self._seconds = seconds

    def _memory(self) -> tuple[int, int]:
        """Return bytes of address space and of resident memory."""
        if self._statm < 0:
            return 1 << 32, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        size, resident = os.pread(self._statm, 64, 0).split()[:2]
        return int(size) * _PAGE, int(resident) * _PAGE

    def _on_alarm(self, number: int, at: FrameType | None) -> None:
        if self._sampler:
            self._sampler.sample(at)
            self._samples += 1
            if self._samples % _SAMPLES_PER_CHECK:
                return
        if self._phase != _COMPUTING:
            if self._phase == _IDLE:
                self._tick(0, 0)
            return
        if not self._tripped:
            now = monotonic()
            if now >= self._tell_at:
                self._tell_at = now + _SECONDS_PER_TOLD
                self._tell()
            if now >= self._end:
                self._tripped = "deadline"
            elif self._memory()[0] > self._most:
                self._tripped = "memory"
            else:
                if self._end - now < self._interval and not self._sampler:
                    self._tick(self._interval, max(self._end - now, _SOONEST))
                return
            if self._interval > _TICK:
                self._tick(_TICK, _TICK)
        self._ticks += 1
        if self._ticks % _TICKS_PER_RAISE == 1:  # the time between is for the run to end in
            raise LimitExceeded(self._tripped)

    def _tell(self) -> None:
        """Tell how far the run is, for the case that it must be killed. What cannot be told now is told later."""
        self._phase = _SENDING
        try:
            usage, parts = S.progress()
            if not usage:  # the run has not begun, or is over
                return
            fresh = parts[self._told :]
            told = ["progress", self._run, outcome.amounts(usage), "".join(fresh)]
            self._connection.sendall(self._teller.frame(told))
            self._told += len(fresh)
        except (MemoryError, RecursionError, WireError):
            return
        except OSError:  # the owner is gone
            os._exit(0)
        finally:
            self._phase = _COMPUTING


class SocketHost:
    """The EffectHost inside a worker: requests and answers travel over its socket."""

    __slots__ = ("_worker",)

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def send(self, requests: list[EffectRequest]) -> None:
        """Send requests. An argument that cannot travel is the program's mistake: TypeError."""
        worker = self._worker
        fresh = S.readings.fresh()
        try:
            asked = [
                [key, model, [*args], kwargs, fuel] if fuel else [key, model, [*args], kwargs]
                for key, model, args, kwargs, fuel in requests
            ]
            worker.send("effects", worker._run, asked, *((fresh,) if fresh else ()))
        except WireError as error:
            raise TypeError(f"a model was given what cannot be sent to it: {error.message}") from None

    def guess(self, requests: list[EffectRequest]) -> None:
        """Tell which calls may come. What cannot travel is not told."""
        try:
            self._worker.send("guesses", self._worker._run, [list(request[:4]) for request in requests])
        except WireError:
            return

    def drop(self, keys: list[str]) -> None:
        """Tell which of them do not."""
        self._worker.send("dropped", self._worker._run, keys)

    def receive(self, timeout: float | None = None) -> list[EffectAnswer]:
        """Block until answers arrive; none after ``timeout`` seconds."""
        return self._worker.receive_answers(timeout)


def _array(dtype: str, shape: tuple[int, ...], data: memoryview) -> object:
    """An array that has the bytes where they were received: nobody else has them. A list where there is no numpy."""
    try:
        from noodle_ray.core.vm.arrays.array import around
    except ImportError:
        return listed(dtype, shape, data)
    return around(dtype, shape, data)


def _load(request: RunRequest) -> Module:
    """The request's module, verified. Raises ModuleError."""
    if digest(request.module) != request.digest:
        raise ModuleError("the module's bytes do not have the hash they were sent with", code="NOODLE-E0302")
    return load(request.module)


def _forget_run() -> None:
    S.__init__()  # type: ignore[misc]
    if hasattr(S, "fibers"):
        del S.fibers


def become_worker(connection: "socket", proc: int, parent: int, layers: list[lockdown.Layer], code: int) -> NoReturn:
    """Turn this freshly forked process into a worker; never returns. ``layers`` are those already up; ``code`` is the
    descriptor of the memory in which its owner puts native code, or -1."""
    status = 1
    worker = None
    try:
        import sys
        from _socket import socket

        for number in (_signal.SIGINT, _signal.SIGTERM, _signal.SIGCHLD, _signal.SIGPIPE):
            _signal.signal(number, _signal.SIG_IGN if number != _signal.SIGTERM else _signal.SIG_DFL)
        _signal.set_wakeup_fd(-1)
        sys.stdin = sys.stdout = sys.stderr = None
        family, kind = connection.family, connection.type
        worker = Worker()
        native.confine(code)
        own, (descriptor, statm, clear_refs) = lockdown.confine(connection, proc, parent)
        modules.seal()
        if native.region is not None:
            native.region.ask = worker.ask_native
        carriers.keep()
        worker.attach(socket(family, kind, 0, descriptor), statm, clear_refs)
        worker.send("ready", [list(layer) for layer in (*layers, *own)])
        gc.freeze()
        gc.enable()  # whoever forked this may have switched it off while it started
        worker.serve()
        status = 0
    except BaseException as error:
        if worker is not None:
            worker.tell_failure(error)
    finally:
        os._exit(status)
