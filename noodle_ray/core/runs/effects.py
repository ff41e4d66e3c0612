"""What one run asks of others: models, tools and waits; from its journal, where that has the answer."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, NoReturn, Protocol

from noodle_ray.core.runs.batcher import (
    MODEL_BUSY,
    MODEL_FAILED,
    TENANT_BUSY,
    UNAVAILABLE,
    Batch,
    Call,
    EffectBatcher,
    Pending,
    Reply,
)
from noodle_ray.core.runs.budgets import Meter, Prices, Spending, Tokens, exceeded
from noodle_ray.core.runs.caller import Caller
from noodle_ray.core.runs.continuation import Journal
from noodle_ray.core.runs.once import EqualCalls
from noodle_ray.core.runs.speculation import Speculation
from noodle_ray.core.runs.terms import Terms, current, lowered
from noodle_ray.core.runs.tools.host import ToolHost
from noodle_ray.core.sandbox.conversation import MARK
from noodle_ray.core.sandbox.messages import digest_of
from noodle_ray.core.vm.host import TELL, EffectAnswer, EffectRequest
from noodle_ray.core.vm.names import TOOL
from noodle_ray.errors import NoodleError, PlatformError, RequestError

Give = Callable[[list[EffectAnswer]], None]
"""Takes answers to a run's requests."""
OnTold = Callable[[str], None]
"""Takes a piece of what a run tells."""
TRANSIENT = frozenset({MODEL_FAILED, MODEL_BUSY, TENANT_BUSY, *UNAVAILABLE})
"""Codes of failed model calls that may well succeed a moment later."""


class Asked(NamedTuple):
    """Whom a run's effects go to, and what counts them."""

    batcher: EffectBatcher
    tools: ToolHost
    spending: Spending
    prices: Prices


class RunJournal(Protocol):
    """What an executor needs of a run's journal. What it raises ends the run."""

    def recall(self, request: EffectRequest) -> EffectAnswer | None:
        """The answer that is known for a request."""

    def known(self) -> int:
        """How many answers are known."""

    def tokens(self, key: str) -> tuple[int, int]:
        """What the answer that is known took, of prompt and completion."""

    def took(self, key: str, tokens: tuple[int, int], batch: Batch | None) -> None:
        """Take what an answer took, and the batch it came in; the answer follows."""

    async def begin(self, request: EffectRequest) -> None:
        """Remember that a tool is about to be called."""

    async def keep(self, answered: list[tuple[EffectRequest, EffectAnswer]]) -> None:
        """Remember answers; when this returns, the program gets them."""


class _Ending(Reply):
    """A reply that ends the run: it is in no journal, so that the run can go on with more."""


class _Coming:
    """Futures of one message's requests, and which of them are done. Unlike `asyncio.wait` it looks at each once."""

    __slots__ = ("_came", "_wake", "requests")

    def __init__(self) -> None:
        self.requests: dict[asyncio.Future[Reply], EffectRequest] = {}
        self._came: dict[asyncio.Future[Reply], int] = {}
        self._wake: asyncio.Future[None] | None = None

    def add(
        self,
        future: "asyncio.Future[Reply]",
        request: EffectRequest,
        count: Callable[[EffectRequest, Reply], None] | None = None,
    ) -> None:
        """Have ``count`` told of the reply, also if nobody waits for it any more."""
        future.add_done_callback(partial(self._on_done, len(self.requests), request, count))
        self.requests[future] = request

    async def done(self) -> list["asyncio.Future[Reply]"]:
        """Those that came since the last time, at least one, in the order they were asked."""
        if not self._came:
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake
        came, self._came = self._came, {}
        return sorted(came, key=came.__getitem__)

    def _on_done(
        self,
        place: int,
        request: EffectRequest,
        count: Callable[[EffectRequest, Reply], None] | None,
        future: "asyncio.Future[Reply]",
    ) -> None:
        if count is not None and not future.cancelled() and future.exception() is None:
            count(request, future.result())
        self._came[future] = place
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)


