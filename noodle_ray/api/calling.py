"""Calls of models for requests: through the batcher that programs use, and dropped when the client goes away."""

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request

from noodle_ray.ahr.registry import unknown_model
from noodle_ray.api.disconnect import CancelOnDisconnect
from noodle_ray.api.schemas import ModelInfo
from noodle_ray.api.services import Services
from noodle_ray.core.runs.batcher import Call, Reply
from noodle_ray.errors import ModelError


def model_named(services: Services, reference: str) -> ModelInfo:
    """The registered model of this name, alias, or version. Raises ModelError E0601."""
    found = {model.name: model for model in services.models()}
    info = found.get(reference) or found.get(reference.rpartition("@")[0])  # versions are not listed one by one
    if info is None:
        raise unknown_model(reference, sorted(found))
    return info


async def asked(request: Request, services: Services, model: str, calls: Sequence[Call]) -> list[Reply]:
    """One reply per call."""
    futures = [services.executor.batcher.submit(model, call) for call in calls]
    try:
        async with CancelOnDisconnect(request):
            return await asyncio.gather(*futures)
    finally:
        for future in futures:
            future.cancel()


def values_of(replies: Sequence[Reply], what: str) -> list[Any]:
    """The answers. Raises the ModelError of the first call that failed; ``what`` names the calls in it."""
    for place, reply in enumerate(replies):
        if not reply.ok:
            assert isinstance(reply.value, tuple)
            code, message = reply.value
            raise ModelError(message if len(replies) == 1 else f"{what}.{place}: {message}", code=code)
    return [reply.value for reply in replies]


async def answers(request: Request, services: Services, model: str, calls: Sequence[Call], what: str) -> list[Any]:
    """One answer per call; raises as `values_of` does."""
    return values_of(await asked(request, services, model, calls), what)
