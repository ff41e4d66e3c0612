"""What a run asks of the world, and the interface of whoever answers."""

from noodle_ray.light import NamedTuple, Protocol


class EffectRequest(NamedTuple):
    """One call of a model. ``key`` is structural (fiber path and position), the same in every run of a module."""

    key: str
    model: str
    args: tuple[object, ...]
    kwargs: dict[str, object]


class EffectAnswer(NamedTuple):
    """The answer to the request with this key: the value, or if not ``ok`` a pair (code, message)."""

    key: str
    ok: bool
    value: object


class EffectHost(Protocol):
    """Answers a run's requests, in any order."""

    def send(self, requests: list[EffectRequest]) -> None:
        """Take requests; must not block on their answers."""

    def receive(self, timeout: float | None = None) -> list[EffectAnswer]:
        """Block until at least one answer is there, and return those that are; none after ``timeout`` seconds."""
