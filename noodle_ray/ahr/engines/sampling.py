"""The choice of the next token from a model's logits, on torch."""

import math
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

import torch

_LOOK_BACK = 64
"""Tokens that penalties look back, as llama.cpp does."""
_FIRST = 64
"""Tokens that are looked at before all are sorted."""
_NOTHING = 1e-6
"""Share of a draw below which tokens do not matter; also the temperature below which there is no draw."""


class Sampler:
    """Chooses the tokens of one generation. ``options`` are checked ones; without a seed the choice is anew each time.

    As in llama.cpp, tokens are left out by probabilities before the temperature, and in the order top_k, top_p, min_p.
    """

    def __init__(self, options: Mapping[str, Any], prompt: Sequence[int]) -> None:
        temperature = options.get("temperature", 1.0)
        self._temperature = temperature if temperature >= _NOTHING else 0
        self._top_k = options.get("top_k", 0)
        top_p = options.get("top_p", 1.0)
        self._top_p = top_p if top_p <= 1 - _NOTHING else 1.0
        self._min_p = options.get("min_p", 0.0)
        self._repetition = options.get("repetition_penalty", 1.0)
        self._frequency = options.get("frequency_penalty", 0.0)
        self._presence = options.get("presence_penalty", 0.0)
        self._recent = deque(prompt[-_LOOK_BACK:], maxlen=_LOOK_BACK)
        self._random = torch.Generator()
        if "seed" in options:
            self._random.manual_seed(options["seed"])
        else:
            self._random.seed()

    def pick(self, logits: torch.Tensor, takes: Callable[[int], bool]) -> int | None:
        """The next token, of those that ``takes`` says may come; None if none may. ``logits``: (vocabulary,), fp32."""
        token = self._choice(self._penalized(logits), takes)
        if token is not None:
            self._recent.append(token)
        return token

    def _choice(self, scores: torch.Tensor, takes: Callable[[int], bool]) -> int | None:
        if not self._temperature:
            return _best(scores, takes)
        top_k = self._top_k if self._top_k < len(scores) else 0
        if top_k or self._top_p < 1 or self._min_p:
            tokens, left = self._likely(scores, top_k, takes)
            return tokens[int(self._drawn(torch.tensor(left)).argmax())] if tokens else None
        return _best(self._drawn(scores), takes)

    def _drawn(self, scores: torch.Tensor) -> torch.Tensor:
        """Scores whose order is a draw: the first is a token with the probability of its softmax, and the first of any
        subset is a draw from that (Gumbel 1954)."""
        noise = torch.empty(len(scores), dtype=torch.float64).exponential_(generator=self._random)
        return scores.double() / self._temperature - noise.log()

    def _likely(self, scores: torch.Tensor, top_k: int, takes: Callable[[int], bool]) -> tuple[list[int], list[float]]:
        """The tokens that top_k, top_p and min_p leave, and their scores."""
        total = float(scores.double().logsumexp(0))
        tokens: list[int] = []
        found: list[float] = []
        weights: list[float] = []
        taken, rest = 0.0, 1.0
        least = self._least(top_k or len(scores))
        for token, score in _descending(scores):
            weight = math.exp(score - total)
            if weights and (weight < self._min_p * weights[0] or rest < least * taken):
                break
            rest -= weight
            if not takes(token):
                continue
            tokens.append(token)
            found.append(score)
            weights.append(weight)
            taken += weight
            # Those that are not looked at may all be ones that may come.
            if len(tokens) == top_k or (not top_k and taken >= self._top_p * (taken + max(rest, 0.0))):
                break
        if top_k:
            kept = 1 + sum(before < self._top_p * taken for before in accumulate(weights[:-1]))
            return tokens[:kept], found[:kept]
        return tokens, found

    def _least(self, count: int) -> float:
        """Below which share of the probability before the temperature so many tokens have no share of the draw.

        They have the most if they are equally likely (Hölder).
        """
        heat = max(self._temperature, 1.0)
        return float(_NOTHING**heat * count ** (1 - heat))

    def _penalized(self, logits: torch.Tensor) -> torch.Tensor:
        if self._repetition == 1 and not self._frequency and not self._presence:
            return logits
        counts = Counter(self._recent)
        tokens = torch.tensor(list(counts), dtype=torch.long)
        scores = logits.clone()
        found = scores[tokens]
        found = torch.where(found > 0, found / self._repetition, found * self._repetition)
        scores[tokens] = found - torch.tensor(list(counts.values())) * self._frequency - self._presence
        return scores


def _best(scores: torch.Tensor, takes: Callable[[int], bool]) -> int | None:
    best = int(scores.argmax())
    if takes(best):
        return best
    return next((token for token, _ in _descending(scores) if takes(token)), None)


def _descending(scores: torch.Tensor) -> Iterator[tuple[int, float]]:
    """Tokens and their scores, the largest first. All are sorted only when many are asked for."""
    values, tokens = scores.topk(min(_FIRST, len(scores)))
    yield from zip(tokens.tolist(), values.tolist(), strict=True)
    seen = set(tokens.tolist())
    values, tokens = scores.sort(descending=True)
    yield from (pair for pair in zip(tokens.tolist(), values.tolist(), strict=True) if pair[0] not in seen)
