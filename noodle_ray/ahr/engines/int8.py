"""Linear layers in int8 on torch, for CPUs: a quarter of the memory, and about half of the time.

Weights have 8 bits and a scale per output. Activations have about 16, in two int8 parts with one scale per token: with
8 alone, probabilities of a language model's tokens are three times as far off, as some inputs of a layer are far larger
than all others (Dettmers et al. 2022, "LLM.int8()"). torch.ao's own dynamic int8 rounds them to 7 bits for all tokens
together, with which SmolLM2 takes another token in two of three places.
"""

from typing import Any

import torch

_HALF = 254
"""The second part counts in so many to the step of the first: what rounding leaves is at most half a step."""


class Int8Linear(torch.nn.Module):
    """A ``torch.nn.Linear`` with its weights in int8."""

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        weight = linear.weight.detach()
        scale = _scale(weight)
        self.register_buffer("weight", (weight / scale).round().to(torch.int8).t())
        self.register_buffer("scale", scale[:, 0])
        self.bias = linear.bias

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """(..., features) to (..., outputs)."""
        rows = inputs.reshape(-1, inputs.shape[-1])
        scale = _scale(rows)
        exact = rows / scale
        coarse = exact.round()
        fine = ((exact - coarse) * _HALF).round()
        both: Any = torch._int_mm(torch.cat([coarse, fine]).to(torch.int8), self.weight).float()
        made = (both[: len(rows)] + both[len(rows) :] / _HALF) * scale * self.scale
        made = made.reshape(*inputs.shape[:-1], len(self.scale))
        return made if self.bias is None else made + self.bias


def _scale(rows: torch.Tensor) -> torch.Tensor:
    """(n, 1): what 1 of each row's int8 stands for."""
    return rows.abs().amax(1, keepdim=True).clamp(min=1e-12) / 127


def in_int8(model: Any) -> Any:
    """The model, in fp32, with its linear layers in int8."""
    for name, part in model.named_children():
        if isinstance(part, torch.nn.Linear):
            setattr(model, name, Int8Linear(part))
        else:
            in_int8(part)
    return model
