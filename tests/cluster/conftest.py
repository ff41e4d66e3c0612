"""A client of the platform that the whole test run shares."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from noodle_ray.cluster import PlatformState


@pytest.fixture
def client(platform_on_ray: PlatformState) -> Iterator[httpx.Client]:
    """An HTTP client with the platform's token."""
    token = Path(platform_on_ray.token_file).read_text().strip()
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=platform_on_ray.url, headers=headers, timeout=90) as client:
        yield client
