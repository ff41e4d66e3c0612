"""Generations on torch that are computed together: each as if it were alone, whoever comes and goes."""

import gc
import random
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from noodle_ray.ahr.engines.company import Company
from noodle_ray.ahr.engines.load import load_engine
from noodle_ray.ahr.generation.answers import Answer
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.errors import ModelError
from tests.ahr import tiny

pytestmark = pytest.mark.models

SEA = "the sea, the sun and the city"
NEAR = 1e-4
"""How far the logarithms of probabilities may be off in company, in fp32."""
SIZES: dict[str, Any] = {
    "vocab_size": 290, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "intermediate_size": 32, "max_position_embeddings": 512, "initializer_range": 0.4,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _threads_wait() -> None:
    """Torch's threads spin unless it is loaded this way."""
    import noodle_ray.ahr.engines.torch_runner  # noqa: F401


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("company")
    tokenizer = tiny.byte_tokenizer(made / "tokenizer", SEA)
    return tiny.llama(made / "m", tokenizer, **SIZES, eos_token_id=1, bos_token_id=0)


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[Any]:
    engine: Any = load_engine(_spec(folder))
    yield engine
    engine.close()


def _spec(folder: Path, **options: Any) -> ModelSpec:
    options = {"context": 512} | options
    return ModelSpec("m", f"path:{folder}", task="generation", engine="transformers", options=options)


def _told(engine: Any, prompt: str, at_token: Callable[[int], bool] = lambda count: False, **options: Any) -> Answer:
    """``at_token`` gets how many chunks of text there were, and ends the generation with true."""
    answer, count = Answer(), 0

    def emit(chunk: dict[str, Any]) -> bool:
        nonlocal count
        answer.add(chunk)
        count += bool(chunk)
        return bool(chunk) and at_token(count)

    engine.generate({"messages": prompt, "temperature": 0, "max_tokens": 24, **options}, emit)
    return answer


def _model(kind: str, **settings: Any) -> Any:
    import torch
    import transformers

    torch.manual_seed(7)
    config = getattr(transformers, f"{kind}Config")(**SIZES | {"pad_token_id": 0} | settings)
    return transformers.AutoModelForCausalLM.from_config(config).eval()


@pytest.mark.parametrize("seed", range(4))
def test_sequences_that_come_and_go_at_any_step_get_what_they_get_alone(seed: int) -> None:
    import torch

    from noodle_ray.ahr.engines.joint import made_joint, read_jointly
    from noodle_ray.ahr.engines.pasts import JointPast

    chance = random.Random(seed)
    model, plain = _model("Llama"), _model("Llama")
    assert made_joint(model, 512, "fp32")
    running: dict[JointPast, list[int]] = {}
    compared = 0
    for _ in range(40):
        if len(running) < 5 and chance.random() < 0.4:
            running[JointPast(512)] = [chance.randrange(290) for _ in range(chance.randrange(1, 150))]
        work = [(past, tokens[: chance.choice([1, 7, 64])]) for past, tokens in running.items()]
        for (past, read), logits in zip(work, read_jointly(model, work) if work else (), strict=True):
            left = running[past] = running[past][len(read) :]
            if not left:
                with torch.inference_mode():
                    alone = plain(torch.tensor([past.tokens])).logits[0, -1]
                assert float((logits.log_softmax(0) - alone.log_softmax(0)).abs().max()) < NEAR
                compared += 1
                running[past] = [int(logits.argmax())]
                assert running[past] == [int(alone.argmax())]
            if chance.random() < 0.08:
                del running[past]
            elif chance.random() < 0.08:  # as when a later prompt begins with a part of this one
                past.crop(chance.randrange(1, len(past.tokens) + 1))
    assert compared > 20


WAYS: list[dict[str, Any]] = [
    {},
    {"temperature": 1.3, "seed": 5},
    {"temperature": 0.9, "seed": 6, "top_k": 20, "frequency_penalty": 0.7},
    {"temperature": 1.1, "seed": 7, "top_p": 0.8, "repetition_penalty": 1.4},
    {"schema": {"type": "array", "items": {"type": "integer"}, "maxItems": 3}, "temperature": 1.0, "seed": 8},
    {"choice": ["the sea", "the city"]},
    {"stop": [" ", "e"], "min_p": 0.05, "temperature": 1.2, "seed": 9},
    {"cache_prompt": True},
]


@pytest.mark.parametrize("seed", range(3))
def test_generations_with_all_options_say_in_company_what_they_say_alone(engine: Any, seed: int) -> None:
    chance = random.Random(seed)
    assert engine.info()["together"]
    asked = [(f"{SEA} {way} " * chance.randrange(1, 6), options) for way, options in enumerate(WAYS)]
    alone = [_told(engine, prompt, logprobs=2, **options) for prompt, options in asked]
    chance.shuffle(order := list(range(len(asked))))
    with ThreadPoolExecutor(len(asked)) as pool:
        answers = pool.map(lambda n: _told(engine, asked[n][0], logprobs=2, **asked[n][1]), order)
        found = dict(zip(order, answers, strict=True))
    for number, one in enumerate(alone):
        other = found[number]
        assert (other.text, other.finish) == (one.text, one.finish)
        assert other.usage["completion_tokens"] == one.usage["completion_tokens"]
        for mine, theirs in zip(one.logprobs, other.logprobs, strict=True):
            assert mine["bytes"] == theirs["bytes"]
            assert mine["logprob"] == pytest.approx(theirs["logprob"], abs=NEAR)


def _passes(engine: Any, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The passes from now on: how many tokens each sequence reads."""
    from noodle_ray.ahr.engines import torch_generation

    read = torch_generation.read_jointly
    seen: list[list[int]] = []

    def spy(model: Any, work: Any) -> Any:
        seen.append([len(tokens) for _, tokens in work])
        return read(model, work)

    monkeypatch.setattr(torch_generation, "read_jointly", spy)
    return seen


def test_long_prompt_is_read_in_small_pieces_while_another_writes(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = _passes(engine, monkeypatch)
    monkeypatch.setattr(engine, "_ends", frozenset())  # so that the one that writes goes on
    long = "a" * 400
    with ThreadPoolExecutor() as pool:
        readers = []

        def at_token(count: int) -> bool:
            if count == 2:
                readers.append(pool.submit(_told, engine, long, max_tokens=2))
            return bool(count > 2 and readers[0].done())

        _told(engine, SEA, at_token, max_tokens=480)
        assert readers[0].result().usage["completion_tokens"] == 2
    pieces = [max(tokens) for tokens in seen[2:] if max(tokens) > 1]
    assert max(pieces) <= 64
    assert any(sorted(tokens) == [1, 64] for tokens in seen)  # both in one pass


def test_generation_that_is_cancelled_leaves_within_a_token_and_frees_its_slot(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine: Any = load_engine(_spec(folder, slots=2))
    try:
        whole = _told(engine, "the city", max_tokens=60).text
        both, third = threading.Barrier(2, timeout=60), threading.Event()
        counts: list[int] = []

        def cancelled(count: int) -> bool:
            counts.append(count)
            if count == 1:
                both.wait()
            return count == 3

        def goes_on(count: int) -> bool:
            if count == 1:
                both.wait()
            if count == 20:
                assert third.wait(60)  # which there is a slot for, though this one still runs
            return False

        with ThreadPoolExecutor() as pool:
            stays = pool.submit(_told, engine, "the city", goes_on, max_tokens=60)
            pool.submit(_told, engine, SEA, cancelled, max_tokens=400).result()
            assert _told(engine, "a", max_tokens=3).usage["completion_tokens"] == 3
            third.set()
            assert stays.result().text == whole
        assert counts == [1, 2, 3]
    finally:
        engine.close()


@pytest.mark.parametrize("together", [True, False])
def test_all_who_wait_for_a_slot_end_when_the_engine_is_closed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, together: bool
) -> None:
    from noodle_ray.ahr.engines import torch_generation

    if not together:
        monkeypatch.setattr(torch_generation, "made_joint", lambda *_: False)
    engine: Any = load_engine(_spec(folder, slots=1))
    monkeypatch.setattr(engine, "_ends", frozenset())
    begun = threading.Event()
    with ThreadPoolExecutor(4) as pool:
        tells = [pool.submit(_told, engine, SEA, lambda _: begun.set(), max_tokens=450, cache_prompt=True)]
        assert begun.wait(60)
        tells += [pool.submit(_told, engine, SEA, max_tokens=450) for _ in range(3)]
        while len(engine._pasts._changed._waiters) < 3:
            pass
        engine.close()
        for told in tells:
            with pytest.raises(ModelError, match="it was closed"):
                told.result(60)
    assert engine._pasts._running == 0


def test_past_that_ends_after_the_engine_is_closed_is_not_kept() -> None:
    from noodle_ray.ahr.engines.pasts import JointPast, Pasts

    kept = Pasts(2, lambda: JointPast(64))
    one, other = (kept.begin([], True, lambda: False) for _ in range(2))
    kept.end(one, True)
    assert kept._kept == [one]
    kept.close()
    kept.end(other, True)
    assert not kept._kept


def test_failure_to_begin_wakes_the_others_who_wait() -> None:
    """Without the looks in between, which would come to it later."""
    from noodle_ray.ahr.engines import pasts

    made: list[Any] = [pasts.JointPast(64), RuntimeError("no room"), pasts.JointPast(64), pasts.JointPast(64)]

    def make() -> Any:
        if isinstance(past := made.pop(0), RuntimeError):
            raise past
        return past

    kept = pasts.Pasts(1, make)
    first = kept.begin([], False, lambda: False)

    def waiting() -> str:
        try:
            kept.end(kept.begin([], False, lambda: True), False)
        except RuntimeError as error:
            return str(error)
        return "begun"

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor() as pool:
        patch.setattr(pasts, "_WAIT", 60)
        waits = [pool.submit(waiting) for _ in range(3)]
        while len(kept._changed._waiters) < 3:
            pass
        kept.end(first, False)
        assert sorted(told.result(60) for told in waits) == ["begun", "begun", "no room"]


def test_generation_that_nobody_waits_for_any_more_gives_up_before_it_has_a_slot(folder: Path) -> None:
    engine: Any = load_engine(_spec(folder, slots=1))
    try:
        running = engine._pasts.begin([], False, lambda: False)
        chunks: list[Any] = []
        engine.generate({"messages": SEA}, lambda chunk: chunks.append(chunk) or len(chunks) == 2)
        assert chunks == [{}, {}]
        engine._pasts.end(running, False)
        assert _told(engine, SEA, max_tokens=2).usage["completion_tokens"] == 2
    finally:
        engine.close()


def test_no_more_generations_than_slots_run_at_once(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = _passes(engine, monkeypatch)
    with ThreadPoolExecutor(9) as pool:
        list(pool.map(lambda n: _told(engine, f"{SEA} {n}", cache_prompt=True), range(9)))
        assert engine._pasts._running == 0
    assert 1 < max(map(len, seen)) <= 4 == len(engine._pasts._kept)
    with ThreadPoolExecutor(3) as pool:  # their caches push kept ones out
        room = [len(engine._pasts._kept)]

        def look(count: int) -> bool:
            room.append(engine._pasts._running + len(engine._pasts._kept))
            return False

        list(pool.map(lambda n: _told(engine, f"fresh {n}", look), range(3)))
    assert max(room) <= 4


def test_failure_of_one_harms_no_other(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from noodle_ray.ahr.engines import torch_generation

    prompts = [SEA, "bad", "the city", "x" * 60]
    alone = [_told(engine, prompt).text for prompt in prompts]
    read = torch_generation.read_jointly
    together = []

    def broken(model: Any, work: Any) -> Any:
        if any(len(past.tokens) > 8 and past.tokens[:3] == bad for past, _ in work):
            together.append(len(work))
            raise RuntimeError("this sequence cannot be computed")
        return read(model, work)

    bad = engine._tokens("bad", special=True)[:3]
    monkeypatch.setattr(torch_generation, "read_jointly", broken)

    def told(prompt: str) -> str:
        try:
            return _told(engine, prompt).text
        except RuntimeError as error:
            return str(error)

    with ThreadPoolExecutor(5) as pool:
        wrong = pool.submit(_told, engine, SEA, max_tokens=5000)
        found = list(pool.map(told, prompts))
    assert isinstance(wrong.exception(), ModelError)
    assert [found[0], *found[2:]] == [alone[0], *alone[2:]]
    assert "cannot be computed" in found[1]
    assert max(together) > 1
    assert engine._pasts._running == 0


LLAMA4 = {
    "head_dim": 4, "intermediate_size_mlp": 32, "num_local_experts": 2, "interleave_moe_layer_step": 2,
    "attention_chunk_size": 512, "no_rope_layers": [1, 0],
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "settings", "together"),
    [
        ("Llama", {}, True),
        ("Qwen2", {}, True),
        ("Qwen3", {"head_dim": 8}, True),
        ("GPT2", {"n_embd": 16, "n_head": 2, "n_layer": 2, "n_positions": 512}, True),
        ("GPTNeoX", {}, True),
        ("Mixtral", {"num_local_experts": 4}, True),
        ("Mistral", {"sliding_window": 512}, True),
        ("Mistral", {"sliding_window": 32}, False),
        ("Gemma2", {"head_dim": 8, "sliding_window": 512, "attn_logit_softcapping": 2.0}, False),
        ("Mamba", {"state_size": 4}, False),
        ("Bloom", {"n_head": 2, "n_layer": 2}, False),
        ("GptOss", {"head_dim": 8, "num_local_experts": 4, "sliding_window": 512}, False),
        ("Lfm2", {"layer_types": ["conv", "full_attention"]}, False),
        ("Doge", {"keep_window_size": 512}, False),  # adds a mask that it has learnt
        ("Llama4Text", LLAMA4 | {"attn_temperature_tuning": False}, True),
        ("Llama4Text", LLAMA4 | {"floor_scale": 128}, False),  # begins to tell places in the row at 128
    ],
)
def test_whether_a_model_can_is_found_out_at_load(kind: str, settings: dict[str, Any], together: bool) -> None:
    from noodle_ray.ahr.engines.joint import made_joint

    model = _model(kind, **settings)
    before = model.config._attn_implementation
    assert made_joint(model, 512, "fp32") == together
    assert (model.config._attn_implementation == before) == (not together)


def test_model_whose_tokens_are_shifted_in_company_is_computed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from noodle_ray.ahr.engines.joint import made_joint

    model = _model("Llama")
    _mixed(model, monkeypatch)
    assert not made_joint(model, 512, "fp32")


def _mixed(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a layer mix neighbours in the row, of which the model's config says nothing."""
    mixing = model.model.layers[0].mlp
    forward = mixing.forward
    monkeypatch.setattr(mixing, "forward", lambda states: forward(0.9 * states + 0.1 * states.roll(1, dims=1)))


def test_tokens_that_a_model_never_says_do_not_hide_that_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from noodle_ray.ahr.engines.joint import made_joint

    def without(logits: Any) -> Any:
        return torch.where(torch.arange(290) % 7 == 0, torch.finfo(logits.dtype).min, logits)

    for mixed in (False, True):
        model = _model("Llama")
        model.lm_head.register_forward_hook(lambda module, args, logits: without(logits))
        if mixed:
            _mixed(model, monkeypatch)
        assert made_joint(model, 512, "fp32") != mixed


def test_attention_with_more_than_what_is_known_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """What only some inputs need, so that trying two texts would not tell."""
    import torch

    from noodle_ray.ahr.engines.joint import made_joint

    for more, together in (({}, True), ({"sliding_window": 512}, True), ({"s_aux": torch.zeros(4)}, False)):
        model = _model("Llama")
        for layer in model.model.layers:
            forward = layer.self_attn.forward
            monkeypatch.setattr(layer.self_attn, "forward", partial(forward, **more))
        assert made_joint(model, 512, "fp32") == together


def test_model_that_cannot_is_left_with_the_attention_of_each_part(monkeypatch: pytest.MonkeyPatch) -> None:
    import transformers

    from noodle_ray.ahr.engines.joint import made_joint

    vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.Gemma3Config(
        text_config=SIZES | {"head_dim": 4, "sliding_window": 512},
        vision_config=vision | {"image_size": 16, "patch_size": 8},
        mm_tokens_per_image=4, attn_implementation={"text_config": "sdpa", "vision_config": "eager"},
    )  # fmt: skip
    model = transformers.AutoModelForImageTextToText.from_config(config).eval()

    def parts() -> list[str]:
        configs = (model.config, model.config.text_config, model.config.vision_config)
        return [config._attn_implementation for config in configs]

    before = parts()
    assert before[1:] == ["sdpa", "eager"]
    monkeypatch.setattr(model.lm_head, "forward", lambda states: 1 / 0)
    assert not made_joint(model, 512, "fp32")
    assert parts() == before


@pytest.mark.parametrize("dtype", ["int8", "bf16"])
def test_other_precisions_are_computed_together_too(folder: Path, dtype: str) -> None:
    engine: Any = load_engine(_spec(folder, dtype=dtype))
    try:
        assert engine.info()["together"]
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda n: _told(engine, f"{n} {SEA}", max_tokens=8), range(4)))
        assert all(answer.usage["completion_tokens"] == 8 for answer in found)
    finally:
        engine.close()


