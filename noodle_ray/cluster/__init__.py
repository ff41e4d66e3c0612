"""Starting, watching and stopping a platform on this machine. Importing it loads neither Ray nor FastAPI."""

from noodle_ray.cluster.launch import platform_status, serve_foreground, start_platform, stop_platform
from noodle_ray.cluster.state import PlatformState, read_state

__all__ = ["PlatformState", "platform_status", "read_state", "serve_foreground", "start_platform", "stop_platform"]
