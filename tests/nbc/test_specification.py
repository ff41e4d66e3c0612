"""docs/nbc.md says what the code does: its tables equal the code's."""

import re
from pathlib import Path

import pytest

from noodle_ray.core.nbc import bounds, costs, from_text, to_text, verify
from noodle_ray.core.nbc.encoder import MAGIC, PARAM_KINDS
from noodle_ray.core.nbc.module import FORMAT_VERSION
from noodle_ray.core.nbc.ops import INTERNAL, OPCODES, OPERANDS, OPERATORS, TERMINATORS
from noodle_ray.core.vm.names import HIDDEN, READ_DUNDERS

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = (ROOT / "docs" / "nbc.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """The cells of every table below a heading, without the tables' own headings."""
    section = TEXT.split(f"\n{heading}\n", 1)[1]
    section = re.split(rf"\n#{{1,{heading.count('#')}}} ", section)[0]
    found = []
    for line in section.splitlines():
        if line.startswith("| "):
            found.append([cell.strip().replace("\\", "") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_opcode_table_is_the_instruction_set() -> None:
    documented = {
        words(row[1])[0]: (int(row[0]), tuple(row[2].split()) if row[2] != "–" else ())
        for row in rows("## Instructions")
        if row[0].isdigit()
    }
    assert documented == {op: (OPCODES[op], kinds) for op, kinds in OPERANDS.items()}


def test_every_operand_kind_is_explained() -> None:
    explained = {kind for row in rows("## Instructions") for kind in re.split(r", ", row[0])}
    assert {kind for kinds in OPERANDS.values() for kind in kinds} <= explained


def test_special_names_are_those_that_can_be_read() -> None:
    listed = TEXT.split("shown without them;")[1].split("```text\n")[1].split("```")[0].split()
    assert {f"__{name}__" for name in listed} == READ_DUNDERS


def test_builtins_without_a_spelling_in_python_are_explained() -> None:
    assert all(f"`{name}`" in TEXT for name in HIDDEN)


def test_operator_table_is_in_the_order_of_the_numbers() -> None:
    documented: dict[str, tuple[str, ...]] = {}
    for row in rows("## Instructions"):
        if len(row) == 2 and row[0].startswith("`"):
            for op in words(row[0]):
                documented[op] = tuple(["", *words(row[1])] if row[1].startswith("none") else words(row[1]))
    assert documented == OPERATORS


def test_terminators_are_named() -> None:
    (rule,) = [row[1] for row in rows("## What the verifier requires") if row[0] == "E0321"]
    assert set(words(rule)) == TERMINATORS


def test_limits_table_is_the_limits() -> None:
    numbers = [int(row[1].removesuffix(" each").replace(",", "")) for row in rows("## Limits") if row[1] != "at most"]
    assert numbers == [
        bounds.MAX_BYTES,
        bounds.MAX_POOL,
        bounds.MAX_FUNCTIONS,
        bounds.MAX_INSTRUCTIONS,
        bounds.MAX_DEPTH,
        bounds.MAX_REGISTERS,
        bounds.MAX_INT_BITS,
        bounds.MAX_NAME,
    ]


def test_weights_table_is_the_costs() -> None:
    documented = {op: int(row[1]) for row in rows("## Fuel") if row[1].isdigit() for op in words(row[0])}
    weights = {op: weight for op, weight in costs._WEIGHT.items() if op not in INTERNAL}
    assert documented == weights
    assert {costs._WEIGHT[op] for op in INTERNAL} == {0}
    guards = TEXT.split("**Guards**")[1].split("\n\n")[0]
    assert set(words(guards)) - {"if", "return"} == costs._CHEAP


def test_leaves_are_what_the_page_says() -> None:
    paragraphs = TEXT.split("**Leaves**")[1].split("\n\n")
    assert f"at most {costs._LEAF_SIZE}\n" in paragraphs[0]
    assert set(words(paragraphs[1])) - {"callb"} == costs._IN_LEAF - costs._CHEAP
    sentences = paragraphs[2].split(". ")
    hooks = {name for name in words(sentences[1]) if name in costs._HOOKS}
    assert hooks == costs._HOOKS
    methods = set(words(sentences[1])) - hooks
    assert methods | {name.rpartition(".")[2] for name in hooks if "." in name} == costs._HOOK_METHODS
    modules, getters, looks = ". ".join(sentences[3:]).split(";")
    assert set(words(modules)) - {"bget"} == costs._HOOK_MODULES
    assert set(words(getters)) == costs._GETTERS
    named = words(looks)
    assert set(named[named.index("__class__") + 1 :]) - {"callb"} == costs._LOOKS


def test_header_is_the_codec_s() -> None:
    assert f"magic      = {MAGIC.hex(' ').upper()}" in TEXT
    assert f"version    = {FORMAT_VERSION:02}" in TEXT
    assert "0 positional-only, 1 positional, 2 *args, 3 keyword-only, 4 **kwargs" in TEXT
    assert PARAM_KINDS == ("pos_only", "pos", "var", "kw_only", "var_kw")


def test_every_code_raised_is_documented_and_the_reverse() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "noodle_ray" / "core" / "nbc").rglob("*.py"))
    raised = {f"E0{number}" for number in re.findall(r"refuse\(\s*(3\d\d)", source)}
    raised |= set(re.findall(r'code="NOODLE-(E03\d\d)"', source))
    documented = {row[0] for row in rows("## What the verifier requires") if row[0].startswith("E03")}
    assert raised == documented


@pytest.mark.parametrize("block", re.findall(r"```nbc\n(.*?)```", TEXT, re.DOTALL))
def test_example_reads_back_and_verifies(block: str) -> None:
    module = from_text(block)
    verify(module)
    assert to_text(module) == block
