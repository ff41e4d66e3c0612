"""Repositories of Hugging Face, through huggingface_hub: from its cache, else downloaded; never code."""

import hashlib
import re
from pathlib import Path
from typing import Any

from noodle_ray.ahr import codes
from noodle_ray.ahr.sources.common import PICKLES, SAFE_SUFFIXES, Progress, missing, shown_size
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def hub_folder(spec: ModelSpec, progress: Progress) -> Path:
    """The snapshot of a repository at the option ``revision``, else the version. A download that broke off goes on
    where it ended. Raises ModelError E0602, or E0612 for a file whose content is not what the hub announced.
    """
    if not _REPOSITORY.fullmatch(spec.place):
        raise missing(spec, f"{spec.place[:80]!r} is no Hugging Face id")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    revision = spec.options.get("revision") or spec.version or None
    try:
        try:
            folder = Path(snapshot_download(spec.place, revision=revision, local_files_only=True))
            if _complete(spec, folder):
                return folder
        except LocalEntryNotFoundError:
            pass
        progress(f"{spec.name}: fetching {spec.place} from Hugging Face")
        folder = Path(
            snapshot_download(
                spec.place, revision=revision, allow_patterns=_patterns(spec), tqdm_class=_meter(spec, progress)
            )
        )
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError, ValueError) as error:
        why = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        hint = "check the id, the network, and HF_TOKEN if it is gated"
        raise missing(spec, f"Hugging Face did not give {spec.place}: {why}", hint) from error
    _check_blobs(spec, folder)
    return folder


def commit_of(path: Path) -> str:
    """The commit that a file or folder of a snapshot belongs to, or ''."""
    parts = path.parts
    return parts[parts.index("snapshots") + 1] if "snapshots" in parts[:-1] else ""


def _complete(spec: ModelSpec, folder: Path) -> bool:
    """A snapshot may be partial: another program fetched only a file or two of it."""
    if file := spec.options.get("file"):
        return (folder / str(file)).is_file()
    suffixes = ("*.safetensors", "*.bin") if spec.options.get("allow_pickle") else ("*.safetensors",)
    return any(next(folder.rglob(suffix), None) for suffix in suffixes)


def _patterns(spec: ModelSpec) -> list[str]:
    if file := spec.options.get("file"):
        return ["*.json", "*.txt", "*.model", "README.md", file, f"{file}_data", f"{file}.data"]
    suffixes = (*SAFE_SUFFIXES, *PICKLES) if spec.options.get("allow_pickle") else SAFE_SUFFIXES
    return [*(f"*{suffix}" for suffix in suffixes), "README.md"]


def _check_blobs(spec: ModelSpec, folder: Path) -> None:
    """Large files are stored under the SHA-256 that the hub announced, so their content can be held against it."""
    for path in folder.rglob("*"):
        blob = path.resolve()
        if not path.is_symlink() or not _SHA256.fullmatch(blob.name) or not blob.is_file():
            continue
        with blob.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != blob.name:
            blob.unlink()
            path.unlink()
            raise ModelError(
                f"the file {path.name} of {spec.place} arrived damaged: its SHA-256 is {digest[:12]}…, and the hub "
                f"announced {blob.name[:12]}…",
                code=codes.WRONG_DIGEST,
                hint="it was removed; try again",
            )


def _meter(spec: ModelSpec, progress: Progress) -> Any:
    """The class of progress bars that huggingface_hub is to use: it tells ``progress`` in place of a terminal."""
    from huggingface_hub.utils import tqdm

    class Meter(tqdm):  # type: ignore[misc, unused-ignore]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": True})
            self._unit, self._total, self._done = (
                kwargs.get("unit"),
                kwargs.get("total") or 0,
                kwargs.get("initial") or 0,
            )

        def update(self, n: float | None = 1) -> None:
            self._done += n or 0
            self._total = max(self._total, getattr(self, "total", 0) or 0)
            if self._unit == "B":
                total = f" of {shown_size(self._total)}" if self._total else ""
                progress(f"{spec.name}: {shown_size(self._done)}{total}")

    return Meter
