"""Published programs: what they are called, how a reference becomes a module, and what a new version would change."""

import asyncio
import re
from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol

from noodle_ray.core.runs.executor import Executor
from noodle_ray.core.runs.executor import Program as Asked
from noodle_ray.core.runs.modules import Compiled
from noodle_ray.core.runs.ports import Runner, RunStore
from noodle_ray.core.runs.replay import Report, replay
from noodle_ray.core.store.errors import UnknownRun
from noodle_ray.core.store.records import Filter, Program
from noodle_ray.errors import ModuleError, RequestError

BAD_REFERENCE: Final = "NOODLE-E0741"
"""Error code: this cannot be the name of a program, an alias or a version."""
WOULD_DIFFER: Final = "NOODLE-E0740"
"""Error code: a new version does not fit what runs of the program did; it was not published."""
CHECKED_AT_ONCE: Final = 2
"""Replays of one check that run at the same time: they take workers from others."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_ALIAS: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,99}")
_LAST_VERSION: Final = (1 << 31) - 1


class ProgramStore(Protocol):
    """The part of `noodle_ray.core.store.store.Store` that names and references need."""

    async def program(self, tenant: str, name: str, which: int | str | None = None) -> Program: ...

    async def module(self, digest: str) -> bytes | None: ...


class Found(NamedTuple):
    """A published version, and its module."""

    program: Program
    module: Compiled

    @property
    def reference(self) -> str:
        """The version as a reference that always means it."""
        return f"{self.program.name}@{self.program.version}"


def check_name(name: str) -> str:
    """The name of a program. Raises RequestError E0741: letters, digits and ``._-``, at most 100."""
    if not _NAME.fullmatch(name):
        message = f"{name[:100]!r} cannot be a program's name: take letters, digits, '.', '_' and '-', at most 100"
        raise RequestError(message, code=BAD_REFERENCE)
    return name


def check_alias(alias: str) -> str:
    """An alias that may be set. Raises RequestError E0741 for what begins with a digit, and for ``latest``."""
    if not _ALIAS.fullmatch(alias) or alias == "latest":
        message = f"{alias[:100]!r} cannot be an alias: it begins with a letter, and 'latest' is the highest version"
        raise RequestError(message, code=BAD_REFERENCE)
    return alias


def parse(reference: str) -> tuple[str, int | str | None]:
    """The name, and the version or alias, of ``NAME``, ``NAME@3`` or ``NAME@ALIAS``. Raises RequestError E0741."""
    name, at, which = reference.partition("@")
    check_name(name)
    if not at:
        return name, None
    if which.isascii() and which.isdecimal() and len(which) <= 10 and 1 <= int(which) <= _LAST_VERSION:
        return name, int(which)
    if not _ALIAS.fullmatch(which):
        raise RequestError(f"{which[:100]!r} is neither a version nor an alias", code=BAD_REFERENCE)
    return name, which


async def find(store: ProgramStore, executor: Executor, tenant: str, reference: str) -> Found:
    """The version that a reference means now. Raises RequestError E0741 and UnknownProgram."""
    program = await store.program(tenant, *parse(reference))
    try:
        return Found(program, await executor.module(Asked(digest=program.digest)))
    except ModuleError as error:
        if error.code != "NOODLE-E0309":
            raise
    nbc = await store.module(program.digest)  # the compiler's own store may forget; this one does not
    if nbc is None:
        raise ModuleError(f"the module {program.digest} of {reference} is not stored", code="NOODLE-E0309")
    return Found(program, await executor.module(Asked(nbc=nbc)))


async def latest_runs(store: RunStore, tenant: str, name: str, count: int) -> list[str]:
    """The ids of a program's latest runs, the latest first."""
    return [run.id for run in await store.page(Filter(tenant, program=name), limit=count)] if count else []


def gives_otherwise(report: Report) -> bool:
    """Whether a replay with another module ended with something else. Its fuel is its own."""
    return bool(report.differences.keys() - {"fuel"})


async def check(store: RunStore, runner: Runner, module: Compiled, runs: Iterable[str]) -> list[Report]:
    """What another module would do on the journals of these runs, a report each; no model is asked and nothing is
    written."""
    gate = asyncio.Semaphore(CHECKED_AT_ONCE)

    async def one(run: str) -> Report:
        async with gate:
            return await replay(store, runner, run, module=(module.digest, module.nbc))

    reports = await asyncio.gather(*[one(run) for run in runs], return_exceptions=True)
    for report in reports:
        if isinstance(report, BaseException) and not isinstance(report, UnknownRun):  # that one was deleted meanwhile
            raise report
    return [report for report in reports if isinstance(report, Report)]
