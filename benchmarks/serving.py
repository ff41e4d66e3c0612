"""Embeddings over HTTP from 64 clients, of mixed lengths; and the latency of one, against what it is made of."""

import json
import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import numpy as np
import onnxruntime

from benchmarks.http import deploy_echo, remove_echo
from benchmarks.load import load_mixed
from benchmarks.measure import Row, alternate, show_time, summarize
from noodle_ray.ahr.engines.folders import pooling_of, tokenizer_of
from noodle_ray.ahr.engines.load import load_engine
from noodle_ray.ahr.export import exported
from noodle_ray.ahr.graphs import GraphRequest
from noodle_ray.ahr.registry import Registry
from noodle_ray.ahr.sources import resolve
from noodle_ray.cluster import PlatformState
from noodle_ray.security.tokens import ensure_token

CLIENTS = 64
SECONDS = 4.0
ROUNDS = 3
SETTLING = 5.0
"""Seconds after a deployment in which the proxy, which was started anew for it, closes connections."""
TEXTS = 256
BATCHES = (8, 16, 32, 64)
WORDS = (
    "the", "office", "opens", "at", "nine", "and", "refunds", "take", "two", "weeks", "while", "people", "wait", "in",
    "line", "for", "their", "answer",
)  # fmt: skip

Rate = Callable[[], float]


def texts() -> list[str]:
    """Texts of 3 to 200 words, most of them short, as what people search with and what they search in."""
    source = random.Random(11)
    lengths = [min(200, max(3, round(source.lognormvariate(3.2, 1.0)))) for _ in range(TEXTS)]
    return [" ".join(source.choice(WORDS) for _ in range(length)) for length in lengths]


def padded(tokenizer: Any, session: Any, batch: Sequence[str]) -> Any:
    """The vectors of a batch by onnxruntime, padded to its longest: what everybody writes first."""
    encodings = tokenizer.encode_batch(list(batch))
    width = max(len(encoding.ids) for encoding in encodings)
    feeds = {
        name: np.array([row + [0] * (width - len(row)) for row in rows], np.int64)
        for name, rows in {
            "input_ids": [encoding.ids for encoding in encodings],
            "attention_mask": [[1] * len(encoding.ids) for encoding in encodings],
            "token_type_ids": [encoding.type_ids for encoding in encodings],
        }.items()
    }
    taken = {port.name for port in session.get_inputs()}
    return session.run(None, {name: value for name, value in feeds.items() if name in taken})[0]


def opened() -> tuple[Any, str]:
    """MiniLM's tokenizer, and the file of its exported graph."""
    spec = Registry().get("minilm")
    folder = resolve(spec)
    pooling, normalize = pooling_of(spec, folder)
    return tokenizer_of(spec, folder)[0], str(exported(GraphRequest(folder, "embedding", pooling, normalize, False)))


def direct(sentences: list[str]) -> Rate:
    """onnxruntime in this process, texts sorted by length, in the batch size that is best for them."""
    tokenizer, graph = opened()
    session = onnxruntime.InferenceSession(graph)
    ordered = sorted(sentences, key=len)

    def rate(size: int) -> float:
        started = time.perf_counter()
        for at in range(0, len(ordered), size):
            padded(tokenizer, session, ordered[at : at + size])
        return len(ordered) / (time.perf_counter() - started)

    rate(32)
    best = max(BATCHES, key=rate)
    return lambda: rate(best)


def by_torch(sentences: list[str]) -> Rate:
    """transformers on torch in fp32, batches of 32 as they come, with mean pooling."""
    import torch
    import transformers

    folder = str(resolve(Registry().get("minilm")))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()

    def rate() -> float:
        started = time.perf_counter()
        for at in range(0, len(sentences), 32):
            with torch.inference_mode():
                inputs = tokenizer(sentences[at : at + 32], padding=True, truncation=True, return_tensors="pt")
                states, mask = model(**inputs).last_hidden_state, inputs["attention_mask"][..., None]
                torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1))
        return len(sentences) / (time.perf_counter() - started)

    return rate


def deploy_plain() -> None:
    """Put a deployment as Serve's documentation writes it beside the platform: ``@serve.batch`` around the graph."""
    from fastapi import FastAPI
    from ray import serve

    tokenizer, graph = opened()
    tokens, api = tokenizer.to_str(), FastAPI()

    @serve.deployment(name="Plain", max_ongoing_requests=2000, ray_actor_options={"num_cpus": 0})
    @serve.ingress(api)
    class Plain:
        def __init__(self) -> None:
            from tokenizers import Tokenizer

            self._tokenizer = Tokenizer.from_str(tokens)
            self._session = onnxruntime.InferenceSession(graph)

        @serve.batch(max_batch_size=32, batch_wait_timeout_s=0.005)
        async def embed(self, batch: list[str]) -> list[list[float]]:
            rows: list[list[float]] = padded(self._tokenizer, self._session, batch).tolist()
            return rows

        @api.post("/")
        async def ask(self, body: dict[str, list[str]]) -> dict[str, list[list[float]]]:
            return {"outputs": [await self.embed(body["inputs"][0])]}

    serve.run(Plain.bind(), name="plain", route_prefix="/plain")


