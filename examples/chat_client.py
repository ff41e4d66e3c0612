"""A platform as OpenAI's own client sees it: a chat that streams, a value of a schema, a tool, vectors.

Start one with `noodle up`, then run `python examples/chat_client.py`.
"""

import json
import os

from openai import OpenAI

from noodle_ray.security.tokens import read_token

TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "maxLength": 20}},
            "required": ["city"],
        },
    },
}
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 20},
        "age": {"type": "integer", "minimum": 1, "maximum": 99},
    },
    "required": ["name", "age"],
}


def main(url: str) -> None:
    """Ask the platform at ``url`` four things."""
    client = OpenAI(base_url=f"{url}/v1", api_key=read_token())

    def ask(text: str, **options):  # noqa: ANN003, ANN202
        messages = [{"role": "user", "content": text}]
        return client.chat.completions.create(model="smollm2", messages=messages, temperature=0, **options)

    for chunk in ask("Say hello to a sailor.", max_tokens=30, stream=True):
        print(chunk.choices[0].delta.content or "", end="", flush=True)
    print()
    form = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON}}
    print("person:", json.loads(ask("Invent a person.", response_format=form).choices[0].message.content))
    (call,) = (
        ask("What is the weather in Paris?", tools=[TOOL], tool_choice="required", parallel_tool_calls=False)
        .choices[0]
        .message.tool_calls
    )
    print("tool:", call.function.name, json.loads(call.function.arguments))
    vectors = client.embeddings.create(model="minilm", input=["good morning", "good evening"]).data
    print("likeness:", round(sum(a * b for a, b in zip(*(v.embedding for v in vectors), strict=True)), 2))


if __name__ == "__main__":
    main(os.environ.get("NOODLE_URL", "http://127.0.0.1:8000"))
