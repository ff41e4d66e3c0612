"""Equal calls of a run, made once."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Final

from noodle_ray.core.runs.batcher import Call, Reply
from noodle_ray.core.runs.results import Ask, draws, pass_on
from noodle_ray.core.sandbox.wire import Codec, WireError

MOST: Final = 256
"""Answers that a run keeps at hand, those that were asked for last."""

_CODEC: Final = Codec()


class EqualCalls:
    """The calls of one run. What a model with one answer to a question (``certain``) is asked again, it is not asked
    again: a call under way, or one of the last `MOST` answers, serves both, and the later one takes no tokens and
    goes in no batch. A failure serves those that waited for it, and is not kept. Belongs to one event loop.
    """

    __slots__ = ("_answers", "_certain")

    def __init__(self, certain: Callable[[str], bool]) -> None:
        self._certain = certain
        self._answers: OrderedDict[bytes, asyncio.Future[Reply]] = OrderedDict()

    def send(self, model: str, call: Call, ask: Ask, digest: bytes = b"") -> "asyncio.Future[Reply]":
        """The answer to a call, which ``ask`` makes unless an equal one was made. ``digest`` is of model, arguments
        and options in their order, where it is known."""
        key = self._key(model, call, digest)
        if key is None:
            return ask()
        first = self._answers.get(key)
        if first is None or _failed(first):
            first = self._answers[key] = ask()
            if len(self._answers) > MOST:
                self._answers.popitem(last=False)
            return first
        self._answers.move_to_end(key)
        mine: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        first.add_done_callback(partial(_follow, mine, ask))
        return mine

    def knows(self, model: str, call: Call, digest: bytes = b"") -> bool:
        """Whether an equal call was made that would serve this one."""
        key = self._key(model, call, digest) if self._answers else None
        return key is not None and key in self._answers

    def _key(self, model: str, call: Call, digest: bytes) -> bytes | None:
        if not self._certain(model) or draws(call[1]):
            return None
        return digest if digest and len(call[1]) < 2 else key_of(model, call)


def _failed(first: "asyncio.Future[Reply]") -> bool:
    """Whether there is no answer any more that it could give."""
    return first.done() and (first.cancelled() or first.exception() is not None or not first.result().ok)


def key_of(model: str, call: Call) -> bytes | None:
    """What equal calls have in common, and no others: texts and numbers of different types differ, the order of options
    says nothing. None for what cannot be compared."""
    args, options = call
    try:
        return hashlib.sha256(_CODEC.pack([model, [*args], sorted(options.items())])).digest()
    except WireError:
        return None


def _follow(mine: "asyncio.Future[Reply]", ask: Ask, first: "asyncio.Future[Reply]") -> None:
    if mine.done():
        return
    if first.cancelled():
        own = ask()
        mine.add_done_callback(lambda _: own.cancel())
        own.add_done_callback(partial(pass_on, mine))
        return
    pass_on(mine, first, free=True)
