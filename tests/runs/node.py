"""A process with durable runs, to be killed: ``python -m tests.runs.node URL OBJECTS NAME LOG``.

Instead of a sandbox it has a stand-in that asks `EFFECTS` of a model, each with what the one before answered. Before it
asks, it writes run, key and time to LOG.
"""

import asyncio
import os
import sys
import time
from typing import Any

from noodle_ray.core.runs.durable import DurableRuns, Settings
from noodle_ray.core.sandbox.outcome import USAGE
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.store.store import Store
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest

EFFECTS = 6


def expected(number: int) -> int:
    """The result of the run with this argument."""
    for _ in range(EFFECTS):
        number = (number * 31 + 7) % 1_000_003
    return number


class Asking:
    """A runner. Its ``log`` is a descriptor that appends."""

    def __init__(self, log: int) -> None:
        self._log = log

    async def execute(self, request: RunRequest, journal: Any) -> dict[str, Any]:
        value: Any = request.args[0]
        for number in range(1, EFFECTS + 1):
            asked = EffectRequest(f"/{number}", "m", (value,), {})
            answer = journal.recall(asked)
            if answer is None:
                os.write(self._log, f"{request.args[0]} {asked.key} {time.time()!r}\n".encode())
                await asyncio.sleep(0.02)
                answer = EffectAnswer(asked.key, True, (value * 31 + 7) % 1_000_003)
                await journal.keep([(asked, answer)])
            value = answer.value
        return {"result": value, "stdout": "", "error": None, "usage": dict(USAGE), "tier": "auto", "events": []}


async def main(url: str, objects: str, name: str, log: str) -> None:
    """Execute runs until somebody kills this process."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    async with Store(url, objects) as store:
        settings = Settings(name, slots=8, lease_seconds=1.0, poll_seconds=0.05, max_attempts=1000)
        async with DurableRuns(store, Asking(descriptor), settings):
            print("ready", flush=True)
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
