"""The targets that a newcomer meets."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "-C", str(ROOT), *arguments], capture_output=True, text=True, timeout=60)


def test_help_lists_every_target() -> None:
    listed = {line.split()[1] for line in _make("help").stdout.splitlines() if line.startswith("  make ")}
    assert {"setup", "demo", "test", "serve", "bench", "check", "help"} <= listed


def test_setup_says_what_is_missing_when_there_is_no_fitting_python(tmp_path: Path) -> None:
    done = _make("setup", "PYTHON=", f"VENV={tmp_path}/venv")
    assert done.returncode != 0
    assert "Noodle needs Python 3.11" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_setup_does_nothing_when_it_was_done(tmp_path: Path) -> None:
    (tmp_path / ".noodle-setup").touch()
    assert "[1/4]" not in _make("-n", "setup", f"VENV={tmp_path}").stdout
    (tmp_path / ".noodle-setup").unlink()
    assert "[1/4]" in _make("-n", "setup", f"VENV={tmp_path}").stdout
