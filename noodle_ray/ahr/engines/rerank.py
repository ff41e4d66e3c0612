"""Reranking by a cross-encoder: how well each document answers a query."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.base import MAX_TEXTS, Call, checked_text, flags_of, wrong
from noodle_ray.ahr.engines.encoder import Encoder, together, told, too_long
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.runs.lengths import length_of
from noodle_ray.core.vm.arrays.array import wrap
from noodle_ray.errors import ModelError

Pair = tuple[str, str, bool]
"""A query, a document, and whether they may be cut."""


class RerankEngine:
    """``model("query", ["a", "b"])`` answers an array of float32 with a score from 0 to 1 per document, in their
    order; ``model("query", "a")`` one number. Where query and document are together longer than the model's maximum,
    the longer one is cut, or with ``truncate=False`` the call refused. With ``usage=True`` the answer is an object of
    the ``answer`` and the number of ``tokens`` that were read: those of the query once for every document, as the
    model sees them. Raises ModelError when it cannot be loaded (E0602, E0604).
    """

    tells_usage = True

    def __init__(self, spec: ModelSpec, folder: Path, engine: str = "", pickled: bool = False) -> None:
        self.name = spec.name
        self._encoder = Encoder(spec, folder, "reranking", engine, pickled)
        self.parallel = self._encoder.parallel
        self.max_batch, self.max_short = self._encoder.max_batch, self._encoder.max_short

    def infer(self, calls: Sequence[Call]) -> list[Any]:
        """One answer per call; the pairs of all calls share runs of the graph."""
        found = together(calls, pairs_of, self._scores)
        return [told(call, answer, _joined) for call, answer in zip(calls, found, strict=True)]

    def _scores(self, pairs: list[Pair]) -> list[Any]:
        """Per pair its score and how many tokens it has; or a ModelError."""
        encodings = self._encoder.tokenizer.encode_batch([(query, text) for query, text, _ in pairs])
        return [
            too_long(self._encoder, encoding, cut)
            or (row if isinstance(row, ModelError) else (float(row[0]), len(encoding.ids)))
            for row, encoding, (_, _, cut) in zip(self._encoder.rows(encodings), encodings, pairs, strict=True)
        ]

    def smoke(self) -> None:
        """One real inference; raises ModelError E0604 unless the answer is one finite number."""
        row = self._encoder.smoke(self._encoder.tokenizer.encode("A query?", "A document."))
        if row.shape != (1,):
            raise ModelError(f"the model {self.name!r} gives no single score", code=codes.LOAD_FAILED)

    def info(self) -> dict[str, Any]:
        """Engine, device, threads, and ``max_length`` in tokens."""
        return self._encoder.info()

    def cost(self, call: Call) -> int:
        """About how many tokens a call has: the query once for every document."""
        query, *documents = call[0] or [""]
        count = max((len(found) for found in documents if isinstance(found, list | tuple)), default=1)
        return self._encoder.cost((documents, {})) + count * length_of(query, self._encoder.max_length)

    def close(self) -> None:
        """Free the model."""
        self._encoder.close()


def _joined(scores: list[float]) -> Any:
    return wrap(np.array(scores, dtype=np.float32))


def pairs_of(call: Call) -> tuple[list[Pair], bool]:
    """The pairs of a call, and whether its document was a single one. Raises ModelError E0603 for anything else."""
    (args, kwargs), flags = flags_of(call, usage=False, truncate=True)
    cut = flags["truncate"]
    if kwargs or len(args) != 2:
        raise wrong("this model takes a query, and one document or a list of documents")
    query = checked_text(args[0], "the query")
    if isinstance(args[1], str):
        return [(query, checked_text(args[1], "the document"), cut)], True
    if not isinstance(args[1], list | tuple):
        raise wrong(f"the documents must be a text or a list of texts, not {type(args[1]).__name__}")
    if len(args[1]) > MAX_TEXTS:
        raise wrong(f"a call may hold {MAX_TEXTS:,} documents, not {len(args[1]):,}; make several calls")
    return [(query, checked_text(text, f"document {place}"), cut) for place, text in enumerate(args[1])], False
