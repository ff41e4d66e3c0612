"""A model that only takes its time, as one that runs elsewhere does."""

import asyncio

LATENCY = 0.02


def answer(text: str) -> str:
    """What it says."""
    return text[:40].upper()


class Slow:
    """The model as a class of one's own."""

    async def load(self) -> None:
        """There is nothing to load."""

    async def predict(self, text: str) -> str:
        """Answer after 20 ms."""
        await asyncio.sleep(LATENCY)
        return answer(text)
