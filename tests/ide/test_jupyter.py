"""The ``%%noodle`` magic, and the notebook that shows it."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from nbclient import NotebookClient

from noodle_ray.ide.jupyter import CellFailed

NOTEBOOKS = Path(__file__).resolve().parent.parent.parent / "notebooks"


def _cell(shell: InteractiveShell, line: str, body: str) -> tuple[Any, Any]:
    """Run a cell; return its result and what it showed."""
    with capture_output() as shown:
        value = shell.run_cell_magic("noodle", line, body)
    return value, shown


def _html(shown: Any) -> str:
    return "".join(output.data.get("text/html", "") for output in shown.outputs)


def test_cell_gives_the_result_and_shows_output_and_timeline(shell: InteractiveShell) -> None:
    value, shown = _cell(shell, "", "print('hi')\n40 + 2\n")
    assert value == 42
    assert shown.stdout == "hi\n"
    assert _html(shown).startswith("<svg")


def test_cell_passes_arguments_to_main(shell: InteractiveShell) -> None:
    line = """name="Ann Lee" times=2 words='["a"]'"""
    value, _ = _cell(shell, line, "def main(name, times, words):\n    return [name, times, words]\n")
    assert value == ["Ann Lee", 2, ["a"]]


def test_cell_takes_tier_entry_and_limits(shell: InteractiveShell) -> None:
    value, shown = _cell(shell, "--tier interpreter --entry other --no-timeline x=4", "def other(x): return x * x\n")
    assert value == 16
    assert shown.outputs == []
    with pytest.raises(CellFailed, match="NOODLE-E0401"):
        _cell(shell, "--limit fuel=500", "while True: pass\n")


def test_cell_shows_carets_when_it_does_not_compile(shell: InteractiveShell) -> None:
    with pytest.raises(CellFailed) as caught:
        _cell(shell, "", "total = 1\nprint(totl)\n")
    lines = caught.value._render_traceback_()
    assert any(line.endswith("^^^^") for line in lines)
    assert "total" in lines[-1]


def test_cell_shows_the_programs_traceback_when_it_raises(shell: InteractiveShell) -> None:
    with pytest.raises(CellFailed) as caught:
        _cell(shell, "", "def f():\n    return 1 / 0\nf()\n")
    assert caught.value._render_traceback_() == [
        "Traceback (most recent call last):",
        '  File "<cell>", line 3, in <module>',
        "    f()",
        "    ^",
        '  File "<cell>", line 2, in f',
        "    return 1 / 0",
        "           ^",
        "ZeroDivisionError: division by zero",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--tier warp", "invalid choice"),
        ("novalue", "name=value"),
        ("3=4", "name=value"),
        ('text="open', "No closing quotation"),
        ("--limit fule=3", "did you mean"),
        ("--address ftp://x", "not the address"),
        ("--address http://127.0.0.1:9", "noodle up"),
    ],
)
def test_cell_is_misused_when(shell: InteractiveShell, line: str, said: str) -> None:
    with pytest.raises(CellFailed, match=said):
        _cell(shell, line, "1\n")


@pytest.mark.models
@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_notebook_runs_from_top_to_bottom(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    expected = [_result(cell) for cell in notebook.cells]
    NotebookClient(notebook, timeout=240, kernel_name="python3").execute()
    nbformat.validate(notebook)
    assert [_result(cell) for cell in notebook.cells] == expected
    assert any("<svg" in str(cell.get("outputs")) for cell in notebook.cells)


def _result(cell: Any) -> Any:
    """Return what a cell gives that is the same every time: results as text, and errors' names."""
    return [
        output.get("ename") or output["data"].get("text/plain")
        for output in cell.get("outputs", [])
        if output["output_type"] in ("execute_result", "error")
    ]
