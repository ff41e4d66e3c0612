"""What the Open Inference Protocol sends and gets, as Pydantic models."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Datatype = Literal[
    "BOOL", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64", "FP16", "FP32", "FP64", "BYTES"
]  # fmt: skip
MAX_TENSORS = 256
"""Tensors of one request."""
MAX_AXES = 16

Name = Annotated[str, Field(min_length=1, max_length=300)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class InputParameters(_Strict):
    """``binary_data_size``: so many bytes after the JSON are this tensor's; then it has no ``data``."""

    binary_data_size: Annotated[int | None, Field(ge=0)] = None


class OutputParameters(_Strict):
    """Whether this output comes as bytes after the JSON."""

    binary_data: bool | None = None


class RequestParameters(_Strict):
    """Whether outputs come as bytes, where they do not say it themselves."""

    binary_data_output: bool = False


class InputTensor(_Strict):
    """A tensor. ``data`` is its elements, row after row or in nested lists."""

    name: Name
    shape: Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=MAX_AXES)]
    datatype: Datatype
    parameters: InputParameters = InputParameters()
    data: list[Any] | None = None


class RequestedOutput(_Strict):
    """An output that is wanted."""

    name: Name
    parameters: OutputParameters = OutputParameters()


class TensorBody(_Strict):
    """One inference."""

    id: Annotated[str, Field(max_length=1000)] = ""
    parameters: RequestParameters = RequestParameters()
    inputs: Annotated[list[InputTensor], Field(min_length=1, max_length=MAX_TENSORS)]
    outputs: Annotated[list[RequestedOutput], Field(max_length=MAX_TENSORS)] = []


class OutputTensor(BaseModel):
    """A tensor of the answer; with ``parameters.binary_data_size`` its elements follow the JSON."""

    name: str
    shape: list[int]
    datatype: Datatype
    data: list[Any] | None = None
    parameters: InputParameters | None = None


class TensorReply(BaseModel):
    """The answer."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[OutputTensor]


class TensorPort(BaseModel):
    """An input or output of a model; -1 is a size that varies."""

    name: str
    datatype: Datatype
    shape: list[int]


class ModelMetadata(BaseModel):
    """What a model takes and gives."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorPort]
    outputs: list[TensorPort]


class ServerMetadata(BaseModel):
    """The server."""

    name: str
    version: str
    extensions: list[str]


class Live(BaseModel):
    """Whether the process is alive."""

    live: bool


class Ready(BaseModel):
    """Whether inference is served."""

    ready: bool


class ModelReady(BaseModel):
    """Whether a model is served."""

    name: str
    ready: bool


class OipError(BaseModel):
    """An error, with Noodle's code beside it."""

    error: str
    code: Annotated[str, Field(examples=["NOODLE-E0703"])]
