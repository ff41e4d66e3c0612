"""Where a run may guess which models it will ask: a module with ``guess`` and ``drop``, made for runs that speculate.

``guess`` stands before each wait. It has the calls that come after the wait, in branches too, whose arguments can be
told from what is known before it; as expressions (see `values`), for no instruction of the program runs early. ``drop``
stands where a branch is taken, and has the calls of the others; or after a block that may be skipped, which begins with
``keep`` then. None of them costs fuel, and none is in any encoded module: a module is planned after it was verified, in
the worker that runs it.

Whether a guess is right decides its content alone: an equal call that is made later takes its answer. So what is told
here of a program need not be proved; what is wrong with it wastes a call.
"""

from noodle_ray.core.nbc.costs import guards
from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.nbc.walk import NESTING, flatten, writes_of
from noodle_ray.core.vm.endings import can_tell
from noodle_ray.core.vm.names import TOOL
from noodle_ray.core.vm.speculation.values import BINARY, BUILTINS, ELEMENT, METHODS, Candidate, Expression
from noodle_ray.light import Any, Final, Sequence, cast

MOST: Final = 16
"""Calls that one wait guesses."""
_FAR: Final = 400
"""Instructions that are looked at behind a wait."""
_LARGE: Final = 200
"""Parts of one expression, and of one call's expressions. Expressions share parts, which are counted wherever they are,
so no look at one takes longer."""
WORK: Final = 1 << 21
"""Instructions looked at, and what is known before them, in one module. The functions that it is not enough for
are left as they are."""
_LEAVING: Final = frozenset({"break", "continue", "raise", "raise_from", "reraise", "return"})
_SKIPPED: Final = frozenset({"and", "or", "for", "while"})
"""What has one block that may not be executed at all."""
_CONSTANTS: Final = (str, int, float, bool, type(None))
_CHANGING: Final = {"setindex": 0, "delindex": 0, "extend": 0, "update": 0, "setattr": 0, "delattr": 0, "setadd": 0}
"""Which operand an instruction changes the value of."""
_CACHED: Final = 64

Known = dict["int | str", "Expression | None"]
"""What is known of registers, and of globals that were set."""
Path = tuple[tuple[int, int], ...]
"""The branches that lead to a call: of which instruction, and which."""

Rest = tuple[tuple[Block, Path], ...]
"""Blocks that follow each other, and the branches that lead to each."""

_plans: dict[str, Module] = {}


class Exhausted(Exception):
    """A module is too large to be planned."""


