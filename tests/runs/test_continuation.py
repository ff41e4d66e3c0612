"""Continuations: what they carry, what is refused, and that a resumed run is the run it would have been."""

import base64
import hashlib
import json
import zlib
from pathlib import Path

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc import digest, encode
from noodle_ray.core.runs.continuation import _VERSION, MAX_BYTES, Continuation, Journal, JournaledHost, of, read
from noodle_ray.core.sandbox.local import LocalWorker
from noodle_ray.core.sandbox.messages import CODEC
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.vm.clock import MAX_READINGS
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import RunError

SOURCE = """\
from noodle_ray import model
echo = model("echo")

def main(words: list[str]):
    total = 0
    for word in words:
        answer = echo(word)
        print(answer)
        for _ in range(200):
            total += len(answer)
    return total
"""


class Echo:
    """A model that gives back what it is asked, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self._answers: list[EffectAnswer] = []

    def send(self, requests: list[EffectRequest]) -> None:
        for request in requests:
            self.asked.append(request.args[0])
            self._answers.append(EffectAnswer(request.key, True, f"<{request.args[0]}>"))

    def receive(self, timeout: float | None = None) -> list[EffectAnswer]:
        answers, self._answers = self._answers, []
        return answers


def request_of(source: str, fuel: int, *args: object) -> RunRequest:
    nbc = encode(compile_source(source))
    return RunRequest(nbc, digest(nbc), None, list(args), {}, Limits(fuel=fuel))


@pytest.mark.parametrize("fuel", [1, 300, 1100, 1900])
def test_resumed_run_ends_like_one_that_had_the_fuel_and_asks_nothing_twice(fuel: int) -> None:
    words = ["one", "two", "three"]
    with LocalWorker() as worker:
        whole = worker.run(request_of(SOURCE, 100_000, words), Echo())
        first, models = Journal(), Echo()
        request = request_of(SOURCE, fuel, words)
        stopped = worker.run(request, JournaledHost(models, first))
        text = of(request, stopped, first)
        assert text is not None
        before = list(models.asked)
        going_on = read(text).with_fuel(100_000)
        resumed = worker.run(going_on.request, JournaledHost(models, Journal(going_on.answers)))
    assert models.asked == words
    assert before == words[: len(before)]
    assert (resumed["result"], resumed["stdout"]) == (whole["result"], whole["stdout"])
    assert resumed["usage"]["fuel"] == whole["usage"]["fuel"]  # type: ignore[index]


CLOCKS = """\
import time
from datetime import datetime

def main():
    seen = []
    for _ in range(20):
        seen += [time.time(), time.monotonic(), datetime.now().timestamp()]
        for _ in range(200):
            pass
    return seen