class _Direct:
    """Requests of one message. ``give`` gets their answers in the turn of the loop in which they come, and ``over`` is
    called then with each and its reply."""

    __slots__ = ("_came", "_give", "_over", "_scheduled", "requests")

    def __init__(self, give: Give, over: "Callable[[asyncio.Future[Reply], EffectRequest, Reply], None]") -> None:
        self.requests: dict[asyncio.Future[Reply], EffectRequest] = {}
        self._give = give
        self._over = over
        self._came: list[asyncio.Future[Reply]] = []
        self._scheduled = False

    def add(self, future: "asyncio.Future[Reply]", request: EffectRequest) -> None:
        """Have the answer to a request given."""
        self.requests[future] = request
        if isinstance(future, Pending) and not future.done():
            future.listener = self
        else:
            future.add_done_callback(self._on_done)

    def cancel(self) -> None:
        """Have nothing given any more, and drop what was asked."""
        requests, self.requests = self.requests, {}
        for future in requests:
            if isinstance(future, Pending):
                future.listener = None
            future.remove_done_callback(self._on_done)
            future.cancel()

    def heard(self, future: "asyncio.Future[Reply]") -> None:
        """See `Listener`."""
        self._came.append(future)

    def deliver(self) -> None:
        """Give the answers that have come; what is to be done besides comes after them."""
        came, self._came = self._came, []
        self._scheduled = False
        over = [(future, self.requests.pop(future), _reply(future)) for future in came]
        self._give([EffectAnswer(request.key, reply.ok, reply.value, reply.fuel) for _, request, reply in over])
        for future, request, reply in over:
            self._over(future, request, reply)

    def _on_done(self, future: "asyncio.Future[Reply]") -> None:
        if future.cancelled():
            return
        self._came.append(future)
        if not self._scheduled:  # those that come in one turn are given together
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self.deliver)


