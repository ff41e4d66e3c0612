"""Payloads that are too large for a row: files in a folder, a bucket or whatever else fsspec knows.

An object's name is ``RUN/SHA256``: addressed by content, but a run's own. So two writers of the same bytes never meet a
deletion, no count of references can be wrong, and what a crash left behind goes with the run.
"""

import asyncio
import contextlib
import hashlib
import os
import secrets
from concurrent.futures import Executor
from typing import Any, Final

import fsspec

from noodle_ray.core.store.errors import DAMAGED, failed
from noodle_ray.errors import PlatformError

INLINE_BYTES: Final = 16_384
"""Payloads up to this length stay in their row."""


class Objects:
    """The object storage under a URL of fsspec, such as a path, ``file://…`` or ``s3://bucket/folder``."""

    def __init__(self, url: str, threads: Executor | None = None, inline: int = INLINE_BYTES) -> None:
        self._fs: Any
        self._fs, root = fsspec.core.url_to_fs(url)
        self._root = root.rstrip("/")
        self._threads = threads
        self._inline = inline

    async def put(self, run: str, data: bytes) -> tuple[bytes | None, str | None]:
        """The columns for a payload: itself, or the name of the object that has it now."""
        if len(data) <= self._inline:
            return data, None
        return None, await self._in_thread(self._put, run, data)

    async def get(self, inline: bytes | None, ref: str | None) -> bytes:
        """The payload of these columns. Raises PlatformError E0824 if its object is gone or damaged."""
        if ref is None:
            return inline or b""
        data: bytes = await self._in_thread(self._get, ref)
        return data

    async def copy(self, ref: str, run: str) -> str:
        """Make another run an owner of the same content; returns its name there."""
        data = await self.get(None, ref)
        name: str = await self._in_thread(self._put, run, data)
        return name

    async def delete(self, run: str) -> None:
        """Delete all objects of a run."""
        await self._in_thread(self._delete, run)

    async def _in_thread(self, function: Any, *arguments: Any) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
        except OSError as error:
            raise failed("the object storage", error) from error

    def _put(self, run: str, data: bytes) -> str:
        name = f"{run}/{hashlib.sha256(data).hexdigest()}"
        path = f"{self._root}/{name}"
        if self._fs.exists(path):
            return name
        self._fs.makedirs(f"{self._root}/{run}", exist_ok=True)
        draft = f"{path}.{secrets.token_hex(4)}"  # what has the final name is whole
        with self._fs.open(draft, "wb") as file:
            file.write(data)
            _flush(file)
        self._fs.mv(draft, path)
        if _is_local(self._fs):
            _flush_folder(f"{self._root}/{run}")
        return name

    def _get(self, name: str) -> bytes:
        try:
            data: bytes = self._fs.cat_file(f"{self._root}/{name}")
        except FileNotFoundError:
            raise PlatformError(f"the stored object {name} is missing", code=DAMAGED) from None
        if hashlib.sha256(data).hexdigest() != name.rpartition("/")[2]:
            raise PlatformError(f"the stored object {name} is damaged", code=DAMAGED)
        return data

    def _delete(self, run: str) -> None:
        folder = f"{self._root}/{run}"
        if self._fs.exists(folder):
            self._fs.rm(folder, recursive=True)

    def names(self) -> list[str]:
        """All objects there are, by name."""
        start = len(self._root) + 1
        return sorted(path[start:] for path in self._fs.find(self._root)) if self._fs.exists(self._root) else []

    def read(self, name: str) -> bytes:
        """One object's bytes, for a back-up."""
        return self._get(name)

    def write(self, name: str, data: bytes) -> None:
        """Put back an object from a back-up."""
        self._put(name.partition("/")[0], data)


def _is_local(fs: Any) -> bool:
    return "file" in (fs.protocol if isinstance(fs.protocol, tuple) else (fs.protocol,))


def _flush(file: Any) -> None:
    """Put a local file on disk before a row may name it; other storages do that when they are closed."""
    file.flush()
    with contextlib.suppress(AttributeError, OSError):
        os.fsync(file.fileno())


def _flush_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
