"""Calls that a local run makes early."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from noodle_ray.ahr.early import EarlyHost
from noodle_ray.ahr.local import LocalModels
from noodle_ray.ahr.registry import Registry
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.sandbox.local import LocalWorker
from noodle_ray.core.vm.host import GUESSES, EffectRequest
from tests.sandbox.programs import request

KIND = """\
from noodle_ray import model
kind = model("kind")

def main(q: str) -> str:
    if kind(q) == "yes":
        return kind("one " + q)
    return kind("two " + q)
"""
CLASS = """\
class Kind:
    asked = []

    def load(self):
        pass

    def predict(self, text: str) -> str | list[str]:
        self.asked.append(text)
        if text == "asked":
            return list(self.asked)
        if text.startswith("one"):
            raise ValueError("refused")
        return "yes" if text == "a" else text
"""


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalModels]:
    (tmp_path / "kinds.py").write_text(CLASS)
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = Registry(tmp_path / "models.json")
    registry.add(ModelSpec("kind", "python:kinds:Kind", options={"side_effects": False, "max_batch": 1}))
    registry.add(ModelSpec("unmarked", "python:kinds:Kind", options={"max_batch": 1}))
    with LocalModels(registry) as found:
        yield found
        import kinds  # type: ignore[import-not-found]

        kinds.Kind.asked.clear()


def asked(models: LocalModels) -> Any:
    return models.call("unmarked", "asked")[:-1]


def test_run_takes_the_answer_of_its_branch(models: LocalModels) -> None:
    host = EarlyHost(models, 4)
    with LocalWorker() as worker:
        outcome: Any = worker.run(request(KIND, "b")._replace(speculate=4), host, host)
    host.close()
    assert outcome["error"] is None, outcome["error"]
    assert outcome["result"] == "two b"
    told = host.usage()["speculation"]
    assert (told["calls"], told["used"], told["wasted"]) == (2, 1, 1)
    assert asked(models).count("two b") == 1


def test_call_that_failed_early_is_made_again(models: LocalModels) -> None:
    host = EarlyHost(models, 4)
    with LocalWorker() as worker:
        outcome: Any = worker.run(request(KIND, "a")._replace(speculate=4), host, host)
    assert outcome["error"]["type"] == "ModelError"
    assert asked(models).count("one a") == 2


@pytest.mark.parametrize(("model", "most"), [("unmarked", 4), ("nothing", 4), ("kind", 0)])
def test_nothing_is_made_early(models: LocalModels, model: str, most: int) -> None:
    host = EarlyHost(models, most)
    host.guess([EffectRequest("~1.0", model, ("x",), {})])
    assert host.usage() == {}
    assert asked(models) == []


def test_calls_with_a_deadline_are_not_made_early(models: LocalModels) -> None:
    host = EarlyHost(models, 4)
    host.guess([EffectRequest("~1.0", "kind", ("x",), {"deadline": 1})])
    assert host.usage() == {}


def test_equal_guesses_are_one_call_until_all_of_them_are_wrong(models: LocalModels) -> None:
    host = EarlyHost(models, 4)
    host.guess([EffectRequest("~1.0", "kind", ("x",), {}), EffectRequest("~1.1", "kind", ("x",), {})])
    host.drop(["~1.0"])
    host.send([EffectRequest("/1", "kind", ("x",), {})])
    assert host.receive()[0].value == "x"
    host.drop(["~1.1"])
    assert host.usage()["speculation"] == {"calls": 1, "used": 1, "wasted": 0}


def test_key_of_two_guesses_is_that_of_the_first(models: LocalModels) -> None:
    host = EarlyHost(models, 4)
    host.guess([EffectRequest("~1.0", "kind", ("x",), {}), EffectRequest("~1.0", "kind", ("y",), {})])
    for key, text in (("/1", "x"), ("/2", "y")):
        host.send([EffectRequest(key, "kind", (text,), {})])
        assert host.receive()[0].value == text
    host.guess([EffectRequest("~1.0", "kind", ("z",), {})])
    host.drop(["~1.0", "~1.0"])
    assert host.usage()["speculation"] == {"calls": 1, "used": 1, "wasted": 0}


def test_no_more_guesses_are_heard_than_a_run_tells(models: LocalModels) -> None:
    host = EarlyHost(models, 1)
    host.guess([EffectRequest(f"~1.{number}", "unmarked", ("x",), {}) for number in range(GUESSES - 1)])
    host.guess([EffectRequest("~2.0", "kind", ("x",), {}), EffectRequest("~2.1", "kind", ("x",), {})])
    host.drop(["~2.0"])
    assert host.usage()["speculation"]["calls"] == 1
    host.send([EffectRequest("/1", "kind", ("x",), {})])  # "~2.1" kept nothing alive
    assert host.receive()[0].value == "x"
    assert host.usage()["speculation"]["used"] == 0


DEEP = """\
from noodle_ray import model
kind = model("kind")

def f(n: int) -> str:
    if n > 0:
        return f(n - 1)
    if len(kind("x")) == 9:
        return kind("a")
    return kind("b")

def main(n: int) -> list[str]:
    return [f(n) for _ in range(2)]
"""


@pytest.mark.parametrize("tier", ["python", "interpreter"])
def test_limit_of_recursion_is_where_it_is_without(models: LocalModels, tier: str) -> None:
    ended = set()
    with LocalWorker() as worker:
        for deep in range(90, 102):
            found = []
            for most in (0, 8):
                host = EarlyHost(models, most)
                asked = request(DEEP, deep, tier=tier, recursion=100)._replace(speculate=most)
                outcome: Any = worker.run(asked, host, host)
                host.close()
                found.append(outcome["error"] and outcome["error"]["code"])
            assert found[0] == found[1], deep
            ended.add(found[0])
    assert ended == {None, "NOODLE-E0404"}
