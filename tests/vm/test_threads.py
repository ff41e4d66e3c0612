"""Threads of programs: models that they ask overlap, and who waits for ever ends as the deadline would."""

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.execute import Outcome, execute
from noodle_ray.core.vm.limits import Limits
from tests.vm.hosts import ScriptedHost, echo

TIERS = ["interpreter", "python"]
ASK = "from noodle_ray import model\nask = model('m')\n"


def run(source: str, tier: str, host: ScriptedHost | None = None, fuel: int = 1_000_000) -> Outcome:
    return execute(compile_source(source), tier=tier, host=host, limits=Limits(fuel=fuel))


@pytest.mark.parametrize("tier", TIERS)
def test_models_when_workers_of_an_executor_ask_them_are_asked_together(tier: str) -> None:
    source = ASK + (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "def work(text):\n    answer = ask(text)\n    return answer.upper()\n"
        "with ThreadPoolExecutor(4) as pool:\n    answers = list(pool.map(work, ['a', 'b', 'c', 'd']))\nanswers"
    )
    outcome = run(source, tier, ScriptedHost(echo))
    assert (outcome.error, outcome.result) == (None, ["A!", "B!", "C!", "D!"])
    assert outcome.usage["model_batches"] == 1


@pytest.mark.parametrize("tier", TIERS)
def test_models_when_threads_ask_them_are_asked_together(tier: str) -> None:
    source = ASK + (
        "import threading\nfound = {}\n"
        "def work(text):\n    found[text] = ask(text)\n"
        "threads = [threading.Thread(target=work, args=(c,)) for c in 'abc']\n"
        "for t in threads:\n    t.start()\nfor t in threads:\n    t.join()\nfound"
    )
    outcome = run(source, tier, ScriptedHost(echo))
    assert (outcome.error, outcome.result) == (None, {"a": "a!", "b": "b!", "c": "c!"})
    assert outcome.usage["model_batches"] == 1


DEADLOCKS = {
    "a lock taken twice": "lock = threading.Lock()\nlock.acquire()\nlock.acquire()",
    "two locks in two orders": (
        "a, b, step = threading.Lock(), threading.Lock(), threading.Barrier(2)\n"
        "def f(x, y):\n    with x:\n        step.wait()\n        with y:\n            pass\n"
        "for pair in ((a, b), (b, a)):\n    threading.Thread(target=f, args=pair).start()"
    ),
    "an event that nobody sets": "threading.Event().wait()",
    "a thread that waits for the main thread": (
        "main = threading.current_thread()\nthreading.Thread(target=main.join).start()"
    ),
    "a semaphore without places": "threading.Semaphore(0).acquire()",
    "a barrier for one more": "threading.Barrier(2).wait()",
}


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("name", DEADLOCKS)
def test_program_that_waits_for_ever_ends_as_the_deadline_would(name: str, tier: str) -> None:
    outcome = run("import threading\n" + DEADLOCKS[name], tier)
    assert outcome.error is not None
    assert outcome.error["code"] == "NOODLE-E0403"


@pytest.mark.parametrize("tier", TIERS)
def test_fuel_that_ends_in_a_thread_ends_the_run(tier: str) -> None:
    source = (
        "import threading\n"
        "def work():\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass\n"
        "    finally:\n        print('finally')\n"
        "threading.Thread(target=work).start()\nprint('main goes on')"
    )
    outcome = run(source, tier, fuel=5_000)
    assert outcome.error is not None
    assert (outcome.error["code"], outcome.stdout) == ("NOODLE-E0401", "")


def test_fuel_when_consumers_wait_in_tight_loops_is_the_same_on_each_tier() -> None:
    source = (
        "import queue, threading\nq = queue.Queue(1)\n"
        "def take(n):\n    for _ in range(n):\n        q.get()\n"
        "t = threading.Thread(target=take, args=(50,))\nt.start()\n"
        "for i in range(50):\n    q.put(i)\nt.join()\n"
    )
    for fuel in (300, 500, 700, 900, 1_100, 1_000_000):
        interpreted, compiled = (run(source, tier, fuel=fuel) for tier in TIERS)
        assert interpreted.usage["fuel"] == compiled.usage["fuel"]
        assert (interpreted.error is None) == (compiled.error is None)


def test_threads_beyond_the_most_are_refused() -> None:
    source = (
        "import threading\nevent, n = threading.Event(), 0\n"
        "try:\n    while True:\n        threading.Thread(target=event.wait).start()\n        n += 1\n"
        "except RuntimeError as error:\n    print(n, error)\nevent.set()\n"
    )
    assert run(source, "python", fuel=10_000_000).stdout == "1000 can't start new thread\n"


def test_nothing_of_a_runs_threads_is_left_for_the_next() -> None:
    first = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()"
    assert run(first, "python").error is None
    second = "import threading\nt = threading.Thread(target=print)\nthreading.active_count(), t.name"
    assert run(second, "python").result == (1, "Thread-1 (print)")
