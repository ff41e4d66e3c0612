"""Durable runs while parts of their platform are killed: the short form of ``python -m benchmarks.chaos``."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from benchmarks.chaos.campaign import campaign
from benchmarks.chaos.witness import notes
from benchmarks.chaos.world import WITNESS, Place
from noodle_ray import paths
from noodle_ray.ahr.registry import Registry
from noodle_ray.cluster import PlatformState
from noodle_ray.core.store.location import locate

pytestmark = [pytest.mark.cluster, pytest.mark.models]

FAULTS = 5


def _served(client: httpx.Client) -> bool:
    try:
        return client.post(f"/v1/models/{WITNESS.name}/infer", json={"inputs": ["ready"]}).status_code == 200
    except httpx.TransportError:
        return False


def test_runs_outlive_what_is_killed(client: httpx.Client, platform_on_ray: PlatformState) -> None:
    store = locate("", "", paths.home())
    place = Place()
    place.root, place.url = psutil.Process(platform_on_ray.pid), platform_on_ray.url
    place.token = Path(platform_on_ray.token_file).read_text().strip()
    place.database, place.objects, place.notes = store.url, store.objects, notes()
    registry = Registry()
    registry.add(WITNESS)
    try:
        for _ in range(600):
            if _served(client):
                break
            time.sleep(0.1)
        with ThreadPoolExecutor(1) as hands:
            going = campaign(place, FAULTS, 120, 1, 3, ["worker", "executor", "model"], hands.submit)
            made, verdict, findings = asyncio.run(going)
    finally:
        registry.remove(WITNESS.name)
    assert verdict.sound, findings
    assert not made.stuck
    assert made.done.total() == FAULTS
    assert verdict.runs >= FAULTS
