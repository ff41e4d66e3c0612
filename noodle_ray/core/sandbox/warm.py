"""What a process loads before it forks workers: after the lock-down nothing can be imported any more."""

import gc


def warm() -> None:
    """Import all that a run can need, and move it out of the garbage collector's sight."""
    import json
    import math

    from noodle_ray.core.sandbox import worker

    assert json
    assert math
    assert worker
    gc.collect()
    gc.freeze()