def test_kv_caches_count_against_the_memory_budget(folder: Path, tmp_path: Path) -> None:
    engine: Any = load_engine(_spec(folder, slots=4))
    # Keys and values of 2 layers with 2 heads of 4 numbers.
    assert engine.reserve == 4 * 512 * (2 * 2 * 2 * 4) * 4
    past = engine._pasts.begin([], False, lambda: False)
    engine._company.read(past, list(range(200)))
    assert sum(kept.nbytes for layer in past._layers.values() for kept in layer) * 4 <= engine.reserve
    engine.close()
    sizes = SIZES | {"max_position_embeddings": 65536}
    long = tiny.llama(tmp_path / "m", folder, **sizes, eos_token_id=1, bos_token_id=0)
    with pytest.raises(ModelError, match="needs 512 for full KV caches, and its budget is 300") as caught:
        load_engine(_spec(long, slots=64, context=65536, memory=300))
    assert caught.value.code == "NOODLE-E0611"
    assert "lower slots or context" in (caught.value.hint or "")
    load_engine(_spec(long, slots=8, context=65536, memory=300)).close()


def test_caches_that_transformers_keeps_count_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from noodle_ray.ahr.engines import torch_generation

    monkeypatch.setattr(torch_generation, "made_joint", lambda *_: False)
    engine: Any = load_engine(_spec(folder, slots=3))
    assert engine.reserve == 3 * 512 * (2 * 2 * 2 * 4) * 4
    engine.close()


