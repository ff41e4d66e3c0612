"""The types native code knows, and how each is laid out in LLVM values.

A kind is one of the strings ``i`` (a 64-bit integer), ``f`` (a double), ``b`` (a bool) and ``n`` (None), or one of the
classes here. A value of a kind is a flat list of LLVM scalars.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias, Union


class Declined(Exception):
    """This code is not for the native tier; the reason is for tests and curious people."""


class Unknown(Exception):
    """What is asked is known only after another round of inference: for now, this point is never reached."""


class List:
    """A list of one kind of element, which may still be open. Lists that meet are made one."""

    __slots__ = ("_element", "_same")

    def __init__(self, element: Kind | None = None) -> None:
        self._element = element
        self._same: List | None = None

    def root(self) -> List:
        """What this list has been made one with."""
        found = self
        while found._same is not None:
            found = found._same
        return found

    @property
    def element(self) -> Kind | None:
        """The kind of the elements, None while it is open."""
        return self.root()._element

    def takes(self, kind: Kind) -> None:
        """Elements of this kind are put in. Raises Declined if the list holds others."""
        root = self.root()
        if root._element is None:
            if not storable(kind) or (isinstance(kind, List) and _within(root, kind)):
                raise Declined(f"lists of {name(kind)}")
            root._element = kind
        elif not unify(root._element, kind):
            raise Declined(f"a list of {name(root._element)} gets {name(kind)}")


class Array:
    """An array of one dtype (``d f q b``: float64, float32, int64, bool), of one or two dimensions; a row has a
    ``whole``. Arrays that meet are made one."""

    __slots__ = ("_same", "_wholes", "_written", "dims", "dtype")

    def __init__(self, dtype: str, dims: int, whole: Array | None = None) -> None:
        self.dtype = dtype
        self.dims = dims
        self._written = False
        self._wholes = [] if whole is None else [whole]
        self._same: Array | None = None

    def root(self) -> Array:
        """What this array has been made one with."""
        found = self
        while found._same is not None:
            found = found._same
        return found

    @property
    def written(self) -> bool:
        """Whether elements may be set."""
        return self.root()._written

    def write(self) -> None:
        """Elements are set here."""
        root = self.root()
        if not root._written:
            root._written = True
            for whole in root._wholes:
                whole.write()

    def joins(self, other: Array) -> None:
        """The two may be the same."""
        one, two = self.root(), other.root()
        if one is not two:
            written = one._written or two._written
            one._same = two
            two._wholes += one._wholes
            if written:
                two._written = False
                two.write()


class Tuple(NamedTuple):
    """A tuple of known length."""

    items: tuple[Kind, ...]


class Range(NamedTuple):
    """A range; its values are start, stop and step. ``step`` is the step if it is a constant, else 0."""

    step: int


class Callee(NamedTuple):
    """A function of the module, by index; it takes no room."""

    number: int


Kind: TypeAlias = Union[str, "List", "Array", "Tuple", "Range", "Callee"]


class Value(NamedTuple):
    """A kind and its LLVM scalars: names of registers, or constants."""

    kind: Kind
    parts: tuple[str, ...]


_SCALARS: Final = {"i": ("i64",), "f": ("double",), "b": ("i1",), "n": (), "a": (), "s": ()}


def flat(kind: Kind) -> tuple[str, ...]:
    """The LLVM types of a kind's scalars."""
    if isinstance(kind, str):
        return _SCALARS[kind]
    if isinstance(kind, List):
        return ("ptr",)
    if isinstance(kind, Array):
        return ("ptr", "ptr", *("i64",) * kind.dims)
    if isinstance(kind, Tuple):
        return tuple(part for item in kind.items for part in flat(item))
    return ("i64", "i64", "i64") if isinstance(kind, Range) else ()


def storable(kind: Kind) -> bool:
    """Whether lists can hold values of this kind."""
    return isinstance(kind, List) or (isinstance(kind, str) and kind in "ifb")


def name(kind: Kind | None) -> str:
    """A kind as text; equal for equal kinds, and usable in LLVM names."""
    if kind is None:
        return "o"
    if isinstance(kind, str):
        return kind
    if isinstance(kind, List):
        return "L" + name(kind.element)
    if isinstance(kind, Array):
        return f"A{kind.dtype}{kind.dims}"
    if isinstance(kind, Tuple):
        return f"T{len(kind.items)}" + "".join(map(name, kind.items))
    return f"R{kind.step}".replace("-", "m") if isinstance(kind, Range) else f"C{kind.number}"


def _within(part: List, whole: List) -> bool:
    inner: Kind | None = whole
    while isinstance(inner, List):
        if inner.root() is part:
            return True
        inner = inner.element
    return False


def unify(one: Kind, two: Kind) -> bool:
    """Whether two kinds are the same, after making lists that meet one."""
    if isinstance(one, List) and isinstance(two, List):
        a, b = one.root(), two.root()
        if a is b:
            return True
        if a._element is None or b._element is None:
            open_, other = (a, b) if a._element is None else (b, a)
            if _within(open_, other):
                return False
            open_._same = other
            return True
        return unify(a._element, b._element)
    if isinstance(one, Array) and isinstance(two, Array):
        if (one.dtype, one.dims) != (two.dtype, two.dims):
            return False
        one.joins(two)
        return True
    if isinstance(one, Tuple) and isinstance(two, Tuple):
        return len(one.items) == len(two.items) and all(map(unify, one.items, two.items))
    return one == two
