"""What statements do to what is known: assignments, branches, loops to a fixpoint, handlers."""

import ast
from collections.abc import Callable
from typing import Any, Final

from noodle_ray.core.types import samples
from noodle_ray.core.types.arrays import Array
from noodle_ray.core.types.calls import Calls
from noodle_ray.core.types.expressions import Env
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
    ModelT,
    ModuleT,
    Type,
    join,
    joined,
    members,
    opaque,
    show,
    truth,
    widened,
)  # fmt: skip
from noodle_ray.core.vm.catalog import MODULES

_DEEP: Final = 2
"""Loops nested deeper than this forget at once what they assign, so that the work stays bounded."""
_TOLD: Final = frozenset({"isinstance", "len", "bool"})
"""Questions whose answers say no more than `narrow` learns from them."""
_NARROWED: Final = 5
"""Levels of `and`, `or` and `not` in each other that are learned from: each may double the work."""
_CHAINED: Final = 12
"""Alternatives of one `or` that are told apart."""
Exits = list[Env]


class Statements(Calls):
    """The rules for statements. ``run`` returns false where the end of a block cannot be reached."""

    def __init__(self) -> None:
        super().__init__()
        self.breaks: Exits = []
        self.continues: Exits = []
        self.results: list[tuple[Type, bool]] = []
        self.left = False
        self.depth = 0
        self.narrowing = 0

    def run(self, body: list[ast.stmt]) -> bool:
        """Execute a block; false if its end is never reached."""
        for node in body:
            self.soft = False
            rule = _RULES.get(type(node))
            if rule is None:
                self._unknown(node)
            elif rule(self, node) is False:
                return False
        return True

    def _unknown(self, node: ast.AST) -> None:
        for child in ast.walk(node):
            if isinstance(child, ast.Name) and not isinstance(child.ctx, ast.Load):
                self.set_name(child.id, ANY, True)

    # simple statements

    def _expr(self, node: ast.Expr) -> bool:
        return self.ev(node.value) is not NEVER

    def _assign(self, node: ast.Assign) -> bool:
        kind = self.ev(node.value)
        if kind is NEVER:
            return False
        if not all(isinstance(one, ast.Name) for one in node.targets) or len(node.targets) > 1:
            kind = (
                kind if isinstance(node.targets[0], ast.Tuple | ast.List) and len(node.targets) == 1 else opaque(kind)
            )
        model = _model_name(node.value, self)
        for target in node.targets:
            self.assign(target, ModelT(model) if model else kind, self.soft and not model)
        return True

    def assign(self, target: ast.expr, kind: Type, soft: bool) -> None:
        """Give a target its value."""
        if isinstance(target, ast.Name):
            self.set_name(target.id, kind, soft)
        elif isinstance(target, ast.Attribute):
            value = self.ev(target.value)
            self.escape(kind)
            self._check_store(target, value)
        elif isinstance(target, ast.Subscript):
            value = self.ev(target.value)
            self.escape(kind)
            self.index(target, value, self.ev(target.slice), store=True)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, Inst(list), True)
        else:
            parts = self.unpacked(target, kind)
            for one, part in parts or [(one, ANY) for one in getattr(target, "elts", ())]:
                self.assign(one, opaque(part), soft or self.soft)

    def _check_store(self, node: ast.Attribute, value: Type) -> None:
        bad = [
            one for one in members(value)
            if isinstance(one, Inst) and one.kind in samples.KNOWN and not hasattr(one.kind, node.attr)
        ]  # fmt: skip
        if bad and len(bad) == len(members(value)):
            name = bad[0].kind.__name__
            self.report("NOODLE-E0221", AttributeError, f"'{name}' object has no attribute '{node.attr}'", node)

    def _annotated(self, node: ast.AnnAssign) -> bool:
        if node.value is None:
            return True
        kind = self.ev(node.value)
        if kind is NEVER:
            return False
        self.assign(node.target, kind, self.soft)
        return True

    def _augmented(self, node: ast.AugAssign) -> bool:
        target = node.target
        read: Any = ast.copy_location(_reading(target), target)
        left = self.ev(read)
        right = self.ev(node.value)
        kind = self.binary(node, type(node.op).__name__, left, right, inplace=True)
        if kind is NEVER:
            return False
        self.assign(target, opaque(widened(kind)), self.soft)
        return True

    def _delete(self, node: ast.Delete) -> bool:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.ev(ast.copy_location(_reading(target), target))
                if target.id in self.env:
                    self.env[target.id] = (UNBOUND, False)
            elif isinstance(target, ast.Attribute | ast.Subscript):
                self.ev(target.value)
        return True

    def _return(self, node: ast.Return) -> bool:
        kind = NONE if node.value is None else self.ev(node.value)
        self.escape(kind)
        self.results.append((opaque(widened(kind)), self.soft))
        self.left = True
        return False

    def _raise(self, node: ast.Raise) -> bool:
        if node.exc is not None:
            kind = self.ev(node.exc)
            bad = [one for one in members(kind) if not self._raisable(one)]
            if bad and len(bad) == len(members(kind)):
                self.report("NOODLE-E0231", TypeError, "exceptions must derive from BaseException", node.exc,
                            "raise an exception such as ValueError(...)")  # fmt: skip
        if node.cause is not None:
            kind = self.ev(node.cause)
            bad = [one for one in members(kind) if one != NONE and not self._raisable(one)]
            if bad and len(bad) == len(members(kind)):
                self.report("NOODLE-E0231", TypeError, "exception causes must derive from BaseException", node.cause)
        self.left = True
        return False

    def _raisable(self, kind: Type) -> bool:
        if isinstance(kind, Inst):
            return kind.kind not in samples.KNOWN
        if isinstance(kind, ModuleT | ModelT | FunctionT):
            return False
        if isinstance(kind, BuiltinT):
            return not isinstance(kind.real, type) or issubclass(kind.real, BaseException)
        if isinstance(kind, InstanceT | ClassT):
            lineage = kind.info.lineage()
            return not kind.info.sure() or any(one.real for one in lineage)
        return True

    def _assert(self, node: ast.Assert) -> bool:
        kind = self.ev(node.test)
        if node.msg is not None:
            certain, self.certain = self.certain, False
            self.ev(node.msg)
            self.certain = certain
        if truth(kind) is False or kind is NEVER:
            self.left = True
            return False
        return self.narrow(node.test, True)

    def _jump(self, node: ast.stmt) -> bool:
        (self.breaks if isinstance(node, ast.Break) else self.continues).append(dict(self.env))
        return False

    def _nothing(self, node: ast.stmt) -> None:
        return None

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            module = alias.name if alias.asname else name
            self.set_name(name, ModuleT(module) if module in MODULES and module != "noodle_ray" else ANY, False)

    def _import_from(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            kind: Type = ANY
            if node.module in MODULES and node.module != "noodle_ray" and not node.level:
                kind = self._member(node.module or "", alias.name) or ANY
            self.set_name(alias.asname or alias.name, kind, False)

    # branches

    def _if(self, node: ast.If) -> bool:
        kind = self.ev(node.test)
        if kind is NEVER:
            return False
        known = truth(kind)
        before, certain, left = self.env, self.certain, self.left
        self.left = False
        ends: list[Env] = []
        for positive, body in ((True, node.body), (False, node.orelse)):
            if known is (not positive):
                continue
            self.env = dict(before)
            self.certain = certain and known is positive
            if known is None:
                self._doubt(node.test)
            if self.narrow(node.test, positive) and self.run(body):
                ends.append(self.env)
        self.certain = certain and not (self.left and known is None)
        self.left = self.left or left
        return self._meet(ends)

    def _doubt(self, test: ast.expr) -> None:
        """In a branch, what its test asks a function about may be more special than is known."""
        for call in ast.walk(test):
            if not isinstance(call, ast.Call) or (isinstance(call.func, ast.Name) and call.func.id in _TOLD):
                continue
            for one in call.args:
                if isinstance(one, ast.Name) and one.id in self.env:
                    self.env[one.id] = (self.env[one.id][0], True)

    def _meet(self, ends: list[Env]) -> bool:
        if not ends:
            return False
        self.env = ends[0] if len(ends) == 1 else _joined(ends)
        return True

    def _match(self, node: ast.Match) -> bool:
        kind = self.ev(node.subject)
        self.escape(kind)
        if kind is NEVER:
            return False
        before, certain, left = dict(self.env), self.certain, self.left
        for case in node.cases:  # a pattern or guard that fails in the end may have bound names
            for part in ast.walk(case.pattern if case.guard is None else ast.Tuple([case.pattern, case.guard])):  # type: ignore[list-item]
                name = getattr(part, "name", None) or getattr(part, "rest", None)
                if isinstance(part, ast.NamedExpr):
                    name = part.target.id
                if isinstance(name, str) and name in before:
                    before[name] = (ANY, True)
        self.left = False
        ends: list[Env] = []
        total = False
        for case in node.cases:
            self.env = dict(before)
            self.certain = False
            for one in ast.walk(node.subject):
                if isinstance(one, ast.Name) and one.id in self.env:
                    self.env[one.id] = (ANY, True)
            for part in ast.walk(case.pattern):
                for field in ("name", "rest"):
                    name = getattr(part, field, None)
                    if isinstance(name, str):
                        self.set_name(name, ANY, True)
            if case.guard is not None:
                self.ev(case.guard)
                if not self.narrow(case.guard, True):
                    continue
            total = total or (case.guard is None and _catches_all(case.pattern))
            if self.run(case.body):
                ends.append(self.env)
        if not total:
            ends.append(dict(before))
        self.certain = certain and not self.left
        self.left = self.left or left
        return self._meet(ends)

    # loops

    def _loop(self, node: Any, start: Callable[[], bool], endless: bool = False) -> bool:
        """Run a loop until nothing changes. ``start`` binds an iteration's values; false if there is none."""
        outer = self.breaks, self.continues, self.certain, self.left
        self.left = False
        record = self.record
        before = dict(self.env)
        if self.depth >= _DEEP:
            self._forget(node.body)
        self.depth += 1
        entry = dict(self.env)
        after: Env = entry
        for turn in range(4 if self.depth <= _DEEP else 0):
            self.breaks, self.continues = [], []
            self.env = dict(entry)
            self.record = False
            self.certain = False
            if start() and self.run(node.body):
                self.continues.append(self.env)
            after = _joined([entry, *[_wide(one) for one in self.continues]]) if self.continues else entry
            if after == entry:
                break
            if turn == 2:
                self.env = after
                self._forget(node.body)
                after = dict(self.env)
            entry = after
        self.record = record
        ends: list[Env] = []
        self.breaks, self.continues = [], []
        self.env = dict(entry)
        iterates = start()
        if iterates and self.run(node.body):
            self.continues.append(self.env)
        self.depth -= 1
        ends = list(self.breaks)
        self.breaks, self.continues = outer[0], outer[1]
        broke = bool(ends)
        self.certain = outer[2] and not self.left
        if not endless:
            self.env = dict(entry) if iterates else before
            reached = not isinstance(node, ast.While) or self.narrow(node.test, False)
            certain = self.certain
            self.certain = certain and not broke
            if reached and self.run(node.orelse):
                ends.append(self.env)
            self.certain = certain
        self.left = self.left or outer[3]
        return self._meet(ends)

    def _forget(self, body: list[ast.stmt]) -> None:
        for name in _assigned(body):
            if name in self.env:
                self.env[name] = (ANY, True)

    def _for(self, node: Any) -> bool:
        kind = self.ev(node.iter)
        if kind is NEVER:
            return False
        elem = self.iterated(node.iter, kind, isinstance(node, ast.AsyncFor))
        if isinstance(kind, Inst) and kind.kind in (list, tuple, range) and kind.items == ():
            return self.run(node.orelse)
        soft = self.soft
        elem = widened(elem) if isinstance(kind, Inst) and len(kind.items or ()) > 1 else elem

        def start() -> bool:
            self.soft = False
            self.assign(node.target, elem, soft)
            return True

        return self._loop(node, start)

    def _while(self, node: ast.While) -> bool:
        def start() -> bool:
            known = truth(self.ev(node.test))
            if known is None:
                self._doubt(node.test)
            return known is not False and self.narrow(node.test, True)

        first = self.ev(node.test)
        if first is NEVER:
            return False
        if truth(first) is False:
            return self.run(node.orelse)
        endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
        return self._loop(node, start, endless)

    # handlers and managers

    def _try(self, node: Any) -> bool:
        before, certain, left, caught = dict(self.env), self.certain, self.left, self.caught
        self.left = False
        names: set[str] = set()
        for handler in node.handlers:
            names |= self.facts.handled(handler.type)
        stops = any(isinstance(one, ast.Return | ast.Break | ast.Continue)
                    for part in node.finalbody for one in ast.walk(part))  # fmt: skip
        self.caught = caught | names | ({"*"} if stops else set())
        self.certain = certain and not node.handlers and not stops
        ends: list[Env] = []
        end = self.run(node.body)
        body_env = self.env
        self.caught = caught | ({"*"} if stops else set())
        if end and node.orelse:
            end = self.run(node.orelse)
            body_env = self.env
        if end:
            ends.append(body_env)
        shaken = dict(before)
        for name in _assigned(node.body) | _assigned(node.orelse):
            if name in shaken:
                shaken[name] = (ANY, True)
        for handler in node.handlers:
            self.env = dict(shaken)
            self.certain = False
            if handler.type is not None:
                self._check_handler(handler.type)
            if handler.name:
                self.set_name(handler.name, ANY, True)
            if self.run(handler.body):
                if handler.name:
                    self.set_name(handler.name, ANY, True)
                ends.append(self.env)
        self.caught = caught
        self.certain = certain and not self.left and not stops
        self.left = self.left or left
        reached = self._meet(ends)
        if not node.finalbody:
            return reached
        saved = self.env
        if not reached:
            self.certain = False
        self.env = dict(shaken)
        for name in _assigned([one for handler in node.handlers for one in handler.body]):
            if name in self.env:
                self.env[name] = (ANY, True)
        if reached:
            self.env = _joined([saved, self.env])
        finished = self.run(node.finalbody)
        if reached and finished:
            changed = _assigned(node.finalbody)
            for name, value in self.env.items():
                if name in changed:
                    saved[name] = value
            self.env = saved
        return reached and finished

    def _check_handler(self, node: ast.expr) -> None:
        for one in node.elts if isinstance(node, ast.Tuple) else [node]:
            kind = self.ev(one)
            if kind is ANY:
                continue
            bad = [each for each in members(kind) if not self._catchable(each)]
            if bad and len(bad) == len(members(kind)):
                text = "catching classes that do not inherit from BaseException is not allowed"
                self.report("NOODLE-E0231", TypeError, text, one, "name an exception class")

    def _catchable(self, kind: Type) -> bool:
        if isinstance(kind, Inst):
            return kind.kind is tuple or kind.kind not in samples.KNOWN
        if isinstance(kind, InstanceT):
            return False
        return self._raisable(kind)

    def _with(self, node: Any) -> bool:
        for item in node.items:
            kind = self.ev(item.context_expr)
            self.escape(kind)
            bad = [one for one in members(kind) if isinstance(one, Inst) and one.kind in samples.KNOWN]
            if bad and len(bad) == len(members(kind)) and not isinstance(node, ast.AsyncWith):
                text = (
                    f"'{show(bad[0]).replace('None', 'NoneType')}' object does not support the context manager protocol"
                )
                self.report("NOODLE-E0224", TypeError, text, item.context_expr)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, ANY, True)
        before, certain, caught, left = dict(self.env), self.certain, self.caught, self.left
        self.caught = caught | {"*"}
        self.certain = False
        self.left = False
        end = self.run(node.body)
        self.caught, self.certain = caught, certain and not self.left
        self.left = self.left or left
        for name in _assigned(node.body):
            if name in before:
                before[name] = (ANY, True)
        self.env = _joined([before, self.env]) if end else before
        return True

    # learning from tests

    def narrow(self, test: ast.expr, positive: bool) -> bool:
        """Learn from a test; false if it cannot come out so. Nothing is learned from what is nested deeply."""
        if self.narrowing > _NARROWED:
            return True
        self.narrowing += 1
        try:
            return self._narrow(test, positive)
        finally:
            self.narrowing -= 1

    def _narrow(self, test: ast.expr, positive: bool) -> bool:
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self.narrow(test.operand, not positive)
        if isinstance(test, ast.BoolOp):
            if isinstance(test.op, ast.And) is positive:
                return all(self.narrow(one, positive) for one in test.values)
            if len(test.values) > _CHAINED:
                return True
            before = self.env
            ends = []
            for place in range(len(test.values)):
                self.env = dict(before)
                passed = all(self.narrow(one, not positive) for one in test.values[:place])
                if passed and self.narrow(test.values[place], positive):
                    ends.append(self.env)
            self.env = before
            return self._meet(ends)
        if isinstance(test, ast.NamedExpr):
            test = test.target
        if isinstance(test, ast.Name):
            return self._keep(test, lambda kind: truth(kind) is not (not positive))
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            return self._narrow_compare(test, positive)
        if isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.args:
            return self._narrow_call(test, test.func.id, positive)
        return True

    def _keep(self, node: ast.expr, fits: Callable[[Type], bool]) -> bool:
        if isinstance(node, ast.NamedExpr):
            node = node.target
        if not isinstance(node, ast.Name) or node.id not in self.env:
            return True
        kind, soft = self.env[node.id]
        left = [one for one in members(kind) if one is not UNBOUND and fits(one)]
        if kind is ANY or not left:
            return kind is ANY or kind is UNBOUND
        self.env[node.id] = (joined(left), soft)
        return True

    def _narrow_compare(self, test: ast.Compare, positive: bool) -> bool:
        operator, right = test.ops[0], test.comparators[0]
        if isinstance(right, ast.Constant) and right.value is None:
            if isinstance(operator, ast.Is | ast.IsNot):
                wanted = isinstance(operator, ast.Is) is positive
                return self._keep(test.left, lambda kind: _is_none(kind) if wanted else not _surely_none(kind))
            if isinstance(operator, ast.Eq | ast.NotEq):
                wanted = isinstance(operator, ast.Eq) is positive
                if not wanted:
                    return self._keep(test.left, lambda kind: not _surely_none(kind))
        if (
            isinstance(test.left, ast.Call)
            and isinstance(test.left.func, ast.Name)
            and test.left.func.id == "type"
            and len(test.left.args) == 1
            and isinstance(test.left.args[0], ast.Name)
            and test.left.args[0].id in self.env
        ):
            self.env[test.left.args[0].id] = (ANY, True)
        return True

    def _narrow_call(self, test: ast.Call, name: str, positive: bool) -> bool:
        subject = test.args[0]
        if isinstance(subject, ast.NamedExpr):
            subject = subject.target
        if not isinstance(subject, ast.Name) or subject.id not in self.env:
            return True
        if name == "isinstance" and len(test.args) == 2:
            kinds = self._classes(test.args[1])
            if kinds is not None:
                return self._keep(subject, lambda kind: _instance_of(kind, kinds) is not (not positive))
        kind, _ = self.env[subject.id]
        if name not in ("len", "bool", "all", "any", "sum", "max", "min") and kind is not UNBOUND:
            self.env[subject.id] = (ANY, True)
        return True

    def _classes(self, node: ast.expr) -> list[Type] | None:
        if isinstance(node, ast.Tuple):
            found: list[Type] = []
            for one in node.elts:
                inner = self._classes(one)
                if inner is None:
                    return None
                found += inner
            return found
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            left, right = self._classes(node.left), self._classes(node.right)
            return None if left is None or right is None else left + right
        if isinstance(node, ast.Constant) and node.value is None:
            return [BuiltinT("NoneType", type(None))]
        record, self.record = self.record, False
        kind = self.ev(node)
        self.record = record
        if isinstance(kind, BuiltinT) and isinstance(kind.real, type) and kind.real in samples.KNOWN:
            return [kind]
        return [kind] if isinstance(kind, ClassT) and kind.info.sure() else None


