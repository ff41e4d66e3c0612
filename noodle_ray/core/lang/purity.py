"""What a piece of lowered code can do to the world around it: the facts behind overlap and barriers.

A value is *own* in a region of code if every instruction of the region that writes its register makes a
fresh or immutable object. Changing an own object cannot be seen from outside before the region ends.
A function is *fiber-safe* if running it changes nothing that another fiber can see: it writes only its own
locals, changes only own objects, prints nothing, and calls only pure builtins, models and fiber-safe functions.
"""

import _ast as ast
from collections.abc import Callable, Iterable
from copy import copy
from functools import partial
from typing import Any, Final, TypeVar, cast

from noodle_ray.core.lang.callees import MODEL, Callees
from noodle_ray.core.lang.lower.frame import Unit
from noodle_ray.core.lang.scopes import Scope
from noodle_ray.core.lang.traits import Traits, makes_dict, makes_plain
from noodle_ray.core.nbc.module import Function, Instr
from noodle_ray.core.nbc.walk import flatten, reads_of, writes_of
from noodle_ray.core.vm.names import CALLBACK_KEYWORDS, EXCEPTIONS, PURE_BUILTINS, TOOL

T = TypeVar("T")
_PURE: Final = PURE_BUILTINS | {".match_class", ".match_keys", ".match_mapping", ".match_sequence", ".super"}
MUTATORS: Final = frozenset(
    {"add", "append", "clear", "difference_update", "discard", "extend", "insert", "intersection_update", "pop",
     "popitem", "remove", "reverse", "setdefault", "sort", "symmetric_difference_update", "update"}
)  # fmt: skip
"""Methods that change their receiver, of any type."""
READERS: Final = frozenset(
    {
        *(name for kind in (str, bytes, int, float, complex, tuple, frozenset, range) for name in kind.__dict__),
        *("all", "any", "argmax", "argmin", "argsort", "astype", "clip", "cosine", "cumsum", "date", "dot", "elements"),
        *("end", "findall", "flatten", "fullmatch", "get", "group", "groupdict", "groups", "isoformat", "isoweekday"),
        *("items", "keys", "match", "max", "mean", "min", "most_common", "norm", "prod", "reshape", "round", "search"),
        *("softmax", "span", "start", "std", "strftime", "sum", "time", "timestamp", "tolist", "top_k"),
        *("total_seconds", "values", "weekday"),
    }
)
"""Methods that change nothing and call nothing, whatever builtin or library type has them."""

_FRESH_OPS: Final = frozenset(
    {"binop", "cmp", "comp", "concat", "const", "dict", "format", "func", "gather", "list", "set", "slice", "totuple",
     "tuple", "unop"}
)  # fmt: skip
_FRESH_BUILTINS: Final = frozenset(
    {"bool", "chr", "dict", "enumerate", "float", "frozenset", "int", "json.dumps", "json.loads", "len", "list", "ord",
     "range", "repr", "reversed", "round", "set", "sorted", "str", "tuple", "zip"}
)  # fmt: skip
_FRESH_METHODS: Final = frozenset(
    {"copy", "format", "join", "lower", "replace", "split", "splitlines", "strip", "upper"}
)
_ASKING: Final = frozenset({"effect", "call", "callm", "gather"})
"""Opcodes that may ask a model, directly or not."""
_CALLING: Final = frozenset({"filter", "map", ".each", ".keys"})
"""Builtins that call the first of what they are given."""
_LAZY: Final = frozenset({"enumerate", "filter", "map", "reversed", "zip"})
_CONSUMERS: Final = frozenset(
    {"all", "any", "dict", "frozenset", "list", "max", "min", "set", "sorted", "sum", "tuple"}
)


