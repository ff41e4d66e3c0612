"""`noodle_ray.connect` and the platform of this machine."""

from pathlib import Path

import pytest

import noodle_ray as noodle
from noodle_ray import paths
from noodle_ray.client import connection, platform
from noodle_ray.cluster import PlatformState


@noodle.program
def double(n: int) -> int:
    return 2 * n


def test_running_when_nothing_was_started(noodle_home: Path) -> None:
    assert platform.running() is None


@pytest.mark.cluster
def test_connect_joins_the_platform_that_runs(platform_on_ray: PlatformState) -> None:
    with noodle.connect() as made:
        assert made.url == platform_on_ray.url
        assert double(21) == 42
        assert double.map(range(50), concurrency=8) == list(range(0, 100, 2))
        embed = noodle.model("minilm")
        assert len(embed("a text")) == 384
    assert platform.running() == platform_on_ray.url


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_connect_starts_a_platform_and_close_stops_it(
    noodle_home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # for the shared cache's place
    cache = paths.cache_dir().resolve()
    monkeypatch.setenv("NOODLE_HOME", str(noodle_home))
    noodle_home.mkdir(mode=0o700)
    (noodle_home / "cache").symlink_to(cache)
    with noodle.connect() as made:
        assert "noodle: starting Ray" in capsys.readouterr().err
        assert platform.running() == made.url
        assert double(4) == 8
    assert platform.running() is None
    assert connection.current() is None
