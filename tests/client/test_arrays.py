"""Arrays in a driver: a model answers the same kind of value in the program, under plain Python, and over HTTP."""

import pytest

import noodle_ray as noodle
from noodle_ray import array, model
from noodle_ray.client.connection import Connection

vector = model("vector")
embed = model("minilm")


@noodle.program
def tells(text: str) -> list:
    answer = vector(text)
    answer += 1
    return [answer.dtype, answer, isinstance(answer, list), answer @ answer > 0]


@noodle.program
def total(numbers: list) -> float:
    return sum(numbers)


@noodle.program
def alike(a: str, b: str) -> float:
    return embed(a) @ embed(b)


def test_program_and_plain_python_get_the_same_kind_of_answer(connected: Connection) -> None:
    there, here = tells("abc"), tells.python("abc")
    assert there == ["float32", [4.0, array([1.3], "float32")[0]], False, True]
    assert [here[0], here[1].tolist(), *here[2:]] == there
    assert type(vector("abc")) is array
    assert vector("abc")._data.flags.writeable


def test_array_is_an_argument_of_a_program(connected: Connection) -> None:
    assert total(array([0.5, 2.0])) == 2.5


@pytest.mark.models
def test_programs_on_this_machine_get_arrays_from_real_models() -> None:
    assert alike("a cat", "a kitten") == pytest.approx(alike.python("a cat", "a kitten"), abs=1e-4)
    assert total(array([0.5, 2.0])) == 2.5
    both = embed(["a cat", "a dog"])
    assert [(type(one), one.dtype, one.shape) for one in both] == [(array, "float32", (384,))] * 2
