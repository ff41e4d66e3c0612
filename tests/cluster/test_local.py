"""A platform over several Ray nodes, started as docs/cluster.md says."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from noodle_ray.cluster.environment import free_port

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The URL and the token of a platform on a head and one more node."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "cache").symlink_to(ROOT / ".noodle" / "cache")
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "cluster/local.py", "--workers", "1", "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, "NOODLE_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C stops it" in line:
                break
        else:
            pytest.fail("the cluster did not start:\n" + "".join(lines))
        yield f"http://127.0.0.1:{port}", (home / "token").read_text().strip()
    finally:
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(60) == 0


@pytest.mark.cluster
@pytest.mark.timeout(400)
def test_programs_and_models_run_on_a_cluster_of_two_nodes(platform: tuple[str, str]) -> None:
    url, token = platform
    source = 'from noodle_ray import model\nembed = model("minilm")\nlen(embed("a cluster"))'
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=120) as client:
        response = client.post("/v1/run", json={"source": source})
        assert response.status_code == 200, response.text
        outcome = response.json()
        assert (outcome["error"], outcome["result"]) == (None, 384)
        assert client.get("/v1/models", headers={"Authorization": "Bearer wrong-wrong-wrong"}).status_code == 401
