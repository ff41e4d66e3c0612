"""The small examples do what their first lines say; models are scripted where the answer matters."""

import json
from pathlib import Path
from typing import Any

import pytest

from noodle_ray.core.lang import check_source, compile_source
from noodle_ray.core.types import check
from noodle_ray.core.vm.arrays import array
from noodle_ray.core.vm.execute import Outcome, execute
from noodle_ray.core.vm.host import EffectRequest
from noodle_ray.core.vm.native import may_run_native
from tests.vm.hosts import ScriptedHost

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PROGRAMS = sorted(EXAMPLES.glob("*.noodle"))


def _run(name: str, tier: str = "python", *args: Any, host: ScriptedHost | None = None) -> Outcome:
    module = compile_source((EXAMPLES / f"{name}.noodle").read_text())
    outcome = execute(module, tier=tier, args=list(args), host=host)
    assert outcome.error is None, outcome.error
    return outcome


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_nothing_is_found_wrong_with(path: Path) -> None:
    source = path.read_text()
    assert check_source(source) == []
    assert list(check(source, path.name)) == []


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_readme_names(path: Path) -> None:
    assert f"`{path.name}`" in (EXAMPLES / "README.md").read_text()


def _agent(*replies: str) -> tuple[Any, list[str]]:
    asked: list[str] = []

    def answer(request: EffectRequest) -> object:
        asked.append(str(request.args[0]))
        return replies[len(asked) - 1]

    return _run("agent", host=ScriptedHost(answer)).result, asked


def test_agent_runs_the_tool_that_the_model_names() -> None:
    result, _ = _agent("count('anchors')")
    assert result == {"answer": "12 anchors in stock", "log": []}


def test_agent_asks_again_with_the_error_when_a_tool_refuses() -> None:
    result, asked = _agent("count(sails)", "steer(north)", "count(buoys)")
    assert result == {
        "answer": "3 buoys in stock",
        "log": ["attempt 1: there is no 'sails'", "attempt 2: there is no tool 'steer'"],
    }
    assert "The last reply failed: there is no tool 'steer'." in asked[2]


def test_agent_falls_back_when_no_reply_can_be_used() -> None:
    assert _agent("a()", "b()", "c()")[0]["answer"] == "anchors, buoys"


def test_clean_text_keeps_what_can_be_read() -> None:
    outcome = _run("clean_text")
    assert [record["day"] for record in json.loads(outcome.stdout)] == ["2025-12-10", "2025-12-09", "2026-01-02"]
    assert outcome.result == {
        "months": {"2025-12": 2, "2026-01": 1},
        "errors": ["not a record", "day is out of range for month"],
    }


@pytest.mark.skipif(not may_run_native(), reason="no native code on this machine")
def test_julia_set_is_the_same_on_each_tier() -> None:
    python, native = _run("julia_set"), _run("julia_set", "native")
    assert (python.result, python.stdout) == (native.result, native.stdout)
    assert python.usage["fuel"] == native.usage["fuel"]
    assert python.stdout.count("@") > 200


def test_gather_works_on_two_tickets_at_once() -> None:
    def answer(request: EffectRequest) -> object:
        text = str(request.args[0])
        return array([float("par" in text or "package" in text), float("charge" in text or "refund" in text)])

    host = ScriptedHost(answer)
    assert _run("gather", host=host).result == {
        "Where is my parcel?": "delivery",
        "I was charged twice.": "money",
        "The package came broken.": "delivery",
    }
    assert max(len(keys) for keys in host.keys) == 2
