"""Content digests of model files, and the cache folder that is keyed by them."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

from noodle_ray import paths
from noodle_ray.ahr import codes
from noodle_ray.errors import ModelError

_CONTENT = {".json", ".txt", ".safetensors", ".model", ".onnx", ".onnx_data", ".data", ".gguf"}


def content_files(root: Path) -> list[Path]:
    """The files under ``root`` that decide what a model computes, sorted; ``root`` itself if it is a file."""
    if root.is_file():
        return [root]
    found = [path for path in root.rglob("*") if path.suffix in _CONTENT and path.is_file()]
    if not any(path.suffix == ".safetensors" for path in found):
        found += [path for path in root.rglob("*.bin") if path.is_file()]
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(root).parts))


def contained(path: Path, root: Path) -> Path:
    """``path``, if no model file of it is a link that leads out of ``root``, the folder that the model came in.

    A snapshot of Hugging Face's cache links to the blobs beside it. Raises ModelError E0604.
    """
    allowed = [root.resolve()]
    for folder in (path, *path.parents):
        if folder.parent.name == "snapshots":
            allowed.append(folder.parent.parent.resolve() / "blobs")
    for file in content_files(path):
        target = file.resolve()
        if not any(target.is_relative_to(home) for home in allowed):
            raise ModelError(
                f"the model at {path} cannot be loaded: its file {file.name} is a link that leads out of its folder",
                code=codes.LOAD_FAILED,
            )
    return path


def content_size(root: Path) -> int:
    """Bytes in the files that decide what a model computes."""
    return sum(path.stat().st_size for path in content_files(root))


def content_digest(root: Path) -> str:
    """SHA-256 (hex) over names and contents of the model's files.

    Hashing 90 MB takes 0.4 s, so a digest is remembered until a file's size, time or inode changes.
    """
    root = root.resolve()
    files = content_files(root)
    stamp = [[str(path), *_identity(path)] for path in files]
    memory = _folder("digests") / f"{hashlib.sha256(str(root).encode()).hexdigest()[:32]}.json"
    try:
        known = json.loads(memory.read_bytes())
        if known["stamp"] == stamp:
            return str(known["digest"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    digest = _hash(root, files)
    write_atomically(memory, json.dumps({"stamp": stamp, "digest": digest}).encode())
    return digest


def _identity(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def _hash(root: Path, files: list[Path]) -> str:
    total = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
        name = path.name if path == root else path.relative_to(root).as_posix()
        total.update(len(name.encode()).to_bytes(4, "big") + name.encode() + content)
    return total.hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that other processes see whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with open(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _folder(name: str) -> Path:
    path = paths.cache_dir() / name
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def cache_folder(name: str) -> Path:
    """A folder of this name in the cache, made on first use."""
    return _folder(name)