def deploy_bare() -> None:
    """Put a deployment beside the platform whose handler calls the engine itself: nothing between them, no batches."""
    from fastapi import FastAPI
    from ray import serve

    api = FastAPI()

    @serve.deployment(name="Bare", ray_actor_options={"num_cpus": 0})
    @serve.ingress(api)
    class Bare:
        def __init__(self) -> None:
            self._engine = load_engine(Registry().get("minilm"))

        @api.post("/")
        async def ask(self, body: dict[str, list[str]]) -> dict[str, list[list[float]]]:
            (vector,) = self._engine.infer([((body["inputs"][0],), {})])
            return {"outputs": [vector.tolist()]}

    serve.run(Bare.bind(), name="bare", route_prefix="/bare")


def _delete(name: str) -> None:
    from ray import serve

    serve.delete(name)


def _bodies(sentences: list[str]) -> list[bytes]:
    return [json.dumps({"inputs": [text]}).encode() for text in sentences]


def _median(url: str, headers: dict[str, str], body: dict[str, Any], count: int = 60) -> float:
    """The median time of a request, one after another."""
    times = []
    with httpx.Client(headers=headers, timeout=60) as client:
        for _ in range(count):
            started = time.perf_counter()
            client.post(url, json=body).raise_for_status()
            times.append(time.perf_counter() - started)
    return statistics.median(times[count // 4 :])


def rows(state: PlatformState) -> list[Row]:
    """Throughput against three yardsticks, and the latency of one short text."""
    sentences = texts()
    bodies, token = _bodies(sentences), {"Authorization": f"Bearer {ensure_token()}"}
    url = f"{state.url}/v1/models/minilm/infer"

    def ours() -> float:
        return load_mixed(url, bodies, token, CLIENTS, SECONDS).throughput

    found = []
    deploy_echo(state)  # first: it sets what Ray must find when it is imported, as transformers may do
    try:
        for name, yardstick, goal in (
            ("onnxruntime alone in its best batch size, sorted", direct(sentences), "≥ 0.85"),
            ("torch fp32 alone in batches of 32", by_torch(sentences), "≥ 3.0"),
        ):
            found.append(_throughput(name, *alternate(ours, yardstick, ROUNDS), goal))
        deploy_plain()
        time.sleep(SETTLING)
        plain = f"{state.url}/plain/"
        pair = alternate(ours, lambda: load_mixed(plain, bodies, {}, CLIENTS, SECONDS).throughput, ROUNDS)
        found.append(_throughput("plain `@serve.batch` over HTTP", *pair, "≥ 1.5"))
        _delete("plain")
        deploy_bare()
        time.sleep(SETTLING)
        found += _latency(state, url, token)
        _delete("bare")
    finally:
        remove_echo()
    return found


def _throughput(against: str, ours: float, theirs: float, ratio: float, goal: str) -> Row:
    name = f"Embeddings of mixed lengths over HTTP, {CLIENTS} clients, against {against}"
    return Row(name, f"{ours:.0f}/s", f"{theirs:.0f}/s", ratio, goal)


def _latency(state: PlatformState, url: str, token: dict[str, str]) -> list[Row]:
    engine = load_engine(Registry().get("minilm"))
    text = "good morning"

    def alone() -> float:
        times = []
        for _ in range(60):
            started = time.perf_counter()
            engine.infer([((text,), {})])
            times.append(time.perf_counter() - started)
        return statistics.median(times) + _median(f"{state.url}/echo/", {}, {"text": text})

    def ours() -> float:
        return _median(url, token, {"inputs": [text]})

    def bare() -> float:
        return _median(f"{state.url}/bare/", {}, {"inputs": [text]})

    ours(), alone(), bare()
    rounds = [(ours(), alone(), bare()) for _ in range(ROUNDS)]
    engine.close()
    mine, parts, least = map(list, zip(*rounds, strict=True))
    name = "HTTP median latency of one short embedding, against"
    found = []
    for against, theirs, goal in (
        ("the engine and an echo on Serve together", parts, "≤ 1.3"),
        ("the engine in the handler of a plain deployment", least, ""),
    ):
        pair = summarize(mine, theirs)
        found.append(Row(f"{name} {against}", show_time(pair.first), show_time(pair.second), pair.ratio, goal))
    pair = summarize(least, parts)
    found.append(
        Row(
            "The engine in the handler of a plain deployment, without Noodle, against the engine and an echo",
            show_time(pair.first),
            show_time(pair.second),
            pair.ratio,
        )
    )
    return found
