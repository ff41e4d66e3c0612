"""What a run asks of the world, and the interface of whoever answers."""

from noodle_ray.light import Final, NamedTuple, Protocol


class EffectRequest(NamedTuple):
    """One call of a model. ``key`` is structural (fiber path and position), the same in every run of a module. ``fuel``
    is what a run may use that is asked for."""

    key: str
    model: str
    args: tuple[object, ...]
    kwargs: dict[str, object]
    fuel: int = 0


TELL: Final = "*"
"""The model of a request that asks nothing: it tells the run's caller a text. No model has this name."""

TOLD: Final = "*"
"""An entry that begins with this names a function of which the result is told: a text, or an iterator of texts. No
function has such a name."""


class EffectAnswer(NamedTuple):
    """The answer to the request with this key: the value, or if not ``ok`` a pair (code, message). ``fuel`` is what a
    run used that was asked for, with those that it started."""

    key: str
    ok: bool
    value: object
    fuel: int = 0


GUESSES: Final = 16
"""Calls that a run may tell of for each that may be made early: many are equal, or turn out wrong."""


class SpeculativeHost(Protocol):
    """Is told which calls a run may make soon, and may ask them early. Whoever answers such a run is one too."""

    def guess(self, requests: list[EffectRequest]) -> None:
        """Calls that may come; their keys are no effects'."""

    def drop(self, keys: list[str]) -> None:
        """Of these it is known that they do not come."""


class EffectHost(Protocol):
    """Answers a run's requests, in any order."""

    def send(self, requests: list[EffectRequest]) -> None:
        """Take requests; must not block on their answers."""

    def receive(self, timeout: float | None = None) -> list[EffectAnswer]:
        """Block until at least one answer is there, and return those that are; none after ``timeout`` seconds."""
