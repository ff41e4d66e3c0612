"""What a tenant may spend, watched also where clients ask models without a program."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

from noodle_ray.ahr.generation.answers import Chunk
from noodle_ray.api.services import Services
from noodle_ray.core.runs.batcher import Reply
from noodle_ray.core.runs.budgets import Tokens, exceeded
from noodle_ray.errors import RequestError


async def counted(
    services: Services, tenant: str, model: str, calls: int, ask: Callable[[], Awaitable[list[Reply]]]
) -> list[Reply]:
    """The replies to so many calls. Raises RequestError E0524 if the tenant may not make them, and nothing is asked."""
    spending = services.executor.spending
    if spending.of(tenant) is None:
        return await ask()
    await _admit(services, tenant, model, calls)
    replies: Sequence[Reply] = await ask()
    await asyncio.gather(*[spending.settle(tenant, model, Tokens(*reply.tokens)) for reply in replies])
    return [*replies]


def counting(services: Services, tenant: str) -> Services:
    """The services, whose generations are counted. They raise RequestError E0524 as `counted` does."""
    spending = services.executor.spending
    if spending.of(tenant) is None:
        return services

    async def generate(model: str, order: dict[str, Any]) -> AsyncGenerator[list[Chunk]]:
        await _admit(services, tenant, model, 1)
        taken = Tokens()
        try:
            async with contextlib.aclosing(services.generate(model, order)) as told:
                async for chunks in told:
                    for chunk in chunks:
                        if "usage" in chunk:
                            taken = Tokens(chunk["usage"]["prompt_tokens"], chunk["usage"]["completion_tokens"])
                    yield chunks
        finally:
            await spending.settle(tenant, model, taken)

    return services._replace(generate=generate)


async def _admit(services: Services, tenant: str, model: str, calls: int) -> None:
    if not await services.executor.spending.admit(tenant, model, calls):
        code, message = exceeded("allowance")
        raise RequestError(message, code=code)
