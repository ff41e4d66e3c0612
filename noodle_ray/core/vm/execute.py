"""Executing a module: the one way in, whatever the tier."""

import os
import sys
from time import perf_counter

from noodle_ray.core.nbc.module import Block, Module
from noodle_ray.core.nbc.walk import NESTING, blocks_of, writes_of
from noodle_ray.core.vm import arguments
from noodle_ray.core.vm.classes.kinds import clean_error
from noodle_ray.core.vm.clock import Readings
from noodle_ray.core.vm.endings import close_generators, has_cleanups, has_finalizers
from noodle_ray.core.vm.fibers import Fibers, Future
from noodle_ray.core.vm.generators.awaiting import finish, is_coroutine_function
from noodle_ray.core.vm.generators.passing import LIMITS, trip
from noodle_ray.core.vm.host import TOLD, EffectHost, SpeculativeHost
from noodle_ray.core.vm.limits import CODES, MESSAGES, LimitExceeded, Limits
from noodle_ray.core.vm.memory import Growth, prepare, resident
from noodle_ray.core.vm.modules import require, start_run
from noodle_ray.core.vm.native import may_run_native
from noodle_ray.core.vm.stack import max_recursion
from noodle_ray.core.vm.state import S, State, unread
from noodle_ray.core.vm.strings import to_str
from noodle_ray.core.vm.types import Standin
from noodle_ray.core.vm.values import copy_data, to_result
from noodle_ray.errors import RunError
from noodle_ray.light import TYPE_CHECKING, Any, Callable, Final, NamedTuple, cast, import_module

if TYPE_CHECKING:
    from noodle_ray.core.vm.profiler import Sampler
    from noodle_ray.light import Mapping

lean = False
"""Whether this process lacks what the runtime imports when it is first needed, and can import nothing any more."""
_MESSAGE_LENGTH = 10_000
_FRAMES_SHOWN = 200
NO_READINGS: "Final[Mapping[str, list[float]]]" = {}


class Outcome(NamedTuple):
    """What became of a run.

    ``error`` is None, or a dict with code, type, message and traceback: a list of dicts with line, column and
    function, outermost first. ``usage`` has fuel, memory_peak_bytes, model_calls, model_batches, seed, wall_seconds,
    computing_seconds and waiting_seconds. ``events`` is the timeline: key, model, start and end of each model
    call, in seconds since the run began.
    """

    result: Any
    stdout: str
    error: dict[str, Any] | None
    usage: dict[str, Any]
    tier: str
    events: list[dict[str, Any]]


class _Output:
    """The run's stdout, up to a number of characters."""

    __slots__ = ("left", "parts")

    def __init__(self, limit: int) -> None:
        self.left = limit
        self.parts: list[str] = []

    def count(self, text: str) -> str:
        """The text, which is told and not kept here, but counts. Raises LimitExceeded."""
        text = str.__str__(text)
        self.left -= len(text)
        if self.left < 0:
            S.tripped = "output"
            raise LimitExceeded("output")
        return text

    def write(self, text: str) -> None:
        """Append text. Raises LimitExceeded."""
        text = str.__str__(text)  # the class of a program's text may lie about its length
        self.left -= len(text)
        if self.left < 0:
            self.parts.append(text[: self.left])
            self.left = 0
            S.tripped = "output"
            raise LimitExceeded("output")
        self.parts.append(text)