class Region:
    """A stretch of one function's code: who writes each register, and which registers hold own objects."""

    def __init__(
        self, function: int, instructions: Iterable[Instr], traits: Traits, params: int = 0, data: bool = False
    ) -> None:
        self.function = function
        self.fresh = _FRESH_OPS - {"binop", "cmp", "unop"} if traits.arithmetic else _FRESH_OPS
        self.instructions = list(instructions)
        self.shown = [instr for instr in self.instructions if instr.op in _VISIBLE]
        self.asking = [instr for instr in self.instructions if instr.op in _ASKING]
        self.handing = [instr for instr in self.instructions if instr.op == "callb" and _hands_on(instr)]
        self.guarded = any(instr.op in ("try", "with") for instr in self.instructions)
        self.loose: bool | None = None
        self.writers: dict[int, list[Instr]] = {}
        for instr in self.instructions:
            for register in writes_of(instr):
                self.writers.setdefault(register, []).append(instr)
        for register in range(params):
            self.writers.pop(register, None)
        self.own = set(self.writers)
        while self._shrink():
            pass
        self.plain = {*range(params), *[~register for register in range(params)]} if data else set()
        while traits.any and self._grow(traits):
            pass

    def _grow(self, traits: Traits) -> bool:
        """Finds registers that only ever hold objects of builtin types."""
        found = {
            register
            for register, writers in self.writers.items()
            if register not in self.plain and all(makes_plain(writer, self.plain, traits) for writer in writers)
        }
        found |= {
            ~register
            for register, writers in self.writers.items()
            if ~register not in self.plain and all(makes_dict(writer, self.plain) for writer in writers)
        }
        self.plain |= found
        return bool(found)

    def _shrink(self) -> bool:
        foreign = {r for r in self.own if not all(self._makes_own(instr) for instr in self.writers[r])}
        self.own -= foreign
        return bool(foreign)

    def _makes_own(self, instr: Instr) -> bool:
        op, args = instr.op, instr.args
        if op in self.fresh or op == "unset":
            return True
        if op == "callb":
            return args[1] in _FRESH_BUILTINS or str(args[1]).startswith("math.")
        if op == "callm":
            return args[2] in _FRESH_METHODS
        if op in ("move", "method"):
            return args[1] in self.own
        if op in ("and", "or"):
            return args[1] in self.own and args[3] in self.own
        if op == "ifx":
            return args[3] in self.own and args[5] in self.own
        return op == "inplace" and args[2] in self.own and "binop" in self.fresh


def kept(plain: set[int], writers: dict[int, list[Instr]]) -> set[int]:
    """What is known to be plain around a region, but for what the region writes."""
    return {place for place in plain if max(place, ~place) not in writers}


def _hands_on(instr: Instr) -> bool:
    """True if a builtin is given a function that it calls for each of some elements."""
    args = cast(Any, instr.args)
    return args[1] in ("map", "filter", ".each", ".keys") or any(name == "key" for name, _ in args[3])


