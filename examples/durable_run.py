"""A durable run: stored before it is acknowledged, executed to its end whatever crashes, asked for by its key.

Start a platform with `noodle up`, then run `python examples/durable_run.py`, as often as you like: it is one run. While
it goes on, kill this process, or the platform's executor, and start this again.
"""

import os

from noodle_ray.client.http import Client

SOURCE = '''
import time
from noodle_ray import model

embed = model("minilm")

def main(texts: list[str], pause: float) -> list[str]:
    """The two texts that are most alike; slowly, so that there is time to break something."""
    vectors = []
    for text in texts:
        vectors.append(embed(text))
        time.sleep(pause)
    pairs = [(a, b) for a in range(len(texts)) for b in range(a)]
    best = max(pairs, key=lambda pair: vectors[pair[0]] @ vectors[pair[1]])
    return sorted(texts[number] for number in best)
'''
TEXTS = ["The invoice is late.", "A cat sleeps.", "Payment is overdue.", "It rains in Lisbon.", "Trains run hourly."]


def main(url: str, pause: float = 1.0) -> None:
    """Start the run, or find it; tell what happens to it, and what it gave."""
    with Client(url) as client:
        run = client.start(source=SOURCE, args=[TEXTS, pause], idempotency_key=f"alike, {pause:g} s", seed=1)
        print("run", run["id"])
        for event in client.runs.events(run["id"]):
            print(event["type"], event.get("key") or event.get("node") or "")
        ended = client.runs.wait(run["id"])
        print(ended["status"], ended["result"], ended["error"] or "")


if __name__ == "__main__":
    main(os.environ.get("NOODLE_URL", "http://127.0.0.1:8000"))
