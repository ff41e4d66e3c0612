"""One worker for a synchronous caller: what ``noodle run`` uses. No event loop, no threads, light to import."""

import _socket
import os
import select
import sys
from time import monotonic

from noodle_ray.core.sandbox import messages, outcome
from noodle_ray.core.sandbox.guess import Needs
from noodle_ray.core.sandbox.lockdown import Layer
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.sandbox.wire import RECEIVED, Frames, WireError
from noodle_ray.core.vm.host import EffectAnswer, EffectHost, EffectRequest, SpeculativeHost
from noodle_ray.core.vm.native import make_memory
from noodle_ray.errors import PlatformError
from noodle_ray.light import TYPE_CHECKING, TracebackType, import_module

if TYPE_CHECKING:
    from noodle_ray.core.sandbox.spawn import ForkServerProcess
    from noodle_ray.core.vm.native.workshop import Workshop

_START_SECONDS = 30.0
_PROFILER = "noodle_ray.core.vm.profiler"
_TURN = 0.05
"""Seconds to wait for answers before looking for what the worker says."""


class LocalWorker:
    """A worker for one run at a time, replaced when it dies. Start it early: it gets ready while the caller compiles.

    It is forked from this process, or where this process has threads (which do not survive a fork), or if
    ``fork_server`` is true, from a fork server, which has all there is. With few ``needs`` a forked worker is ready
    sooner, and started anew for a run that turns out to need more. Use it as a context manager, or call `close`. Not
    thread-safe.
    """

    def __init__(
        self,
        needs: Needs = Needs(modules=()),  # noqa: B008 (immutable)
        fork_server: bool | None = None,
    ) -> None:
        self._use_server = fork_server
        self._needs = needs
        self._server: ForkServerProcess | None = None
        self._connection: _socket.socket | None = None
        self._pid = 0
        self._tag = 0
        self._killed: list[int] = []
        self._dying: set[int] = set()
        self._frames = Frames()
        self._layers: list[Layer] | None = None
        self._known: set[str] = set()
        self._run = 0
        self._code = -1
        self._workshop: Workshop | None = None
        self.start()

    def __enter__(self) -> "LocalWorker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the worker process if there is none."""
        if self._connection is not None:
            return
        self._reap(wait=False)
        self._frames = Frames()
        self._layers = None
        self._known.clear()
        use_server = self._use_server if self._use_server is not None else _has_threads()
        if use_server:
            self._start_from_server()
        else:
            self._fork()

    def run(
        self, request: RunRequest, host: EffectHost | None = None, early: SpeculativeHost | None = None
    ) -> outcome.Outcome:
        """Execute one run and return its outcome; ``host`` answers its effects, ``early`` hears which may come.

        Raises ModuleError if the module is not valid, WireError if the arguments cannot be sent, and PlatformError
        if no worker can be started. Whatever else goes wrong in the worker is an outcome with an error.
        """
        if request.profile and _PROFILER not in sys.modules:
            import_module(_PROFILER)  # so that a worker forked from here has it; one forked before does not
            self._stop()
        self.start()
        self._run += 1
        request = request.seeded()
        start = messages.write_run(self._run, request, request.digest not in self._known)
        try:
            result = self._converse(start, request, host, early)
        except BaseException:  # also Ctrl-C: the worker may be anywhere, so the next run gets a fresh one
            self._stop()
            raise
        result["usage"]["seed"] = request.seed  # type: ignore[index]  # also of a run whose worker died
        return result

    def layers(self) -> list[Layer]:
        """Return the worker's layers of protection, as the worker found them."""
        self.start()
        while self._layers is None:
            try:
                ready = self._next(monotonic() + _START_SECONDS) is not None
            except EOFError:
                ready = False
            if not ready:
                raise PlatformError(f"the sandbox's worker does not start ({self._stop()})", code="NOODLE-E0803")
        return self._layers

    def close(self) -> None:
        """End the worker, and the fork server if there is one. Leaves no process and no descriptor."""
        self._stop()
        if self._server is not None:
            self._server.close()
            self._server.process.wait()
            self._server = None

    def _converse(
        self, start: bytes, request: RunRequest, host: EffectHost | None, early: SpeculativeHost | None
    ) -> outcome.Outcome:
        began = monotonic()
        told = outcome.Told(request.limits.output)
        try:
            self._send(start)
            self.layers()
            began = monotonic()
            end = began + request.limits.deadline + messages.GRACE
            outstanding, waits = 0, False
            while True:
                while outstanding and host is not None and not self._readable(0.0) and monotonic() < end:
                    answers = host.receive(_TURN)  # no longer: a program may go on without what it asked for
                    outstanding -= self._answer(answers) if answers else 0
                match self._next(end):
                    case messages.Done(result, retire):
                        self._known.add(request.digest)
                        if retire:
                            self._stop()
                        return result
                    case messages.Effects(requests):
                        outstanding += len(requests)
                        if any(asked.model[:1] == "@" for asked in requests) and not waits:
                            from noodle_ray.core.sandbox.local_waits import LocalWaits

                            host, waits = LocalWaits(host, outstanding - len(requests)), True
                        if host is None:
                            outstanding -= self._answer([_unanswered(asked) for asked in requests])
                        else:
                            host.send(requests)
                    case messages.Guesses(requests):
                        if early is not None:
                            early.guess(requests)
                    case messages.Dropped(keys):
                        if early is not None:
                            early.drop(keys)
                    case messages.Progress(usage, text):
                        told.add(usage, text)
                    case messages.Native() as asked:
                        self._make_native(request, asked)
                    case messages.Need():
                        self._known.discard(request.digest)
                        self._send(messages.write_run(self._run, request, True))
                    case messages.Lacks():
                        lacking = self._stop()
                        wanted = _imports(request.module)
                        if self._server is not None or self._needs.holds(wanted):
                            return outcome.died(f"it lacks a module: {lacking}", request.tier)
                        self._needs = Needs(modules=(*self._needs.modules, *wanted))
                        return self.run(request, host, early)
                    case messages.Refused(error):
                        raise error
                    case messages.Failed(why):
                        self._stop()
                        return outcome.died(why, request.tier, monotonic() - began, told)
                    case None:
                        self._kill()
                        return outcome.limit("deadline", request.tier, monotonic() - began, told)
        except WireError as error:
            self._stop()
            return outcome.died(error.message, request.tier, monotonic() - began, told)
        except (EOFError, ConnectionError):
            return outcome.died(self._stop(), request.tier, monotonic() - began, told)

    def _make_native(self, request: RunRequest, asked: messages.Native) -> None:
        from noodle_ray.core.vm.native.workshop import Workshop

        if self._workshop is None:
            self._workshop = Workshop(self._code)
        self._workshop.make(request.module, request.digest, *asked)

    def _answer(self, answers: list[EffectAnswer]) -> int:
        try:
            self._send(messages.write_answers(self._run, answers))
        except ConnectionError:
            return len(answers)  # the run is over; what the worker said last is still to be read
        return len(answers)

    def _send(self, data: bytes) -> None:
        assert self._connection is not None
        self._connection.sendall(data)

    def _next(self, end: float) -> messages.Message | None:
        """Return the next message, or None at the time ``end``. Raises EOFError if the worker is gone."""
        assert self._connection is not None
        while True:
            body = self._frames.take()
            if body is not None:
                message = messages.read(body, self._run)
                if not isinstance(message, messages.Ready):
                    return message
                self._layers = message.layers
                return message
            if not self._readable(max(end - monotonic(), 0.0)):
                return None
            data = self._connection.recv(RECEIVED)
            if not data:
                raise EOFError
            self._frames.feed(data)

    def _readable(self, seconds: float) -> bool:
        assert self._connection is not None
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def _fork(self) -> None:
        ours, theirs = _socket.socketpair()
        proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        parent = os.getpid()
        self._code = make_memory() if "python" in self._needs.tiers else -1
        try:
            self._pid = os.fork()
        except OSError as error:
            ours.close()
            raise PlatformError(f"a worker of the sandbox cannot start: {error}", code="NOODLE-E0803") from error
        finally:
            if os.getpid() == parent:
                theirs.close()
                os.close(proc)
        if self._pid == 0:
            _become_worker(theirs, proc, parent, self._needs, self._code)
        self._connection = ours

    def _start_from_server(self) -> None:
        from noodle_ray.core.sandbox.spawn import ForkServerProcess

        if self._server is None or self._server.process.poll() is not None:
            self._server = ForkServerProcess()
            self._dying.clear()
        self._pid = 0
        self._code = make_memory()
        self._tag, connection = self._server.spawn(self._code)
        connection.setblocking(True)
        self._connection = connection

    def _stop(self) -> str:
        """Kill the worker if there is one, wait until it is gone, and return how it ended; '' if there is none."""
        self._kill()
        return self._reap(wait=True)

    def _kill(self) -> None:
        """Kill the worker if there is one, and do not wait: the kernel takes a while to get much memory back."""
        if self._connection is None:
            return
        self._connection.close()
        self._connection = None
        if self._workshop is not None:
            self._workshop.close()
            self._workshop = None
        elif self._code >= 0:
            os.close(self._code)
        self._code = -1
        if self._pid:
            _kill_unless_ended(self._pid)
            self._killed.append(self._pid)
        elif self._server is not None:
            self._server.kill(self._tag)
            self._dying.add(self._tag)

    def _reap(self, *, wait: bool) -> str:
        """Take note of killed workers that are gone, or wait until all are; how the last one ended."""
        how = ""
        while self._killed:
            pid, status = os.waitpid(self._killed[0], 0 if wait else os.WNOHANG)
            if not pid:
                break
            how = outcome.describe(status)
            del self._killed[0]
        if self._dying and self._server is not None:
            told = self._hear(self._server, wait)
            how = how if self._pid else told
        return how

    def _hear(self, server: "ForkServerProcess", wait: bool) -> str:
        """Hear from the fork server how its workers ended; how the last one did."""
        poll = select.poll()
        poll.register(server.control, select.POLLIN)
        how = "it does not end"
        while self._dying and poll.poll(_START_SECONDS * 1000 if wait else 0):
            deaths = server.deaths()
            if deaths is None:
                self._dying.clear()
                return "the fork server ended"
            for tag, ended in deaths:
                self._dying.discard(tag)
                how = ended if tag == self._tag else how
        return how


