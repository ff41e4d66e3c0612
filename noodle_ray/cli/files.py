"""Programs as files: Noodle source, NBC, or source on standard input."""

import sys

from noodle_ray.core.nbc.module import Module
from noodle_ray.errors import CompileError, Diagnostic, UsageError
from noodle_ray.light import NamedTuple

MAX_BYTES = 64 * 1024 * 1024
"""No file beyond this is read: it is far above what the compiler and the verifier accept."""


class Loaded(NamedTuple):
    """A program ready to run: its module and encoded form; its source unless it came as NBC."""

    filename: str
    source: str | None
    module: Module
    nbc: bytes


def read_bytes(file: str) -> bytes:
    """Return a file's bytes, or those of standard input for '-'; UsageError E0902 if there are none."""
    try:
        if file == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with open(file, "rb") as stream:
                data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        hint = _nearby(file) if isinstance(error, FileNotFoundError) else ""
        raise UsageError(f"cannot read {file}: {error.strerror}", code="NOODLE-E0902", hint=hint) from None
    if len(data) > MAX_BYTES:
        raise UsageError(f"{file} is larger than {MAX_BYTES >> 20} MiB", code="NOODLE-E0902")
    return data


def source_text(data: bytes, filename: str) -> str:
    """Decode source, which is UTF-8; CompileError E0002 at the first byte that is not."""
    data = data.removeprefix(b"\xef\xbb\xbf")  # a byte order mark; the codec for it would be one more module
    try:
        return data.decode().replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        start = before.rfind(b"\n") + 1
        line, column = before.count(b"\n") + 1, len(before[start:].decode("utf-8", "replace"))
        found = Diagnostic(
            "NOODLE-E0002", "the source is not UTF-8 text", (line, column, line, column + 1), "save the file as UTF-8"
        )
        raise CompileError([found], data.decode("utf-8", "replace"), filename) from None


def is_nbc(file: str, data: bytes) -> bool:
    """Return whether a file holds NBC and not source: by its name or by its first bytes, which no UTF-8 text has."""
    return file.endswith(".nbc") or data[:4] == b"\xf5NBC"


def load_program(file: str) -> Loaded:
    """Read a program and compile it, or verify it if it is NBC. Raises UsageError, CompileError, ModuleError."""
    from noodle_ray.core import nbc

    data = read_bytes(file)
    if is_nbc(file, data):
        return Loaded(file, None, nbc.load(data), data)
    from noodle_ray.core.lang import compile_source

    filename = "<stdin>" if file == "-" else file
    source = source_text(data, filename)
    module = compile_source(source, filename)
    return Loaded(filename, source, module, nbc.encode(module))


def _nearby(file: str) -> str:
    """Return a hint that names a file with a similar name in the same folder, or ''."""
    import os
    from difflib import get_close_matches

    folder, name = os.path.split(file)
    try:
        found = get_close_matches(name, os.listdir(folder or "."), n=1, cutoff=0.75)
    except OSError:
        return f"there is no folder {folder}"
    return f"did you mean {os.path.join(folder, found[0])}?" if found else ""
