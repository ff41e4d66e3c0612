"""Mutated modules without end: ``python -m tests.nbc.fuzz --count 1000000 --seed 1``.

Each mutation is a sound module changed at random, in its bytes or in its parts. Reading it gives a coded refusal or a
module whose encoding it is, soon; a module that is accepted runs on both tiers, each of which ends with an outcome,
and both with the same. Whatever else happens is a failure: it is printed with its seed, and its bytes are kept.
"""

import argparse
import random
import resource
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc import encode, load, verifier, verify
from noodle_ray.core.nbc.encoder import FUNCTION_KINDS
from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.nbc.ops import OPCODES, OPERANDS, OPERATORS
from noodle_ray.core.nbc.verifier.uses import used_imports, used_models
from noodle_ray.core.vm.clock import Clock
from noodle_ray.core.vm.execute import execute
from noodle_ray.core.vm.limits import LimitExceeded, Limits
from noodle_ray.core.vm.state import S
from noodle_ray.errors import CompileError, ModuleError
from tests.language.harness import load as load_cases
from tests.language.harness import observed
from tests.nbc.builders import CONSTANTS, random_module
from tests.vm.hosts import ScriptedHost, echo

LIMITS = Limits(fuel=20_000, recursion=60, output=20_000, memory=100_000_000)
READ_SECONDS = 2.0
RUN_SECONDS = 3
"""The deadline of a mutation, in processor time, because a long run shares its machine: what takes memory rather than
fuel ends there."""
HUNG_SECONDS = 120
"""By the clock: what waits for nothing."""
MEMORY = 1 << 30
_INTERESTING = (0, 1, 2, 0x7F, 0x80, 0xFF, 5, 9, 44, 60, 65)

EFFECTS = """
from noodle_ray import model, ModelError
m = model("m")
def ask(x):
    a, b = m(x), m("b")
    try:
        c = m(a)
    except ModelError as error:
        return str(error)
    return [m(y) for y in (a, b, c) if y] + [c or a]
ask("x")
"""


class QuickClock(Clock):
    """Time that passes only where a program sleeps."""

    def __init__(self) -> None:
        self.now = 1e9

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 0.0)


class Failure(Exception):
    """A mutation that was not dealt with as it should be."""


def seeds() -> list[Module]:
    """Sound modules to begin with: the language's cases, a program that asks models, and random ones."""
    found = [compile_source(EFFECTS)]
    for case in load_cases():
        try:
            found.append(compile_source(case.source))
        except CompileError:
            continue
    return found + [random_module(seed, 30) for seed in range(200)]


