"""``noodle check`` with the checker's findings: exit status, picture, JSON, and the registry's tasks."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SOURCE = 'from noodle_ray import model\n\nembed = model("minilm")\nvectors = embed(5)\nprint(1 + "a")\n'


def check(tmp_path: Path, source: str, *options: str) -> "subprocess.CompletedProcess[str]":
    file = tmp_path / "program.py"
    file.write_text(source)
    command = [sys.executable, "-m", "noodle_ray", "check", *options, str(file)]
    environment = {**os.environ, "NOODLE_HOME": str(tmp_path), "NO_COLOR": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_findings_are_pictures_with_status_one(tmp_path: Path) -> None:
    done = check(tmp_path, SOURCE)
    assert done.returncode == 1
    assert "error[NOODLE-E0232]: the model 'minilm' takes a text or a list of texts, not int" in done.stderr
    assert '5 | print(1 + "a")\n  |       ^^^^^^^' in done.stderr
    assert "2 problems found" in done.stderr


def test_findings_are_diagnostics_as_json(tmp_path: Path) -> None:
    done = check(tmp_path, SOURCE, "--json")
    assert done.returncode == 1
    found: Any = json.loads(done.stdout)["files"][0]["error"]["diagnostics"]
    assert [(one["code"], one["line"], one["column"]) for one in found] == [
        ("NOODLE-E0232", 4, 10),
        ("NOODLE-E0222", 5, 6),
    ]
    assert found[1]["hint"]


def test_compiler_comes_first_when_it_has_findings(tmp_path: Path) -> None:
    done = check(tmp_path, "x = 1 + 'a'\nprint(nothing)\n")
    assert "NOODLE-E0201" in done.stderr
    assert "NOODLE-E0222" not in done.stderr


def test_status_is_zero_when_nothing_is_found(tmp_path: Path) -> None:
    assert check(tmp_path, "def main(x: int):\n    return x + 1\n").returncode == 0
