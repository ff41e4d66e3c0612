"""Registering a model: find its files, infer what was not said, and try it once."""

import getpass
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from noodle_ray.ahr.cache import cache_entries
from noodle_ray.ahr.describe import EXPORTED, describe
from noodle_ray.ahr.engines.load import load_engine
from noodle_ray.ahr.files import content_digest, content_size
from noodle_ray.ahr.gguf import gguf_text
from noodle_ray.ahr.signatures import signature_of
from noodle_ray.ahr.sources import Origin, origin, resolve
from noodle_ray.ahr.sources.common import Progress, quiet
from noodle_ray.ahr.spec import STORES, ModelSpec
from noodle_ray.ahr.version import LABEL, ModelVersion

_README = 64 << 10  # bytes that are looked through for a licence


def make_spec(
    name: str,
    source: str,
    *,
    task: str = "",
    engine: str = "",
    version: str = "",
    options: Mapping[str, Any] | None = None,
    progress: Progress = quiet,
) -> ModelSpec:
    """A complete spec for ``Registry.add``: downloads the files if need be; makes a path absolute; infers task, engine
    and version from the files where they were not given; notes their digest, and pins the revision of a repository.
    Raises ModelError when the source cannot be found, is broken or unsafe.
    """
    spec = ModelSpec(name, source, task, engine, version, dict(options or {}))
    if spec.scheme in ("path", "gguf", "onnx"):
        spec = replace(spec, source=f"{spec.scheme}:{Path(spec.place).expanduser().absolute()}")
    found = origin(spec, progress)
    described = describe(found.path, task, engine, spec.options)
    progress(f"{name}: computing the digest of its files")
    digest = content_digest(found.path)
    if spec.scheme == "hf" and found.revision:
        spec = replace(spec, options={**spec.options, "revision": found.revision})
    spec = replace(
        spec, task=described.task, engine=described.engine, version=_label(spec, found, digest), digest=digest
    )
    if spec.scheme in STORES:
        from noodle_ray.ahr.sources.stores import keep

        keep(spec)
    return spec


def _label(spec: ModelSpec, found: Origin, digest: str) -> str:
    """What a version is called if its registration does not say: what its source calls it, or by content."""
    if spec.version:
        return spec.version
    named = found.revision[:12] if spec.scheme == "hf" else found.revision
    return named if LABEL.fullmatch(named) else digest[:12]


def prepare(spec: ModelSpec, progress: Progress = quiet) -> dict[str, Any]:
    """Do now what the first call would wait for: download, export, load, one inference.

    Returns ``Engine.info`` with ``seconds``. Raises ModelError as loading does.
    """
    started = time.monotonic()
    progress(f"{spec.name}: finding {spec.source}")
    path = resolve(spec, progress)
    exports = spec.engine == "onnxruntime" and spec.task in EXPORTED
    progress(
        f"{spec.name}: loading {path.name}"
        + (" (an ONNX export on first use takes about 20 seconds)" if exports else "")
    )
    engine = load_engine(spec)
    try:
        return engine.info() | {"seconds": time.monotonic() - started}
    finally:
        engine.close()


def forget_export(spec: ModelSpec) -> int:
    """Remove what was exported of a model's files from the cache, and return how many files that were."""
    digest = content_digest(resolve(spec))[:32]
    found = [entry.path for entry in cache_entries() if entry.kind == "onnx" and entry.name.startswith(digest)]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def version_of(spec: ModelSpec, info: Mapping[str, Any]) -> ModelVersion:
    """What the registry keeps of a spec whose engine said ``info``: size, licence, signature, and where it is from."""
    found = origin(spec)
    return ModelVersion(
        spec,
        size=content_size(found.path),
        licence=found.licence or licence_in(found.path),
        signature=signature_of(spec.task, info),
        provenance={
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "by": _user(),
            "resolved": str(found.path),
            "revision": found.revision,
        },
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a process whose user has no name
        return ""


def licence_in(path: Path) -> str:
    """The licence that a GGUF header or the front matter of a folder's README.md names, or ''."""
    try:
        if path.suffix == ".gguf":
            with path.open("rb") as file:
                return gguf_text(file, "general.license")[:100]
        with (path / "README.md").open(encoding="utf-8", errors="replace") as text:
            found = re.match(r"---\n(?:.*\n)*?license:[ \t]*([\w.+ -]{1,100})\n(?:.*\n)*?---", text.read(_README))
            return found[1].strip() if found else ""
    except (OSError, ValueError):
        return ""
