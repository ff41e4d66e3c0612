"""``noodle tokens``, and a platform that takes what it made."""

import json
from pathlib import Path

import pytest

from noodle_ray.client.connection import connect
from noodle_ray.security.tenants import Tokens, tenants_by_digest
from tests.cli.conftest import Command, Done
from tests.client.conftest import Served, platform

__all__ = ["platform"]


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("NOODLE_HOME", str(tmp_path))
    monkeypatch.delenv("NOODLE_TOKENS", raising=False)
    return tmp_path


def test_token_is_printed_once_and_lets_its_tenant_in(noodle: Command, home: Path) -> None:
    token = noodle("tokens", "new", "acme", "--note", "laptop").out.strip()
    known = Tokens("the-owners-own-token", tenants_by_digest(home / "tokens.json"))
    assert known.tenant_of(token.encode()) == "acme"
    listed = noodle("tokens", "list", "--json").out
    (one,) = json.loads(listed)["tokens"]
    assert (one["tenant"], one["note"]) == ("acme", "laptop")
    assert token not in listed + noodle("tokens", "list").out
    assert noodle("tokens", "revoke", one["id"]).out == f"revoked {one['id']} of acme\n"
    assert json.loads(noodle("tokens", "list", "--json").out) == {"tokens": []}
    gone = noodle("tokens", "revoke", one["id"])
    assert (gone.status, "NOODLE-E0938" in gone.err) == (2, True)


def test_entry_is_printed_for_a_file_elsewhere(noodle: Command, home: Path) -> None:
    token, entry = noodle("tokens", "new", "acme", "--print").out.splitlines()
    assert not (home / "tokens.json").exists()
    file = home / "other.json"
    file.write_text(json.dumps({"tenants": json.loads(entry)}))
    assert Tokens("the-owners-own-token", tenants_by_digest(file)).tenant_of(token.encode()) == "acme"
    assert len(json.loads(noodle("tokens", "list", "--json", "--file", file).out)["tokens"]) == 1


def test_setting_names_the_file(noodle: Command, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOODLE_TOKENS", str(home / "mine.json"))
    made = json.loads(noodle("tokens", "new", "acme", "--json").out)
    assert made["file"] == str(home / "mine.json")
    assert tenants_by_digest(home / "mine.json") == {made["entry"]["sha256"]: "acme"}


def test_bad_name_and_broken_file_are_misuse(noodle: Command, home: Path) -> None:
    assert noodle("tokens", "new", "a b").status == 2
    (home / "tokens.json").write_text("{")
    broken = noodle("tokens", "new", "acme")
    assert (broken.status, broken.out, "NOODLE-E0934" in broken.err) == (2, "", True)
    assert (home / "tokens.json").read_text() == "{"


def test_tenant_works_with_a_platform_and_finds_what_is_its_own(
    noodle: Command, home: Path, platform: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOODLE_URL", platform.url)
    token = noodle("tokens", "new", "acme").out.strip()
    platform.tokens.take(tenants_by_digest(home / "tokens.json"))
    file = home / "double.noodle"
    file.write_text("def main(n: int):\n    return 2 * n\n")

    def by(whose: str, *argv: str | Path) -> Done:
        monkeypatch.setenv("NOODLE_TOKEN", whose)
        return noodle(*argv)

    assert by(token, "programs", "publish", "double", file).status == 0
    assert by(token, "programs", "run", "double", "--args", "[21]").out == "42\n"
    run = by(token, "runs", "start", file, "--args", "[4]").out.strip()
    assert by(token, "runs", "wait", run).out == "8\n"
    for refused in (("runs", "show", run), ("runs", "cancel", run), ("programs", "run", "double", "--args", "[1]")):
        other = by(platform.token, *refused)
        assert (other.status, "there is no " in other.err) == (2, True)
    assert run not in by(platform.token, "runs", "list").out
    with connect(platform.url, token) as driver:
        assert run in [one["id"] for one in driver.runs.list()[0]]
    noodle("tokens", "revoke", "acme")
    platform.tokens.take(tenants_by_digest(home / "tokens.json"))
    gone = by(token, "runs", "show", run)
    assert (gone.status, "NOODLE-E0701" in gone.err, token in gone.err) == (2, True, False)
