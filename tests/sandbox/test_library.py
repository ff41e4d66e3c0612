"""Library modules in workers, which can import nothing once they are locked down."""

from pathlib import Path
from typing import Any

import pytest

from noodle_ray.core.sandbox.guess import Needs, needs
from noodle_ray.core.sandbox.local import LocalWorker
from tests.sandbox.programs import request

SOURCE = "import re, json\nfrom urllib.parse import quote\n(re.findall('a', 'banana'), json.dumps([1]), quote('a b'))"
RESULT = (["a", "a", "a"], "[1]", "a%20b")


def test_worker_when_it_lacks_a_module_is_started_anew_with_it() -> None:
    with LocalWorker(Needs(("interpreter",), ()), fork_server=False) as worker:
        assert worker.run(request(SOURCE))["result"] == RESULT
        assert worker.run(request("import base64\nbase64.b64encode(b'a')"))["result"] == b"YQ=="


def test_worker_of_a_fork_server_has_every_module() -> None:
    with LocalWorker(fork_server=True) as worker:
        assert worker.run(request(SOURCE))["result"] == RESULT
        assert worker.run(request("'é'.encode('utf-16-le')"))["result"] == b"\xe9\x00"


def test_seed_when_given_repeats_a_run_in_another_worker() -> None:
    draw = request("import random\n[random.random() for _ in range(3)]")
    with LocalWorker(fork_server=False) as worker:
        first = worker.run(draw)
    with LocalWorker(fork_server=False) as worker:
        again = worker.run(draw._replace(seed=first["usage"]["seed"]))  # type: ignore[index]
        assert again["result"] == first["result"]
        assert worker.run(draw)["result"] != first["result"]


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("print(1)", set()),
        ("import re", {"re"}),
        ("import re, json as j; x = 1", {"re", "json"}),
        ("    from urllib import parse", {"urllib.parse"}),
        ("from noodle_ray import model", {"noodle_ray"}),
        ("from noodle_ray import program", set()),
        ("# import of csv\nx = 'import'", set()),
    ],
)
def test_needs_are_read_off_the_text(tmp_path: Path, source: str, modules: set[str]) -> None:
    file = tmp_path / "program.py"
    file.write_text(source)
    assert set(needs(str(file), "auto").modules) == modules


@pytest.mark.parametrize(
    "source",
    [
        "print(1 + 1)",
        "sorted({'b': 2, 'a': 1}.items()), 'x'.upper(), f'{1.5:>8}', 10 ** 30, [1, 2][::-1], 1 in (1, 2)",
        "'a'.foo",
        "1 // 0",
        "(1).real",
        "id(1), max(map(len, ['a', 'bb'])), [].pop",
        "e = ValueError('x')\ne.add_note('y')\ne.__notes__",
        "def f(n):\n    return [g(i) for i in range(n)]\ng = lambda i: i * 2\nf(3), sum(x for x in f(4))",
        "for x in [1, 2]:\n    while x:\n        x -= 1\n        print(x, 'a'.nothing if x else '')",
    ],
)
def test_lean_worker_gives_what_a_full_one_gives(tmp_path: Path, source: str) -> None:
    file = tmp_path / "program.py"
    file.write_text(source)
    lean = needs(str(file), "auto")
    assert lean.lean
    outcomes = []
    for worker in (LocalWorker(lean, fork_server=False), LocalWorker(fork_server=False)):
        with worker:
            outcome = worker.run(request(source)._replace(seed=1))
        outcomes.append((outcome["result"], outcome["stdout"], outcome["error"], outcome["usage"]["fuel"]))  # type: ignore[index]
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    "source",
    [
        "hash('x')",
        "[(2)for x in 'ab']",
        "import re",
        "x = 'é'",
        "class A: pass",
        "for x in 1:\n    pass\nelse: finally",
    ],
)
def test_program_that_needs_more_gets_no_lean_worker(tmp_path: Path, source: str) -> None:
    file = tmp_path / "program.py"
    file.write_text(source)
    assert not needs(str(file), "auto").lean


@pytest.mark.parametrize("worker", [{"needs": Needs(("python",), (), True, True)}, {}, {"fork_server": True}])
def test_program_of_many_functions_runs_in_every_worker(worker: dict[str, Any]) -> None:
    source = "".join(f"def f{n}():\n    return {n}\n" for n in range(20)) + "f3() + f19()"
    with LocalWorker(**worker) as started:
        assert started.run(request(source))["result"] == 22
