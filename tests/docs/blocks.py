"""Reads the fenced code blocks of a Markdown file.

A comment on the line before a fence says what a block needs or does::

    <!-- test: platform -->            needs a running platform; its addresses replace 127.0.0.1:8000 and :8001 (gRPC)
    <!-- test: fails -->               must fail (a diagnostic, an uncaught exception)
    <!-- test: output -->              a text block that must equal what the block before it printed
    <!-- test: shape -->               the same, but numbers and bars may differ, and lines may be left out
    <!-- test: syntax, why -->         needs other machines or minutes, so that only its syntax is checked
"""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
WORDS = {"", "platform", "fails", "output", "shape", "syntax"}
LANGUAGES = {"python", "bash", "console", "noodle", "json", "yaml", "toml", "text", "nbc", "mermaid"}


class Block(NamedTuple):
    """One fenced block. ``line`` is the number of the fence; ``word`` is the test comment's first word."""

    path: Path
    line: int
    language: str
    word: str
    text: str

    @property
    def where(self) -> str:
        """``docs/http.md:12``"""
        return f"{self.path.relative_to(ROOT)}:{self.line}"


_FENCE = re.compile(r"^( *)(`{3,})([\w+-]*)\s*$")
_COMMENT = re.compile(r"<!-- test: (\w+)(?:, .+)? -->")


def read(path: Path) -> list[Block]:
    """All blocks of a file, in order. An unknown language or test word is an error in the document."""
    lines = path.read_text().splitlines()
    found, number = [], 0
    while number < len(lines):
        fence = _FENCE.match(lines[number])
        if fence is None:
            number += 1
            continue
        indent, ticks, language = fence.groups()
        before = next((line for line in reversed(lines[:number]) if line.strip()), "")
        comment = _COMMENT.search(before)
        start = number + 1
        number = start
        while lines[number].strip() != ticks:
            number += 1
        text = "\n".join(line.removeprefix(indent) for line in lines[start:number]) + "\n"
        found.append(Block(path, start, language, comment[1] if comment else "", text))
        number += 1
    return found


def documents() -> list[Path]:
    """The documents whose blocks are tested."""
    listed = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").glob("*.md"))]
    return [path for path in [*listed, *sorted((ROOT / "cluster").rglob("*.md"))] if path.is_file()]


def commands(text: str) -> list[tuple[str, str]]:
    """The (command, expected output) pairs of a console block; lines ending in a backslash go on."""
    pairs: list[tuple[list[str], list[str]]] = []
    continued = False
    for line in text.splitlines():
        if continued:
            pairs[-1][0].append(line.removeprefix("> "))
        elif line.startswith("$ "):
            pairs.append(([line[2:]], []))
        elif pairs:
            pairs[-1][1].append(line)
        continued = bool(pairs) and not pairs[-1][1] and pairs[-1][0][-1].endswith("\\")
    return [("\n".join(command), "\n".join(output).strip()) for command, output in pairs]


def agrees(expected: str, got: str) -> bool:
    """Whether output is as shown; ``...`` stands for anything, and space at line ends does not count."""
    pattern = ".*".join(re.escape(part) for part in re.sub(r"[ \t]+\n", "\n", expected.strip()).split("..."))
    return re.fullmatch(pattern, re.sub(r"[ \t]+\n", "\n", got.strip()), re.DOTALL) is not None


def similar(expected: str, got: str) -> bool:
    """Whether every line shown occurs in the output, when numbers and what is drawn with blocks do not count."""
    return _shapes(expected) <= _shapes(got)


def _shapes(text: str) -> set[str]:
    return {
        re.sub(r"\s+", " ", re.sub(r"[█·]+", "bar", re.sub(r"\d[\d,.]*", "0", line))).strip()
        for line in text.splitlines()
    }