class Mutator:
    """Changes modules at random; equal for equal seeds."""

    def __init__(self, modules: list[Module], seed: int) -> None:
        self.modules = modules
        self.encoded = [encode(module) for module in modules]
        self.random = random.Random(seed)

    def mutation(self) -> bytes | None:
        """The bytes of a changed module; None if it has no encoding."""
        chance = self.random
        at = chance.randrange(len(self.modules))
        if chance.random() < 0.5:
            return self.bytes(self.encoded[at])
        module = self.modules[at]
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            module = self.module(module)
        try:
            return encode(module)
        except ModuleError:
            return None

    def bytes(self, data: bytes) -> bytes:
        chance = self.random
        mutable = bytearray(data)
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            at = chance.randrange(4, len(mutable)) if len(mutable) > 5 else 0
            kind = chance.randrange(6)
            if kind == 0:
                mutable[at] = chance.choice(_INTERESTING)
            elif kind == 1:
                mutable[at] ^= 1 << chance.randrange(8)
            elif kind == 2:
                mutable[at] = (mutable[at] + chance.choice((1, -1))) & 0xFF
            elif kind == 3:
                del mutable[at : at + chance.randrange(1, 4)]
            elif kind == 4:
                mutable[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 4)))
            else:
                end = chance.randrange(at, min(at + 12, len(mutable)) + 1)
                to = chance.randrange(4, len(mutable) + 1)
                mutable[to:to] = mutable[at:end]
        return bytes(mutable)

    def module(self, module: Module) -> Module:
        """One change of one function, and tables that fit, mostly."""
        chance = self.random
        functions = list(module.functions)
        at = chance.randrange(len(functions))
        functions[at] = self.function(functions[at])
        if chance.random() < 0.02 and len(functions) > 1:
            functions.pop(chance.randrange(len(functions)))
        if chance.random() < 0.98:
            return Module(tuple(functions), used_models(functions), used_imports(functions))
        return module._replace(functions=tuple(functions))

    def function(self, function: Function) -> Function:
        chance = self.random
        if chance.random() < 0.9:
            return function._replace(body=self.block(function.body, function, 0))
        kind = chance.randrange(6)
        if kind == 0:
            return function._replace(kind=chance.choice(FUNCTION_KINDS))
        if kind == 1:
            return function._replace(registers=max(function.registers + chance.choice((1, -1)), 0))
        if kind == 2:
            return function._replace(locals=function.locals[:-1] if chance.random() < 0.5 else (*function.locals, "zz"))
        if kind == 3:
            return function._replace(cells=(*function.cells, "zz"), free=function.free[:-1])
        if kind == 4:
            return function._replace(params=function.params[:-1])
        return function._replace(name=chance.choice(("f", "main", "<lambda>", "C")))

    def block(self, block: Block, function: Function, depth: int) -> Block:
        """The block with one instruction changed, at any depth."""
        chance = self.random
        if not block:
            return (self.fresh(function),)
        at = chance.randrange(len(block))
        instr = block[at]
        nested = [index for index, kind in enumerate(OPERANDS[instr.op]) if kind in ("B", "H")]
        if nested and chance.random() < 0.7 and depth < 50:
            index = chance.choice(nested)
            return (*block[:at], self.inside(instr, index, function, depth), *block[at + 1 :])
        kind = chance.randrange(8)
        if kind == 0:
            return (*block[:at], *block[at + 1 :])
        if kind == 1:
            return (*block[:at], instr, instr, *block[at + 1 :])
        if kind == 2:
            to = chance.randrange(len(block))
            rest = [*block[:at], *block[at + 1 :]]
            rest.insert(to, instr)
            return tuple(rest)
        if kind == 3:
            return (*block[:at], self.fresh(function), *block[at:])
        return (*block[:at], self.operand(instr, function), *block[at + 1 :])

    def inside(self, instr: Instr, index: int, function: Function, depth: int) -> Instr:
        args: list[Any] = list(instr.args)
        if OPERANDS[instr.op][index] == "B":
            args[index] = self.block(args[index], function, depth + 1)
        elif args[index]:
            handlers = list(args[index])
            which = self.random.randrange(len(handlers))
            types, tested, caught, body = handlers[which]
            if self.random.random() < 0.3:
                types = self.block(types, function, depth + 1)
            else:
                body = self.block(body, function, depth + 1)
            handlers[which] = (types, tested, caught, body)
            args[index] = tuple(handlers)
        return instr._replace(args=tuple(args))

    def register(self, function: Function) -> int:
        return self.random.randrange(max(function.registers, 1))

    def operand(self, instr: Instr, function: Function) -> Instr:
        """The instruction with another operand, or another opcode that takes the same ones."""
        chance = self.random
        if chance.random() < 0.15:
            alike = [op for op, kinds in OPERANDS.items() if kinds == OPERANDS[instr.op]]
            return instr._replace(op=chance.choice(alike))
        kinds = OPERANDS[instr.op]
        if not kinds:
            return self.fresh(function)
        index = chance.randrange(len(kinds))
        args: list[Any] = list(instr.args)
        args[index] = self.value(instr.op, kinds[index], args[index], function)
        return instr._replace(args=tuple(args))

    def value(self, op: str, kind: str, old: Any, function: Function) -> Any:
        chance = self.random
        if kind in ("D", "R", "X"):
            return self.register(function)
        if kind in ("D?", "R?"):
            return chance.choice((None, self.register(function)))
        if kind in ("R*", "D*"):
            new = [*old, self.register(function)] if chance.random() < 0.5 else list(old[:-1])
            chance.shuffle(new)
            return tuple(new)
        if kind == "KW":
            return (*old, (chance.choice(("key", "x", "sep")), self.register(function)))
        if kind == "K":
            return chance.choice(CONSTANTS)
        if kind == "C":
            return chance.randrange(len(function.cells) + len(function.free) + 1)
        if kind == "O":
            return chance.choice(OPERATORS[op])
        if kind == "N":
            names = ("x", "f", "append", "len", "print", "list", "g", ".skip", "__init__", "__class__", "m", "iter")
            return chance.choice(names)
        if kind == "F":
            return old + chance.choice((-1, 1))
        return old

    def fresh(self, function: Function) -> Instr:
        """An instruction out of nothing, nested blocks empty."""
        op = self.random.choice(tuple(OPCODES))
        empty: dict[str, Any] = {"B": (), "H": (), "R*": (), "D*": (), "KW": (), "F": 1, "N": "x", "K": None}
        args = [
            empty[kind] if kind in ("B", "H") else self.value(op, kind, empty.get(kind), function)
            for kind in OPERANDS[op]
        ]
        return Instr(op, tuple(args), (1, 0, 1, 1))


