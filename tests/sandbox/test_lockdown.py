"""Each wall around a worker, tried from inside: a process is forked, locked down, and attempts what it must not."""

import json
import os
import resource
import socket
from collections.abc import Callable
from typing import Any

import pytest

from noodle_ray.core.sandbox import kernel, lockdown

ROOT = os.geteuid() == 0
BPF = 321 if os.uname().machine == "x86_64" else 280
KEPT: list[socket.socket] = []
"""Sockets that must not be closed while a test looks."""


def inside(attempt: Callable[[], Any], *, filtered: bool = True) -> Any:
    """Run ``attempt`` in a locked-down process: its result, the name of what it raised, or how the process ended.

    Without ``filtered`` the system-call filter is left out, so that the wall behind it is what is tried.
    """
    ours, theirs = socket.socketpair()
    proc = os.open("/proc", os.O_RDONLY)
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            if not filtered:
                lockdown.seccomp.install = lambda: True
            lockdown.isolate()
            family, kind = theirs.family, theirs.type
            _, descriptors = lockdown.confine(theirs, proc, parent)
            connection = socket.socket(family, kind, 0, descriptors[0])
            try:
                answer = attempt()
            except BaseException as error:
                answer = type(error).__name__
            connection.send(json.dumps(answer).encode())
        finally:
            os._exit(0)
    theirs.close()
    os.close(proc)
    answer = ours.recv(65536)
    ours.close()
    status = os.waitpid(pid, 0)[1]
    return json.loads(answer) if answer else f"signal {os.WTERMSIG(status)}"


def failing(name: str, *arguments: Any) -> Callable[[], Any]:
    return lambda: getattr(os, name)(*arguments)


@pytest.mark.parametrize(
    "attempt",
    [
        failing("open", "/etc/passwd", os.O_RDONLY),
        failing("open", "/tmp/made", os.O_WRONLY | os.O_CREAT),
        failing("listdir", "/"),
        failing("stat", "/"),
        failing("readlink", "/proc/self/exe"),
        failing("fork"),
        failing("kill", 1, 0),
        failing("kill", os.getpid(), 9),
        failing("setuid", 0),
        failing("pipe"),
        failing("memfd_create", "x"),
        failing("read", 3, 1),
        failing("write", 1, b"x"),
        failing("write", 3, b"x"),
        failing("dup", 3),
        failing("nice", -1),
        failing("sched_setaffinity", 0, {0}),
        failing("getcwd"),
        lambda: socket.socket().connect(("127.0.0.1", 80)),
        lambda: socket.socketpair(),
        lambda: KEPT.append(socket.socket(1, 1, 0, 3)) or KEPT[0].sendmsg([b"x"]),
        lambda: __import__("this"),
        lambda: resource.prlimit(1, resource.RLIMIT_AS),
    ],
)
def test_call_is_refused_when_worker_is_locked_down(attempt: Callable[[], Any]) -> None:
    assert inside(attempt) in ("PermissionError", "OSError", "ModuleNotFoundError")


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: os.execv("/bin/true", ["true"]),
        lambda: kernel.call("ptrace", 16, 1, None, None),
        lambda: kernel.call("unshare", 0x10000000),
        lambda: kernel.call("mount", b"none", b"/", b"tmpfs", 0, None),
        lambda: kernel.call("setns", 3, 0),
        lambda: kernel.call("syscall", BPF, 0, None, 0),
        lambda: os.chroot("/"),
    ],
)
def test_worker_is_killed_when_it_makes_an_attackers_call(attempt: Callable[[], Any]) -> None:
    assert inside(attempt) == "signal 31"


@pytest.mark.parametrize("name", ["fork", "clone-thread"])
def test_no_process_or_thread_starts_when_only_resource_limits_stand(name: str) -> None:
    def attempt() -> object:
        if name == "fork":
            return os.fork()
        import _thread

        return _thread.start_new_thread(print, ())

    assert inside(attempt, filtered=False) in ("BlockingIOError", "RuntimeError", "PermissionError")


@pytest.mark.skipif(not ROOT, reason="needs a root that can be left")
@pytest.mark.parametrize(
    ("attempt", "answer"),
    [
        (lambda: os.open("/etc/passwd", os.O_RDONLY), ("FileNotFoundError",)),
        (lambda: os.open("/made", os.O_WRONLY | os.O_CREAT), ("PermissionError", "OSError")),
        (lambda: os.kill(os.getppid(), 0), ("PermissionError",)),
        (lambda: os.setuid(0), ("PermissionError",)),
        (lambda: os.chroot("/"), ("PermissionError",)),
        (lambda: socket.socket().connect(("127.0.0.1", 80)), ("OSError",)),
        (lambda: os.execv("/bin/true", ["true"]), ("FileNotFoundError", "BlockingIOError")),
    ],
)
def test_outer_walls_stand_when_there_is_no_filter(attempt: Callable[[], Any], answer: tuple[str, ...]) -> None:
    assert inside(attempt, filtered=False) in answer


def test_nothing_is_inherited_when_worker_is_locked_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "s")
    secret, other = os.pipe()

    def attempt() -> list[object]:
        opened = []
        for descriptor in range(3000):
            try:
                os.fstat(descriptor)
            except OSError:
                continue
            opened.append(descriptor)
        return [
            opened,
            dict(os.environ),
            os.getuid() == 0,
            os.getgroups() if ROOT else [],
            kernel.call("getenv", b"HOME"),
        ]

    try:
        assert inside(attempt, filtered=False) == [[3, 4, 5], {}, False, [], 0]
    finally:
        os.close(secret)
        os.close(other)


def test_memory_beyond_its_own_is_refused_when_mapped_executable() -> None:
    import mmap

    assert inside(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)) == "PermissionError"


def test_computing_still_works_when_worker_is_locked_down() -> None:
    def attempt() -> list[object]:
        import time

        resource.setrlimit(resource.RLIMIT_AS, resource.getrlimit(resource.RLIMIT_AS))
        return [len("x" * 10**8), time.perf_counter() > 0, resource.getrusage(0).ru_maxrss > 0, os.getpid() > 0]

    assert inside(attempt) == [10**8, True, True, True]


def test_every_layer_is_up_when_reported_by_root() -> None:
    layers = lockdown.report()
    assert [layer.name for layer in layers] == [
        "namespaces", "file system", "environment", "descriptors", "resource limits",
        "user", "capabilities", "no new privileges", "seccomp",
    ]  # fmt: skip
    if ROOT:
        assert [layer for layer in layers if not layer.on] == []


@pytest.mark.skipif(not ROOT, reason="needs a root that can be left")
def test_layers_are_reported_honestly_when_started_by_an_ordinary_user() -> None:
    ours, theirs = socket.socketpair()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setresgid(12345, 12345, 12345)
            os.setresuid(12345, 12345, 12345)
            kernel.call("prctl", 4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: /proc/self is ours again, as after an exec
            proc = os.open("/proc", os.O_RDONLY)
            layers = lockdown.isolate()
            family, kind = theirs.family, theirs.type
            own, descriptors = lockdown.confine(theirs, proc, parent)
            socket.socket(family, kind, 0, descriptors[0]).send(json.dumps([*layers, *own]).encode())
        finally:
            os._exit(0)
    theirs.close()
    layers = {name: (on, detail) for name, on, detail in json.loads(ours.recv(65536))}
    ours.close()
    os.waitpid(pid, 0)
    assert layers["user"] == (True, "the ordinary user who started it, 12345")
    assert layers["seccomp"][0]
    assert layers["capabilities"][0]
    assert layers["namespaces"][0] == layers["file system"][0]
