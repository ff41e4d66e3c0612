"""Encoders on onnxruntime: texts to vectors, or texts to labels."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from noodle_ray.ahr import codes
from noodle_ray.ahr.describe import read_json
from noodle_ray.ahr.engines.base import Call, failed, texts_of, wrong
from noodle_ray.ahr.engines.onnx_session import CLOSED, open_session, session_info
from noodle_ray.ahr.export import ExportRequest, exported
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.vm.arrays.array import wrap
from noodle_ray.errors import ModelError

_ROWS = 32  # texts per run of the graph: throughput is flat from 16 to 64 on two cores
_STRETCH = 1.3  # longest over shortest text in one run; more is wasted on padding


class TextEngine:
    """An encoder: ``model("text")`` or ``model(["a", "b"])``. With ``usage=True`` the answer is an object of the
    ``answer`` and the number of ``tokens``.

    Task ``embedding`` answers a unit vector per text, an array of float32; ``classification`` an object with
    ``label``, ``score`` and all ``scores``. Texts over the model's maximum length are cut. Raises ModelError when it
    cannot be loaded (E0602, E0604).
    """

    parallel = 1

    def __init__(self, spec: ModelSpec, folder: Path, task: str) -> None:
        self.name = spec.name
        self._spec = spec
        self._labels = _labels(folder) if task == "classification" else None
        self._tokenizer, self.max_length = _tokenizer(spec, folder)
        pooling, normalize = _pooling(spec, folder)
        request = ExportRequest(folder, task, pooling, normalize)
        graph = exported(request)
        try:
            self._session = open_session(graph, spec)
        except ModelError:
            graph.unlink(missing_ok=True)  # a damaged cache entry: make it again, once
            self._session = open_session(exported(request), spec)
        self.max_batch = spec.options.get("max_batch", _ROWS)

    def infer(self, calls: Sequence[Call]) -> list[Any]:
        """One answer per call; the texts of all calls share runs of the graph, sorted by length."""
        answers: list[Any] = []
        texts: list[str] = []
        places: list[tuple[int, int, bool, bool]] = []
        for call in calls:
            try:
                plain, counts = _counting(call)
                mine, single = texts_of(plain)
            except ModelError as error:
                answers.append(error)
                places.append((0, -1, False, False))
                continue
            answers.append(None)
            places.append((len(texts), len(mine), single, counts))
            texts += mine
        encodings = self._tokenizer.encode_batch(texts) if texts else []
        rows = self._rows(encodings)
        for place, (start, count, single, counts) in enumerate(places):
            if count >= 0:
                answers[place] = _joined(rows[start : start + count], single)
            if counts and not isinstance(answers[place], ModelError):
                tokens = sum(len(encoding.ids) for encoding in encodings[start : start + count])
                answers[place] = {"answer": answers[place], "tokens": tokens}
        return answers

    def _rows(self, encodings: list[Encoding]) -> list[Any]:
        """The model's answer for each text, or a ModelError."""
        rows: list[Any] = [None] * len(encodings)
        for group in length_groups([len(encoding.ids) for encoding in encodings]):
            try:
                found = self._run([encodings[index] for index in group])
            except Exception as error:  # onnxruntime's exceptions share no base class
                found = [failed(self.name, error)] * len(group)
            for index, row in zip(group, found, strict=True):
                rows[index] = row
        return rows

    def _run(self, encodings: list[Encoding]) -> list[Any]:
        width = max(len(encoding.ids) for encoding in encodings)
        tokens = np.zeros((len(encodings), width), dtype=np.int64)
        mask = np.zeros((len(encodings), width), dtype=np.int64)
        for row, encoding in enumerate(encodings):
            tokens[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = 1
        (result,) = self._session.run(None, {"input_ids": tokens, "attention_mask": mask})
        return self._labelled(result) if self._labels is not None else list(map(wrap, result))

    def _labelled(self, result: NDArray[np.float32]) -> list[Any]:
        assert self._labels is not None
        return [
            {
                "label": self._labels[int(row.argmax())],
                "score": float(row.max()),
                "scores": dict(zip(self._labels, row.tolist(), strict=True)),
            }
            for row in result
        ]

    def smoke(self) -> None:
        """One real inference; raises ModelError E0604 unless every number is finite."""
        (result,) = self._session.run(None, _smoke_input(self._tokenizer))
        if not np.isfinite(result).all():
            raise ModelError(f"the model {self.name!r} computes NaN or infinity", code=codes.LOAD_FAILED)
        if self._labels is not None and len(self._labels) != result.shape[1]:
            raise ModelError(f"the model {self.name!r} has another number of labels", code=codes.LOAD_FAILED)
        self.width = int(result.shape[1])

    def info(self) -> dict[str, Any]:
        """Engine, device, threads; ``width`` of an answer and ``max_length`` in tokens."""
        return session_info(self._session, self._spec) | {"width": self.width, "max_length": self.max_length}

    def close(self) -> None:
        """Drop the session."""
        self._session = CLOSED


def length_groups(lengths: list[int]) -> Iterator[list[int]]:
    """Indexes in runs of at most 32 texts of similar length, so that a long text does not pad the short ones."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    group: list[int] = []
    for index in order:
        full = len(group) == _ROWS
        # A run has a fixed cost, so a few tokens of padding are always worth sharing it.
        if group and (full or lengths[index] > _STRETCH * lengths[group[0]] + 4):
            yield group
            group = []
        group.append(index)
    if group:
        yield group


def _counting(call: Call) -> tuple[Call, bool]:
    """A call without its ``usage``, and whether that was true."""
    args, kwargs = call
    if "usage" not in kwargs:
        return call, False
    counts = kwargs["usage"]
    if not isinstance(counts, bool):
        raise wrong(f"usage must be True or False, not {counts!r:.80}")
    return (args, {name: value for name, value in kwargs.items() if name != "usage"}), counts


def _joined(rows: list[Any], single: bool) -> Any:
    broken = next((row for row in rows if isinstance(row, ModelError)), None)
    if broken is not None:
        return broken
    return rows[0] if single else rows


def _smoke_input(tokenizer: Tokenizer) -> dict[str, NDArray[np.int64]]:
    encoding = tokenizer.encode("A small test.")
    return {
        "input_ids": np.array([encoding.ids], dtype=np.int64),
        "attention_mask": np.ones((1, len(encoding.ids)), dtype=np.int64),
    }


def _tokenizer(spec: ModelSpec, folder: Path) -> tuple[Tokenizer, int]:
    """The tokenizer without padding, cutting at the model's maximum length, which comes second."""
    path = folder / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exception
        raise ModelError(
            f"the tokenizer {path} cannot be loaded: {str(error)[:300]}", code=codes.LOAD_FAILED
        ) from error
    length = spec.options.get("max_length") or _max_length(folder)
    tokenizer.no_padding()
    tokenizer.enable_truncation(length)
    return tokenizer, length


def _max_length(folder: Path) -> int:
    """The least of what the model's files say, in tokens; 512 if they say nothing."""
    said = [read_json(folder / "config.json").get("max_position_embeddings")]
    for name, key in (("sentence_bert_config.json", "max_seq_length"), ("tokenizer_config.json", "model_max_length")):
        if (folder / name).is_file():
            said.append(read_json(folder / name).get(key))
    return int(min((value for value in said if type(value) is int and value > 1), default=512))


def _pooling(spec: ModelSpec, folder: Path) -> tuple[str, bool]:
    """How token vectors become one: what the options say, else sentence-transformers' files, else mean and unit."""
    path = folder / "1_Pooling" / "config.json"
    first = path.is_file() and read_json(path).get("pooling_mode_cls_token") is True
    return spec.options.get("pooling", "cls" if first else "mean"), spec.options.get("normalize", True)


def _labels(folder: Path) -> list[str]:
    names = read_json(folder / "config.json").get("id2label")
    if not isinstance(names, dict) or sorted(names) != sorted(str(number) for number in range(len(names))):
        raise ModelError(f"the model at {folder} names no labels in its config.json", code=codes.LOAD_FAILED)
    return [str(names[str(number)]) for number in range(len(names))]
