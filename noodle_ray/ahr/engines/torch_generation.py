"""Text generation on torch, from safetensors: for models that have no GGUF, and where torch has the GPU.

On a CPU llama.cpp is several times faster; it is the engine of choice wherever there is a GGUF.
"""

import inspect
import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.base import Emit, failed
from noodle_ray.ahr.engines.generating import LEAST_LOGPROB
from noodle_ray.ahr.engines.pieces import Pieces
from noodle_ray.ahr.engines.tokenized import TokenizedEngine
from noodle_ray.ahr.engines.torch_runner import DTYPES, device_for, prepared, torch_info, use_threads
from noodle_ray.ahr.generation.answers import Chunk
from noodle_ray.ahr.generation.matcher import Reading
from noodle_ray.ahr.generation.telling import Teller
from noodle_ray.ahr.graphs import load_weights
from noodle_ray.ahr.heartbeat import beat
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError

# After torch_runner, which says how threads wait before it loads torch.
import torch  # isort: skip
import transformers  # isort: skip

from noodle_ray.ahr.engines.sampling import Sampler  # isort: skip

SLOTS = 4
"""Generations at once, where the spec does not say."""
_CONTEXT = 2048
_BATCH = 512
"""Tokens of prompts that are read between two looks at who still waits."""
_LOOKS = 4096
"""Tokens that are tried along a grammar between two such looks."""


class TorchGenerationEngine(TokenizedEngine):
    """A language model on torch. Each generation is computed in its own thread, with a KV cache of its own.

    Raises ModelError E0604 when it cannot be loaded.
    """

    def __init__(self, spec: ModelSpec, folder: Path, pickled: bool = False) -> None:
        self._threads = use_threads(spec)
        self._dtype = spec.options.get("dtype", "fp32")
        self._device = device_for(spec)
        model = load_weights(folder, "AutoModelForCausalLM", pickled, DTYPES[self._dtype])
        context = _context(spec, model.config)
        super().__init__(spec, spec.options.get("slots", SLOTS), context)
        self._read_tokenizer(folder)
        self._pieces = Pieces(self._tokenizer)
        ends = model.generation_config.eos_token_id
        ends = self._tokenizer.eos_token_id if ends is None else ends
        self._ends = frozenset(ends if isinstance(ends, list) else [] if ends is None else [ends])
        self._model: Any = prepared(model, self._dtype, self._device)
        self._kept = _Kept(self.parallel)

    def _run(self, tokens: list[int], options: dict[str, Any], grammar: str | None, emit: Emit) -> None:
        try:
            self._written(tokens, options, grammar, emit)
        except _Unheard:
            pass
        except torch.OutOfMemoryError:
            self._kept.clear()
            raise

    def _written(self, tokens: list[int], options: dict[str, Any], grammar: str | None, emit: Emit) -> None:
        sampler = Sampler(options, tokens)
        answer = _Writing(self._pieces, self._ends, options, grammar, lambda: emit({}))
        keeps = self._options.get("cache_prompt", options.get("cache_prompt", False))
        past, cached = self._kept.take(tokens) if keeps else (None, 0)
        past = past or _Past(self._loaded())
        usage = {"prompt_tokens": len(tokens), "completion_tokens": 0, "cached_tokens": cached}
        logits = torch.empty(0)
        for start in range(cached, len(tokens), _BATCH):
            if start > cached and emit({}):
                return
            logits = self._next(past, tokens[start : start + _BATCH])
        room = min(options["max_tokens"], self.context - len(tokens))
        while True:
            token = sampler.pick(logits, answer.takes)
            if token is None:
                raise failed(self.name, "none of its tokens goes on with the form that was asked for")
            usage["completion_tokens"] += 1
            chunk = answer.add(token, logits)
            if answer.ended or usage["completion_tokens"] == room:
                chunk = answer.rest(chunk) | {"finish": "stop" if answer.ended else "length", "usage": usage}
            if emit(chunk) or "finish" in chunk:
                break
            logits = self._next(past, [token])
        if keeps:
            self._kept.put(past)

    def _next(self, past: "_Past", tokens: list[int]) -> torch.Tensor:
        """The logits, in fp32 on the CPU, of what comes after these tokens, which come after the ``past``."""
        logits = self._computed(past, tokens)
        if not math.isfinite(float(logits.max())):
            raise failed(self.name, "it computes NaN or infinity")
        return logits

    def _computed(self, past: "_Past", tokens: list[int]) -> torch.Tensor:
        model = self._loaded()
        with torch.inference_mode():
            return past.read(model, tokens)

    def _loaded(self) -> Any:
        model = self._model
        if model is None or self._closing:
            raise self._closed()
        return model

    def smoke(self) -> None:
        """Generate one token, from logits that are finite; raises ModelError E0604 if that fails."""
        logits = self._computed(_Past(self._loaded()), [1, 1])
        if not bool(torch.isfinite(logits).all()):
            raise ModelError(f"the model {self.name!r} computes NaN or infinity", code=codes.LOAD_FAILED)
        super().smoke()

    def info(self) -> dict[str, Any]:
        """Engine, device, dtype, threads, slots and context in tokens."""
        return torch_info(self._device, self._dtype, self._threads) | {
            "slots": self.parallel,
            "context": self.context,
        }

    def close(self) -> None:
        """Free the model."""
        super().close()
        self._model = None
        self._kept = _Kept(0)


