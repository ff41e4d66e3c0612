"""The statistics module: CPython's own over data that is paid for. Samples come from the run's random numbers."""

import heapq  # noqa: F401 - mode imports it when it is called, which a locked process cannot
import statistics
from collections.abc import Callable
from functools import wraps
from typing import Any

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.entropy import GENERATOR, Random
from noodle_ray.core.vm.modules.vetting import charge_size, charge_value, finite, methods, readers, refuse_beyond_memory

NormalDist = statistics.NormalDist


def _over_data(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function, ("__name__", "__qualname__"), ())
    def paying(*args: Any, **kwargs: Any) -> Any:
        args = tuple([_data(value) for value in args])
        return function(*args, **{name: _data(value) for name, value in kwargs.items()})

    del paying.__wrapped__
    return paying


def _data(value: Any) -> Any:
    """What may be data: a list of an iterable that is no container yet, so that its end is paid for."""
    if isinstance(value, list | tuple):
        charge_value(value, 32)
    elif hasattr(type(value), "__next__"):
        value = list(finite(value))
        charge_size(len(value), 32)
    return value


def _samples(self: statistics.NormalDist, n: int, *, seed: Any = None) -> list[float]:
    if isinstance(n, int):
        refuse_beyond_memory(n << 3)
        charge_size(n, 32)
    gauss = GENERATOR.gauss if seed is None else Random(seed).gauss
    mu, sigma = self.mean, self.stdev
    return [gauss(mu, sigma) for _ in range(n)]


register(
    NormalDist,
    methods={**methods(NormalDist, "cdf inv_cdf overlap pdf quantiles zscore"), "samples": _samples},
    attributes=readers("mean", "median", "mode", "stdev", "variance"),
    statics={"from_samples": _over_data(NormalDist.from_samples)},
)
register(statistics.LinearRegression, attributes=readers("intercept", "slope"))
register(statistics.StatisticsError)

MEMBERS: dict[str, Any] = {
    name: _over_data(getattr(statistics, name))
    for name in (
        *("correlation", "covariance", "fmean", "geometric_mean", "harmonic_mean", "linear_regression", "mean"),
        *("median", "median_grouped", "median_high", "median_low", "mode", "multimode", "pstdev", "pvariance"),
        *("quantiles", "stdev", "variance"),
    )
}
MEMBERS |= {"NormalDist": NormalDist, "StatisticsError": statistics.StatisticsError}
