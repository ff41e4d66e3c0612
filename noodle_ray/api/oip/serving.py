"""What the protocol asks of models, however it is asked: over HTTP or gRPC."""

import time
from collections.abc import Mapping

from starlette.requests import Request

from noodle_ray.ahr import codes
from noodle_ray.api.calling import answers, model_named
from noodle_ray.api.oip import models
from noodle_ray.api.oip.models import Signature
from noodle_ray.api.oip.tensors import Tensor
from noodle_ray.api.schemas import ModelInfo
from noodle_ray.api.services import Services
from noodle_ray.errors import ModelError

REMEMBERED = 5.0
"""Seconds for which a model's signature is not asked for again: a request must not cost two."""


class Serving:
    """Models that are asked in the protocol's terms. ``version`` is the platform's."""

    def __init__(self, services: Services, version: str) -> None:
        self.services = services
        self.version = version
        self._signatures: dict[str, tuple[float, list[ModelInfo], Signature]] = {}

    async def signature(self, reference: str) -> Signature:
        """What a model takes and gives. Raises ModelError."""
        listed = self.services.models()
        at, of, known = self._signatures.get(reference, (0.0, None, None))
        if known is not None and of is listed and time.monotonic() - at < REMEMBERED:
            return known
        stats = await self.services.stats(reference)
        found = models.signature(model_named(self.services, reference), stats)
        if len(self._signatures) >= 1000:
            self._signatures.clear()
        self._signatures[reference] = (time.monotonic(), listed, found)
        return found

    async def infer(
        self, client: Request | str, reference: str, inputs: Mapping[str, Tensor]
    ) -> tuple[Signature, dict[str, Tensor]]:
        """All outputs of a model for these inputs, for a request, whose client is watched, or for a tenant. Raises
        ModelError, RequestError, or ClientDisconnect.
        """
        signature = await self.signature(reference)
        models.check(signature, inputs)
        calls = models.calls(signature, inputs, self.services.settings.max_infer_inputs)
        found = await answers(client, self.services, reference, calls, "texts")
        return signature, models.outputs(signature, found)

    async def ready(self, reference: str) -> ModelError | None:
        """None if a replica of the model answers, else why not. Raises ModelError E0601 for unknown models."""
        try:
            await self.services.stats(reference)
        except ModelError as error:
            if error.code == codes.UNKNOWN_MODEL:
                raise
            return error
        return None
