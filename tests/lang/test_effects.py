"""The effects pass: where a pending value is forced, where a barrier stands, which comprehensions gather and why."""

from textwrap import dedent

import pytest

from noodle_ray.core.nbc.module import Block, Instr
from noodle_ray.core.nbc.walk import flatten
from tests.lang.reading import code, module

HEAD = "from noodle_ray import model, ModelError\nembed = model('m')\n"


def _body(source: str, parameters: str = "") -> str:
    indented = "\n".join("    " + line for line in source.strip("\n").split("\n"))
    return code(f"{HEAD}def f({parameters}):\n{indented}\n", "f")


def _gathers(source: str) -> bool:
    return any(instr.op == "gather" for f in module(HEAD + source).functions for instr in _flat(f.body))


def _flat(block: Block) -> list[Instr]:
    return list(flatten(block))


def test_value_is_forced_once_when_first_used() -> None:
    assert _body("x = embed(a)\ny = x[0]\nreturn x, y", "a") == dedent(
        """\
        r1 = effect m (r0) ()
        r3 = const 0
        force r1
        r2 = index r1 r3
        r4 = tuple (r1 r2)
        return r4"""
    )


def test_calls_overlap_when_they_follow_each_other() -> None:
    lines = _body("x = embed(a)\ny = embed(a)\nreturn x, y", "a").replace("  ", "").split("\n")
    assert [
        line.split()[-1] if "force" in line else line.split()[2]
        for line in lines
        if "effect" in line or "force" in line
    ] == [
        "effect",
        "effect",
        "r1",
        "r2",
    ]


def test_argument_stays_pending_when_another_model_takes_it() -> None:
    assert "force" not in _body("return embed(embed(a))", "a").split("effect")[1]


@pytest.mark.parametrize(
    "visible",
    ["print(a)", "a.append(1)", "a[0] = 1", "del a[0]", "a += [1]", "a()", "global g; g = 1", "sorted(a, key=a)"],
)
def test_calls_are_answered_first_when_a_line_can_be_seen_outside(visible: str) -> None:
    assert "barrier" in _body(f"x = embed(1)\n{visible}\nreturn x", "a").split("except none")[0]


@pytest.mark.parametrize(
    "pure",
    [
        "y = a + 1",
        "y = [a]\ny.append(2)",
        "y = len(a)",
        "y = {}\ny[1] = a",
        "y = 0\ny += a",
        "y = a.upper()",
        "y = sorted(a)",
        "y = max(a, default=0)",
    ],
)
def test_calls_stay_outstanding_when_a_line_is_pure(pure: str) -> None:
    written = _body(f"x = embed(1)\n{pure}\nz = embed(2)\nreturn x, z", "a")
    assert "barrier" not in written.split("effect m")[1]


def test_calls_are_answered_before_a_raise_when_outstanding() -> None:
    assert "barrier" in _body("x = embed(1)\nraise ValueError", "a").split("raise")[0]


def test_calls_are_answered_before_return_when_unused() -> None:
    assert _body("embed(1)").endswith("barrier\nreturn r2")


def test_function_is_guarded_when_something_may_raise_before_an_answer() -> None:
    written = _body("x = embed(1)\nreturn 1 / a", "a")
    assert written.startswith("try\n")
    assert written.endswith("except none none\n  barrier\n  reraise")


def test_function_is_not_guarded_when_nothing_can_raise_before_the_answer() -> None:
    assert not _body("return embed(a)", "a").startswith("try")


def test_each_call_is_answered_where_it_is_made_when_inside_try() -> None:
    written = _body("try:\n    x = embed(1)\n    y = embed(2)\nexcept ModelError:\n    return 0\nreturn x, y")
    assert written.split("types")[0].count("force") == 2


def test_earlier_calls_are_answered_when_a_try_begins() -> None:
    written = _body("x = embed(1)\ntry:\n    a()\nfinally:\n    pass\nreturn x", "a")
    assert (
        written.index("barrier") < written.index("try\n  r", 1)
        if written.startswith("try")
        else "barrier\ntry" in written
    )


