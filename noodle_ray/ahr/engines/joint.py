"""One forward pass of a language model over several sequences of any lengths, each with a past of its own.

Their tokens stand behind each other in one row, without padding. All that a transformer does to a token by itself is
done for all of them at once, which is nearly all of the work; attention is computed per sequence.
"""

import inspect
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import torch
import transformers
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from noodle_ray.ahr.engines.pasts import JointPast

_NAME = "noodle_joint"
_KNOWN = {
    "dropout", "is_causal", "output_attentions", "output_hidden_states", "output_router_logits", "position_ids",
    "scaling", "sliding_window", "use_cache",
}  # fmt: skip
"""What models pass on to attention that is either heeded here or has no influence on what it computes."""
_TOLERANCES = {"fp32": 1e-3, "int8": 1e-2, "bf16": 0.1, "fp16": 2e-2}
"""How far logarithms of probabilities may be off at load, on average, to how much they differ from each other. In
models of random weights, rounding made up to 1e-4 in fp32 and 0.01 to 0.05 in bf16; places wrong by one 0.15 and more.
"""
_LIKELY = 64
"""Tokens per place that are compared: the likeliest. Some models give those that they never say the least number."""


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
    """Attention in transformers' form: (1, heads, tokens, size) of all sequences to (1, tokens, heads, size).

    Raises ValueError for what is more than that. A mask is the model's own: transformers makes none for us.
    """
    unknown = {name for name, value in more.items() if value is not None} - _KNOWN
    if attention_mask is not None or unknown:
        raise ValueError(f"attention that is more than causal: {unknown or 'a mask'}")
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
    saved = {id(config): (config, config._attn_implementation) for config in _configs(model)}
    try:
        size = model.config.get_text_config().vocab_size
        one, other = [3 * place % size for place in range(1, 65)], [(5 * place + 2) % size for place in range(32)]
        with torch.inference_mode():
            alone = [model(torch.tensor([tokens], device=model.device)).logits[0] for tokens in (one, other)]
        model.set_attn_implementation(_NAME)
        first, second = JointPast(context), JointPast(context)
        read_jointly(model, [(first, one[:40])])
        found, wanted = [], []
        for mine, theirs in ((60, 20), (63, 31), (64, 32)):
            work = [(first, one[len(first.tokens) : mine]), (second, other[len(second.tokens) : theirs])]
            found += read_jointly(model, work)
            wanted += [alone[0][mine - 1], alone[1][theirs - 1]]
        if _off(torch.stack(found), torch.stack(wanted).float().cpu()) <= _TOLERANCES[dtype]:
            return True
    except Exception:  # whatever a model raises that does not pass on what it does not know
        pass
    for config, before in saved.values():
        config._attn_implementation = before
    return False


def _off(found: torch.Tensor, wanted: torch.Tensor) -> float:
    """How far logarithms of the probabilities of likely tokens are off on average, to how much they differ."""
    likely = wanted.topk(min(_LIKELY, wanted.shape[1])).indices
    right = wanted.log_softmax(1).gather(1, likely)
    return float((found.log_softmax(1).gather(1, likely) - right).abs().mean() / right.std(1).mean())


def _configs(model: Any) -> Iterator[Any]:
    """The configs of a model and of all its parts; one's own before those of one's parts."""
    waiting = [part.config for part in model.modules() if isinstance(part, transformers.PreTrainedModel)]
    while waiting:
        config = waiting.pop(0)
        yield config
        waiting[:0] = [part for name in config.sub_configs if (part := getattr(config, name, None)) is not None]


def _sees_all(config: Any, context: int) -> bool:
    """Whether no layer has a window that slides within the context, or keeps anything else than keys and values."""
    if config.is_encoder_decoder or getattr(config.get_text_config(), "attn_temperature_tuning", False):
        return False  # Llama 4 tunes it by the place in the row
    layers = transformers.DynamicCache(config=config).layers
    return all(
        layer.sliding_window >= context if getattr(layer, "is_sliding", False) else type(layer) is _FULL
        for layer in layers
    )


_FULL = transformers.cache_utils.DynamicLayer
