"""The native tier: functions over numbers and lists of them become machine code, through LLVM. See docs/runtime.md."""

from noodle_ray.light import TYPE_CHECKING, Any, Callable, Final

if TYPE_CHECKING:
    from noodle_ray.core.vm.native.shared import Shared

region: "Shared | None" = None
"""In a sandboxed worker: where it gets native code from."""
SIZE: Final = 1 << 20
"""Bytes of native code that a worker can have."""
array_objects: tuple[object, ...] = ()
"""What native code knows arrays by, see `support.WORDS`, once arrays are loaded."""
array_kinds: dict[type, Callable[[Any], str | None]] = {}
"""The class of arrays, with what gives an array's kind as text."""
_there: bool | None = None


def may_run_native() -> bool:
    """Whether this process can get native code: on x86-64 Linux, where llvmlite is installed."""
    global _there
    if _there is None:
        import os
        from _frozen_importlib_external import PathFinder  # importlib.util would load half a dozen modules

        _there = os.uname().machine == "x86_64" and PathFinder.find_spec("llvmlite") is not None
    return _there


def make_memory() -> int:
    """A file in memory for the native code of one worker: its descriptor, or -1 where there is no native tier."""
    import os

    if not may_run_native():
        return -1
    try:
        descriptor = os.memfd_create("noodle-native", os.MFD_CLOEXEC)
        os.ftruncate(descriptor, SIZE)
    except OSError:
        return -1
    return descriptor


def confine(descriptor: int) -> None:
    """This process becomes a sandboxed worker, whose owner puts native code into this file in memory; -1 for none."""
    global _there, region
    _there = False
    if descriptor < 0:
        return
    from noodle_ray.core.vm.native.shared import Shared

    try:
        region = Shared(descriptor)
    except OSError:  # then without
        return
    _there = True
