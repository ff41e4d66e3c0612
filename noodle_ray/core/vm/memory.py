"""How much memory this process uses, as cheaply as the kernel tells it."""

import os
from resource import RUSAGE_SELF, getrusage

_PAGE = os.sysconf("SC_PAGE_SIZE")
FEW = 1 << 16
"""Bytes that make no difference."""
_statm = -1


def prepare() -> None:
    """Open the kernel's account of this process; to be called before the process may open nothing more."""
    global _statm
    if _statm < 0:
        try:
            _statm = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            _statm = -2


def resident() -> int:
    """Bytes of memory in use now; 0 where the kernel does not tell."""
    if _statm < 0:
        return 0
    return int(os.pread(_statm, 64, 0).split()[1]) * _PAGE


class Growth:
    """Memory that a run takes on top of the ``resident`` bytes that the process had when it began.

    The kernel keeps one peak for the life of a process. When a run reaches a new one, its growth is known to
    the page; below an earlier run's peak only what it still holds at its end is seen. ``computed`` is the processor
    time of the process when it was looked at last, in seconds, of which the kernel tells with the peak.
    """

    __slots__ = ("_left", "computed", "peak", "resident")

    def __init__(self, resident: int) -> None:
        self.resident = resident
        used = getrusage(RUSAGE_SELF)
        self.peak = used.ru_maxrss * 1024
        self.computed = used.ru_utime + used.ru_stime
        self._left = -1

    def bytes(self) -> int:
        """Growth since the object was made."""
        used = getrusage(RUSAGE_SELF)
        self.computed = used.ru_utime + used.ru_stime
        now = used.ru_maxrss * 1024
        if now > self.peak:
            self._left = -1
            return max(0, now - (self.resident or self.peak))  # the kernel counts both in batches, so they may cross
        self._left = resident()
        return max(0, self._left - self.resident)

    def again(self) -> bool:
        """Count anew from the same beginning, if memory was like that when it was looked at last: whether it was."""
        left, self._left = self._left, -1
        return left >= 0 and -FEW < left - self.resident <= 0


def _forget() -> None:
    """In a forked child the parent's open file would describe the parent."""
    global _statm
    if _statm >= 0:
        _statm = -1


os.register_at_fork(after_in_child=_forget)
