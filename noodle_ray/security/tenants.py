"""Whose a token is: the owner's, or that of a tenant that a file names.

The file has no token, only their SHA-256 digests. Tokens are 256 random bits, so that a plain digest is enough: there
is nothing to guess. JSON: ``{"tenants": {NAME: [{"sha256": HEX, "created": SECONDS, "note": TEXT}]}}``.
"""

import contextlib
import hashlib
import json
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from noodle_ray import paths
from noodle_ray.errors import UsageError
from noodle_ray.files import replacing
from noodle_ray.security.tokens import TOKEN_BYTES, matches

BAD_FILE: Final = "NOODLE-E0934"
"""Error code: the file of tokens is malformed."""
NO_TOKEN: Final = "NOODLE-E0938"
"""Error code: no such tenant or token, or a name that none may have."""
OWNER: Final = ""
"""The tenant of the platform's own token."""
ID_LENGTH: Final = 12
"""Digits of a digest by which people name a token."""

_TENANT: Final = re.compile(r"[A-Za-z0-9._:@/-]{1,64}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_LOCK_SECONDS: Final = 10.0


class Entry(NamedTuple):
    """A token of a tenant. ``created`` is in seconds since 1970."""

    tenant: str
    sha256: str
    created: float | None = None
    note: str = ""

    @property
    def id(self) -> str:
        """What people call it."""
        return self.sha256[:ID_LENGTH]


class Tokens:
    """Knows tokens. `take` replaces those of tenants while requests are served; belongs to one event loop."""

    def __init__(self, owner: str, tenants: Mapping[str, str] | None = None) -> None:
        """``tenants`` by SHA-256, as `tenants_by_digest` has them."""
        self._owner = owner.encode()
        self._tenants: dict[str, str] = {}
        self.take(tenants or {})

    def take(self, tenants: Mapping[str, str]) -> None:
        """Know these tenants' tokens from now on, and no others."""
        self._tenants = dict(tenants)

    def tenant_of(self, token: bytes) -> str | None:
        """Whose a token is; None: nobody's. What is compared is compared in constant time, and what is looked up is a
        digest, of which whoever guesses cannot choose a part."""
        if matches(self._owner, token):
            return OWNER
        if not self._tenants:
            return None
        return self._tenants.get(digest_of(token))

    def tenant_of_header(self, authorization: bytes | None) -> str | None:
        """Whose the token is that a header ``Authorization: Bearer TOKEN`` has."""
        if authorization is None:
            return None
        scheme, _, token = authorization.partition(b" ")
        return self.tenant_of(token.strip()) if scheme.lower() == b"bearer" else None


def digest_of(token: bytes) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token).hexdigest()


def tokens_file(setting: str) -> Path:
    """The file of the setting ``tokens``, where '' is the one in the state folder."""
    return Path(setting) if setting else paths.tokens_file()


def read_entries(file: Path) -> list[Entry]:
    """The tokens that a file names; none if there is no file. Raises UsageError E0934."""
    try:
        if os.name == "posix" and file.stat().st_mode & 0o022:
            raise _malformed(file, "others than its owner may write it; take that away: chmod go-w")
        document = json.loads(file.read_bytes(), object_pairs_hook=_object)
    except FileNotFoundError:
        return []
    except (OSError, ValueError, RecursionError) as error:
        raise _malformed(file, str(error)[:200]) from None
    if not isinstance(document, dict) or document.keys() != {"tenants"} or not isinstance(document["tenants"], dict):
        raise _malformed(file, 'it is an object with "tenants", which is an object')
    found: list[Entry] = []
    for tenant, listed in document["tenants"].items():
        if not _TENANT.fullmatch(tenant):
            raise _malformed(file, f"{tenant[:80]!r} is no tenant's name")
        if not isinstance(listed, list):
            raise _malformed(file, f"{tenant}: a list of tokens is wanted")
        found += [_entry(file, tenant, one) for one in listed]
    digests = [entry.sha256 for entry in found]
    if len(set(digests)) < len(digests):
        raise _malformed(file, "a token stands in it twice")
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands in an object twice")
    return found


