"""Incremental compilation: what is compiled after an edit equals what a cold compilation makes, byte for byte."""
# ruff: noqa: E501

import marshal
import random
from collections.abc import Iterator

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc.module import Module
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.pytier import fragments
from noodle_ray.core.vm.pytier.compile import Compiled, compile_module
from tests.language.harness import load, observed

FUNCTIONS = 12


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    fragments._kept.clear()
    yield
    fragments._kept.clear()


def function(number: int, chance: random.Random) -> str:
    """One of many shapes of function, class and generator, some with functions of their own."""
    constant, name = chance.randrange(1000), f"f{number}"
    return chance.choice(
        [
            f"def {name}(a, b={constant}):\n    return a + b\n",
            f"def {name}(*a, **k):\n    return [x * {constant} for x in a if x.real] or sorted(k)\n",
            f"def {name}(a):\n    '''doc'''\n    def inner(b):\n        return a + b + {constant}\n    return inner(1)\n",
            f"def {name}(a):\n    yield {constant}\n    yield from [a]\n",
            f"async def {name}(a):\n    return a, {constant}\n",
            f"class {name}:\n    size = {constant}\n    def __init__(self, a):\n        self.a = a\n"
            f"    def grow{number}(self):\n        return self.a + self.size\n",
            f"def {name}(a):\n    try:\n        return '%s {constant}'.strip() % a\n    except TypeError as e:\n        raise\n",
            f"{name} = lambda a: [a, {constant}]\n",
            f"def {name}(a):\n    global shared\n    shared = {constant}\n    while a < shared:\n        a += 1\n    return a\n",
        ]
    )


def program(parts: list[str]) -> str:
    calls = "".join(f"print(repr(f{number}(2))[:6])\n" for number in range(len(parts)))
    return "shared = 0\n" + "\n".join(parts) + "\n" + calls


def cold(module: Module) -> Compiled:
    kept = dict(fragments._kept)
    fragments._kept.clear()
    found = compile_module(module, "")
    fragments._kept.clear()
    fragments._kept.update(kept)
    return found


def check(module: Module) -> None:
    found, expected = compile_module(module, ""), cold(module)
    assert found.code == expected.code
    assert marshal.dumps(found.code, 0) == marshal.dumps(expected.code, 0)
    assert found.namespace.keys() == expected.namespace.keys()
    assert found.sites == expected.sites


@pytest.mark.parametrize("seed", range(15))
def test_code_after_random_edits_is_that_of_a_cold_compilation(seed: int) -> None:
    print("seed", seed)
    chance = random.Random(seed)
    parts = [function(number, chance) for number in range(FUNCTIONS)]
    for _ in range(8):
        check(compile_source(program(parts)))
        number = chance.randrange(FUNCTIONS)
        edit = chance.randrange(4)
        if edit == 0:
            parts[number] = "# a comment\n\n" + parts[number]
        elif edit == 1:
            parts.append(function(len(parts), chance))
        else:
            parts[number] = function(number, chance)


def test_an_edit_makes_code_for_the_edited_function_only() -> None:
    parts = [f"def f{number}(a):\n    return a + {number}\n" for number in range(FUNCTIONS)]
    compile_module(compile_source(program(parts)), "")
    before = set(fragments._kept)
    assert len(before) == FUNCTIONS
    parts[3] = "def f3(a):\n\n    return a - 3\n"
    compile_module(compile_source(program(parts)), "")
    assert len(set(fragments._kept) - before) == 1


def test_a_class_that_defines_an_operator_changes_every_function() -> None:
    parts = [f"def f{number}(a):\n    return a.size + {number}\n" for number in range(FUNCTIONS)]
    check(compile_source(program(parts)))
    check(compile_source(program(parts) + "class C:\n    size = 1\n    def __add__(self, other):\n        return 5\n"))


def test_lines_of_tracebacks_are_those_of_the_edited_program() -> None:
    parts = [f"def f{number}(a):\n    x = [a for a in range(3)]\n    return a / 0\n" for number in range(FUNCTIONS)]
    first = compile_source(program(parts))
    later = compile_source("# moved\n\n" + program(parts))
    lines = [[frame["line"] for frame in execute(m, tier="python").error["traceback"]] for m in (first, later)]  # type: ignore[index]
    assert lines[1] == [line + 2 for line in lines[0]]


def test_cases_of_the_language_compile_to_the_same_with_fragments() -> None:
    padding = "".join(f"def padding_{number}():\n    return {number}\n" for number in range(FUNCTIONS))
    for case in load()[::25]:
        if "from __future__" in case.source:
            continue
        module = compile_source(padding + case.source)
        compile_module(module, "")
        check(module)
        assert observed(execute(module, tier="python", seed=1)) == observed(execute(module, tier="python", seed=1))


def test_an_edit_that_adds_functions_makes_code_for_them_only() -> None:
    parts = [f"def f{number}(a):\n    def inner(b):\n        return a + b\n    return inner\n" for number in range(12)]
    compile_module(compile_source(program(parts)), "")
    before = set(fragments._kept)
    parts.insert(2, "def new(a):\n    return [lambda: a]\n")
    added = compile_source("shared = 0\n" + "\n".join(parts))
    check(added)
    compile_module(added, "")
    assert len(set(fragments._kept) - before) == 1


def test_native_sites_have_the_numbers_that_functions_have_now() -> None:
    parts = [
        f"def f{number}(n):\n    for i in range(n):\n        n += {number}\n    return n\n" for number in range(12)
    ]
    compile_module(compile_source(program(parts)), "", native=True)
    moved = compile_source("first = lambda: 0\n" + program(parts))
    found = compile_module(moved, "", native=True)
    fragments._kept.clear()
    expected = compile_module(moved, "", native=True)
    assert found.sites == expected.sites
    assert found.code == expected.code
