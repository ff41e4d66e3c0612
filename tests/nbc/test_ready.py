"""No code that verifies uses a value which a program must not see: unbound, pending, or the mark of what to skip."""

import random

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc import verify
from noodle_ray.core.nbc.module import Block, Module
from noodle_ray.core.vm.execute import execute
from noodle_ray.errors import ModuleError
from tests.nbc.builders import instr, tables, top, written
from tests.vm.hosts import ScriptedHost, echo


def code_of(module: Module) -> str:
    try:
        verify(module)
    except ModuleError as error:
        return error.code.removeprefix("NOODLE-E0")
    return ""


ASK = "r0 = const 'a'\nr1 = effect m (r0) ()\n"
ACCEPTED = [
    ("forced", ASK + "force r1\nreturn r1"),
    ("twice", ASK + "force r1\nforce r1\nreturn r1"),
    ("an argument may be pending", ASK + "r2 = effect m (r1) (k=r1)\nforce r2\nreturn r2"),
    ("a copy", ASK + "r2 = move r1\nforce r2\nreturn r2"),
    ("a value of a branch", ASK + "r2 = ifx r0 r1 r0\nforce r2\nreturn r2"),
    ("a second operand", ASK + "r2 = and r0 r1\nforce r2\nreturn r2"),
    ("overwritten", ASK + "r1 = const 1\nreturn r1"),
    ("forced on both paths", ASK + "if r0\n  force r1\nelse\n  force r1\nreturn r1"),
    ("forced or left", ASK + "if r0\n  force r1\nelse\n  return r0\nreturn r1"),
    ("a global", ASK + "gset g r1\nr2 = gget g\nforce r2\nreturn r2"),
    ("a global set again", ASK + "gset g r1\ngset g r0\nr2 = gget g\nreturn r2"),
    ("in a loop", ASK + "r2 = for r0\n  force r1\n  r1 = effect m (r2) ()\nforce r1\nreturn r1"),
    ("each round anew", ASK + "r2 = for r0\n  r1 = effect m (r2) ()\n  force r1\n  gset g r1"),
    ("before a break", ASK + "while r0\n  barrier\ndo\n  force r1\n  break\nforce r1\nreturn r1"),
    ("in a comprehension", ASK + "r3 = comp list\n  r2 = for r0\n    r4 = effect m (r2) ()\n    force r4\n    emit r4"),
    ("try", ASK + "try\n  force r1\nexcept none none\n  return r0\nreturn r1"),
    ("finally forces", ASK + "try\n  barrier\nfinally\n  force r1\nreturn r1"),
    ("finally sets", ASK + "try\n  force r1\nfinally\n  r0 = const 1\nreturn r1"),
    ("with", ASK + "with r0 none\n  r2 = const 1\nforce r1\nreturn r1"),
]
REFUSED = [
    ("not forced", ASK + "return r1"),
    ("an operand", ASK + "r2 = binop + r0 r1"),
    ("a test", ASK + "if r1"),
    ("a first operand", ASK + "r2 = or r1 r0"),
    ("a copy not forced", ASK + "r2 = move r1\nforce r1\nreturn r2"),
    ("forced on one path", ASK + "if r0\n  force r1\nreturn r1"),
    ("a value of a branch", ASK + "r2 = ifx r0 r0 r1\nreturn r2"),
    ("a global", ASK + "gset g r1\nr2 = gget g\nreturn r2"),
    ("a loop's round before", ASK + "force r1\nr2 = for r0\n  gset g r1\n  r3 = move r1\n  r1 = effect m (r2) ()\n"
     "  r4 = list (r3)"),
    ("a condition", ASK + "while r1\n  r2 = const 1"),
    ("a loop's end", ASK + "while r0\n  force r1\ndo\n  r1 = effect m (r0) ()\n  break\nreturn r1"),
    ("a continue", ASK + "r3 = const 0\nr2 = for r0\n  r4 = tuple (r3)\n  if r0\n    r3 = effect m (r0) ()\n"
     "    continue\n  r3 = const 0"),
    ("an element", ASK + "r3 = comp list\n  r2 = for r0\n    emit r1"),
    ("a handler", ASK + "try\n  r0 = effect m (r0) ()\n  force r0\nexcept none none\n  return r0"),
    ("a finally", ASK + "try\n  r0 = effect m (r0) ()\n  force r0\nfinally\n  r3 = list (r0)"),
    ("after with", ASK + "with r0 none\n  r0 = effect m (r0) ()\n  force r0\nreturn r0"),
    ("a manager", ASK + "with r1 none\n  barrier"),
    ("a chain through rounds", ASK + "r2 = move r0\nr3 = move r0\nr4 = for r0\n  r5 = list (r3)\n  r3 = move r2\n"
     "  r2 = move r1"),
    ("unbound", "r0 = unset\nreturn r0"),
    ("a copy of what is unbound", "r0 = unset\nr1 = move r0"),
    ("an argument", "r0 = unset\nr1 = effect m (r0) ()"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "code"), ACCEPTED)
