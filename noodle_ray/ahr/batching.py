"""Calls of many callers, collected into batches for one engine; and generations that are told piece by piece."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from math import inf
from typing import Any, cast

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.base import Call, Emit, Engine, Generative, Interruptible, failed
from noodle_ray.ahr.engines.memory import in_halves
from noodle_ray.ahr.heartbeat import beat, forget
from noodle_ray.ahr.tickets import Ticket, expired
from noodle_ray.ahr.watchdog import Watchdog, lost
from noodle_ray.core.runs.fair import FairQueue, QueueFullError
from noodle_ray.core.runs.lengths import SHORT_TOKENS
from noodle_ray.core.runs.terms import ORDINARY, Terms
from noodle_ray.errors import ModelError


class Batcher:
    """Collects calls from any thread and hands them to the engine, at most ``max_batch`` at a time, and at most
    ``max_tokens`` as the engine estimates them, unless a call alone has more. Of calls that are short it takes
    more, up to the engine's ``max_short``, as long as they have `SHORT_TOKENS` together.

    While the engine is busy the next batch forms by itself. In busy times a call waits for company ``max_wait``
    seconds besides; one that comes when nothing goes on waits for nobody. As many batches are in flight as the engine
    runs in parallel. Who is next is `FairQueue`'s decision. More than ``max_queue`` waiting calls are refused
    with ModelError E0608, more than ``max_of_tenant`` of one tenant with E0613. An engine that gives no sign of life
    for ``time_limit`` seconds is given up (`Watchdog`), and ``on_hang`` is called.
    """

    def __init__(
        self,
        engine: Engine,
        max_batch: int | None = None,
        max_wait: float = 0.002,
        max_queue: int = 8192,
        *,
        max_of_tenant: int | None = None,
        max_tokens: int = 8192,
        time_limit: float = inf,
    ) -> None:
        self.engine = engine
        self._name = engine.name
        self.max_batch = max_batch or engine.max_batch
        self.max_wait = max_wait
        self.max_queue = max_queue
        self.max_tokens = max_tokens
        self.max_of_tenant = max_queue if max_of_tenant is None else max_of_tenant
        self._cost = getattr(engine, "cost", None)
        self._most = max(self.max_batch, getattr(engine, "max_short", 0)) if max_batch is None else max_batch
        self._interruptible = self.max_batch == 1 and hasattr(engine, "answer")
        self._waiting: FairQueue[Ticket] = FairQueue(max_queue, self.max_of_tenant)
        self._changed = threading.Condition()
        self._closed = False
        self._ended = -inf
        self.on_hang: Callable[[], None] = lambda: None
        self._sizes: Counter[int] = Counter()
        self._dropped: Counter[str] = Counter()
        self._queued = self._computing = 0.0
        self._streams = self._streaming = 0
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(engine.parallel)]
        self._watchdog = Watchdog(self._name, time_limit, self._expire, self._give_up)
        for thread in self._threads:
            thread.start()

    def submit(self, calls: Sequence[Call], terms: Sequence[Terms] | None = None) -> list[Ticket]:
        """Queue calls; each ticket gives the model's answer or raises ModelError. Does not block."""
        each = terms or [ORDINARY] * len(calls)
        tickets = [
            Ticket(call, mine, cost=self._cost(call) if self._cost else 1)
            for call, mine in zip(calls, each, strict=True)
        ]
        self._queue(tickets)
        return tickets

    def stream(self, order: Mapping[str, Any], emit: Emit, patience: float = inf, terms: Terms = ORDINARY) -> Ticket:
        """Queue a generation, in the same queue as calls, for at most ``patience`` seconds.

        ``emit`` gets ``{"queued": seconds}`` when it begins, then its chunks. The ticket is done when it is told, or
        raises ModelError: E0609 when it waited too long. Cancelling it drops a generation that waits, and ends
        one that runs at the next token.
        """
        cost = self._cost(((order.get("messages", order.get("prompt")),), order)) if self._cost else 1
        ticket = Ticket(terms=terms, order=order, emit=emit, cost=cost)
        ticket.begin_by = min(ticket.begin_by, ticket.arrived + patience)
        self._queue([ticket])
        return ticket

    def _queue(self, tickets: list[Ticket]) -> None:
        refused: list[tuple[Ticket, ModelError]] = []
        with self._changed:
            for ticket in tickets:
                try:
                    if self._closed or self._watchdog.barked:
                        raise QueueFullError(of_tenant=False)
                    self._waiting.push(ticket, ticket.terms._replace(until=ticket.begin_by), ticket.cost)
                except QueueFullError as error:
                    refused.append((ticket, self._refusal(error.of_tenant)))
            self._changed.notify(len(tickets) - len(refused))
        for ticket, refusal in refused:
            ticket.settle(refusal)
        for ticket in tickets:
            ticket.add_done_callback(self._forget)

    def _forget(self, future: "Future[Any]") -> None:
        """Make the place of a cancelled call free for others."""
        if future.cancelled():
            with self._changed:
                if self._waiting.remove(cast(Ticket, future)):
                    self._dropped["cancelled"] += 1

    def _refusal(self, of_tenant: bool = False) -> ModelError:
        if self._watchdog.barked:
            return lost(self._name)
        if self._closed:
            return ModelError("the model was closed", code=codes.ENGINE_FAILED)
        self._dropped["tenant" if of_tenant else "full"] += 1
        if of_tenant:
            return ModelError(
                f"{self.max_of_tenant:,} calls of this tenant wait for this model already",
                code=codes.TENANT_BUSY,
                hint="try again later",
            )
        return ModelError(
            f"{self.max_queue:,} calls wait for this model already", code=codes.OVERLOADED, hint="try again later"
        )

    def alive(self) -> bool:
        """Whether it works: false after ``close``, when one of its threads died, or when the engine hangs."""
        return not self._watchdog.barked and all(thread.is_alive() for thread in self._threads)

    def stats(self) -> dict[str, Any]:
        """``calls``, ``batches``, ``batch_sizes`` (size -> how often), ``waiting``, and the sums over all calls of
        seconds ``queued`` and over all batches of seconds ``computing``; ``streams`` that ran, and those
        ``streaming`` now; ``dropped``: calls that never reached the engine, by reason.
        """
        with self._changed:
            return {
                "calls": sum(size * count for size, count in self._sizes.items()),
                "batches": self._sizes.total(),
                "batch_sizes": dict(sorted(self._sizes.items())),
                "waiting": len(self._waiting),
                "queued": self._queued,
                "computing": self._computing,
                "streams": self._streams,
                "streaming": self._streaming,
                "dropped": dict(self._dropped),
            }

    def close(self) -> None:
        """Refuse new calls, fail those that wait, and return when those in flight are done."""
        with self._changed:
            self._closed = True
            left = self._waiting.drain()
            self._changed.notify_all()
        for ticket in left:
            ticket.settle(self._refusal())
        for thread in self._threads:
            if not self._watchdog.barked:  # a thread that hangs ends with the process
                thread.join()
        self._watchdog.close()

    def _expire(self, now: float) -> None:
        with self._changed:
            gone = self._waiting.expired(now)
            self._dropped["deadline"] += len(gone)
        for ticket in gone:
            ticket.settle(expired(self._name))

    def _give_up(self) -> None:
        """The engine hangs: what waits has to go elsewhere."""
        with self._changed:
            left = self._waiting.drain()
            self._changed.notify_all()
        for ticket in left:
            ticket.settle(lost(self._name))
        self.on_hang()

    def _work(self) -> None:
        try:
            while batch := self._next():
                self._run(batch)
        finally:
            forget(threading.get_ident())

    def _next(self) -> list[Ticket]:
        """The next batch; empty when closed."""
        with self._changed:
            while not self._closed:
                if not self._waiting:
                    self._changed.wait()
                    continue
                self._wait_for_company()
                if self._waiting:
                    break  # else another thread has taken all meanwhile, or all was closed
            batch: list[Ticket] = []
            tokens = 0
            while self._waiting and len(batch) < self._most:
                head = self._waiting.peek()
                most = self.max_tokens if len(batch) < self.max_batch else min(self.max_tokens, SHORT_TOKENS)
                if batch and (head.emit is not None or tokens + head.cost > most):
                    break
                batch.append(self._waiting.pop())
                tokens += head.cost
                if head.emit is not None:
                    break
            if self._waiting:
                self._changed.notify()  # this thread may have been told of more than it takes
            return batch

    def _wait_for_company(self) -> None:
        if time.monotonic() - self._ended > self.max_wait:
            return  # nothing went on lately
        while 0 < len(self._waiting) < self.max_batch and (head := self._waiting.peek()).emit is None:
            left = head.arrived + self.max_wait - time.monotonic()
            if left <= 0:
                return
            self._changed.wait(left)

    def _run(self, batch: list[Ticket]) -> None:
        started = time.monotonic()
        live = []
        for ticket in batch:
            if started > ticket.begin_by:
                with self._changed:
                    self._dropped["deadline"] += 1
                ticket.settle(expired(self._name))
            elif ticket.begin(started):
                live.append(ticket)
        if not live:
            return
        beat()
        with self._watchdog.over(live):
            if live[0].emit is not None:
                self._streamed(live[0], live[0].emit)
                return
            if self._interruptible:
                answers = [self._interruptibly(live[0])]
            else:
                answers = in_halves(self._name, self.engine.infer, [ticket.call for ticket in live])
        ended = time.monotonic()
        with self._changed:
            self._sizes[len(live)] += 1
            self._queued += sum(ticket.told["queued"] for ticket in live)
            self._computing += ended - started
            self._ended = ended
        for ticket, answer in zip(live, answers, strict=True):
            ticket.settle(answer)

    def _interruptibly(self, ticket: Ticket) -> Any:
        def stopped() -> bool:
            beat()
            return ticket.stopped()

        try:
            answer = cast(Interruptible, self.engine).answer(ticket.call, stopped, ticket.told)
        except ModelError as error:
            answer = error
        except Exception as error:  # an engine that breaks its contract must not end this thread
            answer = failed(self._name, error)
        return self._ending(ticket) or answer

    def _streamed(self, ticket: Ticket, emit: Emit) -> None:
        def tell(chunk: dict[str, Any]) -> bool:
            beat()
            if "usage" in chunk:
                ticket.told["usage"] = chunk["usage"]
            return ticket.stopped() or emit(chunk)

        queued, started = ticket.told["queued"], time.monotonic()
        with self._changed:
            self._streaming += 1
            self._queued += queued
        failure: ModelError | None = None
        try:
            if not emit({"queued": queued}):
                cast(Generative, self.engine).generate(ticket.order, tell)
        except ModelError as error:
            failure = error
        except Exception as error:  # an engine that breaks its contract must not end this thread
            failure = failed(self._name, error)
        with self._changed:
            self._streaming -= 1
            self._streams += 1
            self._computing += time.monotonic() - started
        ticket.settle(self._ending(ticket) or failure)

    def _ending(self, ticket: Ticket) -> ModelError | None:
        """Charge a generation's tenant what it took; the error if it was stopped."""
        if usage := ticket.told.get("usage"):
            # An output token costs an engine about twice what a token of the prompt does (Sheng et al., 2024).
            with self._changed:
                self._waiting.charge(
                    ticket.terms.tenant, usage["prompt_tokens"] + 2 * usage["completion_tokens"] - ticket.cost
                )
        return expired(self._name) if time.monotonic() > ticket.terms.until else None
