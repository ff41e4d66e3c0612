"""Every code block of the documents runs, and shows what it really prints."""

from pathlib import Path
from typing import Any

import pytest

from noodle_ray.cluster import PlatformState
from tests.docs.blocks import LANGUAGES, ROOT, WORDS, Block, agrees, commands, documents, read, similar
from tests.docs.runner import SETUP_STAMP, Failed, Runner


def _needs_platform(path: Path) -> bool:
    return any(block.word == "platform" for block in read(path))


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_blocks_are_of_known_kinds(path: Path) -> None:
    odd = [b.where for b in read(path) if b.language not in LANGUAGES or b.word not in WORDS]
    assert not odd


def _run(path: Path, folder: Path, url: str | None = None) -> None:
    with Runner(folder, url) as runner:
        for block in read(path):
            runner.run(block)


def _some(platform: bool) -> dict[str, Any]:
    paths = [path for path in documents() if _needs_platform(path) is platform]
    return {"argnames": "path", "argvalues": paths, "ids": [str(path.relative_to(ROOT)) for path in paths]}


@pytest.mark.timeout(900)
@pytest.mark.models
@pytest.mark.parametrize(**_some(platform=False))
def test_document_runs(path: Path, tmp_path: Path) -> None:
    _run(path, tmp_path)


@pytest.mark.timeout(900)
@pytest.mark.cluster
@pytest.mark.parametrize(**_some(platform=True))
def test_document_runs_on_a_platform(path: Path, tmp_path: Path, platform_on_ray: PlatformState) -> None:
    _run(path, tmp_path, platform_on_ray.url)


def _write(folder: Path, text: str) -> Path:
    path = folder / "page.md"
    path.write_text(text)
    return path


def test_read_finds_blocks_with_line_language_and_word(tmp_path: Path) -> None:
    page = _write(tmp_path, "a\n\n<!-- test: fails -->\n```noodle\n1 +\n```\n\n- x\n\n  ```json\n  {}\n  ```\n")
    assert [(b.line, b.language, b.word, b.text) for b in read(page)] == [
        (4, "noodle", "fails", "1 +\n"),
        (10, "json", "", "{}\n"),
    ]


def test_commands_joins_continued_lines_and_keeps_output() -> None:
    assert commands("$ echo a \\\n    b\na b\n\n$ true\n") == [("echo a \\\n    b", "a b"), ("true", "")]


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [("a\nb", "a  \nb\n", True), ("a...c", "a\nb\nc", True), ("a", "a b", False), ("a.c", "abc", False)],
)
def test_agrees_on(expected: str, got: str, same: bool) -> None:
    assert agrees(expected, got) is same


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [("took 1.5 s\n██··", "a\ntook 20 s\n·█", True), ("took 1 s", "failed", False), ("a 1\na 2", "a 7", True)],
)
def test_similar_on(expected: str, got: str, same: bool) -> None:
    assert similar(expected, got) is same


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder


def _block(tmp_path: Path, text: str) -> list[Block]:
    blocks = read(_write(tmp_path, text))
    return [block._replace(path=ROOT / "page.md") for block in blocks]


def test_runner_carries_state_from_block_to_block(tmp_path: Path) -> None:
    text = (
        "```bash\nexport A=5\n```\n\n```console\n$ echo $A\n5\n```\n\n```python\nx = 3\n```\n\n"
        "```python\nimport asyncio\nawait asyncio.sleep(0)\nprint(x)\n```\n\n<!-- test: output -->\n```text\n3\n```\n"
    )
    with Runner(_folder(tmp_path)) as runner:
        for block in _block(tmp_path, text):
            runner.run(block)


def test_make_in_a_documents_folder_does_not_set_up_the_environment_that_the_tests_run_in(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    with Runner(folder) as runner:
        (block,) = _block(tmp_path, "```bash\nmake -n demo\nenv | grep ^PIP_\n```\n")
        runner.run(block)
    assert not (folder / ".venv" / SETUP_STAMP).is_symlink()
    assert "examples.demo" in runner.last
    assert "install" not in runner.last
    assert "PIP_DRY_RUN=1" in runner.last


@pytest.mark.parametrize(
    "text",
    [
        "```bash\nfalse\n```\n",
        "```console\n$ echo a\nb\n```\n",
        "```console\necho a\n```\n",
        "```python\n1 / 0\n```\n",
        "<!-- test: fails -->\n```python\nx = 1\n```\n",
        "```python\nprint(1)\n```\n\n<!-- test: output -->\n```text\n2\n```\n",
        "<!-- test: syntax, other machines -->\n```bash\nif\n```\n",
    ],
)
def test_runner_fails_when_a_block_does_not_hold(tmp_path: Path, text: str) -> None:
    *first, last = _block(tmp_path, text)
    with Runner(_folder(tmp_path)) as runner:
        for block in first:
            runner.run(block)
        with pytest.raises(Failed):
            runner.run(last)
