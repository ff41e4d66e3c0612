"""xml.etree.ElementTree over texts. There are no files, no parsers of one's own, and no entities from elsewhere.

The parser itself (expat) refuses documents whose entities unfold to much more than they are.
"""

import codecs
import io
import xml.etree.ElementTree as cpython
from collections.abc import Callable
from typing import Any, Final

from noodle_ray.core.vm.methods import attribute, register, register_setters
from noodle_ray.core.vm.modules.vetting import charge_value, methods, readers
from noodle_ray.core.vm.state import S

Element: Final = cpython.Element
for _name in ("us-ascii", "utf-8"):
    codecs.lookup(_name)  # which imports what a locked-down process cannot
ElementTree: Final = cpython.ElementTree


def _size(element: Any) -> int:
    return sum(1 for _ in element.iter())


def fromstring(text: Any, parser: Any = None) -> Any:
    """xml.etree.ElementTree.fromstring."""
    if parser is not None:
        raise TypeError("there are no parsers of one's own in Noodle")
    if not isinstance(text, str | bytes | bytearray):
        raise TypeError(f"a bytes-like object is required, not '{type(text).__name__}'")
    S.charge(50)
    charge_value(text, 16)
    return cpython.fromstring(text)


def parse(source: Any, parser: Any = None) -> Any:
    """xml.etree.ElementTree.parse, of what has a ``read``."""
    if isinstance(source, str | bytes):
        raise TypeError("programs have no files: give fromstring the text")
    return ElementTree(fromstring(attribute(source, "read")(), parser))


def _written(element: Any) -> Any:
    """An element that is to be written out, paid for."""
    if not isinstance(element, Element):
        raise TypeError(f"expected an Element, not {type(element).__name__}")
    S.charge(30 + 40 * _size(element))
    return element


def tostring(element: Any, encoding: Any = None, method: Any = None, **options: Any) -> Any:
    """xml.etree.ElementTree.tostring."""
    found = cpython.tostring(_written(element), encoding, method, **options)
    charge_value(found)
    return found


def indent(tree: Any, space: Any = "  ", level: Any = 0) -> None:
    """xml.etree.ElementTree.indent."""
    _written(tree.getroot() if isinstance(tree, ElementTree) else tree)
    cpython.indent(tree, space, level)


def dump(elem: Any) -> None:
    """xml.etree.ElementTree.dump."""
    element = elem.getroot() if isinstance(elem, ElementTree) else elem
    text = tostring(element, "unicode")
    S.write(text if element.tail and element.tail[-1] == "\n" else f"{text}\n")


def _write(self: Any, file_or_filename: Any, *args: Any, **options: Any) -> None:
    if not isinstance(file_or_filename, io.StringIO | io.BytesIO):
        raise TypeError("programs have no files: write to io.BytesIO, or use tostring")
    _written(self.getroot())
    self.write(file_or_filename, *args, **options)


def _searching(kind: Any, name: str) -> Callable[..., Any]:
    method = getattr(kind, name)

    def search(self: Any, /, path: Any, *args: Any, **options: Any) -> Any:
        root = self if isinstance(self, Element) else self.getroot()
        S.charge(16 + (_size(root) >> 2))
        charge_value(path, 16)
        return method(self, path, *args, **options)

    search.__name__ = search.__qualname__ = name
    return search


_SEARCHES: Final = ("findall", "findtext", "iterfind")
register(
    Element,
    methods=methods(Element, "append clear extend find get insert items iter itertext keys makeelement remove set")
    | {name: _searching(Element, name) for name in _SEARCHES},
    attributes=readers("attrib", "tag", "tail", "text"),
)
register_setters(Element, "attrib", "tag", "tail", "text")
register(
    ElementTree,
    methods=methods(ElementTree, "find getroot iter")
    | {name: _searching(ElementTree, name) for name in _SEARCHES}
    | {"write": _write},
    call=lambda element=None: ElementTree(element),
)
register(cpython.ParseError, attributes=readers("code", "position"))
register(cpython.QName, attributes=readers("text"))

MEMBERS: dict[str, Any] = {
    "Comment": lambda text=None: cpython.Comment(text),
    "Element": Element,
    "ElementTree": ElementTree,
    "ParseError": cpython.ParseError,
    "QName": cpython.QName,
    "SubElement": lambda parent, tag, attrib={}, **extra: cpython.SubElement(parent, tag, attrib, **extra),
    "XML": fromstring,
    "dump": dump,
    "fromstring": fromstring,
    "indent": indent,
    "iselement": lambda element: isinstance(element, Element),
    "parse": parse,
    "tostring": tostring,
}
