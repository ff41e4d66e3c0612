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
from noodle_ray.core.vm.host import EffectRequest
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
