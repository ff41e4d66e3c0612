"""The compiler as a whole: light to import, deterministic, and every module it makes passes the verifier."""

import subprocess
import sys
from pathlib import Path

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc import decode, encode, verify
from tests.language.harness import load

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = [
    *((case.name, case.source) for case in load()),
    *((path.name, path.read_text()) for path in sorted(ROOT.glob("examples/*.noodle"))),
]
HEAVY = {
    "ast",
    "asyncio",
    "concurrent",
    "dataclasses",
    "inspect",
    "logging",
    "pydantic",
    "ray",
    "torch",
    "fastapi",
    "difflib",
}


def test_import_is_light_when_alone() -> None:
    script = "import sys, noodle_ray.core.lang as l; l.compile_source('1 + 1'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not HEAVY & set(done.stdout.split())


@pytest.mark.parametrize("source", [source for _, source in PROGRAMS], ids=[name for name, _ in PROGRAMS])
def test_module_is_verified_and_canonical_when_made_from_a_program(source: str) -> None:
    module = compile_source(source, "one")
    verify(module)
    data = encode(module)
    assert encode(decode(data)) == data
    assert encode(compile_source(source, "other")) == data
