"""Users' own classes as models."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from noodle_ray.ahr import LocalModels, Registry, make_spec, prepare
from noodle_ray.ahr.engines.base import Engine
from noodle_ray.ahr.engines.load import load_engine
from noodle_ray.ahr.registration import version_of
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.vm.arrays.array import array
from noodle_ray.errors import ModelError

SOURCE = """
import asyncio, math, threading
from dataclasses import dataclass
from typing import Annotated, Literal
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

class Order(BaseModel):
    item: str
    count: Annotated[int, Field(ge=1)]

@dataclass
class Total:
    cents: int
    lines: list[str]

class Shop:
    example = ([{"item": "tea", "count": 1}],)
    def load(self) -> None:
        self.prices = {"tea": 250, "cake": 400}
    def predict(self, orders: list[Order], currency: Literal["EUR", "CHF"] = "EUR") -> Total:
        lines = [f"{o.count} {o.item}" for o in orders]
        return Total(sum(self.prices[o.item] * o.count for o in orders), [*lines, currency])

class Scale:
    def load(self): pass
    def predict(self, x: NDArray[np.float32], by: float) -> dict[str, np.ndarray]: return x
class Matrix:
    def load(self): pass
    def predict(self, x: np.ndarray, by: float) -> np.ndarray: return x * by
class Quits:
    def load(self): pass
    def predict(self, x: int) -> int: raise SystemExit(7)
class Lies:
    def load(self): pass
    def predict(self, x: int) -> int: return "seven"
class Object:
    def load(self): pass
    def predict(self, x: int) -> set[int]: return {x}
class LoadFails:
    def load(self): raise OSError("no weights")
    def predict(self, x: int) -> int: return x
class LoadQuits:
    def load(self): raise SystemExit
    def predict(self, x: int) -> int: return x
class NoHint:
    def load(self): pass
    def predict(self, x) -> int: return x
class NoResult:
    def load(self): pass
    def predict(self, x: int): return x
class Stars:
    def load(self): pass
    def predict(self, *x: int) -> int: return 0
class Unknown:
    def load(self): pass
    def predict(self, x: "Nowhere") -> int: return x
class Nan:
    example = (1,)
    def load(self): pass
    def predict(self, x: int) -> float: return math.nan
class Together:
    def load(self): self.all = threading.Barrier(3)
    def predict(self, x: int) -> int:
        self.all.wait(30)
        return x
class Asked:
    async def load(self): self.all = asyncio.Barrier(3)
    async def predict(self, x: int) -> int:
        await self.all.wait()
        return x
    async def close(self): pass
class QuitsLater:
    async def load(self): pass
    async def predict(self, x: int) -> int: raise SystemExit(7)
class BadExample:
    example = ("x",)
    def load(self): pass
    def predict(self, x: int) -> int: return x
class NoLoad:
    def predict(self, x: int) -> int: return x
