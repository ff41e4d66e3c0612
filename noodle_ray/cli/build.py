"""``noodle compile``, ``verify`` and ``check``: programs without running them."""

import sys
from typing import Any

from noodle_ray.cli.files import is_nbc, load_program, read_bytes, source_text
from noodle_ray.cli.output import error_object, exit_status, report, write, write_json
from noodle_ray.core.nbc.module import Module
from noodle_ray.errors import CompileError, NoodleError, UsageError
from noodle_ray.observability.tracebacks import paint


def compile_file(file: str, *, output: str | None = None, text: bool = False, as_json: bool = False) -> int:
    """Compile a program to NBC: into a file (by default beside the source), as text, or described as JSON."""
    from noodle_ray.core import nbc

    try:
        program = load_program(file)
        if output or not (text or as_json):
            target = output or _beside(file)
            _write_file(target, nbc.to_text(program.module).encode() if text else program.nbc)
            if not as_json:
                write(f"{target}: {nbc.digest(program.nbc)}\n")
        elif text and not as_json:
            write(nbc.to_text(program.module))
        if as_json:
            described = describe(program.module, program.nbc)
            write_json({"file": file, **described, **({"text": nbc.to_text(program.module)} if text else {})})
    except NoodleError as error:
        return report(error, as_json=as_json)
    return 0


def show_passes(file: str) -> int:
    """Print a module's text as compiled and after each optimizer pass that changes it, then what analyses found."""
    from noodle_ray.core import nbc
    from noodle_ray.core.nbc.passes import facts, steps

    try:
        module = load_program(file).module
    except NoodleError as error:
        return report(error)
    write(f"# compiled\n{nbc.to_text(module)}")
    for name, after in steps(module):
        write(f"\n# {name}\n{nbc.to_text(after)}" if after != module else f"\n# {name}: no change\n")
        module = after
    for name, found in facts(module):
        write(f"\n# {name}\n{found}" if found else f"\n# {name}: nothing\n")
    return 0


def show_effects(file: str, *, as_json: bool = False) -> int:
    """Print what each function of a program does, and which of its loops overlap; why not where they do not."""
    from noodle_ray.core.lang.report import as_text, effects_of

    try:
        data = read_bytes(file)
        if is_nbc(file, data):
            raise UsageError(f"{file} is NBC, not source", code="NOODLE-E0902", hint=f"noodle compile {file} --text")
        filename = "<stdin>" if file == "-" else file
        found = effects_of(source_text(data, filename), filename)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        functions = [{**function._asdict(), "loops": [loop._asdict() for loop in function.loops]} for function in found]
        write_json({"file": file, "functions": functions})
    else:
        write(as_text(found))
    return 0


def verify_files(files: list[str], *, as_json: bool = False) -> int:
    """Verify NBC files as an executor does; 0 only if all of them are sound."""
    from noodle_ray.core import nbc

    return _each(files, as_json, lambda data, file: describe(nbc.load(data), data))


def check_files(files: list[str], *, as_json: bool = False) -> int:
    """Find every problem in source files without running them; 0 only if there are none."""

    def check(data: bytes, file: str) -> dict[str, Any]:
        from noodle_ray.core import types
        from noodle_ray.core.lang import check_source

        filename = "<stdin>" if file == "-" else file
        if is_nbc(file, data):
            raise UsageError(f"{file} is NBC, not source", code="NOODLE-E0902", hint=f"noodle verify {file}")
        source = source_text(data, filename)
        found = check_source(source, filename) or types.check(source, filename, _tasks(source))
        if found:
            raise CompileError(found, source, filename)
        return {}

    return _each(files, as_json, check)


def _tasks(source: str) -> dict[str, str]:
    """What the registered models are for, by name, if the program can name any."""
    if "noodle_ray" not in source:
        return {}
    from noodle_ray.ahr.registry import Registry

    try:
        return {reference: spec.task for reference, spec in Registry().references().items()}
    except NoodleError:
        return {}


def describe(module: Module, nbc_bytes: bytes) -> dict[str, Any]:
    """Return what --json tells about a module."""
    from noodle_ray.core import nbc

    return {
        "module": nbc.digest(nbc_bytes),
        "size": len(nbc_bytes),
        "functions": len(module.functions),
        "models": list(module.models),
        "imports": list(module.imports),
    }


def _each(files: list[str], as_json: bool, act: Any) -> int:
    status, shown = 0, []
    for file in files:
        try:
            found = act(read_bytes(file), file)
        except NoodleError as error:
            status = max(status, exit_status(error.code))
            shown.append({"file": file, "ok": False, "error": error_object(error)})
            if not as_json:
                write(f"{file}: ", sys.stderr) if len(files) > 1 and not isinstance(error, CompileError) else None
                report(error)
        else:
            shown.append({"file": file, "ok": True, "error": None, **found})
            if not as_json:
                digest = f" {found['module']}" if "module" in found else ""
                write(f"{file}: {paint('ok', '32', sys.stdout)}{digest}\n")
    if as_json:
        write_json({"ok": status == 0, "files": shown})
    return status


def _beside(file: str) -> str:
    """Return the name of the NBC file for a source file: its name with the suffix .nbc."""
    import os

    if file == "-" or is_nbc(file, b""):
        raise UsageError("say where the module goes", code="NOODLE-E0908", hint="add -o FILE.nbc, --text or --json")
    return os.path.splitext(file)[0] + ".nbc"


def _write_file(path: str, data: bytes) -> None:
    try:
        with open(path, "wb") as stream:
            stream.write(data)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", code="NOODLE-E0902") from None
