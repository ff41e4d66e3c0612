"""What the registry's file says, as data: models, their versions, and the aliases that point to them.

The file is JSON: ``{"version": 2, "models": {NAME: {"aliases": {ALIAS: [LABEL, ...]}, "versions": [...]}}}``. An alias
has the versions that it pointed to, the present one first: where that one cannot be loaded, those after it serve.
Version 1 of the format was a list of models without versions; it is read, and written anew at the next change.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from noodle_ray.ahr.spec import NAME, ModelSpec
from noodle_ray.ahr.version import DEFAULT, LABEL, MIN_DIGEST, ModelVersion, check_label, malformed

FORMAT = 2
_HISTORY = 8  # earlier versions that an alias remembers


@dataclass(slots=True)
class Entry:
    """One model: its versions by label, and per alias the labels that it pointed to, the present one first."""

    name: str
    versions: dict[str, ModelVersion] = field(default_factory=dict)
    aliases: dict[str, list[str]] = field(default_factory=dict)

    def add(self, version: ModelVersion, *, default: bool) -> None:
        """Take in a version; it becomes the default if it is the first, or if that is wanted."""
        label = version.label
        self.check_new(label)
        self.versions[label] = version
        if default or DEFAULT not in self.aliases:
            self.point(DEFAULT, label)

    def check_new(self, label: str) -> None:
        """Raise ModelError E0606 if no further version can be called so."""
        check_label("version", label)
        if label in self.versions:
            raise malformed(
                f"a model named {self.name!r} is already registered with the version {label!r}",
                "versions do not change; give another one with --version, or remove this one first",
            )
        if label in self.aliases:
            raise malformed(f"{label!r} is an alias of {self.name!r}, so no version can be called so")

    def point(self, alias: str, label: str) -> None:
        """Let an alias point to a version; what it pointed to before is remembered."""
        check_label("alias", alias)
        if alias in self.versions:
            raise malformed(f"{alias!r} is a version of {self.name!r}, so no alias can be called so")
        before = [one for one in self.aliases.get(alias, []) if one != label]
        self.aliases[alias] = [label, *before][: 1 + _HISTORY]

    def drop(self, label: str) -> ModelVersion:
        """Forget a version. Refused while an alias points to it."""
        if held := sorted(alias for alias, labels in self.aliases.items() if labels[0] == label):
            raise malformed(
                f"the version {label!r} of {self.name!r} is what {', '.join(held)} points to",
                f"point it elsewhere first: noodle models alias {self.name} {held[0]} OTHER_VERSION",
            )
        for labels in self.aliases.values():
            labels[:] = [one for one in labels if one != label]
        return self.versions.pop(label)

    def find(self, token: str) -> list[str]:
        """The labels that a token means, the wanted one first: an alias, a version, or a digest's first digits."""
        if token in self.aliases:
            return list(self.aliases[token])
        if token in self.versions:
            return [token]
        if len(token) < MIN_DIGEST or set(token) - set("0123456789abcdef"):
            return []
        found = [label for label, version in self.versions.items() if version.spec.digest.startswith(token)]
        return found if len(found) == 1 else []

    def to_dict(self) -> dict[str, Any]:
        """The entry as the file has it."""
        return {"aliases": self.aliases, "versions": [version.to_dict() for version in self.versions.values()]}


def parse(data: Any) -> dict[str, Entry]:
    """The entries by name of a registry file's content. Raises ModelError E0606 when it is malformed."""
    if isinstance(data, dict) and data.get("version") == 1 and isinstance(data.get("models"), list):
        return migrated(ModelSpec.from_dict(entry) for entry in data["models"])
    if not isinstance(data, dict) or data.get("version") != FORMAT or not isinstance(data.get("models"), dict):
        raise malformed(f"it must be an object with version {FORMAT} and an object of models")
    return {name: _entry(name, content) for name, content in data["models"].items()}


def dump(entries: Iterable[Entry]) -> dict[str, Any]:
    """What `parse` reads."""
    ordered = sorted(entries, key=lambda entry: entry.name)
    return {"version": FORMAT, "models": {entry.name: entry.to_dict() for entry in ordered}}


def migrated(specs: Iterable[ModelSpec]) -> dict[str, Entry]:
    """Entries of one version each, for the models of a file of version 1."""
    entries = {}
    for spec in specs:
        label = spec.label
        if not LABEL.fullmatch(label) or label == DEFAULT:
            # It was free text then. What is fetched must stay the same, so the revision goes where it belongs.
            options = dict(spec.options)
            if spec.scheme == "hf":
                options.setdefault("revision", label)
            spec = replace(spec, version=hashlib.sha256(label.encode()).hexdigest()[:12], options=options)
        entry = entries[spec.name] = Entry(spec.name)
        entry.add(
            ModelVersion(spec, provenance={"resolved": spec.source, "by": "a registry of version 1"}), default=True
        )
    return entries


def _entry(name: str, content: Any) -> Entry:
    if not NAME.fullmatch(name):
        raise malformed(f"{name[:80]!r} is no model name")
    if not isinstance(content, dict) or content.keys() != {"aliases", "versions"}:
        raise malformed(f"the model {name!r} must have exactly aliases and versions")
    entry = Entry(name)
    if not isinstance(content["versions"], list) or not content["versions"]:
        raise malformed(f"the model {name!r} must have a list of versions")
    for data in content["versions"]:
        version = ModelVersion.from_dict(data)
        check_label("version", version.label)
        if version.spec.name != name or version.label in entry.versions:
            raise malformed(f"the model {name!r} has a version that is not its own, or has one twice")
        entry.versions[version.label] = version
    if not isinstance(content["aliases"], dict) or DEFAULT not in content["aliases"]:
        raise malformed(f"the model {name!r} must have an object of aliases, {DEFAULT} among them")
    for alias, labels in content["aliases"].items():
        check_label("alias", alias)
        _check_history(entry, alias, labels)
        entry.aliases[alias] = labels
    return entry


def _check_history(entry: Entry, alias: str, labels: Any) -> None:
    known = isinstance(labels, list) and labels and all(isinstance(one, str) for one in labels)
    if not known or len(labels) > 1 + _HISTORY or not set(labels) <= entry.versions.keys() or alias in entry.versions:
        raise malformed(f"the alias {alias!r} of {entry.name!r} must be a list of versions that there are")
