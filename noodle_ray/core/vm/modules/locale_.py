"""The locale module: a run's place is that of C."""

import locale
from typing import Any, Final

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.vetting import charge_value
from noodle_ray.core.vm.operators import remainder
from noodle_ray.core.vm.strings import charged

_CATEGORIES: Final = ("LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_MESSAGES", "LC_MONETARY", "LC_NUMERIC", "LC_TIME")
_KNOWN: Final = (None, "", "C", "POSIX")


def setlocale(category: Any, locale: Any = None) -> str:
    """locale.setlocale: there is no other place."""
    if locale not in _KNOWN:
        raise Error("unsupported locale setting")
    return "C"


def format_string(f: Any, val: Any, grouping: Any = False, monetary: Any = False) -> str:
    """locale.format_string: C groups no digits."""
    charge_value(f, 8)
    text: str = remainder(f, val)
    return text


def localeconv() -> dict[str, Any]:
    """locale.localeconv."""
    numbers = dict.fromkeys(
        (
            *("int_frac_digits", "frac_digits", "p_cs_precedes", "p_sep_by_space", "n_cs_precedes", "n_sep_by_space"),
            *("p_sign_posn", "n_sign_posn"),
        ),
        127,
    )
    texts = dict.fromkeys(
        (
            "int_curr_symbol",
            "currency_symbol",
            "mon_decimal_point",
            "mon_thousands_sep",
            "positive_sign",
            "negative_sign",
        ),
        "",
    )
    return {**numbers, **texts, "mon_grouping": [], "decimal_point": ".", "thousands_sep": "", "grouping": []}


Error: Final = locale.Error
register(Error)

MEMBERS: dict[str, Any] = {name: getattr(locale, name) for name in _CATEGORIES}
MEMBERS |= {
    "Error": Error,
    "atof": lambda string, func=float: func(string),
    "atoi": lambda string: int(string),
    "format_string": format_string,
    "getlocale": lambda category=locale.LC_CTYPE: (None, None),
    "localeconv": localeconv,
    "setlocale": setlocale,
    "str": lambda val: charged("%.12g" % val),  # noqa: UP031 (as CPython)
    "strcoll": lambda string1, string2, /: (string1 > string2) - (string1 < string2),
    "strxfrm": lambda string, /: string,
}
