"""Each rule of the verifier: a module that breaks it is refused with the rule's code, and its neighbour is not."""

import pytest

from noodle_ray.core.nbc import verify
from noodle_ray.core.nbc.bounds import MAX_DEPTH, MAX_FUNCTIONS, MAX_INSTRUCTIONS, MAX_INT_BITS, MAX_REGISTERS
from noodle_ray.core.nbc.module import Block, Function, Instr, Module, Param
from noodle_ray.errors import ModuleError
from tests.nbc.builders import SPAN, instr, random_module, tables, top, written


def code_of(module: Module) -> str:
    """The code a module is refused with, or '' if it verifies."""
    refusal = None
    try:
        verify(module)
    except ModuleError as error:
        refusal = error
    assert refusal is None or refusal.message.endswith(".")
    return refusal.code.removeprefix("NOODLE-E0") if refusal else ""


def child(lines: str = "", *, header: str = "", name: str = "f", registers: int = 4, index: int = 1) -> str:
    body = "".join(f"    {line}\n" for line in lines.strip("\n").split("\n") if line.strip())
    head = "".join(f"  {line.strip()}\n" for line in header.strip().split("\n") if line.strip())
    before = [line for line in head.splitlines(keepends=True) if line.startswith(("  param", "  returns"))]
    after = [line for line in head.splitlines(keepends=True) if line not in before]
    return f"function {index} {name}\n{''.join(before)}  registers {registers}\n{''.join(after)}  code\n{body}"


@pytest.mark.parametrize("seed", range(60))
def test_random_module_verifies(seed: int) -> None:
    verify(random_module(seed, 30))