def test_earlier_calls_are_answered_when_the_callee_has_a_try_of_its_own() -> None:
    source = (
        "def g(x):\n    try:\n        return embed(x)\n    except ModelError:\n        return 0\n"
        "def f():\n    a = embed(1)\n    b = g(2)\n    return a, b"
    )
    written = code(HEAD + source, "f")
    assert written.index("barrier") < written.index("= call")


def test_iteration_ends_with_its_answers_when_a_loop_has_calls() -> None:
    written = _body("for x in a:\n    y = embed(x)\n    if x:\n        break", "a")
    assert "force r2\n    break" in written
    assert written.count("force r2") == 2


def test_iteration_ends_with_its_answers_when_left_by_continue() -> None:
    written = _body("while a:\n    y = embed(a)\n    if a:\n        continue\n    print(y)", "a")
    assert "force r1\n    continue" in written


def test_value_is_forced_once_before_a_loop_when_used_inside() -> None:
    written = _body("x = embed(1)\nt = 0\nfor i in a:\n    t += x[i]\nreturn t", "a")
    assert written.index("force r1") < written.index("= for")
    assert written.count("force") == 1


def test_conditional_values_may_stay_pending_when_joined() -> None:
    written = _body("x = embed(1) if a else embed(2)\ny = embed(3)\nreturn x, y", "a")
    assert written.index("force") > written.rindex("effect")


def test_test_is_forced_when_a_branch_depends_on_it() -> None:
    assert "force r0\nif r0" in _body("x = embed(1)\nif x:\n    return 1\nreturn 2")


def test_script_variables_stay_pending_when_only_the_top_level_uses_them() -> None:
    written = code(HEAD + "a = embed(1)\nb = embed(2)\nprint(a)\nprint(b)")
    assert written.index("force") > written.rindex("effect")
    assert written.count("gset a") == 2


def test_script_variable_is_forced_when_a_function_reads_it() -> None:
    written = code(HEAD + "a = embed(1)\nb = embed(2)\ndef g(): return a")
    assert written.index("force") < written.rindex("effect")


@pytest.mark.parametrize(
    "source",
    [
        "r = [embed(x) for x in 'ab']",
        "r = [embed(x) for x in 'ab' if x != 'a']",
        "r = {embed(x) for x in 'ab'}",
        "r = {x: embed(x) for x in 'ab'}",
        "r = sum(len(embed(x)) for x in 'ab')",
        "r = [len(v) for v in [embed(x) for x in 'ab']]",
        "r = [[embed(y) for y in x] for x in ['ab']]",
        "def g(x):\n    t = []\n    for v in embed(x):\n        t.append(v)\n    return t\nr = [g(x) for x in 'ab']",
        "def g(x):\n    return h(x)\ndef h(x):\n    return embed(x) if x else g(1)\nr = [g(x) for x in 'ab']",
        "def f(q):\n    def g(x):\n        return embed(q + x)\n    return [g(x) for x in 'ab']",
        "def g(x):\n try: return embed(x)\n except ModelError: return None\nr = [g(x) for x in 'ab']",
        "def g(x):\n    if not x:\n        raise ValueError\n    return embed(x)\nr = [g(x) for x in 'ab']",
        "r = [sorted(embed(x), key=lambda v: -v) for x in 'ab']",
        "r = [sum(a * b for a, b in zip(embed(x), embed(x))) for x in 'ab']",
        "r = [max(embed(x), key=len) for i, (x, y) in enumerate(['ab'])]",
        "r = [sorted(embed(x), key=lambda v: v - x) for x in 'ab']",
    ],
)
def test_comprehension_gathers_when_its_elements_cannot_be_told_apart_in_time(source: str) -> None:
    assert _gathers(source)


