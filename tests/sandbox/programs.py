"""Requests to run real programs, compiled from source, and hosts that answer their effects."""

from functools import cache

from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc import digest, encode
from noodle_ray.core.sandbox.outcome import Outcome
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest
from noodle_ray.core.vm.limits import Limits


@cache
def compiled(source: str) -> bytes:
    return encode(compile_source(source))


def request(source: str, *args: object, entry: str | None = None, tier: str = "auto", **limits: float) -> RunRequest:
    """A run of this program; keywords are limits."""
    module = compiled(source)
    chosen = Limits(**{"deadline": 20.0, **limits})  # type: ignore[arg-type]
    return RunRequest(module, digest(module), entry, list(args), {}, chosen, tier)


def code(outcome: Outcome) -> str:
    """The code of an outcome's error, without its prefix; '' if it has none."""
    error = outcome["error"]
    return error["code"].removeprefix("NOODLE-") if isinstance(error, dict) else ""


class Echo:
    """An EffectHost whose models return their first argument."""

    def __init__(self) -> None:
        self.batches: list[list[EffectRequest]] = []
        self._open: list[EffectRequest] = []

    def send(self, requests: list[EffectRequest]) -> None:
        self.batches.append(requests)
        self._open += requests

    def receive(self, timeout: float | None = None) -> list[EffectAnswer]:
        answers = [EffectAnswer(asked.key, True, asked.args[0]) for asked in self._open]
        self._open = []
        return answers


FOREVER = "while True:\n    pass"
SWALLOWING = """\
while True:
    try:
        while True:
            pass
    finally:
        continue
"""
BUSY = """\
import time
print("busy")
end = time.monotonic() + 0.3
while time.monotonic() < end:
    pass
"""
ASKING = """\
from noodle_ray import model
echo = model("echo")
def main(text: str) -> list:
    return [echo(text), echo(text + "!")]
"""
