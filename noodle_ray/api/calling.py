"""Calls of models for requests: through the batcher that programs use, and dropped when the client goes away."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

from starlette.requests import HTTPConnection, Request

from noodle_ray.ahr.registry import unknown_model
from noodle_ray.api.disconnect import CancelOnDisconnect
from noodle_ray.api.schemas import ModelInfo
from noodle_ray.api.services import Services
from noodle_ray.api.spending import counted
from noodle_ray.api.tenancy import tenant_of
from noodle_ray.core.runs.batcher import Call, Reply
from noodle_ray.errors import ModelError


def model_named(services: Services, reference: str) -> ModelInfo:
    """The registered model of this name, alias, or version. Raises ModelError E0601."""
    found = {model.name: model for model in services.models()}
    info = found.get(reference) or found.get(reference.rpartition("@")[0])  # versions are not listed one by one
    if info is None:
        raise unknown_model(reference, sorted(found))
    return info


async def asked(client: HTTPConnection | str, services: Services, model: str, calls: Sequence[Call]) -> list[Reply]:
    """One reply per call, for a connection or a tenant. The client of a request is watched; else who waits for this
    cancels it. Raises RequestError E0524 if the tenant may spend no more."""
    tenant = client if isinstance(client, str) else tenant_of(client)
    return await counted(services, tenant, model, len(calls), lambda: _asked(client, services, model, calls))


async def _asked(client: HTTPConnection | str, services: Services, model: str, calls: Sequence[Call]) -> list[Reply]:
    futures = [services.executor.batcher.submit(model, call) for call in calls]
    try:
        async with CancelOnDisconnect(client) if isinstance(client, Request) else contextlib.nullcontext():
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


async def answers(client: Request | str, services: Services, model: str, calls: Sequence[Call], what: str) -> list[Any]:
    """One answer per call; raises as `values_of` does."""
    return values_of(await asked(client, services, model, calls), what)