def _context(spec: ModelSpec, config: Any) -> int:
    """Tokens of prompt and answer together. Raises ModelError E0604 where the model cannot have so many here."""
    asked = spec.options.get("context", _CONTEXT)
    most = getattr(config, "max_position_embeddings", None) or _CONTEXT
    if short := _short(config):
        # transformers switches the frequencies of all generations at once, whenever one of them becomes this long.
        if "context" in spec.options and asked > short:
            raise ModelError(
                f"the model {spec.name!r} can have a context of at most {short:,} tokens on transformers: beyond, "
                "longrope turns positions at other frequencies, which its generations cannot do independently",
                code=codes.LOAD_FAILED,
            )
        most = min(most, short)
    return int(min(asked, most))


def _short(config: Any) -> int:
    """Up to how many tokens a model with longrope uses its frequencies for short texts; 0 for all others."""
    config = config.get_text_config()
    rope = getattr(config, "rope_parameters", None) or {}
    for found in (rope, *(value for value in rope.values() if isinstance(value, dict))):
        if found.get("rope_type") == "longrope":
            return int(found.get("original_max_position_embeddings") or config.max_position_embeddings)
    return 0


class _Past:
    """The tokens that a generation has read and written, and what the model keeps of them: keys and values.

    A model without a KV cache reads all of them anew at each step.
    """

    def __init__(self, model: Any) -> None:
        self.tokens: list[int] = []
        taken = inspect.signature(model.forward).parameters
        cached = "past_key_values" in taken
        self._cache: Any = transformers.DynamicCache(config=model.config) if cached else None
        self._more = {"logits_to_keep": 1} if "logits_to_keep" in taken else {}

    @property
    def croppable(self) -> bool:
        """Whether its last tokens can be taken back. A window that has slid has lost what came before it."""
        if self._cache is None or not self._cache.is_croppable:
            return False
        sliding = (layer for layer in self._cache.layers if getattr(layer, "is_sliding", False))
        return all(layer.get_seq_length() < layer.sliding_window for layer in sliding)

    def crop(self, length: int) -> None:
        """Take back all but so many tokens."""
        if length < len(self.tokens):
            self._cache.crop(length - len(self.tokens))
            self.tokens = self.tokens[:length]

    def read(self, model: Any, tokens: list[int]) -> torch.Tensor:
        """The logits (vocabulary,) after some more tokens."""
        self.tokens = [*self.tokens, *tokens]
        if self._cache is None:
            made = model(torch.tensor([self.tokens], device=model.device), **self._more)
        else:
            ids = torch.tensor([tokens], device=model.device)
            made = model(ids, past_key_values=self._cache, use_cache=True, **self._more)
        logits: torch.Tensor = made.logits[0, -1].float().cpu()
        return logits


