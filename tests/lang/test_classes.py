"""Classes, attributes, generators, managers and patterns in the code that they become."""

from textwrap import dedent

import pytest

from tests.lang.reading import body, code, codes, function, module


def test_body_fills_a_namespace_when_a_class_is_made() -> None:
    source = "class A:\n    x = 1\n    def f(self): pass"
    assert code(source) == "r0 = class A f1 () ()\ngset A r0\nr1 = const None\nreturn r1"
    assert function(source, "A").kind == "class"
    assert code(source, "A") == dedent(
        """\
        r1 = const 1
        r2 = const 'x'
        setindex r0 r2 r1
        r3 = func f2 ()
        r4 = const 'f'
        setindex r0 r4 r3
        r5 = const None
        return r5"""
    )


def test_member_is_read_without_asking_when_it_is_surely_there() -> None:
    written = code("class A:\n    x = 1\n    y = x", "A")
    assert "index r0" in written
    assert "cmp in" not in written


def test_member_is_asked_for_when_it_may_be_missing() -> None:
    written = code("x = 1\nclass A:\n    if x: x = 2\n    y = x", "A")
    assert written.count("cmp in") == 2
    assert written.count("gget x") == 2


def test_class_goes_into_its_cell_when_a_method_calls_super() -> None:
    source = "class A:\n    def f(self):\n        return super().f()"
    assert "callb .super (r1 r0)" in code(source, "f")
    assert function(source, "f").free == ("__class__",)
    assert function(source, "A").cells == ("__class__",)
    assert code(source, "<cell>").startswith("cset c0 r0")


def test_annotations_are_text_when_a_class_has_them() -> None:
    written = code('class A:\n    x: int = 1\n    y: "list[str]"', "A")
    assert written.startswith("r1 = dict () ()\nr2 = const '__annotations__'\nsetindex r0 r2 r1")
    assert "const 'list[str]'" in written


def test_decorators_are_called_directly_when_they_are_builtins() -> None:
    assert "callb property" in code("class A:\n    @property\n    def f(self): pass", "A")
    assert "callb functools.lru_cache (r" in code("import functools\n@functools.lru_cache\ndef f(): pass")
    assert "= call r" in code("def d(f): return f\n@d\ndef f(): pass")


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("def f(): yield", "generator"),
        ("async def f(): pass", "coroutine"),
        ("async def f(): yield", "async_generator"),
        ("def f(): return (x for x in y)\ny = 1", ""),
        ("def f():\n    def g(): yield", ""),
        ("def f(): return lambda: (yield)", ""),
    ],
)
def test_function_has_its_kind_when_it_suspends(source: str, kind: str) -> None:
    assert function(source, "f").kind == kind


def test_generator_expression_is_a_generator_when_no_builtin_reads_it_at_once() -> None:
    written = code("def f(a):\n    return (x for x in a)", "f")
    assert written == "r1 = callb iter (r0) ()\nr2 = func f2 ()\nr3 = call r2 (r1) ()\nreturn r3"


@pytest.mark.parametrize(
    "call",
    [
        "sum(x for x in a)",
        "','.join(x for x in a)",
        "[*(x for x in a)]",
        "any(x for x in a)",
        "sorted(x for x in a)",
    ],
)
def test_generator_expression_is_read_at_once_when_nothing_can_tell(call: str) -> None:
    assert "yield" not in "".join(str(f.body) for f in module(f"a = []\n{call}").functions)


@pytest.mark.parametrize(
    "source",
    [
        "g(x for x in a)",
        "enumerate(x for x in a)",
        "list(next(b) for x in a)",
        "class P:\n    def __radd__(self, o): pass\nsum(g(x) for x in a)",
        "class P:\n    def update(self, o): pass\na.update(x for x in a)",
        "def sum(x): pass\nsum(x for x in a)",
    ],
)
def test_generator_expression_is_lazy_when_somebody_could_tell(source: str) -> None:
    assert any(f.kind == "generator" for f in module(f"a = b = []\ndef g(x): pass\n{source}").functions)


def test_variable_of_a_manager_is_checked_when_read_afterwards() -> None:
    assert "check r1" in body("with a:\n    x = 1\nreturn x", "a")


def test_condition_is_one_comparison_when_the_pattern_is_a_value() -> None:
    assert body("match a:\n    case 1: return 2", "a") == dedent(
        """\
        r1 = move r0
        r2 = const 1
        r3 = cmp == r1 r2
        if r3
          r4 = const 2
          return r4
        r5 = const None
        return r5"""
    )


def test_handler_raises_again_when_its_types_are_computed() -> None:
    written = body("try:\n    a()\nexcept a.kinds():\n    return 1", "a")
    assert written.index("callm r0 kinds") < written.index("reraise") < written.index("except r")


def test_private_names_are_those_of_the_class_when_mangled() -> None:
    written = code("class _A:\n    def f(self):\n        self.__x = __y = 1\n        return __y", "f")
    assert "setattr r0 _A__x" in written


@pytest.mark.parametrize("name", ["__builtins__", "__namespace__"])
def test_name_is_refused_when_the_runtime_has_it_for_itself(name: str) -> None:
    assert codes(f"{name} = 1") == ["NOODLE-E0110"]


def test_finally_touches_what_is_known_when_it_may_unbind() -> None:
    source = "try:\n    x = 1\nfinally:\n    if a:\n        print(x)\nreturn x"
    assert body(source, "a").count("check") == 2
