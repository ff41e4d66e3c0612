"""The waits of runs that nobody stores."""

import asyncio

from noodle_ray.core.runs.batcher import Reply
from noodle_ray.core.sandbox.local_waits import refused
from noodle_ray.core.vm.host import EffectRequest
from noodle_ray.core.vm.waiting import LONGEST


class PlainWaits:
    """The waits of a run that nobody stores: it can sleep, and no more."""

    async def answer(self, request: EffectRequest) -> Reply:
        """Wait for what was asked for."""
        match request.model, request.args, request.kwargs:
            case ("@sleep", (float() | int() as seconds,), {}) if 0 <= seconds <= LONGEST:
                await asyncio.sleep(seconds)
                return Reply(True, None, None)
        return Reply(False, refused(request), None)