def execute(
    module: Module,
    *,
    entry: str | None = None,
    args: list[Any] | None = None,
    kwargs: dict[str, Any] | None = None,
    limits: Limits = Limits(),  # noqa: B008 (immutable)
    host: EffectHost | None = None,
    tier: str = "auto",
    key: str = "",
    profiler: "Sampler | None" = None,
    seed: int | None = None,
    readings: "Mapping[str, list[float]]" = NO_READINGS,
    shift: float | None = None,
    growth: Growth | None = None,
    speculate: int = 0,
) -> Outcome:
    """Run a verified module: its top level, then ``entry``, or ``main`` if it has one, with the arguments.

    Of an entry that begins with ``*`` the result is told: a text, or each of an iterator when it is there.

    Without an entry and arguments, ``main`` is not called if the top level does so itself or asks whether it is a
    script.

    ``seed`` is what the run's random numbers come from; a fresh one if it is None. ``readings`` are those of the clock
    that the run gets again (`Readings.all`), and ``shift`` belongs to them. ``growth`` counts its memory, if the caller
    has it already. With ``speculate`` the host, which must be a `SpeculativeHost` too, is told while the run waits
    which calls may come: so many that it can ask as many of them.

    ``key`` is the module's digest, under which compiled code is kept. With a ``profiler``, the run is on the Python
    tier if that is possible. The deadline is the caller's to watch:
    raise LimitExceeded("deadline") from a signal handler. Errors of the program are in the outcome. Raises ImportError
    in a process that cannot import any more and lacks what the module needs.
    """
    if module.models:
        require((*module.imports, "noodle_ray"))  # answers can be arrays
    elif module.imports:
        require(module.imports)
    if growth is None:
        prepare()
        growth = Growth(resident())
    began = perf_counter()
    output = _Output(limits.output)
    if limits.recursion > 1000:
        limits = limits._replace(recursion=min(limits.recursion, max_recursion()))
    S.tripped, S.memory, S.write, S.complain = "", limits.memory, output.write, unread
    S.fibers = Fibers(host, limits.recursion)
    S.readings = Readings(readings, shift)
    S.resident = growth.resident
    S.seed = int.from_bytes(os.urandom(6), "little") if seed is None else seed
    fibers, result, error = S.fibers, None, None
    recursion = sys.getrecursionlimit()
    planned = None
    if speculate and module.models and host is not None:
        from noodle_ray.core.vm.speculation.guesses import Guesses
        from noodle_ray.core.vm.speculation.plan import planned as plan

        fibers.guesses = Guesses(cast("SpeculativeHost", host), speculate)
        planned = plan(module, key)
    tier, run = _make_run(module, key, limits, "python" if profiler else tier, planned)
    S.charge, S.lookup, S.module = run.charge, run.lookup, module
    S.fuel_left = lambda: limits.fuel - run.fuel_now()

    def usage(fuel: float) -> dict[str, Any]:
        now = perf_counter()
        wall, waited = now - began, fibers.waited_until(now)
        return {
            "fuel": max(0, int(fuel) - fibers.lent),
            "memory_peak_bytes": growth.bytes(),
            "model_calls": fibers.calls,
            "model_batches": fibers.batches,
            "seed": S.seed,
            "wall_seconds": wall,
            "computing_seconds": wall - waited,
            "waiting_seconds": waited,
        }

    S.progress = lambda: (usage(run.fuel_now()), output.parts)
    ignored, sys.unraisablehook = sys.unraisablehook, _note_ignored
    try:
        if profiler and tier == "python":
            profiler.begin(run.fuel_now)
        start_run(module.imports)
        try:
            told = entry is not None and entry.startswith(TOLD)
            value = _run(run, module, entry and entry.removeprefix(TOLD), args or [], kwargs or {})
            if told:
                value = _tell(fibers.force(value), output.count)
            if fibers.current.outstanding:
                fibers.barrier()
        except LIMITS as limit:
            trip(limit)  # a thread that met it never ends, so nobody may wait for it
            raise
        finally:
            if fibers.exits:
                fibers.leave()
        fibers.free()
        sys.setrecursionlimit(max(recursion, sys.getrecursionlimit()))  # the result's depth has a bound of its own
        result = to_result(fibers.force(value) if type(value) is Future else value)
        if S.tripped in CODES:  # where CPython lets nothing be raised, as in the ``finally`` of a generator it frees
            raise LimitExceeded(S.tripped)
    except Exception as raised:
        if lean and isinstance(raised, ImportError):
            fibers.at_end = None
            raise
        result = None
        error = _described(raised, run)
    except LimitExceeded as tripped:
        result = None
        error = _limit(tripped.kind, tripped, run)
    except KeyboardInterrupt:  # the host's: a program's is of another class
        fibers.at_end = None
        raise
    except SystemExit as raised:  # the program ended itself; well, if it says so
        well = raised.code is None or (type(raised.code) in (int, bool) and not raised.code)
        error = None if well else _described(raised, run)
    except BaseException as raised:  # one that the program raised itself: GeneratorExit, say
        error = _described(raised, run)
    finally:  # what only the exception held has been freed: generators' ``finally`` have run
        try:
            fibers.free()
        except LIMITS as tripped:
            trip(tripped)
        if S.tripped in CODES and (error is None or error["code"] != CODES[S.tripped]):
            result, error = None, _limit(S.tripped, LimitExceeded(S.tripped), run)
        S.charge, S.lookup, S.module = _IDLE.charge, _IDLE.lookup, _IDLE.module
        S.fuel_left = _IDLE.fuel_left
        if profiler:
            profiler.end()
        run.end()
        fuel = run.fuel_used()
        if fibers.live:
            _exhaust(run)
        fibers.close()
        sys.unraisablehook = ignored
        sys.setrecursionlimit(recursion)
    S.progress = _IDLE.progress
    return Outcome(result, "".join(output.parts), error, usage(fuel), tier, fibers.events)


