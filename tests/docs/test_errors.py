"""The page of error codes has every code that the sources raise, once, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"NOODLE-E0\d{3}")
NAMED = re.compile(r"E0\d{3}")


def test_errors_page_has_exactly_the_codes_that_are_raised() -> None:
    sources = [path for folder in ("noodle_ray", "deployments") for path in (ROOT / folder).rglob("*.py")]
    raised = {code for path in sources for code in CODE.findall(path.read_text())}
    listed = [line.split("|")[1].strip() for line in (ROOT / "docs/errors.md").read_text().splitlines() if "|" in line]
    codes = [code for code in listed if CODE.fullmatch(code)]
    assert len(codes) == len(set(codes))
    elsewhere = set(NAMED.findall((ROOT / "docs/limitations.md").read_text() + (ROOT / "docs/nbc.md").read_text()))
    assert raised - set(codes) <= {f"NOODLE-{code}" for code in elsewhere}
    assert set(codes) <= raised
