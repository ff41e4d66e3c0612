"""Text generation on torch, from safetensors: for models that have no GGUF, and where torch has the GPU.

On a CPU llama.cpp is several times faster; it is the engine of choice wherever there is a GGUF.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.base import Emit, failed
from noodle_ray.ahr.engines.company import Company
from noodle_ray.ahr.engines.generating import LEAST_LOGPROB
from noodle_ray.ahr.engines.memory import is_out_of_memory
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

from noodle_ray.ahr.engines.joint import made_joint, read_jointly  # isort: skip
from noodle_ray.ahr.engines.pasts import JointPast, LonePast, Past, Pasts  # isort: skip
from noodle_ray.ahr.engines.sampling import Sampler  # isort: skip

SLOTS = 4
"""Generations at once, where the spec does not say."""
_CONTEXT = 2048
_BATCH = 512
"""Tokens of prompts that are read between two looks at who still waits."""
_BESIDE = {"cpu": 64}
"""The same while others write, where so many take longer than a few tokens of text."""
_LOOKS = 4096
"""Tokens that are tried along a grammar between two such looks."""


class TorchGenerationEngine(TokenizedEngine):
    """A language model on torch. Each generation goes on in its own thread, with a KV cache of its own; if the model
    can (`made_joint`), those that run are computed together.

    ``reserve`` is how many bytes their KV caches take when all slots are full, 0 on a GPU. Raises ModelError E0604 when
    the model cannot be loaded.
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
        self._joint = made_joint(self._model, context, self._dtype)
        self._company: Company[JointPast, torch.Tensor] = Company(self._read, _BATCH, _BESIDE.get(self._device, _BATCH))
        self._pasts = Pasts(self.parallel, self._past)
        self.reserve = 0

    def _past(self) -> Past:
        return JointPast(self.context) if self._joint else LonePast(self._loaded())

    def _run(self, tokens: list[int], options: dict[str, Any], grammar: str | None, emit: Emit) -> None:
        def unheard() -> bool:
            self._loaded()
            return emit({})

        sampler = Sampler(options, tokens)
        answer = _Writing(self._pieces, self._ends, options, grammar, lambda: emit({}))
        keeps = self._options.get("cache_prompt", options.get("cache_prompt", False))
        past, told = self._pasts.begin(tokens, keeps, unheard), False
        if past is None:
            return
        try:
            told = self._written(past, tokens, options["max_tokens"], sampler, answer, emit)
        except _Unheard:
            pass
        except Exception as error:
            if is_out_of_memory(error):
                self._pasts.clear()
            raise
        finally:
            self._company.leave(past)
            self._pasts.end(past, keeps and told)

    def _written(
        self, past: Past, tokens: list[int], most: int, sampler: Sampler, answer: "_Writing", emit: Emit
    ) -> bool:
        """Write up to ``most`` tokens behind a prompt. False when nobody listened before the first one."""
        room = min(most, self.context - len(tokens))
        usage = {"prompt_tokens": len(tokens), "completion_tokens": 0, "cached_tokens": len(past.tokens)}
        logits = self._next(past, tokens[len(past.tokens) :])
        while len(past.tokens) < len(tokens):
            if emit({}):
                return False
            logits = self._next(past, tokens[len(past.tokens) :])
        while True:
            token = sampler.pick(logits, answer.takes)
            if token is None:
                raise failed(self.name, "none of its tokens goes on with the form that was asked for")
            usage["completion_tokens"] += 1
            chunk = answer.add(token, logits)
            if answer.ended or usage["completion_tokens"] == room:
                chunk = answer.rest(chunk) | {"finish": "stop" if answer.ended else "length", "usage": usage}
            if emit(chunk) or "finish" in chunk:
                return True
            logits = self._next(past, [token])

    def _next(self, past: Past, tokens: list[int]) -> torch.Tensor:
        """The logits, in fp32 on the CPU, after the first of these tokens, which come after the ``past``."""
        logits = self._computed(past, tokens)
        if not math.isfinite(float(logits.max())):
            raise failed(self.name, "it computes NaN or infinity")
        return logits

    def _computed(self, past: Past, tokens: list[int]) -> torch.Tensor:
        if isinstance(past, JointPast):
            return self._company.read(past, tokens)
        assert isinstance(past, LonePast)
        with torch.inference_mode():
            return past.read(self._loaded(), tokens[:_BATCH])

    def _read(self, work: Sequence[tuple[JointPast, list[int]]]) -> list[torch.Tensor]:
        """`read_jointly`; once more without the pasts that are kept for others if memory runs out."""
        try:
            return read_jointly(self._loaded(), work)
        except Exception as error:
            if not is_out_of_memory(error) or not self._pasts.clear():
                raise
        return read_jointly(self._loaded(), work)

    def _loaded(self) -> Any:
        model = self._model
        if model is None or self._closing:
            raise self._closed()
        return model

    def smoke(self) -> None:
        """Generate one token, from logits that are finite; raises ModelError E0604 if that fails."""
        past = self._past()
        logits = self._computed(past, [1, 1])
        self._company.leave(past)
        if not bool(torch.isfinite(logits).all()):
            raise ModelError(f"the model {self.name!r} computes NaN or infinity", code=codes.LOAD_FAILED)
        if self._device == "cpu":
            self.reserve = self.parallel * past.size(self.context)
        super().smoke()

    def info(self) -> dict[str, Any]:
        """Engine, device, dtype, threads, slots and context in tokens; whether generations are computed together."""
        return torch_info(self._device, self._dtype, self._threads) | {
            "slots": self.parallel,
            "context": self.context,
            "together": self._joint,
        }

    def close(self) -> None:
        """Free the model."""
        super().close()
        self._model = None
        self._pasts.close()


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
