"""One WebSocket for many requests at once: `AsyncTalk` for coroutines, `Talk` for everything else.

docs/http.md has the protocol. Requests share the connection: nothing waits for another's answer.
"""

import asyncio
import base64
import contextlib
import itertools
import json
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self, overload

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException

from noodle_ray.client import loop
from noodle_ray.client.asking import blocking, packed, unpacked
from noodle_ray.client.failures import error_for, unreachable
from noodle_ray.client.generating import Prompt, chat_body, texts_of
from noodle_ray.errors import NoodleError, PlatformError, UsageError

if TYPE_CHECKING:
    from noodle_ray.core.vm.arrays import array

PIECE = 1 << 16
"""Bytes of audio in a message."""
MAX_MESSAGE = 256 << 20
"""Bytes of one answer."""
OPEN_SECONDS = 30.0

_Answers = asyncio.Queue[dict[str, Any] | Exception]


class AsyncTalk:
    """A connection, once it is entered. Raises PlatformError E0810 if none can be had, E0811 if it breaks."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._ids = map(str, itertools.count())
        self._answers: dict[str, _Answers] = {}
        self._ws: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        address = f"ws{self._url.removeprefix('http')}/v1/ws"
        try:
            self._ws = await connect(
                address,
                additional_headers=self._headers,
                subprotocols=["noodle.v1"],  # type: ignore[list-item]
                max_size=MAX_MESSAGE,
                open_timeout=OPEN_SECONDS,
                proxy=None,
            )
        except InvalidStatus as error:
            raise _refusal(error, self._url) from None
        except (OSError, TimeoutError, InvalidHandshake) as error:
            raise unreachable(self._url, error) from None
        self._reading = asyncio.create_task(self._read(self._ws))
        return self

    async def __aexit__(self, *exc: object) -> None:
        ws, reading = self._ws, self._reading
        self._ws = self._reading = None
        if ws is not None:
            await ws.close()
        if reading is not None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def infer(self, model: str, inputs: list[Any], **options: Any) -> list[Any]:
        """Ask a model about each of the inputs; return the answers in order, as JSON has them."""
        return await self._outputs({"model": model, "inputs": inputs, "options": options})

    @overload
    async def embed(self, model: str, texts: str, **options: Any) -> "array": ...
    @overload
    async def embed(self, model: str, texts: Sequence[str], **options: Any) -> "list[array]": ...
    async def embed(self, model: str, texts: str | Sequence[str], **options: Any) -> "array | list[array]":
        """The vector of a text, or of each of some."""
        given = [texts] if isinstance(texts, str) else list(texts)
        vectors = unpacked(await self._outputs({"model": model, **packed(given, options)})) if given else []
        return vectors[0] if isinstance(texts, str) else vectors

    async def chat(self, model: str, prompt: Prompt, **options: Any) -> str:
        """The whole text of a chat; options as `chat_stream` takes them."""
        return "".join([text async for text in self.chat_stream(model, prompt, **options)])

    async def chat_stream(self, model: str, prompt: Prompt, **options: Any) -> AsyncGenerator[str]:
        """The text of a chat in pieces, as they are made; closing this ends the generation."""
        async with contextlib.aclosing(self._asked("chat", chat_body(model, prompt, options))) as frames:
            async for frame in frames:
                for text in texts_of(frame["body"]) if frame["type"] == "chunk" else ():
                    yield text

    async def listen(
        self,
        model: str,
        audio: AsyncIterable[bytes] | Iterable[bytes],
        *,
        rate: int = 16_000,
        threshold: float = 0.5,
    ) -> AsyncGenerator[dict[str, float]]:
        """Where somebody speaks in audio that comes in pieces (samples of 16 bits, little endian, one channel): objects
        of ``start`` in seconds, and another with ``end`` too when they stopped. Closing this ends the listening."""
        body = {"model": model, "rate": rate, "threshold": threshold}
        async with contextlib.aclosing(self._asked("listen", body, audio)) as frames:
            async for frame in frames:
                if frame["type"] == "speech":
                    yield frame["body"]

    async def _say(self, request: str, audio: AsyncIterable[bytes] | Iterable[bytes]) -> None:
        """Send audio as it comes, and its end."""
        try:
            async for piece in _each(audio):
                for at in range(0, len(piece), PIECE):
                    text = base64.b64encode(piece[at : at + PIECE]).decode()
                    await self._send({"id": request, "type": "audio", "body": text})
            await self._send({"id": request, "type": "end"})
        except Exception as error:  # what the audio raises is raised where it is listened to
            if request in self._answers:
                self._answers[request].put_nowait(error)

    async def _outputs(self, body: dict[str, Any]) -> list[Any]:
        async with contextlib.aclosing(self._asked("infer", body)) as frames:
            async for frame in frames:
                outputs: list[Any] = frame["body"]["outputs"]
        return outputs

    async def _asked(
        self, kind: str, body: dict[str, Any], audio: AsyncIterable[bytes] | Iterable[bytes] | None = None
    ) -> AsyncGenerator[dict[str, Any]]:
        """The frames that answer a request, until its last."""
        if self._ws is None:
            raise PlatformError("this connection is not open", code="NOODLE-E0810")
        request, ended = next(self._ids), False
        saying: asyncio.Task[None] | None = None
        answers = self._answers[request] = _Answers()
        try:
            await self._send({"id": request, "type": kind, "body": body})
            if audio is not None:
                saying = asyncio.create_task(self._say(request, audio))
            while not ended:
                frame = await answers.get()
                if isinstance(frame, Exception):
                    ended = isinstance(frame, NoodleError)
                    raise frame
                ended = frame["type"] not in ("chunk", "speech")
                yield frame
        finally:
            del self._answers[request]
            if saying is not None:
                saying.cancel()
                await asyncio.gather(saying, return_exceptions=True)
            if not ended and self._ws is not None:
                with contextlib.suppress(NoodleError):
                    await self._send({"id": request, "type": "cancel"})

    async def _send(self, message: dict[str, Any]) -> None:
        assert self._ws is not None
        try:
            text = json.dumps(message)
        except (TypeError, ValueError, RecursionError) as error:
            raise UsageError(f"the arguments are not JSON data: {error}", code="NOODLE-E0915") from None
        try:
            await self._ws.send(text)
        except WebSocketException:
            raise _broken(self._url) from None

    async def _read(self, ws: ClientConnection) -> None:
        try:
            async for text in ws:
                frame = json.loads(text)
                answers = self._answers.get(frame["id"])
                if answers is not None:
                    answers.put_nowait(_told(frame))
        except (WebSocketException, ValueError, KeyError, TypeError):
            pass
        finally:
            for answers in self._answers.values():
                answers.put_nowait(_broken(self._url))


class Talk:
    """`AsyncTalk` for code without a loop: the same methods, blocking. Threads may share one."""

    def __init__(self, talk: AsyncTalk) -> None:
        self._talk = talk

    def __enter__(self) -> Self:
        loop.wait(self._talk.__aenter__())
        return self

    def __exit__(self, *exc: object) -> None:
        loop.wait(self._talk.__aexit__())

    def infer(self, model: str, inputs: list[Any], **options: Any) -> list[Any]:
        """Ask a model about each of the inputs; see `AsyncTalk.infer`."""
        return loop.wait(self._talk.infer(model, inputs, **options))

    @overload
    def embed(self, model: str, texts: str, **options: Any) -> "array": ...
    @overload
    def embed(self, model: str, texts: Sequence[str], **options: Any) -> "list[array]": ...
    def embed(self, model: str, texts: str | Sequence[str], **options: Any) -> "array | list[array]":
        """The vector of a text, or of each of some; see `AsyncTalk.embed`."""
        return loop.wait(self._talk.embed(model, texts, **options))

    def chat(self, model: str, prompt: Prompt, **options: Any) -> str:
        """The whole text of a chat; see `AsyncTalk.chat`."""
        return loop.wait(self._talk.chat(model, prompt, **options))

    def chat_stream(self, model: str, prompt: Prompt, **options: Any) -> Iterator[str]:
        """The text of a chat in pieces; see `AsyncTalk.chat_stream`."""
        return blocking(self._talk.chat_stream(model, prompt, **options))

    def listen(
        self, model: str, audio: Iterable[bytes], *, rate: int = 16_000, threshold: float = 0.5
    ) -> Iterator[dict[str, float]]:
        """Where somebody speaks in audio that comes in pieces; see `AsyncTalk.listen`."""
        return blocking(self._talk.listen(model, audio, rate=rate, threshold=threshold))


async def _each(audio: AsyncIterable[bytes] | Iterable[bytes]) -> AsyncGenerator[bytes]:
    if isinstance(audio, AsyncIterable):
        async for piece in audio:
            yield piece
        return
    pieces, over = iter(audio), b"over"
    while (piece := await asyncio.to_thread(next, pieces, over)) is not over:  # it may be a microphone
        yield piece


def _told(frame: dict[str, Any]) -> dict[str, Any] | NoodleError:
    if frame["type"] != "error":
        return frame
    return error_for(str(frame["error"]["code"]), str(frame["error"]["message"]))


def _refusal(error: InvalidStatus, url: str) -> NoodleError:
    try:
        problem = json.loads(error.response.body or b"")
        return error_for(str(problem["code"]), str(problem["detail"]))
    except (ValueError, KeyError, TypeError):
        status = error.response.status_code
        message = f"what answers at {url} is not a Noodle platform (HTTP status {status})"
        return PlatformError(message, code="NOODLE-E0812")


def _broken(url: str) -> PlatformError:
    return PlatformError(f"the connection to {url} broke; connect again", code="NOODLE-E0811")
