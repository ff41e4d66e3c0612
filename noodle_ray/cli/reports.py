"""Reports of replays for people."""

import json
from collections import Counter
from typing import Any

from noodle_ray.cli.output import write
from noodle_ray.light import TextIO

_SHOWN = 200
_COUNTED = {
    "divergences": "that it asks otherwise",
    "changes": "that were answered otherwise",
    "unused": "that are not asked for",
}


class Tally:
    """Counts reports of replays, and keeps the first ``keep`` that are worth a look; None keeps all.

    Of another program's run the fuel does not count: that has its own.
    """

    def __init__(self, other_program: bool, keep: int | None) -> None:
        self._other_program = other_program
        self._keep = keep
        self.same = self.differs = self.stopped = self.refused = 0
        self.failed = False
        """Whether a run did not go as it did, as far as it went."""
        self.shown: list[dict[str, Any]] = []
        self.asked: Counter[str] = Counter()

    @property
    def count(self) -> int:
        """How many there were."""
        return self.same + self.differs + self.stopped + self.refused

    def add(self, found: dict[str, Any]) -> None:
        """Count a report, or a run and the ``problem`` that it could not be replayed for."""
        problem = found.get("problem")
        if problem is not None:
            found = {"run": found["run"], "refused": problem.message, "code": problem.code}
        differs = problem is not None or self._differs(found)
        self.failed |= differs
        if problem is not None:
            self.refused += 1
        elif found["stopped"]:
            self.stopped += 1
        else:
            self.differs += differs
            self.same += not differs
        self.asked.update(found.get("asked", {}))
        if self._keep is None or (len(self.shown) < self._keep and (differs or found["stopped"])):
            self.shown.append(found)

    def summary(self) -> dict[str, Any]:
        """The numbers, and the first reports, for ``--json``."""
        numbers = {"runs": self.count, "same": self.same, "differs": self.differs, "stopped": self.stopped}
        return {**numbers, "refused": self.refused, "asked": dict(self.asked), "first": self.shown}

    def sentence(self) -> str:
        """The numbers for people."""
        said = f"{self.count:,} runs: {self.same:,} the same, {self.differs:,} differ, {self.stopped:,} stopped"
        said += f", {self.refused:,} could not be replayed" if self.refused else ""
        return said + "".join(f"; {name} was asked {count:,} times" for name, count in sorted(self.asked.items()))

    def _differs(self, found: dict[str, Any]) -> bool:
        differences = found["differences"].keys() - ({"fuel"} if self._other_program else set())
        return bool(found["divergences"] or found["changes"] or found["unused"] or differences)


def show_reports(reports: list[dict[str, Any]], stream: TextIO) -> None:
    """Say of each replay what differs: a line for the run, and one for each difference."""
    for found in reports:
        if "refused" in found:
            write(f"{found['run']}: {_short(found['refused'])} [{found['code']}]\n", stream)
            continue
        write(f"{found['run']}: {_verdict(found)}\n", stream)
        for one in found["divergences"]:
            write(f"  effect {one['key']}\n", stream)
            write(f"  - {_short(one['journal'] or 'nothing')}\n  + {_short(one['program'])}\n", stream)
        for one in found["changes"]:
            write(f"  effect {one['key']}: {_short(one['asked'])}\n", stream)
            write(f"  - {_value(one['before'])}\n  + {_value(one['after'])}\n", stream)
        for key in found["unused"]:
            write(f"  effect {key} is not asked for\n", stream)
        for kind, count in found.get("more", {}).items():
            write(f"  and {count:,} more {_COUNTED[kind]}\n", stream)
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
