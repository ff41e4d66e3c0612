"""The ast module: literal_eval alone. There is no other way from text to code or data."""

import _ast
import ast
from typing import Any, Final

from noodle_ray.core.vm.modules.vetting import charge_value
from noodle_ray.core.vm.sets import set as ordered
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import to_repr

_WEIGHT: Final = 16
_JOINTS: Final = ",:([{+-*/<>=.|&^~@%"
"""What stands between the parts of an expression, or before one: for each, CPython and we make a node at most."""
_OF_JOINT: Final = 150
_OF_SPACE: Final = 40


def literal_eval(node_or_string: Any) -> Any:
    """ast.literal_eval of a text."""
    if not isinstance(node_or_string, str):
        raise ValueError(f"malformed node or string: {to_repr(node_or_string)}")
    text = str.__str__(node_or_string)
    S.charge(50 + _OF_JOINT * sum(map(text.count, _JOINTS)) + _OF_SPACE * sum(map(text.count, " \t\n\f\r")))
    charge_value(text, _WEIGHT)
    tree: Any = compile(text.lstrip(" \t"), "<unknown>", "eval", _ast.PyCF_ONLY_AST)
    return _value(tree.body)


def _value(node: Any) -> Any:
    kind = type(node)
    if kind is ast.Constant:
        return node.value
    if kind is ast.Tuple:
        return tuple(map(_value, node.elts))
    if kind is ast.List:
        return list(map(_value, node.elts))
    if kind is ast.Set:
        return ordered(list(map(_value, node.elts)))
    if kind is ast.Call and type(node.func) is ast.Name and node.func.id == "set" and not (node.args or node.keywords):
        return ordered()
    if kind is ast.Dict:
        if len(node.keys) != len(node.values):
            raise _malformed(node)
        return dict(zip(map(_value, node.keys), map(_value, node.values), strict=True))
    if kind is ast.BinOp and type(node.op) in (ast.Add, ast.Sub):
        left, right = _signed(node.left), _number(node.right)
        if type(left) in (int, float) and type(right) is complex:
            return left + right if type(node.op) is ast.Add else left - right
    return _signed(node)


def _signed(node: Any) -> Any:
    if type(node) is ast.UnaryOp and type(node.op) in (ast.UAdd, ast.USub):
        value = _number(node.operand)
        return +value if type(node.op) is ast.UAdd else -value
    return _number(node)


def _number(node: Any) -> Any:
    if type(node) is not ast.Constant or type(node.value) not in (int, float, complex):
        raise _malformed(node)
    return node.value


def _malformed(node: Any) -> ValueError:
    line = f" on line {node.lineno}" if getattr(node, "lineno", None) else ""
    return ValueError(f"malformed node or string{line}: <ast.{type(node).__name__} object>")


MEMBERS: dict[str, Any] = {"literal_eval": literal_eval}
