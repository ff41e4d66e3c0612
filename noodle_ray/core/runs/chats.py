"""Programs that answer chats: their ``main`` takes ``messages`` first, and gives a text or an iterator of texts."""

from typing import Final, NamedTuple

from noodle_ray.core.nbc.module import Function

MESSAGES: Final = "messages"
"""What the first parameter of ``main`` is called."""
_KINDS: Final = ("", "generator", "coroutine")


class Chat(NamedTuple):
    """What a chat's program takes besides messages: options by name, or ``any`` of them."""

    options: frozenset[str]
    any: bool

    def takes(self, option: str) -> bool:
        """Whether an option can be passed."""
        return self.any or option in self.options


def chat_of(nbc: bytes) -> Chat | None:
    """How a verified module takes chats; None if it does not."""
    from noodle_ray.core import nbc as codec

    found = [function for function in codec.decode(nbc).functions[1:] if function.name == "main"]
    return _chat(found[0]) if len(found) == 1 else None


def _chat(main: Function) -> Chat | None:
    if main.kind not in _KINDS or not main.params:
        return None
    first, *others = main.params
    if first.name != MESSAGES or first.kind not in ("pos", "pos_only"):
        return None
    if any(not other.default and other.kind in ("pos", "pos_only", "kw_only") for other in others):
        return None  # a client would have to know what else it needs
    named = frozenset(other.name for other in others if other.kind in ("pos", "kw_only"))
    return Chat(named, any(other.kind == "var_kw" for other in others))
