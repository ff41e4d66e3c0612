"""The process that owns a platform: ``python -m noodle_ray.cluster.supervisor PORT HOST [RAY_ADDRESS]``.

It starts Ray, deploys the Serve application, deploys again when the model registry changes, and on SIGTERM stops
all of it, then ends whatever of its descendants is left.
"""

import contextlib
import importlib
import logging
import os
import shutil
import signal
import sys
import threading
import time
import traceback
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType

import psutil

from noodle_ray import paths
from noodle_ray.cluster.ports import check_port
from noodle_ray.cluster.processes import adopt_orphans, descendants, end
from noodle_ray.cluster.rollout import Rollout
from noodle_ray.cluster.state import (
    FAILED,
    RUNNING,
    STARTING,
    STOPPING,
    PlatformState,
    read_state,
    remove_state,
    write_state,
)
from noodle_ray.errors import UsageError
from noodle_ray.security.tenants import tenants_by_digest, tokens_file

OBJECT_STORE_BYTES = 128 << 20
"""Shared memory for Ray objects. Requests travel inside calls; only large batches of results land here."""

REGISTRY_POLL = 2.0
READY_TIMEOUT = 240.0

_log = logging.getLogger("noodle.supervisor")


class Supervisor:
    """One platform, from start to stop."""

    def __init__(self, port: int, host: str, ray_address: str) -> None:
        self._port = port
        self._host = host
        self._ray_address = ray_address
        self._stop = threading.Event()
        self._state = _own_record()
        self._rollout = Rollout()
        self._tokens_file = paths.tokens_file()
        self._tokens_stamp: tuple[int, int] | None = None
        self._tokens_mistake = ""

    def run(self) -> int:
        """Run until told to stop. Return the exit status."""
        adopt_orphans()
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        failure = ""
        try:
            self._start()
            self._watch()
        except _Stopped:
            pass
        except BaseException as error:
            traceback.print_exc()
            failure = f"{type(error).__name__}: {error}"[:1000]
        self._say(STOPPING, "stopping")
        self._shut_down()
        if failure:
            self._say(FAILED, failure)
            return 1
        remove_state()
        return 0

    def _start(self) -> None:
        self._step("starting Ray")
        import ray

        # Ray's own processes take seconds to come up; what the deployment needs is imported meanwhile.
        imports = threading.Thread(target=importlib.import_module, args=["deployments.platform"], daemon=True)
        imports.start()
        run_dir = Path(self._state.run_dir)
        if self._ray_address:
            ray.init(self._ray_address, namespace="noodle", log_to_driver=False, configure_logging=False)
        else:
            _start_head(run_dir / "ray")
        signal.signal(signal.SIGTERM, self._on_signal)  # Ray installs a handler of its own
        self._state = self._state._replace(ray_address=ray.get_runtime_context().gcs_address)
        self._step("starting Ray Serve")
        imports.join()
        from ray import serve

        from deployments.config import load_config

        config = load_config(self._host, self._port)
        settings = config.args.resolved_settings()
        if settings.grpc_port:
            check_port(settings.grpc_host, settings.grpc_port, "NOODLE_GRPC_PORT")
            self._state = self._state._replace(grpc=f"{settings.grpc_host}:{settings.grpc_port}")
        serve.start(
            proxy_location=config.proxy_location,
            http_options=config.http_options,
            logging_config=config.logging_config,
        )
        self._deploy("loading models")
        self._step("waiting for the first answer")
        self._wait_ready()
        self._say(RUNNING, "serving")

    def _deploy(self, stage: str) -> None:
        from deployments.config import load_config

        stamp = self._registry_stamp = _stamp(paths.registry_file())
        self._step(stage)
        config = load_config(self._host, self._port)
        self._tokens_file = tokens_file(config.args.resolved_settings().tokens)
        self._rollout.deploy(config, lambda: self._out_of_date(stamp))

    def _out_of_date(self, stamp: tuple[int, int]) -> bool:
        """Whether what is being deployed is not what is wanted any more: a model in it may never find a place. Tokens
        are told meanwhile."""
        self._check_stopped()
        self._look_at_tokens()
        return self._state.state == RUNNING and _stamp(paths.registry_file()) != stamp

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + READY_TIMEOUT
        last = ""
        while time.monotonic() < deadline:
            self._check_stopped()
            try:
                with urllib.request.urlopen(f"{self._state.url}/readyz", timeout=10):
                    return
            except urllib.error.HTTPError as error:
                last = error.read(2000).decode(errors="replace")
            except OSError as error:
                last = str(error)
            time.sleep(0.1)
        raise TimeoutError(f"/readyz never answered 200: {last}")

    def _watch(self) -> None:
        """Wait for the signal; meanwhile deploy again when models were added or removed, or machines."""
        import ray
        from ray.exceptions import RayError

        while not self._stop.wait(REGISTRY_POLL):
            if not ray.is_initialized():
                raise RuntimeError("the connection to Ray was lost")
            try:
                self._look_at_tokens()
                if what := self._due():
                    self._deploy(what)
                    self._say(RUNNING, "serving")
            except (RuntimeError, ValueError, OSError, RayError, UsageError):
                traceback.print_exc()
                self._say(RUNNING, "serving")
        raise _Stopped

    def _look_at_tokens(self) -> None:
        """Tell executors of changed tokens. While the file cannot be read, or has a mistake, those of before hold."""
        stamp = _stamp(self._tokens_file)
        if stamp == self._tokens_stamp:
            return
        try:
            tokens = tenants_by_digest(self._tokens_file)
        except UsageError as error:
            if str(error) != self._tokens_mistake:
                print(error, flush=True)
            self._tokens_mistake = str(error)
            return
        self._rollout.tell_tokens(tokens)
        self._tokens_stamp, self._tokens_mistake = stamp, ""

    def _due(self) -> str:
        """Why to deploy again, '' if there is no reason to."""
        self._rollout.remind()
        if _stamp(paths.registry_file()) != self._registry_stamp:
            return "deploying the changed models"
        if self._rollout.cluster_changed():
            return "placing models on the changed cluster"
        return "removing models that nothing calls" if self._rollout.has_leftovers() else ""

    def _shut_down(self) -> None:
        for stop in (_stop_serve, _stop_ray):
            # Either can hang when half of the cluster is gone; what they leave is ended below.
            thread = threading.Thread(target=stop, daemon=True)
            thread.start()
            thread.join(15.0)
        if not self._ray_address:
            end(descendants(psutil.Process()), 3.0)
        run_dir = Path(self._state.run_dir)
        with contextlib.suppress(OSError):
            _keep_logs(run_dir)
        shutil.rmtree(run_dir, ignore_errors=True)

    def _step(self, stage: str) -> None:
        self._check_stopped()
        self._say(self._state.state, stage)

    def _say(self, state: str, stage: str) -> None:
        stages = [*self._state.stages, stage] if state == STARTING else self._state.stages
        self._state = self._state._replace(state=state, stage=stage, stages=stages)
        print(f"{time.strftime('%H:%M:%S')} {state}: {stage}", flush=True)
        write_state(self._state)

    def _check_stopped(self) -> None:
        if self._stop.is_set():
            raise _Stopped

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()