class Work:
    """What planning one module may take."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = WORK

    def take(self, amount: int) -> None:
        """Take so much of it. Raises Exhausted if that is not left."""
        self.left -= amount
        if self.left < 0:
            raise Exhausted


class Call:
    """A call that may be guessed, and the branches that lead to it."""

    __slots__ = ("candidate", "path")

    def __init__(self, candidate: Candidate, path: Path) -> None:
        self.candidate = candidate
        self.path = path


def planned(module: Module, key: str) -> Module:
    """The module with guesses; itself where there are none, or where it could be told from when values are freed.
    ``key`` is its digest, or '' for none."""
    found = _plans.get(key)
    if found is None:
        found = module
        if not can_tell(module):
            work = Work()
            functions = tuple([_planned(module.functions, function, work) for function in module.functions])
            if any(new is not old for new, old in zip(functions, module.functions, strict=True)):
                found = module._replace(functions=functions)
        if key:
            if len(_plans) >= _CACHED:
                _plans.pop(next(iter(_plans)))
            _plans[key] = found
    return found


def _planned(functions: tuple[Function, ...], function: Function, work: Work) -> Function:
    if function.kind == "class" or not _asks(function):
        return function
    try:
        return _Planner(functions, function, work).planned()
    except Exhausted:
        return function


def _asks(function: Function) -> bool:
    found = {instr.op for instr in flatten(function.body)}
    return "effect" in found and not found.isdisjoint(("force", "barrier"))


class _Planner:
    """Plans one function. ``defined`` are registers that surely have a value."""

    def __init__(self, functions: tuple[Function, ...], function: Function, work: Work) -> None:
        self.functions = functions
        self.function = function
        self.work = work
        self.registers = function.registers
        self.handles: list[int] = []
        self.drops: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self.cells: dict[int, list[int]] = {}
        writes: dict[int, list[Instr]] = {}
        for instr in flatten(function.body):
            if instr.op == "cset":
                self.cells.setdefault(cast(int, instr.args[0]), []).append(cast(int, instr.args[1]))
            for register in writes_of(instr):
                writes.setdefault(register, []).append(instr)
        self.constants = {
            register: cast(Expression, ("k", instrs[0].args[1]))
            for register, instrs in writes.items()
            if len(instrs) == 1 and instrs[0].op == "const" and type(instrs[0].args[1]) in _CONSTANTS
        }

    def planned(self) -> Function:
        """The function with guesses, or itself if there are none."""
        function = self.function
        body, _ = self.block(function.body, set(range(len(function.params))), ())
        if not self.handles:
            return function
        at = guards(function)  # which are to stay first
        begin = tuple([Instr("guess", (handle, None, (), ()), function.span) for handle in self.handles])
        return function._replace(body=(*body[:at], *begin, *body[at:]), registers=self.registers)

    def block(self, block: Block, defined: set[int], after: Rest) -> tuple[Block, set[int] | None]:
        """A block with guesses, and what is defined at its end; None if that is not reached. ``after`` is what comes
        then, innermost first."""
        done: list[Instr] = []
        for index, instr in enumerate(block):
            rest = block[index + 1 : index + 2 + _FAR]
            if instr.op in ("force", "barrier"):
                self.guess(done, instr, rest, defined, after)
            found, now = self.instruction(instr, defined, ((rest, ()), *after))
            done.append(found)
            if instr.op in _SKIPPED:
                self.tell("drop", done, instr, 0)
            if now is None:
                return (*done, *block[index + 1 :]), None
            defined = now
        return tuple(done), defined

    def instruction(self, instr: Instr, defined: set[int], after: Rest) -> tuple[Instr, set[int] | None]:
        """An instruction with guesses in its blocks, and what is defined after it."""
        op, args = instr.op, cast("tuple[Any, ...]", instr.args)
        self.work.take(len(defined) if op in NESTING else 1)
        if op == "if":
            test, yes, no = args
            then, one = self.block(self.arm(instr, 0, yes), {*defined}, after)
            other, two = self.block(self.arm(instr, 1, no), {*defined}, after)
            both = two if one is None else one if two is None else one & two
            return Instr(op, (test, then, other), instr.span), both
        if op in ("and", "or"):
            inner, _ = self.block(self.taken(instr, args[2]), {*defined}, after)
            return Instr(op, (*args[:2], inner, args[3]), instr.span), defined | {args[0]}
        if op == "ifx":
            target, test, yes, a, no, b = args
            then, one = self.block(self.arm(instr, 0, yes), {*defined}, after)
            other, two = self.block(self.arm(instr, 1, no), {*defined}, after)
            assert one is not None
            assert two is not None
            return Instr(op, (target, test, then, a, other, b), instr.span), (one & two) | {target}
        if op == "while":
            start = defined - _unset(instr)
            condition, tested = self.block(args[0], {*start}, ((args[2], ((id(instr), 0),)),))
            body, _ = self.block(self.taken(instr, args[2]), {*(tested or start)}, ())
            other, left = self.block(args[3], {*(tested or start)}, after)
            return Instr(op, (condition, args[1], body, other), instr.span), tested and (left or tested) & tested
        if op == "for":
            start = defined - _unset(instr)
            body, _ = self.block(self.taken(instr, args[2]), start | {args[0]}, ())
            other, _ = self.block(args[3], {*start}, after)
            return Instr(op, (args[0], args[1], body, other), instr.span), start
        if op == "try":
            return self.attempt(instr, defined - _unset(instr), after)
        if op == "with":
            start = defined - _unset(instr)
            body, _ = self.block(args[2], {*start} | {*writes_of(instr)}, after)
            return Instr(op, (args[0], args[1], body), instr.span), start
        if op == "comp":  # which is left as it is: what waits in it is waited for
            return instr, (defined - _unset(instr)) | {args[0]}
        if op in _LEAVING:
            return instr, None
        if op == "unset":
            return instr, defined - {args[0]}
        defined.update(writes_of(instr))
        return instr, defined

    def attempt(self, instr: Instr, start: set[int], after: Rest) -> tuple[Instr, set[int] | None]:
        """As `instruction`, for ``try``. ``start`` is what is defined wherever its body ends."""
        body, handlers, orelse, final = cast("tuple[Any, ...]", instr.args)
        body, ended = self.block(body, {*start}, ((orelse, ()), (final, ()), *after))
        orelse, ended = self.block(orelse, ended, ((final, ()), *after)) if ended is not None else (orelse, None)
        ways = [] if ended is None else [ended]
        rewritten = []
        for types, tested, caught, block in handlers:
            known = start if caught is None else start | {caught}
            block, ended = self.block(block, {*known}, ((final, ()), *after))
            rewritten.append((types, tested, caught, block))
            ways += [] if ended is None else [ended]
        final, ended = self.block(final, {*start}, ())
        changed = Instr("try", (body, tuple(rewritten), orelse, final), instr.span)
        return changed, set.intersection(*ways) if ways and ended is not None else None

    def arm(self, instr: Instr, number: int, block: Block) -> Block:
        """A branch, which begins with dropping the calls of the other."""
        done: list[Instr] = []
        self.tell("drop", done, instr, 1 - number)
        return (*done, *block)

    def taken(self, instr: Instr, block: Block) -> Block:
        """A block that may be skipped. It keeps its calls, as those of a skipped one are dropped after it."""
        done: list[Instr] = []
        self.tell("keep", done, instr, 0)
        return (*done, *block)

    def tell(self, op: str, done: list[Instr], instr: Instr, arm: int) -> None:
        """Tell what becomes of the calls of a branch."""
        handles: dict[int, list[int]] = {}
        for handle, number in self.drops.get((id(instr), arm), ()):
            handles.setdefault(handle, []).append(number)
        done += [Instr(op, (handle, tuple(numbers)), instr.span) for handle, numbers in handles.items()]

    def guess(self, done: list[Instr], instr: Instr, rest: Block, defined: set[int], after: Rest) -> None:
        """Guess what is asked after a wait."""
        self.work.take(len(defined) + len(self.cells))
        known: Known = {register: self.constants.get(register, ("r", register)) for register in defined}
        waited = cast(int, instr.args[0]) if instr.op == "force" else None
        if waited is not None:
            known.pop(waited, None)
        for cell, sources in self.cells.items():  # a variable that functions share, and that is set in one place
            if len(sources) == 1 and sources[0] in known:
                known[_cell(cell)] = known[sources[0]]
        calls = Ahead(self.functions, self.function, self.work).calls(((rest, ()), *after), known)
        if not calls:
            return
        handle = self.registers
        self.registers += 1
        self.handles.append(handle)
        for number, call in enumerate(calls):
            for branch in call.path:
                self.drops.setdefault(branch, []).append((handle, number))
        registers: dict[int, int] = {}
        candidates = tuple(
            [
                (
                    name,
                    tuple([_placed(each, registers) for each in args]),
                    tuple([(key, _placed(each, registers)) for key, each in kwargs]),
                    None if items is None else _placed(items, registers),
                )
                for name, args, kwargs, items in [call.candidate for call in calls]
            ]
        )
        done.append(Instr("guess", (handle, waited, candidates, tuple(registers)), instr.span))


class Ahead:
    """A look at what comes after a wait."""

    def __init__(self, functions: tuple[Function, ...], function: Function, work: Work) -> None:
        self.functions = functions
        self.work = work
        self.variables = (*function.cells, *function.free)
        self.found: list[Call] = []
        self.left = _FAR

    def calls(self, blocks: Rest, known: Known) -> list[Call]:
        """The calls in these blocks, which follow each other, whose arguments are known."""
        path: Path = ()
        for block, inner in blocks:
            reached = self.block(block, known, path + inner)
            if reached is None:
                break
            known, path = reached
        unique: dict[str, Call] = {}
        for call in self.found:
            unique.setdefault(repr((call.candidate, call.path)), call)
        return list(unique.values())[:MOST]

    def block(self, block: Block, known: Known, path: Path) -> tuple[Known, Path] | None:
        """Go through a block; None if what comes after it is not reached, or is too far."""
        for instr in block:
            self.left -= 1
            if self.left < 0 or len(self.found) >= MOST or instr.op in _LEAVING:
                return None
            reached = self.instruction(instr, known, path)
            if reached is None:
                return None
            known, path = reached
        return known, path

    def instruction(self, instr: Instr, known: Known, path: Path) -> tuple[Known, Path] | None:
        """Go through one instruction."""
        op, args = instr.op, cast("tuple[Any, ...]", instr.args)
        place = id(instr)
        self.work.take(1 + len(known) if op in NESTING else 1)
        if op == "if":
            one = self.block(args[1], {**known}, (*path, (place, 0)))
            two = self.block(args[2], {**known}, (*path, (place, 1)))
            if one is None or two is None:
                return two or one
            return _common(one[0], two[0]), path
        if op in ("and", "or", "ifx"):
            blocks = (args[2],) if op != "ifx" else (args[2], args[4])
            for arm, block in enumerate(blocks):
                self.block(block, {**known}, (*path, (place, arm)))
        elif op == "while":
            reached = self.block(args[0], {**known}, path)
            if reached is not None:
                self.block(args[2], {**reached[0]}, (*path, (place, 0)))
        elif op in ("for", "comp", "try", "with"):
            inner = {**known}
            _forget(inner, writes_of(instr))
            block = args[{"for": 2, "comp": 2, "try": 0, "with": 2}[op]]
            self.block(block, inner, (*path, (place, 0)) if op == "for" else path)
        else:
            self.plain(instr, known, path)
            return known, path
        for inside in flatten((instr,)):
            self.work.take(1)
            _forget(known, writes_of(inside))
            if inside.op in ("gset", "cset"):
                known[cast(str, inside.args[0]) if inside.op == "gset" else _cell(cast(int, inside.args[0]))] = None
        return known, path

    def plain(self, instr: Instr, known: Known, path: Path) -> None:
        """An instruction without blocks."""
        op, args = instr.op, cast("tuple[Any, ...]", instr.args)
        if op == "effect":
            self.ask(args, known, path)
        elif op in ("gset", "cset"):
            known[args[0] if op == "gset" else _cell(args[0])] = known.get(args[1])
            return
        elif op == "gather":
            self.each(args[3], (), known.get(args[2]), known, path)
        elif op == "callb" and args[1] == ".each":
            function = known.get(f".f{args[2][0]}")
            if function is not None:
                self.each(function[0], function[1:], known.get(args[2][1]), known, path)
        elif op == "func":
            known[f".f{args[0]}"] = (args[1], *[known.get(register) for register in args[2]])
        elif op in ("force", "check", "barrier"):
            return
        value = _value(op, args, known)
        changed = args[_CHANGING[op]] if op in _CHANGING else None
        if op == "callm" and args[2] not in METHODS:
            changed = args[1]
        if changed is not None and (part := known.get(changed)) is not None:
            self.work.take(sum([_size(has) for has in known.values()]))
            for name in [name for name, has in known.items() if has is not None and _holds(has, part)]:
                known[name] = None
        _forget(known, writes_of(instr))
        if value is not None:
            known[args[0]] = value

    def ask(self, args: tuple[Any, ...], known: Known, path: Path) -> None:
        """A call of a model: one to guess, if its arguments are known."""
        _, name, positional, keywords = args
        if name.startswith(("@", TOOL)):
            return
        values = [known.get(register) for register in positional]
        named = [(key, known.get(register)) for key, register in keywords]
        if None in values or any(value is None for _, value in named):
            return
        candidate = cast(Candidate, (name, tuple(values), tuple(named), None))
        if _fits((*values, *[value for _, value in named])):
            self.found.append(Call(candidate, path))

    def each(self, index: int, given: tuple[Any, ...], items: "Expression | None", known: Known, path: Path) -> None:
        """The calls of a function that is called with each of some known items. ``given`` are its defaults."""
        function = self.functions[index]
        if items is None or len(function.params) != 1 + len(given) or function.cells:
            return
        self.work.take(len(known) + len(function.free))
        inner: Known = {name: value for name, value in known.items() if type(name) is str and name[0] != "."}
        inner[0] = ELEMENT
        inner.update(enumerate(given, 1))
        for cell, variable in enumerate(function.free):
            inner[_cell(cell)] = known.get(_cell(self.variables.index(variable)))
        ahead = Ahead(self.functions, function, self.work)
        ahead.left = self.left
        ahead.block(function.body, inner, ())
        for call in ahead.found:
            name, args, kwargs, others = call.candidate
            if others is None:
                self.found.append(Call((name, args, kwargs, items), path))


def _value(op: str, args: tuple[Any, ...], known: Known) -> "Expression | None":
    """What an instruction gives, if that is known."""
    if op == "const":
        return ("k", args[1]) if type(args[1]) in _CONSTANTS else None
    if op in ("move", "method"):
        return known.get(args[1])
    if op == "cget":
        return known.get(_cell(args[1]))
    if op == "gget":
        return known[args[1]] if args[1] in known else ("g", args[1])
    if op in ("binop", "inplace") and args[1] in BINARY:
        return _made(args[1], args[2:], known)
    if op == "format" and args[3] is None:
        return _made(f"format{args[1]}", args[2:3], known)
    if op in ("concat", "tuple", "list"):
        return _made(op, args[1], known)
    if op == "dict":
        return _made(op, (*args[1], *args[2]), known)
    if op in ("index", "slice"):
        return _made(op, args[1:], known)
    if op == "callb" and args[1] in BUILTINS and not args[3]:
        return _made(args[1], args[2], known)
    if op == "callm" and args[2] in METHODS and not args[4]:
        return _made(f".{args[2]}", (args[1], *args[3]), known)
    return None


def _cell(index: int) -> str:
    """What a variable that functions share is called among what is known."""
    return f".c{index}"


def _made(name: str, operands: "tuple[int, ...]", known: Known) -> "Expression | None":
    values = [known.get(operand) for operand in operands[:_LARGE]]
    return None if len(operands) >= _LARGE or None in values or not _fits(values) else (name, *values)


def _fits(parts: "Sequence[Expression | None]") -> bool:
    """Whether an expression of these parts is not too large. None of them is."""
    left = _LARGE
    for part in parts:
        left -= _size(part)
        if left < 0:
            return False
    return True


def _forget(known: Known, registers: "list[int] | set[int]") -> None:
    for register in registers:
        known.pop(register, None)


def _common(one: Known, two: Known) -> Known:
    """What is known on both of two ways. A global that is not is unknown, and not as it was."""
    both: Known = {}
    for name in {**one, **two}:
        if name in one and name in two and one[name] == two[name]:
            both[name] = one[name]
        elif type(name) is str:
            both[name] = None
    return both


def _holds(whole: Any, part: Any) -> bool:
    """Whether an expression has another one in it."""
    return whole == part or (type(whole) is tuple and any(type(each) is tuple and _holds(each, part) for each in whole))


def _size(part: Any) -> int:
    return 1 + sum(map(_size, part)) if type(part) is tuple else 1


def _placed(part: Expression, registers: dict[int, int]) -> Expression:
    """An expression with the places of registers among those that ``guess`` reads, instead of their numbers."""
    kind = part[0]
    if kind in ("k", "g") or part == ELEMENT:
        return part
    if kind == "r":
        return kind, registers.setdefault(part[1], len(registers))
    return (kind, *[_placed(each, registers) for each in part[1:]])


def _unset(instr: Instr) -> set[int]:
    return {cast(int, inner.args[0]) for inner in flatten((instr,)) if inner.op == "unset"}
