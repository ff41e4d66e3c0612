"""One TCP connection between two processes that know the same key: numbered messages, each a kind and bytes."""

import asyncio
import hmac
import secrets
import socket
import struct
from enum import IntEnum
from typing import Final, cast

_HEAD: Final = struct.Struct("!IQB")
_NONCE: Final = 32
PROOF_SECONDS: Final = 5.0
"""Within which the other end has to prove itself."""
_GREETING: Final = 64
"""Bytes of a message, at most, from a peer that has not proved itself."""
MOST: Final = (1 << 32) - 1
"""Bytes of a message, at most."""
_KEEPALIVE: Final = (
    (socket.TCP_KEEPIDLE, 10),
    (socket.TCP_KEEPINTVL, 5),
    (socket.TCP_KEEPCNT, 4),
    (socket.TCP_USER_TIMEOUT, 30_000),
)
"""Half a minute after the other end's node is gone, the connection is."""


class Kind(IntEnum):
    """What a message is: of the connection itself, of a caller, or of a replica."""

    NONCE = 0
    PROOF = 1
    CALL = 2
    CANCEL = 3
    TAKEN = 4
    ITEM = 5
    END = 6
    ERROR = 7


class Peer(asyncio.Protocol):
    """One end. Both prove that they know the key before either hears a message of the other: what comes later is
    unpickled. ``ready`` is done when they have; it fails if the connection ends before.

    What is said in one turn of the loop goes out in one piece.
    """

    role = b""
    other = b""

    def __init__(self, key: bytes) -> None:
        self._loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self._key = key
        self._mine = secrets.token_bytes(_NONCE)
        self._theirs = b""
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._leaving: list[bytes] = []
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say something that nobody could have known before, which the other end has to sign."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
        self.say(0, Kind.NONCE, self._mine)
        self._loop.call_later(PROOF_SECONDS, self._close_unless_ready)

    def _close_unless_ready(self) -> None:
        if not self.ready.done():
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Nothing can be said any more."""
        self._transport = None
        self._leaving.clear()
        self._writable.set()
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("the other end does not know the key, or is gone"))
            self.ready.exception()  # nobody need be interested

    def pause_writing(self) -> None:
        """The other end does not keep up."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """It does again."""
        self._writable.set()

    async def drain(self) -> None:
        """Wait until the other end keeps up."""
        await self._writable.wait()

    def alive(self) -> bool:
        """Whether messages can be said, and heard."""
        return self._transport is not None and not self._transport.is_closing() and self.ready.done()

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.abort()

    def say(self, number: int, kind: Kind, content: bytes = b"") -> None:
        """Send a message. It is dropped if the connection has ended. Raises ValueError if it is larger than `MOST`."""
        if len(content) > MOST:
            raise ValueError(f"a message has more than {MOST} bytes")
        if self._transport is None:
            return
        if not self._leaving:
            self._loop.call_soon(self.flush)
        self._leaving += (_HEAD.pack(len(content), number, kind), content)

    def hear(self, number: int, kind: Kind, content: bytes) -> None:
        """A message came."""
        raise NotImplementedError

    def data_received(self, data: bytes) -> None:
        """Hear each message that is whole."""
        received = self._received
        received += data
        while len(received) >= _HEAD.size:
            size, number, kind = _HEAD.unpack_from(received)
            if not self.ready.done() and size > _GREETING:
                self.close()
                return
            end = _HEAD.size + size
            if len(received) < end:
                return
            content = bytes(memoryview(received)[_HEAD.size : end])
            del received[:end]
            if self.ready.done():
                self.hear(number, Kind(kind), content)
            elif not self._greet(kind, content):
                self.close()
                return

    def flush(self) -> None:
        """Send at once what was said in this turn."""
        leaving, self._leaving = self._leaving, []
        if self._transport is not None and leaving:
            self._transport.write(b"".join(leaving))

    def _greet(self, kind: int, content: bytes) -> bool:
        if kind == Kind.NONCE and not self._theirs and len(content) == _NONCE:
            self._theirs = content
            self.say(0, Kind.PROOF, self._proof(self.role, self._mine, content))
            return True
        proved = self._proof(self.other, self._theirs, self._mine)
        if kind == Kind.PROOF and self._theirs and hmac.compare_digest(content, proved):
            self.ready.set_result(None)
            return True
        return False

    def _proof(self, role: bytes, own: bytes, other: bytes) -> bytes:
        return hmac.digest(self._key, role + own + other, "sha256")