class Remembered:
    """What was found out of functions before, by the function itself, the place it has and what else it depends on."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: dict[tuple[object, ...], tuple[Function, Any]] = {}

    def get(self, function: Function, key: tuple[object, ...], find: Callable[[], T]) -> T:
        """What ``find`` gives, or gave."""
        whole = (id(function), *key)
        found = self._entries.get(whole)
        if found is None or found[0] is not function:
            found = (function, find())
            if len(self._entries) >= self._capacity:
                self._entries = {}
            self._entries[whole] = found  # the function with it, so that its identity stays its own
        result: T = found[1]
        return result


class Facts:
    """What is known of a lowered program: which functions are fiber-safe and which reach a model."""

    def __init__(self, unit: Unit, remembered: Remembered | None = None) -> None:
        self.unit = unit
        self.remembered = remembered or Remembered(0)
        self.pieces: frozenset[int] = frozenset(unit.pieces)
        self.functions = [function for function in unit.functions if function is not None]
        self.traits = Traits({i: f for i, f in enumerate(self.functions) if i not in unit.unused})
        entry = self._entry() if self.traits.any else None
        signature = self.traits.signature()
        self.regions = [
            self.remembered.get(
                f,
                ("region", i, i == entry, signature),
                partial(Region, i, flatten(f.body), self.traits, len(f.params), i == entry),
            )
            for i, f in enumerate(self.functions)
        ]
        self.callees = [self._callees(region) for region in self.regions]
        self.sets: list[frozenset[int]] = []
        self.methods: dict[str, int] = {}
        self._follow_values(entry)
        self.safe = [True] * (len(self.functions) + len(self.sets))
        self.effectful = [*[False] * len(self.functions), *[MODEL in members for members in self.sets]]
        self.guarded = [*[region.guarded for region in self.regions], *[False] * len(self.sets)]
        self._settle()
        self.loose_iterators = any(self._has_loose_iterator(region) for region in self.regions)
        loosely = not (self.traits.lazy and self.traits.nests)
        if loosely and (self.loose_iterators or any(map(self._maps_loosely, self.regions))):
            self.traits.lazy = self.traits.nests = True
            self._settle()
        self.shared_globals = {
            instr.args[0] if instr.op != "gget" else instr.args[1]
            for region in self.regions[1:]
            for instr in region.instructions
            if instr.op in ("gget", "gset", "gdel")
        }
        self.signature = self.traits.signature()

    def _plainer(self, region: Region, found: Callees) -> Region:
        """The region with what the values of the whole program tell of its registers."""
        registers = range(self.functions[region.function].registers)
        plain = {r for r in registers if r not in region.plain and found.is_plain(region.function, r)}
        if not plain:
            return region
        region = copy(region)
        region.plain = region.plain | plain
        return region

    def dependence(self, index: int) -> tuple[object, ...]:
        """All that what is done to a function depends on, besides the function."""
        region = self.regions[index]
        callees = [(register, self.safe[c], self.guarded[c]) for register, c in self.callees[index].items()]
        gathered = [self.safe[cast(int, i.args[3])] for i in region.asking if i.op == "gather"]
        shared = frozenset(self.shared_globals) if index == 0 else None
        methods = [
            (name, self.safe[c], self.guarded[c])
            for name in sorted({str(i.args[2]) for i in region.asking if i.op == "callm"})
            if (c := self.methods.get(name)) is not None
        ]
        plain = frozenset(region.plain)
        return (index, tuple(callees), tuple(methods), tuple(gathered), shared, plain, self.signature)

    def callee(self, function: int, instr: Instr) -> int | None:
        """What a ``call`` or ``callm`` of a function calls, if it is known: the index of a function, or that of several
        in ``safe``, ``effectful`` and ``guarded``."""
        if instr.op == "call":
            return self.callees[function].get(cast(int, instr.args[1]))
        return self.methods.get(str(instr.args[2])) if instr.op == "callm" else None

    def _follow_values(self, entry: int | None) -> None:
        """Finds out what is called where functions are values. Several functions get an index together, behind those
        of the functions themselves."""
        places = {(r.function, one) for r in self.regions for one in _called(r)}
        unknown = [(f, register) for f, register in sorted(places) if register not in self.callees[f]]
        names = {str(i.args[2]) for r in self.regions for i in r.asking if i.op == "callm"} & self.traits.names
        names -= READERS | MUTATORS
        if not unknown and not names and not self.traits.any:
            return
        found = Callees(self.functions, self.traits, entry)
        if self.traits.any:
            self.regions = [self._plainer(region, found) for region in self.regions]
        known: dict[frozenset[int], int] = {}

        def index_of(members: frozenset[int]) -> int:
            if len(members) == 1 and (only := min(members)) >= 0:
                return only
            if members not in known:
                known[members] = len(self.functions) + len(self.sets)
                self.sets.append(members)
            return known[members]

        for function, register in unknown:
            if members := found.of(function, register):
                self.callees[function][register] = index_of(members)
        for name in sorted(names):
            if members := found.named(name):
                self.methods[name] = index_of(members)

    def _entry(self) -> int | None:
        """The index of ``main`` if only the run calls it: its arguments are then plain data."""
        for function in self.functions:
            for op, args, _ in flatten(function.body):
                if op == "gget" and args[1] == "main":
                    return None
        return self.function_named(self.unit.resolution.module, "main")

    def _maps_loosely(self, region: Region) -> bool:
        """True if a ``map`` or ``filter`` may run code that others see, whenever it is gone through."""
        return any(
            instr.op == "callb" and instr.args[1] in ("map", "filter") and self.visible(region, instr)
            for instr in region.instructions
        )

    def _settle(self) -> None:
        """Spreads the facts from callees to callers until nothing changes; each changes at most once per fact."""
        callers: dict[int, set[int]] = {}
        count = len(self.functions)
        called = [
            {*self.callees[i].values(), *(c for instr in r.asking if (c := self.callee(i, instr)) is not None)}
            for i, r in enumerate(self.regions)
        ]
        for i, region in enumerate(self.regions):
            gathered = {cast(int, instr.args[3]) for instr in region.asking if instr.op == "gather"}
            for callee in gathered | called[i]:
                callers.setdefault(callee, set()).add(i)
        for place, members in enumerate(self.sets, start=count):
            for one in members:
                callers.setdefault(one, set()).update(callers.get(place, ()))
        turning = [[instr for instr in region.instructions if self._may_turn(instr)] for region in self.regions]
        quiet = [
            not any(self.visible(region, instr) for instr in self._shown(region) if not self._may_turn(instr))
            for region in self.regions
        ]
        waiting = list(range(len(self.regions)))
        while waiting:
            i = waiting.pop()
            region = self.regions[i]
            safe = self.safe[i] and quiet[i] and not any(self.visible(region, instr) for instr in turning[i])
            effectful = self.region_effectful(region)
            guarded = self.guarded[i] or any(self.guarded[callee] for callee in called[i])
            if (safe, effectful, guarded) != (self.safe[i], self.effectful[i], self.guarded[i]):
                self.safe[i], self.effectful[i], self.guarded[i] = safe, effectful, guarded
                for place, members in enumerate(self.sets, start=count):
                    if i in members:
                        self.safe[place] = self.safe[place] and safe
                        self.effectful[place] = self.effectful[place] or effectful
                        self.guarded[place] = self.guarded[place] or guarded
                waiting += callers.get(i, ())

    def _may_turn(self, instr: Instr) -> bool:
        """True if whether others can see an instruction depends on what is found out of functions."""
        args = cast(Any, instr.args)
        if instr.op == "callm" and args[2] in self.methods:
            return True
        if instr.op == "callb" or instr.op == "callm":
            return args[1] in _CALLING or any(name in CALLBACK_KEYWORDS for name, _ in args[-1])
        return instr.op == "call" or instr.op == "gather"

    def _shown(self, region: Region) -> list[Instr]:
        return region.instructions if self.traits.any else region.shown

    def region_safe(self, region: Region) -> bool:
        """True if nothing in the region can be seen by other fibers."""
        return not any(self.visible(region, instr) for instr in self._shown(region))

    def region_effectful(self, region: Region) -> bool:
        """True if the region asks a model, itself or through a function it calls."""
        for instr in region.asking:
            if instr.op == "effect":
                return True
            callee = self.callee(region.function, instr)
            if callee is not None and self.effectful[callee]:
                return True
            if instr.op == "gather" and self.effectful[cast(int, instr.args[3])]:
                return True
        return any(self.callback_asks(region.function, instr) for instr in region.handing)

    def visible(self, region: Region, instr: Instr) -> bool:
        """True if others can see that the instruction ran: the program's caller, other fibers, its own globals."""
        if instr.op == "callm" and (method := self.methods.get(str(instr.args[2]))) is not None:
            return not self.safe[method]
        test = _VISIBLE.get(instr.op)
        if test is not None and test(self, region, instr.args):
            return True
        return self.traits.any and self.traits.runs(instr, region.plain)

    def catches(self, region: Region, instr: Instr) -> bool:
        """True if the instruction calls a function that may run a ``try``, which must not see errors of calls
        that were made before it."""
        callee = self.callee(region.function, instr)
        return callee is not None and self.guarded[callee]

    def _callees(self, region: Region) -> dict[int, int]:
        """For registers that always hold one known function: its index."""
        found: dict[int, int] = {}
        scope = self.unit.homes[region.function]
        names = self.functions[region.function].locals
        own = region.writers
        if region.function in self.pieces:  # whose parameters are variables of the function around
            own = {**own, **{register: [] for register in range(len(self.functions[region.function].params))}}
        for register, writers in own.items():
            if register < len(names):
                index = self.function_named(scope, names[register])
            elif len(writers) == 1:
                index = self.function_from(region, scope, writers[0])
            else:
                index = None
            if index is not None and not self.functions[index].kind:
                found[register] = index
        return found

    def function_from(self, region: Region, scope: Scope, writer: Instr) -> int | None:
        """The function that an instruction gives, if it always is the same."""
        if writer.op == "func":
            return cast(int, writer.args[1])
        if writer.op == "gget":
            return self.function_named(self.unit.resolution.module, str(writer.args[1]))
        if writer.op == "cget":
            function = self.functions[region.function]
            name = (function.cells + function.free)[cast(int, writer.args[1])]
            return self.function_named(scope, name)
        return None

    def function_named(self, scope: Scope | None, name: str) -> int | None:
        while scope is not None and (scope.kind == "class" or not scope.owns(name)):
            scope = scope.parent
        if scope is not None and scope.kind == "module":
            scope = self.unit.resolution.module  # of the whole program, also where parts of it were resolved alone
        if scope is None or scope.bound[name] != 1:
            return None
        for child in scope.children:
            node = child.node
            if isinstance(node, ast.FunctionDef) and node.name == name and not self._decorated(scope, node):
                return self.unit.named_functions.get(id(node))
        return None

    def _decorated(self, scope: Scope, node: ast.FunctionDef) -> bool:
        """True if the name may hold something else than the function; ``@program`` changes nothing."""
        resolution = self.unit.resolution
        return not all(
            isinstance(decorator, ast.Name) and resolution.lookup(scope, decorator.id)[1] == ("api", "program")
            for decorator in node.decorator_list
        )

    def _has_loose_iterator(self, region: Region) -> bool:
        """True if an iterator may outlive the expression that makes it: running through it changes it."""
        if region.loose is None:
            region.loose = self._is_loose(region)
        return region.loose

    def _is_loose(self, region: Region) -> bool:
        lazy: set[int] = set()
        given = {
            cast("tuple[int, ...]", instr.args[2])[0]
            for instr in region.instructions
            if instr.op == "call" and instr.args[2] and self._makes_generator(region, cast(int, instr.args[1]))
        }
        for instr in region.instructions:
            if instr.op == "callb" and instr.args[1] == "iter" and instr.args[0] in given:
                continue
            if instr.op in ("callb", "bget") and instr.args[1] in ("iter", "next"):
                return True
            if instr.op == "bget" and instr.args[1] in _LAZY:
                return True
            if instr.op == "callb" and instr.args[1] in _LAZY:
                lazy.add(cast(int, instr.args[0]))
        named = len(self.functions[region.function].locals)
        if any(register < named for register in lazy):
            return True
        return any(_keeps(instr, lazy) for instr in region.instructions) if lazy else False

    def _makes_generator(self, region: Region, register: int) -> bool:
        """True if the register holds the function of a generator expression, which keeps its iterator to itself."""
        made = [cast(int, writer.args[1]) for writer in region.writers.get(register, []) if writer.op == "func"]
        return bool(made) and self.functions[made[0]].name == "<genexpr>"

    def callback_safe(self, region: Region, register: int) -> bool:
        """True if the register holds a known function that is fiber-safe, a model, or no function of the
        program."""
        callee = self.callees[region.function].get(register)
        if callee is not None:
            return self.safe[callee]
        writers = region.writers.get(register, [])
        return bool(writers) and all(
            (w.op == "model" and not is_tool(w))
            or (w.op == "bget" and w.args[1] in PURE_BUILTINS and self._calls_nothing(str(w.args[1])))
            or (w.op == "callb" and w.args[1] == ".keys")
            for w in writers
        )

    def _calls_nothing(self, name: str) -> bool:
        return not self.traits.any or self.traits.calls_nothing(name)

    def callback_asks(self, index: int, instr: Instr) -> bool:
        """True if an instruction of a function gives a builtin a model, or a function that asks one, to call."""
        if instr.op != "callb":
            return False
        args = cast(Any, instr.args)
        given = [register for name, register in args[3] if name == "key"]
        if args[1] in ("map", "filter", ".each", ".keys"):
            given += args[2][:1]
        return any(self._asks(index, register) for register in given)

    def _asks(self, index: int, register: int) -> bool:
        callee = self.callees[index].get(register)
        if callee is not None:
            return self.effectful[callee]
        return any(
            writer.op == "model" and not is_tool(writer) for writer in self.regions[index].writers.get(register, ())
        )


