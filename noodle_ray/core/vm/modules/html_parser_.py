"""The html.parser module: CPython's parser works inside, and calls the methods of the program's object."""

from html.parser import HTMLParser as _CPython
from typing import Any, Final

from noodle_ray.core.vm.classes.kinds import ProgramType, hosted
from noodle_ray.core.vm.modules.vetting import charge_value
from noodle_ray.core.vm.names import mark
from noodle_ray.core.vm.state import S

_ENGINE: Final = "engine"
"""Where an object keeps what works inside: no attribute of a program has this name, which is not marked."""
_HANDLERS: Final = (
    *("handle_charref", "handle_comment", "handle_data", "handle_decl", "handle_endtag", "handle_entityref"),
    *("handle_pi", "handle_startendtag", "handle_starttag", "unknown_decl"),
)


class _Engine(_CPython):
    """CPython's parser, which hands everything it finds to another object."""

    def __init__(self, owner: Any, convert_charrefs: bool) -> None:
        self.owner = owner
        super().__init__(convert_charrefs=convert_charrefs)


def _handing(name: str) -> Any:
    def hand(self: Any, *args: Any) -> None:
        S.charge(8)
        getattr(self.owner, mark(name))(*args)

    return hand


for _name in _HANDLERS:
    setattr(_Engine, _name, _handing(_name))


def _engine(self: Any) -> _Engine:
    found = self.__dict__.get(_ENGINE)
    if type(found) is not _Engine:
        raise AttributeError(f"'{type(self).__name__}' object has no attribute 'rawdata'")
    return found


def _init(self: Any, *, convert_charrefs: Any = True) -> None:
    self.__dict__[_ENGINE] = _Engine(self, bool(convert_charrefs))
    getattr(self, mark("reset"))()


def _feed(self: Any, data: Any) -> None:
    S.charge(20)
    charge_value(data, 64)
    _engine(self).feed(data)


def _both(self: Any, tag: Any, attrs: Any) -> None:
    getattr(self, mark("handle_starttag"))(tag, attrs)
    getattr(self, mark("handle_endtag"))(tag)


def _ignore(self: Any, *args: Any) -> None:
    """Handle something by ignoring it."""


HTMLParser: Final = hosted(
    ProgramType(
        "HTMLParser",
        (),
        {
            "__module__": "html.parser",
            "__init__": _init,
            **{mark(name): _ignore for name in _HANDLERS},
            mark("handle_startendtag"): _both,
            mark("close"): lambda self: _engine(self).close(),
            mark("feed"): _feed,
            mark("get_starttag_text"): lambda self: _engine(self).get_starttag_text(),
            mark("getpos"): lambda self: _engine(self).getpos(),
            mark("reset"): lambda self: _engine(self).reset(),
        },
    )
)

MEMBERS: dict[str, Any] = {"HTMLParser": HTMLParser}