function = len
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The importable module ``noodle_test_models``."""
    folder = tmp_path_factory.mktemp("python")
    (folder / "noodle_test_models.py").write_text(SOURCE)
    (folder / "noodle_test_broken.py").write_text("raise SystemExit('stop')")
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


def _engine(kind: str) -> Engine:
    return load_engine(ModelSpec("own", f"python:noodle_test_models:{kind}"))


def _one(engine: Engine, *args: Any, **kwargs: Any) -> Any:
    return engine.infer([(args, kwargs)])[0]


def test_class_is_registered_with_its_signature_and_called(module: Path, noodle_home: Path) -> None:
    spec = make_spec("shop", "python:noodle_test_models:Shop")
    assert (spec.task, spec.engine, len(spec.version)) == ("custom", "python", 12)
    version = version_of(spec, prepare(spec))
    assert version.signature["inputs"] == [
        {"name": "orders", "dtype": "list[noodle_test_models.Order]", "shape": []},
        {"name": "currency", "dtype": "Literal['EUR', 'CHF']", "shape": []},
    ]
    assert version.signature["outputs"] == [{"name": "result", "dtype": "Total", "shape": []}]
    Registry().add(version)
    with LocalModels() as models:
        answer = models.call("shop", [{"item": "tea", "count": 2}, {"item": "cake", "count": 1}], currency="CHF")
    assert answer == {"cents": 900, "lines": ["2 tea", "1 cake", "CHF"]}


def test_class_whose_file_changed_is_not_the_one_that_was_registered(module: Path, noodle_home: Path) -> None:
    spec = make_spec("shop", "python:noodle_test_models:Shop")
    file = module / "noodle_test_models.py"
    file.write_text(SOURCE + "# changed\n")
    with pytest.raises(ModelError) as caught:
        load_engine(spec)
    assert caught.value.code == "NOODLE-E0612"
    file.write_text(SOURCE)


@pytest.mark.parametrize(
    ("args", "kwargs", "said"),
    [
        ((), {}, "missing a required argument: 'orders'"),
        (([], "EUR", 3), {}, "too many positional"),
        (([],), {"colour": 1}, "colour"),
        (("tea",), {}, "the input orders: Input should be a valid list"),
        (([{"item": "tea"}],), {}, "the input orders.0.count: Field required"),
        (([{"item": "tea", "count": 0}],), {}, "greater than or equal to 1"),
        (([], "USD"), {}, "the input currency: Input should be 'EUR' or 'CHF'"),
    ],
)
def test_wrong_argument_is_refused(module: Path, args: Any, kwargs: Any, said: str) -> None:
    error = _one(_engine("Shop"), *args, **kwargs)
    assert error.code == "NOODLE-E0603"
    assert said in error.message


def test_arrays_come_and_go_as_arrays(module: Path) -> None:
    matrix = _engine("Matrix")
    answer = _one(matrix, array([[1.0, 2.0], [3.0, 4.0]]), 2)
    assert answer.tolist() == [[2, 4], [6, 8]]
    assert _one(matrix, [1, 2], 0.5).tolist() == [0.5, 1.0]
    assert _one(matrix, ["a"], 1).code == "NOODLE-E0603"
    assert _one(matrix, [[1], [1, 2]], 1).code == "NOODLE-E0603"
    assert isinstance(np.asarray(answer._data), np.ndarray)


@pytest.mark.parametrize(
    ("kind", "said"),
    [("Quits", "exits with 7"), ("Lies", "valid integer"), ("Object", "set, which programs do not have")],
)
def test_class_that_misbehaves_fails_its_call(module: Path, kind: str, said: str) -> None:
    error = _one(_engine(kind), 3)
    assert error.code == "NOODLE-E0605"
    assert said in error.message


@pytest.mark.parametrize("kind", ["Together", "Asked"])
def test_class_with_slots_answers_as_many_calls_at_once(module: Path, noodle_home: Path, kind: str) -> None:
    Registry().add(ModelSpec("own", f"python:noodle_test_models:{kind}", options={"slots": 3}))
    with LocalModels() as models:
        tickets = models.submit("own", [((number,), {}) for number in (0, 1, 2)])
        assert [ticket.result(60) for ticket in tickets] == [0, 1, 2]
    assert models.slots("own") == 3


def test_asynchronous_class_fails_its_call_and_answers_the_next(module: Path) -> None:
    engine = load_engine(ModelSpec("own", "python:noodle_test_models:QuitsLater"))
    assert ["it exits with 7" in _one(engine, 1).message for _ in range(2)] == [True, True]
    engine.close()
    assert "it was closed" in _one(engine, 1).message


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("LoadFails", "no weights"),
        ("LoadQuits", "SystemExit"),
        ("NoHint", "the parameter x of predict needs an annotation"),
        ("NoResult", "the result of predict needs an annotation"),
        ("Stars", "may not have a *"),
        ("Unknown", "Nowhere"),
        ("Scale", "cannot be validated"),
        ("Nan", "NaN or infinity"),
        ("BadExample", "its example fails"),
        ("NoLoad", "no class with load and predict"),
        ("function", "no class with load and predict"),
        ("Missing", "Missing"),
    ],
)
def test_class_is_refused_when_it_cannot_serve(module: Path, kind: str, said: str) -> None:
    with pytest.raises(ModelError, match=r"loaded|NaN") as caught:
        _engine(kind)
    assert caught.value.code == "NOODLE-E0604"
    assert said in caught.value.message


def test_module_that_exits_is_refused(module: Path) -> None:
    with pytest.raises(ModelError, match="stop") as caught:
        load_engine(ModelSpec("own", "python:noodle_test_broken:Model"))
    assert caught.value.code == "NOODLE-E0604"


@pytest.mark.parametrize("place", ["os", "os.path:", ":X", "a b:C", "../x:C", "no_such_module_at_all:C", "os:system()"])
def test_place_is_refused_when_there_is_no_such_class(place: str) -> None:
    with pytest.raises(ModelError) as caught:
        make_spec("own", f"python:{place}")
    assert caught.value.code == "NOODLE-E0602"
