"""The process that forks workers: small, single-threaded, without the caller's memory, environment or descriptors.

A caller may have threads, an event loop or Ray in it, none of which survives a fork. So it starts this process
once, and asks it for workers over a socket pair of sequenced packets::

    to the fork server    S tag  (+ the worker's end of a socket pair, memory for native code)   start a worker
                          K tag                                          kill it
    from the fork server  D tag status                                   it ended, with this wait status

``tag`` is eight bytes and names the worker, so that no process id is ever signalled after its process was
reaped. When the caller's end closes, all workers are killed and the fork server ends.
"""

import _signal  # type: ignore[import-not-found]  # a third of the import time of signal
import _socket
import os
import select
import struct
from typing import Final, NoReturn

MESSAGE: Final = struct.Struct("<cQi")
"""Kind, tag and status of a message; the status is 0 where it has no meaning."""


class ForkServer:
    """Forks workers and reaps them."""

    def __init__(self, control: "_socket.socket") -> None:
        from noodle_ray.core.sandbox import lockdown, warm

        warm.warm()
        self._control = control
        self._proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._layers = lockdown.isolate()
        self._tags: dict[int, int] = {}
        self._wake, wakes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        _signal.signal(_signal.SIGCHLD, lambda number, at: None)
        _signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Handle messages until the caller's end closes; then kill and reap every worker."""
        poll = select.poll()
        poll.register(self._control.fileno(), select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        open_ = True
        while open_:
            for descriptor, _ in poll.poll():
                if descriptor == self._wake:
                    os.read(self._wake, 4096)
                else:
                    open_ = self._receive()
            self._reap(os.WNOHANG)
        for pid in self._tags:
            os.kill(pid, _signal.SIGKILL)
        while self._tags:
            self._reap(0)

    def _receive(self) -> bool:
        size = struct.calcsize("ii")
        try:
            data, ancillary, _, _ = self._control.recvmsg(MESSAGE.size, _socket.CMSG_SPACE(size))
        except ConnectionError:  # the caller's end closed with reports in it that nobody had read
            return False
        if len(data) != MESSAGE.size:
            return False
        kind, tag, _ = MESSAGE.unpack(data)
        if kind == b"S" and ancillary:
            connection, *code = struct.unpack("i" * (len(ancillary[0][2]) // 4), ancillary[0][2])
            self._fork(tag, _socket.socket(fileno=connection), code[0] if code else -1)
        elif kind == b"K":
            for pid, known in self._tags.items():
                if known == tag:
                    os.kill(pid, _signal.SIGKILL)
        return True

    def _fork(self, tag: int, connection: "_socket.socket", code: int) -> None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            connection.close()
            _close(code)
            self._tell(tag, -1)
            return
        if pid == 0:
            from noodle_ray.core.sandbox.worker import become_worker

            become_worker(connection, self._proc, parent, self._layers, code)
        connection.close()
        _close(code)
        self._tags[pid] = tag

    def _reap(self, flags: int) -> None:
        while self._tags:
            pid, status = os.waitpid(-1, flags)
            if pid == 0:
                return
            tag = self._tags.pop(pid, None)
            if tag is not None:
                self._tell(tag, status)

    def _tell(self, tag: int, status: int) -> None:
        try:
            self._control.send(MESSAGE.pack(b"D", tag, status))
        except OSError:  # the caller is gone; its end closes next
            return


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)


def main(descriptor: int) -> NoReturn:
    """Serve the caller at the other end of this descriptor, then end the process."""
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    ForkServer(_socket.socket(fileno=descriptor)).serve()
    os._exit(0)


if __name__ == "__main__":
    import sys

    main(int(sys.argv[1]))
