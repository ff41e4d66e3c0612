"""Text generation on torch, from safetensors: for models that have no GGUF, and where torch has the GPU.

On a CPU llama.cpp is several times faster; it is the engine of choice wherever there is a GGUF.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.base import Call, checked_text, each, failed, flags_of, wrong
from noodle_ray.ahr.engines.torch_runner import DTYPES, device_for, torch_info, use_threads
from noodle_ray.ahr.graphs import load_weights
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.runs.lengths import length_of
from noodle_ray.errors import ModelError

# After torch_runner, which says how threads wait before it loads torch.
import torch  # isort: skip
import transformers  # isort: skip

_CONTEXT = 2048


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Message(_Strict):
    role: Literal["system", "user", "assistant"]
    content: str


class _Settings(_Strict):
    max_tokens: Annotated[int, Field(ge=1)] = 128
    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] = 0.0
    seed: Annotated[int, Field(ge=0, lt=2**32 - 1)] = 0
    stop: str | Annotated[list[str], Field(max_length=16)] = []
    system: str | None = None

    @property
    def stops(self) -> list[str]:
        found = [self.stop] if isinstance(self.stop, str) else self.stop
        return [text for text in found if text]


_MESSAGES = TypeAdapter(Annotated[list[_Message], Field(min_length=1, max_length=1000)])


class TorchGenerationEngine:
    """``model("prompt", max_tokens=128, temperature=0.0, seed=0, stop=None, system=None)`` answers the text, as the
    engine on llama.cpp does, one call at a time.

    A model without a chat template continues the prompt as it is, and takes no messages. Raises ModelError E0604 when
    it cannot be loaded.
    """

    parallel = 1
    max_batch = 1

    def __init__(self, spec: ModelSpec, folder: Path, pickled: bool = False) -> None:
        self.name = spec.name
        self._options = spec.options
        self._threads = use_threads(spec)
        self._dtype = spec.options.get("dtype", "fp32")
        self._device = device_for(spec)
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
        model = load_weights(folder, "AutoModelForCausalLM", pickled, DTYPES[self._dtype])
        self._ends = model.generation_config.eos_token_id or self._tokenizer.eos_token_id
        most = getattr(model.config, "max_position_embeddings", None) or _CONTEXT
        self.context = min(spec.options.get("context", most), most)
        self._model: Any = model.to(self._device)

    def infer(self, calls: Sequence[Call]) -> list[Any]:
        """One text per call."""
        return each(calls, lambda call: self.answer(call, lambda: False, {}), self.name)

    def cost(self, call: Call) -> int:
        """About how many tokens are read and, twice as dear, written."""
        most = call[1].get("max_tokens")
        wanted = most if type(most) is int and 0 < most < self.context else _Settings().max_tokens
        return length_of(call[0], self.context) + 2 * wanted

    def answer(self, call: Call, stopped: Callable[[], bool], told: dict[str, Any]) -> Any:
        """Answer one call; see `Interruptible`."""
        if self._model is None:
            raise failed(self.name, "it was closed")
        (args, kwargs), flags = flags_of(call, usage=False)
        if len(args) != 1:
            raise wrong(f"this model takes one prompt or one list of messages, but got {len(args)} arguments")
        settings = _checked(
            _Settings.model_validate, {key: value for key, value in kwargs.items() if value is not None}
        )
        tokens = self._tokens(args[0], settings)
        if tokens.shape[1] + settings.max_tokens > self.context:
            raise wrong(
                f"the prompt has {tokens.shape[1]:,} tokens; with max_tokens={settings.max_tokens:,} that is more than "
                f"the model's context of {self.context:,}"
            )
        with torch.inference_mode(), torch.random.fork_rng(devices=[0] if self._device == "cuda" else []):
            torch.manual_seed(settings.seed)
            made = self._model.generate(
                tokens,
                attention_mask=torch.ones_like(tokens),
                generation_config=self._generation(settings),
                stopping_criteria=[lambda ids, scores: torch.full((ids.shape[0],), stopped(), device=ids.device)],
                **({"stop_strings": settings.stops, "tokenizer": self._tokenizer} if settings.stops else {}),
            )
        told["usage"] = {"prompt_tokens": tokens.shape[1], "completion_tokens": made.shape[1] - tokens.shape[1]}
        text: str = self._tokenizer.decode(made[0, tokens.shape[1] :], skip_special_tokens=True)
        ends = [place for stop in settings.stops if (place := text.find(stop)) >= 0]
        text = text[: min(ends)] if ends else text
        return {"answer": text, **told["usage"]} if flags["usage"] else text

    def _tokens(self, prompt: object, settings: _Settings) -> Any:
        system = self._options.get("system") if settings.system is None else settings.system
        if not self._tokenizer.chat_template:
            if not isinstance(prompt, str) or settings.system is not None:
                raise wrong("this model has no chat template: it takes a text as its prompt, and no system prompt")
            return self._encoded(checked_text(prompt, "the prompt"), special=True)
        if isinstance(prompt, str):
            prompt = [{"role": "user", "content": checked_text(prompt, "the prompt")}]
        messages = [message.model_dump() for message in _checked(_MESSAGES.validate_python, prompt)]
        if system and messages[0]["role"] != "system":
            messages.insert(0, {"role": "system", "content": system})
        text = self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return self._encoded(text, special=False)

    def _encoded(self, text: str, *, special: bool) -> Any:
        found = self._tokenizer(text, return_tensors="pt", add_special_tokens=special)["input_ids"]
        if not found.shape[1]:
            raise wrong("the prompt is empty")
        return found.to(self._device)

    def _generation(self, settings: _Settings) -> Any:
        sampling = {"do_sample": True, "temperature": settings.temperature} if settings.temperature else {}
        return transformers.GenerationConfig(
            max_new_tokens=settings.max_tokens, eos_token_id=self._ends, pad_token_id=self._pad(), top_k=0,
            **({"do_sample": False} | sampling),
        )  # fmt: skip

    def _pad(self) -> Any:
        return self._ends[0] if isinstance(self._ends, list) else self._ends or 0

    def smoke(self) -> None:
        """Generate one token, from logits that are finite; raises ModelError E0604 if that fails."""
        tokens = torch.ones((1, 2), dtype=torch.long, device=self._device)
        with torch.inference_mode():
            logits = self._model(tokens).logits
        if not bool(torch.isfinite(logits).all()):
            raise ModelError(f"the model {self.name!r} computes NaN or infinity", code=codes.LOAD_FAILED)
        (answer,) = self.infer([(("Hi",), {"max_tokens": 1})])
        if isinstance(answer, ModelError):
            raise ModelError(f"the model {self.name!r} cannot generate: {answer.message}", code=codes.LOAD_FAILED)

    def info(self) -> dict[str, Any]:
        """Engine, device, dtype, threads, and context in tokens."""
        return torch_info(self._device, self._dtype, self._threads) | {"context": self.context}

    def close(self) -> None:
        """Free the model."""
        self._model = None


def _checked(validate: Any, value: object) -> Any:
    """What a pydantic validator makes of a value. Raises ModelError E0603."""
    try:
        return validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise wrong(f"{'.'.join(map(str, first['loc'])) or 'the prompt'}: {first['msg']}") from None