def _called(region: Region) -> set[int]:
    """The registers whose values the region calls, or hands to builtins that do."""
    found = {cast(int, instr.args[1]) for instr in region.asking if instr.op == "call"}
    for instr in region.handing:
        args = cast(Any, instr.args)
        found.update(register for name, register in args[3] if name == "key")
        if args[1] in ("map", "filter", ".each", ".keys"):
            found.update(args[2][:1])
    return found


def is_tool(instr: Instr) -> bool:
    """Whether a ``model`` instruction makes a tool: what calls it does something that others see."""
    return str(instr.args[1]).startswith(TOOL)


def _keeps(instr: Instr, lazy: set[int]) -> bool:
    if instr.op in ("for", "unpack", "unpackx", "totuple", "comp"):
        return False
    if instr.op == "extend":
        return instr.args[0] in lazy
    if instr.op == "callb" and (instr.args[1] in _CONSUMERS or instr.args[1] in _LAZY or instr.args[1] == ".each"):
        return False
    if instr.op == "callm" and instr.args[2] in ("join", "extend", "update"):
        return instr.args[1] in lazy
    return any(register in lazy for register in reads_of(instr))


def _call(facts: Facts, region: Region, args: tuple[Any, ...]) -> bool:
    callee = facts.callees[region.function].get(args[1])
    return callee is None or not facts.safe[callee]


