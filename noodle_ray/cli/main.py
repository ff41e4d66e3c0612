"""Where the ``noodle`` command starts.

Plain uses of ``run``, ``compile``, ``verify``, ``check`` and ``version`` are parsed by hand and executed without
Typer and Rich, whose imports take longer than such a command itself. Everything else, including every mistake on the
command line, goes to the Typer application, which reads the same options and calls the same functions.
"""

import sys

from noodle_ray.cli.finder import install
from noodle_ray.cli.scan import Arguments, scan


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, 1 the user's program, 2 misuse, 3 the platform."""
    arguments = sys.argv[1:] if argv is None else argv
    try:
        status = _fast(arguments)
        plain = status is not None
        if status is None:
            from noodle_ray.cli.app import run_app

            status = run_app(arguments)
        sys.stdout.flush()
        if plain and argv is None and "noodle_ray.ahr.local" not in sys.modules:
            _leave(status)
        return status
    except BrokenPipeError:
        return _abandon_stdout()
    except KeyboardInterrupt:
        return 130


def _fast(argv: list[str]) -> int | None:
    """Execute a plain command, or return None if it needs the full application."""
    command = argv[0] if argv else ""
    if command in _PLAIN:
        install()
    if command == "run":
        return _run(scan(argv[1:], _RUN_VALUES, _RUN_FLAGS))
    if command == "compile":
        return _compile(scan(argv[1:], _COMPILE_VALUES, _COMPILE_FLAGS))
    if command in ("check", "verify"):
        return _files(command, scan(argv[1:], frozenset(), frozenset({"--json"})))
    if command == "version" and argv[1:] in ([], ["--json"]):
        from noodle_ray.cli.output import print_version

        return print_version("--json" in argv)
    return None


_PLAIN = frozenset({"run", "compile", "check", "verify"})
_RUN_VALUES = frozenset({"--entry", "--args", "--tier", "--limit", "--seed"})
_RUN_FLAGS = frozenset({"--json", "--timeline"})
_COMPILE_VALUES = frozenset({"-o", "--output"})
_COMPILE_FLAGS = frozenset({"--json", "--text"})


def _run(found: Arguments | None) -> int | None:
    if found is None or len(found.positional) != 1:
        return None
    import gc

    gc.disable()  # what loads now stays to the end; looking through it for garbage takes a tenth of the time
    import noodle_ray.core.nbc.encoder  # noqa: F401  # both processes use it: what loads before the fork loads once
    from noodle_ray.core.sandbox.guess import needs
    from noodle_ray.core.sandbox.local import LocalWorker

    # Before all else, so that the worker gets ready on another core while this process loads the compiler and compiles.
    # Forking sooner still, before what both need is loaded, was no faster and took a fifth more processor time.
    seed = found.last("--seed")
    if seed is not None and not (seed.isascii() and seed.isdigit() and len(seed) < 16):
        return None
    with LocalWorker(needs(found.positional[0], found.last("--tier") or "auto")) as worker:
        from noodle_ray.cli.run import run_file

        return run_file(
            found.positional[0],
            entry=found.last("--entry"),
            args=found.last("--args"),
            tier=found.last("--tier") or "auto",
            limits=found.all("--limit"),
            as_json=found.has("--json"),
            timeline=found.has("--timeline"),
            seed=None if seed is None else int(seed),
            worker=worker,
        )


def _compile(found: Arguments | None) -> int | None:
    if found is None or len(found.positional) != 1:
        return None
    from noodle_ray.cli.build import compile_file

    return compile_file(
        found.positional[0],
        output=found.last("-o") or found.last("--output"),
        text=found.has("--text"),
        as_json=found.has("--json"),
    )


def _files(command: str, found: Arguments | None) -> int | None:
    if found is None or not found.positional:
        return None
    from noodle_ray.cli.build import check_files, verify_files

    act = check_files if command == "check" else verify_files
    return act(found.positional, as_json=found.has("--json"))


def _leave(status: int) -> None:
    """End the process at once: taking the interpreter down module by module is a tenth of a short command's time."""
    import os

    sys.stderr.flush()
    os._exit(status)


def _abandon_stdout() -> int:
    """The reader of our output went away: leave without a traceback at exit."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
