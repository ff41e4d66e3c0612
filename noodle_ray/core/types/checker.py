"""Runs the analysis over a whole program: functions as they are called, until nothing changes; then once to report."""

import ast
from typing import Any, Final

from noodle_ray.core.types.expressions import Env
from noodle_ray.core.types.model import (
    ANY,
    NEVER,
    NONE,
    UNBOUND,
    ClassT,
    FunctionT,
    Inst,
    InstanceT,
    Type,
    join,
    members,
    opaque,
    widened,
)  # fmt: skip
from noodle_ray.core.types.program import ClassInfo, Facts, FunctionInfo, Scope, parameters
from noodle_ray.core.types.statements import _RULES, Statements

_MOST_VISITS: Final = 12
"""Analyses of one function before its parameters are taken to be anything."""
_NESTED: Final = 24
"""Calls followed at once; deeper ones wait for their turn."""
_ANNOTATED: Final = {
    "int": (int,), "float": (float, int), "str": (str,), "bool": (bool,), "bytes": (bytes,), "None": (type(None),),
    "list": (list,), "dict": (dict,), "tuple": (tuple,), "set": (set,), "frozenset": (frozenset,),
}  # fmt: skip


class TooMuch(Exception):
    """The functions of a program call each other in so many ways that the analysis is given up."""


