"""The options of a generation, checked: what a program writes as keyword arguments, and what HTTP requests become."""

from collections.abc import Callable, Mapping
from typing import Any

from noodle_ray.ahr.engines.base import checked_text, shown, wrong
from noodle_ray.ahr.generation.automaton import of_texts, rules
from noodle_ray.ahr.generation.regex import of_regex
from noodle_ray.ahr.generation.schema import schema_grammar
from noodle_ray.ahr.generation.tools import checked_choice, checked_tools

MAX_STOPS = 16
MAX_CHOICES = 500
MAX_LOGPROBS = 20
_CHOICE_CHARACTERS = 20_000


def _whole(name: str, low: int, high: int | None) -> Callable[[object], int]:
    text = f"{name} must be a whole number from {low}" + ("" if high is None else f" to {high}")

    def check(value: object) -> int:
        if type(value) is not int or value < low or (high is not None and value > high):
            raise wrong(f"{text}, not {shown(value)}")
        return value

    return check


def _number(name: str, low: float, high: float) -> Callable[[object], float]:
    def check(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise wrong(f"{name} must be a number from {low:g} to {high:g}, not {shown(value)}")
        return float(value)

    return check


def _flag(name: str) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        if not isinstance(value, bool):
            raise wrong(f"{name} must be True or False, not {shown(value)}")
        return value

    return check


def _stop(value: object) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or len(texts) > MAX_STOPS:
        raise wrong(f"stop must be a text or a list of at most {MAX_STOPS} texts")
    texts = [checked_text(text, "stop") for text in texts]
    if not all(texts):
        raise wrong("stop must not hold an empty text")
    return texts


def _system(value: object) -> str:
    return checked_text(value, "system")


def _choice(value: object) -> list[str]:
    if not isinstance(value, list | tuple) or not 0 < len(value) <= MAX_CHOICES:
        raise wrong(f"choice must be a list of 1 to {MAX_CHOICES} texts")
    texts = [checked_text(text, "choice") for text in value]
    if not all(texts) or any("\0" in text for text in texts) or sum(map(len, texts)) > _CHOICE_CHARACTERS:
        raise wrong(f"choice must hold texts that are not empty and have {_CHOICE_CHARACTERS:,} characters together")
    return texts


def _regex(value: object) -> str:
    return checked_text(value, "regex")


def _schema(value: object) -> Any:
    return value  # `grammar_of` checks it


KEYWORDS: dict[str, Callable[[object], Any]] = {
    "max_tokens": _whole("max_tokens", 1, None),
    "temperature": _number("temperature", 0, 2),
    "top_p": _number("top_p", 0, 1),
    "top_k": _whole("top_k", 0, 1_000_000),
    "min_p": _number("min_p", 0, 1),
    "seed": _whole("seed", 0, 2**32 - 2),
    "frequency_penalty": _number("frequency_penalty", -2, 2),
    "presence_penalty": _number("presence_penalty", -2, 2),
    "repetition_penalty": _number("repetition_penalty", 0.1, 2),
    "stop": _stop,
    "system": _system,
    "logprobs": _whole("logprobs", 0, MAX_LOGPROBS),
    "schema": _schema,
    "choice": _choice,
    "regex": _regex,
    "tools": checked_tools,
    "tool_choice": checked_choice,
    "parallel_tool_calls": _flag("parallel_tool_calls"),
    "cache_prompt": _flag("cache_prompt"),
}
"""What a generation takes: name -> the check, which returns the value or raises ModelError E0603."""

FORMS = ("schema", "choice", "regex")


def checked_options(given: Mapping[str, object]) -> dict[str, Any]:
    """The options that are not None, each checked, and those checked that exclude each other.

    Raises ModelError E0603, also for names that are not known.
    """
    if unknown := sorted(map(repr, given.keys() - KEYWORDS.keys())):
        raise wrong(f"this model takes {', '.join(KEYWORDS)}, but got {', '.join(unknown)[:200]}")
    options = {name: KEYWORDS[name](value) for name, value in given.items() if value is not None}
    forms = [name for name in FORMS if name in options]
    if len(forms) > 1 or (forms and options.get("tools")):
        raise wrong(f"only one of {', '.join(FORMS)} and tools can be given")
    for name in ("tool_choice", "parallel_tool_calls"):
        if name in options and not options.get("tools"):
            if options[name] not in ("none", "auto") or name != "tool_choice":
                raise wrong(f"{name} needs tools")
            del options[name]
    if "tools" in options and isinstance(named := options.get("tool_choice"), dict):
        names = [tool["name"] for tool in options["tools"]]
        if named["name"] not in names:
            raise wrong(f"tool_choice names {named['name']!r:.80}, which is none of the tools")
    return options


def grammar_of(options: Mapping[str, Any]) -> str | None:
    """The grammar of the text that ``schema``, ``choice`` or ``regex`` ask for; None if there is none of them."""
    if "schema" in options:
        return schema_grammar(options["schema"])
    if "choice" in options:
        automaton = of_texts(options["choice"])
    elif "regex" in options:
        automaton = of_regex(options["regex"], "regex")
    else:
        return None
    return "\n".join(f"{name} ::= {text}" for name, text in rules(automaton, "root").items())
