"""The examples of published programs and of tools do what their first lines say."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from noodle_ray.core.runs.batcher import Call
from noodle_ray.core.runs.compiler import CompilerService
from noodle_ray.core.runs.executor import Executor, Program
from noodle_ray.core.runs.modules import ModuleStore
from noodle_ray.core.runs.tools.host import ToolHost
from noodle_ray.core.runs.tools.spec import load_tools
from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.core.vm.arrays import array
from tests.client.conftest import Served, platform

__all__ = ["platform"]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_program_is_published_checked_and_chatted_with(
    platform: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NOODLE_TOKEN", platform.token)
    spec = importlib.util.spec_from_file_location("published_program", EXAMPLES / "published_program.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(platform.url)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "count@prod: 6"
    assert lines[1].startswith("refused: the new version of 'count' would not do what 1 of 1 runs did")
    assert [line.replace("|", "") for line in lines[2:]] == [
        "noodle:backwards@prod saW tI A taR ", "noodle:backwards@2 saw ti a tar ",
    ]  # fmt: skip


class Letters:
    """An embedding that counts letters."""

    async def infer(self, model: str, calls: list[Call]) -> list[tuple[bool, object]]:
        return [(True, _vector(str(args[0]))) for args, _ in calls]


def _vector(text: str) -> Any:
    counts = [text.lower().count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"]
    length = sum(count * count for count in counts) ** 0.5
    return array([count / length for count in counts], "float32")


async def test_tickets_are_opened_in_order_and_not_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES / "tools")
    monkeypatch.setenv("NOODLE_EXAMPLE_DESK", str(tmp_path / "desk.json"))
    monkeypatch.delitem(sys.modules, "desk", raising=False)
    tools = ToolHost(load_tools(str(EXAMPLES / "tools" / "tools.yaml")))
    mails = [
        ("ann", "my parcel is late"),
        ("bo", "my parcel is late"),
        ("ann", "my parcel is late!"),
        ("ann", "refund"),
    ]
    async with WorkerPool(max_size=1) as pool:
        executor = Executor(pool, CompilerService(ModuleStore(tmp_path / "modules")), Letters(), tools=tools)
        _, outcome = await executor.run(
            Program(source=(EXAMPLES / "tools" / "triage.noodle").read_text()),
            args=[[{"from": name, "text": text} for name, text in mails]],
        )
    await tools.close()
    assert (outcome["error"], outcome["result"], outcome["usage"]["tool_calls"]) == (None, [1, 2, None, 3], 7)
