"""``noodle up``, ``down`` and ``status``."""

from importlib import import_module
from typing import Any

from noodle_ray.cli.console import console, steps, table
from noodle_ray.cli.output import PLATFORM, report, write, write_json
from noodle_ray.cluster.launch import curl_lines, platform_status, serve_foreground, start_platform, stop_platform
from noodle_ray.cluster.state import FAILED, RUNNING, STOPPED, PlatformState
from noodle_ray.errors import NoodleError


def up_command(host: str, port: int, *, foreground: bool = False, as_json: bool = False) -> int:
    """Start the platform and return when it is ready; in the foreground, when it has been stopped."""
    try:
        with steps(quiet=as_json) as progress:
            if foreground:
                serve_foreground(port, host, progress=progress, announce=announce)
                return 0
            state = start_platform(port, host, progress=progress)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json({"state": state.state, "url": state.url, "token_file": state.token_file, "log": state.log})
    else:
        write(f"ready at {state.url}\ntoken in {state.token_file}\nstop with: noodle down\n")
    return 0


def announce(state: PlatformState) -> None:
    """Print where a platform in the foreground serves, its token, and requests to try."""
    import sys

    from noodle_ray.security.tokens import read_token

    lines = "\n".join(f"  {line}" for line in curl_lines(state))
    write(f"ready at {state.url}\ntoken {read_token()}\n\ntry:\n{lines}\n\nCtrl-C stops it\n")
    sys.stdout.flush()


def down_command(*, as_json: bool = False) -> int:
    """Stop the platform that was started on this machine."""
    try:
        with steps(quiet=as_json) as progress:
            stopped = stop_platform(progress=progress)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json({"stopped": stopped})
    else:
        write("stopped\n" if stopped else "nothing to stop: no platform was started here\n")
    return 0


def status_command(address: str | None, *, as_json: bool = False) -> int:
    """Show the platform's state; the status is 3 if it failed, and 0 also if there is none."""
    try:
        found = status(address)
    except NoodleError as error:
        return report(error, as_json=as_json)
    if as_json:
        write_json(found)
    else:
        _show(found)
    return PLATFORM if found["state"] == FAILED else 0


def status(address: str | None = None) -> dict[str, Any]:
    """Return the state, URL, token file, nodes and models of a platform: this machine's, or the one at an address."""
    state = platform_status() if address is None else PlatformState(RUNNING, url=address)
    found: dict[str, Any] = {
        "state": state.state,
        "stage": state.stage,
        "url": state.url or None,
        "grpc": state.grpc or None,
        "token_file": state.token_file or None,
        "nodes": [],
        "models": [],
    }
    if state.state == RUNNING:
        from noodle_ray.client.http import Client

        with Client(state.url, patience=5.0) as client:
            found["url"] = client.url
            found["models"] = client.models()
        found["nodes"] = nodes(state) if address is None else []
    return found


def nodes(state: PlatformState) -> list[dict[str, Any]]:
    """Return the Ray nodes of this machine's platform: id, address, state and resources of each."""
    import os

    from noodle_ray import paths
    from noodle_ray.cluster.environment import RAY_TOKEN_FILE

    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ["RAY_AUTH_TOKEN_PATH"] = str(paths.home() / RAY_TOKEN_FILE)
    client = import_module("ray._raylet").GcsClient(state.ray_address)  # asks the GCS without joining the cluster
    return [
        {
            "id": node.node_id.hex(),
            "address": node.node_manager_address,
            "state": "alive" if node.state == 0 else "dead",
            "resources": {kind: amount for kind, amount in node.resources_total.items() if ":" not in kind},
        }
        for node in client.get_all_node_info().values()
    ]


def _resources(resources: dict[str, float]) -> str:
    """Return a node's processors and memory in words."""
    parts = [f"{resources[kind]:g} {kind}" for kind in ("CPU", "GPU") if resources.get(kind)]
    if resources.get("memory"):
        parts.append(f"{resources['memory'] / 2**30:.1f} GiB memory")
    return ", ".join(parts)


def _show(found: dict[str, Any]) -> None:
    rows = table("", "")
    rows.show_header = False
    rows.add_row("state", found["state"] + (f" ({found['stage']})" if found["stage"] else ""))
    for name in ("url", "grpc", "token_file"):
        if found[name]:
            rows.add_row(name.replace("_", " "), found[name])
    for node in found["nodes"]:
        rows.add_row("node", f"{node['address']} ({node['state']}): {_resources(node['resources'])}")
    for model in found["models"]:
        rows.add_row("model", f"{model['name']} ({model['task']}, {model['engine']})")
    console().print(rows)
    if found["state"] in (FAILED, STOPPED):
        write("start one with: noodle up\n")
