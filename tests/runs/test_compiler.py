"""The compiler service: what it compiled before makes it quicker and changes nothing."""

import asyncio
from pathlib import Path

from benchmarks.compiling import program
from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc import digest, encode
from noodle_ray.core.runs.compiler import CompilerService
from noodle_ray.core.runs.modules import Compilation, ModuleStore


def compiled(service: CompilerService, source: str) -> Compilation:
    return asyncio.run(service.compile(source))


def test_module_of_an_edited_source_is_that_of_a_service_that_knows_nothing(tmp_path: Path) -> None:
    service = CompilerService(ModuleStore(tmp_path / "one"))
    for edit in (-1, 3, 5, -1):
        source = program(12, edit)
        found = compiled(service, source).unwrap()
        assert found == compiled(CompilerService(ModuleStore(tmp_path / "other")), source).unwrap()
        assert found.digest == digest(encode(compile_source(source)))


def test_source_with_a_fault_has_its_diagnostics_when_most_of_it_is_known(tmp_path: Path) -> None:
    service = CompilerService(ModuleStore(tmp_path))
    compiled(service, program(12))
    found = compiled(service, program(12) + "undefined_name\n")
    assert found.module is None
    assert [(one.code, one.span[0]) for one in found.diagnostics] == [("NOODLE-E0201", program(12).count("\n") + 1)]


def test_sources_that_are_compiled_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    service = CompilerService(ModuleStore(tmp_path))
    sources = [program(10, edit) for edit in range(8)]

    async def all_of_them() -> list[Compilation]:
        return await asyncio.gather(*[service.compile(source) for source in sources])

    for source, found in zip(sources, asyncio.run(all_of_them()), strict=True):
        assert found.unwrap().nbc == encode(compile_source(source))
