"""What a language model on torch keeps of the tokens that it has read: keys and values, per sequence."""

import inspect
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
import transformers

_LEAST = 64
"""Tokens for which there is room at first; then twice as many as there are, whenever they are more."""
_WAIT = 0.25
"""Seconds between two looks at whether anyone still waits for a sequence that has no slot yet."""


class Past(ABC):
    """The tokens that a sequence has read and written, and what the model keeps of them."""

    def __init__(self) -> None:
        self.tokens: list[int] = []

    @property
    @abstractmethod
    def croppable(self) -> bool:
        """Whether its last tokens can be taken back."""

    @abstractmethod
    def crop(self, length: int) -> None:
        """Take back all but so many tokens. Raises RuntimeError where that turns out not to be possible."""

    @abstractmethod
    def size(self, context: int) -> int:
        """Bytes that it has at most when it has ``context`` tokens; it must have some already."""


class JointPast(Past):
    """A past whose sequence is computed together with others (`joint`): per layer keys and values, (1, heads, room,
    size) each, with room for ``context`` tokens at most.
    """

    def __init__(self, context: int) -> None:
        super().__init__()
        self._context = context
        self._layers: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    @property
    def croppable(self) -> bool:
        """Always."""
        return True

    def crop(self, length: int) -> None:
        """Take back all but so many tokens; their room stays."""
        self.tokens = self.tokens[:length]

    def size(self, context: int) -> int:
        """Bytes of keys and values of ``context`` tokens."""
        return sum(context * _bytes(kept) for layer in self._layers.values() for kept in layer)

    def joined(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """All keys and values of a layer, with these behind them. They stay only if ``tokens`` grow by as many."""
        before, length = len(self.tokens), len(self.tokens) + keys.shape[2]
        kept = self._layers.get(layer)
        if kept is None or kept[0].shape[2] < length:
            room = min(max(_LEAST, 2 * length), max(self._context, length))
            grown = _with_room(keys, room), _with_room(values, room)
            for old, new in zip(kept or (), grown, strict=False):
                new[:, :, :before] = old[:, :, :before]
            kept = self._layers[layer] = grown
        for whole, new in zip(kept, (keys, values), strict=True):
            whole[:, :, before:length] = new
        return kept[0][:, :, :length], kept[1][:, :, :length]


def _with_room(like: torch.Tensor, room: int) -> torch.Tensor:
    return like.new_empty((*like.shape[:2], room, like.shape[3]))


def _bytes(kept: torch.Tensor) -> int:
    """Bytes of one token in keys or values (1, heads, tokens, size)."""
    return int(kept.shape[1] * kept.shape[3] * kept.element_size())


class LonePast(Past):
    """A past whose sequence is computed by itself, in the cache that transformers has for the model.

    A model without a KV cache reads all tokens anew at each step.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        taken = inspect.signature(model.forward).parameters
        cached = "past_key_values" in taken
        self._cache: Any = transformers.DynamicCache(config=model.config) if cached else None
        self._more = {"logits_to_keep": 1} if "logits_to_keep" in taken else {}

    @property
    def croppable(self) -> bool:
        """A window that has slid has lost what came before it."""
        if self._cache is None or not self._cache.is_croppable:
            return False
        sliding = (layer for layer in self._cache.layers if getattr(layer, "is_sliding", False))
        return all(layer.get_seq_length() < layer.sliding_window for layer in sliding)

    def crop(self, length: int) -> None:
        """Take back all but so many tokens. Some kinds of layers do not remember their past: RuntimeError."""
        if length < len(self.tokens):
            self._cache.crop(length - len(self.tokens))
            self.tokens = self.tokens[:length]

    def size(self, context: int) -> int:
        """Bytes of keys and values of ``context`` tokens, or as many as a window has.

        What else a model keeps, such as the states of Mamba and convolutions, is not counted: it does not grow.
        """
        found = 0
        for layer in self._cache.layers if self._cache is not None else ():
            tokens = min(context, getattr(layer, "sliding_window", None) or context)
            kept = (getattr(layer, "keys", None), getattr(layer, "values", None))
            found += sum(tokens * _bytes(tensor) for tensor in kept if tensor is not None)
        return found

    def read(self, model: Any, tokens: list[int]) -> torch.Tensor:
        """The logits (vocabulary,), in fp32 on the CPU, after some more tokens."""
        self.tokens = [*self.tokens, *tokens]
        if self._cache is None:
            made = model(torch.tensor([self.tokens], device=model.device), **self._more)
        else:
            ids = torch.tensor([tokens], device=model.device)
            made = model(ids, past_key_values=self._cache, use_cache=True, **self._more)
        logits: torch.Tensor = made.logits[0, -1].float().cpu()
        return logits


class Pasts:
    """The pasts of the sequences that run, and of the last ones that ended, for those whose prompts begin alike:
    ``slots`` of both together. More sequences wait until one ends.
    """

    def __init__(self, slots: int, make: Callable[[], Past]) -> None:
        self._slots = slots
        self._make = make
        self._running = 0
        self._closed = False
        self._kept: list[Past] = []
        self._changed = threading.Condition()

    def begin(self, tokens: list[int], keeps: bool, unheard: Callable[[], bool]) -> Past | None:
        """A past for a new sequence: if it ``keeps``, the kept one that has the most of the beginning of its prompt,
        and else an empty one, for which the oldest goes if there is no room. At least one token is left to read.

        None if it was still waiting when ``unheard`` got true, which is asked every so often, and may raise.
        """
        while True:
            with self._changed:
                if self._changed.wait_for(lambda: self._running < self._slots, _WAIT):
                    return self._begun(tokens, keeps)
            if unheard():
                return None

    def _begun(self, tokens: list[int], keeps: bool) -> Past:
        best, length = self._best(tokens[:-1]) if keeps else (None, 0)
        if best is not None:
            self._kept.remove(best)
            try:
                best.crop(length)
            except RuntimeError:  # of a kind of layer that does not remember its past
                best = None
        past = best or self._make()
        self._running += 1
        del self._kept[: max(0, self._running + len(self._kept) - self._slots)]
        return past

    def end(self, past: Past, keep: bool) -> None:
        """A sequence has ended; ``keep`` its past for others."""
        with self._changed:
            self._running -= 1
            if keep and not self._closed:
                self._kept.append(past)
            self._changed.notify_all()  # the first may be one that ends before it begins

    def clear(self) -> bool:
        """Keep none of them, for their memory; whether there were any."""
        with self._changed:
            kept, self._kept = self._kept, []
        return bool(kept)

    def close(self) -> None:
        """Keep none of them from now on."""
        self._closed = True
        self.clear()

    def _best(self, tokens: list[int]) -> tuple[Past | None, int]:
        best, length = None, 0
        for past in self._kept:
            same = _same(past.tokens, tokens)
            if same > length and (past.croppable or same == len(past.tokens)):
                best, length = past, same
        return best, length


def _same(left: list[int], right: list[int]) -> int:
    """How many tokens two lists have in common at their beginnings."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(left), len(right)))
