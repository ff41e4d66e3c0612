"""What runs and tenants may spend: calls of models and tools, tokens, and money at declared prices.

A run's budget is watched where its calls leave for models and tools, which all of its branches pass. A call begins only
if what is left has room for it. How many tokens it takes is known when it is answered, so calls that run at the same
time are counted with the most that they can take; when that does not fit, they wait for those before them. So a run can
exceed tokens and cost by what its last call took, and calls by nothing. A tenant's runs, which share what the tenant
may spend and may be on many nodes, can exceed tokens and cost by what was under way.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from noodle_ray.core.store.errors import StoreUnavailable
from noodle_ray.core.store.records import Bounds, Burnt, Loan, Spent
from noodle_ray.core.vm.host import EffectRequest
from noodle_ray.core.vm.limits import CODES, MESSAGES
from noodle_ray.core.vm.names import TOOL
from noodle_ray.errors import PlatformError

if TYPE_CHECKING:
    from noodle_ray.core.runs.caller import Caller
    from noodle_ray.core.store.store import Store

T = TypeVar("T")
NANOS: Final = 1_000_000_000
"""Billionths in a unit of money."""
LOAN_SECONDS: Final = 300.0
"""How long a loan of fuel lasts that nobody renews."""
_PATIENCE: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 1.0)
"""Seconds before each further try to count."""
_PER: Final = 1_000_000
"""Tokens that a price is for."""
_WORDS: Final = 64
"""Tokens that a chat template adds, at most as a rule."""
_MARKS: Final = 4
"""Tokens that an encoder puts around a text, at most."""
_HUGE: Final = 1 << 53
"""More tokens than an answer has: a program that asks for so many asks for nothing in particular."""
_ANSWER: Final = 256
"""Tokens of an answer that says no more."""


class Tokens(NamedTuple):
    """What a call took."""

    prompt: int = 0
    completion: int = 0


class Budget(NamedTuple):
    """The most that a run may spend; None is without bound. ``cost`` is in units of money."""

    model_calls: int | None = None
    tool_calls: int | None = None
    tokens: int | None = None
    cost: float | None = None
    speculate: int | None = None
    """Calls of models that may be made early, when it is not known yet whether they are wanted. None means none."""

    def within(self, most: "Budget") -> "Budget":
        """This budget, with the bounds of another where it has none."""
        own = {name: own for name, own in self._asdict().items() if own is not None}
        return most._replace(**{"speculate": None, **own})

    def bounded_by(self, most: "Budget") -> "Budget":
        """This budget, and nowhere more than another."""
        lower = {
            name: bound
            for name, bound in most._asdict().items()
            if bound is not None and ((own := getattr(self, name)) is None or own > bound)
        }
        if self.speculate is None:
            lower.pop("speculate", None)
        return self._replace(**lower)

    @property
    def bounded(self) -> bool:
        """Whether anything is bounded that a run asks for itself."""
        return any(bound is not None for bound in self[:4])


class Price(NamedTuple):
    """What a model or tool costs: a call, and a million tokens."""

    call: Decimal = Decimal(0)
    prompt: Decimal = Decimal(0)
    completion: Decimal = Decimal(0)

    def nanos(self, tokens: Tokens) -> int:
        """Billionths of a unit for a call that took these tokens."""
        cost = self.call + (self.prompt * tokens.prompt + self.completion * tokens.completion) / _PER
        return int((cost * NANOS).to_integral_value(ROUND_HALF_EVEN))


Prices = Mapping[str, Price]
"""By model, and by ``tool:NAME``."""


def price_of(prices: Prices, model: str) -> Price:
    """The price of a model in any version, or of a tool."""
    return prices.get(model) or prices.get(model.partition("@")[0]) or Price()


class Meter:
    """What one run has spent, and whether the next call fits. Belongs to one event loop."""

    def __init__(self, budget: Budget, prices: Prices) -> None:
        self.budget = budget
        self._prices = prices
        self.model_calls = self.tool_calls = self.nanos = 0
        self.elsewhere = 0, 0
        """Tokens and billionths that other runs of its family have spent, as far as is known."""
        self.tokens = Tokens()
        self._free = Spent()
        """What of all this the budget need not pay."""
        self._held: dict[str, tuple[int, int]] = {}
        self._guessed: dict[str, tuple[int, int]] = {}
        """Tokens and billionths of early calls that the run has not asked for: what they took, or may take."""
        self._settled = asyncio.Event()

    async def admit(self, request: EffectRequest) -> bool:
        """Count a call that is to begin, when there is room for it; False if nothing is left. `settle` it then."""
        budget, tool = self.budget, request.model.startswith(TOOL)
        bound = budget.tool_calls if tool else budget.model_calls
        free = self._free
        made = self.tool_calls - free.tool_calls if tool else self.model_calls - free.model_calls
        if bound is not None and made >= bound:
            return False
        self._count(tool)
        most = _most(request)
        cost = price_of(self._prices, request.model).nanos(most)
        while not self._spent(0, 0):
            if not self._held or not self._over(sum(most), cost):
                self._held[request.key] = (sum(most), cost)
                return True
            self._settled.clear()
            await self._settled.wait()
        self.refuse(request)
        return False

    def refuse(self, request: EffectRequest) -> None:
        """A call that was counted is not made."""
        tool = request.model.startswith(TOOL)
        self.tool_calls -= tool
        self.model_calls -= not tool

    def take(self, request: EffectRequest, tokens: Tokens) -> None:
        """Take what an admitted call took."""
        self._held[request.key] = 0, 0
        self._add(request, tokens)
        self._settled.set()

    def settle(self, request: EffectRequest) -> None:
        """An admitted call is over, made or not."""
        self._held.pop(request.key, None)
        self._settled.set()

    async def idle(self) -> None:
        """Wait until nothing is under way, so that what was asked before a run ends is counted, and journaled."""
        while self._held:
            self._settled.clear()
            await self._settled.wait()

    def may_guess(self, request: EffectRequest) -> bool:
        """Whether there is room for one more early call, beside all that was spent, early calls too."""
        bound = self.budget.model_calls
        if bound is not None and self.model_calls + len(self._guessed) >= bound:
            return False
        most = _most(request)
        cost = price_of(self._prices, request.model).nanos(most)
        tokens, nanos = [sum(amounts) for amounts in zip((0, 0), *self._guessed.values(), strict=True)]
        return not self._over(tokens + sum(most), nanos + cost)

    def guess(self, request: EffectRequest) -> None:
        """An early call begins. It takes nothing from what the run may ask for itself."""
        most = _most(request)
        self._guessed[request.key] = sum(most), price_of(self._prices, request.model).nanos(most)

    def guessed(self, request: EffectRequest, tokens: Tokens) -> None:
        """Take what an early call took."""
        if request.key in self._guessed:
            self._guessed[request.key] = sum(tokens), self.nanos_of(request, tokens)

    def take_guess(self, request: EffectRequest) -> None:
        """The run has asked for an early call: from now on it counts as any other."""
        self._guessed.pop(request.key, None)

    def nanos_of(self, request: EffectRequest, tokens: Tokens) -> int:
        """What a call costs that took these tokens, in billionths."""
        return price_of(self._prices, request.model).nanos(tokens)

    def count(self, request: EffectRequest, tokens: Tokens, free: bool = False) -> None:
        """Count a call that needed no admission: one of an unbounded run, or that a journal answered. If it is
        ``free``, only the usage has it, and the budget is as before."""
        tool = request.model.startswith(TOOL)
        self._count(tool)
        self._add(request, tokens)
        if free:
            paid = (not tool, tool, sum(tokens), self.nanos_of(request, tokens))
            self._free = Spent(*map(sum, zip(self._free, paid, strict=True)))

    def usage(self) -> dict[str, Any]:
        """What was spent, for the run's usage."""
        found: dict[str, Any] = {}
        if self.tool_calls:
            found["tool_calls"] = self.tool_calls
        if any(self.tokens):
            found |= {"prompt_tokens": self.tokens.prompt, "completion_tokens": self.tokens.completion}
        if self.nanos:
            found["cost"] = self.nanos / NANOS
        return found

    def _count(self, tool: bool) -> None:
        self.tool_calls += tool
        self.model_calls += not tool

    def _add(self, request: EffectRequest, tokens: Tokens) -> None:
        if not self._prices and not any(tokens):
            return
        self.tokens = Tokens(self.tokens.prompt + tokens.prompt, self.tokens.completion + tokens.completion)
        self.nanos += price_of(self._prices, request.model).nanos(tokens)

    def _spent(self, tokens: int, nanos: int) -> bool:
        """Whether nothing is left of tokens or money, if so much more is taken off."""
        budget, (others, money) = self.budget, self._elsewhere_paid()
        return (budget.tokens is not None and others + sum(self.tokens) + tokens >= budget.tokens) or (
            budget.cost is not None and money + self.nanos + nanos >= budget.cost * NANOS
        )

    def _elsewhere_paid(self) -> tuple[int, int]:
        """Tokens and billionths that the budget has to pay, beyond those that are counted here."""
        return self.elsewhere[0] - self._free.tokens, self.elsewhere[1] - self._free.nanos

    def _over(self, tokens: int, nanos: int) -> bool:
        """Whether what is under way, and this much more, may take more than there is."""
        budget, (others, money) = self.budget, self._elsewhere_paid()
        held = [sum(amounts) for amounts in zip((0, 0), *self._held.values(), strict=True)]
        return (budget.tokens is not None and others + sum(self.tokens) + held[0] + tokens > budget.tokens) or (
            budget.cost is not None and money + self.nanos + held[1] + nanos > budget.cost * NANOS
        )


