"""``noodle runs watch``: runs as they go on, as a table that is drawn anew, or as lines where there is no terminal."""

import asyncio
import contextlib
import json
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from noodle_ray.cli.console import table
from noodle_ray.cli.output import report, write
from noodle_ray.cli.runs import moment, status_of, url_of
from noodle_ray.client.durable import ENDED
from noodle_ray.errors import NoodleError

if TYPE_CHECKING:
    from rich.table import Table

    from noodle_ray.client.http import AsyncClient

_PATIENCE = 5.0
"""Seconds to wait for what is left of the events of runs that have ended."""


class Wanted(NamedTuple):
    """Which runs to watch: these, or the latest ones."""

    runs: list[str]
    status: str | None = None
    program: str | None = None
    limit: int = 20


def watch_command(address: str | None, wanted: Wanted, *, interval: float, as_json: bool) -> int:
    """Show runs until Ctrl-C; runs that were named, until all have ended. ``interval`` is in seconds."""
    try:
        status_of(wanted.status)
        asyncio.run(_watch(url_of(address), wanted, interval, as_json))
    except NoodleError as error:
        return report(error, as_json=as_json)
    except KeyboardInterrupt:
        pass
    return 0


class _Watched:
    """The runs that are shown, and how many effects of each have been answered."""

    def __init__(self, client: "AsyncClient", wanted: Wanted) -> None:
        self.runs: list[dict[str, Any]] = []
        self.effects: Counter[str] = Counter()
        self._client = client
        self._wanted = wanted
        self._seen: dict[str, int] = {}
        self._followers: dict[str, asyncio.Task[None]] = {}

    async def look(self) -> None:
        """Ask for the runs as they are now."""
        wanted = self._wanted
        if wanted.runs:
            self.runs = [await self._client.runs.get(run) for run in wanted.runs]
        else:
            self.runs, _ = await self._client.runs.list(
                status=wanted.status, program=wanted.program, limit=wanted.limit
            )
        ids = [run["id"] for run in self.runs]
        for gone in self._followers.keys() - set(ids):
            self._followers.pop(gone).cancel()
        for run in self.runs:
            follower = self._followers.get(run["id"])
            if follower is None or (follower.done() and run["status"] not in ENDED):
                self._followers[run["id"]] = asyncio.create_task(self._follow(run["id"]))
        ended = [self._followers[run["id"]] for run in self.runs if run["status"] in ENDED]
        if ended:
            await asyncio.wait(ended, timeout=_PATIENCE)

    async def _follow(self, run: str) -> None:
        with contextlib.suppress(NoodleError):  # `look` follows again what has not ended
            async for event in self._client.runs.events(run, after=self._seen.get(run, -1)):
                self._seen[run] = event["position"]
                self.effects[run] += event["type"] == "effect"

    def states(self) -> list[dict[str, Any]]:
        """Of each run what is shown, the latest first."""
        return [_state(run, self.effects[run["id"]]) for run in self.runs]

    def over(self) -> bool:
        """Whether nothing more will change."""
        return bool(self._wanted.runs) and all(run["status"] in ENDED for run in self.runs)


async def _watch(url: str, wanted: Wanted, interval: float, as_json: bool) -> None:
    from rich.console import Console

    from noodle_ray.client.http import AsyncClient

    console = Console(highlight=False)
    client = AsyncClient(url)
    try:
        watched = _Watched(client, wanted)
        if console.is_terminal and not as_json:
            await _draw(watched, console, interval)
        else:
            await _tell(watched, interval, as_json)
    finally:
        await client.aclose()


async def _draw(watched: _Watched, console: Any, interval: float) -> None:
    from rich.live import Live

    with Live(console=console, auto_refresh=False) as live:
        while True:
            await watched.look()
            live.update(_table(watched.states()), refresh=True)
            if watched.over():
                return
            await asyncio.sleep(interval)


async def _tell(watched: _Watched, interval: float, as_json: bool) -> None:
    told: dict[str, tuple[str, int]] = {}
    while True:
        await watched.look()
        for state in reversed(watched.states()):
            now = state["status"], state["effects"]
            if told.get(state["id"]) != now:
                told[state["id"]] = now
                write((json.dumps(state) if as_json else _line(state)) + "\n")
        sys.stdout.flush()
        if watched.over():
            return
        await asyncio.sleep(interval)


def _state(run: dict[str, Any], effects: int) -> dict[str, Any]:
    until = run["updated"] if run["status"] in ENDED else max(time.time(), run["updated"])
    return {
        "id": run["id"],
        "status": run["status"],
        "program": run["program"],
        "effects": effects,
        "seconds": round(until - run["created"], 3),
        "waits": run["waits"],
        "error": run["error"] and run["error"]["code"],
    }


def _line(state: dict[str, Any]) -> str:
    count = f"{state['effects']} effect{'' if state['effects'] == 1 else 's'}"
    words = [state["id"], state["status"], count, _duration(state["seconds"]), _why(state)]
    return f"{moment(time.time())}  {'  '.join(words)}".rstrip()


def _table(states: list[dict[str, Any]]) -> "Table":
    from rich.text import Text

    rows = table("id", "status", "program", "effects", "duration", "")
    for state in states:
        cells = (state["program"] or "", str(state["effects"]), _duration(state["seconds"]), _why(state))
        rows.add_row(state["id"], state["status"], *map(Text, cells))
    return rows


def _why(state: dict[str, Any]) -> str:
    """What a run waits for, or the code of its error."""
    waits = state["waits"] or {}
    parts = [*waits.get("signals", ()), *waits.get("runs", ())]
    if waits.get("until") is not None:
        parts.append(f"until {moment(waits['until'])}")
    return state["error"] or ", ".join(map(str, parts))


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{seconds:.1f} s" if seconds < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
