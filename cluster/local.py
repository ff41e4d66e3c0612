"""Several Ray nodes on this machine with a platform on them, in the foreground: to try what spans nodes.

Usage: ``python cluster/local.py [--workers 2] [--port 8000]``, from the repository's root. Ctrl-C stops all of it.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from noodle_ray import paths
from noodle_ray.cluster import platform_status, start_platform, stop_platform
from noodle_ray.cluster.environment import ray_environment
from noodle_ray.errors import NoodleError

STORE_BYTES = 128 << 20
"""Shared memory of each node's object store."""


def main() -> int:
    """Exit status 0 after Ctrl-C, 3 when the platform could not be started or stopped by itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2, help="nodes besides the head")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell that starts this in the background has SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="noodle-", dir="/tmp") as folder:
        # Ray reads these when it is imported, and its processes inherit them.
        os.environ.update(ray_environment(paths.home().resolve(), Path(folder), "local-cluster"))
        from ray.cluster_utils import Cluster

        size = {"num_cpus": max(2, os.cpu_count() or 1), "object_store_memory": STORE_BYTES}
        cluster = Cluster(initialize_head=True, head_node_args={**size, "include_dashboard": False})
        try:
            print(f"head at {cluster.address}", flush=True)
            for number in range(options.workers):
                cluster.add_node(**size)
                print(f"worker {number + 1} of {options.workers} joined", flush=True)
            state = start_platform(options.port, ray_address=cluster.address, progress=print)
            print(f"The platform serves at {state.url} on {1 + options.workers} nodes; Ctrl-C stops it", flush=True)
            while platform_status().state == "running":
                time.sleep(0.5)
            print("the platform stopped by itself", file=sys.stderr)
            return 3
        except KeyboardInterrupt:
            return 0
        except NoodleError as error:
            print(f"error[{error.code}]: {error.message}", file=sys.stderr)
            return 3
        finally:
            stop_platform()
            cluster.shutdown()


if __name__ == "__main__":
    sys.exit(main())
