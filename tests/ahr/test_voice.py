"""Voice activity with silero's detector, which comes in a wheel."""

import base64
import importlib.metadata
import importlib.util
import math
import random
from typing import Any

import numpy as np
import pytest

from noodle_ray.ahr.engines.base import Engine
from noodle_ray.ahr.engines.load import load_engine
from noodle_ray.ahr.engines.voice import samples_of
from noodle_ray.ahr.registration import make_spec
from noodle_ray.ahr.speech import Speech, segments
from noodle_ray.core.vm.arrays.array import array
from noodle_ray.errors import ModelError

pytestmark = pytest.mark.models
RATE = 16_000


def _one(engine: Engine, *args: Any, **kwargs: Any) -> Any:
    return engine.infer([(args, kwargs)])[0]


@pytest.fixture(scope="module")
def vad() -> Engine:
    spec = make_spec("vad", "wheel:silero-vad", options={"file": "data/silero_vad.onnx"})
    assert (spec.task, spec.engine) == ("voice-activity", "onnxruntime")
    return load_engine(spec)


@pytest.fixture(scope="module")
def silero() -> Any:
    """Silero's own module, from the wheel."""
    place = importlib.metadata.distribution("silero-vad").locate_file("silero_vad/utils_vad.py")
    found = importlib.util.spec_from_file_location("silero_utils", str(place))
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def vowel(seconds: float, rate: int = RATE, pitch: float = 120.0) -> Any:
    """Something like a voice: pulses through three resonances, its loudness going up and down."""
    time = np.arange(int(seconds * rate)) / rate
    signal = np.zeros_like(time)
    for harmonic in range(1, 30):
        frequency = harmonic * pitch
        gain = sum(math.exp(-(((frequency - formant) / 130) ** 2)) for formant in (700, 1150, 2500))
        signal += (gain + 0.02) * np.sin(2 * math.pi * frequency * time + harmonic)
    signal *= 0.6 + 0.4 * np.sin(2 * math.pi * 4 * time)
    return (0.5 * signal / np.abs(signal).max()).astype(np.float32)


@pytest.fixture(scope="module")
def recording() -> Any:
    """A second of near silence, one and a half of voice, a second of near silence."""
    noise = np.random.default_rng(3).normal(0, 0.0005, int(3.5 * RATE)).astype(np.float32)
    noise[RATE : RATE + int(1.5 * RATE)] += vowel(1.5)
    return noise


def _reference(silero: Any, samples: Any, rate: int) -> tuple[Any, Any]:
    """Probabilities of silero's torch model (not the ONNX file), and the segments of its own code."""
    import torch

    place = importlib.metadata.distribution("silero-vad").locate_file("silero_vad/data/silero_vad.jit")
    model = torch.jit.load(str(place)).eval()
    tensor = torch.from_numpy(samples)
    with torch.inference_mode():
        size = 512 if rate == RATE else 256
        model.reset_states()
        found = []
        for start in range(0, len(tensor), size):
            piece = tensor[start : start + size]
            found.append(float(model(torch.nn.functional.pad(piece, (0, size - len(piece))), rate)))
        return np.array(found), silero.get_speech_timestamps(tensor, model, sampling_rate=rate)


@pytest.mark.parametrize("rate", [16_000, 8_000])
def test_answer_is_that_of_silero_on_torch(vad: Engine, silero: Any, recording: Any, rate: int) -> None:
    samples = recording if rate == RATE else np.ascontiguousarray(recording[::2])
    answer = _one(vad, array(samples.tolist(), "float32"), rate=rate)
    probabilities, speech = _reference(silero, samples, rate)
    assert np.abs(np.array(answer["probabilities"]) - probabilities).max() < 1e-3
    assert [(round(one["start"] * rate), round(one["end"] * rate)) for one in answer["speech"]] == [
        (one["start"], one["end"]) for one in speech
    ]
    if rate == RATE:
        assert len(speech) >= 1
        assert answer["speech"][0]["start"] == pytest.approx(1.0, abs=0.2)


