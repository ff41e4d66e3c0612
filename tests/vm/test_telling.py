"""Results that are told piece by piece, on each tier."""

import textwrap

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.execute import Outcome, execute
from noodle_ray.core.vm.host import TELL, EffectAnswer, EffectRequest
from noodle_ray.core.vm.limits import Limits

TIERS = ["interpreter", "python"]
HEADER = "from noodle_ray import model\nm = model('m')\n"


class Listener:
    """Answers ``m`` with its argument and an exclamation mark, and writes down what is told, and between what."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self._open: list[EffectRequest] = []

    def send(self, requests: list[EffectRequest]) -> None:
        self._open += requests
        self.log += [str(request.args[0]) if request.model == TELL else f"({request.args[0]})" for request in requests]

    def receive(self, timeout: float | None = None) -> list[EffectAnswer]:
        asked, self._open = self._open, []
        return [EffectAnswer(one.key, True, None if one.model == TELL else f"{one.args[0]}!") for one in asked]


def tell(source: str, tier: str, limits: Limits = Limits()) -> tuple[Outcome, list[str]]:  # noqa: B008
    host = Listener()
    module = compile_source(HEADER + textwrap.dedent(source))
    return execute(module, entry="*main", tier=tier, host=host, limits=limits), host.log


@pytest.mark.parametrize("tier", TIERS)
def test_pieces_are_told_as_they_come_and_calls_are_made_in_between(tier: str) -> None:
    outcome, log = tell(
        """
        def main():
            for word in ("a", "b"):
                print(word)
                yield m(word)
            yield "end"
        """,
        tier,
    )
    assert log == ["(a)", "a!", "(b)", "b!", "end"]
    assert (outcome.result, outcome.error, outcome.stdout) == (None, None, "a\nb\n")
    assert (outcome.usage["model_calls"], outcome.usage["model_batches"], len(outcome.events)) == (2, 2, 2)


@pytest.mark.parametrize("tier", TIERS)
def test_text_is_the_result_also_when_it_was_pending(tier: str) -> None:
    outcome, log = tell("def main():\n    return m('a')", tier)
    assert (outcome.result, log) == ("a!", ["(a)"])


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(
    ("source", "code", "told"),
    [
        ("def main():\n    yield 'a'\n    yield b'b'", "NOODLE-E0517", ["a"]),
        ("def main():\n    return ['a']", "NOODLE-E0517", []),
        ("async def main():\n    yield 'a'", "NOODLE-E0517", []),
        ("def main():\n    yield 'a'\n    1 / 0", "NOODLE-E0501", ["a"]),
        ("def main():\n    while True:\n        yield 'a' * 60", "NOODLE-E0405", ["a" * 60]),
        ("def other():\n    yield 'a'", "NOODLE-E0504", []),
        (
            "class T(str):\n    def __len__(self):\n        return 0\ndef main():\n    yield T('a' * 101)",
            "NOODLE-E0405",
            [],
        ),
    ],
)
def test_what_goes_wrong_ends_the_run(tier: str, source: str, code: str, told: list[str]) -> None:
    outcome, log = tell(source, tier, Limits(output=100))
    assert outcome.error is not None
    assert (outcome.error["code"], log) == (code, told)


def test_fuel_is_the_same_on_each_tier() -> None:
    source = "def main():\n    for number in range(20):\n        yield str(number)"
    assert len({tell(source, tier)[0].usage["fuel"] for tier in TIERS}) == 1


@pytest.mark.parametrize("tier", TIERS)
def test_what_is_empty_is_not_told(tier: str) -> None:
    outcome, log = tell("def main():\n    for text in ('', 'a', '', 'b', ''):\n        yield text", tier)
    assert (outcome.error, log) == (None, ["a", "b"])
