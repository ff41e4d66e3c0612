"""Waits of a program that ``noodle run`` executes: it sleeps, and there is nobody to signal it."""

from time import monotonic, sleep

from noodle_ray.core.vm.host import EffectAnswer, EffectHost, EffectRequest
from noodle_ray.light import Final

NOBODY: Final = "NOODLE-E0513"
"""Error code: only a durable run can be signalled, or start other runs."""


def refused(request: EffectRequest) -> tuple[str, str]:
    """The code and the message for a wait that only a durable run can have."""
    what = request.args[0] if request.args else ""
    how = {
        "@signal": f"nobody can signal '{what}' to this run",
        "@run": f"this run cannot start '{what}'",
    }.get(request.model, "this run cannot wait for that")
    return NOBODY, f"{how}: only durable runs can (noodle runs start)"


class LocalWaits:
    """An effect host that sleeps, and leaves models to another, of which so many calls are under way already; without
    one they are not available."""

    def __init__(self, host: EffectHost | None, asked: int) -> None:
        self._host = host
        self._asked = asked
        self._answers: list[EffectAnswer] = []
        self._due: dict[str, float] = {}

    def send(self, requests: list[EffectRequest]) -> None:
        """Take requests."""
        models = []
        for request in requests:
            if request.model == "@sleep" and request.args and isinstance(request.args[0], int | float):
                self._due[request.key] = monotonic() + request.args[0]
            elif request.model[:1] == "@":
                self._answers.append(EffectAnswer(request.key, False, refused(request)))
            elif self._host is None:
                why = ("NOODLE-E0601", f"the model '{request.model}' is not available here")
                self._answers.append(EffectAnswer(request.key, False, why))
            else:
                models.append(request)
        if models and self._host is not None:
            self._asked += len(models)
            self._host.send(models)

    def receive(self, timeout: float | None = None) -> list[EffectAnswer]:
        """Block until something is there, or for so many seconds."""
        answers, self._answers = self._answers, []
        wait = 0.0 if answers else self._until_first(timeout)
        if self._asked and self._host is not None:
            given = self._host.receive(wait)
            self._asked -= len(given)
            answers += given
        elif wait:
            sleep(wait)
        now = monotonic()
        over = [key for key, due in self._due.items() if due <= now]
        for key in over:
            del self._due[key]
        return answers + [EffectAnswer(key, True, None) for key in over]

    def _until_first(self, timeout: float | None) -> float:
        first = min(self._due.values(), default=None)
        left = 0.05 if timeout is None else timeout
        return left if first is None else max(0.0, min(left, first - monotonic()))
