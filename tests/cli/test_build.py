"""``noodle compile``, ``verify`` and ``check``."""

import json
from collections.abc import Callable
from pathlib import Path

from noodle_ray.core import nbc
from tests.cli.conftest import Command

Write = Callable[..., Path]


def test_compile_writes_a_module_and_prints_its_hash(noodle: Command, program: Write, tmp_path: Path) -> None:
    target = tmp_path / "out.nbc"
    done = noodle("compile", program("1 + 1"), "-o", target)
    assert done == (0, f"{target}: {nbc.digest(target.read_bytes())}\n", "")
    nbc.load(target.read_bytes())


def test_compile_writes_beside_the_source_when_not_told_where(noodle: Command, program: Write) -> None:
    path = program("1 + 1")
    assert noodle("compile", path).status == 0
    assert path.with_suffix(".nbc").exists()


def test_compile_shows_the_text_after_each_pass(noodle: Command, program: Write) -> None:
    done = noodle("compile", program("def f():\n    for i in range(2 * 3):\n        print(i + 1)\n"), "--passes")
    assert done.status == 0
    headings = [line for line in done.out.splitlines() if line.startswith("# ")]
    assert headings == [
        "# compiled", "# fold", "# copies: no change", "# common: no change", "# inline: no change",
        "# hoist: no change", "# dead", "# ranges", "# methods: nothing",
    ]  # fmt: skip
    assert "const 6" in done.out.split("# fold")[1].split("# copies")[0]
    assert "3:14 binop: fits 64 bits" in done.out.split("# ranges")[1]


def test_compile_text_can_be_read_back(noodle: Command, program: Write) -> None:
    done = noodle("compile", program("def f(x): return x\nf(2)"), "--text")
    assert done.status == 0
    assert nbc.verify(nbc.from_text(done.out)) is None


def test_compile_json_describes_the_module(noodle: Command, program: Write) -> None:
    source = 'import math\nfrom noodle_ray import model\nm = model("minilm")\nm(str(math.pi))'
    found = json.loads(noodle("compile", program(source), "--json").out)
    assert found["models"] == ["minilm"]
    assert found["imports"] == ["math"]
    assert len(found["module"]) == 64


def test_compile_shows_every_problem(noodle: Command, program: Write) -> None:
    done = noodle("compile", program("eval('')\nwith x: pass\n"))
    assert done.status == 1
    assert "2 problems found" in done.err


def test_compile_of_standard_input_asks_where_to_write(noodle: Command) -> None:
    done = noodle("compile", "-", stdin=b"1")
    assert done.status == 2
    assert "-o FILE.nbc" in done.err


def test_compile_says_when_it_cannot_write(noodle: Command, program: Write, tmp_path: Path) -> None:
    done = noodle("compile", program("1"), "-o", tmp_path / "no" / "folder" / "m.nbc")
    assert done.status == 2
    assert "cannot write" in done.err


def test_verify_accepts_a_sound_module(noodle: Command, program: Write, tmp_path: Path) -> None:
    target = tmp_path / "m.nbc"
    noodle("compile", program("1 + 1"), "-o", target)
    done = noodle("verify", target)
    assert done.status == 0
    assert done.out.startswith(f"{target}: ok ")
    found = json.loads(noodle("verify", target, "--json").out)
    assert found["ok"] is True
    assert found["files"][0]["module"] == nbc.digest(target.read_bytes())


def test_verify_refuses_a_module_that_was_tampered_with(noodle: Command, program: Write, tmp_path: Path) -> None:
    target = tmp_path / "m.nbc"
    noodle("compile", program("1 + 1"), "-o", target)
    target.write_bytes(target.read_bytes()[:-1])
    done = noodle("verify", target)
    assert done.status == 1
    assert "NOODLE-E03" in done.err
    assert json.loads(noodle("verify", target, "--json").out)["ok"] is False


def test_verify_refuses_source(noodle: Command, program: Write) -> None:
    assert noodle("verify", program("1")).status == 1


def test_check_finds_nothing_in_a_good_program(noodle: Command, program: Write) -> None:
    path = program("1")
    assert noodle("check", path) == (0, f"{path}: ok\n", "")


def test_check_goes_on_after_a_bad_file(noodle: Command, program: Write) -> None:
    good, bad = program("1", "good.noodle"), program("x = y", "bad.noodle")
    done = noodle("check", bad, good)
    assert done.status == 1
    assert f"{good}: ok\n" in done.out
    assert f"{bad}:1:5" in done.err


def test_check_json_lists_each_file(noodle: Command, program: Write) -> None:
    good, bad = program("1", "good.noodle"), program("x = y", "bad.noodle")
    found = json.loads(noodle("check", good, bad, "--json").out)
    assert [(file["file"], file["ok"]) for file in found["files"]] == [(str(good), True), (str(bad), False)]
    assert found["files"][1]["error"]["diagnostics"][0]["line"] == 1


def test_check_refuses_a_compiled_module(noodle: Command, program: Write, tmp_path: Path) -> None:
    noodle("compile", program("1"), "-o", tmp_path / "m.nbc")
    done = noodle("check", tmp_path / "m.nbc")
    assert done.status == 2
    assert "noodle verify" in done.err


LOOPS = """\
from noodle_ray import model
ask = model("m")
def label(texts):
    found = {}
    for text in texts:
        found[text] = ask(text)
    while ask("more?"):
        print(found)
    return [ask(a + b) for a in texts for b in texts]
def unseen(texts):
    seen = []
    for text in texts:
        if text not in seen:
            seen.append(ask(text))
    return seen
def double(x):
    return x * 2
"""


def test_compile_tells_what_functions_do_and_which_loops_overlap(noodle: Command, program: Write) -> None:
    done = noodle("compile", program(LOOPS), "--effects")
    assert done.status == 0
    assert done.out.splitlines() == [
        "<module>, line 1: ordered",
        "label, line 3: ordered, asks models",
        "    line 5, for: overlaps",
        "    line 7, while: one after the other: whether it goes on is known after each iteration",
        "    line 9, comprehension: overlaps",
        "unseen, line 10: asks models",
        "    line 12, for: one after the other: `seen` is read by its calls and changed by it",
        "double, line 16: pure",
    ]


def test_compile_tells_effects_as_json(noodle: Command, program: Write) -> None:
    done = noodle("compile", program(LOOPS), "--effects", "--json")
    functions = json.loads(done.out)["functions"]
    assert [function["kind"] for function in functions] == ["ordered", "ordered, asks models", "asks models", "pure"]
    assert functions[2]["loops"][0]["line"] == 12


def test_compile_shows_no_effects_of_a_program_with_errors(noodle: Command, program: Write) -> None:
    assert noodle("compile", program("print(totl)\n"), "--effects").status == 1
