"""The platform of this machine, as the driver and the command line start, find and stop it."""

from collections.abc import Callable


def running() -> str | None:
    """Return the URL of the platform that runs on this machine, or None."""
    from noodle_ray.cluster.launch import platform_status
    from noodle_ray.cluster.state import RUNNING

    state = platform_status()
    return state.url if state.state == RUNNING else None


def start(progress: Callable[[str], None] = lambda stage: None) -> str:
    """Start a platform on a free port, or join one that is starting; return its URL. Raises PlatformError."""
    from noodle_ray.cluster.environment import free_port
    from noodle_ray.cluster.launch import platform_status, start_platform
    from noodle_ray.cluster.state import STARTING

    state = platform_status()
    if state.state == STARTING:
        return start_platform(int(state.url.rpartition(":")[2]), progress=progress).url
    return start_platform(free_port(), progress=progress).url


def stop() -> None:
    """Stop the platform of this machine, and all it started."""
    from noodle_ray.cluster.launch import stop_platform

    stop_platform()
