"""The walls around a worker, layer by layer. Each layer says whether it is up, and none is taken for granted.

Two steps: `isolate` moves the process that will fork workers into namespaces of its own and away from the file
system; `confine` is what each worker does to itself before it reads its first byte. Neither can be undone.
"""

import fcntl
import os
import resource

from noodle_ray.core.sandbox import kernel, seccomp
from noodle_ray.light import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from _socket import socket

NOBODY: Final = 65534
"""The user and group id of a worker that was started by root."""
MAX_MEMORY: Final = 16 * 1024**3
"""Bytes of address space that no run of a worker can exceed, whatever its limits say."""

_NAMESPACES: Final = (("network", 0x40000000), ("mount", 0x20000), ("ipc", 0x08000000), ("host name", 0x04000000))
_NEW_USER: Final = 0x10000000
_PRIVATE_RECURSIVE: Final = 0x40000 | 0x4000
_NO_SUID_DEV_EXEC: Final = 2 | 4 | 8
_EMPTY_ROOT: Final = "/tmp"  # covered by an empty file system in a namespace of our own
_PDEATHSIG: Final = 1
_SIGKILL: Final = 9
_SET_DUMPABLE: Final = 4
_NO_NEW_PRIVS: Final = 38
_CAPABILITY_VERSION: Final = b"\x22\x05\x08\x20\0\0\0\0"


class Layer(NamedTuple):
    """One wall: its name, whether it is up, and what it does or why it is not up."""

    name: str
    on: bool
    detail: str


def isolate() -> list[Layer]:
    """Move this process, and all it forks, into new namespaces and onto an empty root. Needs a single thread."""
    user = _enter_user_namespace() if os.geteuid() != 0 else True
    up = [name for name, flag in _NAMESPACES if user and kernel.call("unshare", flag) == 0]
    missing = [name for name, _ in _NAMESPACES if name not in up]
    detail = "own " + ", ".join(up) if up else "the kernel allows none"
    if up and missing:
        detail += "; not: " + ", ".join(missing)
    return [Layer("namespaces", not missing, detail), _leave_file_system("mount" in up)]


def _enter_user_namespace() -> bool:
    user, group = os.geteuid(), os.getegid()
    if kernel.call("unshare", _NEW_USER) != 0:
        return False
    try:
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    except OSError:
        return False
    return True


def _leave_file_system(own_mounts: bool) -> Layer:
    name = "file system"
    if not own_mounts:
        return Layer(name, False, "needs a mount namespace")
    root = _EMPTY_ROOT.encode()
    try:
        if (
            kernel.call("mount", None, b"/", None, _PRIVATE_RECURSIVE, None) != 0
            or kernel.call("mount", b"none", root, b"tmpfs", _NO_SUID_DEV_EXEC, b"size=4k,mode=555") != 0
        ):
            return Layer(name, False, "the kernel does not allow a mount")
        os.chroot(_EMPTY_ROOT)
        os.chdir("/")
    except OSError as error:
        return Layer(name, False, f"the kernel does not allow a new root: {error.strerror}")
    return Layer(name, True, "the root is an empty folder")


def confine(connection: "socket", proc: int, parent: int) -> tuple[list[Layer], list[int]]:
    """Lock this process down: afterwards it can compute, and talk on ``connection``, and nothing else.

    ``proc`` is a descriptor of /proc and ``parent`` the process that must outlive this one. Returns the layers
    and the descriptors the worker has: its connection, then its memory counters (-1 where there are none).
    """
    os.setsid()
    os.environ.clear()
    kernel.call("clearenv")
    outside = _outside_user(proc)
    layers = [
        Layer("environment", True, "empty"),
        _keep_only(connection, proc),
        _limit_resources(),
        _drop_user(outside),
        _drop_capabilities(),
    ]
    kernel.call("prctl", _PDEATHSIG, _SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)
    kernel.call("prctl", _SET_DUMPABLE, 0, 0, 0, 0)
    no_new = kernel.call("prctl", _NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    layers.append(Layer("no new privileges", no_new, "set" if no_new else "the kernel does not know it"))
    counters = [fd if _is_open(fd) else -1 for fd in (seccomp.STATM, seccomp.CLEAR_REFS)]
    filtered = seccomp.install()
    detail = "system calls are denied by default" if filtered else "the kernel or machine takes no filter"
    layers.append(Layer("seccomp", filtered, detail))
    return layers, [seccomp.CONNECTION, *counters]


def _outside_user(proc: int) -> int:
    """Who this process is outside its user namespace; its user id where it has no namespace or /proc is not there."""
    user = os.geteuid()
    try:
        file = os.open("self/uid_map", os.O_RDONLY, dir_fd=proc)
        inside, outside, count = map(int, os.read(file, 4096).split()[:3])
    except (OSError, ValueError):
        return user
    os.close(file)
    return outside + user - inside if inside <= user < inside + count else user


def _keep_only(connection: "socket", proc: int) -> Layer:
    """Close every descriptor but the connection (3) and the process's own memory counters (4 and 5)."""
    high = [fcntl.fcntl(connection.detach(), fcntl.F_DUPFD_CLOEXEC, 100)]
    for name, flags in (("self/statm", os.O_RDONLY), ("self/clear_refs", os.O_WRONLY)):
        try:
            opened = os.open(name, flags, dir_fd=proc)
        except OSError:
            high.append(-1)
            continue
        high.append(fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, 100))
    os.closerange(0, 100)
    for target, source in enumerate(high, start=seccomp.CONNECTION):
        if source >= 0:
            os.dup2(source, target, inheritable=False)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    os.closerange(seccomp.CLEAR_REFS + 1, limit if limit > 0 else 1 << 20)
    return Layer("descriptors", True, "one socket and this process's own memory counters")


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _limit_resources() -> Layer:
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_NOFILE, seccomp.CLEAR_REFS + 1),
        (resource.RLIMIT_AS, MAX_MEMORY),
    ):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (most, most) if hard < 0 or most < hard else (hard, hard))
    return Layer("resource limits", True, "no files, processes or dumps; memory and processor time per run")


def _drop_user(outside: int) -> Layer:
    if outside != 0:
        return Layer("user", True, f"the ordinary user who started it, {outside}")
    try:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    except OSError as error:
        return Layer("user", False, f"stays root: {error.strerror}")
    return Layer("user", True, f"user and group {NOBODY}")


def _drop_capabilities() -> Layer:
    dropped = kernel.call("capset", _CAPABILITY_VERSION, bytes(24)) == 0
    return Layer("capabilities", dropped, "none" if dropped else "could not be dropped")


def report() -> list[Layer]:
    """Start a worker, ask which of its layers are up, and end it. For ``noodle doctor``; raises PlatformError."""
    from noodle_ray.core.sandbox.local import LocalWorker

    with LocalWorker(fork_server=True) as worker:
        return worker.layers()
