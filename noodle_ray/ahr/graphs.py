"""The computation of a transformers model as one torch module: what the export traces, and the torch engine runs.

Imports torch and transformers when called, and nothing heavy before.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple


class GraphRequest(NamedTuple):
    """What to compute: a model folder, its task, and for embeddings how token vectors become one. ``pickled`` lets
    weights be read from a pickle, tensors only. ``int8`` quantizes an export.
    """

    folder: Path
    task: str
    pooling: str = "mean"
    normalize: bool = True
    pickled: bool = False
    int8: bool = False

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the graph's inputs; of texts all are (batch, sequence), int64."""
        if self.task == "image-classification":
            return ("pixel_values",)
        pair = ("token_type_ids",) if self.task == "reranking" else ()
        return ("input_ids", "attention_mask", *pair)


_CLASSES = {
    "embedding": "AutoModel",
    "classification": "AutoModelForSequenceClassification",
    "reranking": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
    "image-classification": "AutoModelForImageClassification",
}


def load_weights(folder: Path, kind: str, pickled: bool, dtype: Any) -> Any:
    """A transformers model in evaluation mode: no code of the folder is run, nothing is fetched."""
    import transformers

    options = {"weights_only": True} if pickled else {}
    return (
        getattr(transformers, kind)
        .from_pretrained(
            str(folder), use_safetensors=not pickled, local_files_only=True, trust_remote_code=False,
            dtype=dtype, attn_implementation="eager", **options,
        )
        .eval()
    )  # fmt: skip


def build(request: GraphRequest, dtype: Any = None) -> Any:
    """The torch module: model, and what makes an answer of its output, with the inputs ``request.inputs``.

    Its output is float32: (batch, width) vectors of an embedding or probabilities of labels, (batch, 1) scores from 0
    to 1 of a reranker, (batch, sequence, width) probabilities of each token's labels.
    """
    import inspect

    import torch

    model = load_weights(request.folder, _CLASSES[request.task], request.pickled, dtype or torch.float32)
    taken = set(inspect.signature(model.forward).parameters)
    names = request.inputs

    class Graph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = model

        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            feeds = {name: tensor for name, tensor in zip(names, tensors, strict=True) if name in taken}
            if "pixel_values" in feeds:
                feeds["pixel_values"] = feeds["pixel_values"].to(self.encoder.dtype)
            answer = self.encoder(**feeds)
            if request.task == "embedding":
                return _pooled(answer.last_hidden_state.float(), feeds["attention_mask"], request)
            logits = answer.logits.float()
            return torch.sigmoid(logits) if request.task == "reranking" else torch.softmax(logits, dim=-1)

    return Graph().eval()


def _pooled(states: Any, mask: Any, request: GraphRequest) -> Any:
    import torch

    if request.pooling == "cls":
        vectors = states[:, 0]
    else:
        weights = mask.unsqueeze(-1).to(states.dtype)
        vectors = (states * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
    return torch.nn.functional.normalize(vectors, p=2.0, dim=1) if request.normalize else vectors


def sample(request: GraphRequest, rows: int, length: int) -> tuple[Any, ...]:
    """Inputs of a graph, to trace it or to try it."""
    import torch

    config = json.loads((request.folder / "config.json").read_bytes())
    if request.task == "image-classification":
        size = config.get("image_size") or 224
        height, width = size if isinstance(size, list) else (size, size)
        made = torch.linspace(-1, 1, rows * int(config.get("num_channels") or 3) * height * width)
        return (made.reshape(rows, -1, height, width),)
    tokens = torch.arange(1, 1 + rows * length).reshape(rows, length) % int(config.get("vocab_size") or 1000)
    mask = torch.ones_like(tokens)
    mask[0, (length + 1) // 2 :] = 0
    kinds = torch.zeros_like(tokens)
    if int(config.get("type_vocab_size") or 1) > 1:
        kinds[:, length // 2 :] = 1
    return (tokens, mask, kinds)[: len(request.inputs)]
