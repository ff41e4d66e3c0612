"""One version of a model as the registry keeps it: what was registered, from where, and what it takes and gives."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from noodle_ray.ahr import codes
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+/-]{0,99}")
"""What versions and aliases may be called."""
DEFAULT = "default"
"""The alias that a name without ``@`` means."""
MIN_DIGEST = 8
"""Hex digits of a digest that may stand for it."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """An immutable version. ``spec`` says how to load it; its ``digest`` is that of the files.

    ``size`` is in bytes; ``signature`` has ``inputs`` and ``outputs``, lists of objects with ``name``, ``dtype`` and
    ``shape``; ``provenance`` says ``at`` (ISO 8601), ``by``, ``resolved`` and ``revision``.
    """

    spec: ModelSpec
    size: int = 0
    licence: str = ""
    signature: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if type(self.size) is not int or self.size < 0:
            raise malformed("a version's size must be a whole number of bytes")
        if not isinstance(self.licence, str):
            raise malformed("a version's licence must be a text")
        for what in ("signature", "provenance"):
            if not isinstance(getattr(self, what), Mapping):
                raise malformed(f"a version's {what} must be an object")

    @property
    def label(self) -> str:
        """What the version is called: ``NAME@LABEL`` means it."""
        return self.spec.label

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values, those of the spec among them."""
        return self.spec.to_dict() | {
            "size": self.size,
            "licence": self.licence,
            "signature": dict(self.signature),
            "provenance": dict(self.provenance),
        }

    @classmethod
    def from_dict(cls, data: object) -> "ModelVersion":
        """The version that ``to_dict`` gave; raises ModelError E0606 on anything else."""
        if not isinstance(data, dict):
            raise malformed("a version must be an object")
        own = {name: data[name] for name in cls.__slots__ if name in data and name != "spec"}
        return cls(ModelSpec.from_dict({name: value for name, value in data.items() if name not in own}), **own)


def check_label(what: str, label: str) -> None:
    """Raise ModelError E0606 unless a version or an alias may be called so."""
    if not LABEL.fullmatch(label):
        raise malformed(
            f"{label[:80]!r} is no {what}: use 1 to 100 letters, digits and . _ + / -, and start with a letter or digit"
        )


def malformed(message: str, hint: str = "") -> ModelError:
    """The error for what a registry cannot hold (E0606)."""
    return ModelError(message, code=codes.BAD_REGISTRATION, hint=hint)
