"""The textwrap module: CPython's own, paid for as the Python code that it is."""

import textwrap
from typing import Any

from noodle_ray.core.vm.methods import register, register_setters
from noodle_ray.core.vm.modules.vetting import metered, readers

_OPTIONS = (
    *("break_long_words", "break_on_hyphens", "drop_whitespace", "expand_tabs", "fix_sentence_endings"),
    *("initial_indent", "max_lines", "placeholder", "replace_whitespace", "subsequent_indent", "tabsize", "width"),
)

register(
    textwrap.TextWrapper,
    methods={"fill": metered(textwrap.TextWrapper.fill, 32), "wrap": metered(textwrap.TextWrapper.wrap, 32)},
    attributes=readers(*_OPTIONS),
)
register_setters(textwrap.TextWrapper, *_OPTIONS)

MEMBERS: dict[str, Any] = {
    "TextWrapper": textwrap.TextWrapper,
    "dedent": metered(textwrap.dedent, 4),
    "fill": metered(textwrap.fill, 32),
    "indent": metered(textwrap.indent, 4),
    "shorten": metered(textwrap.shorten, 32),
    "wrap": metered(textwrap.wrap, 32),
}
