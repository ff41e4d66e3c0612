"""llama.cpp's own HTTP server with its own defaults: ``python -m benchmarks.llama_server PORT FILE SLOTS CONTEXT``.

It says a line when it listens, and ends when its standard input does.
"""

import sys

import xllamacpp


def main() -> None:
    """Serve."""
    port, file, slots, context = sys.argv[1:]
    parameters = xllamacpp.CommonParams()
    parameters.model.path = file
    parameters.n_parallel = int(slots)
    parameters.n_ctx = int(slots) * int(context)
    parameters.verbosity = -1
    parameters.ui = False
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = int(port)
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
