"""Models inside the process, as effect host and by call."""

from pathlib import Path
from typing import Any

import pytest

from noodle_ray.ahr.local import LocalModels
from noodle_ray.ahr.registration import make_spec, prepare
from noodle_ray.ahr.registry import Registry
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.vm.host import EffectAnswer, EffectHost, EffectRequest
from noodle_ray.core.vm.values import to_json
from noodle_ray.errors import ModelError


def _all(host: EffectHost, count: int) -> dict[str, EffectAnswer]:
    answers: list[EffectAnswer] = []
    while len(answers) < count:
        answers += host.receive()
    return {answer.key: answer for answer in answers}


def _listed(answers: dict[str, EffectAnswer]) -> Any:
    return to_json(answers["/1"].value)


@pytest.mark.models
def test_effects_of_several_models_are_answered_by_key() -> None:
    with LocalModels() as models:
        models.send(
            [
                EffectRequest("/1", "minilm", ("one",), {}),
                EffectRequest("/2", "smollm2", ("Say hello.",), {"max_tokens": 2}),
                EffectRequest("/3", "minilm", (7,), {}),
                EffectRequest("/4", "nothing", ("x",), {}),
                EffectRequest("/5", "minilm", ("two",), {}),
            ]
        )
        answers = _all(models, 5)
        stats = models.stats()
    assert answers["/1"].ok
    assert len(answers["/5"].value) == 384  # type: ignore[arg-type]
    assert isinstance(answers["/2"].value, str)
    assert answers["/3"][:3] == ("/3", False, ("NOODLE-E0603", "the input must be a text or a list of texts, not int"))
    assert answers["/4"][:3] == ("/4", False, ("NOODLE-E0601", "there is no model named 'nothing'"))
    assert stats["minilm"]["batch_sizes"] == {3: 1}


@pytest.fixture
def models(adder: Path, tmp_path: Path) -> LocalModels:
    registry = Registry(tmp_path / "models.json")
    registry.add(ModelSpec("adder", f"onnx:{adder}"))
    return LocalModels(registry)


CALL: dict[str, Any] = {"a": [[1, 2, 3]], "b": [[1, 1, 1]], "k": 1}


def test_hosts_share_models_but_not_answers(models: LocalModels) -> None:
    first, second = models.host(), models.host()
    first.send([EffectRequest("/1", "adder", (), CALL)])
    second.send([EffectRequest("/1", "adder", (), CALL | {"k": 5})])
    assert _listed(_all(first, 1)) == {"total": [[2.0, 3.0, 4.0]], "count": 2}
    assert _listed(_all(second, 1)) == {"total": [[2.0, 3.0, 4.0]], "count": 10}
    assert list(models.stats()) == ["adder"]
    models.close()


def test_call_raises_what_went_wrong_and_infer_returns_it(models: LocalModels) -> None:
    with pytest.raises(ModelError, match="did you mean 'adder'"):
        models.call("addr")
    with pytest.raises(ModelError, match="check b, k"):
        models.call("adder", [[1, 2, 3]])
    good, bad = models.infer("adder", [((), CALL), ((), {})])
    assert good["count"] == 2
    assert bad.code == "NOODLE-E0603"
    models.close()


def test_model_is_loaded_again_after_close(models: LocalModels) -> None:
    assert models.call("adder", **CALL)["count"] == 2
    models.close()
    assert models.call("adder", **CALL)["count"] == 2
    models.close()


def test_missing_file_fails_its_calls_until_it_is_there(models: LocalModels, adder: Path) -> None:
    content = adder.read_bytes()
    adder.unlink()
    with pytest.raises(ModelError) as caught:
        models.call("adder", **CALL)
    assert caught.value.code == "NOODLE-E0602"
    adder.write_bytes(content)
    assert models.call("adder", **CALL)["count"] == 2
    models.close()


def test_warm_loads_models_and_passes_over_those_that_cannot_be(models: LocalModels, adder: Path) -> None:
    models.warm(["nothing", "adder"])
    adder.unlink()
    assert models.call("adder", **CALL)["count"] == 2
    models.close()


def test_spec_is_completed_from_the_files(adder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(adder.parent)
    spec = make_spec("adder", f"onnx:{adder.name}")
    assert spec.source == f"onnx:{adder}"
    assert (spec.task, spec.engine, len(spec.version)) == ("tensors", "onnxruntime", 12)
    messages: list[str] = []
    assert prepare(spec, messages.append)["outputs"] == ["total", "count"]
    assert len(messages) == 2