class Checker(Statements):
    """One program's analysis."""

    def __init__(self, tree: ast.Module, tasks: dict[str, str]) -> None:
        super().__init__()
        self.tree = tree
        self.tasks = tasks
        self.facts = Facts(tree)
        self.functions: dict[ast.AST, FunctionInfo] = {}
        self.classes: dict[ast.AST, ClassInfo] = {}
        self._special: dict[str, ClassInfo] = {}
        self.by_name: dict[str, list[FunctionInfo]] = {}
        self.queue: list[FunctionInfo] = []
        self.visits: dict[FunctionInfo, int] = {}
        self.final = False
        self.level = 0
        self.scope = self.facts.scopes[tree]
        self.function = None
        self.env: Env = {}
        self.model_names = _model_imports(tree)
        self._current_class: ClassInfo | None = None
        self._declare()

    # what the text declares

    def _declare(self) -> None:
        for node in self.facts.scopes:
            if isinstance(node, ast.ClassDef):
                self.classes[node] = ClassInfo(node)
        for node, info in self.classes.items():
            assert isinstance(node, ast.ClassDef)
            self._describe(node, info)
        for node, scope in self.facts.scopes.items():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                self.functions[node] = FunctionInfo(node, scope, None)
        for node, info in self.classes.items():
            assert isinstance(node, ast.ClassDef)
            self._describe_methods(node, info)
        for node, function in self.functions.items():
            if function.cls is None and getattr(node, "decorator_list", None):
                function.decorated = True

    def _describe(self, node: ast.ClassDef, info: ClassInfo) -> None:
        scope = self.facts.scopes[node]
        assert scope.parent is not None
        info.members = set(scope.names)
        info.known = not node.keywords and not getattr(node, "type_params", None)
        for base in node.bases:
            other = self._class_named(base, scope.parent)
            if other is not None:
                info.bases.append(other)
                other.subclasses.append(info)
                continue
            name = base.id if isinstance(base, ast.Name) else ""
            found = self._elsewhere_builtin(name, scope.parent)
            if isinstance(found, type) and (issubclass(found, BaseException) or found is object):
                if found is not object:
                    info.real.append(found)
            else:
                info.known = False
                self._describe_special(node, info, name)
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Name) and decorator.id == "dataclass" and "dataclass" in self._imported:
                info.dataclass = True
                info.fields = _plain_fields(node)
            else:
                info.known = False
        if (
            scope.parent.single.get(node.name) != 1
            or "__slots__" in info.members
            or "__init_subclass__" in info.members
        ):
            info.known = False

    def _describe_special(self, node: ast.ClassDef, info: ClassInfo, base: str) -> None:
        """A class whose one base is ``NamedTuple`` or an enumeration's, of which something is known."""
        if len(node.bases) != 1 or node.keywords or node.decorator_list or self.facts.module.single.get(base) != 1:
            return
        if base == "NamedTuple" and base in self._imported_from("typing"):
            info.tuple = True
            info.fields = _plain_fields(node)
        elif base in ("Enum", "IntEnum", "StrEnum") and base in self._imported_from("enum"):
            info.enum = True
        binders = [scope for scope in self.facts.scopes.values() if node.name in scope.names]
        if binders == [self.facts.module] and self.facts.module.single.get(node.name) == 1:
            self._special[node.name] = info

    @property
    def _imported(self) -> set[str]:
        return self._imported_from("dataclasses")

    def _imported_from(self, module: str) -> set[str]:
        return {
            alias.asname or alias.name
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom) and node.module == module
            for alias in node.names
        }

    def special(self, node: ast.expr) -> ClassInfo | None:
        """The named tuple or enumeration that an expression surely is: a name that only the module binds, once."""
        if not isinstance(node, ast.Name) or not self._special:
            return None
        info = self._special.get(node.id)
        if info is None or node.id in self.facts.module.foreign or node.id in self.facts.inner_names:
            return None
        held = self.env.get(node.id)
        return None if self.scope.kind == "module" and held is not None and held[0] is UNBOUND else info

    def _class_named(self, node: ast.expr, scope: Scope) -> ClassInfo | None:
        if not isinstance(node, ast.Name):
            return None
        here: Scope | None = scope
        while here is not None:
            if node.id in here.names:
                if here.single.get(node.id) != 1:
                    return None
                for one, info in self.classes.items():
                    if isinstance(one, ast.ClassDef) and one.name == node.id and self.facts.scopes[one].parent is here:
                        return info
                return None
            here = here.parent
        return None

    def _elsewhere_builtin(self, name: str, scope: Scope) -> Any:
        import builtins

        here: Scope | None = scope
        while here is not None:
            if name in here.names:
                return None
            here = here.parent
        return getattr(builtins, name, None)

    def _describe_methods(self, node: ast.ClassDef, info: ClassInfo) -> None:
        scope = self.facts.scopes[node]
        for one in node.body:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                function = self.functions[one]
                function.cls = info
                for decorator in one.decorator_list:
                    if isinstance(decorator, ast.Name) and decorator.id in ("staticmethod", "classmethod", "property"):
                        function.static = decorator.id
                    else:
                        function.decorated = True
                if len(one.decorator_list) > 1:
                    function.decorated = True
                if one.name in ("__new__", "__class_getitem__"):
                    function.decorated = True
                if scope.single.get(one.name) == 1:
                    info.methods[one.name] = function
                self.by_name.setdefault(one.name, []).append(function)

    # the whole

    def check(self) -> None:
        """Analyse until nothing changes, then once more to report."""
        self._module()
        for _ in range(60):
            waiting = [one for one in self.functions.values() if one.reached and (one.dirty or not one.analysed)]
            if not waiting:
                break
            for one in waiting:
                if one.dirty or not one.analysed:
                    self._analyse(one)
            if any(one.dirty for one in self.functions.values()) or self._module_dirty:
                self._module_dirty = False
                self._module()
        else:
            return
        self.final = self.record = True
        self._module()
        for one in self.functions.values():
            if one.reached:
                self._analyse(one)

    work = 0
    _module_dirty = False
    _outside = False

    def _module(self) -> None:
        scope = self.facts.scopes[self.tree]
        self.scope, self.function = scope, None
        self.env = {
            name: (ANY if name in scope.imports else UNBOUND, False)
            for name in scope.names
            if name not in scope.foreign
        }
        self.certain = not self.facts.exits
        self.caught = frozenset()
        self.left = False
        self.depth = 0
        end = self.run(self.tree.body)
        certain = self.certain and end
        entries = {"main"} if "main" in scope.names else set()
        if not entries and _only_definitions(self.tree):
            defined = {one.name for one in self.tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
            entries = defined - self.facts.read
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef) and node.name in entries and scope.single.get(node.name) == 1:
                if end:
                    self._enter_from_outside(self.functions[node], certain and node.name == "main")
            elif isinstance(node, ast.AsyncFunctionDef) and node.name in entries:
                self.escape(FunctionT(self.functions[node]))

    def _enter_from_outside(self, info: FunctionInfo, certain: bool) -> None:
        if info.decorated:
            return self.escape(FunctionT(info))
        given: dict[str, Type] = {}
        for one in parameters(info.args):
            kind = annotated(one.annotation) if one is not info.args.vararg and one is not info.args.kwarg else ANY
            given[one.arg] = kind
        info.entry = True
        outer, self.certain = self.certain, certain
        self._outside = True
        self.pass_to(info, given)
        self._outside = False
        self.certain = outer
        self.enter(info)
        return None

    def pass_to(self, info: FunctionInfo, given: dict[str, Type]) -> None:
        """Note a call: parameters, handlers around it, and whether it is surely made."""
        changed = not info.reached
        info.reached = True
        info.called = info.called or not self._outside
        for one in parameters(info.args):
            kind = given.get(one.arg)
            if one is info.args.vararg:
                kind = Inst(tuple)
            elif one is info.args.kwarg:
                kind = Inst(dict)
            elif kind is None:
                kind = given.get(one.arg, ANY)
            kind = opaque(widened(kind)) if not info.entry else kind
            if self.visits.get(info, 0) > _MOST_VISITS:
                kind = ANY
            new = join(info.params.get(one.arg, NEVER), kind)
            if new != info.params.get(one.arg, NEVER):
                info.params[one.arg] = new
                changed = True
            if isinstance(kind, FunctionT):
                self.escape(kind)
        caught = info.caught | self.caught
        if caught != info.caught:
            info.caught = caught
            changed = True
        if self.certain and not info.certain:
            info.certain = changed = True
        if changed:
            info.dirty = True

    def enter(self, info: FunctionInfo) -> Type:
        """The result of a function, analysed now if what is known of its calls has grown."""
        if self.function not in info.callers:
            info.callers.add(self.function)
        if info.later:
            info.caught = info.caught | self.facts.caught
            return ANY
        if info.dirty and not info.busy and not self.final and self.level < _NESTED:
            self._analyse(info)
        if not info.analysed and not info.busy:
            return ANY
        return info.result

    def _analyse(self, info: FunctionInfo) -> None:
        saved = (self.scope, self.function, self.env, self.certain, self.caught, self.breaks, self.continues,
                 self.results, self.left, self.depth, self.soft, self.record, self._current_class)  # fmt: skip
        info.busy, info.dirty, info.analysed = True, False, True
        self.visits[info] = self.visits.get(info, 0) + 1
        self.work += 1
        if self.work > 400 + 30 * len(self.functions):
            raise TooMuch
        self.level += 1
        if not self.final:
            self.record = False
        scope = info.scope
        self.scope, self.function = scope, info
        self.env = {
            name: (ANY if name in scope.imports else UNBOUND, False)
            for name in scope.names
            if name not in scope.foreign
        }
        for one in parameters(info.args):
            kind = info.params.get(one.arg, ANY)
            if one.arg in self.facts.shared:
                kind = opaque(kind)
            if one.arg in self.env:
                self.env[one.arg] = (kind, not info.entry or info.called)
            self.summarize(scope, one.arg, opaque(kind))
        self.certain = info.certain and not info.later and not info.escaped
        self.caught = info.caught
        self.breaks, self.continues, self.results = [], [], []
        self.left = False
        self.depth = 0
        node = info.node
        if isinstance(node, ast.Lambda):
            kind = self.ev(node.body)
            self.escape(kind)
            self.results.append((opaque(widened(kind)), self.soft))
        elif self.run(node.body):
            self.results.append((NONE, False))
        result: Type = NEVER
        for kind, _ in self.results:
            result = join(result, kind)
        soft = any(soft for _, soft in self.results) or len(self.results) > 1
        if self.visits[info] > _MOST_VISITS + 4:
            result = ANY
        if self.final:
            result = info.result
        result = join(info.result, result)
        if result != info.result or soft != info.result_soft:
            info.result, info.result_soft = result, soft or info.result_soft
            for caller in info.callers:
                if caller is None:
                    self._module_dirty = True
                elif caller is not info or not self.final:
                    caller.dirty = True
        info.busy = False
        self.level -= 1
        (self.scope, self.function, self.env, self.certain, self.caught, self.breaks, self.continues,
         self.results, self.left, self.depth, self.soft, self.record, self._current_class) = saved  # fmt: skip

    # values that leave

    def escape(self, kind: Type) -> None:
        """Others may call this function with anything, from anywhere."""
        for one in members(kind):
            if isinstance(one, FunctionT) and not one.info.escaped:
                self.free(one.info)
            elif isinstance(one, ClassT | InstanceT):
                for cls in one.info.lineage():
                    for name, method in cls.methods.items():
                        if isinstance(one, ClassT) or (name.startswith("__") and name != "__init__"):
                            self.free(method)

    def free(self, info: FunctionInfo) -> None:
        """Take a function to be called with anything, from anywhere."""
        if info.escaped:
            return
        info.escaped = info.reached = info.dirty = True
        info.caught = info.caught | self.facts.caught
        for place, one in enumerate(parameters(info.args)):
            first = place == 0 and info.cls is not None and not info.static and one is not info.args.vararg
            info.params[one.arg] = ANY if not first or info.cls is None else InstanceT(info.cls, False)

    def escape_named(self, name: str) -> None:
        """Any method of this name may be called through a value that is not known."""
        for info in self.by_name.get(name, ()):
            self.free(info)

    def make_lambda(self, node: ast.Lambda) -> Type:
        """The function of a lambda, which others call."""
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.escape(self.ev(default))
        info = self.functions[node]
        self.free(info)
        return FunctionT(info)

    def attribute(self, node: ast.Attribute, value: Type) -> Type:
        """``value.name``; of an unknown value, methods of that name may be meant."""
        if value is ANY or any(one is ANY for one in members(value)):
            self.escape_named(node.attr)
        return super().attribute(node, value)

    def define(self, node: Any) -> None:
        """A ``def``: the name holds a function from here on."""
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.escape(self.ev(default))
        info = self.functions[node]
        for decorator in node.decorator_list:
            self.ev(decorator)
        plain = [d for d in node.decorator_list if isinstance(d, ast.Name) and d.id == "program"]
        if info.decorated and len(plain) == len(node.decorator_list):
            info.decorated = False
        if info.decorated:
            self.free(info)
        for name, default in _defaults(node.args).items():
            old = info.params.get(name, NEVER)
            kind = widened(opaque(self._quiet(default)))
            if join(old, kind) != old:
                info.params[name] = join(old, kind)
                info.dirty = True
        dunder = node.name.startswith("__") and node.name.endswith("__") and node.name != "__init__"
        if info.cls is not None and dunder:
            self.free(info)
        self.set_name(node.name, ANY if info.decorated else FunctionT(info), False)

    def _quiet(self, node: ast.expr) -> Type:
        record, self.record = self.record, False
        kind = self.ev(node)
        self.record = record
        return kind

    def define_class(self, node: ast.ClassDef) -> None:
        """A ``class``: its body runs now."""
        info = self.classes[node]
        for one in (*node.bases, *(keyword.value for keyword in node.keywords), *node.decorator_list):
            self._quiet(one)
        outer, function, env, certain = self.scope, self.function, self.env, self.certain
        scope = self.scope = self.facts.scopes[node]
        self.env = {}
        if not info.known:
            self.certain = False
        body_env = dict(env) if outer.kind != "class" else {}
        self.env = {name: value for name, value in body_env.items() if name not in scope.names}
        self.run(node.body)
        self.scope, self.function, self.env, self.certain = outer, function, env, certain
        if not info.sure():
            for method in info.methods.values():
                self.free(method)
        for name in info.members:
            if name not in info.methods or info.methods[name].decorated:
                self.escape_named(name)
        single = outer.single.get(node.name) == 1
        self.set_name(node.name, ClassT(info) if info.known and single else ANY, False)


