"""Library modules in workers, which can import nothing once they are locked down."""

from pathlib import Path
from typing import Any

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.sandbox.guess import Needs, needs
from noodle_ray.core.sandbox.local import LocalWorker
from noodle_ray.core.vm.execute import execute
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


@pytest.mark.parametrize(
    ("module", "expression"),
    [
        ("argparse", "argparse.ArgumentParser(prog='p', description='d').format_help()[:8]"),
        ("ast", "ast.literal_eval('[1, {2}]')[0]"),
        ("base64", "base64.a85encode(b'abc')"),
        ("calendar", "[*calendar.Calendar().itermonthdates(2024, 1)][0].year"),
        ("codecs", "codecs.encode('Hello', 'rot13') + codecs.encode('e', 'cp1252').decode()"),
        ("collections", "collections.Counter('aab').most_common(1)"),
        ("copy", "copy.deepcopy([{1}])"),
        ("csv", "[*csv.reader(['a,b'])]"),
        ("datetime", "datetime.datetime.strptime('2024', '%Y').year"),
        ("decimal", "str(decimal.Decimal('1.5') + 1)"),
        ("difflib", "[*difflib.ndiff(['a'], ['b'])]"),
        ("fractions", "str(fractions.Fraction('1.5'))"),
        ("functools", "functools.singledispatch(lambda x: 1)(2)"),
        ("gzip", "gzip.decompress(gzip.compress(b'a'))"),
        ("hashlib", "hashlib.new('md5', b'a').hexdigest()[:4] + hashlib.blake2b(b'a').hexdigest()[:4]"),
        ("inspect", "str(inspect.signature(lambda a, *, b=1: 0))"),
        ("ipaddress", "format(ipaddress.ip_address('1.2.3.4'), 'b')[:4]"),
        ("json", "json.JSONDecoder().raw_decode('[1] 2')"),
        ("locale", "locale.format_string('%d', 5)"),
        ("pathlib", "pathlib.Path('a/b').exists()"),
        ("pprint", "pprint.pformat({'a': [1] * 50})[:6]"),
        ("statistics", "statistics.stdev([1, 2, 4])"),
        ("string", "string.Template('$a').substitute(a=1)"),
        ("textwrap", "textwrap.fill('a b', 1)"),
        ("time", "time.strptime('2024', '%Y').tm_year"),
        ("tomllib", "tomllib.loads('a = 1979-05-27')['a'].year"),
        ("urllib.parse", "urllib.parse.urlsplit('http://\u00e9x/').netloc"),
        ("uuid", "str(uuid.uuid3(uuid.NAMESPACE_DNS, 'a'))[:4] + str(uuid.uuid5(uuid.NAMESPACE_DNS, 'a'))[:4]"),
        ("warnings", "warnings.filterwarnings('ignore', message='x')"),
        ("xml.etree.ElementTree", "xml.etree.ElementTree.tostring(xml.etree.ElementTree.Element('a'))"),
        ("zlib", "zlib.decompress(zlib.compress(b'a'))"),
    ],
)
def test_module_alone_in_a_worker_needs_no_other(module: str, expression: str) -> None:
    """What CPython imports only when a function first runs has to be there as well."""
    source = f"import {module}\n{expression}"
    with LocalWorker(Needs(("python",), (module,)), fork_server=False) as worker:
        outcome = worker.run(request(source, tier="python"))
    here = execute(compile_source(source), tier="python")
    assert (outcome["error"], outcome["result"]) == (None, here.result)


def test_test_that_expects_a_pattern_needs_no_other_module() -> None:
    source = (
        "import unittest\nclass T(unittest.TestCase):\n    def test(self):\n"
        "        with self.assertRaisesRegex(ValueError, 'x'):\n            raise ValueError('x')\n"
        "len(unittest.defaultTestLoader.loadTestsFromTestCase(T).run(unittest.TestResult()).errors)"
    )
    with LocalWorker(Needs(("python",), ("unittest",)), fork_server=False) as worker:
        assert worker.run(request(source, tier="python"))["result"] == 0
