"""One worker of a pool, driven by an event loop: frames in and out, effects answered, deadline watched."""

import asyncio
import math
import select
import socket
from collections.abc import Callable

from noodle_ray.core.sandbox import messages, outcome
from noodle_ray.core.sandbox.conversation import Conversation, Diverged
from noodle_ray.core.sandbox.lockdown import Layer
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.sandbox.spawn import ForkServerProcess
from noodle_ray.core.sandbox.wire import RECEIVED, Frames, WireError, load_msgpack
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest
from noodle_ray.core.vm.native import make_memory
from noodle_ray.core.vm.native.shared import SLOTS
from noodle_ray.core.vm.native.workshop import Workshop
from noodle_ray.errors import NoodleError, PlatformError

load_msgpack()
_START_SECONDS = 30.0
_CAUSE_SECONDS = 2.0
_PATIENCE = 0.005
"""Seconds that a run waits at least before it is asked to leave its worker: giving it up takes about a millisecond."""
_LEAST = 0.5
"""Seconds that a repeated run gets at least, before it is killed, to end by itself because its time is over."""
_AGAIN = 1.0
"""Seconds until a run that waits for a timer as well is asked again."""
LEAVE_SECONDS = 0.05
"""How long a run that was asked to leave its worker is counted on."""


class PooledWorker:
    """A worker process and the run that it has, if any. ``on_gone`` is called once, when it can take no more runs;
    ``on_quiet`` each time when its run may have begun to wait."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        server: ForkServerProcess,
        on_gone: "Callable[[PooledWorker], None]",
        on_quiet: "Callable[[PooledWorker], None]",
    ) -> None:
        self._loop = loop
        self._server = server
        self._on_gone = on_gone
        self._on_quiet = on_quiet
        self._leaving = False
        self._asked_at = 0.0
        self._workshop = Workshop(make_memory())
        self.tag, self._socket = server.spawn(self._workshop.descriptor)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._frames = Frames()
        self._outbox = bytearray()
        self._known: set[str] = set()
        self._run = 0
        self._request: RunRequest | None = None
        self._talk: Conversation | None = None
        self._result: asyncio.Future[outcome.Outcome | None] | None = None
        self._asked = 0
        self._quiet = 0.0
        self._told: outcome.Told | None = None
        self._began = 0.0
        self._due = 0.0
        self._fires = math.inf
        self.gone = False
        """Whether this worker can take no more runs."""
        self.runs = 0
        self.idle_since = 0.0
        self.ready: asyncio.Future[list[Layer]] = loop.create_future()
        self._timer: asyncio.TimerHandle | None = loop.call_later(_START_SECONDS, self._never_ready)
        loop.add_reader(self._socket.fileno(), self._on_readable)

    def alive(self) -> bool:
        """Look once more before a run is trusted to it: has the other end closed?"""
        if self.gone:
            return False
        if not self._poll.poll(0):
            return True
        try:
            closed = self._socket.recv(1, socket.MSG_PEEK) == b""
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            closed = True
        if closed:
            self.kill("it ended while idle")
        return not closed

    async def run(self, talk: Conversation) -> outcome.Outcome | None:
        """Execute one run; None if it left this worker to wait. Raises ModuleError, WireError, PlatformError; when
        cancelled, the worker is killed."""
        self._run += 1
        self.runs += 1
        request = talk.attempt()
        start = messages.write_run(self._run, request, request.digest not in self._known)
        self._request = request
        self._talk = talk
        self._told = None
        self._leaving = False
        result: asyncio.Future[outcome.Outcome | None] = self._loop.create_future()
        self._result = result
        talk.begin(self)
        if self.ready.done():
            self._watch()
        self._send(start)
        try:
            ended = await result
            if ended is not None:
                ended["usage"]["seed"] = request.seed  # type: ignore[index]  # also of a run whose worker died
            return ended
        except asyncio.CancelledError:
            self.kill("its run was cancelled")
            raise
        finally:
            self._end_run()

    def ripe(self) -> float | None:
        """When the run may be asked to leave: it has waited by then as long as repeating it takes; None for never.

        What it computed is known to a tenth of a second: from then on the worker tells.
        """
        talk = self._talk
        if talk is None or self._leaving or not talk.live or not talk.outstanding or self.gone:
            return None
        if talk.keeps or (talk.costly and not talk.only_waits()):
            return None
        spent: object = self._told.usage["computing_seconds"] if self._told is not None else self._quiet - self._began
        assert isinstance(spent, int | float)
        return self._quiet + max(_PATIENCE, float(spent))

    def ask_to_leave(self) -> None:
        """Have the run leave this worker, once all of its fibers wait, unless it waits for timers."""
        assert self._talk is not None
        self._leaving = True
        self._asked_at = self._loop.time()
        self._talk.hold_back(True)
        self._send(messages.write_park(self._run, self._talk.background and self._talk.only_waits()))

    def busy(self) -> bool:
        """Whether it has a run."""
        return self._talk is not None

    def only_waits(self) -> bool:
        """Whether its run waits for no model, but for a time, a signal or another run: that may take long."""
        return self._talk is not None and self._talk.only_waits()

    def background(self) -> bool:
        """Whether it has a run of the background."""
        return self._talk is not None and self._talk.background

    def leaving(self, now: float) -> bool:
        """Whether the run was asked to leave just now: one that computes comes to it later."""
        return self._leaving and now < self._asked_at + LEAVE_SECONDS

    def send_answers(self, answers: list[EffectAnswer]) -> bytes:
        """Send answers to the run; returns the frame."""
        data = messages.write_answers(self._run, answers)
        self._quiet = self._loop.time()
        self._send(data)
        if self.only_waits():
            self._on_quiet(self)
        return data

    def go_live(self, left: float) -> None:
        """The run has come to where it was, and has so many seconds left."""
        self._quiet = self._loop.time()
        self._watch(max(left, _LEAST))
        self._send(messages.write_left(self._run, left))

    def kill(self, reason: str) -> None:
        """End the process now; a run that it has ends with `died` for this reason."""
        self._server.kill(self.tag)
        self._leave()
        self.died(reason)

    def died(self, how: str) -> None:
        """The process ended: tell whoever waits for it."""
        self._leave()
        if not self.ready.done():
            error = PlatformError(f"a worker of the sandbox does not start ({how})", code="NOODLE-E0803")
            self.ready.set_exception(error)
            self.ready.exception()  # nobody has to wait for it
            self._fail(error)
        elif self._request is not None:
            self._settle(outcome.died(how, self._request.tier, self._loop.time() - self._began, self._told))

    def abort(self, error: NoodleError) -> None:
        """End the process now; a run that it has raises ``error``."""
        self._fail(error)
        self.kill(error.message)

    def _watch(self, left: float | None = None) -> None:
        """Have the run end in time. A timer of an earlier run does, too, if it fires before: it looks, and goes on."""
        assert self._request is not None
        now = self._loop.time()
        if left is None:
            self._began = self._quiet = now
            left = self._request.limits.deadline
        self._due = now + left + messages.GRACE
        if self._due < self._fires:
            self._set_timer(self._due - now, self._overrun)
            self._fires = self._due

    def _set_timer(self, seconds: float, then: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, then)
        self._fires = math.inf

    def _overrun(self) -> None:
        self._timer, self._fires = None, math.inf
        if self._request is None:
            return
        left = self._due - self._loop.time()
        if left > 0:
            self._set_timer(left, self._overrun)
            self._fires = self._due
            return
        self._settle(outcome.limit("deadline", self._request.tier, self._loop.time() - self._began, self._told))
        self.kill("it ran past its deadline")

    def _never_ready(self) -> None:
        self.kill("it takes too long")

    def _on_readable(self) -> None:
        try:
            data = self._socket.recv(RECEIVED)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._on_closed()
            return
        try:
            body = self._frames.whole(data)
            if body is None:
                body = self._frames.take()
            while body is not None:
                self._on_message(messages.read(body, self._run))
                body = None if self.gone else self._frames.take()
        except WireError as error:
            self.kill(f"it broke the protocol: {error.message}")

    def _on_closed(self) -> None:
        """The process is ending. How, comes from the fork server in a moment; settle without, should that be gone."""
        self._leave()
        self._set_timer(_CAUSE_SECONDS, lambda: self.died("its cause is not known"))

    def _on_message(self, message: messages.Message) -> None:
        match message:
            case messages.Done(result, retire):
                self._on_done(result, retire)
            case messages.Effects(requests, readings):
                self._on_effects(requests, readings)
            case messages.Guesses(requests):
                self._on_guesses(requests)
            case messages.Dropped(keys):
                if self._talk is not None:
                    self._talk.drop(keys)
            case messages.Parked(retire):
                self._on_parked(retire)
            case messages.Stays():
                self._on_stays()
            case messages.Ready(layers):
                self._on_ready(layers)
            case messages.Progress(usage, text):
                self._on_progress(usage, text)
            case messages.Native():
                self._on_native(message)
            case messages.Need():
                assert self._request is not None
                self._known.discard(self._request.digest)
                self._send(messages.write_run(self._run, self._request, True))
            case messages.Refused(error):
                self._fail(error)
            case messages.Failed(why):
                self.kill(why)
            case messages.Lacks():
                self.kill("it lacks a module")

    def _on_progress(self, usage: dict[str, object], text: str) -> None:
        if self._request is None:
            raise WireError("received the progress of no run")
        if self._told is None:
            self._told = outcome.Told(self._request.limits.output)
        self._told.add(usage, text)
        if self._talk is not None:
            self._talk.progressed(usage)

    def _on_ready(self, layers: list[Layer]) -> None:
        if self.ready.done():
            raise WireError("received a second greeting")
        self.ready.set_result(layers)
        if self._request is not None:
            self._watch()
        elif self._timer is not None:
            self._timer.cancel()

    def _on_done(self, result: outcome.Outcome, retire: bool) -> None:
        if self._request is None or self._result is None or self._result.done():
            raise WireError("received an outcome that no run waits for")
        self._known.add(self._request.digest)
        if retire:
            self._leave()
        self._settle(result)

    def _on_effects(self, requests: list[EffectRequest], readings: dict[str, list[float]]) -> None:
        if self._talk is None or self._result is None or self._result.done():
            raise WireError("received effects of no run")
        self._quiet = self._loop.time()
        try:
            self._talk.ask(requests, readings)
        except Diverged as error:
            assert self._request is not None
            self._settle(outcome.failed(error.code, "RunError", error.message, self._request.tier, told=self._told))
            self.kill("its run went another way than before")
        else:
            self._on_quiet(self)

    def _on_guesses(self, requests: list[EffectRequest]) -> None:
        if self._talk is not None and self._result is not None and not self._result.done():
            self._talk.guess(requests)

    def _on_parked(self, retire: bool) -> None:
        if not self._leaving or self._talk is None or self._result is None or self._result.done():
            raise WireError("a run left that was not asked to")
        assert self._request is not None
        self._known.add(self._request.digest)
        self._talk.park()
        if retire:
            self._leave()
        self._settle(None)

    def _on_stays(self) -> None:
        if not self._leaving or self._talk is None:
            raise WireError("a run stays that was not asked to leave")
        self._leaving = False
        if self._talk.only_waits():
            self._quiet = self._loop.time() + _AGAIN
        else:
            self._talk.keeps = True
        self._talk.hold_back(False)
        self._on_quiet(self)

    def _on_native(self, asked: messages.Native) -> None:
        if self._request is None:
            raise WireError("received a wish for native code of no run")
        self._asked += 1
        if self._asked > SLOTS:
            raise WireError("received too many wishes for native code")
        self._loop.run_in_executor(None, self._workshop.make, self._request.module, self._request.digest, *asked)

    def _send(self, data: bytes) -> None:
        if self.gone:
            return
        if self._outbox:
            self._outbox += data
            return
        try:
            sent = self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:  # what the worker said last is still to be read, and then the end of its stream
            return
        if sent < len(data):
            self._outbox += data[sent:]
            self._loop.add_writer(self._socket.fileno(), self._on_writable)

    def _on_writable(self) -> None:
        try:
            sent = self._socket.send(self._outbox[:262144])
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            sent = len(self._outbox)
        del self._outbox[:sent]
        if not self._outbox:
            self._loop.remove_writer(self._socket.fileno())

    def _settle(self, result: outcome.Outcome | None) -> None:
        if self._result is not None and not self._result.done():
            self._result.set_result(result)

    def _fail(self, error: NoodleError) -> None:
        if self._result is not None and not self._result.done():
            self._result.set_exception(error)

    def _end_run(self) -> None:
        self._request = self._talk = self._result = None
        if self.gone and self._timer is not None:
            self._timer.cancel()

    def _leave(self) -> None:
        """Close this end of the socket: the process ends when it reads that, if it has not ended yet."""
        if self.gone:
            return
        self.gone = True
        if self._timer is not None:
            self._timer.cancel()
        descriptor = self._socket.fileno()
        self._loop.remove_reader(descriptor)
        self._loop.remove_writer(descriptor)
        self._socket.close()
        self._workshop.close()
        self._on_gone(self)
