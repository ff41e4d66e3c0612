"""Clients of the campaign: they submit runs and wait for them, and try again as long as nobody answers."""

import asyncio
import contextlib
import itertools
import time
from typing import Any, NamedTuple

import httpx

from benchmarks.chaos.witness import answer

STEPS = 5
SIDES = ("left", "right")
PROGRAM = """
from noodle_ray import model
ask = model("witness")

def main(name: str, steps: int) -> list[int]:
    found = []
    value = 0
    for step in range(steps):
        values = [ask(f"{name} {step} {side} {value}") for side in ("left", "right")]
        value = sum(values)
        found.append(value)
        print(name, step, value)
    return found
"""


def questions(name: str) -> tuple[list[str], list[int]]:
    """What an undisturbed run of this name asks, and what it returns."""
    asked: list[str] = []
    found: list[int] = []
    value = 0
    for step in range(STEPS):
        now = [f"{name} {step} {side} {value}" for side in SIDES]
        asked += now
        value = sum(map(answer, now))
        found.append(value)
    return asked, found


class Acknowledged(NamedTuple):
    """A run that the platform has taken: its id, its name, and when it was taken."""

    id: str
    name: str
    at: float


class Load:
    """So many clients, each with one run under way. ``runs`` has all that were acknowledged, ``ended`` when each was
    seen to have ended, ``outcomes`` what the platform said then."""

    def __init__(self, url: str, token: str, clients: int) -> None:
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(40, connect=5),
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._clients = clients
        self._numbers = itertools.count(1)
        self.stopping = False
        self.runs: dict[str, Acknowledged] = {}
        self.ended: dict[str, float] = {}
        self.outcomes: dict[str, dict[str, Any]] = {}

    def under_way(self) -> list[str]:
        """The ids of acknowledged runs that were not yet seen to have ended."""
        return [run for run in self.runs if run not in self.ended]

    async def run(self) -> None:
        """Submit runs until `stop`, then return when all have ended."""
        await asyncio.gather(*[self._client() for _ in range(self._clients)])
        await self._http.aclose()

    def stop(self) -> None:
        """Submit no more."""
        self.stopping = True

    async def _client(self) -> None:
        while not self.stopping:
            name = f"run-{next(self._numbers)}"
            body = {"source": PROGRAM, "args": [name, STEPS], "idempotency_key": name}
            run = (await self._until_answered("POST", "/v1/runs", {200, 201, 202}, json=body))["id"]
            self.runs[run] = Acknowledged(run, name, time.time())
            while True:
                told = await self._until_answered("GET", f"/v1/runs/{run}/wait?timeout=20", {200})
                if told["status"] in ("succeeded", "failed", "cancelled"):
                    break
            self.ended[run] = time.time()
            self.outcomes[run] = told

    async def _until_answered(self, method: str, path: str, good: set[int], **options: Any) -> dict[str, Any]:
        while True:
            with contextlib.suppress(httpx.HTTPError, ValueError):
                response = await self._http.request(method, path, **options)
                if response.status_code in good:
                    found: dict[str, Any] = response.json()
                    return found
                ours = response.headers.get("content-type", "").startswith("application/problem+json")
                if ours and response.status_code in (400, 404, 409, 422):
                    raise AssertionError(f"{method} {path}: {response.status_code} {response.text[:500]}")
            await asyncio.sleep(0.1)
