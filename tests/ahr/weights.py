"""A GGUF of the Llama family as transformers has it in fp32: weights, dequantized, and tokens (ggml's gguf.md)."""

import struct
from pathlib import Path
from typing import Any

import numpy as np

_PLAIN = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_NAMES = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


class Gguf:
    """``values`` of the header, and ``tensors`` by name, in fp32."""

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()
        self._at = 8
        count, pairs = self._take("QQ")
        self.values: dict[str, Any] = {}
        for _ in range(pairs):
            name = self._value(8)
            self.values[name] = self._value(*self._take("I"))
        entries = []
        for _ in range(count):
            name = self._value(8)
            (dimensions,) = self._take("I")
            entries.append((name, self._take("Q" * dimensions), *self._take("IQ")))
        start = -(-self._at // 32) * 32
        self.tensors = {
            name: _dequantized(self._data, start + offset, kind, shape[::-1]) for name, shape, kind, offset in entries
        }

    def _take(self, form: str) -> tuple[Any, ...]:
        found = struct.unpack_from(f"<{form}", self._data, self._at)
        self._at += struct.calcsize(f"<{form}")
        return found

    def _value(self, kind: int) -> Any:
        if kind == 8:
            (length,) = self._take("Q")
            self._at += length
            return self._data[self._at - length : self._at].decode()
        if kind == 9:
            inner, length = self._take("IQ")
            return [self._value(inner) for _ in range(length)]
        return self._take(_PLAIN[kind])[0]


def _dequantized(data: bytes, start: int, kind: int, shape: tuple[int, ...]) -> Any:
    """F32, Q8_0 and Q4_1; blocks hold 32 numbers, as ggml's ggml-quants.c reads them."""
    count = int(np.prod(shape))
    if kind == 0:
        return np.frombuffer(data, "<f4", count, start).reshape(shape)
    form = {8: [("d", "<f2"), ("q", "i1", 32)], 3: [("d", "<f2"), ("m", "<f2"), ("q", "u1", 16)]}[kind]
    blocks = np.frombuffer(data, np.dtype(form), count // 32, start)
    scale = blocks["d"].astype(np.float32)[:, None]
    if kind == 8:
        return (blocks["q"] * scale).reshape(shape)
    halves = np.concatenate([blocks["q"] & 15, blocks["q"] >> 4], axis=1)
    return (halves * scale + blocks["m"].astype(np.float32)[:, None]).reshape(shape)


def llama_of(path: Path) -> tuple[Any, dict[str, int]]:
    """The model on torch in fp32, and the number of each token."""
    import torch
    import transformers

    file = Gguf(path)
    about = {name.removeprefix("llama."): value for name, value in file.values.items()}
    heads, pairs = about["attention.head_count"], about["attention.head_count_kv"]
    config = transformers.LlamaConfig(
        vocab_size=about["vocab_size"], hidden_size=about["embedding_length"], num_hidden_layers=about["block_count"],
        intermediate_size=about["feed_forward_length"], num_attention_heads=heads, num_key_value_heads=pairs,
        rms_norm_eps=about["attention.layer_norm_rms_epsilon"], tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": about["rope.freq_base"]},
    )  # fmt: skip
    weights = {}
    for name, tensor in file.tensors.items():
        match name.split("."):
            case ["blk", layer, part, "weight"]:
                # llama.cpp turns neighbours, transformers the halves of a head: rows of queries and keys are permuted.
                turned = {"attn_q": heads, "attn_k": pairs}.get(part)
                tensor = _halved(tensor, turned) if turned else tensor
                weights[f"model.layers.{layer}.{_NAMES[part]}.weight"] = tensor
            case ["token_embd", _]:
                weights["model.embed_tokens.weight"] = tensor
            case ["output_norm", _]:
                weights["model.norm.weight"] = tensor
    model = transformers.LlamaForCausalLM(config)
    missing = model.load_state_dict(
        {name: torch.from_numpy(np.array(tensor)) for name, tensor in weights.items()}, strict=False
    )
    assert missing.missing_keys == ["lm_head.weight"]
    assert not missing.unexpected_keys
    model.tie_weights()
    return model.eval(), {token: number for number, token in enumerate(file.values["tokenizer.ggml.tokens"])}


def _halved(rows: Any, heads: int) -> Any:
    width = rows.shape[0] // heads
    return rows.reshape(heads, width // 2, 2, -1).swapaxes(1, 2).reshape(rows.shape)