async def persistently(operation: Callable[[], Awaitable[T]]) -> T:
    """Do it, again for some seconds while the store cannot be reached. Raises StoreUnavailable then."""
    for pause in _PATIENCE:
        try:
            return await operation()
        except StoreUnavailable:
            await asyncio.sleep(pause)
    return await operation()


def bounds_of(budget: Budget) -> Bounds:
    """A budget as the store has it."""
    nanos = None if budget.cost is None else int(budget.cost * NANOS)
    return Bounds(budget.model_calls, budget.tool_calls, budget.tokens, nanos)


class Allowance(NamedTuple):
    """What the runs of a tenant may spend in a window of time, which is a ``day``, a ``month`` or ``ever``, and how
    much ``fuel`` they may use in it; None is without bound."""

    budget: Budget
    window: str = "day"
    fuel: int | None = None


class Spending:
    """What tenants spend, in the store that all nodes share. ``allowances`` by tenant; '*' is for all others."""

    def __init__(
        self,
        allowances: Mapping[str, Allowance],
        prices: Prices,
        store: "Callable[[], Awaitable[Store]]",
        clock: Callable[[], float],
    ) -> None:
        self._allowances = allowances
        self._prices = prices
        self._store = store
        self._clock = clock

    def of(self, tenant: str) -> Allowance | None:
        """What a tenant may spend; None: anything, and it is not counted."""
        return self._allowances.get(tenant) or self._allowances.get("*")

    async def admit(self, tenant: str, model: str, calls: int = 1) -> bool:
        """Count calls of a model or tool that are to begin; False if the tenant may not. Raises StoreUnavailable after
        a while: nothing is asked that cannot be counted."""
        allowance = self.of(tenant)
        if allowance is None:
            return True
        tool = model.startswith(TOOL)
        bounds = bounds_of(allowance.budget)
        amounts = Spent(model_calls=0 if tool else calls, tool_calls=calls if tool else 0)
        return await self._persistently(tenant, self.since(allowance), amounts, bounds) is not None

    async def settle(self, tenant: str, model: str, tokens: Tokens) -> None:
        """Take what a call of a model or tool took. Raises StoreUnavailable after a while."""
        allowance = self.of(tenant)
        nanos = price_of(self._prices, model).nanos(tokens)
        if allowance is None or not (nanos or any(tokens)):
            return
        await self._persistently(tenant, self.since(allowance), Spent(tokens=sum(tokens), nanos=nanos), None)

    def loan(self, caller: "Caller") -> Loan | None:
        """What an attempt of this run is to borrow before it begins; None: its fuel is not counted."""
        allowance = self.of(caller.tenant)
        if allowance is None or allowance.fuel is None:
            return None
        return Loan(caller.tenant, self.since(allowance), caller.run, caller.epoch, caller.started_by)

    async def lend(self, loan: Loan, wanted: int, whole: bool = False) -> int | None:
        """So much fuel, or what is left, perhaps none. Then `settle_fuel`. If it is to be the ``whole``, None while
        others may give back what is missing. Raises StoreUnavailable, and LeaseLost."""
        allowance = self.of(loan.tenant)
        most = wanted if allowance is None or allowance.fuel is None else allowance.fuel
        now = self._clock()
        return await (await self._store()).lend_fuel(loan, wanted, most, now, now + LOAN_SECONDS, whole)

    async def renew_fuel(self, loan: Loan) -> None:
        """Put off the end of a loan. Raises StoreUnavailable."""
        await (await self._store()).renew_fuel(loan, self._clock() + LOAN_SECONDS)

    async def settle_fuel(self, burnt: Burnt) -> None:
        """Take what a run has used that is not stored. Raises StoreUnavailable after a while."""

        async def settle() -> None:
            await (await self._store()).settle_fuel(burnt, over=True)

        await persistently(settle)

    async def _persistently(self, tenant: str, since: str, amounts: Spent, bounds: Bounds | None) -> Spent | None:
        async def spend() -> Spent | None:
            return await (await self._store()).spend(tenant, since, amounts, bounds)

        return await persistently(spend)

    async def report(self, tenant: str) -> dict[str, Any]:
        """What a tenant may spend, and has spent in this window."""
        allowance = self.of(tenant)
        if allowance is None:
            return {"window": None, "since": None, "budget": {}, "spent": {}}
        since = self.since(allowance)
        store = await self._store()
        found: dict[str, Any] = (await store.spent(tenant, since))._asdict()
        found["cost"] = found.pop("nanos") / NANOS
        bounds = {name: bound for name, bound in allowance.budget._asdict().items() if bound is not None}
        if allowance.fuel is not None:
            bounds["fuel"] = allowance.fuel
            found["fuel"], found["fuel_lent"] = await store.fuel(tenant, since, self._clock())
        return {"window": allowance.window, "since": since, "budget": bounds, "spent": found}

    def since(self, allowance: Allowance) -> str:
        """What the window that is now begins with: a date in UTC."""
        from time import gmtime, strftime

        forms = {"day": "%Y-%m-%d", "month": "%Y-%m"}
        form = forms.get(allowance.window)
        return strftime(form, gmtime(self._clock())) if form else "ever"


