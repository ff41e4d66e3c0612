"""What a caller asks a worker to run."""

from typing import NamedTuple

from noodle_ray.core.vm.limits import Limits


class RunRequest(NamedTuple):
    """One run. ``module`` is encoded NBC, ``digest`` its SHA-256 in hex; ``entry`` None means ``main`` if there is one.

    ``args`` and ``kwargs`` hold plain data: what `wire` can carry. ``tier`` is auto, interpreter or python.
    """

    module: bytes
    digest: str
    entry: str | None = None
    args: list[object] = []  # noqa: RUF012  # never mutated: the request is packed and dropped
    kwargs: dict[str, object] = {}  # noqa: RUF012
    limits: Limits = Limits()
    tier: str = "auto"
