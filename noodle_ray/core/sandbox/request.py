"""What a caller asks a worker to run."""

import os

from noodle_ray.core.vm.limits import Limits
from noodle_ray.light import NamedTuple


class RunRequest(NamedTuple):
    """One run. ``module`` is encoded NBC, ``digest`` its SHA-256 in hex; ``entry`` None means ``main`` if there is one.

    ``args`` and ``kwargs`` hold plain data: what `wire` can carry. ``tier`` is auto, interpreter, python or native.
    ``seed`` is what its random numbers come from; None asks for a fresh one.
    ``profile`` is '' for none, time, or memory, which measures time too. ``readings`` are those of the clock that
    a stopped run has had. ``shift`` is what its clock that never goes back is ahead of the machine's; None lets it
    stand still while the run had stopped. With ``speculate`` it tells which calls may come, so that as many of them can
    be made early.
    """

    module: bytes
    digest: str
    entry: str | None = None
    args: list[object] = []  # noqa: RUF012  # never mutated: the request is packed and dropped
    kwargs: dict[str, object] = {}  # noqa: RUF012
    limits: Limits = Limits()
    tier: str = "auto"
    profile: str = ""
    seed: int | None = None
    readings: dict[str, list[float]] = {}  # noqa: RUF012
    shift: float | None = None
    speculate: int = 0

    def seeded(self) -> "RunRequest":
        """The request with a seed: a fresh one if it has none."""
        if self.seed is not None:
            return self
        module, digest, entry, args, kwargs, limits, tier, profile, _, readings, shift, early = self
        seed = int.from_bytes(os.urandom(6), "little")
        return RunRequest(module, digest, entry, args, kwargs, limits, tier, profile, seed, readings, shift, early)