@pytest.mark.parametrize(
    "source",
    [
        "r = [x for x in embed('a')]",
        "r = [embed(x) for y in ['ab'] for x in y]",
        "def g(x):\n    print(x)\n    return embed(x)\nr = [g(x) for x in 'ab']",
        "n = 0\ndef g(x):\n    global n\n    n += 1\n    return embed(x)\nr = [g(x) for x in 'ab']",
        "def f():\n n = 0\n def g(x):\n  nonlocal n\n  n += 1\n  return embed(x)\n return [g(x) for x in 'ab']",
        "seen = []\ndef g(x):\n    seen.append(x)\n    return embed(x)\nr = [g(x) for x in 'ab']",
        "def g(x):\n    x[0] = 1\n    return embed(x)\nr = [g(x) for x in [[0]]]",
        "def g(x):\n    x += [1]\n    return embed(x)\nr = [g(x) for x in [[0]]]",
        "def f(g):\n    return [g(embed(x)) for x in 'ab']",
        "last = None\nr = [embed(last := x) for x in 'ab']",
        "def f():\n    last = None\n    return [(last, embed(last := x)) for x in 'ab']",
        "def g(x):\n    return embed(x)\ng = print\nr = [g(x) for x in 'ab']",
        "it = iter('abcd')\nr = [embed(next(it)) for x in 'ab']",
        "pairs = zip('ab', 'cd')\ndef g(x):\n    return embed(x), list(pairs)\nr = [g(x) for x in 'ab']",
        "r = [sorted(embed(x), key=print) for x in 'ab']",
        "r = [(lambda: x, embed(x)) for x in 'ab']",
        "r = [list(map(print, embed(x))) for x in 'ab']",
    ],
)
def test_comprehension_is_sequential_when_order_could_be_seen(source: str) -> None:
    assert not _gathers(source)


def test_filter_leaves_elements_out_when_gathered() -> None:
    written = code(HEAD + "[embed(x) for x in 'ab' if x]", "<listcomp>")
    assert written.startswith("if r0\nelse\n  r1 = bget .skip\n  return r1")


def test_dict_is_made_from_pairs_when_gathered() -> None:
    assert "callb dict" in code(HEAD + "{x: embed(x) for x in 'ab'}")


def test_gathered_function_takes_the_variable_itself_when_the_target_is_a_name() -> None:
    gathered = next(f for f in module(HEAD + "[embed(x) for x in 'ab']").functions if f.name == "<listcomp>")
    assert [p.name for p in gathered.params] == ["x"]


def test_code_is_untouched_when_the_program_asks_no_model() -> None:
    assert "barrier" not in code("print(1)\nprint([x for x in 'ab'])")


_PRINTER = "class P:\n    def __{name}__(self, *a):\n        print('!')\n        return self\n"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("add", "y = a + 1"),
        ("radd", "y = 1 + a"),
        ("iadd", "a += 1"),
        ("neg", "y = -a"),
        ("bool", "y = 1 if a else 2"),
        ("bool", "y = not a"),
        ("bool", "if a: pass"),
        ("len", "y = a and 1"),
        ("lt", "y = a < 1"),
        ("eq", "y = a in [1]"),
        ("contains", "y = 1 in a"),
        ("getitem", "y = a[0]"),
        ("hash", "y = {a: 1}"),
        ("eq", "y = {a}"),
        ("repr", "y = f'{a}'"),
        ("str", "y = str(a)"),
        ("str", "y = '%s' % a"),
        ("iter", "y = [*a]"),
        ("next", "for y in a: pass"),
        ("iter", "y, z = a"),
        ("len", "y = len(a)"),
        ("lt", "y = sorted(a)"),
        ("getattr", "y = a.b"),
        ("get", "y = a.b"),
        ("eq", "y = a.index(1)"),
    ],
)
def test_calls_are_answered_first_when_an_operator_may_run_code_of_a_class(name: str, line: str) -> None:
    source = _PRINTER.replace("{name}", name) + f"def f(a):\n    x = embed(1)\n    {line}\n    return x"
    assert "barrier" in code(HEAD + source, "f").split("except none")[0].rpartition("return")[0]
    plain = "class P:\n    def other(self): pass\n" + source.partition("return self\n")[2]
    if name not in ("iadd", "next"):  # which have a barrier of their own
        assert "barrier" not in code(HEAD + plain, "f").split("except none")[0].rpartition("return")[0]


