"""The unicodedata module. Normalizing sorts combining characters in a time quadratic in their number."""

import unicodedata
from typing import Any

from noodle_ray.core.vm.modules.vetting import metered, size_of
from noodle_ray.core.vm.state import S

_RUN = 64


def _charge_normalizing(text: Any) -> None:
    if not isinstance(text, str) or text.isascii() or size_of(text) < _RUN:
        return
    text = str.__str__(text)
    S.charge(len(text))
    run = longest = 0
    combining = unicodedata.combining
    for character in text:
        run = run + 1 if combining(character) else 0
        if run > longest:
            longest = run
    if longest > _RUN:
        S.charge(longest * longest >> 4)


def normalize(form: Any, unistr: Any, /) -> str:
    """unicodedata.normalize."""
    _charge_normalizing(unistr)
    return unicodedata.normalize(form, unistr)


def is_normalized(form: Any, unistr: Any, /) -> bool:
    """unicodedata.is_normalized."""
    _charge_normalizing(unistr)
    return unicodedata.is_normalized(form, unistr)


MEMBERS: dict[str, Any] = {
    name: getattr(unicodedata, name)
    for name in (
        *("bidirectional", "category", "combining", "decimal", "decomposition", "digit", "east_asian_width"),
        *("mirrored", "name", "numeric", "unidata_version"),
    )
}
MEMBERS |= {"is_normalized": is_normalized, "lookup": metered(unicodedata.lookup), "normalize": normalize}
