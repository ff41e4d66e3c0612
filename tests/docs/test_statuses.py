"""The table of statuses in docs/http.md has every code that the API gives a status of its own."""

import re
from pathlib import Path

from noodle_ray.api.problems import _STATUS

PAGE = Path(__file__).parents[2] / "docs" / "http.md"


def test_table_of_statuses_is_that_of_the_api() -> None:
    rows = re.findall(r"^\| (\d{3}) \| (`E[^|]*) \|", PAGE.read_text(), re.MULTILINE)
    told = {f"NOODLE-{code}": int(status) for status, codes in rows for code in re.findall(r"E\d{4}", codes)}
    assert {code: told.get(code) for code in _STATUS} == _STATUS
