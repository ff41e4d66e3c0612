"""The file that says what models and tools cost, what runs and tenants may spend, and how much tenants may have."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from noodle_ray.core.runs.budgets import Allowance, Budget, Price
from noodle_ray.core.runs.quotas import Quota
from noodle_ray.core.runs.tools.spec import BAD_TOOLS, document_of
from noodle_ray.errors import UsageError

_Count = Annotated[int | None, Field(ge=0, lt=1 << 53)]
_Money = Annotated[float | None, Field(ge=0, le=1e9, allow_inf_nan=False)]
_Price = Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=9)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PriceSpec(_Strict):
    """What a call costs, and a million tokens, in units of money."""

    call: _Price = Decimal(0)
    prompt: _Price = Decimal(0)
    completion: _Price = Decimal(0)


class BudgetSpec(_Strict):
    """The most of each; what is left out has no bound."""

    model_calls: _Count = None
    tool_calls: _Count = None
    tokens: _Count = None
    cost: _Money = None


class RunSpec(BudgetSpec):
    """What a run has without a budget of its own, and the most that one may ask for. A run that asks for none makes no
    call early, whatever is said here."""

    speculate: _Count = None


class AllowanceSpec(BudgetSpec):
    """What a tenant may spend in each window of time, in UTC; and how much it may have."""

    window: Literal["day", "month", "ever"] = "day"
    fuel: _Count = None
    versions: _Count = None
    schedules: _Count = None
    watches: _Count = None
    memory: Annotated[int | None, Field(gt=0, lt=1 << 53)] = None
    deadline: Annotated[float | None, Field(gt=0, le=86_400, allow_inf_nan=False)] = None

    def quota(self) -> Quota:
        """How much the tenant may have; what is left out is as it is by default."""
        said = {name: getattr(self, name) for name in Quota._fields}
        return Quota(**{name: most for name, most in said.items() if most is not None})

    def allowance(self) -> Allowance | None:
        """What the tenant may spend; None if nothing is said of it."""
        if self.model_fields_set and self.model_fields_set <= set(Quota._fields):
            return None
        budget = Budget(**self.model_dump(include=set(BudgetSpec.model_fields)))
        return Allowance(budget, self.window, self.fuel)


class BudgetsFile(_Strict):
    """The file."""

    prices: dict[str, PriceSpec] = {}
    run: RunSpec = RunSpec()
    tenants: dict[str, AllowanceSpec] = {}
    """By tenant; '*' is for all others."""


class Budgets(NamedTuple):
    """What the file says."""

    prices: dict[str, Price] = {}  # noqa: RUF012  # never mutated
    run: Budget = Budget()
    tenants: dict[str, Allowance] = {}  # noqa: RUF012
    quotas: dict[str, Quota] = {}  # noqa: RUF012


def load_budgets(file: str) -> Budgets:
    """Read a YAML or JSON file; '' means that nothing is bounded. Raises UsageError E0934."""
    if not file:
        return Budgets()
    try:
        found = BudgetsFile.model_validate(document_of(Path(file)))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{file}: {where}: {first['msg']}", code=BAD_TOOLS) from None
    return Budgets(
        {name: Price(**price.model_dump()) for name, price in found.prices.items()},
        Budget(**found.run.model_dump()),
        {tenant: said for tenant, spec in found.tenants.items() if (said := spec.allowance())},
        {tenant: spec.quota() for tenant, spec in found.tenants.items()},
    )