FLOW = [
    ("", "gset x r0", "314"),
    ("", "r0 = const 1\ngset x r0", ""),
    ("a result is not an operand", "r0 = unop - r0", "314"),
    ("in a list", "r0 = const 1\nr1 = tuple (r0 r2)", "314"),
    ("in a keyword", "r0 = const 1\nr1 = callb print () (sep=r2)", "314"),
    ("in an optional operand", "r0 = const 1\nr1 = format '' r0 r2", "314"),
    ("in place", "force r0", "314"),
    ("unset defines", "r0 = unset\nforce r0", ""),
    ("check", "check r0", "335"),
    ("unpack defines each", "r0 = const (1 2)\nunpack r0 (r1 r2)\ngset x r2", ""),
    ("unpackx defines each", "r0 = const (1 2)\nunpackx r0 (r1) r2 (r3)\nr4 = tuple (r1 r2 r3)", ""),
    ("one arm", "r0 = const 1\nif r0\n  r1 = const 2\ngset x r1", "314"),
    ("the other arm", "r0 = const 1\nif r0\nelse\n  r1 = const 2\ngset x r1", "314"),
    ("both arms", "r0 = const 1\nif r0\n  r1 = const 2\nelse\n  r1 = const 3\ngset x r1", ""),
    ("the arm that goes on", "r0 = const 1\nif r0\n  r1 = const 2\nelse\n  return r0\ngset x r1", ""),
    ("no arm goes on", "r0 = const 1\nif r0\n  raise r0\nelse\n  return r0\ngset x r1", ""),
    ("test of if", "if r0", "314"),
    ("and: right side may not run", "r0 = const 1\nr1 = and r0 r2\n  r2 = const 2\ngset x r2", "314"),
    ("and: right side sees its block", "r0 = const 1\nr1 = and r0 r2\n  r2 = const 2\ngset x r1", ""),
    ("and: right side must exist", "r0 = const 1\nr1 = or r0 r2", "314"),
    ("and: left side must exist", "r1 = and r0 r2\n  r2 = const 2", "314"),
    ("ifx: values", "r0 = const 1\nr1 = ifx r0 r2 r0\n  r2 = const 2\ngset x r1", ""),
    ("ifx: value of the other arm", "r0 = const 1\nr1 = ifx r0 r2 r2\n  r2 = const 2", "314"),
    ("ifx: first value", "r0 = const 1\nr1 = ifx r0 r2 r2\nelse\n  r2 = const 2", "314"),
    ("ifx: test", "r1 = ifx r0 r0 r0", "314"),
    ("for: body may not run", "r0 = const ()\nr1 = for r0\n  r2 = const 1\ngset x r2", "314"),
    ("for: target may not be set", "r0 = const ()\nr1 = for r0\ngset x r1", "314"),
    ("for: body sees its target", "r0 = const ()\nr1 = for r0\n  gset x r1", ""),
    ("for: else does not", "r0 = const ()\nr1 = for r0\nelse\n  gset x r1", "314"),
    ("for: iterable", "r1 = for r0", "314"),
    ("for: else and break", "r0 = const ()\nr1 = for r0\n  break\nelse\n  r2 = const 1\ngset x r2", "314"),
    ("for: no break", "r0 = const ()\nr1 = for r0\nelse\n  r2 = const 1\ngset x r2", ""),
    ("for: every exit", "r0 = const ()\nr1 = for r0\n  r2 = const 3\n  break\nelse\n  r2 = const 1\ngset x r2", ""),
    ("while: test runs once", "while r0\n  r0 = const 0\ngset x r0", ""),
    ("while: test must be set", "while r0", "314"),
    ("while: body may not run", "while r0\n  r0 = gget y\ndo\n  r1 = const 1\ngset x r1", "314"),
    ("while true: only break leaves", "while r0\n  r0 = const True\ndo\n  r1 = const 1\n  break\ngset x r1", ""),
    (
        "while true: an early break",
        "while r0\n  r0 = const 1\ndo\n  if r0\n    break\n  r1 = const 1\ngset x r1",
        "314",
    ),
    ("while false", "while r0\n  r0 = const 0\ndo\n  r1 = const 1\n  break\ngset x r1", "314"),
    ("comp: block runs", "r0 = const ()\nr1 = comp list\n  r2 = const 1\ngset x r2\ngset x r1", ""),
    ("comp: result is not in its block", "r0 = comp list\n  emit r0", "314"),
    ("try: handler relies on nothing", "try\n  r0 = const 1\nexcept none none\n  gset x r0", "314"),
    ("try: finally relies on nothing", "try\n  r0 = const 1\nfinally\n  gset x r0", "314"),
    ("try: else follows the body", "try\n  r0 = const 1\nexcept none none\nelse\n  gset x r0", ""),
    ("try: after it", "try\n  r0 = const 1\nexcept none none\ngset x r0", "314"),
    ("try: after all paths", "try\n  r0 = const 1\nexcept none none\n  r0 = const 2\ngset x r0", ""),
    ("try: handler leaves", "r1 = const 1\ntry\n  r0 = const 1\nexcept none none\n  raise r1\ngset x r0", ""),
    ("try: finally defines", "try\nfinally\n  r0 = const 1\ngset x r0", ""),
    ("try: body defines, finally follows", "try\n  r1 = const 2\nfinally\n  r0 = const 1\ngset x r1", ""),
    ("try: type register", "try\ntypes\n  r0 = bget ValueError\nexcept r0 r1\n  gset x r1", ""),
    ("try: type register must be set", "try\nexcept r0 r1", "314"),
    ("try: exception is the handler's", "try\nexcept none r1\ngset x r1", "314"),
]

