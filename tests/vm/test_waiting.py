"""What programs wait for beside models: on every tier the same requests, in the order of the text."""

from typing import Any

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.execute import Outcome, execute
from noodle_ray.core.vm.host import EffectRequest
from tests.vm.hosts import Refusal, ScriptedHost

TIERS = ["interpreter", "python"]


def answer(request: EffectRequest) -> Any:
    match request.model, request.args:
        case "@signal", (name, None):
            return [True, {"signal": name}]
        case "@signal", _:
            return [False, None]
        case "@run", ("broken", *_):
            raise Refusal("NOODLE-E0514", "run x failed")
        case "@run", (name, args, kwargs):
            return [name, args, kwargs]
        case "@sleep", _:
            return None
    return f"{request.args[0]}!"


def run(source: str, tier: str, host: ScriptedHost | None = None) -> Outcome:
    return execute(compile_source(source), host=host or ScriptedHost(answer), tier=tier)


ALL = """\
from datetime import timedelta
import noodle_ray
from noodle_ray import model, sleep, wait_for_signal, run_program
ask = model("ask")
def main() -> list:
    first = ask("a")
    sleep(1, minutes=2, hours=3, days=4, weeks=5)
    second = ask("b")
    value = wait_for_signal("go")
    third = ask("c")
    noodle_ray.sleep(timedelta(hours=1))
    try:
        wait_for_signal("stop", timeout=timedelta(seconds=5))
    except TimeoutError as error:
        print(error)
    made = run_program("other@live", 1, two=[2])
    sleep()
    return [first, second, third, value, made]
"""


@pytest.mark.parametrize("tier", TIERS)
def test_waits_are_effects_in_the_order_of_the_text(tier: str) -> None:
    host = ScriptedHost(answer)
    outcome = run(ALL, tier, host)
    assert outcome.error is None
    assert outcome.result == ["a!", "b!", "c!", {"signal": "go"}, ["other@live", [1], {"two": [2]}]]
    assert outcome.stdout == "no signal 'stop' came in time\n"
    assert [[(one.key, one.model, one.args) for one in batch] for batch in host.sent] == [
        [("/1", "ask", ("a",))],  # answered before the wait begins
        [("/2", "@sleep", (3_380_521.0,))],
        [("/3", "ask", ("b",))],
        [("/4", "@signal", ("go", None))],
        [("/5", "ask", ("c",))],
        [("/6", "@sleep", (3600.0,))],
        [("/7", "@signal", ("stop", 5.0))],
        [("/8", "@run", ("other@live", [1], {"two": [2]}))],
        [("/9", "@sleep", (0.0,))],
    ]
    assert (outcome.usage["model_calls"], outcome.usage["model_batches"]) == (3, 3)


@pytest.mark.parametrize("tier", TIERS)
def test_waits_of_threads_overlap(tier: str) -> None:
    source = """\
from concurrent.futures import ThreadPoolExecutor
from noodle_ray import model, run_program
ask = model("ask")
def main() -> list:
    with ThreadPoolExecutor() as pool:
        called = list(pool.map(lambda n: run_program("p", n)[1][0], range(3)))
    return [called, [ask(n) for n in range(2)]]
"""
    host = ScriptedHost(answer)
    assert run(source, tier, host).result == [[0, 1, 2], ["0!", "1!"]]
    assert [len(batch) for batch in host.sent] == [3, 2]


@pytest.mark.parametrize("tier", TIERS)
def test_elements_that_wait_are_waited_for_one_by_one(tier: str) -> None:
    source = """\
from noodle_ray import model, sleep
ask = model("ask")
def step(n):
    sleep(n)
    return ask(n)
def main():
    return [step(n) for n in (1, 2)]
"""
    host = ScriptedHost(answer)
    assert run(source, tier, host).result == ["1!", "2!"]
    assert [[one.model for one in batch] for batch in host.sent] == [["@sleep"], ["ask"], ["@sleep"], ["ask"]]


@pytest.mark.parametrize("tier", TIERS)
def test_failed_wait_is_a_runtime_error_that_a_program_can_catch(tier: str) -> None:
    source = "from noodle_ray import run_program\n"
    caught = run(source + "try:\n    run_program('broken')\nexcept RuntimeError as e:\n    x = str(e)\nx", tier)
    assert caught.result == "run x failed"
    error = run(source + "run_program('broken')", tier).error
    assert error is not None
    assert (error["code"], error["type"], error["message"]) == ("NOODLE-E0514", "RuntimeError", "run x failed")
    own = "e = RuntimeError('mine')\ne.code = 'NOODLE-E0001'\nraise e"
    error = run(own, tier).error
    assert error is not None
    assert error["code"] == "NOODLE-E0501"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("sleep(-1)", "ValueError"),
        ("sleep(float('nan'))", "ValueError"),
        ("sleep(float('inf'))", "ValueError"),
        ("sleep(10**400)", "ValueError"),
        ("sleep(weeks=10**9)", "ValueError"),
        ("sleep('1')", "TypeError"),
        ("sleep(1, 2)", "TypeError"),
        ("sleep(years=1)", "TypeError"),
        ("sleep(None)", "TypeError"),
        ("wait_for_signal('')", "ValueError"),
        ("wait_for_signal('a' * 201)", "ValueError"),
        ("wait_for_signal('a\\0')", "ValueError"),
        ("wait_for_signal(chr(0xd800))", "ValueError"),
        ("wait_for_signal(1)", "TypeError"),
        ("wait_for_signal('a', 5)", "TypeError"),
        ("wait_for_signal('a', timeout=-1)", "ValueError"),
        ("run_program(run_program)", "TypeError"),
        ("run_program('p', print)", "TypeError"),
        ("run_program('p', x=lambda: 1)", "TypeError"),
        ("wait_for_signal(Liar('a' * 300))", "ValueError"),
        ("sleep(Small(-1))", "ValueError"),
    ],
)
@pytest.mark.parametrize("tier", TIERS)
def test_wrong_arguments_are_refused_before_anything_is_asked(call: str, error: str, tier: str) -> None:
    source = f"""\
from noodle_ray import sleep, wait_for_signal, run_program
class Liar(str):
    def __len__(self): return 1
    def __str__(self): return "b"
    def isprintable(self): return True
class Small(int):
    def __float__(self): return 1.0
    def __ne__(self, other): return False
    def __le__(self, other): return True
{call}
"""
    host = ScriptedHost(answer)
    found = run(source, tier, host).error
    assert found is not None
    assert found["type"] == error, found
    assert host.sent == []


def test_waits_need_somebody_who_answers() -> None:
    outcome = execute(compile_source("from noodle_ray import sleep\nsleep(1)"))
    assert outcome.error is not None
    assert outcome.error["code"] == "NOODLE-E0602"
