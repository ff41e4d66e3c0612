"""Verifying what was read anew, when most of its functions were verified before, in whatever module.

What is known of a function is kept under its content, which is all that the rules for a single function look at; what
they find that other functions or the module's tables have to fit is a part of it. Those rules are applied each time.
Only a module from ``decode`` can be looked at in this way: its parts are of the right types whatever its bytes were.
"""

from _thread import allocate_lock
from collections import OrderedDict
from typing import Final, NamedTuple, cast

from noodle_ray.core.nbc.bounds import MAX_FUNCTIONS, MAX_INSTRUCTIONS
from noodle_ray.core.nbc.content import content
from noodle_ray.core.nbc.encoder import sha256
from noodle_ray.core.nbc.module import Function, Module
from noodle_ray.core.nbc.ops import MAKERS
from noodle_ray.core.nbc.verifier.flow import check_flow
from noodle_ray.core.nbc.verifier.handlers import check_handlers
from noodle_ray.core.nbc.verifier.lookups import check_lookups
from noodle_ray.core.nbc.verifier.names import check_spelling
from noodle_ray.core.nbc.verifier.ready import check_globals, pending_globals
from noodle_ray.core.nbc.verifier.shape import LAST_LINE, check_parts
from noodle_ray.core.nbc.verifier.tree import check_tree
from noodle_ray.core.nbc.verifier.uses import imported, may_be_unready, walk
from noodle_ray.errors import ModuleError

MAX_KEPT: Final = 60_000
"""Instructions of all functions that are kept; some hundred bytes are kept of one of twenty."""


class Known(NamedTuple):
    """A function without fault: how many instructions it has; the builtins and models that it names; whether it makes
    functions or uses ``.skip``; which ``gather`` makes, from its own number; whether it has values that are not ready;
    how far its spans reach, from its own line; and, by its place, the globals that it may set to pending values."""

    size: int
    builtins: frozenset[str]
    models: frozenset[str]
    makes: bool
    gathers: tuple[int, ...]
    late: bool
    first: int
    last: int
    pending: dict[tuple[bool, bool], frozenset[str]]


class Store:
    """Functions by content, least recently used out first. ``checked`` counts those that were not found."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[bytes, Known] = OrderedDict()
        self._size = 0
        self._lock = allocate_lock()
        self.checked = 0

    def get(self, key: bytes) -> Known | None:
        """What is known of the function with this content."""
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                self.checked += 1
            else:
                self._entries.move_to_end(key)
            return found

    def put(self, key: bytes, known: Known) -> None:
        """Keep what was found out."""
        with self._lock:
            if key not in self._entries:
                self._entries[key] = known
                self._size += known.size + 1
            while self._size > self._capacity:
                self._size -= self._entries.popitem(last=False)[1].size + 1

    def clear(self) -> None:
        """Know nothing."""
        with self._lock:
            self._entries.clear()
            self._size = 0


_store: Final = Store(MAX_KEPT)


def is_sound(module: Module, store: Store = _store) -> bool:
    """Whether a decoded module satisfies every rule. If not, ``verify`` says which it breaks."""
    functions = module.functions
    if not 0 < len(functions) <= MAX_FUNCTIONS:
        return False
    try:
        known = [_known(module, index, store) for index in range(len(functions))]
        if sum([one.size for one in known]) > MAX_INSTRUCTIONS:
            return False
        check_tree(module, known)
        if module.models != tuple(sorted({name for one in known for name in one.models})):
            return False
        if module.imports != imported({name for one in known for name in one.builtins}):
            return False
        _check_ready(functions, known)
    except (ModuleError, ValueError):
        return False
    return True


def _known(module: Module, index: int, store: Store) -> Known:
    """What is known of a function, or found out now. Raises ModuleError."""
    functions = module.functions
    function = functions[index]
    key = sha256(content(function, index))
    found = store.get(key)
    line = function.span[0]
    if found is None or not (line + found.first >= 0 and line + found.last <= LAST_LINE):
        found = _checked(function, index, len(functions))
        store.put(key, found)
    return found


def _checked(function: Function, index: int, functions: int) -> Known:
    builtins: set[str] = set()
    models: set[str] = set()
    size, opcodes, _ = check_parts(function, functions, MAX_INSTRUCTIONS)
    check_spelling(function, opcodes, builtins, models, set())
    check_flow(function)
    if "try" in opcodes:
        check_handlers(function)
    if "method" in opcodes:
        check_lookups(function)
    instructions = list(walk(function.body))
    base = function.span[0]
    return Known(
        size,
        frozenset(builtins),
        frozenset(models),
        ".skip" in builtins or any(instr.op in MAKERS for instr in instructions),
        tuple([cast(int, instr.args[3]) - index for instr in instructions if instr.op == "gather"]),
        may_be_unready(function, opcodes),
        min([base, *[instr.span[0] for instr in instructions]]) - base,
        max([function.span[2], *[instr.span[2] for instr in instructions]]) - base,
        {},
    )


def _check_ready(functions: tuple[Function, ...], known: list[Known]) -> None:
    gathered = {index + child for index, one in enumerate(known) for child in one.gathers}
    late: set[str] = set()
    for index, one in enumerate(known):
        place = (index == 0, index in gathered)
        if one.late or place[1]:
            names = one.pending.get(place)
            if names is None:
                names = pending_globals(functions[index], top=place[0], skips=place[1])
                one.pending[place] = names
            late |= names
    if late:
        check_globals(functions[1:], late)