def _gather(facts: Facts, region: Region, args: tuple[Any, ...]) -> bool:
    return not facts.safe[args[3]]


def _callbacks(facts: Facts, region: Region, keywords: tuple[tuple[str, int], ...], json: bool) -> bool:
    return any(
        name in CALLBACK_KEYWORDS and (name != "default" or json) and not facts.callback_safe(region, register)
        for name, register in keywords
    )


def _callb(facts: Facts, region: Region, args: tuple[Any, ...]) -> bool:
    name = args[1]
    if name in (".each", ".keys"):
        return not facts.callback_safe(region, args[2][0])
    if name in ("map", "filter"):
        return not args[2] or not facts.callback_safe(region, args[2][0])
    return name not in _PURE or _callbacks(facts, region, args[3], name.startswith("json."))


def _callm(facts: Facts, region: Region, args: tuple[Any, ...]) -> bool:
    if args[2] not in READERS and not (args[2] in MUTATORS and args[1] in region.own):
        return True
    return _callbacks(facts, region, args[4], False)


def _changes_first(facts: Facts, region: Region, args: tuple[Any, ...]) -> bool:
    return args[0] not in region.own


def _inplace(facts: Facts, region: Region, args: tuple[Any, ...]) -> bool:
    return args[2] not in region.own  # also by a number: an array changes in place


