"""The access token: made at first start, readable by its owner only, found by the CLI and the driver by themselves.

One token opens every endpoint but health. It comes from ``$NOODLE_TOKEN`` when that is set (containers get
secrets that way), else from the file `noodle_ray.paths.token_file`.
"""

import hmac
import os
import secrets
import stat
from pathlib import Path

from noodle_ray import paths
from noodle_ray.errors import UsageError

TOKEN_BYTES = 32
"""Bytes of randomness in a token; its text is 43 URL-safe characters."""

MIN_LENGTH = 16
"""The shortest token that is accepted from the environment or a file, in characters."""


def ensure_token(path: Path | None = None) -> str:
    """Return the token, making it first if there is none. Raises UsageError E0905 if others can read the file."""
    existing = read_token(path)
    if existing is not None:
        return existing
    target = path or paths.token_file()
    token = secrets.token_urlsafe(TOKEN_BYTES)
    # Written aside and linked into place: of two first starts one wins whole, and no reader sees half a token.
    draft = target.with_name(f"{target.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(token + "\n")
        os.link(draft, target)
    except FileExistsError:
        winner = read_token(target)
        return token if winner is None else winner
    finally:
        draft.unlink()
    return token


def read_token(path: Path | None = None) -> str | None:
    """Return the token, or None if there is none yet.

    Raises UsageError E0905 if the file can be read by others, E0906 if it holds no usable token.
    """
    if path is None:
        from_environment = os.environ.get("NOODLE_TOKEN", "").strip()
        if from_environment:
            return _usable(from_environment, "$NOODLE_TOKEN")
        path = paths.token_file()
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read(4096).strip()
    except FileNotFoundError:
        return None
    if mode & 0o077:
        raise UsageError(f"the token file {path} can be read by others; run: chmod 600 {path}", code="NOODLE-E0905")
    return _usable(text, str(path))


def matches(expected: bytes, given: bytes) -> bool:
    """Compare tokens in a time that does not depend on where they differ."""
    return hmac.compare_digest(expected, given)


def _usable(token: str, origin: str) -> str:
    if len(token) < MIN_LENGTH or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(
            f"the token in {origin} must be at least {MIN_LENGTH} printable ASCII characters without spaces",
            code="NOODLE-E0906",
        )
    return token
