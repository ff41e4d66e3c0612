"""Generic ONNX models: named tensors in and out."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from noodle_ray.ahr.engines.arrays import answer_of, plain
from noodle_ray.ahr.engines.base import Engine
from noodle_ray.ahr.engines.load import load_engine
from noodle_ray.ahr.export import ExportRequest, exported
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.vm.arrays import array
from noodle_ray.core.vm.packed import Packed
from noodle_ray.errors import ModelError


def _one(engine: Engine, *args: Any, **kwargs: Any) -> Any:
    (answer,) = engine.infer([(args, kwargs)])
    return answer


@pytest.fixture
def engine(adder: Path) -> Engine:
    return load_engine(ModelSpec("adder", f"onnx:{adder}"))


def test_tensors_go_in_as_lists_and_come_out_as_arrays_by_name(engine: Engine) -> None:
    answer = _one(engine, a=[[1, 2, 3.5]], b=[[1, 1, 1]], k=2)
    assert plain([answer["total"], answer["count"]]) == [[[2.0, 3.0, 4.5]], 4]
    assert (answer["total"].dtype, answer["total"].shape, type(answer["count"])) == ("float32", (1, 3), int)
    answer = _one(engine, [[1, 2, 3], [4, 5, 6]], b=[(0, 0, 0), (1, 1, 1)], k=0)
    assert answer["total"].tolist() == [[1, 2, 3], [5, 6, 7]]


ONES = array([[1.0, 1.0, 1.0]])


@pytest.mark.parametrize(
    "value",
    [
        array([[1, 2, 3]]), array([[1, 2, 3]], "float32"), [array([1, 2, 3])], (array([1.0, 2.0, 3.0]),),
        Packed("int64", (1, 3), struct.pack("qqq", 1, 2, 3)), [Packed("float32", (3,), struct.pack("fff", 1, 2, 3))],
        [[1, 2.0, True + 2]],
    ],
    ids=str,
)  # fmt: skip
def test_array_is_a_tensor(engine: Engine, value: Any) -> None:
    assert _one(engine, value, ONES, 1)["total"].tolist() == [[2.0, 3.0, 4.0]]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (array([1.0, 1.0, 1.0]), "must have the shape [n, 3], not [3]"),
        ([array([1, 2, 3]), array([1, 2])], "the input 'a' is no tensor(float)"),
        ([array([1, 2, 3]), "x"], "must hold numbers, not 'x'"),
    ],
)
def test_array_that_does_not_fit_is_refused(engine: Engine, value: Any, message: str) -> None:
    assert message in _one(engine, value, ONES, 1).message
    assert "must hold whole numbers, not float64" in _one(engine, ONES, ONES, array([1.5])).message


def test_tensors_keep_what_they_hold_when_they_become_answers() -> None:
    half, huge = np.ones((2,), "f2"), np.array([2**63 + 1], "u8")
    cube = np.arange(8, dtype="i4").reshape(2, 2, 2)
    assert answer_of(half).dtype == "float32"
    assert answer_of(huge) == [2**63 + 1]
    assert answer_of(np.array(["a", "b"], object)) == ["a", "b"]
    assert answer_of(np.array(True)) is True
    matrices = answer_of(cube)
    assert type(matrices) is list
    assert [(m.shape, m.dtype) for m in matrices] == [((2, 2), "int64")] * 2
    assert plain(matrices) == cube.tolist()
    row = answer_of(np.ones((4, 3), "f4")[1])
    assert row._data.base is not None  # a view: nothing was copied


def test_info_names_inputs_and_outputs(engine: Engine) -> None:
    info = engine.info()
    assert info["inputs"]["a"] == {"type": "tensor(float)", "shape": ["n", 3]}
    assert info["outputs"] == ["total", "count"]


ROW = [[1.0, 2.0, 3.0]]
CYCLE: list[Any] = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, "takes the inputs a, b, k; check a, b, k"),
        ((), {"a": ROW, "b": ROW}, "check k"),
        ((), {"a": ROW, "b": ROW, "k": 1, "z": 1}, "check z"),
        ((ROW, ROW, 1, 1), {}, "got 4 arguments"),
        ((ROW,), {"a": ROW, "b": ROW, "k": 1}, "'a' twice"),
        ((), {"a": [[1, 2]], "b": ROW, "k": 1}, "must have the shape [n, 3], not [1, 2]"),
        ((), {"a": [1, 2, 3], "b": ROW, "k": 1}, "must have the shape [n, 3], not [3]"),
        ((), {"a": [[1, 2, 3], [1]], "b": ROW, "k": 1}, "the input 'a' is no tensor(float)"),
        ((), {"a": [["1", "2", "3"]], "b": ROW, "k": 1}, "must hold numbers, not '1'"),
        ((), {"a": ROW, "b": ROW, "k": 1.5}, "must hold whole numbers, not 1.5"),
        ((), {"a": ROW, "b": ROW, "k": 2**70}, "the input 'k' is no tensor(int64)"),
        ((), {"a": CYCLE, "b": ROW, "k": 1}, "nested deeper than 16 lists"),
        ((), {"a": None, "b": ROW, "k": 1}, "must hold numbers, not None"),
        ((), {"a": ROW * 2, "b": ROW * 3, "k": 1}, "'a' and 'b' must agree in 'n', but have 2 and 3"),
    ],
)
def test_wrong_tensors_are_refused_and_neighbours_answered(
    engine: Engine, args: tuple[Any, ...], kwargs: dict[str, Any], message: str
) -> None:
    error, after = engine.infer([(args, kwargs), ((), {"a": ROW, "b": ROW, "k": 1})])
    assert isinstance(error, ModelError)
    assert error.code == "NOODLE-E0603"
    assert message in error.message
    assert after["total"].tolist() == [[2.0, 4.0, 6.0]]


@pytest.mark.models
def test_real_encoder_runs_as_a_generic_graph(minilm: Engine, minilm_folder: Path) -> None:
    graph = exported(ExportRequest(minilm_folder, "embedding", "mean", True))
    engine = load_engine(ModelSpec("raw", f"onnx:{graph}"))
    answer = _one(engine, input_ids=[[101, 7592, 102]], attention_mask=[[1, 1, 1]])
    assert np.allclose(answer["result"][0], _one(minilm, "hello"), atol=1e-6)


def test_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    for content in (b"", b"not a graph", bytes(100)):
        path.write_bytes(content)
        with pytest.raises(ModelError) as caught:
            load_engine(ModelSpec("x", f"onnx:{path}"))
        assert caught.value.code == "NOODLE-E0604"


def test_closed_engine_answers_with_an_error(engine: Engine) -> None:
    engine.close()
    engine.close()
    assert _one(engine, ROW, ROW, 1).code == "NOODLE-E0605"
