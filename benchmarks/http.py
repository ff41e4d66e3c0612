"""`POST /v1/run` of ``1 + 1`` against a bare FastAPI echo, both behind the same proxy of the same Ray Serve."""

import json
import os
import time

from benchmarks.load import Load, load
from benchmarks.measure import Row, show_time, summarize
from noodle_ray import paths
from noodle_ray.cluster import PlatformState
from noodle_ray.cluster.environment import RAY_TOKEN_FILE
from noodle_ray.security.tokens import ensure_token

ROUNDS = 5
SETTLING = 5.0
"""Seconds in which a new proxy that knows of the echo takes the place of the one before, which closes connections."""
RUN = json.dumps({"source": "1 + 1"}).encode()


def deploy_echo(state: PlatformState) -> None:
    """Put the echo beside the platform, on its Ray cluster and behind its proxy, under /echo."""
    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ["RAY_AUTH_TOKEN_PATH"] = str(paths.home() / RAY_TOKEN_FILE)
    os.environ["RAY_SERVE_ENABLE_HA_PROXY"] = "1"
    import logging

    import ray
    from fastapi import FastAPI
    from ray import serve

    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    ray.init(state.ray_address, namespace="noodle", log_to_driver=False, logging_level="ERROR")
    api = FastAPI()

    @serve.deployment(name="Echo", max_ongoing_requests=2000, ray_actor_options={"num_cpus": 0})
    @serve.ingress(api)
    class Echo:
        @api.post("/")
        async def echo(self, body: dict[str, str]) -> dict[str, str]:
            return body

    serve.run(Echo.bind(), name="echo", route_prefix="/echo")
    time.sleep(SETTLING)


def remove_echo() -> None:
    """Take the echo away and disconnect."""
    import ray
    from ray import serve

    serve.delete("echo")
    ray.shutdown()


def rows(state: PlatformState) -> list[Row]:
    """Two rows: throughput, and median latency at 32 connections."""
    deploy_echo(state)
    try:
        token = {"Authorization": f"Bearer {ensure_token()}"}

        def ours() -> Load:
            return load(f"{state.url}/v1/run", RUN, token)

        def theirs() -> Load:
            return load(f"{state.url}/echo/", RUN, {})

        ours(), theirs()
        pairs = [(ours(), theirs()) for _ in range(ROUNDS)]
    finally:
        remove_echo()
    rate = summarize([a.throughput for a, _ in pairs], [b.throughput for _, b in pairs])
    p50 = summarize([a.p50 for a, _ in pairs], [b.p50 for _, b in pairs])
    return [
        Row(
            "HTTP throughput of `1 + 1`, against a FastAPI echo on Serve",
            f"{rate.first:.0f}/s",
            f"{rate.second:.0f}/s",
            rate.ratio,
            "≥ 0.6",
        ),
        Row(
            "HTTP median latency of the same, 32 connections",
            show_time(p50.first),
            show_time(p50.second),
            p50.ratio,
            "≤ 1.6",
        ),
    ]
