"""docs/architecture.md names tests and files that exist."""

import ast
import re

from tests.docs.blocks import ROOT

TEXT = (ROOT / "docs" / "architecture.md").read_text()


def test_named_tests_exist() -> None:
    missing = []
    for path, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT):
        tree = ast.parse((ROOT / path).read_text()) if (ROOT / path).is_file() else ast.Module([], [])
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        if name not in functions:
            missing.append(f"{path}::{name}")
    assert not missing


def test_named_files_exist() -> None:
    names = set(re.findall(r"`([\w/]+/[\w.]+\.(?:py|md|yaml))(?:::\w+)?`", TEXT))
    roots = [ROOT, ROOT / "noodle_ray"]
    assert not [name for name in sorted(names) if not any((root / name).is_file() for root in roots)]
    assert names
