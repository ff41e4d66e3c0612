"""Verifying with what is known of functions: the same verdict as from nothing, and each function looked at once."""

import random

import pytest

from benchmarks.compiling import program
from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc import decode, encode, load, verify
from noodle_ray.core.nbc.content import content
from noodle_ray.core.nbc.module import Module, Span
from noodle_ray.core.nbc.verifier import known, verify_decoded
from noodle_ray.core.nbc.verifier.known import Store, is_sound
from noodle_ray.errors import ModuleError
from tests.nbc.builders import random_module
from tests.nbc.fuzz import EFFECTS, Mutator, seeds


def is_verified(module: Module) -> bool:
    try:
        verify(module)
    except ModuleError:
        return False
    return True


def decoded(source: str) -> Module:
    return decode(encode(compile_source(source)))


@pytest.mark.parametrize("seed", range(6))
def test_verdict_on_mutated_modules_is_that_of_a_verifier_that_knows_nothing(seed: int) -> None:
    print("seed", seed)
    chance = random.Random(seed)
    modules = [compile_source(EFFECTS), *chance.sample(seeds(), 12), *[random_module(n, 40) for n in range(8)]]
    mutator = Mutator(modules, seed)
    store = Store(5_000)
    for module in modules:
        assert is_sound(decode(encode(module)), store)
    verdicts = set()
    for _ in range(600):
        data = mutator.mutation()
        if data is None:
            continue
        try:
            module = decode(data)
        except ModuleError:
            continue
        verdict = is_sound(module, store)
        assert verdict == is_verified(module)
        verdicts.add(verdict)
    assert verdicts == {True, False}


def test_an_edit_of_one_function_in_a_thousand_lines_has_that_function_verified_only() -> None:
    store = Store(known.MAX_KEPT)
    before = decoded(program(92))
    assert is_sound(before, store)
    assert store.checked == len(before.functions)
    assert is_sound(decoded(program(92, edited=40)), store)
    assert store.checked == len(before.functions) + 1


def test_functions_that_only_move_are_known() -> None:
    store = Store(known.MAX_KEPT)
    assert is_sound(decoded(program(20)), store)
    checked = store.checked
    assert is_sound(decoded("\n\nfirst = lambda: 0\n" + program(20)), store)
    assert store.checked == checked + 2  # the top level and what is new


def test_known_functions_do_not_make_a_module_sound() -> None:
    store = Store(known.MAX_KEPT)
    module = decoded(program(20))
    assert is_sound(module, store)
    checked = store.checked
    for broken in (
        module._replace(imports=()),
        module._replace(models=("m",)),
        module._replace(functions=module.functions[:-1]),
        module._replace(functions=(*module.functions, module.functions[-1])),
        module._replace(functions=module.functions[::-1]),
    ):
        assert not is_sound(broken, store)
        with pytest.raises(ModuleError):
            verify_decoded(broken)
    assert store.checked < checked + 10, "most of it was known"


def test_function_that_moves_beyond_the_last_line_is_refused() -> None:
    store = Store(known.MAX_KEPT)
    module = decoded("def f():\n    return 1\n")
    assert is_sound(module, store)
    checked = store.checked
    top, function = module.functions
    for down, sound in (((1 << 29) - 4, True), (1 << 29, False), (-3, False)):
        body = tuple([instr._replace(span=_down(instr.span, down)) for instr in function.body])
        moved = module._replace(functions=(top, function._replace(span=_down(function.span, down), body=body)))
        assert is_sound(moved, store) == is_verified(moved) == sound
    assert store.checked == checked


def _down(span: Span, lines: int) -> Span:
    return (span[0] + lines, span[1], span[2] + lines, span[3])


@pytest.mark.parametrize(
    ("one", "other"), [("1", "True"), ("1", "1.0"), ("0.0", "-0.0"), ("'a'", "b'a'"), ("...", "None")]
)
def test_contents_of_functions_differ_where_constants_do(one: str, other: str) -> None:
    first, second = (compile_source(f"def f():\n    return {value}\n").functions[1] for value in (one, other))
    assert content(first, 1) != content(second, 1)


def test_content_does_not_depend_on_where_a_function_stands() -> None:
    source = "def f(a, b=1, *c, d: 'int', **e):\n    g = lambda: [a for a in b]\n    return g\n"
    first, second = compile_source(source), compile_source("h = lambda: 0\n\n" + source)
    assert content(first.functions[1], 1) == content(second.functions[2], 2)


def test_what_is_kept_is_bounded() -> None:
    store = Store(60)
    for edit in range(30):
        assert is_sound(decoded(program(4, edit)), store)
    assert sum(one.size + 1 for one in store._entries.values()) <= 60


def test_load_uses_what_is_known() -> None:
    load(encode(compile_source(program(20))))
    checked = known._store.checked
    load(encode(compile_source(program(20, edited=7))))
    assert known._store.checked == checked + 1
