"""A steady load on a platform, while something else happens to it."""

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

import grpc.aio
import httpx

from noodle_ray.api.grpc.messages import MESSAGES, SERVICE
from noodle_ray.cluster import PlatformState

PROGRAM = "from noodle_ray import model\nembed = model('minilm')\ndef main(text):\n    return len(embed(text))\n"


class Load:
    """Context manager: requests of several kinds go on inside of it, each kind one after another.

    ``failures`` has what was not answered as it should be, but for 429; ``counts`` what was, per kind.
    """

    def __init__(self, platform: PlatformState, token: str) -> None:
        self._platform = platform
        self._headers = {"Authorization": f"Bearer {token}"}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self.failures: list[Any] = []
        self.counts: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join(120)

    async def _run(self) -> None:
        chat = {"model": "smollm2", "messages": [{"role": "user", "content": "Describe the sea."}], "stream": True}
        posts: dict[str, tuple[str, Any, Callable[[httpx.Response], bool]]] = {
            "run": ("/v1/run", {"source": "6 * 7"}, lambda reply: reply.json()["result"] == 42),
            "program": ("/v1/run", {"source": PROGRAM, "args": ["x"]}, lambda reply: reply.json()["result"] == 384),
            "embed": ("/v1/models/minilm/infer", {"inputs": ["x"]}, lambda reply: len(reply.json()["outputs"]) == 1),
            "chat": ("/v1/chat/completions", {**chat, "max_tokens": 30}, lambda reply: "error" not in reply.text),
        }
        fresh = [self._posts(f"{name} anew", *post, keep=False) for name, post in posts.items() if name != "chat"]
        kept = [self._posts(name, *post, keep=True) for name, post in posts.items()]
        await asyncio.gather(*fresh, *kept, self._calls())

    async def _posts(
        self, name: str, path: str, body: Any, right: Callable[[httpx.Response], bool], *, keep: bool
    ) -> None:
        while not self._stop.is_set():
            async with httpx.AsyncClient(base_url=self._platform.url, headers=self._headers, timeout=90) as client:

                async def ask(client: httpx.AsyncClient = client) -> Any:
                    reply = await client.post(path, json=body)
                    return None if reply.status_code == 429 or (reply.status_code == 200 and right(reply)) else reply

                await self._asked(name, ask)
                while keep and not self._stop.is_set():
                    await self._asked(name, ask)

    async def _calls(self) -> None:
        texts = {"name": "texts", "datatype": "BYTES", "shape": [1], "contents": {"bytes_contents": [b"x"]}}
        request = MESSAGES["ModelInferRequest"](model_name="minilm", inputs=[texts]).SerializeToString()
        metadata = (("authorization", self._headers["Authorization"]),)
        async with grpc.aio.insecure_channel(self._platform.grpc) as channel:

            async def ask() -> None:
                await channel.unary_unary(f"/{SERVICE}/ModelInfer")(request, metadata=metadata)

            while not self._stop.is_set():
                await self._asked("grpc", ask)

    async def _asked(self, name: str, ask: Callable[[], Awaitable[Any]]) -> None:
        try:
            wrong = await ask()
        except Exception as error:
            wrong = error
        if wrong is None:
            self.counts[name] += 1
        else:
            self.failures.append((name, wrong, getattr(wrong, "text", "")[:300]))
        await asyncio.sleep(0.05)
