"""The models of a platform: `AsyncModels` for coroutines, `Models` for everything else, with the same methods.

Answers are what a program gets: vectors and scores are arrays, a chat with a schema gives the value. Errors are the
exceptions of `noodle_ray.errors`: ModelError E0601 for an unknown model, E0603 for an input that it refuses.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload
from urllib.parse import quote

from noodle_ray.client import loop
from noodle_ray.client.generating import Prompt, chat_body, pieces
from noodle_ray.client.transport import AsyncTransport

if TYPE_CHECKING:
    from noodle_ray.client.talk import AsyncTalk, Talk
    from noodle_ray.core.vm.arrays import array

T = TypeVar("T")

ANSWER_SECONDS = 600.0
"""How long a model may take."""


class AsyncModels(AsyncTransport):
    """The models of the platform at ``url``."""

    async def models(self) -> list[dict[str, Any]]:
        """Return what the platform tells about each of its models."""
        found: list[dict[str, Any]] = (await self.ask_json("GET", "/v1/models"))["data"]
        return found

    async def infer(self, model: str, inputs: list[Any], **options: Any) -> list[Any]:
        """Ask a model about each of the inputs, with the same options; return the answers in order, as JSON."""
        return await self._infer(model, {"inputs": inputs, "options": options})

    async def ask(self, model: str, given: Any, options: dict[str, Any]) -> Any:
        """Ask a model once."""
        return (await self._ask(model, [given], options))[0]

    @overload
    async def embed(self, model: str, texts: str, **options: Any) -> "array": ...
    @overload
    async def embed(self, model: str, texts: Sequence[str], **options: Any) -> "list[array]": ...
    async def embed(self, model: str, texts: str | Sequence[str], **options: Any) -> "array | list[array]":
        """The vector of a text, or of each of some. Options are those of a program's call."""
        vectors: array | list[array] = await self._each(model, texts, options)
        return vectors

    @overload
    async def classify(self, model: str, texts: str, **options: Any) -> dict[str, Any]: ...
    @overload
    async def classify(self, model: str, texts: Sequence[str], **options: Any) -> list[dict[str, Any]]: ...
    async def classify(self, model: str, texts: str | Sequence[str], **options: Any) -> Any:
        """Label, score, and the probability of each label, of a text or of each of some."""
        return await self._each(model, texts, options)

    @overload
    async def rerank(self, model: str, query: str, documents: str) -> float: ...  # type: ignore[overload-overlap]
    @overload
    async def rerank(self, model: str, query: str, documents: Sequence[str]) -> "array": ...
    async def rerank(self, model: str, query: str, documents: str | Sequence[str]) -> "float | array":
        """How well documents answer a query, from 0 to 1, in the documents' order; for one document a number."""
        from noodle_ray.core.vm.arrays import array

        texts = [documents] if isinstance(documents, str) else list(documents)
        inputs = [
            {"name": "query", "datatype": "BYTES", "shape": [1], "data": [query]},
            {"name": "documents", "datatype": "BYTES", "shape": [len(texts)], "data": texts},
        ]
        path = f"/v2/models/{quote(model, safe='')}/infer"
        reply = await self.ask_json("POST", path, {"inputs": inputs}, timeout=ANSWER_SECONDS)
        scores = [float(score) for score in reply["outputs"][0]["data"]]
        return scores[0] if isinstance(documents, str) else array(scores, "float32")

    async def chat(self, model: str, prompt: Prompt, **options: Any) -> Any:
        """Go on with a chat: the text, or with ``schema`` the value, or with ``tools`` or ``logprobs`` a dict.

        ``prompt`` is a text or a list of messages; options are those of a program's call, max_tokens for example.
        """
        return await self.ask(model, prompt, options)

    async def chat_stream(self, model: str, prompt: Prompt, **options: Any) -> AsyncGenerator[str]:
        """The text of a chat in pieces, as they are made; closing this ends the generation.

        Takes what `chat` does but tools and logprobs, which raise UsageError E0935.
        """
        async with contextlib.aclosing(pieces(self, chat_body(model, prompt, options))) as told:
            async for text in told:
                yield text

    def talk(self) -> "AsyncTalk":
        """One connection for many requests at once: an asynchronous context manager."""
        from noodle_ray.client.talk import AsyncTalk

        return AsyncTalk(self.url, self._token)

    async def _each(self, model: str, texts: str | Sequence[str], options: dict[str, Any]) -> Any:
        if isinstance(texts, str):
            return await self.ask(model, texts, options)
        return await self._ask(model, list(texts), options) if texts else []

    async def _ask(self, model: str, inputs: list[Any], options: dict[str, Any]) -> list[Any]:
        return unpacked(await self._infer(model, packed(inputs, options)))

    async def _infer(self, model: str, body: dict[str, Any]) -> list[Any]:
        reply = await self.ask_json("POST", f"/v1/models/{quote(model, safe='')}/infer", body, timeout=ANSWER_SECONDS)
        outputs: list[Any] = reply["outputs"]
        return outputs


