"""The access token: who can read it, and what happens when several starts race for it."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from noodle_ray.errors import UsageError
from noodle_ray.security.tokens import ensure_token, matches, read_token


def test_token_is_made_when_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "token"
    token = ensure_token(path)
    assert len(token) >= 43
    assert read_token(path) == token == ensure_token(path)


def test_token_file_is_private_when_made(tmp_path: Path) -> None:
    ensure_token(tmp_path / "token")
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["token"]


def test_token_is_the_same_for_all_when_starts_race(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        tokens = set(threads.map(lambda _: ensure_token(tmp_path / "token"), range(16)))
    assert len(tokens) == 1


def test_token_is_refused_when_others_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "token"
    ensure_token(path)
    path.chmod(0o644)
    with pytest.raises(UsageError) as caught:
        read_token(path)
    assert caught.value.code == "NOODLE-E0905"
    assert "chmod 600" in caught.value.message


@pytest.mark.parametrize("text", ["", "short", "has a space in the middle", "ünïcode-characters-here", "x" * 10])
def test_token_is_refused_when_unusable(tmp_path: Path, text: str) -> None:
    path = tmp_path / "token"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(UsageError) as caught:
        read_token(path)
    assert caught.value.code == "NOODLE-E0906"


def test_token_comes_from_the_environment_when_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOODLE_TOKEN", "a-secret-from-the-environment")
    assert read_token() == "a-secret-from-the-environment"


def test_token_lies_in_the_home_folder_when_no_path_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOODLE_TOKEN", raising=False)
    monkeypatch.setenv("NOODLE_HOME", str(tmp_path / "home"))
    token = ensure_token()
    assert (tmp_path / "home" / "token").read_text().strip() == token


def test_matches_only_when_equal() -> None:
    assert matches(b"abc", b"abc")
    assert not matches(b"abc", b"abd")
    assert not matches(b"abc", b"")