def test_segments_are_those_of_silero_for_any_probabilities(silero: Any) -> None:
    dice = random.Random(5)
    for _ in range(300):
        level = 0.5
        probabilities = []
        for _ in range(dice.randrange(1, 120)):
            level = min(1.0, max(0.0, level + dice.uniform(-0.35, 0.35)))
            probabilities.append(level)
        rate = dice.choice([8_000, 16_000])
        size = 512 if rate == 16_000 else 256
        length = len(probabilities) * size - dice.randrange(size)
        threshold = dice.choice([0.1, 0.5, 0.8])
        expected = silero.get_speech_timestamps_from_probs(
            probabilities, sampling_rate=rate, threshold=threshold, audio_length_samples=length
        )
        assert segments(probabilities, length, rate, threshold) == [(one["start"], one["end"]) for one in expected]


def test_samples_may_be_numbers_whole_numbers_or_bytes(vad: Engine, recording: Any) -> None:
    whole = (recording[:RATE] * 32767).astype("<i2")
    answers = [_one(vad, given) for given in (whole.tolist(), whole.tobytes(), (whole / 32768).tolist())]
    first = answers[0]["probabilities"].tolist()
    assert all(answer["probabilities"].tolist() == pytest.approx(first, abs=1e-5) for answer in answers)
    assert _one(vad, whole.tolist(), rate=32_000)["probabilities"].shape == (16,)
    nothing = _one(vad, [])
    assert (nothing["speech"], nothing["probabilities"].shape) == ([], (0,))


@pytest.mark.parametrize("value", ["x", 7, [2.0], [float("nan")], [40_000], [[0.1]], b"abc", ["a"], None])
def test_samples_are_refused_when_they_are_none(value: Any) -> None:
    with pytest.raises(ModelError) as caught:
        samples_of(value)
    assert caught.value.code == "NOODLE-E0603"


@pytest.mark.parametrize(
    "kwargs", [{"rate": 44_100}, {"rate": 0}, {"rate": "16000"}, {"threshold": 2}, {"threshold": True}, {"pace": 1}]
)
def test_option_is_refused_when_it_cannot_be(vad: Engine, kwargs: dict[str, Any]) -> None:
    assert _one(vad, [0.0] * 600, **kwargs).code == "NOODLE-E0603"


@pytest.mark.parametrize("rate", [16_000, 8_000])
def test_recording_in_pieces_is_heard_as_the_whole_one(vad: Engine, recording: Any, rate: int) -> None:
    samples = recording if rate == RATE else np.ascontiguousarray(recording[::2])
    whole = _one(vad, array(samples.tolist(), "float32"), rate=rate)
    dice, at, state, heard = random.Random(rate), 0, "", []
    speech, changes = Speech(rate, 0.5), []
    while at < len(samples):
        piece = samples[at : at + dice.randrange(rate // 4)]
        at += len(piece)
        answer = _one(vad, array(piece.tolist(), "float32"), rate=rate, state=state, last=at >= len(samples))
        state = answer["state"]
        heard += answer["probabilities"].tolist()
        changes += speech.hear(answer["probabilities"].tolist())
    changes += speech.end(len(samples))
    assert heard == whole["probabilities"].tolist()
    assert [(change.start / rate, change.end / rate) for change in changes if change.end is not None] == [
        (one["start"], one["end"]) for one in whole["speech"]
    ]
    begun = [change.start for change in changes if change.end is None]
    assert set(begun) <= {change.start for change in changes if change.end is not None}
    assert bool(begun) == bool(whole["speech"])  # told before its end


@pytest.mark.parametrize("state", ["x", "AAAA", 7, None, "gD4AAA==", ["a"]])
def test_state_is_refused_when_no_call_answered_it(vad: Engine, state: Any) -> None:
    assert _one(vad, [0.0] * 600, state=state).code == "NOODLE-E0603"


def test_state_is_refused_at_another_rate_and_with_numbers_that_are_none(vad: Engine) -> None:
    state = _one(vad, [0.0] * 600, state="")["state"]
    assert _one(vad, [0.0] * 600, state=state, rate=8_000).code == "NOODLE-E0603"
    assert _one(vad, [0.0] * 600, state=state, last=1).code == "NOODLE-E0603"
    assert _one(vad, [0.0] * 600, state="", rate=32_000).code == "NOODLE-E0603"
    raw = bytearray(base64.b64decode(state))
    raw[4:8] = b"\0\0\xc0\x7f"  # NaN
    assert _one(vad, [0.0] * 600, state=base64.b64encode(raw).decode()).code == "NOODLE-E0603"