class Tasks:
    """Models by their tasks, blocking."""

    def __init__(self, models: AsyncModels) -> None:
        self._models = models

    def models(self) -> list[dict[str, Any]]:
        """Return the platform's models; see `AsyncModels.models`."""
        return loop.wait(self._models.models())

    @overload
    def embed(self, model: str, texts: str, **options: Any) -> "array": ...
    @overload
    def embed(self, model: str, texts: Sequence[str], **options: Any) -> "list[array]": ...
    def embed(self, model: str, texts: str | Sequence[str], **options: Any) -> "array | list[array]":
        """The vector of a text, or of each of some; see `AsyncModels.embed`."""
        return loop.wait(self._models.embed(model, texts, **options))

    @overload
    def classify(self, model: str, texts: str, **options: Any) -> dict[str, Any]: ...
    @overload
    def classify(self, model: str, texts: Sequence[str], **options: Any) -> list[dict[str, Any]]: ...
    def classify(self, model: str, texts: str | Sequence[str], **options: Any) -> Any:
        """Label, score and probabilities of a text, or of each of some; see `AsyncModels.classify`."""
        return loop.wait(self._models.classify(model, texts, **options))

    @overload
    def rerank(self, model: str, query: str, documents: str) -> float: ...  # type: ignore[overload-overlap]
    @overload
    def rerank(self, model: str, query: str, documents: Sequence[str]) -> "array": ...
    def rerank(self, model: str, query: str, documents: str | Sequence[str]) -> "float | array":
        """How well documents answer a query; see `AsyncModels.rerank`."""
        return loop.wait(self._models.rerank(model, query, documents))

    def chat(self, model: str, prompt: Prompt, **options: Any) -> Any:
        """Go on with a chat; see `AsyncModels.chat`."""
        return loop.wait(self._models.chat(model, prompt, **options))

    def chat_stream(self, model: str, prompt: Prompt, **options: Any) -> Iterator[str]:
        """The text of a chat in pieces; see `AsyncModels.chat_stream`."""
        return blocking(self._models.chat_stream(model, prompt, **options))

    def talk(self) -> "Talk":
        """One connection for many requests at once: a context manager."""
        from noodle_ray.client.talk import Talk

        return Talk(self._models.talk())


class Models(Tasks):
    """`AsyncModels` for code without a loop: the same methods, blocking."""

    def infer(self, model: str, inputs: list[Any], **options: Any) -> list[Any]:
        """Ask a model about each of the inputs; see `AsyncModels.infer`."""
        return loop.wait(self._models.infer(model, inputs, **options))

    def ask(self, model: str, given: Any, options: dict[str, Any]) -> Any:
        """Ask a model once."""
        return loop.wait(self._models.ask(model, given, options))


def blocking(told: AsyncGenerator[T]) -> Iterator[T]:
    """What an asynchronous generator of the background loop gives; it is closed with this."""
    try:
        while (found := loop.wait(_next(told))) is not None:
            yield found
    finally:
        loop.wait(_close(told))


async def _next(told: AsyncIterator[T]) -> T | None:
    return await anext(told, None)


async def _close(told: AsyncGenerator[Any]) -> None:
    await told.aclose()


def packed(inputs: list[Any], options: dict[str, Any]) -> dict[str, Any]:
    """The body of a call whose arrays come back as bytes."""
    from noodle_ray.core.vm.values import to_json

    return {
        "inputs": [to_json(value) for value in inputs],
        "options": {name: to_json(value) for name, value in options.items()},
        "arrays": "packed",
    }


def unpacked(outputs: list[Any]) -> list[Any]:
    """The answers of such a call."""
    from noodle_ray.core.vm.arrays.array import from_array_json
    from noodle_ray.core.vm.values import from_json

    return [from_json(output, unpacked=from_array_json) for output in outputs]
