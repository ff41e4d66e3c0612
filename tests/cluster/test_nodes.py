"""Where replicas run and how many there are: on a second node with a declared GPU, none while nobody asks, one for
several models; and one that ends itself when its engine hangs."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from noodle_ray.ahr import Registry, make_spec
from noodle_ray.cluster import PlatformState
from tests.ahr.test_versions import times

pytestmark = [pytest.mark.cluster, pytest.mark.models]

PLACED = {"gpus": 0.25, "resources": {"vault": 1}, "labels": {"tier": "fast"}, "max_replicas": 1}
MODELS: dict[str, dict[str, Any]] = {
    "placed": PLACED,
    "nowhere": {"resources": {"philosophers-stone": 1}, "start_timeout": 1},
    "sleeper": {"min_replicas": 0, "max_replicas": 1, "idle_timeout": 1},
    "twin-a": {"share": "twins"},
    "twin-b": {"share": "twins"},
}


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 200
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.2)


def _said(process: subprocess.Popen[str]) -> str:
    """What a node says until it is up, or has failed."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if "Ray runtime started" in line:
            break
    return "".join(lines)


def _end(process: subprocess.Popen[str]) -> None:
    """Stop a node, and what it started."""
    with process, contextlib.suppress(psutil.NoSuchProcess):
        started = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        for left in started:
            with contextlib.suppress(psutil.NoSuchProcess):
                left.kill()


@pytest.fixture(scope="module")
def node(platform_on_ray: PlatformState) -> Iterator[psutil.Process]:
    """A second node of the platform's cluster, with a GPU that is only declared."""
    command = [str(Path(sys.executable).with_name("ray")), "start", f"--address={platform_on_ray.ray_address}"]
    command += ["--block", "--num-cpus=1", "--num-gpus=1", f"--resources={json.dumps({'vault': 1})}"]
    command += ["--labels=tier=fast", f"--object-store-memory={80 << 20}"]
    environment = psutil.Process(platform_on_ray.pid).environ()
    for _ in range(3):
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        said = _said(process)
        if "Ray runtime started" in said:
            break
        _end(process)
        assert "timed out during startup" in said, said[-2000:]
    else:
        pytest.skip("this machine is too busy: Ray gives a node 30 seconds to come up, and has three times")
    yield psutil.Process(process.pid)
    _end(process)
    # What ran there, the executor perhaps, is started again on the first node: the tests after these need it.
    head = psutil.Process(platform_on_ray.pid)
    _until(lambda: all(_processes(name, head) for name in ("Executor", "Compiler", "Model-minilm", "Model-smollm2")))
    with _connected(platform_on_ray) as client:
        _until(lambda: all(_works(client) for _ in range(5)))


@pytest.fixture(scope="module")
def models(
    node: psutil.Process, platform_on_ray: PlatformState, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """The models, registered at once: one deployment for all of them."""
    registry, folder = Registry(), tmp_path_factory.mktemp("models")
    for number, (name, options) in enumerate(MODELS.items(), 2):
        registry.add(make_spec(name, f"onnx:{times(folder / f'{name}.onnx', number)}", options=options))
    registry.add(make_spec("hanging", "python:tests.cluster.hanging:Hanging", options={"time_limit": 0.5}))
    yield
    for name in (*MODELS, "hanging"):
        registry.remove(name)
    with _connected(platform_on_ray) as client:
        _until(lambda: _ask(client, "twin-b", [1.0]) == "NOODLE-E0601")


def _connected(platform: PlatformState) -> httpx.Client:
    token = Path(platform.token_file).read_text().strip()
    return httpx.Client(base_url=platform.url, headers={"Authorization": f"Bearer {token}"}, timeout=20)


def _works(client: httpx.Client) -> bool:
    with contextlib.suppress(httpx.TransportError):
        ready = client.get("/readyz").status_code == 200
        return ready and client.post("/v1/run", json={"source": "1 + 1"}).status_code == 200
    return False


def _ask(client: httpx.Client, model: str, value: Any) -> Any:
    """The answer, or the code of the error."""
    try:
        response = client.post(f"/v1/models/{model}/infer", json={"inputs": [value]}, timeout=20)
    except httpx.TransportError:
        return None  # replicas start slowly on a busy machine
    if not response.headers["content-type"].startswith("application/"):
        return None  # executors are being replaced
    reply = response.json()
    answer = reply["outputs"][0] if "outputs" in reply else reply["code"]
    return answer["y"][0] if isinstance(answer, dict) else answer


def _processes(deployment: str, *nodes: psutil.Process) -> list[int]:
    found = []
    for process in [child for node in nodes for child in node.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            if f":{deployment}" in " ".join(process.cmdline()):
                found.append(process.pid)
    return found


@pytest.mark.usefixtures("models")
def test_models_go_where_their_options_say(
    client: httpx.Client, node: psutil.Process, platform_on_ray: PlatformState
) -> None:
    _until(lambda: _ask(client, "placed", [1.0]) == 2)
    assert len(_processes("Model-placed", node)) == 1
    # What no node can hold keeps nothing else from being deployed, and says so when it is asked.
    _until(lambda: _ask(client, "nowhere", [1.0]) == "NOODLE-E0616")
    assert client.get("/readyz").status_code == 200
    both = (psutil.Process(platform_on_ray.pid), node)
    _until(lambda: (_ask(client, "twin-a", [1.0]), _ask(client, "twin-b", [1.0])) == (5, 6))
    assert len(_processes("Shared-twins", *both)) == 1
    assert not _processes("Model-twin", *both)
    assert not _processes("Model-sleeper", *both)
    _until(lambda: _ask(client, "sleeper", [1.0]) == 4)
    assert len(_processes("Model-sleeper", *both)) == 1  # started for this
    _until(lambda: not _processes("Model-sleeper", *both))
    _until(lambda: _ask(client, "sleeper", [2.0]) == 8)


@pytest.mark.usefixtures("models")
def test_replica_whose_engine_hangs_is_replaced(client: httpx.Client) -> None:
    _until(lambda: _ask(client, "hanging", "fine") == "fine")
    assert _ask(client, "hanging", "hang") == "NOODLE-E0614"
    _until(lambda: _ask(client, "hanging", "fine again") == "fine again")
