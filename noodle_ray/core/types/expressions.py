"""The type of every expression, and what is surely wrong with it."""

import ast
import builtins
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType
from typing import Any, Final

from noodle_ray.core.types import samples
from noodle_ray.core.types.model import (
    ANY,
    NEVER,
    NONE,
    UNBOUND,
    BuiltinT,
    ClassT,
    FunctionT,
    Inst,
    InstanceT,
    MethodT,
    ModelT,
    ModuleT,
    Type,
    Union,
    join,
    joined,
    literal,
    members,
    opaque,
    show,
    truth,
    without,
)  # fmt: skip
from noodle_ray.core.types.program import Facts, FunctionInfo, Scope
from noodle_ray.core.vm.names import EXCEPTIONS, FUNCTIONS
from noodle_ray.errors import Diagnostic

Env = dict[str, tuple[Type, bool]]
"""What each name of a scope holds at a point of the program, and whether that is soft: known only because of how the
program happens to be called, so that code that is not surely reached may exclude it."""

ITERABLE: Final = (str, bytes, bytearray, list, tuple, dict, set, frozenset, range)
_SEQUENCES: Final = (str, bytes, bytearray, list, tuple, range)
_BUILTINS: Final = {name: getattr(builtins, name) for name in FUNCTIONS | EXCEPTIONS if hasattr(builtins, name)}
_SYMBOLS: Final = {
    "Add": "+", "Sub": "-", "Mult": "*", "Div": "/", "Mod": "%", "FloorDiv": "//", "MatMult": "@", "BitAnd": "&",
    "BitOr": "|", "BitXor": "^", "LShift": "<<", "RShift": ">>", "Pow": "**",
}  # fmt: skip
_DUNDERS: Final = {
    "Add": "add", "Sub": "sub", "Mult": "mul", "Div": "truediv", "Mod": "mod", "FloorDiv": "floordiv",
    "MatMult": "matmul", "BitAnd": "and", "BitOr": "or", "BitXor": "xor", "LShift": "lshift", "RShift": "rshift",
    "Pow": "pow", "Lt": "lt", "LtE": "le", "Gt": "gt", "GtE": "ge",
}  # fmt: skip
_MIRRORED: Final = {"Lt": "gt", "LtE": "ge", "Gt": "lt", "GtE": "le"}


_OPERANDS: Final = {False: ("__index__",), True: ("__index__", "__iter__", "__getitem__", "keys")}
"""What lets an instance be an operand of Python's own types: a count of repetitions; in place, what is added."""


