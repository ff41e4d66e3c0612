"""A unit of native code: one function for one tuple of argument kinds, with all that it calls, as LLVM text.

Kinds of results and of lists' elements may be known only after others: so everything is emitted in rounds, until a
round finds nothing new. Then range facts are proved with all kinds known, and the last round leaves out what they make
superfluous.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from noodle_ray.core.nbc.costs import leaves
from noodle_ray.core.nbc.module import Function, Instr, Module
from noodle_ray.core.nbc.walk import flatten
from noodle_ray.core.vm.native import arrays, calls, control, lists, numbers
from noodle_ray.core.vm.native.emitter import HANDLERS, Emitter, failure, result_type
from noodle_ray.core.vm.native.kinds import Array, Callee, Declined, Kind, List, Tuple, Value, flat, name, unify
from noodle_ray.core.vm.native.numbers import constant_value
from noodle_ray.core.vm.native.proofs import Proofs, prove
from noodle_ray.core.vm.native.reclaim import simple
from noodle_ray.core.vm.native.support import AT, METADATA, Crossing, declare, tuple_parts

_ROUNDS: Final = 8
_SPECIALIZATIONS: Final = 64
_INSTRUCTIONS: Final = 4000
"""The most instructions, in all functions of a unit together: LLVM's time grows with them."""
assert len(HANDLERS) > len((arrays, calls, control, lists, numbers))


class Text(NamedTuple):
    """A unit as LLVM text; ``mutates`` is whether lists that are arguments may be changed, ``recursive`` whether a
    function may call itself, ``plain`` whether a loop is plain enough for vectors."""

    text: str
    mutates: bool
    recursive: bool
    plain: bool