class RunEffects:
    """One run's calls of models and tools: sends on those that its journal cannot answer, and remembers which batch
    each model's went in. ``failed`` gets the journal's exception, if it raises one; the program gets no answer then.
    ``meter`` has what the run spent, and ``acted`` says whether it has begun to call a tool."""

    __slots__ = (
        "_batcher", "_batches", "_busy", "_caller", "_direct", "_family", "_journal", "_left", "_metered", "_on_told",
        "_once", "_open", "_patience", "_speculation", "_spending", "_terms", "_tools", "_unmade", "_wait", "_waits",
        "acted",
        "failed", "fuel", "meter",
    )  # fmt: skip

    def __init__(
        self,
        asked: Asked,
        journal: RunJournal,
        caller: Caller,
        wait: Callable[[EffectRequest], Awaitable[Reply]],
        patience: tuple[float, ...] = (),
        on_told: OnTold | None = None,
    ) -> None:
        self._on_told = on_told
        self.acted = False
        self.fuel = 0
        """What the run's worker told last of the fuel that it used."""
        self._batcher = asked.batcher
        self._tools = asked.tools
        self._caller = caller if caller.run else caller._replace(run=secrets.token_hex(16))
        self._spending = asked.spending
        self.meter = Meter(caller.budget, asked.prices)
        self._metered = caller.budget.bounded or asked.spending.of(caller.tenant) is not None
        self._unmade = 0  # calls of models that are in the program's count of what it asked
        self._family = caller.family
        if self._family is not None:
            self._family.begin(self.meter)
        self._journal = journal
        self._direct = journal if isinstance(journal, Journal) and not self._metered else None
        self._once = EqualCalls(asked.batcher.certain)
        self._speculation: Speculation | None = None
        if self.may_speculate:
            self._speculation = Speculation(caller.budget.speculate or 0, self.meter, asked.batcher.watcher)
        self._left = journal.known()
        self._wait = wait
        self._waits: set[asyncio.Future[Reply]] = set()
        self._busy = 0  # calls of models, and answers that are being written
        self._patience = patience
        self._terms = current()  # effects come in through tasks of the pool, which inherit nothing of the request
        self._open: set[asyncio.Future[Reply]] = set()
        self._batches: dict[str, Batch] = {}
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def caller(self) -> Caller:
        """Whose run it is; one that is not stored has an id of its own."""
        return self._caller

    def progressed(self, usage: Mapping[str, object]) -> None:
        """Hear what the run has used by now."""
        fuel = usage["fuel"]
        assert isinstance(fuel, int)
        self.fuel = max(self.fuel, fuel)

    @property
    def may_speculate(self) -> int:
        """How many calls may be made early: none of whose cost others have to know too."""
        shared = self._family is not None and self._family.shared and self._family.budget.bounded
        alone = not shared and self._spending.of(self._caller.tenant) is None
        return (self._caller.budget.speculate or 0) if alone else 0

    def begin(self, requests: list[EffectRequest], give: Give) -> bool:
        """Send the calls in this turn of the loop, and have ``give`` called in that in which answers come. False, and
        nothing is done, if something else has to be done before either: see `__call__`."""
        if self._direct is None or self._left > 0 or any(map(_is_special, requests)):
            return False
        coming = _Direct(give, self._over)
        try:
            for request in requests:
                coming.add(self._send(request), request)
        except BaseException:
            coming.cancel()
            raise
        self._open.update(coming.requests)
        return True

    def _over(self, future: "asyncio.Future[Reply]", request: EffectRequest, reply: Reply) -> None:
        assert self._direct is not None
        self._open.discard(future)
        if reply.batch is not None:
            self._batches[request.key] = reply.batch
        self._count(request, reply)
        self._direct.took(request.key, reply.tokens, reply.batch)
        self._direct.record(request, EffectAnswer(request.key, reply.ok, reply.value, reply.fuel))

    async def __call__(self, requests: list[EffectRequest]) -> AsyncIterator[list[EffectAnswer]]:
        """Send the calls, and give their answers as the batches come back."""
        told = [request for request in requests if request.model == TELL]
        if told:
            requests = [request for request in requests if request.model != TELL]
            for request in told:
                self._tell(request)
            yield [EffectAnswer(request.key, True, None) for request in told]
        try:
            known = [self._journal.recall(request) for request in requests]
        except Exception as error:
            await self._stop(error)
        for request, answer in zip(requests, known, strict=True):
            self._left -= answer is not None
            if answer is not None and request.model[:1] != MARK:
                self.meter.count(request, Tokens(*self._journal.tokens(request.key)), free=self._caller.spends_anew)
                if self._family is not None:
                    self._family.count(request.model)
        self._busy += 1
        coming = _Coming()
        for asked, answer in zip(requests, known, strict=True):
            if answer is None:
                self._ask(asked, coming)
        keys = coming.requests
        self._open.update(keys)
        self._busy += len(keys) - (sum(future in self._waits for future in keys) if self._waits else 0) - 1
        recalled = [answer for answer in known if answer is not None]
        if recalled:
            yield recalled
        while keys:
            answered, ending = [], []
            for future in await coming.done():
                reply, request = future.result(), keys.pop(future)
                self._open.discard(future)
                if future in self._waits:
                    self._busy += 1
                    self._waits.discard(future)
                if reply.batch is not None:
                    self._batches[request.key] = reply.batch
                answer = EffectAnswer(request.key, reply.ok, reply.value, reply.fuel)
                if isinstance(reply, _Ending):
                    ending.append(answer)
                    continue
                self._journal.took(request.key, reply.tokens, reply.batch)
                answered.append((request, answer))
            try:
                await self._journal.keep(answered)
            except Exception as error:
                await self._stop(error)
            self._busy -= len(answered) + len(ending)
            yield [answer for _, answer in answered] + ending

    def only_waits(self) -> bool:
        """Whether the run waits for no model, and for nothing that has come."""
        return bool(self._waits) and not self._busy and not any(future.done() for future in self._waits)

    def _tell(self, request: EffectRequest) -> None:
        if self._on_told is not None and request.args and isinstance(request.args[0], str):
            self._on_told(request.args[0])

    def _ask(self, request: EffectRequest, coming: "_Coming") -> None:
        if request.model[:1] == MARK:
            waiting = asyncio.ensure_future(self._wait(request))
            self._waits.add(waiting)
            coming.add(waiting, request)
            return
        sent = self._caller.addressed(request)
        if self._metered:
            coming.add(asyncio.ensure_future(self._ask_metered(sent)), request)
        else:
            coming.add(self._send(sent), request, self._count if sent is request else partial(self._count_sent, sent))

    def _send(self, request: EffectRequest) -> "asyncio.Future[Reply]":
        if request.model.startswith(TOOL):
            return asyncio.ensure_future(self._use(request))
        call = (request.args, request.kwargs)
        if self._speculation is None and not self._batcher.certain(request.model):
            return self._ask_model(request.model, call)
        ask = partial(self._ask_model, request.model, call)
        if self._speculation is not None:
            ask = partial(self._claim_or_ask, request.model, call)
        return self._once.send(request.model, call, ask, digest_of(request))

    def _claim_or_ask(self, model: str, call: Call) -> "asyncio.Future[Reply]":
        ask = partial(self._ask_model, model, call)
        return (self._speculation and self._speculation.claim(model, call, ask)) or ask()

    async def guess(self, requests: list[EffectRequest]) -> None:
        """Make some of the calls that may come early, after those that were made. A run that is repeated makes none
        until it is past all that it knows."""
        speculation = self._speculation
        if speculation is None or self._left > 0 or not self.may_speculate:
            return
        if self.meter.budget.bounded:
            await asyncio.sleep(0)  # what the run has asked for itself is admitted first
        for request in requests:
            call = (request.args, request.kwargs)
            if (
                request.model.startswith((TOOL, MARK, TELL))
                or "deadline" in request.kwargs  # which began too early
                or not self._batcher.free(request.model)
                or self._once.knows(request.model, call, digest_of(request))
            ):
                continue
            speculation.guess(request, partial(self._ask_model, request.model, call, patient=False))

    def drop(self, keys: list[str]) -> None:
        """These of the calls that might have come do not."""
        if self._speculation is not None:
            self._speculation.drop(keys)

    def _ask_model(self, model: str, call: Call, patient: bool = True) -> "asyncio.Future[Reply]":
        (args, kwargs), terms = call, self._terms
        if not kwargs.keys().isdisjoint(("priority", "deadline")):
            try:
                terms, rest = lowered(terms, kwargs)
            except RequestError as error:
                refused: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
                refused.set_result(Reply(False, (error.code, error.message), None))
                return refused
            call = (args, rest)
        if not (self._patience and patient):
            return self._batcher.submit(model, call, terms, patient=True)
        return asyncio.ensure_future(self._ask_patiently(model, call, terms))

    async def _use(self, request: EffectRequest) -> Reply:
        """Call a tool, once the journal knows of it."""
        try:
            await self._journal.begin(request)
        except Exception as error:
            await self._stop(error)
        self.acted = True
        return await self._tools.call(request, self._caller.tenant, self._caller.run)

    def _count(self, request: EffectRequest, reply: Reply) -> None:
        self.meter.count(request, Tokens(*reply.tokens))

    def _count_sent(self, sent: EffectRequest, request: EffectRequest, reply: Reply) -> None:
        self._count(sent, reply)

    async def _ask_metered(self, request: EffectRequest) -> Reply:
        """Ask if run, family and tenant have something left; else the reply ends the run."""
        meter, family, model = self.meter, self._family, not request.model.startswith(TOOL)
        self._unmade += model
        if not await meter.admit(request):
            await meter.idle()
            return _Ending(False, exceeded("budget"), None)
        reply: Reply | None = None
        kind, made = "budget", False
        try:
            if family is None or await family.admit(request.model):
                kind = "allowance"
                if await self._spending.admit(self._caller.tenant, request.model):
                    made = True
                    self._unmade -= model
                    reply = await self._send(request)
                    taken = Tokens(*reply.tokens)
                    meter.take(request, taken)
                    with contextlib.suppress(PlatformError):  # what was done is not told as a failure
                        await self._spending.settle(self._caller.tenant, request.model, taken)
                    if family is not None:
                        await family.tell()
        except PlatformError as error:  # it cannot be counted, so it is not asked
            reply = Reply(False, (error.code, error.message), None)
        finally:
            if not made:
                meter.refuse(request)
            meter.settle(request)
        if reply is None:
            await meter.idle()
            return _Ending(False, exceeded(kind), None)
        return reply

    async def _ask_patiently(self, model: str, call: Call, terms: Terms) -> Reply:
        for pause in (*self._patience, None):
            reply = await self._batcher.submit(model, call, terms, patient=True)
            if reply.ok or pause is None or not (isinstance(reply.value, tuple) and reply.value[0] in TRANSIENT):
                break
            await asyncio.sleep(pause)
        return reply

    async def _stop(self, error: Exception) -> NoReturn:
        """Tell the executor why the run must end, and give no answer until it has ended."""
        if not self.failed.done():
            self.failed.set_exception(error)
        await asyncio.get_running_loop().create_future()
        raise AssertionError("not reached")

    def close(self) -> None:
        """Drop calls that nobody waits for any more."""
        if self._speculation is not None:
            self._speculation.close()
        for future in self._open:
            future.cancel()
        if self.failed.done():
            self.failed.exception()  # it has been seen
        else:
            self.failed.cancel()

    def annotate(self, outcome: dict[str, Any]) -> None:
        """Say in the usage how many batches served the run and what it spent, and in the timeline which call went in
        which batch."""
        outcome["usage"] |= self.meter.usage()
        if self._unmade:
            outcome["usage"]["model_calls"] = max(0, outcome["usage"]["model_calls"] - self._unmade)
        if self._speculation is not None:
            outcome["usage"] |= self._speculation.usage()
        if not self._batches:
            return
        outcome["usage"]["model_batches"] = len({batch.id for batch in self._batches.values()})
        for event in outcome["events"]:
            batch = self._batches.get(event["key"])
            if batch is not None:
                event["batch"], event["batch_size"] = batch


def _reply(future: "asyncio.Future[Reply]") -> Reply:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, NoodleError):
        return Reply(False, (error.code, error.message), None)
    return Reply(False, ("NOODLE-E0604", f"the model call failed: {error}"), None)


def _is_special(request: EffectRequest) -> bool:
    """Whether a request is no call of a model."""
    return request.model[:1] in (MARK, TELL) or request.model.startswith(TOOL)
