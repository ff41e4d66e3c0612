"""Connections between callers and replicas, without a cluster: what comes through, what ends when an end is gone, and
what Serve is told of calls that take the shorter way.
"""

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import psutil
import pytest
from ray import ActorID
from ray.exceptions import ActorUnavailableError
from ray.serve._private.common import ReplicaQueueLengthInfo, RequestMetadata

from deployments.wire import server
from deployments.wire.choices import TwoChoicesRouter
from deployments.wire.client import Link, WiredResult
from deployments.wire.peers import Kind, Peer
from deployments.wire.router import WiredReplica, WiredRouter
from deployments.wire.server import Requests
from deployments.wire.way import NotTakenError, Way
from noodle_ray.cluster import PlatformState
from noodle_ray.errors import ModelError
from tests.cluster.processes import replicas

KEY = b"k" * 32
METADATA = RequestMetadata("request", "inner", is_streaming=True, _by_reference=False, _on_separate_loop=False)
UNARY = dataclasses.replace(METADATA, is_streaming=False)


class Replica:
    """Serve's replica, as far as a connection asks it. ``go`` lets it answer."""

    def __init__(self, *answers: Any) -> None:
        self.answers = answers
        self.room = True
        self.go = asyncio.Event()
        self.go.set()
        self.began = asyncio.Event()
        self.ended = asyncio.Event()

    async def handle_request_with_rejection(self, metadata: Any, *args: Any, **kwargs: Any) -> AsyncGenerator[Any]:
        yield ReplicaQueueLengthInfo(self.room, 3)
        if not self.room:
            return
        self.began.set()
        try:
            for answer in self.answers or (args,):
                await self.go.wait()
                if isinstance(answer, BaseException):
                    raise answer
                yield answer
        finally:
            self.ended.set()