def _free(run: Any, module: Module) -> None:
    """What the program's globals hold ends with it, if that can be told."""
    if has_cleanups(module):
        close_generators(run.held())
    if has_finalizers(module):
        run.forget()


def _described(raised: BaseException, run: Any) -> dict[str, Any]:
    """As `describe`, where what the program is asked for costs nothing."""
    charge, S.charge = S.charge, _IDLE.charge
    try:
        return describe(raised, run)
    finally:
        S.charge = charge


def _exhaust(run: Any) -> None:
    """Leave no fuel to threads that CPython lets go on when they are ended: in the ``finally`` of what it frees."""
    tripped = S.tripped
    try:
        run.charge(float("inf"))
    except LimitExceeded:
        S.tripped = tripped


def _note_ignored(ignored: Any) -> None:
    """Remember a limit that was raised where CPython ignores exceptions; what else is ignored there is nobody's."""
    trip(ignored.exc_value)


_IDLE = State()


_loaded: dict[str, Any] = {}


def _load(name: str) -> Any:
    """A tier, which is imported when it is first needed."""
    found = _loaded[name] = import_module(f"noodle_ray.core.vm.{name}.run")
    return found


def _make_run(module: Module, key: str, limits: Limits, tier: str, planned: Module | None = None) -> tuple[str, Any]:
    """The tier that will run the module, and the run. What CPython's compiler cannot take, the interpreter does."""
    if tier in ("python", "native") or (tier == "auto" and not _runs_straight(module)):
        pytier = _loaded.get("pytier") or _load("pytier")
        try:
            native = "" if tier == "python" or not may_run_native() else tier
            run = pytier.make_run(module, key, limits, native, planned)
            pytier.allow_recursion(limits.recursion)
            return "native" if tier == "native" else "python", run
        except ImportError:  # a worker that was started without a part of the tier: its owner has one with all
            raise
        except Exception:  # twenty nested blocks, say; whatever it is, no module may end its host
            pass
    interpreter = _loaded.get("interpreter") or _load("interpreter")
    interpreter.allow_recursion(limits.recursion)
    return "interpreter", interpreter.make_run(planned or module, key, limits)


_STRAIGHT = 64
"""The most instructions, nested ones counted, that are interpreted rather than compiled."""


def _runs_straight(module: Module) -> bool:
    """Whether a module is a few instructions that run once: interpreting them costs less than compiling them."""
    if len(module.functions) > 1:
        return False
    pending, left = [module.functions[0].body], _STRAIGHT
    while pending:
        block = pending.pop()
        left -= len(block)
        if left < 0:  # look no further: this is done for every run
            return False
        for instr in block:
            if instr.op in _REPEATING:
                return False
            if instr.op in NESTING:
                pending.extend(blocks_of(instr))
    return True


_REPEATING = frozenset({"for", "while", "comp", "try"})


