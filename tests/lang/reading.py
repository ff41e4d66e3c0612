"""Reading what the compiler made, and what it found."""

from noodle_ray.core.lang import check_source, compile_source
from noodle_ray.core.nbc import to_text, verify
from noodle_ray.core.nbc.module import Function, Module


def module(source: str) -> Module:
    """The verified module of a program."""
    compiled = compile_source(source)
    verify(compiled)
    return compiled


def function(source: str, name: str) -> Function:
    """The function of that name."""
    return next(f for f in module(source).functions if f.name == name)


def code(source: str, name: str = "<module>") -> str:
    """The text form of one function's code without spans, dedented."""
    text = to_text(module(source))
    section = next(part for part in text.split("\nfunction ")[1:] if part.split()[1] == name)
    lines = section.split("  code\n")[1].rstrip().split("\n")
    return "\n".join(line.split("  @")[0][4:] for line in lines)


def body(source: str, parameters: str = "") -> str:
    """The code of a function ``f`` with the given body."""
    indented = "\n".join("    " + line for line in source.strip("\n").split("\n"))
    return code(f"def f({parameters}):\n{indented}\n", "f")


def codes(source: str) -> list[str]:
    """The codes of all diagnostics, in order."""
    return [diagnostic.code for diagnostic in check_source(source)]