class Unit:
    """One compilation under way. ``lookup`` gives a global's value: a number, or the index of a function."""

    def __init__(self, module: Module, lookup: Callable[[str], object], recursive: bool) -> None:
        self.module = module
        self.leaves = {id(module.functions[index]) for index in leaves(module)}
        self.lookup = lookup
        self.recursive = recursive
        self.unfinished = False
        self.last = False
        self.mutated: list[List] = []
        self.proofs: dict[str, Proofs] = {}
        """What is proved of the functions, by label, once kinds have settled."""
        self.reclaims = False
        """Whether lists may be freed that no variable holds; known then too."""
        self._emitted: dict[str, tuple[Emitter, Kind | None]] = {}
        self._labels: dict[str, str] = {}
        self._results: dict[str, Kind | None] = {}
        self._lists: dict[tuple[str, int], List] = {}
        self._size = 0

    def global_value(self, variable: str) -> Value:
        """A global that keeps its value."""
        value = self.lookup(variable)
        if isinstance(value, Callee):
            return Value(value, ())
        return constant_value(value)

    def is_leaf(self, variable: str) -> bool:
        """Whether a global is a function that charges nothing, see `costs.leaves`."""
        try:
            value = self.lookup(variable)
        except Declined:
            return False
        return isinstance(value, Callee) and id(self.module.functions[value.number]) in self.leaves

    def list_at(self, emitter: Emitter, instr: Instr) -> List:
        """The kind of the list that an instruction makes: the same in every round."""
        return self._lists.setdefault((emitter.label, id(instr)), List())

    def arguments(
        self, emitter: Emitter, index: int, args: tuple[int, ...], keywords: tuple[tuple[str, int], ...]
    ) -> list[Value]:
        """The values of a call's parameters. Raises Declined where the call is not a plain one."""
        function = self.module.functions[index]
        plain = all(param.kind in ("pos", "pos_only") for param in function.params)
        if not plain or len(args) + len(keywords) != len(function.params) or function.kind:
            raise Declined(f"a call of {function.name} with defaults or the like")
        values = [emitter.get(register) for register in args]
        by_name = {keyword: emitter.get(register) for keyword, register in keywords}
        for param in function.params[len(args) :]:
            if param.name not in by_name or param.kind == "pos_only":
                raise Declined(f"a call of {function.name} with other keywords")
            values.append(by_name[param.name])
        return values

    def request(self, index: int, kinds: Sequence[Kind]) -> tuple[str, Kind | None]:
        """A function for these kinds: its label, and what it returns as far as that is known."""
        key = f"{index}({','.join(map(_identity, kinds))})"
        label = self._labels.setdefault(key, f"f{index}_{len(self._labels)}")
        if key not in self._emitted:
            function = self.module.functions[index]
            if function.cells or function.free or function.kind:
                raise Declined(f"{function.name} is not a plain function")
            self.emit(key, label, function, kinds)
        else:
            for have, kind in zip(self._emitted[key][0].kinds, kinds, strict=True):
                unify(have, kind)  # so that it is known which arrays the function writes
        return label, self._results.get(key)

    def emit(self, key: str, label: str, function: Function, kinds: Sequence[Kind]) -> None:
        """Emit a function for these kinds."""
        self._size += sum(1 for _ in flatten(function.body))
        if len(self._emitted) >= _SPECIALIZATIONS or self._size > _INSTRUCTIONS:
            raise Declined("it is too large")
        emitter = Emitter(self, function, label, kinds)
        self._emitted[key] = emitter, None
        result = emitter.emit()
        if result is not None:
            self._results[key] = result
        self._emitted[key] = emitter, result

    def compile(self, function: Function, kinds: Sequence[Kind]) -> Text:
        """The whole unit as text; its entry is the C function ``entry(context, arguments)``. Raises Declined."""
        before: object = None
        for _ in range(_ROUNDS):
            self._round(function, kinds)
            now = {key: name(kind) for key, kind in self._results.items() if kind is not None}, self._kinds()
            if not self.unfinished or (now == before and self.last):
                self.proofs = {
                    emitter.label: prove(emitter.function, emitter.held, emitter.calls_leaf)
                    for emitter, _ in self._emitted.values()
                }
                self.reclaims = all(simple(emitter.held.values()) for emitter, _ in self._emitted.values())
                self._round(function, kinds)
                return self._text(kinds)
            self.last = now == before
            before = now
        raise Declined("its types do not settle")

    def _round(self, function: Function, kinds: Sequence[Kind]) -> None:
        self.unfinished, self._size = False, 0
        self._emitted.clear()
        self.mutated.clear()
        self.emit("", "root", function, kinds)

    def _kinds(self) -> list[str]:
        return [name(kind) for kind in self._lists.values()]

    def _text(self, kinds: Sequence[Kind]) -> Text:
        result = self._results.get("")
        if result is None:
            raise Declined("it never returns")
        crossing = Crossing()
        mutated = frozenset(name(kind) for kind in self.mutated)
        entry = Entry(crossing, mutated).text(kinds, result)
        functions = [emitter.text(kind if kind is not None else "n") for emitter, kind in self._emitted.values()]
        text = "\n".join([*crossing.text, *functions, entry])
        changes = any(name(kind).endswith(m) for kind in kinds if isinstance(kind, List) for m in mutated)
        plain = any(emitter.plain for emitter, _ in self._emitted.values())
        return Text("\n".join([text, declare(text), METADATA, arrays.METADATA]), changes, self.recursive, plain)


def _identity(kind: Kind) -> str:
    """A kind as text, open lists told apart."""
    if isinstance(kind, List):
        return f"L{_identity(kind.element)}" if kind.element is not None else f"o{id(kind.root())}"
    if isinstance(kind, Tuple):
        return f"T({','.join(map(_identity, kind.items))})"
    return name(kind)


