"""The long comparison: which programs it makes, how it goes on, and how it shows what differs."""

import json
from pathlib import Path

import pytest

from tests.language import agreement, campaign
from tests.language.campaign import difference, program, resumed, run, seeds
from tests.language.shrinking import shrink


def test_seeds_of_a_chunk_are_the_same_each_time_and_others_than_the_next_one_has() -> None:
    first = seeds(1)
    assert first == seeds(1)
    assert len({*first, *seeds(2)}) == 2 * len(first)


def test_program_of_a_seed_is_the_same_each_time() -> None:
    assert program("whole", 7) == program("whole", 7) != program("whole", 8)


def test_campaign_goes_on_where_it_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    monkeypatch.setattr(campaign, "difference", lambda kind, source: compared.append(source) or "")
    path = tmp_path / "state.json"
    run("numeric", 3, 0, resumed(path, ["this"]), path)
    run("numeric", 5, 0, resumed(path, ["this"]), path)
    assert compared == [program("numeric", number) for number in seeds(0)[:5]]


def test_campaign_begins_anew_when_sources_have_changed(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps({**resumed(path, ["old"]), "done": {"whole": 3, "numeric": 3}}))
    assert resumed(path, ["old"])["done"]["whole"] == 3
    assert resumed(path, ["new"])["done"]["whole"] == 0


def test_seed_of_what_differs_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "difference", lambda kind, source: "a line")
    state = resumed(tmp_path / "state.json", ["this"])
    run("whole", 2, 0, state, tmp_path / "state.json")
    assert state["differing"]["whole"] == seeds(0)[:2]


def test_difference_says_on_which_tier_and_where(monkeypatch: pytest.MonkeyPatch) -> None:
    real = agreement.on_tier

    def wrong(module: object, tier: str, *args: object, **kwargs: object) -> object:
        (output, error), fuel = real(module, tier, *args, **kwargs)  # type: ignore[arg-type]
        return (output.replace("2", "3") if tier == "python" else output, error), fuel

    monkeypatch.setattr(agreement, "on_tier", wrong)
    assert difference("whole", "print(1)\nprint(2)\n") == "python: '3' for '2'"
    assert difference("whole", "print(1)\n") == ""
    assert difference("whole", "return\n") is None


def test_program_that_takes_too_long_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "SECONDS", 0.05)
    assert str(difference("whole", "while True:\n    pass\n")).startswith("TooSlow")


def test_shrinking_leaves_what_is_needed() -> None:
    source = "a = 1\nif a:\n    b = 2\n    while a:\n        a = 0\n    print(b)\nelse:\n    a = 3\n"
    assert shrink(source, lambda smaller: "b = 2" in smaller and _is_python(smaller)) == "b = 2\n"


def _is_python(source: str) -> bool:
    try:
        compile(source, "", "exec")
    except SyntaxError:
        return False
    return True
