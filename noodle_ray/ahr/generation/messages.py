"""The messages of a chat, checked."""

from typing import Any

from noodle_ray.ahr.engines.base import checked_text, shown, wrong
from noodle_ray.ahr.generation.tools import checked_calls

MAX_MESSAGES = 1000
_ROLES = ("system", "user", "assistant", "tool")

Message = dict[str, Any]


def checked_messages(prompt: object) -> list[Message]:
    """A prompt, or a list of messages, as messages. Raises ModelError E0603."""
    if isinstance(prompt, str):
        return [{"role": "user", "content": checked_text(prompt, "the prompt")}]
    if not isinstance(prompt, list | tuple) or not 0 < len(prompt) <= MAX_MESSAGES:
        raise wrong("the prompt must be a text or a list of messages with role and content")
    return [_message(entry, place) for place, entry in enumerate(prompt)]


def _message(entry: object, place: int) -> Message:
    what = f"message {place}"
    role = entry.get("role") if isinstance(entry, dict) else None
    extra = {"assistant": {"tool_calls"}, "tool": {"tool_call_id"}}.get(role if isinstance(role, str) else "", set())
    if not isinstance(entry, dict) or entry.keys() - extra != {"role", "content"}:
        raise wrong(f"{what} must be an object with exactly role and content")
    if role not in _ROLES:
        raise wrong(f"{what} must have the role system, user, assistant or tool, not {shown(role)}")
    if entry.get("tool_calls"):
        content = entry["content"]
        text = "" if content is None else checked_text(content, f"the content of {what}")
        return {"role": role, "content": text, "tool_calls": checked_calls(entry["tool_calls"], what)}
    message = {"role": role, "content": checked_text(entry["content"], f"the content of {what}")}
    if "tool_call_id" in entry:
        message["tool_call_id"] = checked_text(entry["tool_call_id"], f"the tool_call_id of {what}")
    return message


def with_system(messages: list[Message], text: str) -> list[Message]:
    """The messages with a text at the end of their system message, which is made if there is none."""
    if messages[0]["role"] == "system":
        first = {"role": "system", "content": f"{messages[0]['content']}\n\n{text}"}
        return [first, *messages[1:]]
    return [{"role": "system", "content": text}, *messages]


def without_tools(messages: list[Message]) -> list[Message]:
    """The messages for a chat template that knows no tools: calls and their answers as plain text."""
    return [_plain(message) for message in messages]


def _plain(message: Message) -> Message:
    if message["role"] == "tool":
        return {"role": "user", "content": f"The tool answered: {message['content']}"}
    if calls := message.get("tool_calls"):
        inner = ", ".join(
            f'{{"name": "{call["function"]["name"]}", "arguments": {call["function"]["arguments"]}}}' for call in calls
        )
        text = f'{message["content"]}{{"tool_calls": [{inner}]}}'
        return {"role": "assistant", "content": text}
    return message
