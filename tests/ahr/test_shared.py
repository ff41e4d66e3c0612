"""Several models in one process: loaded when they are asked, freed by who was asked longest ago, never at work."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from noodle_ray.ahr.shared import SharedModels
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError
from tests.ahr.test_versions import times

SIZE = 1 << 20


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    """Four models that each count for a MiB."""
    monkeypatch.setattr("noodle_ray.ahr.shared.content_size", lambda path: SIZE)
    monkeypatch.setattr("noodle_ray.ahr.shared.resident", lambda: 0)
    specs = {
        name: ModelSpec(name, f"onnx:{times(tmp_path / f'{name}.onnx', place)}") for place, name in enumerate("abcd")
    }
    return {name: [spec.to_dict()] for name, spec in specs.items()}


async def _ask(shared: SharedModels, key: str) -> float:
    async with shared.using(key) as replica:
        ((ok, answer),) = await replica.infer([(([1.0],), {})])
    assert ok
    return float(answer["y"][0])


async def test_longest_unused_goes_when_memory_is_full(models: dict[str, Any]) -> None:
    shared = SharedModels(models, 2 * SIZE)
    assert [await _ask(shared, key) for key in "abac"] == [0, 1, 0, 2]
    assert shared.loaded() == ["a", "c"]
    assert await _ask(shared, "b") == 1
    assert shared.loaded() == ["c", "b"]
    shared.check_health()
    shared.close()
    assert shared.loaded() == []


async def test_model_at_work_is_not_freed(models: dict[str, Any]) -> None:
    shared = SharedModels(models, SIZE)
    async with shared.using("a") as replica:
        assert await _ask(shared, "b") == 1
        assert "a" in shared.loaded()
        assert (await replica.infer([(([1.0],), {})]))[0][0]
    assert await _ask(shared, "c") == 2
    assert shared.loaded() == ["c"]
    shared.close()


async def test_model_is_loaded_once_for_all_who_ask_at_once(
    models: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from noodle_ray.ahr import shared as module

    loads: list[str] = []
    real = module.ModelReplica

    def load(specs: Any) -> Any:
        loads.append(specs[0]["name"])
        return real(specs)

    monkeypatch.setattr(module, "ModelReplica", load)
    shared = SharedModels(models, 4 * SIZE)
    assert await asyncio.gather(*[_ask(shared, key) for key in "aabbab"]) == [0, 0, 1, 1, 0, 1]
    assert sorted(loads) == ["a", "b"]
    shared.close()


async def test_model_that_cannot_be_loaded_harms_no_other(models: dict[str, Any]) -> None:
    Path(models["b"][0]["source"].removeprefix("onnx:")).unlink()
    shared = SharedModels(models, 4 * SIZE)
    assert await _ask(shared, "a") == 0
    for key, code in (("b", "NOODLE-E0602"), ("nobody", "NOODLE-E0601")):
        with pytest.raises(ModelError) as caught:
            await _ask(shared, key)
        assert caught.value.code == code
    assert await _ask(shared, "c") == 2
    assert shared.loaded() == ["a", "c"]
    shared.close()