class _Passes:
    """A model that answers how many tokens each sequence has read; its passes can be held."""

    def __init__(self, alone: int = 100, beside: int = 10) -> None:
        self.seen: list[dict[str, int]] = []
        self.free = threading.Event()
        self.free.set()
        self.entered = threading.Semaphore(0)
        self.company: Company[str, int] = Company(self._compute, alone, beside)

    def _compute(self, work: Sequence[tuple[str, list[int]]]) -> list[int]:
        self.seen.append({name: len(tokens) for name, tokens in work})
        self.entered.release()
        assert self.free.wait(60)
        return [len(tokens) for _, tokens in work]


def test_those_who_wait_while_a_pass_goes_on_share_the_next() -> None:
    passes = _Passes()
    read = passes.company.read
    with ThreadPoolExecutor() as pool:
        passes.free.clear()
        first = pool.submit(read, "first", [0])
        passes.entered.acquire()
        others = [pool.submit(read, name, [0] * count) for name, count in (("long", 70), ("short", 3), ("one", 1))]
        while len(passes.company._waiting) < 3:
            pass
        passes.free.set()
        assert [first.result(), *(other.result() for other in others)] == [1, 7, 3, 1]
    assert passes.seen == [{"first": 1}, {"long": 7, "short": 3, "one": 1}]