PLACE = [
    ("break", "break", "318"),
    ("continue", "continue", "318"),
    ("break in if in for", "r0 = const ()\nr1 = for r0\n  if r0\n    break\n  else\n    continue", ""),
    ("break in else of for", "r0 = const ()\nr1 = for r0\nelse\n  break", "318"),
    ("break in the test", "while r0\n  break\n", "318"),
    ("break in and", "r0 = const ()\nr1 = for r0\n  r2 = and r0 r0\n    break", "318"),
    ("break in a loop in and", "r0 = const ()\nr1 = and r0 r0\n  r2 = for r0\n    break", ""),
    ("break in comp", "r0 = const ()\nr1 = for r0\n  r2 = comp list\n    break", "318"),
    ("break in handler", "r0 = const ()\nr1 = for r0\n  try\n  except none none\n    break", ""),
    ("return in and", "r0 = const ()\nr1 = and r0 r0\n  return r0", "332"),
    ("return in ifx", "r0 = const ()\nr1 = ifx r0 r0 r0\n  return r0", "332"),
    ("return in test", "r0 = const ()\nwhile r0\n  return r0", "332"),
    ("return in comp", "r0 = const ()\nr1 = comp list\n  r2 = for r0\n    return r0", "332"),
    ("return in a loop", "r0 = const ()\nr1 = for r0\n  return r0", ""),
    ("raise in and", "r0 = const ()\nr1 = and r0 r0\n  raise r0", ""),
    ("emit", "r0 = const 1\nemit r0", "319"),
    ("emit2 in list", "r0 = const 1\nr1 = comp list\n  emit2 r0 r0", "319"),
    ("emit in dict", "r0 = const 1\nr1 = comp dict\n  emit r0", "319"),
    ("emit2 in dict", "r0 = const 1\nr1 = comp dict\n  emit2 r0 r0", ""),
    ("emit in set", "r0 = const ()\nr1 = comp set\n  r2 = for r0\n    if r2\n      emit r2", ""),
    ("emit after comp", "r0 = const ()\nr1 = comp list\nemit r0", "319"),
    ("reraise", "reraise", "320"),
    ("reraise in body", "try\n  reraise\nexcept none none", "320"),
    ("reraise in handler", "try\nexcept none none\n  reraise", ""),
    ("reraise in if in handler", "r0 = const 1\ntry\nexcept none none\n  if r0\n    reraise", ""),
    ("reraise in finally", "try\nfinally\n  reraise", "320"),
    ("after return", "r0 = const 1\nreturn r0\nbarrier", "321"),
    ("after break", "r0 = const ()\nr1 = for r0\n  break\n  barrier", "321"),
    ("after raise", "r0 = const 1\nraise r0\nbarrier", "321"),
    ("call in types", "try\ntypes\n  r0 = callb len () ()\nexcept r0 none", "326"),
    ("effect in types", "try\ntypes\n  r0 = effect m () ()\nexcept r0 none", "326"),
    ("block in types", "r1 = const 1\ntry\ntypes\n  if r1\nexcept r1 none", "326"),
    ("move in types", "r1 = const 1\ntry\ntypes\n  r0 = move r1\nexcept r0 none", "326"),
    ("tuple in types", "try\ntypes\n  r0 = bget KeyError\n  r1 = gget E\n  r2 = tuple (r0 r1)\nexcept r2 none", ""),
    ("attribute in types", "try\ntypes\n  r0 = gget E\n  r1 = attr r0 e\nexcept r1 none", ""),
    ("outer register in types", "r0 = gget E\ntry\ntypes\n  r1 = tuple (r0 r0)\nexcept r1 none", ""),
    ("types without a type register", "try\ntypes\n  r0 = bget KeyError\nexcept none none", "326"),
    ("types beside the type register", "r1 = gget E\ntry\ntypes\n  r0 = bget KeyError\nexcept r1 none", "326"),
    ("types left over", "try\ntypes\n  r0 = gget E\n  r1 = gget F\nexcept r1 none", "326"),
    ("types out of order", "try\ntypes\n  r0 = gget E\n  r1 = gget F\n  r2 = tuple (r1 r0)\nexcept r2 none", "326"),
    ("types read twice", "try\ntypes\n  r0 = gget E\n  r2 = tuple (r0 r0)\nexcept r2 none", "326"),
    ("types read elsewhere", "try\ntypes\n  r0 = gget E\nexcept r0 none\n  gset x r0", "326"),
    ("types written elsewhere", "r0 = const 1\ntry\ntypes\n  r0 = gget E\nexcept r0 none", "326"),
]

