"""Token classification: the spans of a text that have a label, such as names of people and places."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding

from noodle_ray.ahr.engines.base import Call, flags_of, texts_of
from noodle_ray.ahr.engines.encoder import Encoder, together, told
from noodle_ray.ahr.engines.folders import check_labels, labels_of
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

_OUTSIDE = "O"


class Token(NamedTuple):
    """A token's likeliest label, its probability, and where the token stands in the text."""

    label: str
    score: float
    start: int
    end: int


class TokenLabelEngine:
    """``model("text")`` answers a list of spans, ``model(["a", "b"])`` a list of such lists. A span has ``label``,
    ``score`` (the mean of its tokens), ``start``, ``end`` (characters of the text) and ``text``.

    Neighbouring tokens of one label are one span; labels of the forms ``B-X`` and ``I-X`` are X, where B begins a new
    one; ``O`` is no label. This is what transformers' pipeline calls the aggregation ``simple``. With ``usage=True``
    the answer is an object of the ``answer`` and the number of ``tokens`` that were read. Raises ModelError when it
    cannot be loaded (E0602, E0604).
    """

    tells_usage = True

    def __init__(self, spec: ModelSpec, folder: Path, engine: str = "", pickled: bool = False) -> None:
        self.name = spec.name
        self._labels = labels_of(folder)
        self._encoder = Encoder(spec, folder, "token-classification", engine, pickled)
        self.parallel = self._encoder.parallel
        self.max_batch, self.max_short = self._encoder.max_batch, self._encoder.max_short

    def infer(self, calls: Sequence[Call]) -> list[Any]:
        """One answer per call; the texts of all calls share runs of the graph."""
        found = together(calls, _texts, self._answers)
        return [told(call, answer) for call, answer in zip(calls, found, strict=True)]

    def _answers(self, texts: list[str]) -> list[Any]:
        """Per text its spans and how many tokens it has; or a ModelError."""
        encodings = self._encoder.tokenizer.encode_batch(texts)
        rows = self._encoder.rows(encodings)
        return [
            row if isinstance(row, ModelError) else (spans(self._tokens(row, encoding), text), len(encoding.ids))
            for text, encoding, row in zip(texts, encodings, rows, strict=True)
        ]

    def _tokens(self, row: NDArray[np.float32], encoding: Encoding) -> list[Token]:
        best = row.argmax(-1)
        return [
            Token(self._labels[int(label)], float(scores[label]), *place)
            for label, scores, place, special in zip(
                best, row, encoding.offsets, encoding.special_tokens_mask, strict=True
            )
            if not special
        ]

    def smoke(self) -> None:
        """One real inference; raises ModelError E0604 unless every number is finite."""
        row = self._encoder.smoke(self._encoder.tokenizer.encode("A small test."))
        check_labels(self.name, self._labels, row.shape[-1])

    def info(self) -> dict[str, Any]:
        """Engine, device, threads; number of labels as ``width``, and ``max_length`` in tokens."""
        return self._encoder.info()

    def cost(self, call: Call) -> int:
        """About how many tokens a call has."""
        return self._encoder.cost(call)

    def close(self) -> None:
        """Free the model."""
        self._encoder.close()


def _texts(call: Call) -> tuple[list[str], bool]:
    return texts_of(flags_of(call, usage=False)[0])


def spans(tokens: list[Token], text: str) -> list[dict[str, Any]]:
    """Neighbouring tokens of one label as one span each."""
    groups: list[list[Token]] = []
    before = _OUTSIDE
    for token in tokens:
        if token.label == _OUTSIDE:
            before = _OUTSIDE
            continue
        begins = token.label.startswith("B-")
        if groups and before == _plain(token.label) and not begins:
            groups[-1].append(token)
        else:
            groups.append([token])
        before = _plain(token.label)
    return [
        {
            "label": _plain(group[0].label),
            "score": sum(token.score for token in group) / len(group),
            "start": group[0].start,
            "end": group[-1].end,
            "text": text[group[0].start : group[-1].end],
        }
        for group in groups
    ]


def _plain(label: str) -> str:
    return label[2:] if label[:2] in ("B-", "I-") else label
