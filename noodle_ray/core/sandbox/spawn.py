"""The caller's side of the fork server: starts it, asks it for workers, hears of their deaths. Never blocks."""

import array
import os
import socket
import subprocess
import sys
from typing import Final

from noodle_ray.core.sandbox.forkserver import MESSAGE
from noodle_ray.core.sandbox.outcome import describe
from noodle_ray.errors import PlatformError

_BOOT: Final = """
import sys
sys.path[:] = {path!r}
from noodle_ray.core.sandbox.forkserver import main
main({descriptor})
"""


class ForkServerProcess:
    """A running fork server. ``control`` is readable when `deaths` has news; it has the fork server's whole life."""

    def __init__(self) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._tags = 0
        boot = _BOOT.format(path=[entry for entry in sys.path if entry] or [os.getcwd()], descriptor=theirs.fileno())
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-X", "utf8", "-c", boot],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            self.control.close()
            raise PlatformError(f"the fork server of the sandbox cannot start: {error}", code="NOODLE-E0803") from error
        finally:
            theirs.close()
        self.control.setblocking(False)

    def spawn(self, code: int = -1) -> tuple[int, socket.socket]:
        """Ask for a worker, with a descriptor of memory for native code. Returns its tag and a non-blocking socket
        to it, which closes if it cannot start."""
        ours, theirs = socket.socketpair()
        self._tags += 1
        descriptors = array.array("i", [theirs.fileno(), *([code] if code >= 0 else [])])
        try:
            self.control.sendmsg(
                [MESSAGE.pack(b"S", self._tags, 0)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)]
            )
        except OSError as error:
            ours.close()
            raise PlatformError(f"the fork server of the sandbox is gone: {error}", code="NOODLE-E0803") from error
        finally:
            theirs.close()
        ours.setblocking(False)
        return self._tags, ours

    def kill(self, tag: int) -> None:
        """Kill this worker if it still runs."""
        try:
            self.control.send(MESSAGE.pack(b"K", tag, 0))
        except OSError:  # a fork server that is gone has taken its workers along
            return

    def deaths(self) -> list[tuple[int, str]] | None:
        """Return the workers that ended since the last call, with how; None once the fork server has ended."""
        ended: list[tuple[int, str]] = []
        while True:
            try:
                data = self.control.recv(MESSAGE.size)
            except BlockingIOError:
                return ended
            except OSError:
                data = b""
            if len(data) != MESSAGE.size:
                return ended or None
            _, tag, status = MESSAGE.unpack(data)
            ended.append((tag, describe(status)))

    def close(self) -> None:
        """Let go of the fork server, which then kills its workers and ends; waiting for it is the caller's choice."""
        self.control.close()