NAMES = [
    ("builtin", "r0 = bget len", ""),
    ("unknown builtin", "r0 = bget eval", "324"),
    ("open", "r0 = callb open () ()", "324"),
    ("dunder builtin", "r0 = bget __import__", "324"),
    ("member", "r0 = bget math.pi", ""),
    ("unknown member", "r0 = bget math.os", "324"),
    ("two dots", "r0 = bget math.sqrt.real", "324"),
    ("unknown module", "r0 = callb os.system () ()", "324"),
    ("global", "r0 = gget naïve", ""),
    ("global with a space", "r0 = gget 'a b'", "323"),
    ("global that is empty", "r0 = gget ''", "323"),
    ("global that is a keyword", "r0 = gget class", "323"),
    ("global that is None", "r0 = gget None", "323"),
    ("global that is dotted", "r0 = gget a.b", "323"),
    ("global that begins with a dot", "r0 = gget .a", "323"),
    ("global that Python would fold", "r0 = gget ﬁ", "323"),
    ("global that breaks a line", "r0 = gget 'a\\nb'", "323"),
    ("global with a lone surrogate", "r0 = gget '\\ud800'", "323"),
    ("global that is too long", f"r0 = gget {'a' * 1001}", "323"),
    ("global that Python's functions have", "r0 = gget __builtins__", "323"),
    ("name that Python's compiler takes for a constant", "r0 = gget __debug__", "323"),
    ("set global", "r0 = const 1\ngset 1x r0", "323"),
    ("delete global", "gdel a-b", "323"),
    ("attribute", "r0 = const 1\nr1 = attr r0 args", ""),
    ("dunder attribute", "r0 = const 1\nr1 = attr r0 __globals__", "323"),
    ("dunder method", "r0 = const 1\nr1 = callm r0 __reduce__ () ()", "323"),
    ("underscored method", "r0 = const 1\nr1 = callm r0 _asdict () ()", ""),
    ("method", "r0 = const 1\nr1 = method r0 f\nr2 = callm r1 f (r0) ()", ""),
    ("method that is looked up twice", "r0 = const 1\nr1 = method r0 f\nr1 = method r0 f\nr2 = callm r1 f () ()", ""),
    ("method for two calls", "r0 = const 1\nr1 = method r0 f\nr2 = callm r1 f () ()\nr2 = callm r1 f () ()", ""),
    ("method that is not called", "r0 = const 1\nr1 = method r0 f", ""),
    ("method with a dunder", "r0 = const 1\nr1 = method r0 __reduce__", "323"),
    ("method in another place", "r0 = const 1\nr1 = method r0 f @1:0-5\nr2 = callm r1 f () () @2:0-5", "341"),
    ("method under another name", "r0 = const 1\nr1 = method r0 f\nr2 = callm r1 g () ()", "341"),
    ("method under two names", "r0 = const 1\nr1 = method r0 f\nr1 = method r0 g", "341"),
    ("method as an argument", "r0 = const 1\nr1 = method r0 f\nr2 = callm r1 f (r1) ()", "341"),
    ("method as a keyword", "r0 = const 1\nr1 = method r0 f\nr2 = callm r1 f () (a=r1)", "341"),
    ("method as a value", "r0 = const 1\nr1 = method r0 f\nr2 = move r1", "341"),
    ("method of a method", "r0 = const 1\nr1 = method r0 f\nr2 = method r1 f", "341"),
    ("method called otherwise", "r0 = const 1\nr1 = method r0 f\nr2 = call r1 () ()", "341"),
    ("method that is tested", "r0 = const 1\nr1 = method r0 f\nr2 = and r1 r0\n", "341"),
    ("method that is returned", "r0 = const 1\nr1 = method r0 f\nreturn r1", "341"),
    ("method and something else", "r0 = const 1\nr1 = method r0 f\nr1 = const 2", "341"),
    ("method and an unpacked value", "r0 = const 1\nr1 = method r0 f\nunpack r0 (r1 r2)", "341"),
    ("keyword", "r0 = const 1\nr1 = call r0 () (a=r0)", ""),
    ("keyword that is none", "r0 = const 1\nr1 = call r0 () (if=r0)", "323"),
    ("keyword of a method", "r0 = const 1\nr1 = callm r0 f () ('a b'=r0)", "323"),
    ("keyword of a builtin", "r0 = const 1\nr1 = callb print () (1=r0)", "323"),
    ("keyword of a model", "r0 = const 1\nr1 = effect m () (a.b=r0)", "323"),
    ("keyword twice", "r0 = const 1\nr1 = call r0 () (a=r0 a=r0)", "334"),
    ("model", "r0 = model org/Name-1.5:q4@2", ""),
    ("model that begins with a dash", "r0 = model -m", "325"),
    ("model with a space", "r0 = effect 'a b' () ()", "325"),
    ("model that is empty", "r0 = model ''", "325"),
    ("model of 200", f"r0 = model {'a' * 200}", ""),
    ("model of 201", f"r0 = model {'a' * 201}", "325"),
    ("model outside of ASCII", "r0 = model é", "325"),
    ("skip outside of gather", "r0 = bget .skip", "329"),
]


