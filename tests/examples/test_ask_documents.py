"""The example program gives right answers, from the right documents, with and without overlap."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from examples.demo import QUESTIONS, documents, program, sequential
from noodle_ray.core.lang import compile_source

NOODLE = str(Path(sys.executable).with_name("noodle"))
FACTS = [("data-retention.md", "18 months"), ("travel-expenses.md", "52 euros"), ("data-retention.md", "Jonas Feld")]


def _run(source: str, questions: list[str]) -> dict[str, Any]:
    command = [NOODLE, "run", "-", "--json", "--limit", "deadline=200", "--args", json.dumps([documents(), questions])]
    done = subprocess.run(command, input=source, capture_output=True, text=True, timeout=250)
    outcome: dict[str, Any] = json.loads(done.stdout)
    assert outcome["error"] is None, outcome["error"]
    return outcome


@pytest.mark.models
def test_answers_hold_the_facts_of_the_right_passages() -> None:
    outcome = _run(program(), QUESTIONS)
    found = [
        (row["document"], fact in row["answer"] and fact in row["passage"])
        for row, (_, fact) in zip(outcome["result"], FACTS, strict=True)
    ]
    assert found == [(name, True) for name, _ in FACTS]


@pytest.mark.models
def test_calls_share_batches_only_when_nothing_orders_them() -> None:
    few = QUESTIONS[:1]
    overlapped, ordered = _run(program(), few)["usage"], _run(sequential(program()), few)["usage"]
    assert overlapped["model_calls"] == ordered["model_calls"]
    assert overlapped["model_batches"] <= 10
    assert ordered["model_batches"] == ordered["model_calls"]


def test_documents_are_a_dozen_texts_of_some_length() -> None:
    lengths = [len(text.split()) for text in documents().values()]
    assert len(lengths) >= 12
    assert min(lengths) >= 200
    assert max(lengths) <= 500


@pytest.mark.parametrize("source", [program(), sequential(program())], ids=["program", "sequential"])
def test_program_names_both_models(source: str) -> None:
    assert compile_source(source).models == ("minilm", "smollm2")