def test_code_is_accepted_when_values_are_made_ready(why: str, code: str) -> None:
    assert code_of(written(code)) == "", why


@pytest.mark.parametrize(("why", "code"), REFUSED)
def test_code_is_refused_when_a_value_may_not_be_ready(why: str, code: str) -> None:
    assert code_of(written(code)) == "339", why


CAUGHT = "r0 = const 1\n  try\n    barrier\n  except none r0\n    barrier"
"""An exception that leaves the handler leaves its register unbound, if that has a name: here r0 has."""


def function(code: str, *, header: str = "locals x", params: str = "") -> str:
    body = "\n".join(f"    {line}" for line in code.split("\n"))
    return f"function 1 f\n{params}  registers 8\n  {header}\n  code\n{body}"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("r0 = unset\ncheck r0\nreturn r0", ""),
        ("r0 = unset\nr1 = const 1\nif r1\n  r0 = const 2\ncheck r0\nreturn r0", ""),
        ("r0 = unset\nr1 = const 1\nif r1\n  r0 = const 2\nreturn r0", "339"),
        ("r0 = const 1\nr1 = const (1)\nr2 = for r1\n  check r0\n  r0 = unset\ncheck r0\nreturn r0", ""),
        ("r0 = const 1\nr1 = const (1)\nr2 = for r1\n  gset g r0\n  r0 = unset", "339"),
        ("r0 = const 1\ntry\n  r0 = unset\n  r0 = const 2\nexcept none none\n  return r0", "339"),
        ("r0 = const 1\ntry\n  r0 = unset\n  r0 = const 2\nexcept none none\n  barrier\nreturn r0", "339"),
        ("r0 = const 1\ntry\n  r0 = unset\n  r0 = const 2\nexcept none none\n  check r0\n  return r0\nreturn r0", ""),
        ("r0 = unset\nr1 = const 1\nforce r0\ncheck r0\nreturn r0", ""),
        ("r1 = gget late\nreturn r1", "339"),
        ("try\n  barrier\nexcept none r0\n  barrier\nelse\n  r0 = const 1\nreturn r0", ""),
        (f"r0 = const 1\nr1 = const 1\ntry\n  {CAUGHT}\nexcept none none\n  return r0", "339"),
        (f"r0 = const 1\nr1 = const 1\ntry\n  {CAUGHT}\nexcept none none\n  check r0\n  return r0", ""),
        (f"r0 = const 1\nr1 = const 1\ntry\n  {CAUGHT}\nfinally\n  r1 = list (r0)", "339"),
        (f"r0 = const 1\nr1 = const 1\ntry\n  {CAUGHT.replace('r0', 'r1')}\nexcept none none\n  return r1", ""),
    ],
)
def test_locals_of_a_function(code: str, expected: str) -> None:
    module = written("r0 = func f1 ()\nr1 = effect m () ()\ngset late r1\nreturn r0", function(code))
    assert code_of(module) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("r1 = bget .skip\nreturn r1", ""),
        ("r1 = bget .skip\nr2 = ifx r0 r1 r0\nreturn r2", ""),
        ("r1 = bget .skip\nr2 = list (r1)\nreturn r2", "339"),
        ("r1 = bget .skip\nr2 = cmp is r1 r0\nreturn r2", "339"),
        ("r1 = bget .skip\ngset g r1\nreturn r0", "339"),
        ("r1 = bget .skip\nr2 = effect m (r1) ()\nforce r2\nreturn r2", "339"),
    ],
)
def test_the_mark_of_what_to_skip_is_only_returned(code: str, expected: str) -> None:
    child = function(code, params="  param pos x\n")
    assert code_of(written("r0 = const (1)\nr1 = gather list r0 f1\nforce r1\nreturn r1", child)) == expected


