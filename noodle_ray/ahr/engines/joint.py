"""One forward pass of a language model over several sequences of any lengths, each with a past of its own.

Their tokens stand behind each other in one row, without padding. All that a transformer does to a token by itself is
done for all of them at once, which is nearly all of the work; attention is computed per sequence.
"""

import inspect
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import torch
import transformers
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from noodle_ray.ahr.engines.pasts import JointPast

_NAME = "noodle_joint"
_TOLERANCES = {"fp32": 1e-3, "int8": 1e-2, "bf16": 5e-2, "fp16": 1e-2}
"""How far logits may be off at load, to their range: rounding is less than a tenth of it; another text is far more."""


class _Span(NamedTuple):
    """Where a sequence's new tokens are in the row, and what they may attend to, if that is not said by their order."""

    past: JointPast
    start: int
    end: int
    mask: torch.Tensor | None


def read_jointly(model: Any, work: Sequence[tuple[JointPast, list[int]]]) -> list[torch.Tensor]:
    """The logits (vocabulary,), in fp32 on the CPU, after some more tokens of each sequence; its past has them then."""
    ends = list(accumulate(len(tokens) for _, tokens in work))
    spans = [
        _Span(past, start, end, _mask(len(past.tokens), end - start, model.device))
        for (past, _), (start, end) in zip(work, pairwise([0, *ends]), strict=True)
    ]
    ids = [token for _, tokens in work for token in tokens]
    places = [place for past, tokens in work for place in range(len(past.tokens), len(past.tokens) + len(tokens))]
    last = torch.tensor(ends, device=model.device) - 1
    keeps = "logits_to_keep" in inspect.signature(model.forward).parameters
    with torch.inference_mode():
        logits = model(
            torch.tensor([ids], device=model.device),
            position_ids=torch.tensor([places], device=model.device),
            use_cache=False,
            noodle_spans=spans,
            **({"logits_to_keep": last} if keeps else {}),
        ).logits[0]
        rows = (logits if keeps else logits[last]).float().cpu()
    for past, tokens in work:
        past.tokens = [*past.tokens, *tokens]
    return list(rows.unbind())


def _mask(before: int, new: int, device: Any) -> torch.Tensor | None:
    """(1, 1, new, before + new): what each new token may attend to. Not needed for one, and at the beginning."""
    if new == 1 or not before:
        return None
    return torch.ones(new, before + new, dtype=torch.bool, device=device).tril(before)[None, None]


def _attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    noodle_spans: Sequence[_Span],
    **more: Any,
) -> tuple[torch.Tensor, None]:
    """Attention in transformers' form: (1, heads, tokens, size) of all sequences to (1, tokens, heads, size)."""
    found = []
    for past, start, end, mask in noodle_spans:
        keys, values = past.joined(module.layer_idx, key[:, :, start:end], value[:, :, start:end])
        found.append(sdpa_attention_forward(module, query[:, :, start:end], keys, values, mask, **more)[0])
    return torch.cat(found, dim=1), None


transformers.AttentionInterface.register(_NAME, _attend)


def made_joint(model: Any, context: int, dtype: str) -> bool:
    """Make a model compute sequences together, if it can: false, and the model as it was, if not.

    It can if tokens know of each other by attention alone, which transformers lets us replace, and that sees all of the
    ``context``. Whether it does is tried: two sequences must get in joint passes what each gets alone.
    """
    if not model._supports_attention_backend or not _sees_all(model.config, context):
        return False
    before = model.config._attn_implementation
    size = model.config.get_text_config().vocab_size
    one, other = [3 * place % size for place in range(1, 7)], [(5 * place + 2) % size for place in range(3)]
    with torch.inference_mode():
        alone = [model(torch.tensor([tokens], device=model.device)).logits[0].float().cpu() for tokens in (one, other)]
    wanted = torch.stack([alone[0][4], alone[1][1], alone[0][5], alone[1][2]])
    model.set_attn_implementation(_NAME)
    first, second = JointPast(context), JointPast(context)
    try:
        read_jointly(model, [(first, one[:3])])
        found = read_jointly(model, [(first, one[3:5]), (second, other[:2])])
        found += read_jointly(model, [(first, one[5:]), (second, other[2:])])
        off = float((torch.stack(found) - wanted).abs().max() / (wanted.max() - wanted.min()))
    except Exception:  # whatever a model raises that does not pass on what it does not know
        off = float("inf")
    if off <= _TOLERANCES[dtype]:
        return True
    model.set_attn_implementation(before)
    return False


def _sees_all(config: Any, context: int) -> bool:
    """Whether no layer has a window that slides within the context, or keeps anything else than keys and values."""
    if config.is_encoder_decoder:
        return False
    layers = transformers.DynamicCache(config=config).layers
    return all(
        layer.sliding_window >= context if getattr(layer, "is_sliding", False) else type(layer) is _FULL
        for layer in layers
    )


_FULL = transformers.cache_utils.DynamicLayer
