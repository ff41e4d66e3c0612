"""Embeddings as OpenAI's clients ask for them."""

import base64
from typing import Any

from starlette.requests import HTTPConnection

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.base import wrong
from noodle_ray.api.calling import asked
from noodle_ray.api.openai.known import known
from noodle_ray.api.openai.schemas import EmbeddingBody
from noodle_ray.api.services import Services
from noodle_ray.core.runs.batcher import Call, Reply
from noodle_ray.core.vm.packed import array_json
from noodle_ray.core.vm.values import to_json
from noodle_ray.errors import ModelError


async def embedded(services: Services, client: HTTPConnection, body: EmbeddingBody) -> dict[str, Any]:
    """The reply to ``body``. ``client`` is as `asked` has it. Raises ModelError, or ClientDisconnect."""
    model = known(services, body.model)
    if model.task not in ("", "embedding"):
        raise wrong(f"the model {model.name!r} has the task {model.task}; it does not embed")
    calls: list[Call] = [((text,), {"usage": True}) for text in _texts(body.input, services.settings.max_infer_inputs)]
    replies = await asked(client, services, model.name, calls)
    values = [_answer(reply, place) for place, reply in enumerate(replies)]
    tokens = sum(value["tokens"] for value in values)
    data = [
        {"object": "embedding", "index": place, "embedding": _vector(value["answer"], body)}
        for place, value in enumerate(values)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": model.name, "usage": usage}


def _texts(given: str | list[Any], most: int) -> list[str]:
    texts = [given] if isinstance(given, str) else given
    if not 0 < len(texts) <= most:
        raise wrong(f"input must be a text or a list of 1 to {most} texts")
    if not all(isinstance(text, str) for text in texts):
        raise wrong("input must be a text or a list of texts; token ids are not supported")
    return texts


def _answer(reply: Reply, place: int) -> dict[str, Any]:
    if not reply.ok:
        assert isinstance(reply.value, tuple)
        code, message = reply.value
        raise ModelError(f"input.{place}: {message}", code=code)
    if not isinstance(reply.value, dict):
        raise ModelError("the model did not answer with a vector", code=codes.ENGINE_FAILED)
    return reply.value


def _vector(value: Any, body: EmbeddingBody) -> Any:
    packed = array_json(value)["$array"]
    if body.dimensions not in (None, packed["shape"][0]):
        raise wrong(f"dimensions: this model's vectors have {packed['shape'][0]}, and cannot be made shorter")
    if body.encoding_format != "base64":
        return to_json(value)
    # Engines compute in float32 on little-endian machines, which is what clients expect.
    return packed["data"] if packed["dtype"] == "float32" else base64.b64encode(_float32(value)).decode()


def _float32(value: Any) -> bytes:
    from array import array

    return array("f", to_json(value)).tobytes()