def _is_script(block: Block, known: dict[int, Any]) -> bool:
    """Whether a block of the top level compares ``__name__``, as the usual guard does, or calls ``main`` itself.

    ``known`` has what is in a register, as far as it is ``main`` or ``__name__``.
    """
    for instr in block:
        op, args = instr.op, cast("tuple[Any, ...]", instr.args)
        if op in ("call", "callx") and known.get(args[1]) == "main":
            return True
        if op == "cmp" and "name" in (known.get(args[2]), known.get(args[3])):
            return True
        if any(_is_script(nested, known) for nested in blocks_of(instr)):
            return True
        found = None
        if op == "gget" and args[1] == "main":
            found = "main"
        elif op == "callb" and args[1] == ".name":
            found = "name"
        elif op == "move":
            found = known.get(args[1])
        for register in writes_of(instr):
            known[register] = found
    return False


def _run(run: Any, module: Module, entry: str | None, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if len(module.functions) > 1:
        S.fibers.at_end = lambda: _free(run, module)
    alone = entry is None and not args and not kwargs
    S.name = "__main__" if alone else "__noodle__"
    value = run.start()
    function = run.lookup(entry or "main")
    if entry is None and S.fibers.looped and is_coroutine_function(function):
        return value  # a script that ran it itself
    if function is None and alone:
        return value
    if alone and _is_script(module.functions[0].body, {}):
        return value  # a script as well
    name = entry or "main"
    if function is None:
        raise RunError(f"the program has no function '{name}' to call", code="NOODLE-E0504")
    if not callable(function) or isinstance(function, type | Standin):
        if alone:
            return value
        raise RunError(f"'{name}' is not a function", code="NOODLE-E0504")
    candidates = [f for f in module.functions[1:] if f.name == name]
    if args or kwargs:
        args, kwargs = copy_data(args), copy_data(kwargs)
    if len(candidates) == 1:
        args, kwargs = arguments.check(candidates[0], args, kwargs)
    return finish(run.call(function, args, kwargs))


def _tell(value: Any, count: Callable[[str], str]) -> str | None:
    """Tell each text of an iterator when it is there, and give None; a text is the result itself.

    ``count`` gives the text as it is told, and raises LimitExceeded if that is too much. Raises RunError E0517 for
    anything else.
    """
    if isinstance(value, str):
        return str.__str__(value)
    pieces = value if hasattr(type(value), "__next__") else (value,)
    for piece in pieces:
        if not isinstance(piece, str):
            kind = type(piece).__name__
            message = f"a chat's program gives a text, or an iterator of texts, and not {kind}"
            raise RunError(message, code="NOODLE-E0517")
        text = count(piece)
        if text:  # what is empty tells nobody anything, and is remembered all the same
            S.fibers.tell(text)
    return None


def describe(raised: BaseException, run: Any) -> dict[str, Any]:
    """An exception that ended a run, as an outcome's error."""
    if isinstance(raised, MemoryError):
        return _limit("memory", raised, run)
    if isinstance(raised, RecursionError):
        return _limit("recursion", raised, run)
    if isinstance(raised, RunError):
        return {"code": raised.code, "type": "RunError", "message": raised.message, "traceback": _frames(raised, run)}
    clean_error(raised)
    try:
        message = str.__str__(to_str(raised))
    except LimitExceeded as tripped:  # in a __str__ of the program
        return _limit(tripped.kind, tripped, run)
    except BaseException as failed:
        if lean and isinstance(failed, ImportError):
            raise
        message = ""
    code = raised.__dict__.get("code", "NOODLE-E0501") if type(raised) is RuntimeError else "NOODLE-E0501"
    return {
        "code": code,
        "type": type(raised).__name__,
        "message": message[:_MESSAGE_LENGTH],
        "traceback": _frames(raised, run),
    }


def _limit(kind: str, raised: BaseException, run: Any) -> dict[str, Any]:
    S.tripped = kind
    return {
        "code": CODES[kind],
        "type": "LimitExceeded",
        "message": MESSAGES[kind],
        "traceback": _frames(raised, run),
    }


def _frames(raised: BaseException, run: Any) -> list[dict[str, Any]]:
    """The traceback; of a very deep one its ends."""
    frames = run.traceback(raised)
    if len(frames) > _FRAMES_SHOWN:
        frames = frames[: _FRAMES_SHOWN // 2] + frames[-_FRAMES_SHOWN // 2 :]
    return [{"line": max(line, 1), "column": column, "function": function} for line, column, function in frames]
