"""The random module: CPython's Mersenne twister, seeded from the run's seed."""

from collections.abc import Callable
from typing import Any

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.entropy import GENERATOR, Random
from noodle_ray.core.vm.modules.vetting import charge_size, charge_value, methods, refuse_beyond_memory
from noodle_ray.core.vm.state import S


def _bits(self: Random, k: Any, /) -> int:
    if isinstance(k, int) and k > 4096:
        refuse_beyond_memory(k >> 3)
        S.charge(k >> 6)
    return self.getrandbits(k)


def _bytes(self: Random, n: Any) -> bytes:
    if isinstance(n, int):
        refuse_beyond_memory(n)
        charge_size(n)
    return self.randbytes(n)


def _choices(self: Random, population: Any, weights: Any = None, *, cum_weights: Any = None, k: Any = 1) -> Any:
    if isinstance(k, int):
        refuse_beyond_memory(k << 3)
        charge_size(k, 32)
    charge_value(weights)
    return self.choices(population, weights, cum_weights=cum_weights, k=k)


def _sample(self: Random, population: Any, k: Any, *, counts: Any = None) -> Any:
    if isinstance(k, int):
        charge_size(k, 32)
    if isinstance(population, list | tuple):
        charge_value(population)
    return self.sample(population, k, counts=counts)


def _shuffle(self: Random, x: Any) -> None:
    charge_value(x, 32)
    self.shuffle(x)


_METHODS: dict[str, Callable[..., Any]] = {
    **methods(
        Random,
        "betavariate choice expovariate gammavariate gauss getstate lognormvariate normalvariate paretovariate "
        "randint random randrange seed setstate triangular uniform vonmisesvariate weibullvariate",
    ),
    "choices": _choices,
    "getrandbits": _bits,
    "randbytes": _bytes,
    "sample": _sample,
    "shuffle": _shuffle,
}
if hasattr(Random, "binomialvariate"):
    _METHODS["binomialvariate"] = Random.binomialvariate

register(Random, methods=_METHODS)


def _drawing(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """The method, of the run's own generator."""
    if getattr(Random, name) is method:
        bound: Callable[..., Any] = getattr(GENERATOR, name)
        return bound

    def draw(*args: Any, **kwargs: Any) -> Any:
        return method(GENERATOR, *args, **kwargs)

    return draw


MEMBERS: dict[str, Any] = {name: _drawing(name, method) for name, method in _METHODS.items()}
MEMBERS["Random"] = Random