async def _no_store() -> "Store":
    raise PlatformError("this process has no store to count in", code="NOODLE-E0825")


NO_ALLOWANCES: Final = Spending({}, {}, _no_store, lambda: 0.0)
"""Every tenant may spend anything."""


def exceeded(kind: str) -> tuple[str, str]:
    """The failed answer that ends a run: ``budget`` is its own, ``allowance`` its tenant's."""
    return CODES[kind], MESSAGES[kind]


def _most(request: EffectRequest) -> Tokens:
    """The most that a call can take, as far as can be said from here: a token has a byte or more."""
    if request.model.startswith(TOOL):
        return Tokens()
    asked = request.kwargs.get("max_tokens", _ANSWER)
    prompt = _bytes((request.args, request.kwargs)) + _WORDS
    match request.args:
        case (str(query), [_, *others]):  # a reranker reads the query once for every document
            prompt += len(others) * _bytes(query)
    return Tokens(prompt, asked if type(asked) is int and 0 < asked < _HUGE else _ANSWER)


def _bytes(value: object) -> int:
    total, pending = 0, [value]
    while pending:
        found = pending.pop()
        if isinstance(found, str):
            total += len(found.encode("utf-8", "surrogatepass")) + _MARKS
        elif isinstance(found, Mapping):
            pending += [*found.keys(), *found.values()]
        elif isinstance(found, list | tuple):
            pending += found
    return total
