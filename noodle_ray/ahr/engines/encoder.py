"""What all engines for texts share: tokens in, rows of numbers out, texts of like length together."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import inf
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.base import BATCH_TOKENS, Call, wrong
from noodle_ray.ahr.engines.folders import pooling_of, tokenizer_of
from noodle_ray.ahr.engines.memory import in_halves
from noodle_ray.ahr.engines.runner import runner_for
from noodle_ray.ahr.graphs import GraphRequest
from noodle_ray.ahr.heartbeat import beat
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.runs.lengths import SHORT_BATCH, length_of
from noodle_ray.errors import ModelError

ROWS = 32
"""Texts per run of the graph: throughput is flat from 16 to 64 on two cores."""

_STRETCH = 1.3  # longest over shortest text in one run; more is wasted on padding
_SOME = 4  # but for so many tokens

RUN_COST = 30
"""What a run of the graph costs besides its tokens and their padding, in tokens; 15 on two cores that are free."""
_LAUNCH_COST = 1 << 20  # on a GPU, where a longer run takes hardly more time

Item = TypeVar("Item")


class Encoder:
    """A tokenizer and a graph. Raises ModelError when they cannot be loaded (E0602, E0604)."""

    def __init__(self, spec: ModelSpec, folder: Path, task: str, engine: str, pickled: bool) -> None:
        self.name = spec.name
        self.max_batch = spec.options.get("max_batch", ROWS)
        self.parallel = _at_once(spec, engine)
        self.max_short = spec.options.get("max_batch", SHORT_BATCH)
        self.tokenizer, self.max_length = tokenizer_of(spec, folder)
        pooling, normalize = pooling_of(spec, folder) if task == "embedding" else ("mean", True)
        self._run_cost = _LAUNCH_COST if spec.options.get("gpus", 0) else RUN_COST
        self._runner = runner_for(spec, GraphRequest(folder, task, pooling, normalize, pickled), engine)
        self.width = 0
        self._bounded = "memory" in spec.options
        self._batch_tokens = spec.options.get("max_batch_tokens", BATCH_TOKENS)
        self._unit = task == "embedding" and normalize

    def rows(self, encodings: Sequence[Encoding]) -> list[Any]:
        """The graph's row for each text, without those of padding, or a ModelError."""
        rows: list[Any] = [None] * len(encodings)
        for group in length_groups([len(encoding.ids) for encoding in encodings], self._run_cost):
            beat()
            found = in_halves(self.name, self._run, [encodings[index] for index in group])
            for index, row in zip(group, found, strict=True):
                rows[index] = row
        return rows

    def _run(self, encodings: Sequence[Encoding]) -> list[Any]:
        width = max(len(encoding.ids) for encoding in encodings)
        feeds = {
            name: np.zeros((len(encodings), width), dtype=np.int64)
            for name in ("input_ids", "attention_mask", "token_type_ids")
        }
        for row, encoding in enumerate(encodings):
            size = len(encoding.ids)
            feeds["input_ids"][row, :size] = encoding.ids
            feeds["token_type_ids"][row, :size] = encoding.type_ids
            feeds["attention_mask"][row, :size] = 1
        result = self._runner.run(feeds)
        if result.ndim == 3:
            return [row[: len(encoding.ids)] for row, encoding in zip(result, encodings, strict=True)]
        return list(result)

    def smoke(self, encoding: Encoding) -> NDArray[np.float32]:
        """One real inference; raises ModelError E0604 unless every number is finite. Notes the ``width``. With a bound
        of memory, as much follows as batches may compute at once, so that it is seen what that takes."""
        (row,) = self._run([encoding])
        self.width = finite(self.name, row).shape[-1]
        if self._bounded:
            self._fill(encoding.ids[0])
        return finite(self.name, row)

    def _fill(self, token: int) -> None:
        """Compute ``parallel`` batches at once that are as large as batches get, but for calls that alone have more."""
        width = min(self.max_length, self._batch_tokens)
        shape = max(1, min(ROWS, self._batch_tokens // width)), width
        feeds = {
            "input_ids": np.full(shape, token, dtype=np.int64),
            "attention_mask": np.ones(shape, dtype=np.int64),
            "token_type_ids": np.zeros(shape, dtype=np.int64),
        }
        with ThreadPoolExecutor(self.parallel) as threads:
            for running in [threads.submit(self._runner.run, feeds) for _ in range(self.parallel)]:
                running.result()

    def info(self) -> dict[str, Any]:
        """What the runner says; ``width`` of an answer, ``max_length`` in tokens, whether vectors have length 1."""
        return self._runner.info() | {"width": self.width, "max_length": self.max_length, "unit": self._unit}

    def cost(self, call: Call) -> int:
        """About how many tokens the texts of a call have."""
        return max(1, length_of(call[0], self.max_length))

    def close(self) -> None:
        """Free the model."""
        self._runner.close()


def _at_once(spec: ModelSpec, engine: str) -> int:
    """How many batches to compute at once: two, where onnxruntime may have all of a CPU's cores. Where one waits for a
    thread, or does what one thread does alone, the other goes on: on two cores texts take 0.92 of the time, short ones
    in batches of 32 0.86, and a call does not wait for the whole of a long batch.
    """
    whole = not spec.options.get("gpus", 0) and "threads" not in spec.options and (os.cpu_count() or 1) > 1
    return 2 if whole and engine != "transformers" else 1


def too_long(encoder: Encoder, encoding: Encoding, may_be_cut: bool) -> ModelError | None:
    """The error for a text that was cut and may not be."""
    if may_be_cut or not encoding.overflowing:
        return None
    return wrong(f"the text has more than {encoder.max_length} tokens, the most that {encoder.name!r} reads")


def finite(name: str, row: NDArray[np.float32]) -> NDArray[np.float32]:
    """The row, or ModelError E0604 if it has a number that is none."""
    if not np.isfinite(row).all():
        raise ModelError(f"the model {name!r} computes NaN or infinity", code=codes.LOAD_FAILED)
    return row


def length_groups(lengths: list[int], run_cost: int = RUN_COST) -> list[list[int]]:
    """Indexes in runs of at most 32 texts of similar length, so that a long text does not pad the short ones: of all
    ways to cut the texts, sorted by length, into such runs the one that costs least.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    least, cuts = [0.0], [0]  # for the shortest so many: what they cost, and where their last run begins
    for end in range(1, len(order) + 1):
        longest = lengths[order[end - 1]]
        best, cut = inf, end - 1
        for start in range(end - 1, max(0, end - ROWS) - 1, -1):
            if longest > _STRETCH * lengths[order[start]] + _SOME:
                break
            cost = least[start] + (end - start) * longest
            if cost < best:
                best, cut = cost, start
        least.append(best + run_cost)
        cuts.append(cut)
    groups, end = [], len(order)
    while end:
        groups.append(order[cuts[end] : end])
        end = cuts[end]
    return groups[::-1]


def together(
    calls: Sequence[Call],
    items_of: Callable[[Call], tuple[list[Item], bool]],
    answers_of: Callable[[list[Item]], list[Any]],
) -> list[Any]:
    """One answer per call, where the items of all calls are computed together: a call's items come with whether it is
    a single one. Calls that ``items_of`` refuses, or with an item that failed, are answered with the ModelError.
    """
    answers: list[Any] = []
    items: list[Item] = []
    places: list[tuple[int, int, bool]] = []
    for call in calls:
        try:
            mine, single = items_of(call)
        except ModelError as error:
            answers.append(error)
            places.append((0, -1, False))
            continue
        answers.append(None)
        places.append((len(items), len(mine), single))
        items += mine
    found = answers_of(items) if items else []
    for place, (start, count, single) in enumerate(places):
        if count >= 0:
            answers[place] = _joined(found[start : start + count], single)
    return answers


def _joined(rows: list[Any], single: bool) -> Any:
    broken = next((row for row in rows if isinstance(row, ModelError)), None)
    if broken is not None:
        return broken
    return rows[0] if single else rows


def told(call: Call, found: Any, joined: Callable[[list[Any]], Any] = list) -> Any:
    """What the caller gets of what `together` found, where each item's answer comes with its number of tokens: the
    answer of a single item, or of several ``joined``; with ``usage=True`` an object of it and of all ``tokens``."""
    if isinstance(found, ModelError):
        return found
    pairs = found if isinstance(found, list) else [found]
    answers = [answer for answer, _ in pairs]
    answer = joined(answers) if isinstance(found, list) else answers[0]
    return {"answer": answer, "tokens": sum(count for _, count in pairs)} if call[1].get("usage") else answer
