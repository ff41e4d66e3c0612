"""Registering a model: find its files, infer what was not said, and try it once."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from noodle_ray.ahr.describe import describe
from noodle_ray.ahr.engines.load import load_engine
from noodle_ray.ahr.files import content_digest
from noodle_ray.ahr.sources import resolve
from noodle_ray.ahr.spec import ModelSpec

Progress = Callable[[str], None]


def make_spec(
    name: str,
    source: str,
    *,
    task: str = "",
    engine: str = "",
    version: str = "",
    options: Mapping[str, Any] | None = None,
) -> ModelSpec:
    """A complete spec for ``Registry.add``: downloads the files if need be; makes a path absolute; infers task, engine
    and version from the files where they were not given. Raises ModelError when the source cannot be found, is broken
    or unsafe.
    """
    spec = ModelSpec(name, source, task, engine, version, dict(options or {}))
    if spec.scheme in ("path", "gguf", "onnx"):
        spec = replace(spec, source=f"{spec.scheme}:{Path(spec.place).expanduser().absolute()}")
    path = resolve(spec)
    found = describe(path, task, engine)
    # A wheel's or a repository's version selects what is fetched, so only files on disk are named by content.
    named = version or ("" if spec.scheme in ("wheel", "hf") else content_digest(path)[:12])
    return replace(spec, task=found.task, engine=found.engine, version=named)


def prepare(spec: ModelSpec, progress: Progress = lambda message: None) -> dict[str, Any]:
    """Do now what the first call would wait for: download, export, load, one inference.

    Returns ``Engine.info`` with ``seconds``. Raises ModelError as loading does.
    """
    started = time.monotonic()
    progress(f"{spec.name}: finding {spec.source}")
    path = resolve(spec)
    progress(f"{spec.name}: loading {path.name} (an ONNX export on first use takes about 20 seconds)")
    engine = load_engine(spec)
    try:
        return engine.info() | {"seconds": time.monotonic() - started}
    finally:
        engine.close()
