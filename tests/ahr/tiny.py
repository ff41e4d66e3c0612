"""Tiny models with random weights, made on the spot by transformers: real architectures, real files, no downloads."""

from pathlib import Path
from typing import Any

BERT: dict[str, Any] = {
    "vocab_size": 30522,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
}
"""MiniLM's vocabulary, and little else."""


def bert(folder: Path, kind: str, tokenizer: Path, **settings: Any) -> Path:
    """A BERT with this head, in ``folder``, whose weights spread far enough for answers to differ."""
    import torch
    import transformers

    torch.manual_seed(7)
    config = transformers.BertConfig(**BERT, initializer_range=0.4, **settings)
    folder.mkdir(parents=True, exist_ok=True)
    getattr(transformers, kind)(config).save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes((tokenizer / "tokenizer.json").read_bytes())
    return folder


def labels(*names: str) -> dict[str, Any]:
    """What a config says of its labels."""
    return {"id2label": dict(enumerate(names)), "label2id": {name: place for place, name in enumerate(names)}}


def vit(folder: Path) -> Path:
    """A vision transformer for images of 16 by 16."""
    import json

    import torch
    import transformers

    torch.manual_seed(7)
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=16, patch_size=4,
        initializer_range=0.4, **labels("cat", "dog", "bird"),
    )  # fmt: skip
    transformers.ViTForImageClassification(config).save_pretrained(folder)
    preparation = {"size": {"height": 16, "width": 16}, "image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.25, 0.3]}
    (folder / "preprocessor_config.json").write_text(json.dumps(preparation))
    return folder


def byte_tokenizer(folder: Path, *texts: str) -> Path:
    """A tokenizer of bytes, as most language models have one, that knows a few pairs of them from these texts."""
    import tokenizers

    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=290, initial_alphabet=alphabet, special_tokens=["[PAD]", "[SEP]"], show_progress=False
    )
    made.train_from_iterator(texts, trainer)
    folder.mkdir(parents=True, exist_ok=True)
    made.save(str(folder / "tokenizer.json"))
    return folder


def llama(folder: Path, tokenizer: Path, template: str = "", **settings: Any) -> Path:
    """A language model that says nothing sensible, with or without a chat template."""
    import json

    import torch
    import transformers

    torch.manual_seed(7)
    sizes = {
        "vocab_size": 30522, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 32, "max_position_embeddings": 64, "initializer_range": 0.4,
    } | settings  # fmt: skip
    config = transformers.LlamaConfig(**{"eos_token_id": 102, "bos_token_id": 101} | sizes)
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes((tokenizer / "tokenizer.json").read_bytes())
    about: dict[str, Any] = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "[SEP]", "pad_token": "[PAD]"}
    if template:
        about["chat_template"] = template
    (folder / "tokenizer_config.json").write_text(json.dumps(about))
    return folder
