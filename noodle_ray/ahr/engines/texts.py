"""Encoders: texts to vectors, or texts to labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noodle_ray.ahr.engines.base import Call, flags_of, texts_of
from noodle_ray.ahr.engines.encoder import Encoder, together, told, too_long
from noodle_ray.ahr.engines.folders import check_labels, labels_of
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.vm.arrays.array import wrap
from noodle_ray.errors import ModelError


class TextEngine:
    """An encoder: ``model("text")`` or ``model(["a", "b"])``. With ``usage=True`` the answer is an object of the
    ``answer`` and the number of ``tokens``.

    Task ``embedding`` answers a unit vector per text, an array of float32; ``classification`` an object with
    ``label``, ``score`` and all ``scores``. Texts over the model's maximum length are cut, or with ``truncate=False``
    refused. Raises ModelError when it cannot be loaded (E0602, E0604).
    """

    tells_usage = True

    def __init__(self, spec: ModelSpec, folder: Path, task: str, engine: str = "", pickled: bool = False) -> None:
        self.name = spec.name
        self._labels = labels_of(folder) if task == "classification" else None
        self._encoder = Encoder(spec, folder, task, engine, pickled)
        self.parallel = self._encoder.parallel
        self.max_batch, self.max_short = self._encoder.max_batch, self._encoder.max_short

    def infer(self, calls: Sequence[Call]) -> list[Any]:
        """One answer per call; the texts of all calls share runs of the graph, sorted by length."""
        found = together(calls, _texts, self._answers)
        return [told(call, answer) for call, answer in zip(calls, found, strict=True)]

    def _answers(self, texts: list[tuple[str, bool]]) -> list[Any]:
        """Per text, and whether it may be cut, its answer and how many tokens it has; or a ModelError."""
        encodings = self._encoder.tokenizer.encode_batch([text for text, _ in texts])
        return [
            too_long(self._encoder, encoding, cut)
            or (row if isinstance(row, ModelError) else (self._answer(row), len(encoding.ids)))
            for row, encoding, (_, cut) in zip(self._encoder.rows(encodings), encodings, texts, strict=True)
        ]

    def _answer(self, row: NDArray[np.float32]) -> Any:
        return wrap(row) if self._labels is None else labelled(self._labels, row)

    def smoke(self) -> None:
        """One real inference; raises ModelError E0604 unless every number is finite."""
        row = self._encoder.smoke(self._encoder.tokenizer.encode("A small test."))
        if self._labels is not None:
            check_labels(self.name, self._labels, row.shape[-1])

    def info(self) -> dict[str, Any]:
        """Engine, device, threads; ``width`` of an answer and ``max_length`` in tokens."""
        return self._encoder.info()

    def cost(self, call: Call) -> int:
        """About how many tokens a call has."""
        return self._encoder.cost(call)

    def close(self) -> None:
        """Free the model."""
        self._encoder.close()


def _texts(call: Call) -> tuple[list[tuple[str, bool]], bool]:
    """The texts of a call, each with whether it may be cut; and whether it was a single one."""
    plain, flags = flags_of(call, usage=False, truncate=True)
    texts, single = texts_of(plain)
    return [(text, flags["truncate"]) for text in texts], single


def labelled(labels: list[str], row: NDArray[np.float32]) -> dict[str, Any]:
    """The answer of a classifier whose probabilities these are."""
    return {
        "label": labels[int(row.argmax())],
        "score": float(row.max()),
        "scores": dict(zip(labels, row.tolist(), strict=True)),
    }