@pytest.mark.parametrize(
    "line",
    [
        "y = a.method()",
        "y = a.value",
        "a.field = 1",
        "del a.field",
        "y = a.field()",
        "y = g(1)",
        "class B: pass",
        "with a: pass",
    ],
)
def test_calls_are_answered_first_when_a_class_may_answer(line: str) -> None:
    source = (
        "class P:\n    def method(self): print(1)\n    @property\n    def value(self): print(2)\n"
        "def deco(f): return print\n@deco\ndef g(x): return x\n"
        f"def f(a):\n    x = embed(1)\n    {line}\n    return x"
    )
    assert "barrier" in code(HEAD + source, "f").split("except none")[0].rpartition("return")[0]


@pytest.mark.parametrize(
    "line", ["for y in a: pass", "y = list(a)", "y, z = a", "y = [*a]", "y = sum(a)", "y = f2(*a)"]
)
def test_calls_are_answered_first_when_a_loop_may_run_a_generator(line: str) -> None:
    source = f"def g():\n    yield print(1)\ndef f2(*a): pass\ndef f(a):\n    x = embed(1)\n    {line}\n    return x"
    assert "barrier" in code(HEAD + source, "f").split("except none")[0].rpartition("return")[0]


def test_values_are_answered_before_they_are_yielded() -> None:
    written = code(HEAD + "def f(a):\n    x = embed(a)\n    y = embed(1)\n    yield x\n    return y", "f")
    before = written.split("yield")[0]
    assert "force r1" in before
    assert "barrier" in before


def test_each_call_is_answered_where_it_is_made_when_inside_with() -> None:
    written = _body("with a:\n    x = embed(1)\n    y = embed(2)\nreturn 1", "a")
    assert written.split("return")[0].count("force") == 2


@pytest.mark.parametrize(
    "source",
    [
        "class P:\n    def f(self): return 1\nr = [embed(x) for x in 'ab']",
        "def g():\n    yield 1\ndef main(texts):\n    return [embed(x) for x in texts]",
        "s = sum(x for x in [1])\ng = (x for x in [1])\nr = [embed(x) for x in ['a', 'b']]",
        "class P:\n    def __init__(self, t): self.t = t\nr = [len(embed(x)) for x in 'ab'.split()]",
        "class P:\n    def f(self): return 1\np = P()\nr = [embed(p.f()) for x in 'ab']",
        "class P:\n    def g(self): pass\ndef f(p):\n    return [embed(x) for x in 'ab' if p.g()]",
    ],
)
def test_comprehension_gathers_when_classes_and_generators_have_no_part_in_it(source: str) -> None:
    assert _gathers(source)


@pytest.mark.parametrize(
    "source",
    [
        "class P:\n    def f(self): print(1)\np = P()\nr = [embed(p.f()) for x in 'ab']",
        "class P:\n    def append(self, x): pass\ndef f(p):\n    return [embed(p.append(x)) for x in 'ab']",
        "import random\nclass P:\n    def shuffle(self, x): pass\ndef f(p): return [embed(p.shuffle(x)) for x in 'ab']",
        "class P(Exception):\n    def __init__(self, x): pass\nr = [embed(P.__init__(x, x)) for x in 'ab']",
        "class P:\n    def __add__(self, o): print(1)\np = P()\nr = [embed(p + x) for x in 'ab']",
        "def g():\n    yield print(1)\ng1 = g()\nr = [embed(x) for x in g1]",
        "def g():\n    yield print(1)\ng1 = g()\nr = [embed(list(g1)) for x in 'ab']",
        "def deco(f): return print\n@deco\ndef g(x): return embed(x)\nr = [(g(x), embed(x)) for x in 'ab']",
        "class P:\n    def g(self): yield\ndef f(p):\n    return [embed(x) for x in 'ab' if p.g()]",
        "def f(p):\n def g(x):\n  p.last = x\n  return embed(x)\n return [g(x) for x in 'ab']",
    ],
)
def test_comprehension_is_sequential_when_classes_or_generators_take_part(source: str) -> None:
    assert not _gathers(source)