def examine(data: bytes, run: bool = True) -> str:
    """What became of a mutation: ``refused``, ``agreed`` or ``differed``, or ``accepted`` if it is not to run. Raises
    Failure."""
    began = time.process_time()  # not on the clock: a long run shares its machine
    try:
        module = load(data)
    except ModuleError as error:
        if not error.code.startswith("NOODLE-E03"):
            raise Failure(f"an unknown code: {error.code}") from error
        return "refused"
    finally:
        if time.process_time() - began > READ_SECONDS:
            raise Failure("reading took too long")
    if encode(module) != data:
        raise Failure("another encoding of an accepted module")
    try:
        verify(module)  # from nothing: functions that were known may have been accepted for that
    except ModuleError as error:
        raise Failure(f"accepted where functions are known, else refused: {error}") from error
    if not run:
        return "accepted"
    outcomes = []
    for tier in ("interpreter", "python"):
        S.clock = QuickClock()
        outcome = execute(module, limits=LIMITS, host=ScriptedHost(echo), tier=tier, seed=1)
        if outcome.error and not outcome.error["code"].startswith(("NOODLE-E04", "NOODLE-E05", "NOODLE-E06")):
            raise Failure(f"an unknown code on the {tier}: {outcome.error}")
        outcomes.append(outcome)
    if all(outcome.error and outcome.error["code"] == "NOODLE-E0404" for outcome in outcomes):
        return "agreed"  # at what depth is a matter of some frames: docs/limitations.md
    shown = [(observed(outcome), outcome.usage["fuel"]) for outcome in outcomes]
    return "agreed" if shown[0] == shown[1] or str(shown[0]) == str(shown[1]) else "differed"


def watched(data: bytes, run: bool = True) -> str:
    """``examine`` with a deadline as a worker has it. Raises Failure, also for exceptions that nobody should see."""
    late = False

    def alarm(number: int, _: object) -> None:
        nonlocal late
        if late or number == signal.SIGALRM:
            raise Hung
        late = True
        raise LimitExceeded("deadline")

    signal.signal(signal.SIGPROF, alarm)
    signal.signal(signal.SIGALRM, alarm)
    signal.setitimer(signal.ITIMER_PROF, RUN_SECONDS, RUN_SECONDS * 5)
    signal.setitimer(signal.ITIMER_REAL, HUNG_SECONDS)
    try:
        found = examine(data, run)
    except Failure:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise Failure(f"{type(error).__name__}: {error}") from error
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
    return "stopped by the deadline" if late else found


class Hung(BaseException):
    """The deadline did not end a run."""


def fuzz(
    count: int, seed: int, report: Callable[[int, Counter[str]], None], keep: Path | None = None, every: int = 1
) -> Counter[str]:
    """Examine so many mutations, of which one in ``every`` is run if accepted; how many became what. ``keep`` is a
    folder for what failed or differed."""
    mutator = Mutator(seeds(), 0)
    usual, verifier.MIN_FUNCTIONS = verifier.MIN_FUNCTIONS, 1  # what is known of functions is used for every module
    try:
        return _fuzz(mutator, count, seed, report, keep, every)
    finally:
        verifier.MIN_FUNCTIONS = usual


def _fuzz(
    mutator: Mutator, count: int, seed: int, report: Callable[[int, Counter[str]], None], keep: Path | None, every: int
) -> Counter[str]:
    found: Counter[str] = Counter()
    for number in range(count):
        mutator.random.seed(f"{seed}/{number}")
        data = mutator.mutation()
        if data is None:
            found["without an encoding"] += 1
            continue
        if keep is not None:
            (keep / "current").write_bytes(data)
        try:
            what = watched(data, number % every == 0)
        except Failure as failure:
            what = "failed"
            print(f"seed {seed}/{number}: {failure}", flush=True)
            if keep is None:
                raise
        found[what] += 1
        if keep is not None and what not in ("agreed", "refused", "accepted") and found[what] <= 500:
            (keep / f"{what.split()[0]}-{seed}-{number}.nbc").write_bytes(data)
        if number % 1000 == 999:
            report(number + 1, found)
    return found


def main() -> int:
    """Exit status 1 if a mutation failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--every", type=int, default=1, help="run one in so many, read all")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-found"))
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))  # as a worker's
    print(f"seed {options.seed}, {options.count} mutations", flush=True)
    began = time.time()

    def report(number: int, found: Counter[str]) -> None:
        if number % 10_000 == 0:
            print(f"{number} in {time.time() - began:.0f} s: {dict(found)}", flush=True)

    found = fuzz(options.count, options.seed, report, options.keep, options.every)
    print(f"done in {time.time() - began:.0f} s: {dict(found)}", flush=True)
    return 1 if found["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
