"""Generation on llama.cpp against transformers in fp32, on the same weights. Other engines are held against it beside
their own tests: `test_texts`, `test_tasks`, `test_transformers_engine`.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from noodle_ray.ahr.generation.answers import Answer
from tests.ahr.weights import llama_of

pytestmark = pytest.mark.models

PROMPTS = ["The capital of France is", "Once upon a time there was a", "def add(a, b):\n    return"]
TALE = "a little girl who lived near the sea with her mother, and every day they went to the market"
MEAN, MOST = 0.02, 0.2
"""How far probabilities of the five likeliest tokens may be apart, on average and at most: llama.cpp multiplies 4-bit
weights with activations of 8 bits, transformers here the same weights with activations in fp32."""


def test_probabilities_of_tokens_are_those_of_transformers(smollm2: Any, gguf_file: Path) -> None:
    import torch

    model, numbers = llama_of(gguf_file)
    apart, same = [], []
    for prompt in PROMPTS:
        answer = Answer()
        smollm2.generate({"prompt": prompt, "max_tokens": 12, "temperature": 0.0, "logprobs": 5}, answer.add)
        said = [_number(numbers, entry["token"]) for entry in answer.logprobs]
        asked = _numbers(numbers, prompt)
        assert answer.usage["prompt_tokens"] == len(asked)
        with torch.inference_mode():
            logits = model(torch.tensor([asked + said])).logits[0, len(asked) - 1 : -1]
        expected = logits.log_softmax(-1).numpy()
        for row, entry in zip(expected, answer.logprobs, strict=True):
            for other in entry["top_logprobs"]:
                if _plain(other["token"]) in numbers:  # some are parts of a character
                    apart.append(abs(np.exp(row[_number(numbers, other["token"])]) - np.exp(other["logprob"])))
            same.append(int(row.argmax()) == _number(numbers, entry["token"]))
    assert len(apart) > 100
    assert (float(np.mean(apart)) < MEAN, float(np.max(apart)) < MOST) == (True, True)
    assert np.mean(same) > 0.9


def test_linear_layers_in_int8_take_the_tokens_of_those_in_fp32(gguf_file: Path) -> None:
    import torch

    from noodle_ray.ahr.engines.int8 import Int8Linear, in_int8

    model, numbers = llama_of(gguf_file)
    texts = [torch.tensor([_numbers(numbers, f"{prompt} {TALE}")]) for prompt in PROMPTS]
    with torch.inference_mode():
        full = torch.cat([model(text).logits[0] for text in texts]).softmax(-1)
        rounded = torch.cat([in_int8(model)(text).logits[0] for text in texts]).softmax(-1)
    assert isinstance(model.lm_head, Int8Linear)
    likely = full.topk(5).indices
    apart = (full.gather(1, likely) - rounded.gather(1, likely)).abs()
    assert (float(apart.mean()) < MEAN, float(apart.max()) < MOST) == (True, True)
    assert float((full.argmax(-1) == rounded.argmax(-1)).float().mean()) > 0.9


def _number(numbers: dict[str, int], token: str) -> int:
    return numbers[_plain(token)]


def _plain(token: str) -> str:
    """A token as the vocabulary spells it."""
    return token.replace(" ", "Ġ").replace("\n", "Ċ")


def _numbers(numbers: dict[str, int], text: str) -> list[int]:
    """The longest known token each time: for plain words that is what merges come to."""
    found, rest = [], text
    while rest:
        size = next(size for size in range(len(rest), 0, -1) if _plain(rest[:size]) in numbers)
        found.append(_number(numbers, rest[:size]))
        rest = rest[size:]
    return found
