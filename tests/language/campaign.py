"""The long comparison: many random programs on CPython and on every tier, in one process that can resume.

``python -m tests.language.campaign --programs 20000`` compares so many whole programs and as many numeric ones.
Hypothesis draws the seed of each; ``--kind whole --seed N`` makes one program again, and a smaller one if it differs.
"""

import argparse
import gc
import hashlib
import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from resource import RUSAGE_SELF, getrusage
from types import FrameType
from typing import Final, TypedDict

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from noodle_ray.errors import CompileError
from tests.language.agreement import agree
from tests.language.numeric import Numeric
from tests.language.shrinking import shrink
from tests.language.wider import Wider

KINDS: Final = {"whole": Wider, "numeric": Numeric}
STATE: Final = Path(".noodle/campaign.json")
SECONDS: Final = 60.0
"""Of this process's own time, for one program. None should take a hundredth of it."""
_CHUNK: Final = 500
_REPORT: Final = 250
_COLLECT: Final = 40
"""Programs between two collections: most of what one leaves is freed at once, and the rest is let lie meanwhile."""


class State(TypedDict):
    """How far a campaign is: ``done`` programs of each kind, ``seconds`` of this process's time."""

    campaign: list[object]
    done: dict[str, int]
    refused: dict[str, int]
    seconds: dict[str, float]
    differing: dict[str, list[int]]


class TooSlow(BaseException):
    """A program took longer than it may."""


def seeds(chunk: int) -> list[int]:
    """The seeds of one chunk, as Hypothesis draws them: the same each time, and others than those of other chunks."""
    drawn: dict[int, None] = {}

    @seed(chunk)
    @settings(
        max_examples=_CHUNK + 20,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**64 - 1))
    def draw(number: int) -> None:
        drawn[chunk << 64 | number] = None

    draw()
    assert len(drawn) >= _CHUNK
    return list(drawn)[:_CHUNK]


def program(kind: str, number: int) -> str:
    """The program of a seed."""
    return KINDS[kind](Random(number)).program()


def difference(kind: str, source: str) -> str | None:
    """What differs, in a line; '' where nothing does, None where there is nothing to compare."""
    try:
        with _bounded():
            return "" if agree(source, native=kind == "numeric") else None
    except AssertionError as error:
        return str(error).partition("\n")[0].strip(":") or "differs"
    except (Exception, GeneratorExit, TooSlow) as error:
        return f"{type(error).__name__}: {error}".partition("\n")[0]


@contextmanager
def _bounded() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"more than {SECONDS:.0f} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def run(kind: str, programs: int, first: int, state: State, path: Path) -> None:
    """Compare so many programs, from those on that are not done yet."""
    differing = state["differing"][kind]
    began, before = time.process_time(), state["seconds"][kind]
    numbers: list[int] = []
    for done in range(state["done"][kind], programs):
        if not numbers or done % _CHUNK == 0:
            numbers = seeds(first + done // _CHUNK)
        number = numbers[done % _CHUNK]
        found = difference(kind, program(kind, number))
        if found:
            differing.append(number)
            print(f"{kind} {number} differs: {found}", flush=True)
        state["refused"][kind] += found is None
        state["done"][kind] = done + 1
        state["seconds"][kind] = before + time.process_time() - began
        if done % _COLLECT == 0:
            gc.collect()
        if (done + 1) % _REPORT == 0:
            _note(kind, state, programs, path)
    _note(kind, state, programs, path)


def _note(kind: str, state: State, programs: int, path: Path) -> None:
    path.write_text(json.dumps(state))
    done, seconds = state["done"][kind], state["seconds"][kind]
    print(
        f"{kind}: {done} of {programs}, {len(state['differing'][kind])} differ, {state['refused'][kind]} not Python;",
        f"{seconds / 60:.1f} min, {1000 * seconds / max(done, 1):.0f} ms each,",
        f"{getrusage(RUSAGE_SELF).ru_maxrss >> 10} MiB",
        flush=True,
    )


def resumed(path: Path, campaign: list[object]) -> State:
    """What the file says of this campaign, or a new beginning: also when any source has changed since."""
    if path.exists():
        state: State = json.loads(path.read_text())
        if state["campaign"] == campaign:
            return state
    nothing = dict.fromkeys(KINDS, 0)
    return State(
        campaign=campaign,
        done=nothing,
        refused=dict(nothing),
        seconds=dict.fromkeys(KINDS, 0.0),
        differing={kind: [] for kind in KINDS},
    )


def sources() -> str:
    """A digest of what is compared and of what compares."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted([*Path("noodle_ray").rglob("*.py"), *Path("tests/language").glob("*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def one(kind: str, number: int) -> bool:
    """Show the program of a seed; one that differs, smaller too. Whether it agrees."""
    source = program(kind, number)
    print(source)
    found = difference(kind, source)
    if not found:
        print("# agrees")
        return True
    print(f"# differs: {found}\n# smaller:")
    print(shrink(source, lambda smaller: _differs(kind, smaller)))
    return False


def _differs(kind: str, source: str) -> bool:
    found = difference(kind, source)
    return bool(found) and not str(found).startswith(CompileError.__name__)


def main() -> int:
    """0 if nothing differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=20_000, help="of each kind")
    parser.add_argument("--first", type=int, default=0, help="the chunk of 500 seeds to begin with")
    parser.add_argument("--kind", choices=KINDS, help="one kind only")
    parser.add_argument("--seed", type=int, help="one program only, shown")
    parser.add_argument("--state", type=Path, default=STATE, help="where it is kept how far this is")
    options = parser.parse_args()
    kinds = [options.kind] if options.kind else list(KINDS)
    sys.unraisablehook = lambda _: None
    if options.seed is not None:
        return not all(one(kind, options.seed) for kind in kinds)
    options.state.parent.mkdir(parents=True, exist_ok=True)
    state = resumed(options.state, [options.programs, options.first, sources()])
    gc.collect()
    gc.freeze()
    gc.disable()
    for kind in kinds:
        run(kind, options.programs, options.first, state, options.state)
    return any(state["differing"][kind] for kind in kinds)


if __name__ == "__main__":
    raise SystemExit(main())
