"""The messages of the Open Inference Protocol over gRPC, from a table of their fields' numbers.

The numbers are those of the protocol's public definition (KServe, "Open Inference Protocol (V2)", gRPC; Triton's
`grpc_service.proto` has the same). The classes are made at run time, in a pool of their own: names of messages are
global to a pool, and a process may also have Triton's client in it, whose generated code has the same names.
"""

from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE: Final = "inference"
SERVICE: Final = f"{PACKAGE}.GRPCInferenceService"

_TYPES: Final = {
    "double": 1, "float": 2, "int64": 3, "uint64": 4, "int32": 5, "bool": 8, "string": 9, "message": 11, "bytes": 12,
    "uint32": 13,
}  # fmt: skip
_OPTIONAL, _REPEATED = 1, 3

# A field is `NAME NUMBER TYPE`: a star makes it repeated, `?` one of a choice, and `map` maps names to parameters.
_TABLE: Final[dict[str, tuple[str, ...]]] = {
    "InferParameter": (
        "bool_param 1 bool?",
        "int64_param 2 int64?",
        "string_param 3 string?",
        "double_param 4 double?",
        "uint64_param 5 uint64?",
    ),
    "InferTensorContents": (
        "bool_contents 1 bool*",
        "int_contents 2 int32*",
        "int64_contents 3 int64*",
        "uint_contents 4 uint32*",
        "uint64_contents 5 uint64*",
        "fp32_contents 6 float*",
        "fp64_contents 7 double*",
        "bytes_contents 8 bytes*",
    ),
    "ServerLiveRequest": (),
    "ServerLiveResponse": ("live 1 bool",),
    "ServerReadyRequest": (),
    "ServerReadyResponse": ("ready 1 bool",),
    "ModelReadyRequest": ("name 1 string", "version 2 string"),
    "ModelReadyResponse": ("ready 1 bool",),
    "ServerMetadataRequest": (),
    "ServerMetadataResponse": ("name 1 string", "version 2 string", "extensions 3 string*"),
    "ModelMetadataRequest": ("name 1 string", "version 2 string"),
    "ModelMetadataResponse.TensorMetadata": ("name 1 string", "datatype 2 string", "shape 3 int64*"),
    "ModelMetadataResponse": (
        "name 1 string",
        "versions 2 string*",
        "platform 3 string",
        "inputs 4 ModelMetadataResponse.TensorMetadata*",
        "outputs 5 ModelMetadataResponse.TensorMetadata*",
    ),
    "ModelInferRequest.InferInputTensor": (
        "name 1 string",
        "datatype 2 string",
        "shape 3 int64*",
        "parameters 4 map",
        "contents 5 InferTensorContents",
    ),
    "ModelInferRequest.InferRequestedOutputTensor": ("name 1 string", "parameters 2 map"),
    "ModelInferRequest": (
        "model_name 1 string",
        "model_version 2 string",
        "id 3 string",
        "parameters 4 map",
        "inputs 5 ModelInferRequest.InferInputTensor*",
        "outputs 6 ModelInferRequest.InferRequestedOutputTensor*",
        "raw_input_contents 7 bytes*",
    ),
    "ModelInferResponse.InferOutputTensor": (
        "name 1 string",
        "datatype 2 string",
        "shape 3 int64*",
        "parameters 4 map",
        "contents 5 InferTensorContents",
    ),
    "ModelInferResponse": (
        "model_name 1 string",
        "model_version 2 string",
        "id 3 string",
        "parameters 4 map",
        "outputs 5 ModelInferResponse.InferOutputTensor*",
        "raw_output_contents 6 bytes*",
    ),
    "ModelStreamInferResponse": ("error_message 1 string", "infer_response 2 ModelInferResponse"),
}


def _file() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="noodle/open_inference.proto", package=PACKAGE, syntax="proto3")
    made: dict[str, Any] = {}
    for path in sorted(_TABLE, key=lambda path: path.count(".")):  # what others are nested in comes first
        outer, _, name = path.rpartition(".")
        made[path] = made[outer].nested_type.add(name=name) if outer else file.message_type.add(name=name)
        for line in _TABLE[path]:
            _add_field(made[path], path, line)
    return file


def _add_field(message: Any, path: str, line: str) -> None:
    name, number, kind = line.split()
    field = message.field.add(name=name, number=int(number), label=_OPTIONAL)
    if kind.endswith("?"):
        if not message.oneof_decl:
            message.oneof_decl.add(name="parameter_choice")
        field.oneof_index = 0
    if kind.endswith("*") or kind == "map":
        field.label = _REPEATED
    kind = kind.rstrip("*?")
    if kind == "map":
        entry = message.nested_type.add(name="ParametersEntry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, type=_TYPES["string"], label=_OPTIONAL)
        value = f".{PACKAGE}.InferParameter"
        entry.field.add(name="value", number=2, type=_TYPES["message"], type_name=value, label=_OPTIONAL)
        field.type, field.type_name = _TYPES["message"], f".{PACKAGE}.{path}.ParametersEntry"
    elif kind in _TYPES:
        field.type = _TYPES[kind]
    else:
        field.type, field.type_name = _TYPES["message"], f".{PACKAGE}.{kind}"


def _classes() -> dict[str, Any]:
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(_file().SerializeToString())
    return {path: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{path}")) for path in _TABLE}


MESSAGES: Final[dict[str, Any]] = _classes()
"""The classes by their names inside of the package."""