@pytest.mark.parametrize(("why", "code", "expected"), FLOW + PLACE + NAMES)
def test_code_is_refused_when_a_rule_is_broken(why: str, code: str, expected: str) -> None:
    assert code_of(written(code)) == expected, why


POS = "param pos x"
POS2 = "param pos y\nlocals y"
LOCAL = "locals x"

TREE = [
    ("made by func", "r0 = func f1 ()", [child()], "", ""),
    ("never made", "", [child()], "", "316"),
    ("made twice", "r0 = func f1 ()\nr1 = func f1 ()", [child()], "", "316"),
    ("makes itself", "r0 = func f1 ()", [child("r0 = func f1 ()")], "", "316"),
    ("made by a later one", "r0 = func f2 ()", [child(), child("r0 = func f1 ()", index=2)], "", "316"),
    ("made in a child", "r0 = func f1 ()", [child("r0 = func f2 ()"), child(index=2)], "", ""),
    ("made in a dead block", "r0 = const 1\nif r0\n  r0 = func f1 ()", [child()], "", ""),
    ("free found", "r0 = func f1 ()", [child("r0 = cget c0", header="free v")], "v", ""),
    ("free not found", "r0 = func f1 ()", [child(header="free v")], "", "317"),
    ("free by way of a parent", "r0 = func f1 ()", [child("r0 = func f2 ()", header="free v"),
                                                  child(header="free v", index=2)], "v", ""),
    ("free not passed on", "r0 = func f1 ()", [child("r0 = func f2 ()"), child(header="free v", index=2)], "v", "317"),
    ("no such cell", "cset c1 r0", [], "v", "315"),
    ("a default too few", "r0 = func f1 ()", [child(header="param pos x default\nlocals x")], "", "322"),
    ("a default given", "r0 = const 1\nr1 = func f1 (r0)", [child(header="param pos x default\nlocals x")], "", ""),
    ("a default too many", "r0 = const 1\nr1 = func f1 (r0)", [child(header="param pos x\nlocals x")], "", "322"),
    ("gather", "r0 = const ()\nr1 = gather list r0 f1", [child("return r0", header=f"{POS}\n{LOCAL}")], "", ""),
    ("gather skips", "r0 = const ()\nr1 = gather list r0 f1",
     [child("r1 = bget .skip\nreturn r1", header=f"{POS}\n{LOCAL}")], "", ""),
    ("gather without parameter", "r0 = const ()\nr1 = gather list r0 f1", [child()], "", "329"),
    ("gather of *x", "r0 = const ()\nr1 = gather list r0 f1", [child(header=f"param var x\n{LOCAL}")], "", "329"),
    ("gather of x=1", "r0 = const ()\nr1 = gather list r0 f1",
     [child(header=f"param pos x default\n{LOCAL}")], "", "329"),
    ("break does not leave a function", "r0 = const ()\nr1 = for r0\n  r1 = func f1 ()", [child("break")], "", "318"),
    ("parameters are defined", "r0 = func f1 ()", [child("return r0", header=f"{POS}\n{LOCAL}")], "", ""),
    ("check in types", "r0 = func f1 ()",
     [child("try\ntypes\n  check r0\nexcept r0 none", header=f"{POS}\n{LOCAL}")], "", ""),
    ("types in a named register", "r0 = func f1 ()",
     [child("try\ntypes\n  r0 = gget E\nexcept r0 none", header=LOCAL)], "", "326"),
    ("check of a named register", "r0 = func f1 ()", [child("check r0", header=f"{POS}\n{LOCAL}")], "", ""),
    ("check of one without", "r0 = func f1 ()", [child("r0 = const 1\ncheck r0", header="locals '' x")], "", "335"),
    ("check of one beyond the names", "r0 = func f1 ()", [child("r1 = const 1\ncheck r1", header=LOCAL)], "", "335"),
    ("others are not", "r0 = func f1 ()", [child("return r1", header=f"{POS}\n{LOCAL}")], "", "314"),
    ("parameter is the first local", "r0 = func f1 ()", [child(header=f"{POS}\nlocals y x")], "", "328"),
    ("parameter has a local", "r0 = func f1 ()", [child(header=POS)], "", "328"),
    ("local twice", "r0 = func f1 ()", [child(header="locals x x")], "", "328"),
    ("locals without a name", "r0 = func f1 ()", [child(header="locals '' x ''")], "", ""),
    ("local and cell", "r0 = func f1 ()", [child(header="locals x\ncells x")], "", "328"),
    ("parameter and cell", "r0 = func f1 ()", [child("cset c0 r0", header=f"{POS}\n{LOCAL}\ncells x")], "", ""),
    ("parameter and free", "r0 = func f1 ()", [child(header=f"{POS}\n{LOCAL}\nfree x")], "x", "328"),
    ("local and global", "r0 = func f1 ()", [child("r0 = gget x", header=LOCAL)], "", "336"),
    ("cell and global", "r0 = func f1 ()", [child("gdel x", header="cells x")], "", "336"),
    ("free and global", "r0 = func f1 ()", [child("gset x r0\n", header=f"{POS2}\nfree x")], "x", "336"),
    ("global of another function", "r0 = gget x\nr0 = func f1 ()", [child("r0 = gget y", header=LOCAL)], "", ""),
    ("cell and free", "r0 = func f1 ()", [child(header="cells x\nfree x")], "x", "328"),
    ("cell twice", "r0 = func f1 ()", [child(header="cells x x")], "", "328"),
    ("more locals than registers", "r0 = func f1 ()", [child(header="locals x y", registers=1)], "", "328"),
    ("local that is no name", "r0 = func f1 ()", [child(header="locals a-b")], "", "323"),
    ("local that begins with a dot", "r0 = func f1 ()", [child(header="locals .0")], "", "323"),
    ("cell that is no name", "r0 = func f1 ()", [child(header="cells ''")], "", "323"),
    ("parameter that is a keyword", "r0 = func f1 ()", [child(header="param pos if\nlocals if")], "", "323"),
    ("lambda", "r0 = func f1 ()", [child(name="<lambda>")], "", ""),
    ("function that is no name", "r0 = func f1 ()", [child(name="'a b'")], "", "323"),
    ("function that is a keyword", "r0 = func f1 ()", [child(name="lambda")], "", "323"),
    ("order of parameters", "r0 = func f1 ()", [child(header="param kw_only x\nparam pos y\nlocals x y")], "", "328"),
    ("two *args", "r0 = func f1 ()", [child(header="param var x\nparam var y\nlocals x y")], "", "328"),
    ("two **kw", "r0 = func f1 ()", [child(header="param var_kw x\nparam var_kw y\nlocals x y")], "", "328"),
    ("default of *args", "r0 = const 1\nr1 = func f1 (r0)", [child(header="param var x default\nlocals x")], "", "328"),
    ("default before none", "r0 = const 1\nr1 = func f1 (r0)",
     [child(header="param pos x default\nparam pos y\nlocals x y")], "", "328"),
    ("keyword-only without default after one", "r0 = const 1\nr1 = func f1 (r0)",
     [child(header="param kw_only x default\nparam kw_only y\nlocals x y")], "", ""),
    ("all kinds", "r0 = func f1 ()",
     [child(header="param pos_only a\nparam pos b\nparam var c\nparam kw_only d\nparam var_kw e\nlocals a b c d e",
            registers=5)], "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("why", "code", "others", "cells", "expected"), TREE)
def test_functions_are_refused_when_a_rule_is_broken(
    why: str, code: str, others: list[str], cells: str, expected: str
) -> None:
    assert code_of(written(code, *others, cells=cells)) == expected, why


@pytest.mark.parametrize(
    ("models", "imports", "expected"),
    [
        (("a", "b"), ("json", "math"), ""),
        (("b", "a"), ("json", "math"), "330"),
        (("a",), ("json", "math"), "330"),
        (("a", "b", "c"), ("json", "math"), "330"),
        (("a", "b", "b"), ("json", "math"), "330"),
        (("a", "b"), ("math",), "330"),
        (("a", "b"), ("json", "math", "os"), "330"),
    ],
)
def test_tables_are_refused_when_not_what_the_code_uses(
    models: tuple[str, ...], imports: tuple[str, ...], expected: str
) -> None:
    module = written("r0 = model b\nr1 = effect a () ()\nr2 = bget math\nr3 = callb json.dumps (r0) ()\nr4 = bget len")
    assert code_of(module._replace(models=models, imports=imports)) == expected


def nested(depth: int) -> Block:
    block: Block = ()
    for _ in range(depth):
        block = (instr("if", 0, block, ()),)
    return block


def deep_tuple(depth: int) -> object:
    value: object = ()
    for _ in range(depth):
        value = (value,)
    return value


CONST = instr("const", 0, 1)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (top(instr("nosuch")), "311"),
        (top(Instr(5, (), SPAN)), "311"),  # type: ignore[arg-type]
        (top(instr("const", 0)), "312"),
        (top(instr("const", 0, 1, 2)), "312"),
        (top(Instr("barrier", [], SPAN)), "312"),  # type: ignore[arg-type]
        (top(("const", (0, 1), SPAN)), "310"),  # type: ignore[arg-type]
        (top()._replace(body=[CONST]), "312"),
        (top(instr("const", 8, 1)), "313"),
        (top(instr("const", -1, 1)), "313"),
        (top(instr("const", True, 1)), "313"),
        (top(instr("const", 0.0, 1)), "313"),
        (top(CONST, instr("tuple", 1, (0, 9))), "313"),
        (top(CONST, instr("tuple", 1, [0])), "312"),
        (top(CONST, instr("call", 1, 0, (), [("a", 0)])), "312"),
        (top(CONST, instr("call", 1, 0, (), (("a", 0, 0),))), "312"),
        (top(CONST, instr("call", 1, 0, (), ((1, 0),))), "312"),
        (top(CONST, instr("call", 1, 0, (), (("a", None),))), "313"),
        (top(CONST, instr("format", 1, "", 0, "r")), "313"),
        (top(CONST, instr("dict", 1, (0, 0), (0,))), "312"),
        (top(instr("gget", 0, 1)), "312"),
        (top(CONST, instr("if", 0, [], ())), "312"),
        (top(instr("try", (), (), (), None)), "312"),
        (top(instr("try", (), ((),), (), ())), "312"),
        (top(instr("try", (), (((), 9, None, ()),), (), ())), "313"),
        (top(instr("try", (), (((), None, None, None),), (), ())), "312"),
        (top(instr("cget", 0, 0)), "315"),
        (top(instr("cget", 0, None)), "315"),
        (top(instr("func", 0, 0, ())), "316"),
        (top(instr("func", 0, 1, ())), "316"),
        (top(instr("func", 0, None, ())), "316"),
        (top(CONST, instr("binop", 0, "<", 0, 0)), "333"),
        (top(CONST, instr("binop", 0, None, 0, 0)), "333"),
        (top(CONST, instr("gather", 0, "dict", 0, 1)), "333"),
        (top(instr("const", 0, [1])), "312"),
        (top(instr("const", 0, (1, {}))), "312"),
        (top(instr("const", 0, bytearray())), "312"),
        (top(instr("const", 0, (1j, b"", ...))), ""),
        (top(kind="nosuch"), "310"),
        (top(kind="generator"), "316"),
        (top(instr("const", 0, 1 << MAX_INT_BITS)), "327"),
        (top(instr("const", 0, (1 << MAX_INT_BITS,))), "327"),
        (top(instr("const", 0, deep_tuple(MAX_DEPTH - 1))), ""),
        (top(instr("const", 0, deep_tuple(MAX_DEPTH))), "327"),
        (top(CONST, *nested(MAX_DEPTH)), ""),
        (top(CONST, *nested(MAX_DEPTH + 1)), "327"),
        (top(CONST, *nested(5000)), "327"),
        (top(registers=MAX_REGISTERS + 1), "327"),
        (top(registers=MAX_REGISTERS), ""),
        (top(registers=-1), "327"),
        (top(registers=None), "327"),  # type: ignore[arg-type]
        (top(*[instr("barrier")] * (MAX_INSTRUCTIONS + 1)), "327"),
        (top(instr("barrier", span=(1, 5, 1, 4))), "331"),
        (top(instr("barrier", span=(2, 0, 1, 9))), "331"),
        (top(instr("barrier", span=(-1, 0, 1, 0))), "331"),
        (top(instr("barrier", span=(1, 0, 1, True))), "331"),
        (top(instr("barrier", span=(1, 2, 3))), "331"),  # type: ignore[arg-type]
        (top(instr("barrier", span=None)), "331"),  # type: ignore[arg-type]
        (top(instr("barrier", span=(0, 0, 0, 0))), ""),
        (top(instr("barrier", span=(2**31, 0, 2**31, 0))), "331"),
        (top(span=()), "310"),
        (top(name=None), "310"),
        (top(returns=None), "310"),
        (top(locals=["x"]), "310"),
        (top(cells=(1,)), "310"),
        (top(free="ab"), "310"),
        (top(free=("x",)), "316"),
        (top(params=(Param("x", "pos", False, ""),), locals=("x",)), "316"),
        (top(params=(("x", "pos", False, ""),)), "310"),
        (top(params=(Param("x", "nosuch", False, ""),)), "310"),
        (top(params=(Param("x", "pos", 1, ""),)), "310"),  # type: ignore[arg-type]
        (top(params=(Param("x", [], False, ""),)), "310"),  # type: ignore[arg-type]
        ((), "310"),
        (None, "310"),
    ],
)
def test_shape_is_refused_when_wrong(function: Function, expected: str) -> None:
    assert code_of(Module((function,), (), ())) == expected


