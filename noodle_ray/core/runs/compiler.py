"""The compiler service: sources and foreign modules in, verified modules out, all kept in a store."""

import asyncio
from typing import TYPE_CHECKING

from noodle_ray.core.runs.modules import Compilation, Compiled, ModuleStore
from noodle_ray.errors import CompileError, ModuleError

if TYPE_CHECKING:
    from noodle_ray.core.lang.incremental import IncrementalCompiler

UNKNOWN_MODULE = "NOODLE-E0309"
"""Error code: no module with this hash is known."""


class CompilerService:
    """Compiles and verifies in a thread, so that a large source does not stall the event loop. What it compiled before
    makes the next compilation quicker; all that can be told from that is time."""

    def __init__(self, store: ModuleStore) -> None:
        self._store = store
        self._compiler: IncrementalCompiler | None = None

    async def compile(self, source: str) -> Compilation:
        """Compile, verify, encode and store a source text."""
        return await asyncio.to_thread(self._compile, source)

    async def admit(self, nbc: bytes) -> Compilation:
        """Decode, verify and store NBC that a client sent."""
        return await asyncio.to_thread(self._admit, nbc)

    async def fetch(self, digest: str) -> Compilation:
        """Return a stored module. What is on disk is verified like anything else from outside."""
        nbc = await asyncio.to_thread(self._store.get, digest) if _is_digest(digest) else None
        if nbc is None:
            message = f"no module {digest[:64]!r} is known; compile it first"
            return Compilation(None, code=UNKNOWN_MODULE, message=message)
        return await self.admit(nbc)

    def _compile(self, source: str) -> Compilation:
        from noodle_ray.core import nbc
        from noodle_ray.core.lang.incremental import IncrementalCompiler

        if self._compiler is None:
            self._compiler = IncrementalCompiler()
        try:
            module = self._compiler.compile(source)
        except CompileError as error:
            return Compilation(None, diagnostics=tuple(error.diagnostics))
        data = nbc.encode(module)
        return self._keep(data, tuple(module.models))

    def _admit(self, data: bytes) -> Compilation:
        from noodle_ray.core import nbc

        try:
            module = nbc.load(data)
        except ModuleError as error:
            return Compilation(None, code=error.code, message=error.message)
        return self._keep(data, tuple(module.models))

    def _keep(self, data: bytes, models: tuple[str, ...]) -> Compilation:
        from noodle_ray.core import nbc

        digest = nbc.digest(data)
        self._store.put(digest, data)
        return Compilation(Compiled(digest, data, models))


def _is_digest(text: str) -> bool:
    return len(text) == 64 and frozenset("0123456789abcdef").issuperset(text)