def _cset(facts: Facts, region: Region, args: tuple[Any, ...]) -> bool:
    return bool(args[0] >= len(facts.functions[region.function].cells))


def _raises(facts: Facts, region: Region, args: tuple[Any, ...]) -> bool:
    """True if a class of the program may be raised, whose object is then made."""
    return facts.traits.constructs and not all(
        (writers := region.writers.get(register))
        and all(w.op in ("try", "unset") or (w.op in ("bget", "callb") and w.args[1] in EXCEPTIONS) for w in writers)
        for register in args
    )


def _always(facts: Facts, region: Region, args: tuple[Any, ...]) -> bool:
    return True


_VISIBLE: Final[dict[str, Callable[[Facts, Region, tuple[Any, ...]], bool]]] = {
    "call": _call,
    "gather": _gather,
    "callb": _callb,
    "callm": _callm,
    "setindex": _changes_first,
    "delindex": _changes_first,
    "extend": _changes_first,
    "update": _changes_first,
    "setadd": _changes_first,
    "kwmerge": _changes_first,
    "inplace": _inplace,
    "cset": _cset,
    "cdel": _cset,
    "callx": _always,
    "class": _always,
    "raise": _raises,
    "raise_from": _raises,
    "setattr": _always,
    "delattr": _always,
    "with": _always,
    "yield": _always,
    "yieldfrom": _always,
    "gset": _always,
    "gdel": _always,
}
