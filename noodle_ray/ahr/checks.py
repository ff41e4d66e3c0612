"""What a model must pass before it serves: its digest, its memory budget."""

import os
from pathlib import Path

from noodle_ray.ahr import codes
from noodle_ray.ahr.files import content_digest
from noodle_ray.ahr.spec import STORES, ModelSpec
from noodle_ray.errors import ModelError

BROKEN = frozenset({codes.LOAD_FAILED, codes.UNSAFE_FORMAT, codes.OVER_BUDGET, codes.WRONG_DIGEST})
"""Codes of errors that say that a version is at fault, not the network or the moment."""


def check_digest(spec: ModelSpec, path: Path) -> None:
    """Raise ModelError E0612 unless the files are those that were registered."""
    if not spec.digest:
        return
    digest = content_digest(path)
    if digest != spec.digest:
        if spec.scheme in STORES:
            from noodle_ray.ahr.sources.stores import forget

            forget(spec)  # the store may have the right ones again
        raise ModelError(
            f"the files of the model {spec.name!r} at {path} are not those that were registered: their digest is "
            f"{digest[:12]}…, not {spec.digest[:12]}…",
            code=codes.WRONG_DIGEST,
            hint="restore them, or register what is there as a new version",
        )


def check_budget(spec: ModelSpec, grown: int, reserve: int = 0) -> None:
    """Raise ModelError E0611 if the process grew by more bytes than the option ``memory`` (MiB) allows, with the
    ``reserve`` of a model whose KV caches grow later: what they take when all slots are full.
    """
    budget = spec.options.get("memory")
    if budget and grown + reserve > budget << 20:
        caches = f" and needs {reserve / (1 << 20):,.0f} for full KV caches" if reserve else ""
        raise ModelError(
            f"the model {spec.name!r} took {grown / (1 << 20):,.0f} MiB{caches}, and its budget is {budget:,}",
            code=codes.OVER_BUDGET,
            hint=f"raise its option 'memory', {'lower slots or context, ' if reserve else ''}or use a smaller model",
        )


def resident() -> int:
    """Bytes of this process that are in memory (Linux's proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Peak:
    """The most bytes of this process that are in memory at once, from now on."""

    def __init__(self) -> None:
        try:
            Path("/proc/self/clear_refs").write_text("5")  # sets the peak to what is there now: proc(5)
            self._known = True
        except OSError:
            self._known = False

    def bytes(self) -> int:
        """The peak until now; where the kernel does not tell it, what is there now."""
        if self._known:
            for line in Path("/proc/self/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return max(int(line.split()[1]) << 10, resident())
        return resident()
