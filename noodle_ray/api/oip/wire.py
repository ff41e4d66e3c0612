"""Requests and replies of an inference: JSON, and after it the bytes of tensors, as one body."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pydantic_core
from starlette.responses import Response

from noodle_ray.api.oip.errors import bad
from noodle_ray.api.oip.schemas import RequestedOutput, TensorBody
from noodle_ray.api.oip.tensors import Tensor, decode, encoded, listed

HEADER = "inference-header-content-length"
"""How many bytes of a body are its JSON."""


class Inference(NamedTuple):
    """A request, read."""

    body: TensorBody
    inputs: dict[str, Tensor]


def read(data: bytes, header: str | None) -> Inference:
    """Read a request's body. Raises ValidationError or RequestError E0703."""
    size = len(data)
    if header is not None:
        if not (header.isascii() and header.isdecimal()) or int(header[:20]) > size:
            raise bad(f"{HEADER} must be a number of bytes, at most the body's {size}")
        size = int(header[:20])
    body = TensorBody.model_validate_json(data[:size])
    rest = memoryview(data)[size:]
    inputs: dict[str, Tensor] = {}
    for tensor in body.inputs:
        if tensor.name in inputs:
            raise bad(f"the input {tensor.name!r} is there twice")
        length = tensor.parameters.binary_data_size
        if length is not None and length > len(rest):
            raise bad(f"the input {tensor.name!r} says {length} bytes, but {len(rest)} are left of the body")
        inputs[tensor.name] = decode(tensor, None if length is None else rest[:length])
        rest = rest[length or 0 :]
    if rest:
        raise bad(f"{len(rest)} bytes of the body belong to no input")
    return Inference(body, inputs)


def wanted(body: TensorBody, outputs: Mapping[str, Tensor]) -> list[RequestedOutput]:
    """The outputs that are asked for. Raises RequestError E0703 for those that the model does not have."""
    asked = body.outputs or [RequestedOutput(name=output) for output in outputs]
    unknown = [output.name for output in asked if output.name not in outputs]
    if unknown:
        raise bad(f"the model has no output {unknown[0]!r}; it has {', '.join(outputs)}")
    if len({output.name for output in asked}) < len(asked):
        raise bad("an output is asked for twice")
    return asked


def reply(name: str, version: str, body: TensorBody, outputs: Mapping[str, Tensor]) -> Response:
    """Build the response. Raises RequestError E0703 for outputs that the model does not have, or JSON cannot hold."""
    told, parts = [], []
    for output in wanted(body, outputs):
        tensor = outputs[output.name]
        one: dict[str, Any] = {
            "name": output.name,
            "shape": list(tensor.data.shape),
            "datatype": tensor.datatype,
        }
        binary = output.parameters.binary_data
        if body.parameters.binary_data_output if binary is None else binary:
            parts.append(encoded(tensor))
            one["parameters"] = {"binary_data_size": len(parts[-1])}
        else:
            one["data"] = listed(output.name, tensor)
        told.append(one)
    head = {"model_name": name, "model_version": version} | ({"id": body.id} if body.id else {}) | {"outputs": told}
    json = pydantic_core.to_json(head)
    if not parts:
        return Response(json, 200, None, "application/json")
    return Response(b"".join([json, *parts]), 200, {HEADER: str(len(json))}, "application/octet-stream")
