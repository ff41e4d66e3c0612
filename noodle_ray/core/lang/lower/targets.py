"""Lowering of assignment targets: names, attributes, subscripts, nested and starred unpacking; ``del``."""

import _ast as ast

from noodle_ray.core.lang.lower.frame import Frame
from noodle_ray.light import Any


def direct_register(f: Frame, target: Any) -> int | None:
    """The register to compute a value into, if the target is a plain variable that lives in one."""
    return f.destination(target.id) if type(target) is ast.Name else None


def loop_register(f: Frame, target: Any) -> int:
    """Where a loop puts its element: the variable itself, or a temporary to assign from."""
    own = direct_register(f, target)
    return f.temp() if own is None else own


def assign(f: Frame, target: Any, register: int, node: Any) -> None:
    """Binds a target to the value in a register."""
    kind = type(target)
    if kind is ast.Name:
        f.store(target, target.id, register)
    elif kind is ast.Subscript:
        container = f.held(f.expr(target.value), target)
        key = f.expr(target.slice)
        f.emit(target, "setindex", container, key, register)
    elif kind is ast.Attribute:
        f.emit(target, "setattr", owner(f, target), target.attr, register)
    elif kind is ast.Tuple or kind is ast.List:
        _unpack(f, target, register)
    elif kind is ast.Starred:
        assign(f, target.value, register, node)


def _unpack(f: Frame, target: Any, register: int) -> None:
    """Names before the first target that needs work of its own are written by the instruction itself."""
    slots: list[int] = []
    later: list[tuple[Any, int]] = []
    star: int | None = None
    for i, element in enumerate(target.elts):
        if type(element) is ast.Starred:
            star, element = i, element.value
        own = None if later else direct_register(f, element)
        if own is None:
            own = f.temp()
            later.append((element, own))
        slots.append(own)
    if star is None:
        f.emit(target, "unpack", register, tuple(slots))
    else:
        f.emit(target, "unpackx", register, tuple(slots[:star]), slots[star], tuple(slots[star + 1 :]))
    for slot in slots:
        f.assigned_now(slot)
    for element, slot in later:
        assign(f, element, slot, element)


def owner(f: Frame, target: ast.Attribute) -> int:
    """The object whose attribute is assigned or deleted."""
    if f.unit.resolution.module_path(f.scope, target.value) is not None:
        hint = "modules are shared and stay as they are; use a variable of your own"
        f.unit.report("NOODLE-E0111", "assigning to a member of a module is not supported", target, hint)
        return f.const(target, None)
    return f.expr(target.value)


def delete(f: Frame, target: Any) -> None:
    """``del`` of a name, an attribute, a subscript, or a tuple of those."""
    kind = type(target)
    if kind is ast.Name:
        f.delete(target, target.id)
    elif kind is ast.Subscript:
        container = f.held(f.expr(target.value), target)
        f.emit(target, "delindex", container, f.expr(target.slice))
    elif kind is ast.Attribute:
        f.emit(target, "delattr", owner(f, target), target.attr)
    else:
        for element in target.elts:
            delete(f, element)
