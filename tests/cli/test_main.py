"""The command as a whole: fast path, help, completion, colours, pipes."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from noodle_ray import __version__
from noodle_ray.cli.scan import scan
from tests.cli.conftest import NOODLE, Command

HEAVY = (
    "asyncio", "collections", "contextlib", "dataclasses", "datetime", "enum", "fastapi", "functools", "greenlet",
    "httpx", "importlib", "inspect", "logging", "msgpack", "numpy", "operator", "pydantic", "ray", "re", "rich",
    "torch", "typer", "types", "typing", "warnings",
)  # fmt: skip
OWN_MODULES = {"parent": 70, "worker": 88}
"""The most modules of the package for a one-line program: each costs a tenth of a millisecond or two."""


def test_run_imports_nothing_heavy() -> None:
    script = (
        "import sys; from noodle_ray.cli.main import main; status = main(['run', '-']); "
        f"print(status, [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], input="1 + 1", capture_output=True, text=True, timeout=60)
    assert done.stdout == "2\n0 []\n", done.stderr


LOADED = f"print([n for n in {HEAVY!r} if n in sys.modules], sum(n.startswith('noodle_ray') for n in sys.modules))"


def test_one_line_run_imports_little(tmp_path: Path) -> None:
    program = tmp_path / "one.py"
    program.write_text("1 + 1")
    parent = f"import sys; from noodle_ray.cli.main import main; main(['run', {str(program)!r}]); {LOADED}"
    worker = (
        "import sys; from noodle_ray.core.sandbox import guess, local, warm, worker; "
        f"warm.load(guess.needs({str(program)!r}, 'auto')); {LOADED}"
    )
    for script, most in ((parent, OWN_MODULES["parent"]), (worker, OWN_MODULES["worker"])):
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
        heavy, count = done.stdout.splitlines()[-1].rsplit(" ", 1)
        assert heavy == "[]", f"{heavy}: noodle_ray.light has what its modules need of these"
        assert int(count) <= most


def test_finder_takes_bytecode_only_of_the_source_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "noodle_ray").mkdir()
    for name, text in (("__init__", ""), ("a", "value = 1")):
        (tmp_path / "noodle_ray" / f"{name}.py").write_text(text)
    script = "import sys; sys.path.insert(0, sys.argv[1]); import noodle_ray.a as a; print(a.value, a.__spec__.loader)"
    finder = (Path(__file__).parents[2] / "noodle_ray/cli/finder.py").read_text()
    found = []
    for text in ("value = 1", "value = 1", "value = 23", "value = 23"):
        if text != (tmp_path / "noodle_ray" / "a.py").read_text():
            (tmp_path / "noodle_ray" / "a.py").write_text(text)
        done = subprocess.run(
            [sys.executable, "-c", f"{finder}\ninstall()\n{script}", str(tmp_path)],
            capture_output=True, text=True, timeout=60, check=True, env={},
        )  # fmt: skip
        value, _, loader = done.stdout.partition(" ")
        found.append((int(value), "__main__._Loader" in loader))
    assert found == [(1, False), (1, True), (23, False), (23, True)]


def test_package_import_loads_nothing_until_asked() -> None:
    script = "import sys, noodle_ray; print(sorted(m for m in sys.modules if m.startswith('noodle_ray')))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout == "['noodle_ray']\n"


def test_package_has_no_other_attributes() -> None:
    import noodle_ray

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = noodle_ray.nothing
    assert dir(noodle_ray) == [
        *("AsyncClient", "Client", "ModelError", "__version__", "array", "connect", "model", "program"),
        *("run_program", "sleep", "tool", "wait_for_signal"),
    ]


def test_version_is_the_packages(noodle: Command) -> None:
    assert noodle("version") == (0, f"noodle {__version__}\n", "")
    assert json.loads(noodle("version", "--json").out) == {"version": __version__}


@pytest.mark.parametrize("argv", [["--help"], ["-h"], ["run", "--help"], ["models", "--help"]])
def test_help_is_on_stdout_and_succeeds(noodle: Command, argv: list[str]) -> None:
    done = noodle(*argv)
    assert (done.status, done.err) == (0, "")
    assert "Usage: noodle" in done.out


def test_help_names_every_command(noodle: Command) -> None:
    text = noodle("--help").out
    for name in ["up", "down", "status", "doctor", "run", "compile", "verify", "check", "models", "version"]:
        assert f" {name} " in text


def test_completion_script_is_shown(noodle_process: Command) -> None:
    by_name = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # else what started the tests says which shell
    done = noodle_process("--show-completion", "bash", **by_name)
    assert done.status == 0
    assert "complete" in done.out


def test_completion_offers_commands(noodle_process: Command) -> None:
    done = noodle_process(_NOODLE_COMPLETE="complete_bash", COMP_WORDS="noodle ver", COMP_CWORD="1")
    assert set(done.out.split()) >= {"verify", "version"}


def test_colours_are_used_only_when_wanted(noodle_process: Command) -> None:
    source = b"1 / 0"
    assert "\x1b[" in noodle_process("run", "-", stdin=source, FORCE_COLOR="1").err
    assert "\x1b[" not in noodle_process("run", "-", stdin=source, FORCE_COLOR="1", NO_COLOR="1").err
    assert "\x1b[" not in noodle_process("run", "-", stdin=source).err


def test_command_ends_quietly_when_its_reader_goes_away() -> None:
    command = f"{NOODLE} run - | head -c 1"
    source = "for i in range(20000): print('line', i)"
    done = subprocess.run(["bash", "-c", command], input=source, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("l", "")


def test_module_can_be_run_as_a_command() -> None:
    done = subprocess.run([sys.executable, "-m", "noodle_ray", "version"], capture_output=True, text=True, timeout=60)
    assert done.stdout == f"noodle {__version__}\n"


def test_scan_sorts_options_from_files() -> None:
    found = scan(["--a", "1", "x", "--flag", "--a=2", "-", "--", "--b"], frozenset({"--a"}), frozenset({"--flag"}))
    assert found is not None
    assert (found.positional, found.all("--a"), found.last("--a")) == (["x", "-", "--b"], ["1", "2"], "2")
    assert found.has("--flag")
    assert not found.has("--b")


@pytest.mark.parametrize("argv", [["--b"], ["--a"], ["--flag=1"], ["-x"]])
def test_scan_gives_up_on_anything_else(argv: list[str]) -> None:
    assert scan(argv, frozenset({"--a"}), frozenset({"--flag"})) is None


def test_command_ends_with_its_worker_when_interrupted() -> None:
    running = subprocess.Popen([NOODLE, "run", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert running.stdin is not None
        running.stdin.write(b"while True: pass")
        running.stdin.close()
        process = psutil.Process(running.pid)
        while not process.children() or process.children()[0].cpu_times().user < 0.2:
            assert running.poll() is None
        (worker,) = process.children()
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 130
        assert running.stderr is not None
        assert running.stderr.read() == b""
        assert not worker.is_running()
    finally:
        running.kill()
        running.wait()