class _Kept:
    """The pasts of the last generations, ``most`` of them, for those whose prompts begin alike."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pasts: list[_Past] = []
        self._lock = threading.Lock()

    def take(self, tokens: list[int]) -> tuple[_Past | None, int]:
        """The past that has the most of the beginning of ``tokens``, and how much; at least one is left to read."""
        with self._lock:
            best, length = None, 0
            for past in self._pasts:
                same = _same(past.tokens, tokens[:-1])
                if same > length and (past.croppable or same == len(past.tokens)):
                    best, length = past, same
            if best is not None:
                self._pasts.remove(best)
                try:
                    best.crop(length)
                except RuntimeError:  # of a kind of layer that does not remember its past
                    return None, 0
            return best, length

    def put(self, past: _Past) -> None:
        """Keep one more; the oldest goes."""
        with self._lock:
            self._pasts = [*self._pasts, past][-self._most :] if self._most else []

    def clear(self) -> None:
        """Keep none of them, for their memory."""
        with self._lock:
            self._pasts = []


def _same(left: list[int], right: list[int]) -> int:
    """How many tokens two lists have in common at their beginnings."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(left), len(right)))


class _Unheard(Exception):
    """Nobody listens any more."""


class _Writing:
    """The answer of one generation as it grows. ``ended`` is true once nothing more may come.

    ``unheard`` says whether nobody listens any more. It is asked from time to time while tokens are tried.
    """

    def __init__(
        self,
        pieces: Pieces,
        ends: frozenset[int],
        options: dict[str, Any],
        grammar: str | None,
        unheard: Callable[[], bool],
    ) -> None:
        self.ended = False
        self._unheard = unheard
        self._tried = 0
        self._pieces = pieces
        self._ends = ends
        self._most: int | None = options.get("logprobs")
        self._teller = Teller(options.get("stop", ()))
        self._reading = None if grammar is None else Reading(grammar)
        self._piece: Callable[[int], bytes] = pieces.first

    def takes(self, token: int) -> bool:
        """Whether a token may come next."""
        if self._reading is None:
            return True
        self._tried += 1
        if self._tried % _LOOKS == 0:
            beat()
            if self._unheard():
                raise _Unheard
        return self._reading.may_end if token in self._ends else self._reading.takes(self._piece(token))

    def add(self, token: int, logits: torch.Tensor) -> Chunk:
        """The chunk for a token that was chosen by these logits."""
        if token in self._ends:
            self.ended = True
            return {}
        piece = self._piece(token)
        if piece:
            self._piece = self._pieces.after
        if self._reading is not None:
            self._reading.take(piece)
        chunk = self._teller.add(piece, None if self._most is None else self._logprob(token, piece, logits))
        self.ended = self._teller.stopped or (self._reading is not None and self._reading.must_end)
        return chunk

    def rest(self, chunk: Chunk) -> Chunk:
        """The last chunk, with what was held back after it."""
        rest = self._teller.rest()
        whole: Chunk = {}
        if text := chunk.get("text", "") + rest.get("text", ""):
            whole["text"] = text
        if logprobs := [*chunk.get("logprobs", ()), *rest.get("logprobs", ())]:
            whole["logprobs"] = logprobs
        return whole

    def _logprob(self, token: int, piece: bytes, logits: torch.Tensor) -> dict[str, Any]:
        scores = logits.log_softmax(0)
        best = scores.topk(min(self._most or 0, len(scores))).indices.tolist()
        top = [_told(self._piece(other), float(scores[other])) for other in best]
        return {**_told(piece, float(scores[token])), "top_logprobs": top}


def _told(piece: bytes, logprob: float) -> dict[str, Any]:
    return {"token": piece.decode(errors="replace"), "logprob": max(logprob, LEAST_LOGPROB), "bytes": list(piece)}
