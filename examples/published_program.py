"""A program with a name: published in versions, checked before it replaces what is there, and a model for chat clients.

Start a platform with `noodle up`, then run `python examples/published_program.py`.
"""

import os

from openai import OpenAI

from noodle_ray.client.http import Client, find_token
from noodle_ray.errors import RequestError

FIRST = '''
def main(messages: list):
    """Answers a chat: each word backwards, as soon as it is known."""
    for word in messages[-1]["content"].split():
        yield word[::-1] + " "
'''
SECOND = FIRST.replace('word[::-1] + " "', 'word[::-1].lower() + " "')
COUNT = "def main(text: str) -> int:\n    return len(text.split())\n"


def main(url: str) -> None:
    """Publish, run, check, replace, and chat."""
    with Client(url) as client:
        client.publish("count", source=COUNT, alias="prod")
        run = client.program("count@prod").start("to be or not to be", idempotency_key="hamlet")
        print("count@prod:", client.runs.wait(run["id"])["result"])
        try:
            client.publish("count", source=COUNT.replace("text", "word"), check=10)
            client.publish("count", source=COUNT.replace("len", "2 * len"), check=10, same=True)
        except RequestError as error:
            print("refused:", error.message)

        client.publish("backwards", source=FIRST, alias="prod")
        version = client.publish("backwards", source=SECOND)["version"]
        chat = OpenAI(base_url=f"{client.url}/v1", api_key=find_token(client.url) or "")
        for model in ("noodle:backwards@prod", f"noodle:backwards@{version}"):
            pieces = chat.chat.completions.create(
                model=model, messages=[{"role": "user", "content": "Was It A Rat"}], stream=True
            )
            print(model, "|".join(piece.choices[0].delta.content or "" for piece in pieces))
        client.programs.alias("backwards", "prod", version)


if __name__ == "__main__":
    main(os.environ.get("NOODLE_URL", "http://127.0.0.1:8000"))
