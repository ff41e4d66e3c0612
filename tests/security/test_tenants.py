"""Whose tokens are: the file, what is wrong with it, and that no token stands in it."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from noodle_ray.errors import UsageError
from noodle_ray.security.tenants import (
    Tokens,
    add_entry,
    digest_of,
    new_token,
    read_entries,
    remove_entries,
    tenants_by_digest,
)

DIGEST = "ab" * 32


def test_token_is_its_tenants_until_it_is_revoked(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    token, entry = new_token("acme", "laptop")
    add_entry(file, entry)
    assert token not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    tokens = Tokens("the-owners-own-token", tenants_by_digest(file))
    assert tokens.tenant_of(token.encode()) == "acme"
    assert tokens.tenant_of(b"the-owners-own-token") == ""
    for none in (b"", entry.sha256.encode(), token.encode() + b"x", token[:-1].encode(), b"\xff"):
        assert tokens.tenant_of(none) is None
    assert remove_entries(file, entry.id) == [entry]
    tokens.take(tenants_by_digest(file))
    assert tokens.tenant_of(token.encode()) is None
    assert tokens.tenant_of(b"the-owners-own-token") == ""


@pytest.mark.parametrize(
    ("header", "tenant"),
    [(b"Bearer mine-mine-mine-1", "a"), (b"bearer  mine-mine-mine-1", "a"), (b"Basic mine-mine-mine-1", None)]
    + [
        (value, None) for value in (None, b"", b"Bearer", b"Bearer ", b"mine-mine-mine-1", b"Bearer mine-mine-mine-1,x")
    ],
)
def test_header_says_whose_it_is(header: bytes | None, tenant: str | None) -> None:
    tokens = Tokens("the-owners-own-token", {digest_of(b"mine-mine-mine-1"): "a"})
    assert tokens.tenant_of_header(header) == tenant


def test_owner_stays_the_owner_when_a_file_names_his_token() -> None:
    tokens = Tokens("the-owners-own-token", {digest_of(b"the-owners-own-token"): "a"})
    assert tokens.tenant_of(b"the-owners-own-token") == ""


@pytest.mark.parametrize("tenant", ["", "*", "a b", "a" * 65, "ä", "a\n"])
def test_name_that_is_none_is_refused(tmp_path: Path, tenant: str) -> None:
    with pytest.raises(UsageError) as caught:
        new_token(tenant)
    assert caught.value.code == "NOODLE-E0938"
    (tmp_path / "t.json").write_text(json.dumps({"tenants": {tenant: [{"sha256": DIGEST}]}}))
    with pytest.raises(UsageError) as caught:
        read_entries(tmp_path / "t.json")
    assert caught.value.code == "NOODLE-E0934"


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{", "{}", '{"tenants": []}', '{"tenants": {}, "more": 1}', '{"tenants": {"a": {}}}',
        '{"tenants": {"a": ["DIGEST"]}}', '{"tenants": {"a": [{}]}}',
        '{"tenants": {"a": [{"sha256": "UPPER"}]}}', '{"tenants": {"a": [{"sha256": "DIGESTx"}]}}',
        '{"tenants": {"a": [{"sha256": "DIGEST", "token": "x"}]}}',
        '{"tenants": {"a": [{"sha256": "DIGEST", "created": "x"}]}}',
        '{"tenants": {"a": [{"sha256": "DIGEST"}], "b": [{"sha256": "DIGEST"}]}}',
    ],
)  # fmt: skip
def test_file_with_a_mistake_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.json").write_text(text.replace("DIGEST", DIGEST).replace("UPPER", DIGEST.upper()))
    with pytest.raises(UsageError) as caught:
        read_entries(tmp_path / "t.json")
    assert caught.value.code == "NOODLE-E0934"


def test_no_file_is_no_tenants(tmp_path: Path) -> None:
    assert tenants_by_digest(tmp_path / "none.json") == {}


def test_all_of_a_tenant_go_at_once_and_no_other(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    entries = [new_token(tenant)[1] for tenant in ("a", "b", "a")]
    for entry in entries:
        add_entry(file, entry)
    for named in ("", "c", entries[0].sha256[:3], "ff" * 32):
        with pytest.raises(UsageError) as caught:
            remove_entries(file, named)
        assert caught.value.code == "NOODLE-E0938"
    remove_entries(file, "a")
    assert read_entries(file) == [entries[1]]


def test_none_is_lost_when_several_are_made_at_once(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    entries = [new_token(f"t{n % 3}")[1] for n in range(12)]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda entry: add_entry(file, entry), entries))
    assert sorted(entry.sha256 for entry in read_entries(file)) == sorted(entry.sha256 for entry in entries)
    assert {path.name for path in tmp_path.iterdir()} == {"tokens.json", "tokens.json.lock"}


def test_file_keeps_its_place_and_mode_when_it_is_changed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "tokens.json", tmp_path / "link.json"
    (_, one), (_, other) = new_token("acme"), new_token("acme")
    add_entry(real, one)
    real.chmod(0o640)
    link.symlink_to(real)
    add_entry(link, other)
    assert (link.is_symlink(), stat.S_IMODE(real.stat().st_mode)) == (True, 0o640)
    assert remove_entries(link, one.id) == [one]
    assert read_entries(real) == read_entries(link) == [other]


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_file_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "tokens.json"
    _, entry = new_token("acme")
    add_entry(file, entry)
    file.chmod(mode)
    with pytest.raises(UsageError, match="chmod") as caught:
        tenants_by_digest(file)
    assert caught.value.code == "NOODLE-E0934"
    with pytest.raises(UsageError):
        add_entry(file, entry)


@pytest.mark.parametrize(
    "text",
    [
        f'{{"tenants": {{"a": [{{"sha256": "{DIGEST}"}}], "a": []}}}}',
        f'{{"tenants": {{"a": [{{"sha256": "{DIGEST}"}}]}}, "tenants": {{}}}}',
        f'{{"tenants": {{"a": [{{"sha256": "{"cd" * 32}", "sha256": "{DIGEST}"}}]}}}}',
    ],
)
def test_name_that_stands_twice_is_refused_and_drops_no_token(tmp_path: Path, text: str) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(UsageError, match="twice"):
        tenants_by_digest(file)
