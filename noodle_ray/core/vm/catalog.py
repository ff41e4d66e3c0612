"""The standard library that programs may import: pure data, shared by compiler, verifier and runtime.

A member's full name is ``module.member``, where the module may itself have dots. What runs them is in
``core.vm.modules``.
"""
# ruff: noqa: SIM905

from typing import Final

MODULES: Final[dict[str, frozenset[str]]] = {
    "math": frozenset(
        "acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf erfc exp exp2 "
        "expm1 fabs factorial floor fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf isnan isqrt lcm ldexp "
        "lgamma log log10 log1p log2 modf nan nextafter perm pi pow prod radians remainder sin sinh sqrt tan tanh tau "
        "trunc ulp".split()
    ),
    "json": frozenset({"JSONDecodeError", "dumps", "loads"}),
    "bisect": frozenset("bisect bisect_left bisect_right insort insort_left insort_right".split()),
    "collections": frozenset("ChainMap Counter OrderedDict UserDict UserList defaultdict deque namedtuple".split()),
    "copy": frozenset("Error copy deepcopy".split()),
    "functools": frozenset(
        "cache cached_property cmp_to_key lru_cache partial partialmethod reduce singledispatch singledispatchmethod "
        "total_ordering update_wrapper wraps WRAPPER_ASSIGNMENTS WRAPPER_UPDATES".split()
    ),
    "heapq": frozenset("heapify heappop heappush heappushpop heapreplace merge nlargest nsmallest".split()),
    "itertools": frozenset(
        "accumulate chain combinations combinations_with_replacement compress count cycle dropwhile filterfalse groupby "
        "islice pairwise permutations product repeat starmap takewhile tee zip_longest".split()
    ),
    "operator": frozenset(
        "abs add and_ attrgetter call concat contains countOf delitem eq floordiv ge getitem gt iadd iand iconcat "
        "ifloordiv ilshift imatmul imod imul index indexOf inv invert ior ipow irshift is_ is_not isub itemgetter "
        "itruediv ixor le length_hint lshift lt matmul methodcaller mod mul ne neg not_ or_ pos pow rshift setitem sub "
        "truediv truth xor".split()
    ),
}
"""Modules a program can import, and their members."""

PURE_MEMBERS: Final = frozenset(f"{module}.{member}" for module in ("math", "json") for member in MODULES[module])
"""Members without effects visible to others when called with no callback: they may raise. All others may have some."""

CHARGING_PURE: Final = frozenset(
    "json.dumps json.loads math.comb math.dist math.factorial math.fsum math.gcd math.hypot math.lcm math.perm "
    "math.prod".split()
)
"""Of the pure members, those that may charge fuel. Members that are not pure are all taken to."""

ALL_MEMBERS: Final = frozenset(f"{module}.{member}" for module, members in MODULES.items() for member in members)
"""Every member's full name."""


def module_of(name: str) -> str:
    """The module that a builtin's name belongs to: of ``math.sqrt``, or of ``math`` itself; else ''."""
    if name in MODULES:
        return name
    module = name.rpartition(".")[0]
    return module if module in MODULES else ""
