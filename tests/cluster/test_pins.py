"""Pinned versions at a model's deployment, without a cluster."""

from collections.abc import Awaitable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from deployments.model import Model
from deployments.remote import RemoteModels
from noodle_ray.ahr.registration import make_spec
from noodle_ray.ahr.registry import Registry
from noodle_ray.ahr.served import served
from tests.ahr.test_versions import times


class Response:
    """What a handle gives at once: an answer that is to come, by a replica that is there."""

    def __init__(self, answer: Awaitable[Any]) -> None:
        self._answer = answer

    async def __aiter__(self) -> Any:
        yield await self._answer

    async def _fetch_future_result_async(self) -> None: ...

    def cancel(self) -> None: ...


class Handle:
    """What a Serve handle is to the executor: methods with ``remote``."""

    def __init__(self, model: Model) -> None:
        self.answers = SimpleNamespace(remote=lambda *args: Response(model.ask(*args)))

    def options(self, **options: Any) -> "Handle":
        return self

    def _init_router_and_get_metadata(self) -> tuple[None, None]:
        return None, None


async def test_pin_is_answered_by_its_version_or_by_none(noodle_home: Path, tmp_path: Path) -> None:
    registry = Registry()
    for number in (2, 3):
        file = times(tmp_path / f"{number}.onnx", number)
        registry.add(make_spec("times", f"onnx:{file}", version=str(number)), default=True)
    (tmp_path / "3.onnx").write_bytes(b"spoilt")
    found = served([entry for entry in registry.entries() if entry.name == "times"])
    model = Model([spec.to_dict() for spec in found.models["times"]])
    remote = RemoteModels({"times": Handle(model)}, found.routes, 60.0)  # type: ignore[dict-item]
    call = (([1.0],), {})
    ((ok, answer),) = await remote.infer("times", [call])
    assert ok
    assert float(answer["y"][0]) == 2  # type: ignore[index]
    ((ok, failure),) = await remote.infer("times@3", [call])
    assert (ok, failure[0]) == (False, "NOODLE-E0604")  # type: ignore[index]
    assert "'2' serves" in failure[1]  # type: ignore[index]
    ((ok, answer, told),) = await model.ask([call], version="2")
    assert (float(answer["y"][0]), list(told)) == (2, ["queued"])
    model.close()