class _Stopped(BaseException):
    """The platform was told to stop while it started."""


def _start_head(folder: Path) -> None:
    """Start Ray here. It gives its own node 30 seconds to come up, too few for a busy machine: then once more."""
    import ray

    for attempt in (1, 2, 3):
        try:
            ray.init(
                "local",  # a Ray of its own, and not one of somebody else that it may find here
                include_dashboard=False,
                object_store_memory=OBJECT_STORE_BYTES,
                namespace="noodle",
                log_to_driver=False,
                configure_logging=False,
                _temp_dir=str(folder),
            )
            return
        except Exception as error:
            if attempt == 3 or "timed out during startup" not in str(error):
                raise
            traceback.print_exc()
            ray.shutdown()
            end(descendants(psutil.Process()), 3.0)


def _own_record() -> PlatformState:
    """Return the record that the launcher wrote for this process."""
    for _ in range(600):
        state = read_state()
        if state is not None and state.pid == os.getpid() and (Path(state.run_dir) / "go").exists():
            return state
        time.sleep(0.05)
    raise SystemExit("no launcher wrote a record for this process; start it with: noodle up")


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
        return stat.st_mtime_ns, stat.st_size
    except FileNotFoundError:
        return 0, 0


def _stop_serve() -> None:
    with contextlib.suppress(Exception):
        from ray import serve

        serve.shutdown()


def _stop_ray() -> None:
    with contextlib.suppress(Exception):
        import ray

        ray.shutdown()


def _keep_logs(run_dir: Path) -> None:
    """Keep Ray's logs of the last platform."""
    sessions = [path for path in (run_dir / "ray").glob("session_2*") if not path.is_symlink()]
    target = paths.log_dir() / "ray"
    shutil.rmtree(target, ignore_errors=True)
    for session in sessions[-1:]:
        shutil.copytree(session / "logs", target, ignore=shutil.ignore_patterns("*.sock"), dirs_exist_ok=True)


def main() -> int:
    """Entry point."""
    port, host = int(sys.argv[1]), sys.argv[2]
    return Supervisor(port, host, sys.argv[3] if len(sys.argv) > 3 else "").run()


if __name__ == "__main__":
    sys.exit(main())
