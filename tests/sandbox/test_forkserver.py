"""The fork server ends in good order, whatever its caller leaves behind."""

import select

import psutil

from noodle_ray.core.sandbox.spawn import ForkServerProcess


def test_fork_server_ends_its_workers_when_the_caller_leaves_reports_unread() -> None:
    server = ForkServerProcess()
    first, one = server.spawn()
    _, other = server.spawn()
    server.kill(first)
    poll = select.poll()
    poll.register(server.control, select.POLLIN)
    assert poll.poll(20_000)
    workers = psutil.Process(server.process.pid).children()
    server.close()
    assert server.process.wait(20) == 0
    assert not any(worker.is_running() for worker in workers)
    one.close()
    other.close()
