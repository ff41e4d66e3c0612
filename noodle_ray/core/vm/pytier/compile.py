"""From a module to the namespace its runs start from: one CPython code object, cached by the module's digest."""

from noodle_ray.core.nbc.costs import leaves
from noodle_ray.core.nbc.module import Module
from noodle_ray.core.vm.modules import members
from noodle_ray.core.vm.names import ITERATION
from noodle_ray.core.vm.pytier import calls, control, data, loops, objects, operations, support
from noodle_ray.core.vm.pytier.emitter import HANDLERS, Emitter, Names, Ticket
from noodle_ray.core.vm.pytier.facts import facts_of
from noodle_ray.core.vm.pytier.fragments import MIN_FUNCTIONS, Fragments
from noodle_ray.core.vm.pytier.nodes import NOWHERE
from noodle_ray.light import CodeType, Final, NamedTuple

__all__ = ["Compiled", "compile_module"]

FILENAME: Final = "<noodle program>"
"""How tracebacks tell frames of the program from frames of ours."""
INLINE: Final = ".comprehension"
"""The name of a comprehension's own frame, which is part of the frame around it: to NBC it is no function."""
_EMITTERS = (calls, control, data, loops, objects, operations)
assert len(HANDLERS) > len(_EMITTERS)


class Compiled(NamedTuple):
    """A compiled module: the code of its top level, the namespace to copy for each run, and the indices of functions
    that ask native code first; and the variables that hold a run's tickets, with what one costs."""

    code: CodeType
    namespace: dict[str, object]
    sites: tuple[int, ...]
    tickets: tuple[tuple[str, float], ...]


_cache: dict[tuple[str, bool], Compiled] = {}
_CACHED: Final = 256


def compile_module(module: Module, key: str, native: bool = False) -> Compiled:
    """Compile, or take from the cache when ``key`` (the module's digest, or '' for none) was seen. With ``native``,
    functions that the native tier may run ask it first.

    Raises SyntaxError, RecursionError or ValueError where CPython's own compiler has a limit that NBC has not
    (twenty nested loops, say): such a module runs on the interpreter.
    """
    found = _cache.get((key, native))
    if found is not None:
        return found
    for name in module.imports:  # which attributes are looked up in tables depends on what types there are
        members(name)
    compiled = _compile(module, native, incremental=len(module.functions) >= MIN_FUNCTIONS)
    if key:
        if len(_cache) >= _CACHED:
            _cache.pop(next(iter(_cache)))
        _cache[key, native] = compiled
    return compiled


def _compile(module: Module, native: bool, *, incremental: bool) -> Compiled:
    names = Names(facts_of(module), native)
    names.leaves = leaves(module)
    if incremental:
        names.fragments = Fragments(module, names.facts, native, names.leaves)
    program = Emitter(module, module.functions[0], names).definition(".program", [], NOWHERE)
    code = support.unwrap(compile(support.wrap(program), FILENAME, "exec", dont_inherit=True, optimize=0))
    if names.fragments is None:
        code = _named(code)
    else:
        placed = names.fragments.place(code, _named)
        if placed is None:
            return _compile(module, native, incremental=False)
        code = placed.replace(co_name="<module>", co_qualname="<module>")
    tickets = tuple([(name, value.cost) for name, value in names.vetted.items() if isinstance(value, Ticket)])
    return Compiled(code, support.namespace(names.builtins, names.vetted), tuple(names.sites), tickets)


def _named(code: CodeType, parent: str = "") -> CodeType:
    """Give each code object the name its function has in the program, for messages and tracebacks."""
    name, qualified = code.co_name, ""
    if name == ".program":
        name = qualified = "<module>"
        inside = ""
    elif name.startswith((".f", ".k")) and "." in name[2:]:
        inside = "." if name[1] == "k" else ".<locals>."
        name = name[2:].split(".", 1)[1]
        qualified = parent + name
        inside = parent if name == ITERATION else qualified + inside
    elif name in ("<listcomp>", "<dictcomp>"):
        name, inside = INLINE, parent
    else:
        inside = parent
        qualified = parent + name
    constants = tuple(_named(c, inside) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(co_consts=constants, co_name=name, co_qualname=qualified)
