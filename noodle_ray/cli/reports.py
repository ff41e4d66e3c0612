"""Reports of replays for people."""

import json
from typing import Any

from noodle_ray.cli.output import write
from noodle_ray.light import TextIO

_SHOWN = 200


def show_reports(reports: list[dict[str, Any]], stream: TextIO) -> None:
    """Say of each replay what differs: a line for the run, and one for each difference."""
    for found in reports:
        write(f"{found['run']}: {_verdict(found)}\n", stream)
        for one in found["divergences"]:
            write(f"  effect {one['key']}\n", stream)
            write(f"  - {_short(one['journal'] or 'nothing')}\n  + {_short(one['program'])}\n", stream)
        for one in found["changes"]:
            write(f"  effect {one['key']}: {_short(one['asked'])}\n", stream)
            write(f"  - {_value(one['before'])}\n  + {_value(one['after'])}\n", stream)
        for key in found["unused"]:
            write(f"  effect {key} is not asked for\n", stream)
        for name, (before, now) in found["differences"].items():
            write(f"  {name}\n  - {_value(before)}\n  + {_value(now)}\n", stream)


def _verdict(found: dict[str, Any]) -> str:
    if found["same"]:
        return "the same"
    if found["stopped"]:
        return f"stopped: {_short(found['stopped'])}"
    if not found["fits"]:
        return "differs"
    return "gives something else" if found["differences"].keys() - {"fuel"} else "takes other fuel"


def _value(value: Any) -> str:
    return _short(json.dumps(value, ensure_ascii=False))


def _short(text: str) -> str:
    text = text.encode("unicode_escape").decode() if not text.isprintable() else text
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