def annotated(node: ast.expr | None) -> Type:
    """The type that the run makes sure of for an annotated parameter of the function it calls."""
    if isinstance(node, ast.Constant):
        if node.value is None:
            return NONE
        if isinstance(node.value, str):
            try:
                return annotated(ast.parse(node.value, mode="eval").body)
            except (SyntaxError, ValueError):
                return ANY
        return ANY
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return join(annotated(node.left), annotated(node.right))
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        return _generic(node.value.id, node.slice)
    kinds = _ANNOTATED.get(node.id) if isinstance(node, ast.Name) else None
    if kinds is None:
        return ANY
    result: Type = NEVER
    for kind in kinds:
        result = join(result, Inst(kind))
    return result


def _generic(name: str, inner: ast.expr) -> Type:
    name = {"List": "list", "Dict": "dict"}.get(name, name)
    if name == "list":
        elem = annotated(inner)
        return Inst(list, elem=None if elem is ANY else elem)
    if name == "dict" and isinstance(inner, ast.Tuple) and len(inner.elts) == 2:
        key, entry = annotated(inner.elts[0]), annotated(inner.elts[1])
        return Inst(dict, elem=None if key is ANY else key, entry=None if entry is ANY else entry)
    if name == "Optional":
        return join(annotated(inner), NONE)
    return Inst(_ANNOTATED[name][0]) if name in ("dict", "tuple", "set", "frozenset") else ANY


