"""Models that are registered on a running platform for one benchmark."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import httpx

from noodle_ray.ahr.registration import prepare
from noodle_ray.ahr.registry import Registry
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.cluster import PlatformState
from noodle_ray.security.tokens import ensure_token

PATIENCE = 180.0
"""Seconds within which the model is to serve."""


@contextlib.contextmanager
def registered(state: PlatformState, spec: ModelSpec, question: Any) -> Iterator[str]:
    """The model's name, while it serves; ``question`` is an input that it answers. Raises TimeoutError if it does
    not in time."""
    prepare(spec)
    Registry().add(spec)
    try:
        end = time.monotonic() + PATIENCE
        with httpx.Client(headers={"Authorization": f"Bearer {ensure_token()}"}, timeout=60) as client:
            url = f"{state.url}/v1/models/{spec.name}/infer"
            while (reply := client.post(url, json={"inputs": [question]})).status_code != 200:
                if time.monotonic() > end:
                    raise TimeoutError(f"{spec.name}: {reply.text[:300]}")
                time.sleep(0.2)
        yield spec.name
    finally:
        Registry().remove(spec.name)
