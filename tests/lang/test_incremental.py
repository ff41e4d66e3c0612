"""Incremental compilation: after any edit the module is that of a cold compilation, and little was lowered for it."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.compiling import program
from noodle_ray.core.lang import compile_source
from noodle_ray.core.lang.incremental import IncrementalCompiler
from noodle_ray.core.lang.incremental.compiler import Kept
from noodle_ray.core.nbc import encode
from noodle_ray.errors import CompileError
from tests.language.generator import Generator
from tests.language.harness import load

ODD = [
    "", "# a comment", "x = 1", "def foo(a): return a", "import math", "from math import sqrt", "len = 3", "del len",
    "def main(): pass", "raise ValueError", "y = sum(i for i in [1])", "global zz", "'''a text\nover lines'''",
    "print(__doc__, __name__, __debug__)", "class Q:\n    __p = 1\n    def __add__(self, o):\n        return self.__p",
    "from __future__ import annotations", "if True:\n    z: int = 1\nelse:\n    pass", "ü = 'é' + str(1); v = ü",
]  # fmt: skip
"""What edits put between the lines of programs."""
MODELS = [
    "def one(x):\n    return m(x)",
    "def two(x, y=1):\n    a = m(x)\n    b = e(y)\n    return a, b",
    "def safe(x):\n    try:\n        return m(x)\n    except ModelError as error:\n        return str(error)",
    "def pure(x):\n    return x + 1",
    "def noisy(x):\n    print(x)\n    return m(x)",
    "one = print",
    "r = [m(x) for x in ['a', 'b']]",
    "s = [pure(x) for x in [m(1), m(2)]]",
    "t = {x: m(x) for x in range(3)}",
    "u = list(m(x) for x in range(4))",
    "class C:\n    def __init__(self):\n        self.m = model('a')\n    def ask(self, x):\n        return self.m(x)",
    "class D:\n    def __add__(self, o):\n        return m(o)",
    "def gen(xs):\n    for x in xs:\n        yield m(x)",
    "for i in range(3):\n    q = m(i)\n    if q:\n        print(q)",
    "def loops(xs):\n    out = []\n    for x in xs:\n        if x:\n            out.append(m(x))\n"
    "    return out, one(1) + one(2)",
    "for i in range(3):\n    for j in range(2):\n        print(m(i), sorted([i, j], key=m))",
    "def outer():\n    def inner(x):\n        return m(x)\n    return [inner(i) for i in range(2)]",
    "@noodle_ray.program\ndef deco(x):\n    return [e(y) for y in x]",
    "w = m('x')",
    "w = m(1) + 1",
    "def uses(w):\n    global glob\n    glob = m(w)\n    return glob",
]
IMPORTS = "from noodle_ray import model, ModelError\nimport noodle_ray\nm = model('m')\ne = noodle_ray.model('e')\n"


def compiled(compiler: IncrementalCompiler | None, source: str) -> object:
    """The bytes of the module, or what is wrong with the source."""
    try:
        return encode(compiler.compile(source) if compiler else compile_source(source))
    except CompileError as error:
        return error.diagnostics


def edited(source: str, chance: random.Random) -> str:
    lines = source.split("\n")
    at = chance.randrange(len(lines))
    kind = chance.randrange(5)
    if kind == 0:
        lines.insert(at, chance.choice(ODD))
    elif kind == 1:
        del lines[at]
    elif kind == 2:
        lines[at:at] = lines[max(at - 3, 0) : at]
    elif kind == 3:
        lines[at] = lines[at].replace("1", "2") if "1" in lines[at] else lines[at].replace("x", "y")
    else:
        tops = [number for number, line in enumerate(lines) if line and line[0] not in " )#]}"]
        first, second, third = sorted(chance.choices(tops, k=3)) if tops else (0, 0, 0)
        lines = lines[:first] + lines[second:third] + lines[first:second] + lines[third:]
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(10))
def test_module_after_random_edits_is_that_of_a_cold_compilation(seed: int) -> None:
    print("seed", seed)
    chance = random.Random(seed)
    sources = [*(case.source for case in load()), *(Generator(seed * 5 + number).program() for number in range(5))]
    compiler = IncrementalCompiler(min_pieces=1)
    for _ in range(4):
        source = "\n".join(chance.choices(sources, k=3))
        for _ in range(6):
            assert compiled(compiler, source) == compiled(None, source)
            source = edited(source, chance)


@pytest.mark.parametrize("seed", range(8))
def test_module_with_models_after_random_edits_is_that_of_a_cold_compilation(seed: int) -> None:
    print("seed", seed)
    chance = random.Random(seed)
    compiler = IncrementalCompiler(min_pieces=1)
    parts = chance.sample(MODELS, 8)
    for _ in range(12):
        source = IMPORTS + "\n".join(parts)
        assert compiled(compiler, source) == compiled(None, source)
        parts.insert(chance.randrange(len(parts)), chance.choice([*MODELS, "# moved\n"]))
        del parts[chance.randrange(len(parts))]


def test_cases_of_the_language_compile_to_the_same_piece_by_piece() -> None:
    compiler = IncrementalCompiler(min_pieces=1)
    whole = 0
    for case in load()[::8]:
        assert compiled(compiler, case.source) == compiled(None, case.source), case.name
        try:
            whole += compiler.compile_with_work(case.source)[1].lowered is None
        except CompileError:
            continue
    assert whole < 10, "almost all of them can be cut into pieces"


def test_an_edit_of_one_function_in_a_thousand_lines_lowers_that_function_only() -> None:
    compiler = IncrementalCompiler()
    assert program(92).count("\n") > 1_000
    _, work = compiler.compile_with_work(program(92))
    assert work.lowered is not None
    assert len(work.lowered) >= work.functions - 1 > 90
    module, work = compiler.compile_with_work(program(92, edited=40))
    assert work.lowered == ("work_40",)
    assert encode(module) == encode(compile_source(program(92, edited=40)))


def test_functions_that_only_move_are_not_lowered_again() -> None:
    compiler = IncrementalCompiler()
    compiler.compile(program(20))
    moved = program(20).replace("import math\n", "import math\n\n# a comment\nfirst = lambda x: x\n")
    module, work = compiler.compile_with_work(moved)
    assert work.lowered == ("<lambda>",)
    assert encode(module) == encode(compile_source(moved))


def test_what_a_changed_name_means_to_is_lowered_again() -> None:
    functions = [f"def f{number}(x):\n    return {name}(x)\n" for number, name in enumerate(["sqrt", "len"] * 6)]
    source = "from math import sqrt\n" + "".join(functions)
    compiler = IncrementalCompiler()
    compiler.compile(source)
    _, work = compiler.compile_with_work(source.replace("math import sqrt", "cmath import sqrt"))
    assert work.lowered is not None
    assert set(work.lowered) == {"<module>", "f0", "f2", "f4", "f6", "f8", "f10"}
    _, work = compiler.compile_with_work(source + "def len(x):\n    return 0\n")
    assert work.lowered is not None
    assert set(work.lowered) == {"len", "f1", "f3", "f5", "f7", "f9", "f11"}


def test_a_class_with_operators_changes_what_has_generator_expressions_and_nothing_else() -> None:
    functions = [f"def f{n}(x):\n    return {call}\n" for n, call in enumerate(["sum(g(y) for y in x)", "sum(x)"] * 6)]
    source = "def g(x):\n    return x\n" + "".join(functions)
    compiler = IncrementalCompiler()
    compiler.compile(source)
    changed = source + "class C:\n    def __add__(self, other):\n        return 1\n"
    module, work = compiler.compile_with_work(changed)
    assert work.lowered is not None
    assert {name for name in work.lowered if name[0] == "f"} == {"f0", "f2", "f4", "f6", "f8", "f10"}
    assert encode(module) == encode(compile_source(changed))


def test_a_function_that_becomes_a_generator_changes_comprehensions_over_its_calls() -> None:
    compiler = IncrementalCompiler(min_pieces=1)
    parts = ["def items():\n    return [1, 2]", "def other():\n    return 3", "print([x for x in items()])"]
    for body in ("return [1, 2]", "yield 1", "return [3]"):
        parts[0] = f"def items():\n    {body}"
        source = "\n".join(parts)
        assert compiled(compiler, source) == compiled(None, source)


def test_faults_are_those_of_a_cold_compilation() -> None:
    compiler = IncrementalCompiler()
    compiler.compile(program(20))
    for fault in ("undefined_name\n", "return 1\n", "def f(:\n", "exec('1')\n", "x = 1\n    y = 2\n", "'''open\n"):
        with pytest.raises(CompileError) as expected:
            compile_source(program(20) + fault)
        with pytest.raises(CompileError) as found:
            compiler.compile(program(20) + fault)
        assert found.value.diagnostics == expected.value.diagnostics


def test_limits_of_a_program_hold_for_all_of_its_pieces_together() -> None:
    source = "def f():\n    return [lambda: 1 for i in ()]\n" * 1_000
    compiler = IncrementalCompiler()
    assert compiled(compiler, source) == compiled(None, source)
    with pytest.raises(CompileError, match="more than 2000 functions"):
        compiler.compile(source)


def test_what_is_kept_is_bounded() -> None:
    kept: Kept[int] = Kept(10)
    for number in range(100):
        kept.put(number, number, 3)
    assert [number for number in range(100) if kept.get(number) is not None] == [97, 98, 99]
    kept.put("large", 1, 11)
    assert kept.get("large") is None
    compiler = IncrementalCompiler(capacity=100)
    for edit in (-1, 3, 4):
        assert encode(compiler.compile(program(20, edit))) == encode(compile_source(program(20, edit)))


def test_threads_may_share_a_compiler() -> None:
    compiler = IncrementalCompiler()
    sources = [program(15, edit) + "\n# more" * (edit % 3) for edit in range(15)] * 4
    expected = {source: encode(compile_source(source)) for source in sources}
    with ThreadPoolExecutor(4) as pool:
        for source, module in zip(sources, pool.map(compiler.compile, sources), strict=True):
            assert encode(module) == expected[source]
