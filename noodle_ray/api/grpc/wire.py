"""Tensors between gRPC's messages and numpy: typed in ``contents``, or as raw bytes beside the inputs."""

from collections.abc import Mapping
from typing import Any, Final

from noodle_ray.api.grpc.messages import MESSAGES
from noodle_ray.api.oip.errors import bad
from noodle_ray.api.oip.schemas import TensorBody
from noodle_ray.api.oip.tensors import Tensor, decode, encoded
from noodle_ray.api.oip.wire import Inference, wanted

CONTENTS: Final = {
    "BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
    "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents", "UINT32": "uint_contents",
    "UINT64": "uint64_contents", "FP32": "fp32_contents", "FP64": "fp64_contents", "BYTES": "bytes_contents",
}  # fmt: skip
"""Where the elements of each datatype are; FP16 only comes as raw bytes."""


def read(request: Any) -> Inference:
    """Read a ``ModelInferRequest``. Raises ValidationError or RequestError E0703."""
    if odd := _parameters(request):
        raise bad(f"the parameter {min(odd)[:100]!r} is not supported")
    inputs = [{"name": i.name, "datatype": i.datatype, "shape": list(i.shape)} for i in request.inputs]
    outputs = [{"name": output.name} for output in request.outputs]
    body = TensorBody.model_validate({"id": request.id, "inputs": inputs, "outputs": outputs})
    raw = request.raw_input_contents
    if raw and len(raw) != len(body.inputs):
        raise bad(f"raw_input_contents has {len(raw)} tensors for {len(body.inputs)} inputs")
    tensors: dict[str, Tensor] = {}
    for place, (tensor, given) in enumerate(zip(body.inputs, request.inputs, strict=True)):
        if tensor.name in tensors:
            raise bad(f"the input {tensor.name!r} is there twice")
        filled = [field.name for field, _ in given.contents.ListFields()]
        if raw and filled:
            raise bad(f"the input {tensor.name!r} has {filled[0]}, and raw_input_contents too")
        if raw:
            tensors[tensor.name] = decode(tensor, memoryview(raw[place]))
        else:
            data = _elements(tensor.name, tensor.datatype, given.contents, filled)
            tensors[tensor.name] = decode(tensor.model_copy(update={"data": data}), None)
    return Inference(body, tensors)


def _parameters(request: Any) -> set[str]:
    found = set(request.parameters)
    for part in (*request.inputs, *request.outputs):
        found |= set(part.parameters)
    return found


def _elements(name: str, datatype: str, contents: Any, filled: list[str]) -> list[Any]:
    field = CONTENTS.get(datatype)
    if field is None:
        raise bad(f"the input {name!r} is {datatype}, which only raw_input_contents can hold")
    if odd := [other for other in filled if other != field]:
        raise bad(f"the input {name!r} is {datatype}, whose elements are {field}, not {odd[0]}")
    found = list(getattr(contents, field))
    if datatype != "BYTES":
        return found
    try:
        return [element.decode() for element in found]
    except UnicodeDecodeError:
        raise bad(f"the input {name!r} must hold texts in UTF-8; models here take no other bytes") from None


def reply(request: Any, version: str, body: TensorBody, outputs: Mapping[str, Tensor]) -> Any:
    """Build the ``ModelInferResponse``, with outputs in the form that the inputs had, all raw if one is FP16.

    Raises RequestError E0703 for outputs that the model does not have.
    """
    asked = [(output.name, outputs[output.name]) for output in wanted(body, outputs)]
    made = MESSAGES["ModelInferResponse"](model_name=request.model_name, model_version=version, id=request.id)
    raw = bool(request.raw_input_contents) or any(tensor.datatype not in CONTENTS for _, tensor in asked)
    for name, tensor in asked:
        told = made.outputs.add(name=name, datatype=tensor.datatype, shape=tensor.data.shape)
        if raw:
            made.raw_output_contents.append(encoded(tensor))
            continue
        flat = tensor.data.ravel().tolist()
        if tensor.datatype == "BYTES":
            flat = [str(text).encode() for text in flat]
        getattr(told.contents, CONTENTS[tensor.datatype]).extend(flat)
    return made
