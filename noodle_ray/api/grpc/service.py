"""The methods of the Open Inference Protocol over gRPC."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Final, NamedTuple

from noodle_ray.api.grpc.errors import told
from noodle_ray.api.grpc.messages import MESSAGES
from noodle_ray.api.grpc.wire import read, reply
from noodle_ray.api.oip.serving import Serving
from noodle_ray.errors import ModelError

OPEN: Final = frozenset({"ServerLive", "ServerReady"})
"""What needs no token, as over HTTP."""
AHEAD: Final = 16
"""Requests of one stream that are answered at once, so that they share batches; more are not read before."""


class Client(NamedTuple):
    """Whose a call is, and its trace."""

    tenant: str
    trace_id: str


class Service:
    """One method per method of the protocol; each takes the request, and whose it is. Raises NoodleError."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    async def server_live(self, request: Any, client: Client) -> Any:
        """Whether the process is alive."""
        return MESSAGES["ServerLiveResponse"](live=True)

    async def server_ready(self, request: Any, client: Client) -> Any:
        """Whether workers and all models answer."""
        return MESSAGES["ServerReadyResponse"](ready=not await self._serving.services.ready())

    async def model_ready(self, request: Any, client: Client) -> Any:
        """Whether a replica of the model answers; of an unknown one none does."""
        try:
            error = await self._serving.ready(_reference(request.name, request.version))
        except ModelError as unknown:
            error = unknown
        return MESSAGES["ModelReadyResponse"](ready=error is None)

    async def server_metadata(self, request: Any, client: Client) -> Any:
        """The server's name and version."""
        return MESSAGES["ServerMetadataResponse"](name="noodle", version=self._serving.version)

    async def model_metadata(self, request: Any, client: Client) -> Any:
        """Inputs and outputs of a model."""
        found = await self._serving.signature(_reference(request.name, request.version))
        sides = {side: [port.model_dump() for port in getattr(found, side)] for side in ("inputs", "outputs")}
        versions = [found.version]
        return MESSAGES["ModelMetadataResponse"](name=request.name, versions=versions, platform=found.engine, **sides)

    async def model_infer(self, request: Any, client: Client) -> Any:
        """Call a model."""
        order = read(request)
        reference = _reference(request.model_name, request.model_version)
        signature, outputs = await self._serving.infer(client.tenant, reference, order.inputs)
        return reply(request, signature.version, order.body, outputs)

    async def model_stream_infer(self, requests: AsyncIterator[Any], client: Client) -> AsyncGenerator[Any]:
        """Answer each request of a stream, in order. One that fails is answered with its error, and ends nothing."""
        answering: asyncio.Queue[asyncio.Task[Any] | None] = asyncio.Queue(AHEAD)
        running: set[asyncio.Task[Any]] = set()

        async def take() -> None:
            try:
                async for request in requests:
                    task = asyncio.create_task(self._streamed(request, client))
                    running.add(task)
                    task.add_done_callback(running.discard)
                    await answering.put(task)
            except Exception:
                await answering.put(None)
                raise
            await answering.put(None)

        taking = asyncio.create_task(take())
        running.add(taking)
        try:
            while (task := await answering.get()) is not None:
                yield await task
            await taking
        finally:
            for task in [*running]:
                task.cancel()

    async def _streamed(self, request: Any, client: Client) -> Any:
        try:
            return MESSAGES["ModelStreamInferResponse"](infer_response=await self.model_infer(request, client))
        except Exception as error:
            _, code, message = told(error, client.trace_id)
            response = MESSAGES["ModelInferResponse"](id=request.id, model_name=request.model_name)
            return MESSAGES["ModelStreamInferResponse"](error_message=f"{message} [{code}]", infer_response=response)


def _reference(name: str, version: str) -> str:
    return f"{name}@{version}" if version else name
