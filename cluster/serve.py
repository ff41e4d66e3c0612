"""Starts the platform on the Ray cluster that runs on this machine, and returns when it serves."""

import argparse
import sys

from noodle_ray.cluster import start_platform
from noodle_ray.errors import NoodleError


def main() -> int:
    """Exit status 0 when the platform serves, 3 when it could not be started."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--host", default="0.0.0.0")
    options = parser.parse_args()
    try:
        state = start_platform(options.port, options.host, ray_address="auto", progress=print, timeout=600)
    except NoodleError as error:
        print(f"error[{error.code}]: {error.message}", file=sys.stderr)
        return 3
    print(f"The platform serves at {state.url}; its token is in {state.token_file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
