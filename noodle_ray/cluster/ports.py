"""Whether a port can be had."""

import socket

from noodle_ray.errors import UsageError


def check_port(host: str, port: int, setting: str = "--port") -> None:
    """Raise UsageError E0911 if something listens there already; ``setting`` is where another can be chosen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = f"cannot listen on {host}:{port} ({error.strerror}); choose another with {setting}"
            raise UsageError(message, code="NOODLE-E0911") from None