def test_hostile_loops_end_within_the_budget() -> None:
    """Each round of each loop lets a pending value go one register further."""
    size = 300
    body: Block = tuple(instr("move", register + 1, register) for register in reversed(range(1, size)))
    for _ in range(60):
        body = (instr("while", (instr("barrier"),), 0, body, ()),)
    start = [instr("const", register, 1) for register in range(size + 1)]
    module = tables(top(*start, instr("effect", 1, "m", (), ()), *body, registers=size + 1))
    assert code_of(module) == "327"


def test_a_long_chain_of_branches_and_pending_values_takes_linear_time() -> None:
    asks = [instr("effect", register, "m", (), ()) for register in range(20_000)]
    branches = [instr("if", 20_000, (instr("force", register),), ()) for register in range(20_000)]
    module = tables(top(instr("const", 20_000, 1), *asks, *branches, registers=20_001))
    assert code_of(module) == ""


PROGRAMS = """
def f(x):
    y = 1
    try:
        y = m(x)
    except ModelError:
        return y
    return y
===
def f(x):
    y = 0
    for i in range(2):
        try:
            y = [m(a) for a in (x, x)]
        except ModelError as e:
            continue
        finally:
            print(y)
    return y
===
def f(x):
    a = m(x)
    for i in range(3):
        b = a
        a = m("c")
    return a, b
===
def f(x):
    while True:
        try:
            z = m(x)
        except ModelError:
            del x
            break
        else:
            return z
    return 5
===
kind = m("k")
def f(x):
    here = m("h")
    try:
        return 1 / 0
    except (here, ZeroDivisionError):
        return here
try:
    f("y")
except kind:
    pass
except Exception as e:
    print(repr(e))
===
def f(x):
    a = m(x) or m("b")
    b = a if x else m("c")
    return [b, a]
"""


@pytest.mark.parametrize("program", PROGRAMS.split("===\n"))
@pytest.mark.parametrize("argument", ["'a'", "'bad'"])
def test_compiled_programs_verify_and_show_no_pending_value(program: str, argument: str) -> None:
    source = f"from noodle_ray import model, ModelError\nm = model('m')\n{program}\nf({argument})\n"
    module = compile_source(source)
    verify(module)
    outcomes = [execute(module, tier=tier, host=ScriptedHost(echo)) for tier in ("interpreter", "python")]
    found = [(outcome.result, outcome.stdout, outcome.error) for outcome in outcomes]
    assert found[0] == found[1]
    if program.startswith("\ndef f(x):\n    y = 1"):
        assert found[0][0] == ("a!" if argument == "'a'" else 1)


def test_random_chains_of_moves_agree_with_a_run() -> None:
    """What the verifier accepts never hands a pending value to ``list``."""
    chance = random.Random(5)
    for _ in range(300):
        code = [instr("const", register, "a") for register in range(4)]
        for _ in range(8):
            register, other = chance.randrange(4), chance.randrange(4)
            choice = chance.choice(
                [
                    instr("effect", register, "m", (other,), ()),
                    instr("force", register),
                    instr("move", register, other),
                    instr("list", 4, (register,)),
                ]
            )
            code.append(instr("if", 3, (choice,), ()) if chance.random() < 0.3 and choice.op != "list" else choice)
        module = tables(top(*code, instr("list", 4, (0, 1, 2, 3)), instr("return", 4), registers=5))
        if code_of(module) == "":
            assert execute(module, host=ScriptedHost(echo)).error is None
