"""Tests that need a GPU that torch can use. Elsewhere they are skipped, with the reason."""

from pathlib import Path

import pytest

from noodle_ray.ahr.registry import Registry
from noodle_ray.ahr.sources import resolve


def _why_not() -> str:
    import torch

    if torch.version.cuda is None:
        return "this build of torch computes on the CPU only"
    return "" if torch.cuda.is_available() else "torch sees no GPU on this machine"


@pytest.fixture(autouse=True)
def gpu() -> None:
    """Skips the test where there is no GPU."""
    if reason := _why_not():
        pytest.skip(reason)


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    """The files of the embedding model."""
    return resolve(Registry().get("minilm"))
