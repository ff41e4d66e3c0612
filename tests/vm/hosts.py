"""Effect hosts whose answers a test scripts."""

from collections.abc import Callable

from noodle_ray.core.vm.host import EffectAnswer, EffectRequest

Answer = Callable[[EffectRequest], object]


class ScriptedHost:
    """Answers with what a function makes of each request, one at a time, in the order that ``pick`` chooses.

    The function may raise a pair-carrying Refusal. ``sent`` records each batch as it was sent.
    """

    def __init__(self, answer: Answer, pick: Callable[[list[EffectRequest]], int] = lambda waiting: 0) -> None:
        self.answer = answer
        self.pick = pick
        self.waiting: list[EffectRequest] = []
        self.sent: list[list[EffectRequest]] = []

    def send(self, requests: list[EffectRequest]) -> None:
        self.sent.append(list(requests))
        self.waiting.extend(requests)

    def receive(self, timeout: float | None = None) -> list[EffectAnswer]:
        request = self.waiting.pop(self.pick(self.waiting))
        try:
            return [EffectAnswer(request.key, True, self.answer(request))]
        except Refusal as refusal:
            return [EffectAnswer(request.key, False, refusal.args)]

    @property
    def keys(self) -> list[list[str]]:
        """The keys of each batch."""
        return [[request.key for request in batch] for batch in self.sent]


class Refusal(Exception):
    """(code, message) of an answer that is an error."""


def echo(request: EffectRequest) -> object:
    """The first argument with an exclamation mark; an argument that begins with 'bad' is refused."""
    text = str(request.args[0])
    if text.startswith("bad"):
        raise Refusal("NOODLE-E0603", f"refused {text}")
    return text + "!"


def newest(waiting: list[EffectRequest]) -> int:
    """Pick the request asked last."""
    return len(waiting) - 1
