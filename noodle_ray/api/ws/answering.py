"""Requests of a WebSocket, answered in frames."""

import contextlib
from collections.abc import AsyncGenerator

from starlette.websockets import WebSocket

from noodle_ray.api.durable.events import happenings, told
from noodle_ray.api.openai.embedding import embedded
from noodle_ray.api.openai.generating import Told, generations
from noodle_ray.api.openai.known import generating
from noodle_ray.api.openai.orders import chat_orders, completion_orders
from noodle_ray.api.openai.programs import ProgramModels, is_program
from noodle_ray.api.openai.replies import ChatReply, CompletionReply, usage_of
from noodle_ray.api.routes_models import inferred
from noodle_ray.api.services import Services
from noodle_ray.api.spending import counting
from noodle_ray.api.tenancy import own_run, tenant_of
from noodle_ray.api.ws.messages import Chat, Complete, Embed, Frame, Infer, Watch
from noodle_ray.core.store.status import TERMINAL


async def answers(
    services: Services, programs: ProgramModels, client: WebSocket, ask: Chat | Complete | Embed | Infer | Watch
) -> AsyncGenerator[Frame]:
    """The frames that answer a request; the last has the type ``done`` or ``result``. Raises NoodleError.

    Closing this ends what was asked for.
    """
    if isinstance(ask, Chat) and is_program(ask.body.model):
        chat = await programs.chat(tenant_of(client), ask.body)
        told = generations(services._replace(generate=chat.generate), chat.name, chat.orders(ask.body))
        async with contextlib.aclosing(_frames(ask, told, ChatReply(ask.body.model), ask.body.n or 1)) as frames:
            async for frame in frames:
                yield frame
    elif isinstance(ask, Chat | Complete):
        async with contextlib.aclosing(_pieces(counting(services, tenant_of(client)), ask)) as frames:
            async for frame in frames:
                yield frame
    elif isinstance(ask, Watch):
        async with contextlib.aclosing(_events(services, client, ask)) as frames:
            async for frame in frames:
                yield frame
    elif isinstance(ask, Embed):
        yield {"id": ask.id, "type": "result", "body": await embedded(services, client, ask.body)}
    else:
        yield {"id": ask.id, "type": "result", "body": await inferred(services, client, ask.body.model, ask.body)}


async def _events(services: Services, client: WebSocket, ask: Watch) -> AsyncGenerator[Frame]:
    store = (await services.durable()).store
    run = await own_run(client, store, ask.body.run)
    over = run.status in TERMINAL and not await store.events(run.id, after=ask.body.after, limit=1)
    if not over:
        with services.quotas.watch(run.tenant):
            async for found in happenings(store, run.id, ask.body.after):
                for event in found:
                    yield {"id": ask.id, "type": "event", "position": event.position, "body": told(event)}
    yield {"id": ask.id, "type": "done"}


async def _pieces(services: Services, ask: Chat | Complete) -> AsyncGenerator[Frame]:
    model = generating(services, ask.body.model)
    orders = chat_orders(ask.body) if isinstance(ask, Chat) else completion_orders(ask.body)
    reply = ChatReply(model.name) if isinstance(ask, Chat) else CompletionReply(model.name)
    told = generations(services, model.name, orders)
    async with contextlib.aclosing(_frames(ask, told, reply, len(orders))) as frames:
        async for frame in frames:
            yield frame


async def _frames(
    ask: Chat | Complete, told: Told, reply: ChatReply | CompletionReply, count: int
) -> AsyncGenerator[Frame]:
    usages: list[dict[str, int]] = [{} for _ in range(count)]
    async with contextlib.aclosing(told):
        async for place, chunks in told:
            for chunk in chunks:
                usages[place] = chunk.get("usage", usages[place])
                if piece := reply.piece(place, chunk):
                    yield {"id": ask.id, "type": "chunk", "body": piece}
    yield {"id": ask.id, "type": "done", "usage": usage_of(usages)}