def _defaults(args: ast.arguments) -> dict[str, ast.expr]:
    positional = [*args.posonlyargs, *args.args]
    count = len(args.defaults)
    found = {
        one.arg: default for one, default in zip(positional[len(positional) - count :], args.defaults, strict=True)
    }
    found.update({one.arg: d for one, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d is not None})
    return found


def _only_definitions(tree: ast.Module) -> bool:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
    return all(isinstance(one, kinds) or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
               for one in tree.body)  # fmt: skip


def _plain_fields(node: ast.ClassDef) -> list[tuple[str, bool]] | None:
    found = []
    for one in node.body:
        if not isinstance(one, ast.AnnAssign) or not isinstance(one.target, ast.Name):
            continue
        text = ast.unparse(one.annotation)
        if "ClassVar" in text or "InitVar" in text or "KW_ONLY" in text:
            return None
        if isinstance(one.value, ast.Call) and any(k.arg in ("init", "kw_only", None) for k in one.value.keywords):
            return None
        default = one.value is not None
        if isinstance(one.value, ast.Call) and isinstance(one.value.func, ast.Name) and one.value.func.id == "field":
            default = any(k.arg in ("default", "default_factory") for k in one.value.keywords)
        found.append((one.target.id, default))
    return found


def _model_imports(tree: ast.Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "noodle_ray":
            found.update({alias.asname or alias.name: alias.name for alias in node.names})
        elif isinstance(node, ast.Import) and any(alias.name == "noodle_ray" for alias in node.names):
            found["model"] = "model"
    return found


_RULES[ast.FunctionDef] = _RULES[ast.AsyncFunctionDef] = lambda self, node: self.define(node)
_RULES[ast.ClassDef] = lambda self, node: self.define_class(node)