class Bad(Exception):
    """Can be packed, and not unpacked."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(one + two)


@contextlib.asynccontextmanager
async def connected(replica: Any, soon: float = 0.0, key: bytes = KEY) -> AsyncIterator[Link]:
    loop = asyncio.get_running_loop()
    ends: list[Requests] = []

    def end() -> Requests:
        ends.append(Requests(KEY, replica, soon))
        return ends[-1]

    async with await loop.create_server(end, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        _, link = await loop.create_connection(lambda: Link(key, ActorID.nil()), "127.0.0.1", port)
        try:
            await link.ready
            yield link
        finally:
            link.close()
            for each in ends:
                each.close()


def sent(link: Link, *args: Any) -> WiredResult:
    return link.request(UNARY, args, {})


async def all_of(result: WiredResult) -> list[Any]:
    found = []
    with contextlib.suppress(StopAsyncIteration):
        while True:
            found.append(await anext(result))
    return found


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.001)


async def test_answers_come_in_their_order_to_the_request_they_answer() -> None:
    async with connected(Replica()) as link:
        results = [sent(link, number, "x" * number * 100_000) for number in range(5)]
        for number, result in enumerate(results):
            assert await result.get_rejection_response() == ReplicaQueueLengthInfo(True, 3)
            assert await all_of(result) == [(number, "x" * number * 100_000)]
    async with connected(Replica(*range(100))) as link:
        assert await all_of(sent(link)) == list(range(100))


@pytest.mark.parametrize("soon", [0.0, 0.005])
async def test_caller_learns_that_its_request_was_taken_before_it_is_answered(soon: float) -> None:
    replica = Replica("answer")
    replica.go.clear()
    async with connected(replica, soon) as link:
        result = sent(link)
        assert (await result.get_rejection_response()).accepted
        replica.go.set()
        assert await all_of(result) == ["answer"]


async def test_request_that_the_replica_refuses_is_told_so() -> None:
    replica = Replica()
    replica.room = False
    async with connected(replica, 0.005) as link:
        result = sent(link)
        assert await result.get_rejection_response() == ReplicaQueueLengthInfo(False, 3)
        assert result.refused
        assert not replica.began.is_set()


async def test_error_of_the_replica_is_the_callers() -> None:
    async with connected(Replica("one", ModelError("too long", code="NOODLE-E0605"))) as link:
        result = sent(link)
        assert await anext(result) == "one"
        with pytest.raises(ModelError, match="too long"):
            await anext(result)
    async with connected(Replica(Bad(1, 2))) as link:
        with pytest.raises(TypeError, match="Bad"):
            await anext(sent(link))
        with pytest.raises(TypeError, match="Bad"):  # the connection lives on
            await anext(sent(link))


async def test_cancelling_ends_the_request_at_the_replica() -> None:
    replica = Replica("never")
    replica.go.clear()
    async with connected(replica) as link:
        result, ends = sent(link), []
        result.add_done_callback(ends.append)
        await replica.began.wait()
        result.cancel()
        await asyncio.wait_for(replica.ended.wait(), 10)
        with pytest.raises(asyncio.CancelledError):
            await anext(result)
        assert [type(end) for end in ends] == [asyncio.CancelledError]


async def test_request_ends_at_the_replica_when_its_caller_is_gone() -> None:
    replica = Replica("never")
    replica.go.clear()
    async with connected(replica) as link:
        sent(link)
        await replica.began.wait()
        link.close()
        await asyncio.wait_for(replica.ended.wait(), 10)


async def test_lost_replica_is_unavailable_to_all_who_wait_for_it() -> None:
    replica = Replica("never")
    replica.go.clear()
    async with connected(replica, soon=60.0) as link:
        result, ends = sent(link), []
        result.add_done_callback(ends.append)
        await replica.began.wait()
        link.close()
        with pytest.raises(ActorUnavailableError):
            await result.get_rejection_response()
        with pytest.raises(ActorUnavailableError):
            await anext(result)
        assert [type(end) for end in ends] == [ActorUnavailableError]
        assert not link.alive()


async def test_replica_that_cancels_a_request_is_unavailable_to_its_caller() -> None:
    async with connected(Replica(asyncio.CancelledError())) as link:
        with pytest.raises(ActorUnavailableError):
            await anext(sent(link))


async def test_nothing_is_heard_of_a_peer_that_does_not_know_the_key() -> None:
    replica = Replica()
    with pytest.raises(ConnectionError):
        async with connected(replica, key=b"other" * 8):
            pass
    assert not replica.began.is_set()


class Hurried(Peer):
    """Says something before it has proved itself."""

    role, other = b"caller", b"replica"

    def __init__(self, size: int) -> None:
        super().__init__(KEY)
        self._size = size

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.say(1, Kind.CALL, b"x" * self._size)

    def hear(self, number: int, kind: Kind, content: bytes) -> None:
        raise AssertionError


@pytest.mark.parametrize("size", [1, 65, 1 << 20])
async def test_message_before_the_proof_ends_the_connection(size: int) -> None:
    replica, loop = Replica(), asyncio.get_running_loop()
    async with await loop.create_server(lambda: Requests(KEY, replica, 0.0), "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        _, peer = await loop.create_connection(lambda: Hurried(size), "127.0.0.1", port)
        await until(lambda: not peer.alive() and peer.ready.done())
    assert not replica.began.is_set()


@pytest.mark.parametrize("tls", ["", "1"])
async def test_replica_offers_a_connection_unless_ray_uses_tls(tls: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await server.offer(False) == {}  # this is no replica
    replica: Any = Replica()
    replica._event_loop = asyncio.get_running_loop()
    monkeypatch.setattr(server, "_replica", lambda: replica)
    monkeypatch.setattr(server.ray.util, "get_node_ip_address", lambda: "127.0.0.1")
    monkeypatch.setenv("RAY_USE_TLS", tls)
    offered = (await server.offer(False)).get(server.NAME)
    assert (offered is None) == bool(tls)
    if offered:
        key, loop = bytes.fromhex(offered["key"]), asyncio.get_running_loop()
        _, link = await loop.create_connection(lambda: Link(key, ActorID.nil()), offered["host"], offered["port"])
        await link.ready
        assert await all_of(sent(link, "a")) == [("a",)]
        link.close()


class Served:
    """A handle and its router, as far as `Way` asks them; it notes what Serve is told."""

    def __init__(self, link: Link | None) -> None:
        name = SimpleNamespace(unique_id="r")
        self.told: list[Any] = []
        self.replica = SimpleNamespace(replica_id=name, actor_id=None, link=lambda: link)
        note = lambda what: lambda *args: self.told.append((what, *args[1:]))  # noqa: E731
        chooser = WiredRouter.__new__(TwoChoicesRouter)
        chooser.at_once = lambda metadata: self.replica if link else None  # type: ignore[method-assign, assignment, return-value]
        chooser.on_send_request = note("send")  # type: ignore[method-assign]
        chooser.on_new_queue_len_info = note("queue")  # type: ignore[method-assign]
        chooser.decrement_queue_len_cache = note("less")  # type: ignore[method-assign]
        counts = SimpleNamespace(
            inc_num_running_requests_for_replica=note("running"),
            wrap_request_assignment=lambda metadata: contextlib.nullcontext(),
        )
        inner = SimpleNamespace(
            _deployment_available=True,
            request_router=chooser,
            _metrics_manager=counts,
            _process_finished_request=lambda name, request, actor, end: self.told.append(("finished", type(end))),
        )
        self.request_counter = SimpleNamespace(inc=lambda tags: self.told.append(("asked",)))
        self._router = SimpleNamespace(_asyncio_router=inner)

    def options(self, **options: Any) -> "Served":
        assert options == {"method_name": "ask", "stream": False, "_by_reference": False}
        return self

    def _init_router_and_get_metadata(self) -> tuple[Any, RequestMetadata]:
        return self._router, UNARY


def way(served: Served) -> Way:
    return Way(served, "ask")  # type: ignore[arg-type]


async def test_shorter_way_tells_serve_what_a_handle_would() -> None:
    async with connected(Replica()) as link:
        served = Served(link)
        assert await way(served).call(5.0, "a", 1) == ("a", 1)
        assert served.told[:4] == [("asked",), ("running",), ("send",), ("queue", 3)]
        assert [what for what, *_ in served.told[4:]] == ["finished", "less"]


async def test_call_that_no_replica_takes_goes_the_long_way() -> None:
    with pytest.raises(NotTakenError):
        await way(Served(None)).call(5.0)
    replica = Replica("never")
    replica.room = False
    async with connected(replica) as link:
        served = Served(link)
        with pytest.raises(NotTakenError):
            await way(served).call(5.0)
        assert [what for what, *_ in served.told] == ["asked", "running", "send", "queue", "finished"]
    replica.room = True
    replica.go.clear()
    async with connected(replica, soon=60.0) as link:
        with pytest.raises(NotTakenError):
            await way(Served(link)).call(0.01)
        await asyncio.wait_for(replica.ended.wait(), 10)


@pytest.mark.parametrize(
    ("soon", "at_once", "error"),
    [(60.0, True, NotTakenError), (60.0, False, ActorUnavailableError), (0.0, True, ActorUnavailableError)],
)
async def test_lost_call_goes_the_long_way_only_if_it_was_not_begun(
    soon: float, at_once: bool, error: type[Exception]
) -> None:
    replica = Replica("never")
    replica.go.clear()
    async with connected(replica, soon) as link:
        call = asyncio.ensure_future(way(Served(link)).call(5.0, at_once=at_once))
        await replica.began.wait()
        await asyncio.sleep(0.01)
        link.close()
        with pytest.raises(error):
            await call


async def test_error_that_cannot_travel_is_told_in_words() -> None:
    class Odd(Exception):
        def __reduce__(self) -> Any:
            raise TypeError("a lock does not travel")

    async with connected(Replica(Odd("broken"))) as link:
        with pytest.raises(RuntimeError, match="Odd: broken"):
            await asyncio.wait_for(way(Served(link)).call(5.0), 10)


async def test_caller_of_a_stream_learns_at_once_that_it_is_taken() -> None:
    replica = Replica("never")
    replica.go.clear()
    async with connected(replica, soon=60.0) as link:
        result = link.request(METADATA, (), {})
        assert (await asyncio.wait_for(result.get_rejection_response(), 10)).accepted
        result.cancel()


async def test_who_does_not_prove_itself_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployments.wire.peers.PROOF_SECONDS", 0.05)
    monkeypatch.setattr(server, "UNPROVEN", 2)
    unproven: set[Requests] = set()
    loop = asyncio.get_running_loop()
    async with await loop.create_server(lambda: Requests(KEY, Replica(), 0.0, unproven), "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        for reader, writer in silent:
            with contextlib.suppress(ConnectionError):
                await asyncio.wait_for(reader.read(), 10)  # to the end: it was closed
            writer.close()
        await until(lambda: not unproven)


async def test_cancelled_call_ends_at_the_replica() -> None:
    replica = Replica("never")
    replica.go.clear()
    async with connected(replica) as link:
        served = Served(link)
        call = asyncio.ensure_future(way(served).call(5.0))
        await replica.began.wait()
        call.cancel()
        await asyncio.wait_for(replica.ended.wait(), 10)
        assert ("finished", asyncio.CancelledError) in served.told


class OneRouter(WiredRouter):
    """A router that chooses by itself."""

    async def choose_replicas(self, candidate_replicas: Any, pending_request: Any = None) -> Any:
        raise AssertionError


def _router(kind: type[WiredRouter], lengths: dict[str, int | None], linked: bool = True) -> Any:
    router = kind.__new__(kind)
    replicas = []
    for name in lengths:
        replica = WiredReplica.__new__(WiredReplica)
        replica._replica_info = SimpleNamespace(replica_id=name, max_ongoing_requests=4)  # type: ignore[assignment]
        replica.link = lambda: object() if linked else None  # type: ignore[method-assign, assignment, return-value]
        replicas.append(replica)
    router._replicas_list = replicas  # type: ignore[assignment]
    router._replica_queue_len_cache = SimpleNamespace(get=lengths.get)  # type: ignore[assignment]
    router._pending_requests_to_fulfill = []  # type: ignore[assignment]
    return router


async def test_router_finds_a_replica_at_once_where_there_is_nothing_to_wait_for() -> None:
    def found(router: Any) -> Any:
        replica = router.at_once(METADATA)
        return replica and replica.replica_id

    assert found(_router(OneRouter, {"a": 3})) == "a"
    assert found(_router(OneRouter, {"a": None})) == "a"
    assert found(_router(OneRouter, {"a": 4})) is None
    assert found(_router(OneRouter, {"a": 0}, linked=False)) is None
    assert found(_router(OneRouter, {})) is None
    assert found(_router(OneRouter, {"a": 0, "b": 0})) is None
    assert found(_router(TwoChoicesRouter, {"a": 2, "b": 1})) == "b"
    waiting = _router(OneRouter, {"a": 0})
    pending = SimpleNamespace(future=asyncio.get_running_loop().create_future())
    waiting._pending_requests_to_fulfill = [pending]
    assert found(waiting) is None
    pending.future.set_result(None)
    assert found(waiting) == "a"


@pytest.mark.cluster
@pytest.mark.models
def test_platform_has_connections_between_its_executors_and_models(
    client: httpx.Client, platform_on_ray: PlatformState
) -> None:
    def sockets(what: str, status: str) -> Iterator[Any]:
        for process in replicas(platform_on_ray, what):
            with contextlib.suppress(psutil.Error):
                yield from (each for each in process.net_connections("tcp4") if each.status == status)

    for _ in range(100):
        reply = client.post("/v1/models/minilm/infer", json={"inputs": ["a"]})
        assert reply.status_code == 200, reply.text
        offered = {each.laddr for each in sockets("Model-minilm", psutil.CONN_LISTEN)}
        if offered & {each.raddr for each in sockets("Executor", psutil.CONN_ESTABLISHED)}:
            return
        time.sleep(0.1)
    pytest.fail("calls of models go by gRPC only")
