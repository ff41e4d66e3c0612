"""Published programs as models: ``noodle:NAME``, ``noodle:NAME@VERSION`` and ``noodle:NAME@ALIAS`` answer chats."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, Final

from noodle_ray.ahr.generation.answers import Chunk
from noodle_ray.ahr.spec import PROGRAMS
from noodle_ray.api.openai.orders import Order, chat_orders
from noodle_ray.api.openai.schemas import ChatBody, ModelCard
from noodle_ray.api.schemas import ModelInfo
from noodle_ray.api.services import Services
from noodle_ray.core.runs.chats import Chat, chat_of
from noodle_ray.core.runs.executor import Program
from noodle_ray.core.runs.modules import Lru
from noodle_ray.core.runs.programs import Found, find
from noodle_ray.core.store.errors import StoreUnavailable, UnknownProgram
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import ModuleError, NoodleError, PlatformError, RequestError, RunError

if TYPE_CHECKING:
    from noodle_ray.core.store.store import Store

PREFIX: Final = PROGRAMS
NO_CHAT: Final = "NOODLE-E0742"
"""Error code: the published program does not answer chats, or takes no such option."""
LISTED: Final = 1000
"""The most programs that a list of models names."""
_KNOWN: Final = 10_000
_TO_THE_PLATFORM: Final = {"model", "messages", "n", "seed", "stream", "stream_options"}
_WITHOUT_EFFECT: Final = {
    "user", "store", "metadata", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention",
}  # fmt: skip


def is_program(model: str) -> bool:
    """Whether a model's name means a published program."""
    return model.startswith(PREFIX)


class ProgramModels:
    """The published programs that answer chats."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._chats: Lru[str, tuple[Chat | None]] = Lru(_KNOWN)

    async def chat(self, tenant: str, body: ChatBody) -> "ProgramChat":
        """The program that is to answer. Raises RequestError: E0733 if there is none, E0741, and E0742 if it does not
        answer chats or does not take an option."""
        store = await self._services.store()
        reference = body.model.removeprefix(PREFIX)
        found = await find(store, self._services.executor, tenant, reference)
        chat = await self._chat(found.module.digest, found.module.nbc)
        if chat is None:
            message = f"{reference!r} answers no chats: its function main would have to take `messages` first"
            raise RequestError(message, code=NO_CHAT)
        given = {name: getattr(body, name) for name in body.model_fields_set - _TO_THE_PLATFORM}
        options = {name: value for name, value in given.items() if value is not None and chat.takes(name)}
        for name in sorted(given.keys() - options.keys() - _WITHOUT_EFFECT):
            if given[name] is not None:
                raise RequestError(f"{reference!r} does not take {name!r}", code=NO_CHAT)
        self._services.executor.tools.check(found.module.models, tenant)
        return ProgramChat(self._services, found, options)

    async def cards(self, tenant: str) -> list[ModelCard]:
        """All of them, by name: what the name means, and what its aliases do. None while there is no store."""
        store = await self._services.kept()
        if store is None:
            return []
        try:
            return await self._cards(store, tenant)
        except StoreUnavailable:  # models are there without it
            return []

    async def _cards(self, store: "Store", tenant: str) -> list[ModelCard]:
        cards, aliases = [], await store.all_aliases(tenant)
        for program in await store.programs(tenant, limit=LISTED):
            known = {program.version: program}
            for alias, version in [("", program.version), *aliases.get(program.name, {}).items()]:
                if version not in known:
                    try:
                        known[version] = await store.program(tenant, program.name, version)
                    except UnknownProgram:
                        continue  # deleted meanwhile
                digest = known[version].digest
                nbc = b"" if self._chats.get(digest) else await store.module(digest) or b""
                if await self._chat(digest, nbc) is not None:
                    name = f"{PREFIX}{program.name}{'@' if alias else ''}{alias}"
                    cards.append(_card(name, version, known[version].created))
        return cards

    async def card(self, tenant: str, model: str) -> ModelCard:
        """One of them. Raises what `chat` raises."""
        found = (await self.chat(tenant, ChatBody(model=model, messages=[{"role": "user", "content": ""}]))).found
        return _card(model, found.program.version, found.program.created)

    async def _chat(self, digest: str, nbc: bytes) -> Chat | None:
        known = self._chats.get(digest)
        if known is None:
            try:
                known = (await asyncio.to_thread(chat_of, nbc),)  # a large module takes its time
            except ModuleError:
                known = (None,)
            self._chats.put(digest, known, 1)
        return known[0]


class ProgramChat:
    """One request to a program. `generate` is what `Services.generate` is for a model."""

    def __init__(self, services: Services, found: Found, options: dict[str, Any]) -> None:
        self._services = services
        self._options = options
        self.found = found
        self.name = f"{PREFIX}{found.program.name}"

    def orders(self, body: ChatBody) -> list[Order]:
        """One order per choice. Raises ModelError E0603."""
        plain = ChatBody(**body.model_dump(include=_TO_THE_PLATFORM, exclude_unset=True))
        return chat_orders(plain)

    async def generate(self, model: str, order: Order) -> AsyncGenerator[list[Chunk]]:
        """Run the program once; tell its texts as they come, and then what it used. Closing this ends the run."""
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        limits = Limits(deadline=self._services.settings.max_deadline)
        run = asyncio.ensure_future(
            self._services.executor.run(
                Program(digest=self.found.module.digest),
                args=[order["messages"]],
                kwargs=self._options,
                limits=limits,
                seed=order["seed"],
                on_told=pieces.put_nowait,
                tenant=self.found.program.tenant,
                budget=self._services.executor.most,
            )
        )
        run.add_done_callback(lambda _: pieces.put_nowait(None))
        try:
            yield [{"queued": 0.0}]
            while (piece := await pieces.get()) is not None:
                texts = [piece]
                while not pieces.empty() and (more := pieces.get_nowait()) is not None:
                    texts.append(more)
                yield [{"text": "".join(texts)}]
                if run.done() and pieces.empty():
                    break
            yield await self._end(*(await run))
        finally:
            run.cancel()
            with contextlib.suppress(asyncio.CancelledError, NoodleError):
                await run

    async def _end(self, _: object, outcome: dict[str, Any]) -> list[Chunk]:
        error, usage = outcome["error"], outcome["usage"]
        (await self._services.store()).count(self.found.program, error is not None, usage)
        self._services.metrics.on_run(error["code"] if error else "", usage)
        if error is not None:
            raise _failure(self.found.reference, error)
        tokens = {name: usage.get(name, 0) for name in ("prompt_tokens", "completion_tokens")}
        return [{"finish": "stop"}, {"usage": {**tokens, "cached_tokens": 0}}]


def _card(name: str, version: int, created: float) -> ModelCard:
    info = ModelInfo(name=name, task="generation", engine="noodle", source=f"program:{name}", version=str(version))
    return ModelCard(id=name, created=int(created), **info.model_dump())


def _failure(reference: str, error: dict[str, Any]) -> NoodleError:
    """What ended a program, for the client of a chat: a status that no client tries again by itself, unless it was the
    platform's fault."""
    kind = PlatformError if error["code"].startswith("NOODLE-E08") else RunError
    said = f"{error['type']}: {error['message']}" if error["message"] else error["type"]
    return kind(f"the program {reference} failed: {said}", code=error["code"])