class Expressions:
    """The state of an analysis, and the rules for expressions."""

    facts: Facts
    scope: Scope
    env: Env
    function: FunctionInfo | None

    def __init__(self) -> None:
        self.soft = False
        self.certain = True
        self.record = False
        self.caught: frozenset[str] = frozenset()
        self.found: dict[tuple[Any, str], Diagnostic] = {}
        self.types: dict[tuple[int, int, int, int], Type] = {}

    # what the driver adds

    def call(self, node: ast.Call) -> Type:
        """The result of a call."""
        raise NotImplementedError

    def escape(self, kind: Type) -> None:
        """Take note that others may call this value as they like."""
        raise NotImplementedError

    def enter(self, info: FunctionInfo) -> Type:
        """The result of a function whose parameters are noted."""
        raise NotImplementedError

    def make_lambda(self, node: ast.Lambda) -> Type:
        """The function that a lambda makes."""
        raise NotImplementedError

    def attribute(self, node: ast.Attribute, value: Type) -> Type:
        """``value.name``."""
        raise NotImplementedError

    def narrow(self, test: ast.expr, positive: bool) -> bool:
        """Learn from a test; false if it cannot come out so."""
        raise NotImplementedError

    # findings

    def report(
        self, code: str, raised: type[Exception], message: str, node: ast.AST, hint: str = "", soft: bool | None = None
    ) -> None:
        """Note a finding, unless a handler may catch what it raises, or the place may never be reached that way."""
        if not self.record or self._is_caught(raised):
            return
        if not self.certain and (self.soft if soft is None else soft):
            return
        span = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]
        if type(node) is ast.Attribute and span[0] != span[2]:  # as in CPython's tracebacks: where its name is
            span = (span[2], max(span[3] - len(node.attr), 0), span[2], span[3])
        self.found.setdefault((span, code), Diagnostic(code, message, span, hint))

    def _is_caught(self, raised: type[Exception]) -> bool:
        for name in self.caught:
            kind = getattr(builtins, name, None)
            if name == "*" or (isinstance(kind, type) and issubclass(raised, kind)):
                return True
        return False

    # expressions

    def ev(self, node: ast.expr) -> Type:
        """The type of an expression; sets ``soft`` if that or what it was before is soft."""
        outer, self.soft = self.soft, False
        rule = _RULES.get(type(node))
        kind = rule(self, node) if rule is not None else self._other(node)
        if self.record:
            self.types[node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0] = kind
        self.soft = self.soft or outer
        return kind

    def _other(self, node: ast.expr) -> Type:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.escape(self.ev(child))
        self.soft = True
        return ANY

    def uncertain(self, act: Callable[[], Type]) -> Type:
        """Evaluate something that may not be reached, with what was learned so far."""
        certain, env = self.certain, self.env
        self.certain = False
        self.env = dict(env)
        try:
            return act()
        finally:
            for name, (kind, _) in self.env.items():  # what a walrus or a narrowed name became
                if env.get(name, (None,))[0] is not kind and name in env:
                    env[name] = (join(env[name][0], kind), True)
            self.certain, self.env = certain, env

    def _constant(self, node: ast.Constant) -> Type:
        return ANY if node.value is ... else literal(node.value)

    def _name(self, node: ast.Name) -> Type:
        if not isinstance(node.ctx, ast.Load):
            return ANY
        name = node.id
        held = self.env.get(name)
        if held is not None:
            kind, soft = held
            self.soft = self.soft or soft
            if kind is UNBOUND and self.scope.kind != "function":
                if name in _BUILTINS and self.scope.kind == "module":
                    return BuiltinT(name, _BUILTINS[name])
                if self.scope.kind == "class" or name.startswith("__"):
                    return ANY
            if kind is UNBOUND:
                if name not in self.scope.imports:  # an import holds above its line, too
                    where = "local variable" if self.scope.kind == "function" else "name"
                    message = (
                        f"cannot access {where} '{name}' where it is not associated with a value"
                        if where[0] == "l"
                        else f"name '{name}' is not defined yet here"
                    )
                    raised = UnboundLocalError if where[0] == "l" else NameError
                    self.report("NOODLE-E0230", raised, message, node, "assign it before this line")
                return ANY
            if isinstance(kind, Union):
                kind = without(kind, UNBOUND)
            return kind
        return self._elsewhere(name)

    def _elsewhere(self, name: str) -> Type:
        scope: Scope | None = self.scope
        if name in self.facts.inner_names and self.function is not None and self.function.name == "<lambda>":
            self.soft = True  # maybe a variable of a comprehension around the lambda
            return ANY
        first = True
        while scope is not None:
            if name in scope.names and (scope.kind != "class" or first) and name not in scope.globals:
                kind = scope.summary.get(name, ANY)
                if self.function is not None:
                    scope.readers.setdefault(name, set()).add(self.function)
                firm = scope.single.get(name) == 1 and name not in scope.foreign
                if not (firm and isinstance(kind, FunctionT | ClassT | ModuleT | ModelT | BuiltinT)):
                    self.soft = True
                return opaque(without(kind, UNBOUND)) if kind is not UNBOUND else ANY
            scope = scope.parent
            first = False
        if name in _BUILTINS:
            return BuiltinT(name, _BUILTINS[name])
        if name == "__name__":  # with arguments, the run calls main itself, and the usual guard is not for it
            return literal("__noodle__" if "main" in self.facts.module.names else "__main__")
        self.soft = True
        return ANY

    def _named(self, node: ast.NamedExpr) -> Type:
        kind = opaque(self.ev(node.value))  # whoever is given the value may change it
        self.set_name(node.target.id, kind, self.soft)
        return kind

    def set_name(self, name: str, kind: Type, soft: bool) -> None:
        """Assign a name of this scope."""
        scope = self.scope
        if name in scope.globals:
            target = scope.parent
            while target is not None and (name not in target.names or target.kind == "class"):
                target = target.parent
            if target is not None:
                self.summarize(target, name, opaque(kind))
            return
        if name in self.facts.shared:
            kind = opaque(kind)
        if name in self.env or name in scope.names:
            if name not in scope.foreign:
                self.env[name] = (kind, soft)
            if name in scope.names:
                self.summarize(scope, name, opaque(kind))

    def summarize(self, scope: Scope, name: str, kind: Type) -> None:
        """Add to what a name may hold for those who read it from another scope."""
        old = scope.summary.get(name, NEVER)
        new = join(old, kind)
        if new != old:
            scope.summary[name] = new
            for reader in scope.readers.get(name, ()):
                reader.dirty = True

    # operators

    def _binop(self, node: ast.BinOp) -> Type:
        chain: list[ast.BinOp] = []
        left_node: ast.expr = node
        while isinstance(left_node, ast.BinOp):
            chain.append(left_node)
            left_node = left_node.left
        left = self.ev(left_node)
        for one in reversed(chain):
            right = self.ev(one.right)
            left = self.binary(one, type(one.op).__name__, left, right)
        return left

    def binary(self, node: Any, operation: str, left: Type, right: Type, inplace: bool = False) -> Type:
        """``left operation right``; reports it if it fails for all that the operands can be."""
        if left is NEVER or right is NEVER:
            return NEVER
        if operation == "Mod":
            self._percent(node, left, right)
        results: list[Type] = []
        message = ""
        for one in members(left):
            for other in members(right):
                failed, kind = self._operate(operation, one, other, inplace)
                message = message or failed
                if not failed:
                    results.append(kind)
        if results:
            return joined(results)
        symbol = _SYMBOLS.get(operation, "")
        hint = ""
        kinds = {show(left), show(right)}
        if operation == "Add" and "str" in kinds and kinds & {"int", "float"}:
            hint = "make it text with str(...) or an f-string"
        elif "None" in kinds:
            hint = "one of the two is None"
        sign = symbol + "=" if inplace else symbol
        text = message or f"unsupported operand type(s) for {sign}: '{show(left)}' and '{show(right)}'"
        self.report("NOODLE-E0222", TypeError, text, node, hint)
        return left if inplace else ANY  # what a loop goes on with is what no round has changed

    def _operate(self, operation: str, left: Type, right: Type, inplace: bool) -> tuple[str, Type]:
        if isinstance(left, Inst) and isinstance(right, Inst):
            if left.kind not in samples.KNOWN or right.kind not in samples.KNOWN:
                return "", ANY
            if left.kind is list and right.kind is list and operation == "Add" and not inplace:
                elem = None if left.elem is None or right.elem is None else join(left.elem, right.elem)
                return "", Inst(list, elem=elem)
            return samples.binary(operation, left.kind, right.kind, inplace)
        for one in (left, right):
            if isinstance(one, FunctionT):
                self.escape(one)
            elif isinstance(one, InstanceT) and any(self.may_have(one, name) for name in _OPERANDS[inplace]):
                return "", ANY
        if not (_settled(left) and _settled(right)):
            return "", ANY
        name = _DUNDERS[operation]
        for one, dunder in ((left, f"__{name}__"), (left, f"__i{name}__"), (right, f"__r{name}__")):
            if isinstance(one, InstanceT) and self.may_have(one, dunder):
                return "", ANY
        if (
            operation in _MIRRORED
            and isinstance(right, InstanceT)
            and self.may_have(right, f"__{_MIRRORED[operation]}__")
        ):
            return "", ANY
        if isinstance(left, BuiltinT | ClassT) or isinstance(right, BuiltinT | ClassT):
            if operation == "BitOr" or not all(isinstance(x, BuiltinT | ClassT | Inst) for x in (left, right)):
                return "", ANY
            if any(isinstance(x, BuiltinT) and not isinstance(x.real, type) for x in (left, right)):
                return "", ANY
        if operation in ("Lt", "LtE", "Gt", "GtE"):
            sign = {"Lt": "<", "LtE": "<=", "Gt": ">", "GtE": ">="}[operation]
            return f"'{sign}' not supported between instances of '{show(left)}' and '{show(right)}'", ANY
        if operation == "Mod" and isinstance(left, Inst) and left.kind in (str, bytes):
            return "", Inst(left.kind)
        sign = _SYMBOLS[operation] + ("=" if inplace else "")
        return f"unsupported operand type(s) for {sign}: '{show(left)}' and '{show(right)}'", ANY

    def may_have(self, kind: InstanceT, name: str) -> bool:
        """Whether an instance may have an attribute of this name."""
        family = [kind.info] if kind.exact else kind.info.family()
        return any(not one.sure() or one.has(name) or "__getattr__" in one.members for one in family)

    def _percent(self, node: ast.AST, left: Type, right: Type) -> None:
        if not (isinstance(left, Inst) and left.kind is str and left.value is not None):
            return
        single = not (isinstance(right, Inst) and right.kind is tuple)
        values = (right,) if single or not isinstance(right, Inst) else right.items
        if values is None:
            return
        kinds = []
        for kind in values:
            if not isinstance(kind, Inst) or kind.kind not in (int, float, str, bool, type(None), list):
                return
            kinds.append(kind.kind)
        message = samples.percent(left.value[1], tuple(kinds), single)
        if message:
            self.report("NOODLE-E0229", TypeError, message, node)

    def _unary(self, node: ast.UnaryOp) -> Type:
        kind = self.ev(node.operand)
        if isinstance(node.op, ast.Not):
            known = truth(kind)
            return Inst(bool) if known is None else literal(not known)
        operation = type(node.op).__name__
        results: list[Type] = []
        message = ""
        for one in members(kind):
            if isinstance(one, Inst) and one.kind in samples.KNOWN:
                failed, result = samples.unary(operation, one.kind)
                message = message or failed
                if failed:
                    continue
                if operation == "USub" and one.value is not None and one.kind in (int, float):
                    result = literal(-one.value[1])
                results.append(result)
            else:
                results.append(ANY)
        if results or kind is NEVER:
            return joined(results)
        self.report("NOODLE-E0222", TypeError, message, node)
        return ANY

    def _boolop(self, node: ast.BoolOp) -> Type:
        stop = isinstance(node.op, ast.Or)
        results: list[Type] = []
        saved, certain = dict(self.env), self.certain
        alive = True
        for place, value in enumerate(node.values):
            kind = self.ev(value)
            known = truth(kind)
            last = place == len(node.values) - 1
            if last or known is stop:
                results.append(kind)
                break
            if known is None:
                results.append(_filtered(kind, stop))
                self.certain = False
            elif kind is NEVER:
                results.append(kind)
            alive = self.narrow(value, not stop)
            if not alive:
                break
        self.certain = certain
        self.merge_back(saved)
        return joined(results)

    def merge_back(self, saved: Env) -> None:
        """Forget what was learned on the way, and keep what may have been assigned."""
        for name, (kind, soft) in self.env.items():
            old = saved.get(name)
            if old is not None and old[0] is not kind and not _narrower(kind, old[0]):
                saved[name] = (join(old[0], kind), old[1] or soft)
        self.env = saved

    def _ifexp(self, node: ast.IfExp) -> Type:
        known = truth(self.ev(node.test))
        results = []
        for positive, branch in ((True, node.body), (False, node.orelse)):
            if known is not None and known is not positive:
                continue
            saved, certain = dict(self.env), self.certain
            self.certain = certain and known is not None
            if self.narrow(node.test, positive):
                results.append(self.ev(branch))
            self.certain = certain
            self.merge_back(saved)
        return joined(results)

    def _compare(self, node: ast.Compare) -> Type:
        left = self.ev(node.left)
        certain = self.certain
        result: Type = Inst(bool)
        folded: bool | None = True
        for place, (operator, right_node) in enumerate(zip(node.ops, node.comparators, strict=True)):
            if place:
                self.certain = False
            right = self.ev(right_node)
            known = self._compare_one(node, operator, left, right)
            if isinstance(known, _Unknown):
                result = ANY
                folded = None
            else:
                folded = folded and known if folded is not None and known is not None else None
            left = right
        self.certain = certain
        return literal(folded) if folded is not None and result is not ANY else result

    def _compare_one(self, node: ast.Compare, operator: ast.cmpop, left: Type, right: Type) -> Any:
        name = type(operator).__name__
        if left is NEVER or right is NEVER:
            return None
        if name in ("Is", "IsNot"):
            same = _same(left, right)
            return same if same is None or name == "Is" else not same
        if name in ("Eq", "NotEq"):
            if _instance(left) or _instance(right):
                return _UNKNOWN
            if isinstance(left, Inst) and isinstance(right, Inst) and left.value and right.value:
                same = bool(left.value[1] == right.value[1])
                return same if name == "Eq" else not same
            return None if isinstance(left, Inst) and isinstance(right, Inst) else _UNKNOWN
        if name in ("In", "NotIn"):
            return self._contains(node, name, left, right)
        if isinstance(left, Inst) and isinstance(right, Inst) and left.value and right.value:
            try:
                return bool(samples.BINARY[name](left.value[1], right.value[1]))
            except TypeError:
                pass
        kind = self.binary(node, name, left, right)
        return None if isinstance(kind, Inst) and kind.kind is bool else _UNKNOWN

    def _contains(self, node: ast.Compare, name: str, item: Type, box: Type) -> Any:
        bad = ""
        for one in members(box):
            if isinstance(one, Inst) and one.kind in samples.KNOWN:
                if one.kind in (int, float, bool, complex, type(None), slice):
                    bad = bad or f"argument of type '{one.kind.__name__}' is not iterable"
                    continue
                if one.kind is str and isinstance(item, Inst) and item.kind is not str and item.kind in samples.KNOWN:
                    bad = bad or f"'in <string>' requires string as left operand, not {item.kind.__name__}"
                    continue
            elif isinstance(one, FunctionT | ModuleT | ModelT):
                bad = bad or f"argument of type '{show(one)}' is not iterable"
                continue
            return None
        if bad:
            self.report("NOODLE-E0222", TypeError, bad, node)
        return None

    # displays and comprehensions

    def _tuple(self, node: ast.Tuple) -> Type:
        kinds = self._elements(node.elts)
        return Inst(tuple) if kinds is None else Inst(tuple, elem=joined(kinds), items=tuple(map(opaque, kinds)))

    def _list(self, node: ast.List) -> Type:
        kinds = self._elements(node.elts)
        return Inst(list) if kinds is None else Inst(list, elem=joined(kinds), items=tuple(kinds))

    def _set(self, node: ast.Set) -> Type:
        kinds = self._elements(node.elts)
        for one, kind in zip(node.elts, kinds or (), strict=False):
            self.hashable(one, kind)
        return Inst(set) if kinds is None else Inst(set, elem=joined(kinds))

    def _elements(self, nodes: list[ast.expr]) -> list[Type] | None:
        found: list[Type] = []
        starred = False
        for one in nodes:
            if isinstance(one, ast.Starred):
                kind = self.ev(one.value)
                inner = self.iterated(one.value, kind)
                items = kind.items if isinstance(kind, Inst) and kind.kind in (list, tuple) else None
                if items is not None:
                    found += items
                elif inner is not NEVER:
                    starred = True
            else:
                kind = self.ev(one)
                self.escape(kind)
                found.append(opaque(kind))
        return None if starred else found

    def hashable(self, node: ast.expr, kind: Type) -> None:
        """Report a key or element that cannot be one."""
        bad = [one for one in members(kind) if isinstance(one, Inst) and one.kind in (list, dict, set, bytearray)]
        if bad and len(bad) == len(members(kind)):
            self.report("NOODLE-E0227", TypeError, f"unhashable type: '{show(bad[0])}'", node, _UNHASHABLE[bad[0].kind])

    def _dict(self, node: ast.Dict) -> Type:
        keys: list[Type] = []
        values: list[Type] = []
        exact = True
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                exact = False
                self.escape(self.ev(value))
                continue
            kind = self.ev(key)
            self.hashable(key, kind)
            keys.append(opaque(kind))
            found = self.ev(value)
            self.escape(found)
            values.append(opaque(found))
        if not exact:
            return Inst(dict)
        return Inst(dict, elem=joined(keys), items=tuple(keys), entry=joined(values))

    def _comprehension(self, node: Any) -> Type:
        saved, certain = dict(self.env), self.certain
        for place, generator in enumerate(node.generators):
            kind = self.ev(generator.iter)
            elem = self.iterated(generator.iter, kind, bool(generator.is_async))
            if place == 0 and isinstance(node, ast.GeneratorExp):
                self._lazily()
            self.certain = False
            self._bind_inner(generator.target, elem, self.soft)
            for test in generator.ifs:
                self.ev(test)
                if not self.narrow(test, True):
                    self.certain = certain
                    self.merge_back(saved)
                    return Inst(_MADE[type(node)]) if type(node) in _MADE else ANY
        if isinstance(node, ast.DictComp):
            key = self.ev(node.key)
            self.hashable(node.key, key)
            entry = self.ev(node.value)
            self.escape(entry)
            result: Type = Inst(dict, elem=opaque(key), entry=opaque(entry))
        else:
            kind = self.ev(node.elt)
            self.escape(kind)
            if isinstance(node, ast.SetComp):
                self.hashable(node.elt, kind)
            result = Inst(_MADE[type(node)], elem=opaque(kind)) if type(node) in _MADE else ANY
        inner = {one.id for g in node.generators for one in ast.walk(g.target) if isinstance(one, ast.Name)}
        for name in inner:
            self.env.pop(name, None)
        self.caught = self._before_lazy if isinstance(node, ast.GeneratorExp) else self.caught
        self.certain = certain
        self.merge_back(saved)
        return result

    _before_lazy: frozenset[str] = frozenset()

    def _lazily(self) -> None:
        """What follows runs when somebody else asks for it, maybe inside of their handlers."""
        self._before_lazy = self.caught
        self.caught = self.caught | self.facts.caught

    def _bind_inner(self, target: ast.expr, kind: Type, soft: bool) -> None:
        if isinstance(target, ast.Name):
            self.env[target.id] = (kind, soft)
            return
        parts = self.unpacked(target, kind)
        if parts is None:
            for one in ast.walk(target):
                if isinstance(one, ast.Name):
                    self.env[one.id] = (ANY, True)
            return
        for one, part in parts:
            self._bind_inner(one, part, soft)

    def unpacked(self, target: ast.expr, kind: Type) -> "list[tuple[ast.expr, Type]] | None":
        """The targets of an unpacking with their types. Reports what cannot be unpacked into them."""
        if isinstance(target, ast.Starred):
            return [(target.value, Inst(list))]
        if not isinstance(target, ast.Tuple | ast.List):
            return None
        elem = self.iterated(target, kind, unpack=True)
        counts = {_length(one) for one in members(kind)}
        nodes = target.elts
        stars = [place for place, one in enumerate(nodes) if isinstance(one, ast.Starred)]
        if None not in counts and counts:
            if all(
                count is not None and (count < len(nodes) - 1 if stars else count != len(nodes)) for count in counts
            ):
                few = all(count is not None and count < len(nodes) for count in counts)
                wanted = f"at least {len(nodes) - 1}" if stars else str(len(nodes))
                have = " or ".join(map(str, sorted(c for c in counts if c is not None)))
                text = f"not enough values to unpack (expected {wanted}, got {have})"
                if not few:
                    text = f"too many values to unpack (expected {wanted}, got {have})"
                self.report("NOODLE-E0226", ValueError, text, target)
                return None
            if isinstance(kind, Inst) and kind.items is not None and not stars and kind.kind in (list, tuple):
                return list(zip(nodes, kind.items, strict=True))
        return [(one.value, Inst(list)) if isinstance(one, ast.Starred) else (one, elem) for one in nodes]

    def iterated(self, node: ast.expr, kind: Type, is_async: bool = False, unpack: bool = False) -> Type:
        """What iterating gives. Reports a value that cannot be iterated over."""
        results: list[Type] = []
        bad: list[Type] = []
        for one in members(kind):
            if isinstance(one, Inst) and one.kind in samples.KNOWN:
                if is_async or one.kind not in ITERABLE:
                    bad.append(one)
                    continue
                results.append(self._element(one))
            elif isinstance(one, Inst) and one.elem is not None and not is_async:
                results.append(self._element(one))
            elif isinstance(one, InstanceT):
                if is_async or any(self.may_have(one, name) for name in ("__iter__", "__getitem__")):
                    results.append(ANY)
                else:
                    bad.append(one)
            elif isinstance(one, FunctionT | MethodT | ModuleT | ModelT):
                bad.append(one)
            else:
                results.append(ANY)
        if results or not bad:
            return joined(results)
        what = show(bad[0])
        if is_async:
            text = f"'async for' requires an object with __aiter__ method, got {what}"
        else:
            text = f"cannot unpack non-iterable {what} object" if unpack else f"'{what}' object is not iterable"
        hint = "use range(...) to count" if what == "int" and not unpack else ""
        self.report("NOODLE-E0224", TypeError, text.replace("None", "NoneType"), node, hint)
        return ANY

    def _element(self, kind: Inst) -> Type:
        if kind.kind is str:
            return Inst(str)
        if kind.kind in (bytes, bytearray, range):
            return Inst(int)
        if kind.elem is None:
            self.soft = True
            return ANY
        return opaque(kind.elem)

    # other expressions

    def _attribute(self, node: ast.Attribute) -> Type:
        kind = self.attribute(node, self.ev(node.value))
        if isinstance(kind, FunctionT):
            self.escape(kind)
        return kind

    def _call(self, node: ast.Call) -> Type:
        return self.call(node)

    def _subscript(self, node: ast.Subscript) -> Type:
        value = self.ev(node.value)
        key = self.ev(node.slice)
        return self.index(node, value, key)

    def index(self, node: ast.Subscript, value: Type, key: Type, store: bool = False) -> Type:
        """``value[key]``, read or stored to."""
        results: list[Type] = []
        problem: tuple[str, type[Exception], str] | None = None
        for one in members(value):
            found = self._index_one(node, one, key, store)
            if isinstance(found, tuple):
                problem = problem or found
            else:
                results.append(found)
        if results or problem is None:
            return joined(results)
        self.report(problem[0], problem[1], problem[2], node)
        return ANY

    def _index_one(self, node: ast.Subscript, value: Type, key: Type, store: bool) -> Any:
        if isinstance(value, InstanceT):
            name = "__setitem__" if store else "__getitem__"
            if self.may_have(value, name):
                return ANY
            what = "does not support item assignment" if store else "is not subscriptable"
            return "NOODLE-E0225", TypeError, f"'{value.info.name}' object {what}"
        if isinstance(value, FunctionT | ModelT) or (isinstance(value, BuiltinT) and not isinstance(value.real, type)):
            if isinstance(value, BuiltinT) and not isinstance(value.real, BuiltinFunctionType | FunctionType):
                return ANY
            return "NOODLE-E0225", TypeError, f"'{show(value)}' object is not subscriptable"
        if not isinstance(value, Inst) or value.kind not in samples.KNOWN:
            return ANY
        kind = value.kind
        if kind not in (*_SEQUENCES, dict):
            what = "does not support item assignment" if store else "is not subscriptable"
            return "NOODLE-E0225", TypeError, f"'{show(value).replace('None', 'NoneType')}' object {what}"
        if store and kind in (str, bytes, tuple, range):
            return "NOODLE-E0225", TypeError, f"'{kind.__name__}' object does not support item assignment"
        if kind is dict:
            return self._dict_entry(node, value, key, store)
        if isinstance(key, Inst) and key.kind in samples.KNOWN and key.kind not in (int, bool, slice):
            if kind is str:
                return "NOODLE-E0225", TypeError, f"string indices must be integers, not '{key.kind.__name__}'"
            text = f"{kind.__name__} indices must be integers or slices, not {show(key).replace('None', 'NoneType')}"
            return "NOODLE-E0225", TypeError, text
        length = _length(value)
        if isinstance(key, Inst) and key.kind is int and key.value is not None:
            place = key.value[1]
            if length is not None and not -length <= place < length:
                name = "string" if kind is str else kind.__name__
                return "NOODLE-E0228", IndexError, f"{name} index out of range"
            if value.items is not None:
                return opaque(value.items[place])
        if isinstance(key, Inst) and key.kind is slice:
            return Inst(kind) if kind is not tuple else Inst(tuple)
        if isinstance(key, Inst) and key.kind in (int, bool):
            return Inst(str) if kind is str else self._element(value)
        self.soft = True
        return ANY

    def _dict_entry(self, node: ast.Subscript, value: Inst, key: Type, store: bool) -> Any:
        if isinstance(key, Inst) and key.kind in (list, dict, set):
            return "NOODLE-E0227", TypeError, f"unhashable type: '{key.kind.__name__}'"
        if store:
            return ANY
        if value.items is not None and isinstance(key, Inst) and key.value is not None:
            known = [one.value[1] for one in value.items if isinstance(one, Inst) and one.value is not None]
            if len(known) == len(value.items) and key.value[1] not in known:
                return "NOODLE-E0228", KeyError, f"the dict has no key {key.value[1]!r}"
        return opaque(value.entry) if value.entry is not None else ANY

    def _slice(self, node: ast.Slice) -> Type:
        for part in (node.lower, node.upper, node.step):
            if part is not None:
                kind = self.ev(part)
                if isinstance(kind, Inst) and kind.kind in (str, float, list, dict, tuple, set, bytes):
                    text = "slice indices must be integers or None or have an __index__ method"
                    self.report("NOODLE-E0225", TypeError, text, part)
        return Inst(slice)

    def _joined(self, node: ast.JoinedStr) -> Type:
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.ev(part)
        return Inst(str)

    def _formatted(self, node: ast.FormattedValue) -> Type:
        kind = self.ev(node.value)
        spec = node.format_spec
        if isinstance(spec, ast.JoinedStr):
            texts = [part.value for part in spec.values if isinstance(part, ast.Constant)]
            if len(texts) == len(spec.values) and node.conversion == -1:
                self.format(node.value, kind, "".join(map(str, texts)))
            else:
                self.ev(spec)
        return Inst(str)

    def format(self, node: ast.expr, kind: Type, spec: str) -> None:
        """Report a format specification that no value of the type takes."""
        messages = [
            samples.formats(one.kind, spec) if isinstance(one, Inst) and one.kind in samples.KNOWN else ""
            for one in members(kind)
        ]
        if messages and all(messages):
            raised = ValueError if "format code" in messages[0] or "specifier" in messages[0] else TypeError
            self.report("NOODLE-E0229", raised, messages[0], node)

    def _starred(self, node: ast.Starred) -> Type:
        kind = self.ev(node.value)
        self.iterated(node.value, kind)
        return ANY

    def _lambda(self, node: ast.Lambda) -> Type:
        return self.make_lambda(node)

    def _await(self, node: ast.Await) -> Type:
        kind = self.ev(node.value)
        bad = [one for one in members(kind) if isinstance(one, Inst) and one.kind in samples.KNOWN]
        if bad and len(bad) == len(members(kind)):
            text = f"object {show(bad[0]).replace('None', 'NoneType')} can't be used in 'await' expression"
            self.report("NOODLE-E0224", TypeError, text, node, "await what an async function returns")
        self.soft = True
        return ANY