def _is_none(kind: Type) -> bool:
    if isinstance(kind, Inst):
        return kind.kind is type(None)
    return not isinstance(kind, FunctionT | ClassT | InstanceT | ModuleT | ModelT)


def _surely_none(kind: Type) -> bool:
    return isinstance(kind, Inst) and kind.kind is type(None)


def _instance_of(kind: Type, classes: list[Type]) -> bool | None:
    """Whether a value of the type is an instance of one of the classes, if that is sure."""
    answers = [_instance_of_one(kind, one) for one in classes]
    return True if True in answers else None if None in answers else False


def _instance_of_one(kind: Type, cls: Type) -> bool | None:
    if isinstance(kind, Inst) and kind.kind in samples.KNOWN:
        return isinstance(cls, BuiltinT) and issubclass(kind.kind, cls.real)
    if isinstance(kind, Inst) and kind.kind is Array and isinstance(cls, BuiltinT) and cls.real in samples.KNOWN:
        return False
    if isinstance(kind, InstanceT) and isinstance(cls, ClassT):
        if cls.info in kind.info.lineage():
            return True
        return None if not kind.exact or not kind.info.sure() else False
    if isinstance(kind, InstanceT) and isinstance(cls, BuiltinT):
        return None if not kind.info.sure() else False
    return None


