"""The record of the platform that was started here, in `noodle_ray.paths.platform_file`."""

import json
import os
from collections.abc import Sequence
from typing import NamedTuple

from noodle_ray import paths

STARTING = "starting"
RUNNING = "running"
STOPPING = "stopping"
FAILED = "failed"
STOPPED = "stopped"


class PlatformState(NamedTuple):
    """A platform.

    ``state`` is one of this module's constants, and ``stage`` says in words what it is doing. ``pid`` and
    ``created`` (seconds since the epoch) identify the supervising process beyond reuse of its number; ``marker`` is
    in the environment of every process the platform started. ``run_dir`` holds sockets and Ray's session.
    ``grpc`` is the address for gRPC, or ''. ``stages`` are all that its start went through, however quickly.
    """

    state: str
    stage: str = ""
    url: str = ""
    token_file: str = ""
    pid: int = 0
    created: float = 0.0
    marker: str = ""
    run_dir: str = ""
    ray_address: str = ""
    log: str = ""
    grpc: str = ""
    stages: Sequence[str] = ()


def read_state() -> PlatformState | None:
    """Return the record, or None if there is none or it cannot be understood."""
    try:
        values = json.loads(paths.platform_file().read_text(encoding="utf-8"))
        return PlatformState(**{name: values[name] for name in PlatformState._fields if name in values})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_state(state: PlatformState) -> None:
    """Replace the record; readers never see half of it."""
    target = paths.platform_file()
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    draft.write_text(json.dumps(state._asdict(), indent=1), encoding="utf-8")
    draft.chmod(0o600)
    os.replace(draft, target)


def remove_state() -> None:
    """Forget the platform."""
    paths.platform_file().unlink(missing_ok=True)
