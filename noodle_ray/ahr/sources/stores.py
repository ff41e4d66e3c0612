"""Object stores and web servers, through fsspec.

A download goes into the cache file by file. One that broke off goes on where it ended, if the store has the same file.
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from noodle_ray.ahr.cache import make_room, touch
from noodle_ray.ahr.files import cache_folder, write_atomically
from noodle_ray.ahr.sources.common import Progress, missing, safe_name, shown_size, wanted
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

_PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "http": "aiohttp", "https": "aiohttp"}
_MARKS = ("size", "ETag", "etag", "LastModified", "mtime", "created", "md5Hash")  # of what the stores tell of a file
_CHUNK = 4 << 20
_MAX_FILES = 10_000


def store_folder(spec: ModelSpec, progress: Progress) -> Path:
    """The folder with the files of a store, fetched if need be. Credentials are those of the environment.

    With a digest in the spec what was fetched once is used again without asking the store. Raises ModelError E0602.
    """
    from filelock import FileLock

    home = _home(spec.source, spec.digest)
    with FileLock(f"{home}.lock"):
        if not (spec.digest and (home / "manifest.json").exists()):
            try:
                _Download(spec, home, progress).run()
            except ModelError:
                raise
            except ImportError as error:
                package = _PACKAGES.get(spec.scheme, "")
                hint = f"pip install {package}" if package else ""
                raise missing(spec, f"{spec.scheme}:// needs the package {package or error.name}", hint) from error
            except Exception as error:  # stores raise what their client libraries do
                why = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
                raise missing(spec, f"{spec.source[:200]} could not be fetched: {why}") from error
            make_room()
    touch(home)
    return home / "files"


def keep(spec: ModelSpec) -> None:
    """Put what was fetched before its digest was known where a spec with the digest finds it."""
    from filelock import FileLock

    loose, home = _home(spec.source, ""), _home(spec.source, spec.digest)
    with FileLock(f"{loose}.lock"), FileLock(f"{home}.lock"):
        if not home.exists() and loose.exists():
            loose.rename(home)


def forget(spec: ModelSpec) -> None:
    """Remove what was fetched: it is not what the spec's digest promises."""
    from filelock import FileLock

    home = _home(spec.source, spec.digest)
    with FileLock(f"{home}.lock"):
        shutil.rmtree(home, ignore_errors=True)


def is_kept(spec: ModelSpec) -> bool:
    """Whether the files are in the cache."""
    return (_home(spec.source, spec.digest) / "manifest.json").exists()


def _home(source: str, digest: str) -> Path:
    return cache_folder("stores") / hashlib.sha256(f"{source}\0{digest}".encode()).hexdigest()[:32]


class _Download:
    """One synchronization of a folder in the cache with a store."""

    def __init__(self, spec: ModelSpec, home: Path, progress: Progress) -> None:
        import fsspec

        self._spec, self._home, self._progress = spec, home, progress
        self._fs, self._root = fsspec.core.url_to_fs(spec.source)
        self._files, self._parts = home / "files", home / "parts"

    def run(self) -> None:
        """Fetch what is not there yet; forget what the store has no longer."""
        remote = self._remote()
        for folder in (self._files, self._parts):
            folder.mkdir(parents=True, exist_ok=True)
        known = self._known("manifest.json")
        total = sum(size or 0 for _, size, _ in remote.values())
        done = 0
        for name, (path, size, mark) in remote.items():
            if known.get(name) != mark or not (self._files / name).is_file():
                self._fetch(name, path, size, mark, done, total)
            done += size or 0
        for local in [path for path in self._files.rglob("*") if path.is_file()]:
            if local.relative_to(self._files).as_posix() not in remote:
                local.unlink()
        marks = {name: mark for name, (_, _, mark) in remote.items()}
        write_atomically(self._home / "manifest.json", json.dumps(marks).encode())
        shutil.rmtree(self._parts)

    def _remote(self) -> dict[str, tuple[str, int | None, str]]:
        """Per relative name: path in the store, size in bytes if it is known, and a mark of the content."""
        info = {} if self._spec.place.endswith("/") else self._fs.info(self._root)
        if info.get("type") == "file":
            found = {self._root: info}
            base = self._root.rpartition("/")[0]
        else:
            found = self._fs.find(self._root, detail=True)
            base = self._root.rstrip("/")
        files = {}
        for path, info in found.items():
            name = path.removeprefix(base).lstrip("/").partition("?")[0]
            if not path.startswith(base) or not safe_name(name):
                raise missing(self._spec, f"the store has a file with the unusable name {name[:80]!r}")
            if wanted(self._spec, name):
                files[name] = (path, info.get("size"), self._mark(info))
        if not files or len(files) > _MAX_FILES:
            raise missing(self._spec, f"{self._spec.source[:200]} holds {len(files):,} model files")
        return files

    def _mark(self, info: dict[str, Any]) -> str:
        kept = {key: str(info.get(key)) for key in _MARKS}
        return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]

    def _known(self, file: str) -> dict[str, Any]:
        try:
            data = json.loads((self._home / file).read_bytes())
        except (OSError, ValueError):
            return {}
        return data if isinstance(data, dict) else {}

    def _fetch(self, name: str, path: str, size: int | None, mark: str, before: int, total: int) -> None:
        part = self._parts / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.{mark}"
        target = self._files / name
        target.parent.mkdir(parents=True, exist_ok=True)
        have = part.stat().st_size if part.exists() else 0
        with self._fs.open(path, "rb", cache_type="none") as source, part.open("ab") as out:
            if have:
                try:
                    source.seek(have)
                except (ValueError, NotImplementedError, OSError):  # a server without ranges: from the start
                    out.truncate(have := 0)
            while chunk := source.read(_CHUNK):
                out.write(chunk)
                have += len(chunk)
                self._progress(f"{self._spec.name}: {shown_size(before + have)} of {shown_size(max(total, have))}")
        if size is not None and have != size:
            part.unlink()
            raise missing(self._spec, f"{path} ended after {have:,} of {size:,} bytes")
        part.replace(target)