def _entry(file: Path, tenant: str, given: Any) -> Entry:
    if not isinstance(given, dict) or not given.keys() <= {"sha256", "created", "note"}:
        raise _malformed(file, f'{tenant}: a token is an object with "sha256", and perhaps "created" and "note"')
    digest, created, note = given.get("sha256"), given.get("created"), given.get("note", "")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise _malformed(file, f'{tenant}: "sha256" is 64 hexadecimal digits in small letters')
    if (created is not None and type(created) not in (int, float)) or not isinstance(note, str):
        raise _malformed(file, f'{tenant}: "created" is a number, and "note" a text')
    return Entry(tenant, digest, created, note)


def tenants_by_digest(file: Path) -> dict[str, str]:
    """Whose tokens are, by their SHA-256. Raises UsageError E0934."""
    return {entry.sha256: entry.tenant for entry in read_entries(file)}


def new_token(tenant: str, note: str = "") -> tuple[str, Entry]:
    """A token that nobody knows yet, and what is kept of it. Raises UsageError E0938 for a name that is none."""
    if not _TENANT.fullmatch(tenant):
        message = f"{tenant[:80]!r} is no tenant's name: that is 1 to 64 letters, digits and . _ : @ / -"
        raise UsageError(message, code=NO_TOKEN)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    return token, Entry(tenant, digest_of(token.encode()), round(time.time(), 3), note)


def add_entry(file: Path, entry: Entry) -> None:
    """Let a token in. Raises UsageError E0934."""
    with _changing(file) as entries:
        entries.append(entry)


def remove_entries(file: Path, named: str) -> list[Entry]:
    """Let a token in no more, named by the beginning of its digest, or all of a tenant; returns them. Raises UsageError
    E0934, and E0938 if there is none, or more than one token begins like this."""
    with _changing(file) as entries:
        gone = [entry for entry in entries if entry.tenant == named]
        gone = gone or [entry for entry in entries if len(named) >= 4 and entry.sha256.startswith(named)]
        if not gone or len({entry.tenant for entry in gone}) > 1 or (len(gone) > 1 and gone[0].tenant != named):
            message = (
                f"no tenant is called {named[:80]!r}, and it is not the id of one token; `noodle tokens list` has both"
            )
            raise UsageError(message, code=NO_TOKEN)
        entries[:] = [entry for entry in entries if entry not in gone]
    return gone


def entry_object(entry: Entry) -> dict[str, Any]:
    """An entry as the file has it."""
    more = {"created": entry.created, "note": entry.note or None}
    return {"sha256": entry.sha256, **{name: value for name, value in more.items() if value is not None}}


@contextlib.contextmanager
def _changing(file: Path) -> Iterator[list[Entry]]:
    """The entries, which are written when the block ends well, in one step. Two who change them take turns."""
    from filelock import FileLock, Timeout

    try:
        file = file.resolve()  # what a link leads to is changed, not the link
        with FileLock(f"{file}.lock", timeout=_LOCK_SECONDS):
            entries = read_entries(file)
            yield entries
            _write(file, entries)
    except Timeout:
        raise _malformed(file, "another process has locked it") from None
    except OSError as error:
        raise _malformed(file, str(error)) from None


def _write(file: Path, entries: list[Entry]) -> None:
    tenants: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        tenants.setdefault(entry.tenant, []).append(entry_object(entry))
    with replacing(file) as written:
        with contextlib.suppress(FileNotFoundError):
            before = file.stat()
            if (before.st_uid, before.st_gid) != (os.getuid(), os.getgid()):
                os.fchown(written.fileno(), before.st_uid, before.st_gid)
            os.fchmod(written.fileno(), stat.S_IMODE(before.st_mode))
        json.dump({"tenants": tenants}, written, indent=2)
        written.write("\n")


def _malformed(file: Path, what: str) -> UsageError:
    return UsageError(f"the file of tokens {file}: {what}", code=BAD_FILE)