class Entry:
    """The way in: Python's objects become values, and the result and changed lists become objects."""

    def __init__(self, crossing: Crossing, mutated: frozenset[str]) -> None:
        self.crossing = crossing
        self.mutated = mutated
        self.lines: list[str] = []
        self.first: list[str] = []
        self.restored: list[str] = []
        self.counter = 0

    def op(self, text: str) -> str:
        self.counter += 1
        self.lines.append(f"  %v{self.counter} = {text}")
        return f"%v{self.counter}"

    def line(self, text: str) -> None:
        self.lines.append("  " + text)

    def unless(self, condition: str, label: str) -> None:
        self.counter += 1
        self.lines.append(f"  br i1 {condition}, label %{label}, label %on{self.counter}\non{self.counter}:")

    def text(self, kinds: Sequence[Kind], result: Kind) -> str:
        """The entry function."""
        parts: list[str] = []
        lists: list[tuple[List, str]] = []
        for index, kind in enumerate(kinds):
            item = self.op(f"load ptr, ptr {self.op(f'getelementptr i8, ptr %args, i64 {24 + 8 * index}')}")
            if isinstance(kind, List):
                value = self.op(f"call ptr @{self.crossing.take(kind)}(ptr %ctx, ptr {item})")
                self.unless(self.op(f"icmp eq ptr {value}, null"), "again")
                lists.append((kind, value))
                parts.append(f"ptr {value}")
            elif isinstance(kind, Array):
                parts += arrays.take(self, kind, item)
            else:
                (llvm,) = flat(kind)
                pair = self.op(f"call {{ {llvm}, i1 }} @in_{kind}(ptr %ctx, ptr {item})")
                self.unless(self.op(f"extractvalue {{ {llvm}, i1 }} {pair}, 1"), "again")
                parts.append(f"{llvm} {self.op(f'extractvalue {{ {llvm}, i1 }} {pair}, 0')}")
        returns = result_type(result)
        got = self.op(f"call fastcc {returns} @root({', '.join(['ptr %ctx', *parts])})")
        width = len(flat(result))
        self.unless(self.op(f"extractvalue {returns} {got}, {width}"), "again")
        scalars = tuple(self.op(f"extractvalue {returns} {got}, {n}") for n in range(width))
        arrays.require_objects(self, result, scalars)
        value = self.out(result, scalars)
        for kind, pointer in lists:
            if any(name(kind).endswith(m) for m in self.mutated):
                back = self.op(f"call ptr @{self.crossing.give(kind)}(ptr %ctx, ptr {pointer}, ptr null, i1 true)")
                self.unless(self.op(f"icmp eq ptr {back}, null"), "failed")
                self.lines.append(f"  call void @Py_DecRef(ptr {back})")
        body = "\n".join([*self.first, *self.lines])
        restored = "\n".join(self.restored)
        return f"""
define ptr @entry(ptr noalias %ctx, ptr %args) {{
{body}
  call void @list_free_all(ptr %ctx)
  ret ptr {value}
failed:
  call void @list_free_all(ptr %ctx)
  ret ptr null
again:
{restored}
  call void @list_free_all(ptr %ctx)
  %error = call ptr @PyErr_Occurred()
  %raised = icmp ne ptr %error, null
  br i1 %raised, label %raise, label %over
raise:
  ret ptr null
over:
  %again.at = getelementptr i8, ptr %ctx, i64 {AT["again"]}
  %again.o = load ptr, ptr %again.at
  call void @Py_IncRef(ptr %again.o)
  ret ptr %again.o
}}
; {failure(result)}
"""

    def out(self, kind: Kind, parts: tuple[str, ...]) -> str:
        """A value as a new reference to an object; goes to ``failed`` when there is no memory."""
        if kind == "n":
            address = self.op(f"getelementptr i8, ptr %ctx, i64 {AT['none']}")
            none = self.op(f"load ptr, ptr {address}")
            self.lines.append(f"  call void @Py_IncRef(ptr {none})")
            return none
        if isinstance(kind, Array):
            self.line(f"call void @Py_IncRef(ptr {parts[1]})")
            return parts[1]
        if isinstance(kind, Tuple):
            items = [self.out(item, scalars) for item, scalars in tuple_parts(kind, parts)]
            made = self.op(f"call ptr @PyTuple_New(i64 {len(items)})")
            self.unless(self.op(f"icmp eq ptr {made}, null"), "failed")
            for index, item in enumerate(items):
                at = self.op(f"getelementptr i8, ptr {made}, i64 {24 + 8 * index}")
                self.lines.append(f"  store ptr {item}, ptr {at}")
            return made
        if isinstance(kind, List):
            write = "true" if any(name(kind).endswith(other) for other in self.mutated) else "false"
            made = self.op(f"call ptr @{self.crossing.give(kind)}(ptr %ctx, ptr {parts[0]}, ptr null, i1 {write})")
        else:
            made = self.op(f"call ptr @out_{kind}(ptr %ctx, {flat(kind)[0]} {parts[0]}, ptr null)")
        self.unless(self.op(f"icmp eq ptr {made}, null"), "failed")
        return made
