"""The processes of a platform, found by what they call themselves."""

import psutil

from noodle_ray.cluster import PlatformState


def replicas(platform: PlatformState, deployment: str) -> list[psutil.Process]:
    """The replicas of deployments whose name begins so."""
    children = psutil.Process(platform.pid).children(recursive=True)
    return [process for process in children if f"ServeReplica:noodle:{deployment}" in _title(process)]


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has ended meanwhile
        return ""