class _Unknown:
    """A comparison of which nothing is known, not even that it gives a truth value."""


_UNKNOWN: Final = _Unknown()
_MADE: Final[dict[Any, type]] = {ast.ListComp: list, ast.SetComp: set}
_UNHASHABLE: Final[dict[type, str]] = {
    list: "use a tuple", dict: "use a tuple of its items", set: "use a frozenset", bytearray: "use bytes",
}  # fmt: skip


def _length(kind: Type) -> int | None:
    if not isinstance(kind, Inst):
        return None
    if kind.kind in (list, tuple) and kind.items is not None:
        return len(kind.items)
    return len(kind.value[1]) if kind.kind in (str, bytes) and kind.value is not None else None


def _settled(kind: Type) -> bool:
    """Whether all is known of how a value takes part in operations."""
    if isinstance(kind, Inst):
        return kind.kind in samples.KNOWN
    return isinstance(kind, FunctionT | InstanceT | ClassT | ModelT | ModuleT | BuiltinT | MethodT)


def _instance(kind: Type) -> bool:
    return any(not isinstance(one, Inst) for one in members(kind))


def _same(left: Type, right: Type) -> bool | None:
    if left == NONE and right == NONE:
        return True
    for one, other in ((left, right), (right, left)):
        if one == NONE and all(_not_none(each) for each in members(other)):
            return False
    return None


