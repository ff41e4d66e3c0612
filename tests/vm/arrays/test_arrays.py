"""Arrays from outside of a program: limits, fuel, the wire, JSON, numpy; what they compute is in the corpus."""

import random
import struct
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.sandbox.wire import Codec
from noodle_ray.core.types.arrays import NAMES
from noodle_ray.core.vm.arrays import array
from noodle_ray.core.vm.arrays.functions import ATTRIBUTES, METHODS, STATICS
from noodle_ray.core.vm.execute import Outcome, execute
from noodle_ray.core.vm.limits import Limits
from noodle_ray.core.vm.modules import members
from noodle_ray.core.vm.packed import Packed, without_arrays
from noodle_ray.core.vm.values import copy_data, to_json

TIERS = ("interpreter", "python")
IMPORT = "from noodle_ray import array\n"


def run(source: str, tier: str = "python", **limits: Any) -> Outcome:
    return execute(compile_source(IMPORT + source), tier=tier, limits=Limits(**limits))


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("source", ["array.zeros(10**9)", "array.zeros((10**5, 10**5))", "array(range(10**10))"])
def test_memory_limit_trips_when_an_array_cannot_fit(source: str, tier: str) -> None:
    outcome = run(source, tier)
    assert outcome.error is not None
    assert outcome.error["code"] == "NOODLE-E0402"


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(
    "source",
    ["x = array.zeros(10**6)\nwhile True: x = x + 1", "m = array.ones((400, 400))\nwhile True: m @ m",
     "x = array.zeros(10**5)\nwhile True: x.sort()", "x = array.zeros(10**5)\nwhile True: x.tolist()"],
)  # fmt: skip
def test_fuel_runs_out_when_work_on_arrays_goes_on(source: str, tier: str) -> None:
    outcome = run(source, tier, fuel=300_000)
    assert outcome.error is not None
    assert outcome.error["code"] == "NOODLE-E0401"


@pytest.mark.parametrize(
    "source", ["a + 1", "a @ a", "a.sum()", "a.softmax()", "a.top_k(3)", "[x for x in a]", "a[a > 1]"]
)
def test_fuel_grows_with_size(source: str) -> None:
    small = run(f"a = array.zeros(10)\n{source}\n0").usage["fuel"]
    large = run(f"a = array.zeros(100000)\n{source}\n0").usage["fuel"]
    assert large > small + 100_000 / 64


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("name", ["_data", "base", "data", "ctypes", "tobytes", "tofile", "dump", "view", "__array__"])
def test_numpy_is_out_of_reach_of_a_program(name: str, tier: str) -> None:
    try:
        outcome = run(f"array([1]).{name}", tier)
    except Exception as error:
        assert getattr(error, "code", "") == "NOODLE-E0110"  # noqa: PT017
        return
    assert outcome.error is not None
    assert outcome.error["type"] == "AttributeError"


def test_every_result_is_an_array_or_plain() -> None:
    vector, matrix = array([1.0, 2.0, 3.0]), array([[1.0, 2.0], [3.0, 4.0]])
    arguments: dict[str, tuple[Any, ...]] = {
        "astype": ("int64",), "cosine": ([1, 2, 3],), "dot": ([1, 2, 3],), "reshape": (3, 1), "top_k": (2,),
    }  # fmt: skip
    plain = (bool, int, float, str, list, type(None), array)
    for name, method in METHODS.items():
        result = method(vector, *arguments.get(name, ()))
        for one in result if isinstance(result, tuple) else (result,):
            assert type(one) in plain, name
    for name in ("sum", "prod", "mean", "std", "min", "max", "argmax", "argmin", "all", "any", "norm"):
        assert type(METHODS[name](matrix, axis=0)) is array, name
    for name, reader in ATTRIBUTES.items():
        assert type(reader(matrix)) in (*plain, tuple), name
    assert set(STATICS) == {"arange", "concatenate", "full", "linspace", "ones", "stack", "zeros"}


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "//", "%", "<", "==", "!=", ">="])
@pytest.mark.parametrize("dtype", ["float64", "int64"])
def test_arithmetic_agrees_with_python_element_by_element(symbol: str, dtype: str) -> None:
    rng = random.Random(7)
    for _ in range(30):
        left = [rng.randrange(-50, 50) for _ in range(8)]
        right = [rng.choice([-7, -3, -1, 1, 2, 9]) for _ in range(8)]
        if dtype == "float64":
            left, right = [x / 4 for x in left], [x / 4 for x in right]
        expected = [eval(f"x {symbol} y") for x, y in zip(left, right, strict=True)]
        assert eval(f"x {symbol} y", {"x": array(left), "y": array(right)}).tolist() == expected
        assert eval(f"x {symbol} 3", {"x": array(left)}).tolist() == [eval(f"x {symbol} 3") for x in left]


@pytest.mark.parametrize(
    "value", [[1.5, -2.0], [1, 2**62], [True, False], [[1.5, 2.0], [3.0, 4.0]], [[1, 2, 3]], []], ids=str
)
def test_array_crosses_the_wire_as_its_numbers(value: Any) -> None:
    members("noodle_ray")
    codec = Codec()
    arrived = codec.unpack(codec.pack({"x": array(value)}))
    assert without_arrays(arrived) == {"x": value}
    assert type(arrived["x"]) is Packed  # type: ignore[index]
    assert codec.unpack(codec.pack(array([0.5, 0.1], "float32"))) == Packed(
        "float32", (2,), struct.pack("ff", 0.5, 0.1)
    )


def test_the_checker_knows_the_names_of_arrays() -> None:
    assert METHODS.keys() | STATICS.keys() | ATTRIBUTES.keys() == NAMES


def test_array_is_data_for_results_and_json() -> None:
    members("noodle_ray")
    original = array([[1, 2], [3, 4]])
    copied = copy_data({"m": original})["m"]
    copied[0, 0] = 9
    assert original[0, 0] == 1
    assert to_json([original, array([1.0, float("inf")])]) == [[[1, 2], [3, 4]], [1.0, {"$float": "inf"}]]


def test_array_is_an_argument_of_a_model() -> None:
    asked: list[Any] = []

    class Host:
        def send(self, requests: list[Any]) -> None:
            asked.extend(requests)

        def receive(self) -> list[Any]:
            from noodle_ray.core.vm.host import EffectAnswer

            return [EffectAnswer(asked[-1].key, True, [1.0, 2.0])]

    source = 'from noodle_ray import array, model\nm = model("m")\n(array(m(array([1, 2]))) * 2).tolist()'
    outcome = execute(compile_source(source), host=Host())
    assert outcome.result == [2.0, 4.0]
    assert isinstance(asked[0].args[0], array)


def test_numpy_sees_the_data_in_cpython() -> None:
    assert np.asarray(array([1.0, 2.0])).tolist() == [1.0, 2.0]


def test_numpy_is_not_loaded_unless_a_program_needs_it() -> None:
    code = (
        "import sys, noodle_ray\nfrom noodle_ray.core.lang import compile_source\n"
        "from noodle_ray.core.vm.execute import execute\nexecute(compile_source('1 + 1'))\n"
        "assert 'numpy' not in sys.modules\n"
        "execute(compile_source('from noodle_ray import array\\narray([1])'))\nassert 'numpy' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
