"""What the files of a transformers folder say to an engine: tokenizer, lengths, pooling, labels."""

from pathlib import Path

from tokenizers import Tokenizer

from noodle_ray.ahr import codes
from noodle_ray.ahr.describe import read_json
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError


def tokenizer_of(spec: ModelSpec, folder: Path) -> tuple[Tokenizer, int]:
    """The tokenizer without padding, cutting at the model's maximum length, which comes second."""
    path = folder / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exception
        raise ModelError(
            f"the tokenizer {path} cannot be loaded: {str(error)[:300]}", code=codes.LOAD_FAILED
        ) from error
    length = spec.options.get("max_length") or max_length_of(folder)
    tokenizer.no_padding()
    tokenizer.enable_truncation(length)
    return tokenizer, length


def max_length_of(folder: Path) -> int:
    """The least of what the model's files say, in tokens; 512 if they say nothing."""
    said = [read_json(folder / "config.json").get("max_position_embeddings")]
    for name, key in (("sentence_bert_config.json", "max_seq_length"), ("tokenizer_config.json", "model_max_length")):
        if (folder / name).is_file():
            said.append(read_json(folder / name).get(key))
    return int(min((value for value in said if type(value) is int and value > 1), default=512))


def pooling_of(spec: ModelSpec, folder: Path) -> tuple[str, bool]:
    """How token vectors become one: what the options say, else sentence-transformers' files, else mean and unit."""
    path = folder / "1_Pooling" / "config.json"
    first = path.is_file() and read_json(path).get("pooling_mode_cls_token") is True
    return spec.options.get("pooling", "cls" if first else "mean"), spec.options.get("normalize", True)


def labels_of(folder: Path) -> list[str]:
    """The labels by number. Raises ModelError E0604 if the files name none."""
    names = read_json(folder / "config.json").get("id2label")
    if not isinstance(names, dict) or sorted(names) != sorted(str(number) for number in range(len(names))):
        raise ModelError(f"the model at {folder} names no labels in its config.json", code=codes.LOAD_FAILED)
    return [str(names[str(number)]) for number in range(len(names))]


def check_labels(name: str, labels: list[str], width: int) -> None:
    """Raise ModelError E0604 unless there is one label per probability."""
    if len(labels) != width:
        raise ModelError(f"the model {name!r} has another number of labels", code=codes.LOAD_FAILED)
