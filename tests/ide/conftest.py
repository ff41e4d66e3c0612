"""A notebook shell in this process."""

from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell

from noodle_ray.client import connection


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """IPython with the magic loaded."""
    made = InteractiveShell.instance()
    made.reset()
    made.run_line_magic("load_ext", "noodle_ray.ide.jupyter")
    yield made
    InteractiveShell.clear_instance()


@pytest.fixture(scope="session", autouse=True)
def no_workers_left() -> Iterator[None]:
    """End the driver's own workers, as the end of a kernel does."""
    yield
    connection.close_local()