@pytest.mark.parametrize(
    "module",
    [
        None,
        (),
        b"",
        Module((), (), ()),
        Module([top()], (), ()),  # type: ignore[arg-type]
        Module((top(),), [], ()),  # type: ignore[arg-type]
        Module((top(),), (), (1,)),  # type: ignore[arg-type]
        Module((top(),), (), (), None),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_module_is_refused(module: Module) -> None:
    assert code_of(module) == "310"


def test_too_many_functions_are_refused() -> None:
    assert code_of(Module((top(),) * (MAX_FUNCTIONS + 1), (), ())) == "327"


def test_refusal_points_at_the_instruction() -> None:
    with pytest.raises(ModuleError) as caught:
        verify(written("r0 = const 1  @1:0-1\ngset x r3  @2:4-9"))
    assert caught.value.span == (2, 4, 2, 9)
    assert caught.value.message == "'gset' reads register 3, which may not be defined there."


def test_verifier_takes_linear_time_when_registers_are_many() -> None:
    """A hostile module with every register and a long list of operands is seen through all the same."""
    everything = tuple(range(MAX_REGISTERS))
    body = [CONST, instr("unpack", 0, everything), *[instr("tuple", 0, everything)] * 5]
    branches = [instr("if", 0, (CONST,), ())] * 2_000
    assert code_of(tables(top(*body, *branches, registers=MAX_REGISTERS))) == ""