def test_nobody_is_waited_for_who_has_left_or_stays_away() -> None:
    passes = _Passes()
    passes.company._patience = 3600.0  # so that patience is not what ends the wait
    passes.company._away = {"gone"}
    with ThreadPoolExecutor() as pool:
        waits = pool.submit(passes.company.read, "here", [0] * 50)
        while not passes.company._waiting:
            pass
        assert not passes.seen
        passes.company.leave("gone")
        assert waits.result() == 50  # nobody writes, so that there is room for all of it
        passes.company._patience, passes.company._away, passes.company._writing = 0.02, {"asleep"}, {"asleep"}
        assert pool.submit(passes.company.read, "here", [0] * 50).result() == 10
    assert passes.company._away == {"here"}


class _Sequence:
    """Of which one can tell whether it still exists."""


@pytest.mark.parametrize("how_many", [1, 3])
def test_generation_that_failed_leaves_nothing_in_memory(how_many: int) -> None:
    held, begun = threading.Event(), threading.Event()

    def compute(work: Sequence[tuple[Any, list[int]]]) -> list[int]:
        begun.set()
        assert held.wait(60)
        raise RuntimeError("not this one")

    company: Company[Any, int] = Company(compute, 100, 10)

    def reads() -> weakref.ref[_Sequence]:
        past = _Sequence()
        with suppress(RuntimeError):
            company.read(past, [0])
        company.leave(past)
        return weakref.ref(past)

    gc.disable()
    try:
        with ThreadPoolExecutor() as pool:
            told = [pool.submit(reads)]
            assert begun.wait(60)
            told += [pool.submit(reads) for _ in range(how_many)]
            while len(company._waiting) < how_many:
                pass
            held.set()
        assert [past.result()() for past in told] == [None] * (how_many + 1)
    finally:
        gc.enable()


