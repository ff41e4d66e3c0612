"""Published programs: what they are called, how a reference becomes a module, and what a new version would change."""

import asyncio
import re
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from noodle_ray.core.runs.executor import Executor
from noodle_ray.core.runs.executor import Program as Asked
from noodle_ray.core.runs.modules import Compiled
from noodle_ray.core.runs.ports import Runner, RunStore
from noodle_ray.core.runs.replay import Report, replay
from noodle_ray.core.store.errors import DAMAGED, UnknownRun
from noodle_ray.core.store.records import Filter, Meant, Program, Run, run_id
from noodle_ray.errors import ModuleError, NoodleError, RequestError

BAD_REFERENCE: Final = "NOODLE-E0741"
"""Error code: this cannot be the name of a program, an alias or a version."""
WOULD_DIFFER: Final = "NOODLE-E0740"
"""Error code: a new version does not fit what runs of the program did; it was not published."""
CHECKED_AT_ONCE: Final = 2
"""Replays for one tenant that run at the same time in one process: they take workers from others."""
SHOWN: Final = 20
"""Reports that a check keeps, at most; of further runs that differ it has the ids."""
_OF_ONE_RUN: Final = frozenset({DAMAGED, "NOODLE-E0309"})
"""Error codes: what is stored of a run is damaged, or its module is gone."""
_CLOCKS_APART: Final = 300.0
"""Seconds by which clocks of nodes may differ."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_ALIAS: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,99}")
_LAST_VERSION: Final = (1 << 31) - 1


class ProgramStore(Protocol):
    """The part of `noodle_ray.core.store.store.Store` that names and references need."""

    async def program(self, tenant: str, name: str, which: int | str | None = None) -> Program: ...

    async def module(self, digest: str) -> bytes | None: ...


class VersionStore(Protocol):
    """The part of the store that says what a new version replaces."""

    async def versions(self, tenant: str, name: str) -> list[Program]: ...

    async def aliases(self, tenant: str, name: str) -> dict[str, int]: ...

    async def page(self, wanted: Filter, *, before: str | None = None, limit: int = 100) -> list[Run]: ...


class Found(NamedTuple):
    """A published version, and its module."""

    program: Program
    module: Compiled

    @property
    def reference(self) -> str:
        """The version as a reference that always means it."""
        return f"{self.program.name}@{self.program.version}"


class Checked(NamedTuple):
    """How many runs were replayed, which of them say nothing, as they do not go as they did with the module that they
    ran either, or are damaged; the reports of the first `SHOWN` that would not go as they did, in short form; all of
    those, and which were not replayed in time."""

    replayed: int
    unclear: list[str]
    differ: list[Report]
    differing: list[str]
    unchecked: list[str]


def check_name(name: str) -> str:
    """The name of a program. Raises RequestError E0741: letters, digits and ``._-``, at most 100."""
    if not _NAME.fullmatch(name):
        message = f"{name[:100]!r} cannot be a name: take letters, digits, '.', '_' and '-', at most 100"
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


async def runs_replaced(
    store: VersionStore, tenant: str, name: str, digest: str, alias: str | None, count: int
) -> tuple[list[str], Meant]:
    """The ids of the latest runs, the latest first, of the versions that a new one with this module replaces; and what
    name and alias mean now.

    These are the latest version, and what the alias means that is to mean the new one. If nobody has run them, it is
    the version that was run last. A version that has this module already is not replaced.
    """
    versions = await store.versions(tenant, name)
    aliases = await store.aliases(tenant, name) if versions and alias is not None else {}
    digests = {version.version: version.digest for version in versions}
    numbers = max(digests, default=0), aliases.get(alias or "", 0)
    seen = Meant(*numbers, *[digests.get(number, "") for number in numbers])
    replaced = [each for each in versions if each.version in numbers and each.digest != digest]
    if not replaced or not count:
        return [], seen
    found: list[Run] = []
    for version in replaced:
        wanted = Filter(tenant, program=name, version=version.version, from_id=_first_id(version))
        found += await store.page(wanted, limit=count)
    if not found:
        latest = await store.page(Filter(tenant, program=name, from_id=_first_id(versions[-1])), limit=count)
        found = [run for run in latest if run.version == latest[0].version]
    return sorted([run.id for run in found], reverse=True)[:count], seen


def _first_id(version: Program) -> str:
    """An id below those of all runs of a version, so that nobody looks at those before it."""
    return run_id(max(0.0, version.created - _CLOCKS_APART), bytes(10))


def gives_otherwise(report: Report) -> bool:
    """Whether a replay with another module ended with something else. Its fuel is its own."""
    return bool(report.differences.keys() - {"fuel"})


async def check(
    store: RunStore,
    runner: Runner,
    module: Compiled,
    runs: Sequence[str],
    *,
    results: bool = True,
    gate: asyncio.Semaphore | None = None,
    seconds: float | None = None,
) -> Checked:
    """What another module would do on the journals of these runs; no model is asked and nothing is written. Without
    ``results`` only what it asks counts, not what it gives. Each replay passes the ``gate``. After ``seconds`` the
    runs that are left are not replayed.

    Raises RequestError E0707 if too many runs wait for a worker, and PlatformError if sandbox or store fail.
    """
    gate = gate or asyncio.Semaphore(CHECKED_AT_ONCE)
    left = iter(enumerate(runs))
    verdicts: dict[str, str] = {}
    shown: dict[int, Report] = {}

    async def verdict(place: int, run: str) -> str:
        try:
            report = await replay(store, runner, run, module=(module.digest, module.nbc))
            if report.fits:
                if not (results and gives_otherwise(report)):
                    return "same"
            elif not (await replay(store, runner, run)).fits:
                return "unclear"
        except UnknownRun:  # it was deleted meanwhile
            return "gone"
        except NoodleError as error:
            if error.code not in _OF_ONE_RUN:
                raise
            return "unclear"
        shown[place] = report.short
        if len(shown) > SHOWN:
            del shown[max(shown)]
        return "differs"

    async def work() -> None:
        for place, run in left:
            async with gate:
                verdicts[run] = await verdict(place, run)

    await _within(seconds, [asyncio.ensure_future(work()) for _ in range(CHECKED_AT_ONCE)])
    found = {
        kind: [run for run in runs if verdicts.get(run, "") == kind] for kind in ("same", "unclear", "differs", "")
    }
    return Checked(
        sum(map(len, found.values())) - len(found[""]),
        found["unclear"],
        [shown[place] for place in sorted(shown)],
        found["differs"],
        found[""],
    )


async def _within(seconds: float | None, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for tasks, for so long, or until one fails: its exception is raised. Those that are left are ended."""
    try:
        async with asyncio.timeout(seconds) as term:
            await asyncio.gather(*tasks)
    except TimeoutError:
        if not term.expired():
            raise
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