def _not_none(kind: Type) -> bool:
    return kind not in (ANY, NEVER, UNBOUND, NONE) and not (isinstance(kind, Inst) and kind.kind is type(None))


def _filtered(kind: Type, true: bool) -> Type:
    """What remains of a type for values that are true, or false."""
    return joined([one for one in members(kind) if truth(one) is not (not true)])


def _narrower(kind: Type, than: Type) -> bool:
    return set(members(kind)) <= set(members(than)) or than is ANY


_RULES: Final[dict[type, Callable[[Any, Any], Type]]] = {
    ast.Constant: Expressions._constant, ast.Name: Expressions._name, ast.NamedExpr: Expressions._named,
    ast.BinOp: Expressions._binop, ast.UnaryOp: Expressions._unary, ast.BoolOp: Expressions._boolop,
    ast.IfExp: Expressions._ifexp, ast.Compare: Expressions._compare, ast.Tuple: Expressions._tuple,
    ast.List: Expressions._list, ast.Set: Expressions._set, ast.Dict: Expressions._dict,
    ast.ListComp: Expressions._comprehension, ast.SetComp: Expressions._comprehension,
    ast.DictComp: Expressions._comprehension, ast.GeneratorExp: Expressions._comprehension,
    ast.Attribute: Expressions._attribute, ast.Call: Expressions._call, ast.Subscript: Expressions._subscript,
    ast.Slice: Expressions._slice, ast.JoinedStr: Expressions._joined, ast.FormattedValue: Expressions._formatted,
    ast.Starred: Expressions._starred, ast.Lambda: Expressions._lambda, ast.Await: Expressions._await,
}  # fmt: skip
