"""The native tier: functions over numbers and lists of them become machine code, through LLVM. See docs/runtime.md."""

_there: bool | None = None


def may_run_native() -> bool:
    """Whether this process can make native code: on x86-64 Linux, where llvmlite is installed."""
    global _there
    if _there is None:
        import os
        from importlib.util import find_spec

        _there = os.uname().machine == "x86_64" and find_spec("llvmlite") is not None
    return _there


def forbid() -> None:
    """From now on this process runs nothing native: it may make no more memory executable."""
    global _there
    _there = False