def test_pass_with_too_few_answers_is_computed_again_for_each_alone() -> None:
    held, begun = threading.Event(), threading.Event()

    def compute(work: Sequence[tuple[str, list[int]]]) -> list[int]:
        begun.set()
        assert held.wait(60)
        return [1]

    company: Company[str, int] = Company(compute, 100, 10)
    with ThreadPoolExecutor() as pool:
        told = [pool.submit(company.read, "first", [0])]
        assert begun.wait(60)
        told += [pool.submit(company.read, name, [0]) for name in ("one", "other")]
        while len(company._waiting) < 2:
            pass
        held.set()
        assert [logits.result(60) for logits in told] == [1, 1, 1]


def test_nobody_is_told_of_a_pass_before_it_has_ended() -> None:
    """One that left meanwhile would be waited for: with the pass, all of its sequences become those that are away."""
    slow, held, begun = threading.Event(), threading.Event(), threading.Event()

    def compute(work: Sequence[tuple[str, list[int]]]) -> list[int]:
        names = [name for name, _ in work]
        if names == ["first"]:
            begun.set()
            assert held.wait(60)
        elif len(names) > 1 or names == ["bad"]:
            raise RuntimeError("not these")
        elif names == ["good"]:
            begun.set()
            assert slow.wait(60)
        return [1] * len(work)

    company: Company[str, int] = Company(compute, 100, 10)

    def reads(name: str) -> None:
        with suppress(RuntimeError):
            company.read(name, [0])
        company.leave(name)

    with ThreadPoolExecutor() as pool:
        told = [pool.submit(reads, "first")]
        assert begun.wait(60)
        begun.clear()
        for number, name in enumerate(("bad", "good")):
            told.append(pool.submit(reads, name))
            while len(company._waiting) <= number:
                pass
        held.set()
        assert begun.wait(60)
        company.leave("another")  # which wakes all who wait
        wait([told[1]], timeout=0.2)
        slow.set()
        wait(told)
    assert not company._away


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What time it is for those who wait for company: only tests let it pass."""
    from noodle_ray.ahr.engines import company

    now = [1000.0]
    monkeypatch.setattr(company, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_patience_has_an_end_after_a_long_pass(clock: list[float]) -> None:
    def compute(work: Sequence[tuple[str, list[int]]]) -> list[int]:
        clock[0] += 60
        return [1] * len(work)

    company: Company[str, int] = Company(compute, 100, 10)
    company.read("one", [0])
    assert company._until - clock[0] == pytest.approx(0.1)


def test_where_memory_suffices_for_some_only_they_take_turns_until_one_leaves(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    from noodle_ray.ahr.engines import company as module

    beats: set[int] = set()
    monkeypatch.setattr(module, "beat", lambda: beats.add(threading.get_ident()))
    passes: list[int] = []
    most = 2

    def compute(work: Sequence[tuple[str, list[int]]]) -> list[str]:
        clock[0] += 1
        while not passes and len(company._waiting) < 3:
            pass
        passes.append(len(work))
        if len(work) > most:
            raise MemoryError
        return [name for name, _ in work]

    company: Company[str, str] = Company(compute, 100, 10)
    threads = set()

    def writes(name: str) -> None:
        threads.add(threading.get_ident())
        for _ in range(50):
            assert company.read(name, [0]) == name
        company.leave(name)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(writes, "abcd"))
        assert 1 <= sum(size > most for size in passes) <= 3  # and not each time that all of them wait
        assert passes.count(2) >= 50
        assert beats == threads
        passes.clear()
        most = 4
        list(pool.map(writes, "abcd"))
    assert max(passes) > 2


def test_kept_pasts_go_before_generations_are_computed_apart(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from noodle_ray.ahr.engines import torch_generation

    _told(engine, SEA, max_tokens=2, cache_prompt=True)
    assert engine._pasts._kept
    read, failed = torch_generation.read_jointly, []

    def full(model: Any, work: Any) -> Any:
        if engine._pasts._kept:
            failed.append(len(work))
            raise torch.OutOfMemoryError("CUDA out of memory")
        return read(model, work)

    monkeypatch.setattr(torch_generation, "read_jointly", full)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda prompt: _told(engine, prompt, max_tokens=8), ("one", "two")))
    assert [answer.usage["completion_tokens"] for answer in found] == [8, 8]
    assert len(failed) == 1
