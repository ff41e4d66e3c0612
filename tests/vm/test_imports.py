"""The runtime is light: it starts in milliseconds, alone."""

import subprocess
import sys

HEAVY = (
    "asyncio", "concurrent.futures", "ctypes", "dataclasses", "fastapi", "greenlet", "inspect", "json", "logging",
    "multiprocessing", "numpy", "pydantic", "ray", "subprocess", "threading", "torch", "typer",
)  # fmt: skip


def test_runtime_when_imported_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from noodle_ray.core.vm.execute import execute\n"
        "from noodle_ray.core.lang import compile_source\n"
        "assert execute(compile_source('1 + 1')).result == 2\n"
        f"print([name for name in {HEAVY!r} if name in set(sys.modules) - before])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
