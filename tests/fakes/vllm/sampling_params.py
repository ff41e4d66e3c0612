"""What one generation is asked for, with vLLM's checks and defaults."""

from dataclasses import dataclass
from enum import Enum


class RequestOutputKind(Enum):
    """Whether outputs tell all so far, what is new, or the end only."""

    CUMULATIVE = 0
    DELTA = 1
    FINAL_ONLY = 2


@dataclass
class StructuredOutputsParams:
    """Exactly one of its forms."""

    json: str | None = None
    regex: str | None = None
    choice: list[str] | None = None
    grammar: str | None = None

    def __post_init__(self) -> None:
        if sum(form is not None for form in (self.json, self.regex, self.choice, self.grammar)) != 1:
            raise ValueError("You can only use one kind of structured outputs constraint")


@dataclass
class SamplingParams:
    """The fields that are used."""

    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    seed: int | None = None
    stop: str | list[str] | None = None
    max_tokens: int | None = 16
    logprobs: int | None = None
    output_kind: RequestOutputKind = RequestOutputKind.CUMULATIVE
    structured_outputs: StructuredOutputsParams | None = None
    skip_reading_prefix_cache: bool | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.top_p <= 1.0:
            raise ValueError(f"top_p must be in (0, 1], got {self.top_p}.")
