"""``noodle resume``: go on with a local run that fuel ended."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from noodle_ray.cli.files import Loaded
from noodle_ray.cli.output import report
from noodle_ray.cli.run import keep_stopped, run_with_models, show_outcome
from noodle_ray.core.nbc import load
from noodle_ray.core.runs.continuation import Journal, of, read
from noodle_ray.core.sandbox.local import LocalWorker
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.errors import NoodleError, UsageError
from noodle_ray.paths import home

KEPT: Final = 16
"""Stopped runs kept, the latest ones."""


def keep(outcome: dict[str, Any], request: RunRequest, program: Loaded, journal: Journal | None) -> str | None:
    """Keep a run that fuel ended; the name to resume it by, or None if its answers are too large to keep."""
    text = of(request, outcome, journal or Journal())
    if text is None:
        return None
    name = hashlib.sha256(text.encode()).hexdigest()[:8]
    folder = _folder()
    content = json.dumps({"continuation": text, "source": program.source, "filename": program.filename})
    (folder / f"{name}.json").write_text(content, encoding="utf-8")
    for old in _kept()[KEPT:]:
        old.unlink(missing_ok=True)
    return name


def resume_run(name: str | None, *, fuel: int | None, as_json: bool = False) -> int:
    """Go on with a stopped run, the latest if none is named, print what it gives, and return the exit status."""
    try:
        path = _find(name)
        kept = json.loads(path.read_text(encoding="utf-8"))
        stopped = read(kept["continuation"]).with_fuel(fuel)
        module = load(stopped.request.module)
        program = Loaded(kept["filename"], kept["source"], module, stopped.request.module)
        journal = Journal(stopped.answers)
        with LocalWorker() as worker:
            if module.models:
                outcome = run_with_models(worker, stopped.request, module.models, journal)
            else:
                outcome = worker.run(stopped.request)
        keep_stopped(outcome, stopped.request, program, journal)
    except NoodleError as error:
        return report(error, as_json=as_json)
    path.unlink(missing_ok=True)
    return show_outcome(outcome, program, as_json=as_json)


def _folder() -> Path:
    folder = home() / "stopped"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _kept() -> list[Path]:
    return sorted(_folder().glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)


def _find(name: str | None) -> Path:
    kept = _kept()
    if name is None and kept:
        return kept[0]
    for path in kept:
        if path.stem == name:
            return path
    message = f"there is no stopped run {name!r}" if name else "there is no stopped run"
    hint = f"these can be resumed: {', '.join(path.stem for path in kept)}" if kept else "a run that fuel ended is kept"
    raise UsageError(message, code="NOODLE-E0921", hint=hint)