def _joined(ends: list[Env]) -> Env:
    result = dict(ends[0])
    for env in ends[1:]:
        for name in result.keys() | env.keys():
            one, other = result.get(name), env.get(name)
            if one is None or other is None:
                result[name] = (ANY, True)
            elif one is not other and one != other:
                result[name] = (join(one[0], other[0]), one[1] or other[1])
    return result


def _wide(env: Env) -> Env:
    return {name: (widened(kind), soft) for name, (kind, soft) in env.items()}


def _assigned(body: list[ast.stmt]) -> set[str]:
    found: set[str] = set()
    for part in body:
        for one in ast.walk(part):
            if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load):
                found.add(one.id)
            elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(one.name)
            elif isinstance(one, ast.alias):
                found.add(one.asname or one.name.partition(".")[0])
            elif isinstance(one, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and one.name:
                found.add(one.name)
    return found


def _catches_all(pattern: ast.AST) -> bool:
    return isinstance(pattern, ast.MatchAs) and pattern.pattern is None


def _reading(target: Any) -> Any:
    if isinstance(target, ast.Name):
        return ast.Name(target.id, ast.Load())
    if isinstance(target, ast.Attribute):
        return ast.Attribute(target.value, target.attr, ast.Load())
    return ast.Subscript(target.value, target.slice, ast.Load())


def _model_name(node: ast.expr, analysis: Statements) -> str:
    """The name of the model that ``model("name")`` makes, or ''."""
    if not (isinstance(node, ast.Call) and len(node.args) == 1 and isinstance(node.args[0], ast.Constant)):
        return ""
    func = node.func
    called = func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""
    real = analysis.model_names.get(called, "")  # type: ignore[attr-defined]
    value = node.args[0].value
    return value if real == "model" and isinstance(value, str) else ""


_RULES: Final[dict[type, Callable[[Any, Any], "bool | None"]]] = {
    ast.Expr: Statements._expr, ast.Assign: Statements._assign, ast.AnnAssign: Statements._annotated,
    ast.AugAssign: Statements._augmented, ast.Delete: Statements._delete, ast.Return: Statements._return,
    ast.Raise: Statements._raise, ast.Assert: Statements._assert, ast.Break: Statements._jump,
    ast.Continue: Statements._jump, ast.Pass: Statements._nothing, ast.Global: Statements._nothing,
    ast.Nonlocal: Statements._nothing, ast.Import: Statements._import, ast.ImportFrom: Statements._import_from,
    ast.If: Statements._if, ast.Match: Statements._match, ast.For: Statements._for, ast.AsyncFor: Statements._for,
    ast.While: Statements._while, ast.Try: Statements._try, ast.With: Statements._with,
    ast.AsyncWith: Statements._with,
}  # fmt: skip