def run_local(request: RunRequest, host: EffectHost | None = None) -> outcome.Outcome:
    """Execute one run in a worker of its own and return its outcome. Raises as `LocalWorker.run` does."""
    with LocalWorker() as worker:
        return worker.run(request, host)


def _become_worker(
    connection: _socket.socket,
    proc: int,
    parent: int,
    needs: Needs,
    code: int,
) -> None:
    try:
        from noodle_ray.core.sandbox import lockdown, warm
        from noodle_ray.core.sandbox.worker import become_worker

        warm.load(needs)
        if code >= 0:
            import noodle_ray.core.vm.native.shared  # noqa: F401  # before files are out of reach
        become_worker(connection, proc, parent, lockdown.isolate(), code)
    finally:
        os._exit(1)


def _imports(encoded: bytes) -> tuple[str, ...]:
    from noodle_ray.core.nbc import load

    module = load(encoded)
    return (*module.imports, "noodle_ray") if module.models else module.imports


def _unanswered(asked: EffectRequest) -> EffectAnswer:
    return EffectAnswer(asked.key, False, ("NOODLE-E0601", f"the model '{asked.model}' is not available here"))


def _has_threads() -> bool:
    try:
        return len(os.listdir("/proc/self/task")) > 1
    except OSError:
        return True


def _kill_unless_ended(pid: int) -> None:
    """Kill an own child; it has not been waited for, so the number is still its own."""
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        return