"""


def test_resumed_run_reads_the_clock_as_the_stopped_one_did_and_goes_on() -> None:
    with LocalWorker() as worker:
        request = request_of(CLOCKS, 1500)
        stops = []
        for _ in range(3):
            stopped = worker.run(request)
            text = of(request, stopped, Journal())
            assert text is not None
            assert "readings" not in stopped
            request = read(text).with_fuel(900).request
            stops.append(request.readings)
        request = request._replace(limits=Limits())
        outcome = worker.run(request)
    seen = outcome["result"]
    assert isinstance(seen, list)
    for readings in stops:
        (wall,), (steady,) = ([values for place, values in readings.items() if place[0] == kind] for kind in "wm")
        assert len(steady) > 2
        assert [value for number, value in enumerate(seen) if number % 3 == 1][: len(steady)] == steady
        assert seen[0] == wall[0]
    assert [*map(len, stops[0].values())] < [*map(len, stops[2].values())]
    assert seen[1::3] == sorted(seen[1::3])


def test_run_that_read_the_clock_too_often_has_no_continuation() -> None:
    source = f"import time\nfor _ in range({MAX_READINGS + 1}):\n    time.time()\nwhile True:\n    pass"
    with LocalWorker() as worker:
        request = request_of(source, 5_000_000)
        assert of(request, worker.run(request), Journal()) is None


@pytest.mark.parametrize(
    "readings",
    [[], {"x/1": [1.0]}, {"w": 1.0}, {"w": ["a"]}, {"w": [-1.0]}, {1: [1.0]}, {"w": [1.0] * (MAX_READINGS + 1)}],
)
def test_continuation_with_forged_readings_is_refused(readings: object) -> None:
    request = request_of("1", 10)._replace(readings=readings)  # type: ignore[arg-type]
    text = Continuation(request, ()).text()
    assert text is not None
    with pytest.raises(RunError):
        read(text)


def test_only_a_run_that_fuel_ended_has_a_continuation() -> None:
    with LocalWorker() as worker:
        for source in ("1 / 0", "1 + 1", "def f():\n    return f()\nf()"):
            request = request_of(source, 1_000_000)
            assert of(request, worker.run(request), Journal()) is None


def test_continuation_round_trips_with_every_kind_of_argument() -> None:
    request = request_of("1", 10, 2**80, (1, 2.5), {"k": None}, "ü")
    journal = Journal()
    journal.record(EffectRequest("/1", "m", ("x",), {"n": 1}), EffectAnswer("/1", False, ("NOODLE-E0603", "no")))
    continuation = Continuation(request, tuple(journal.answers.values()))
    text = continuation.text()
    assert text is not None
    assert read(text) == continuation


def test_fuel_is_added_to_what_the_run_had() -> None:
    stopped = Continuation(request_of("1", 10), ())
    assert stopped.with_fuel(None).request.limits.fuel == 20
    assert stopped.with_fuel(5).request.limits.fuel == 15


def test_another_call_under_a_known_key_fails_and_asks_nobody() -> None:
    journal, models = Journal(), Echo()
    journal.record(EffectRequest("/1", "echo", ("a",), {}), EffectAnswer("/1", True, "<a>"))
    host = JournaledHost(models, journal)
    host.send([EffectRequest("/1", "echo", ("b",), {})])
    (answer,) = host.receive()
    assert not answer.ok
    assert answer.value[0] == "NOODLE-E0506"  # type: ignore[index]
    assert models.asked == []


def test_answers_too_large_to_carry_give_no_continuation() -> None:
    request = request_of("1", 10)
    journal = Journal()
    journal.record(EffectRequest("/1", "m", (), {}), EffectAnswer("/1", True, "x" * MAX_BYTES))
    assert Continuation(request, tuple(journal.answers.values())).text() is None


def packed(content: object) -> str:
    return base64.b64encode(zlib.compress(CODEC.pack(content))).decode()


def fields(**changed: object) -> list[object]:
    nbc = encode(compile_source("1"))
    request = RunRequest(nbc, digest(nbc))._replace(**{"limits": list(Limits()), **changed})  # type: ignore[arg-type]
    return list(request)


def whole(request: list[object], answers: list[object] = [], budget: object = [None] * 5) -> str:  # noqa: B006
    return packed([_VERSION, request, answers, budget, True])


BAD = {
    "empty": "",
    "not base64": "!!!",
    "not zlib": base64.b64encode(b"x" * 40).decode(),
    "cut short": whole(fields())[:40],
    "bomb": base64.b64encode(zlib.compress(b"\0" * (MAX_BYTES + 1))).decode(),
    "more after it": base64.b64encode(base64.b64decode(whole(fields())) + b"more").decode(),
    "another version": packed([99, fields(), [], [None] * 4]),
    "no list": packed({"a": 1}),
    "too few fields": whole(fields()[:3]),
    "another module than its hash": whole(fields(module=b"other")),
    "limits of text": whole(fields(limits=["a"] * len(Limits()._fields))),
    "a negative limit": whole(fields(limits=[-1, *list(Limits())[1:]])),
    "limits that are nan": whole(fields(limits=[float("nan"), *list(Limits())[1:]])),
    "arguments that are none": whole(fields(args=5)),
    "keywords that are none": whole(fields(kwargs={1: 2})),
    "a tier of another type": whole(fields(tier=3)),
    "an entry that is told": whole(fields(entry="*main")),
    "an answer without a key": whole(fields(), [[1, b"", True, 0, [0, 0]]]),
    "a failure without a message": whole(fields(), [["k", b"", False, 0, [0, 0]]]),
    "an answer that took less than nothing": whole(fields(), [["k", b"", True, 0, [-5, 0]]]),
    "a budget of too few": whole(fields(), [], [None]),
    "a budget of text": whole(fields(), [], ["1", None, None, None, None]),
    "a budget of half a call": whole(fields(), [], [None, None, None, None, 2.5]),
    "a budget that is nan": whole(fields(), [], [None, None, None, float("nan"), None]),
}


def test_what_is_made_here_is_a_continuation() -> None:
    """Else what is refused below might be refused for something else."""
    found = read(whole(fields(), [["k", b"", True, 0, [1, 2]]], [1, None, None, 0.5, None]))
    assert (found.answers[0].tokens, found.budget) == ((1, 2), (1, None, None, 0.5, None))


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_what_is_no_continuation_is_refused(text: str) -> None:
    with pytest.raises(RunError) as caught:
        read(text)
    assert caught.value.code == "NOODLE-E0505"
    assert ("another version" in caught.value.message) == (text in (BAD["another version"], BAD["no list"]))


def test_command_resumes_the_latest_run_or_the_one_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from noodle_ray.cli.main import main

    monkeypatch.setenv("NOODLE_HOME", str(tmp_path / "home"))
    file = tmp_path / "sum.noodle"
    file.write_text("total = 0\nfor n in range(1000):\n    total += n\ntotal\n")
    assert main(["run", str(file), "--limit", "fuel=100", "--json"]) == 1
    name = json.loads(capsys.readouterr().out)["resume"]
    assert main(["resume", name, "--fuel", "100"]) == 1
    shown = capsys.readouterr().err
    assert "noodle resume" in shown
    assert name not in shown
    assert main(["resume", "--fuel", "1000000"]) == 0
    assert capsys.readouterr().out == "499500\n"
    assert main(["resume", hashlib.sha256(b"").hexdigest()[:8]]) == 2
    assert "NOODLE-E0921" in capsys.readouterr().err
