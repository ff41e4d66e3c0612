"""The string module: constants, capwords and Template. Formatter reads attributes by name, so it is not offered."""

import string
from collections.abc import Mapping
from typing import Any

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.vetting import charge_value, metered, readers
from noodle_ray.core.vm.strings import to_str

Template = string.Template


class _Texts:
    """A mapping whose values are texts without addresses."""

    __slots__ = ("_first", "_second")

    def __init__(self, first: Mapping[Any, Any], second: Any) -> None:
        self._first = first
        self._second = second

    def __getitem__(self, name: str) -> str:
        if name in self._first:
            return to_str(self._first[name])
        return to_str(self._second[name])


def _substituting(name: str) -> Any:
    method = getattr(Template, name)

    def substitute(self: Template, /, *args: Any, **kws: Any) -> str:
        charge_value(self.template, 8)
        if len(args) > 1:
            return str(method(self, *args, **kws))
        text: str = method(self, _Texts(kws, args[0] if args else {}))
        charge_value(text)
        return text

    substitute.__name__ = substitute.__qualname__ = name
    return substitute


register(
    Template,
    methods={
        "get_identifiers": Template.get_identifiers,
        "is_valid": Template.is_valid,
        "safe_substitute": _substituting("safe_substitute"),
        "substitute": _substituting("substitute"),
    },
    attributes=readers("template"),
)

MEMBERS: dict[str, Any] = {
    name: getattr(string, name)
    for name in (
        *("ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits", "hexdigits", "octdigits", "printable"),
        *("punctuation", "whitespace"),
    )
}
MEMBERS |= {"Template": Template, "capwords": metered(string.capwords, 2)}
