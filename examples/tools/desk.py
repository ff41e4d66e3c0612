"""Two tools of a help desk, which keeps its tickets in a file: what a platform's operator writes."""

import json
import os
from pathlib import Path
from typing import Any

DESK = Path(os.environ.get("NOODLE_EXAMPLE_DESK", "desk.json"))


def open_ticket(customer: str, text: str, idempotency_key: str) -> int:
    """Open a ticket and return its number; under one key, once."""
    desk = _read()
    if idempotency_key not in desk["keys"]:
        desk["tickets"].append({"customer": customer, "text": text})
        desk["keys"][idempotency_key] = len(desk["tickets"])
        DESK.write_text(json.dumps(desk))
    number: int = desk["keys"][idempotency_key]
    return number


def tickets_of(customer: str) -> list[str]:
    """The texts of a customer's tickets."""
    return [ticket["text"] for ticket in _read()["tickets"] if ticket["customer"] == customer]


def _read() -> dict[str, Any]:
    empty: dict[str, Any] = {"tickets": [], "keys": {}}
    return json.loads(DESK.read_text()) if DESK.exists() else empty
