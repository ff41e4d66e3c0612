"""What the campaign breaks: a platform on several Ray nodes with PostgreSQL, and the ways to break it."""

import contextlib
import os
import random
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from benchmarks.chaos.witness import notes
from noodle_ray import paths
from noodle_ray.ahr.registry import Registry
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.cluster import start_platform, stop_platform
from noodle_ray.cluster.environment import free_port, ray_environment
from tests.store.postgres import Postgres, find

STORE_BYTES = 128 << 20
WITNESS = ModelSpec(name="witness", source="python:benchmarks.chaos.witness:Witness")


class Place:
    """A platform that durable runs are executed on, and the faults that end some of its processes. ``root`` is above
    all of them; ``url`` and ``token`` are those of its HTTP API, ``database`` and ``objects`` of the store."""

    root: psutil.Process
    url: str
    token: str
    database: str
    objects: str
    notes: Path

    def processes(self, *words: str) -> list[psutil.Process]:
        """The processes below the root whose command line has one of these words."""
        found = []
        for process in self.root.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                line = " ".join(process.cmdline())
                if any(word in line for word in words):
                    found.append(process)
        return found

    # faults: each returns whether there was something to break

    def kill_worker(self, chance: random.Random) -> bool:
        """SIGKILL to a sandbox worker."""
        workers = [
            child for executor in self.processes("ServeReplica:noodle:Executor") for child in _children(executor)
        ]
        return _kill(workers, chance)

    def kill_executor(self, chance: random.Random) -> bool:
        """SIGKILL to an executor's replica, which owns workers and leases."""
        return _kill(self.processes("ServeReplica:noodle:Executor"), chance)

    def kill_model(self, chance: random.Random) -> bool:
        """SIGKILL to a replica of the model."""
        return _kill(self.processes(f"ServeReplica:noodle:Model-{WITNESS.name}"), chance)

    def kill_ingress(self, chance: random.Random) -> bool:
        """SIGKILL to HAProxy or the actor that keeps it."""
        return _kill(self.processes("haproxy", "HAProxyManager", "ProxyActor"), chance)

    def kill_controller(self, chance: random.Random) -> bool:
        """SIGKILL to Serve's controller."""
        return _kill(self.processes("ServeController"), chance)


class World(Place):
    """A platform on several Ray nodes with PostgreSQL.

    Everything lies in a temporary folder, and every process that is killed is one that this one started.
    """

    def __init__(self, nodes: int = 1) -> None:
        programs, why = find()
        if programs is None:
            raise RuntimeError(why)
        self.root = psutil.Process()
        self._stack = contextlib.ExitStack()
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-", dir="/tmp")))
        self._postgres = self._stack.enter_context(Postgres(programs, durable=True))
        self.database = self._postgres.create()
        self.objects = str(self.folder / "objects")
        self._nodes = nodes
        self._port = free_port()
        home = self.folder / "home"
        os.environ.update(
            {
                "NOODLE_HOME": str(home),
                "NOODLE_DATABASE": self.database,
                "NOODLE_OBJECTS": self.objects,
                "NOODLE_DURABLE_LEASE": "3",
            }
        )
        home.mkdir()
        (self.folder / "run").mkdir(mode=0o700)
        os.environ.update(ray_environment(home.resolve(), self.folder / "run", f"chaos-{secrets.token_hex(4)}"))
        self.notes = notes()
        Registry().add(WITNESS)
        self._cluster: Any = None
        self._workers: list[Any] = []
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> "World":
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._stack.close()

    def start(self) -> None:
        """Start the Ray nodes and the platform on them."""
        from ray.cluster_utils import Cluster

        size = {"num_cpus": 4, "object_store_memory": STORE_BYTES}
        head = {**size, "include_dashboard": False}
        self._cluster = _patiently(lambda: Cluster(initialize_head=True, head_node_args=head))
        self._workers = [_patiently(lambda: self._cluster.add_node(**size)) for _ in range(self._nodes)]
        start_platform(self._port, ray_address=self._cluster.address)
        self.token = paths.token_file().read_text().strip()

    def stop(self) -> None:
        """Stop both."""
        stop_platform()
        if self._cluster is not None:
            self._cluster.shutdown()
            self._cluster = None

    def kill_node(self, chance: random.Random) -> bool:
        """A Ray node vanishes with all its processes, and another one joins."""
        if not self._workers:
            return False
        node = self._workers.pop(chance.randrange(len(self._workers)))
        self._cluster.remove_node(node, allow_graceful=False)
        self._workers.append(_patiently(lambda: self._cluster.add_node(num_cpus=4, object_store_memory=STORE_BYTES)))
        return True

    def cut_database(self, chance: random.Random) -> bool:
        """Every connection to the database is cut."""
        import psycopg

        with psycopg.connect(self.database, autocommit=True) as connection:
            cut = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            ).fetchall()
        return bool(cut)

    def crash_database(self, chance: random.Random) -> bool:
        """PostgreSQL crashes, and is there again a moment later."""
        self._postgres.stop(at_once=True)
        time.sleep(chance.uniform(0, 1))
        self._postgres.start()
        return True

    def kill_head(self, chance: random.Random) -> bool:
        """The head of the Ray cluster dies, and with it the platform; both are started again."""
        killed = _kill(self.processes("gcs_server"), chance)
        self.stop()
        self.start()
        return killed


def _patiently(start: Callable[[], Any]) -> Any:
    """Start a Ray node. Ray gives its own 30 seconds to come up, too few for a busy machine: then once more."""
    for _ in range(4):
        before = set(_children(psutil.Process()))
        with contextlib.suppress(Exception):
            return start()
        for process in set(_children(psutil.Process())) - before:
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(2)
    return start()


Fault = Callable[[Any, random.Random], bool]
FAULTS: dict[str, tuple[Fault, int]] = {
    "worker": (World.kill_worker, 30),
    "executor": (World.kill_executor, 15),
    "model": (World.kill_model, 15),
    "ingress": (World.kill_ingress, 8),
    "controller": (World.kill_controller, 4),
    "connections": (World.cut_database, 16),
    "database": (World.crash_database, 6),
    "node": (World.kill_node, 4),
    "head": (World.kill_head, 1),
}
"""The kinds of faults, and how often each is to come, relative to the others."""


def _children(process: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return list(process.children(recursive=True))
    return []


def _kill(processes: list[psutil.Process], chance: random.Random) -> bool:
    if not processes:
        return False
    with contextlib.suppress(psutil.NoSuchProcess):
        chance.choice(sorted(processes, key=lambda process: process.pid)).kill()
        return True
    return False
