"""Where Noodle keeps what outlives a process. Everything lies under one folder, ``NOODLE_HOME``."""

import os
from pathlib import Path


def home() -> Path:
    """The state folder: ``$NOODLE_HOME``, or ``~/.noodle``. Made on first use, readable by its owner only."""
    path = Path(os.environ.get("NOODLE_HOME") or Path.home() / ".noodle")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def token_file() -> Path:
    """The file with the platform's access token."""
    return home() / "token"


def tokens_file() -> Path:
    """The JSON file with the digests of tenants' tokens, where the setting ``tokens`` names no other."""
    return home() / "tokens.json"


def platform_file() -> Path:
    """The JSON file that says which platform ``noodle up`` started: url, process id, Ray address."""
    return home() / "platform.json"


def registry_file() -> Path:
    """The JSON file with the models that the user registered."""
    return home() / "models.json"


def cache_dir() -> Path:
    """Exports, downloads and compiled artifacts; safe to delete."""
    path = home() / "cache"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def log_dir() -> Path:
    """Logs of the platform started in the background."""
    path = home() / "logs"
    path.mkdir(mode=0o700, exist_ok=True)
    return path
