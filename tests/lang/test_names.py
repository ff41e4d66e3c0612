"""What names mean: builtins, modules, models, and the names nothing binds."""

import pytest

from noodle_ray.core.lang import check_source
from tests.lang.reading import code, codes, module


@pytest.mark.parametrize(
    "source",
    [
        "import math\nmath.sqrt(2)",
        "import math as m\nm.sqrt(2)",
        "from math import sqrt\nsqrt(2)",
        "from math import sqrt as root\nroot(2)",
        "def f():\n    import math\n    return math.sqrt(2)\n",
    ],
)
def test_module_function_is_called_directly_when_imported(source: str) -> None:
    compiled = module(source)
    assert compiled.imports == ("math",)
    assert "callb math.sqrt" in code(source, "f" if "def f" in source else "<module>")


def test_import_binds_a_variable_when_the_name_is_bound_again() -> None:
    assert code("import math\nmath = 1").startswith("r0 = bget math\ngset math r0")


def test_builtin_is_a_variable_when_the_program_binds_its_name() -> None:
    assert "call r" in code("def len(x): return 1\nlen('')")


def test_parameter_hides_the_module_when_names_are_equal() -> None:
    assert "callm r0 sqrt" in code("import math\ndef f(math): return math.sqrt(1)", "f")


def test_name_is_main_when_asked() -> None:
    assert code("__name__") == "r0 = const '__main__'\nreturn r0"


def test_name_is_not_main_when_the_run_may_call_main_itself() -> None:
    assert "__main__" not in code("def main(): pass\n__name__")


def test_typing_import_needs_no_code_when_used_in_annotations() -> None:
    assert codes("from typing import Any\nimport typing\ndef f(x: Any) -> typing.Any: return x") == []


def test_model_is_an_effect_when_its_name_is_bound_once() -> None:
    source = "from noodle_ray import model\nembed = model('minilm')\ndef f(x):\n    return embed(x)"
    assert "r1 = effect minilm (r0) ()" in code(source, "f")
    assert module(source).models == ("minilm",)


@pytest.mark.parametrize(
    "source",
    [
        "import noodle_ray as noodle\ne = noodle.model('m')\ne(1, k=2)",
        "from noodle_ray import model\nmodel('m')(1, k=2)",
    ],
)
def test_model_is_an_effect_when_reached_another_way(source: str) -> None:
    assert "= effect m (r0) (k=r1)" in code(source)


def test_model_is_a_value_when_its_name_is_bound_twice() -> None:
    source = "from noodle_ray import model\ne = model('a')\ne = model('b')\ne(1)"
    assert "model a" in code(source)
    assert "call r" in code(source)


def test_program_decorator_is_ignored_when_present() -> None:
    assert codes("from noodle_ray import program\n@program\ndef f(): pass") == []
    assert codes("import noodle_ray as noodle\n@noodle.program\ndef f(): pass") == []


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("retrun = 1\nretun", "did you mean 'retrun'?"),
        ("pritn(1)", "did you mean 'print'?"),
        ("def compute(): pass\ncompte()", "did you mean 'compute'?"),
        ("math.sqrt(1)", "write `import math`"),
        ("model('m')", "write `from noodle_ray import model`"),
        ("import math\nmath.sqr(1)", "did you mean 'sqrt'?"),
        ("from math import squirt", "did you mean 'sqrt'?"),
        ("import maths", "did you mean 'math'?"),
        ("valueerror", "did you mean 'ValueError'?"),
    ],
)
def test_hint_names_the_close_one_when_a_name_is_unknown(source: str, hint: str) -> None:
    assert [d.hint for d in check_source(source)] == [hint]


def test_all_unknown_names_are_reported_when_there_are_several() -> None:
    assert codes("aaa\ndef f():\n    return bbb + ccc") == ["NOODLE-E0201"] * 3


def test_name_is_known_when_another_function_makes_it_global() -> None:
    assert codes("def f():\n    global x\n    x = 1\nf()\nx") == []
