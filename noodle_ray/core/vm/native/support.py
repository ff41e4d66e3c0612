"""The LLVM text that every piece of native code comes with: lists, fuel, and the way from and to Python's objects.

A **list** is ``{data, length, capacity, origin, bytes, next}``: its elements, the Python list it stands for (or null),
how much memory it took, and the next list of the call, so that all can be freed at its end. The **context** is an
array of words, see `WORDS`.
Layouts of CPython 3.11 and 3.12: an object's type at byte 8, a float's value at 16, a list's size at 16 and its items
at 24, a tuple's items at 24.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from noodle_ray.core.vm.native.kinds import Kind, List, Tuple, flat, name

WORDS: Final = (
    *("fuel", "reserve", "depth", "room", "lists", "copied", "taken"),
    *("again", "none", "true", "int", "float", "bool", "list"),
    *("array", "ndarray", "float64", "float32", "int64", "bool8", "make"),
)
"""The words of a context: fuel at hand, fuel in reserve, nested calls left, bytes that lists may still take, the
newest list, bytes of arrays that were copied, bytes that lists took since `reclaim` looked; then addresses of Python's
objects, and of numpy's (0: there is none)."""
AT: Final = {word: index * 8 for index, word in enumerate(WORDS)}
APART: Final = "memory(argmem: readwrite, inaccessiblemem: readwrite) nounwind willreturn"
"""Of calls that touch no list which the code around them knows."""
CHUNK: Final = 2_000_000
"""Fuel that is used up between two looks at pending signals: a millisecond or so."""

SIZES: Final = {"i": 8, "f": 8, "b": 1}
STORED: Final = {"i": "i64", "f": "double", "b": "i8"}


def stored(kind: Kind) -> str:
    """The LLVM type of an element in memory."""
    return STORED.get(kind, "ptr") if isinstance(kind, str) else "ptr"


def size(kind: Kind) -> int:
    """Bytes of an element in memory."""
    return SIZES.get(kind, 8) if isinstance(kind, str) else 8


EXTERNAL: Final = {
    "malloc": "declare noalias ptr @malloc(i64) nounwind",
    "realloc": "declare ptr @realloc(ptr, i64) nounwind",
    "free": "declare void @free(ptr) nounwind",
    "PyErr_CheckSignals": "declare i32 @PyErr_CheckSignals()",
    "PyErr_Occurred": "declare ptr @PyErr_Occurred()",
    "PyLong_AsLongLongAndOverflow": "declare i64 @PyLong_AsLongLongAndOverflow(ptr, ptr)",
    "PyLong_FromLongLong": "declare ptr @PyLong_FromLongLong(i64)",
    "PyFloat_FromDouble": "declare ptr @PyFloat_FromDouble(double)",
    "PyBool_FromLong": "declare ptr @PyBool_FromLong(i64)",
    "PyList_New": "declare ptr @PyList_New(i64)",
    "PyList_Append": "declare i32 @PyList_Append(ptr, ptr)",
    "PyList_SetSlice": "declare i32 @PyList_SetSlice(ptr, i64, i64, ptr)",
    "PyObject_CallObject": "declare ptr @PyObject_CallObject(ptr, ptr)",
    "PyTuple_New": "declare ptr @PyTuple_New(i64)",
    "Py_IncRef": "declare void @Py_IncRef(ptr)",
    "Py_DecRef": "declare void @Py_DecRef(ptr)",
}
LIBM: Final = {
    **dict.fromkeys(("sin", "cos", "tan", "asin", "acos", "atan", "exp", "log", "log2", "log10", "sinh", "cosh"), 1),
    **dict.fromkeys(("tanh", "expm1", "log1p", "pow", "fmod", "atan2"), 1),
    **dict.fromkeys(("pow", "fmod", "atan2"), 2),
}
"""Functions of the C library's mathematics, with how many arguments they take."""

METADATA: Final = """
!0 = !{!"noodle"}
!1 = !{!"header", !0}
!2 = !{!"i", !0}
!3 = !{!"f", !0}
!4 = !{!"b", !0}
!5 = !{!"p", !0}
!6 = !{!"context", !0}
!11 = !{!1, !1, i64 0}
!12 = !{!2, !2, i64 0}
!13 = !{!3, !3, i64 0}
!14 = !{!4, !4, i64 0}
!15 = !{!5, !5, i64 0}
!16 = !{!6, !6, i64 0}
!20 = !{!"branch_weights", i32 100000, i32 1}
!21 = !{!"branch_weights", i32 1, i32 100000}
!22 = !{i64 0, i64 4611686018427387904}
"""
TAGS: Final = {"header": "!11", "i64": "!12", "double": "!13", "i8": "!14", "ptr": "!15", "context": "!16"}

_LISTS: Final = f"""
define noalias ptr @list_make(ptr %ctx, i64 %n, i64 %size) noinline {{
  %big = icmp ugt i64 %n, 1152921504606846975
  br i1 %big, label %no, label %fits
fits:
  %data.bytes = mul i64 %n, %size
  %bytes = add i64 %data.bytes, 56
  %room.at = getelementptr i8, ptr %ctx, i64 {AT["room"]}
  %room = load i64, ptr %room.at
  %left = sub i64 %room, %bytes
  %some = icmp sge i64 %left, 0
  br i1 %some, label %take, label %no
take:
  store i64 %left, ptr %room.at
  %l = call ptr @malloc(i64 48)
  %l.no = icmp eq ptr %l, null
  br i1 %l.no, label %no, label %got
got:
  %none = icmp eq i64 %n, 0
  br i1 %none, label %fill, label %room2
room2:
  %d = call ptr @malloc(i64 %data.bytes)
  %d.no = icmp eq ptr %d, null
  br i1 %d.no, label %giveback, label %fill
giveback:
  call void @free(ptr %l)
  br label %no
fill:
  %data = phi ptr [ null, %got ], [ %d, %room2 ]
  store ptr %data, ptr %l
  %len.at = getelementptr i8, ptr %l, i64 8
  store i64 %n, ptr %len.at
  %cap.at = getelementptr i8, ptr %l, i64 16
  store i64 %n, ptr %cap.at
  %origin.at = getelementptr i8, ptr %l, i64 24
  store ptr null, ptr %origin.at
  %bytes.at = getelementptr i8, ptr %l, i64 32
  store i64 %bytes, ptr %bytes.at
  %taken.at = getelementptr i8, ptr %ctx, i64 {AT["taken"]}
  %taken = load i64, ptr %taken.at
  %taken.new = add i64 %taken, %bytes
  store i64 %taken.new, ptr %taken.at
  %next.at = getelementptr i8, ptr %l, i64 40
  %head.at = getelementptr i8, ptr %ctx, i64 {AT["lists"]}
  %head = load ptr, ptr %head.at
  store ptr %head, ptr %next.at
  store ptr %l, ptr %head.at
  ret ptr %l
no:
  ret ptr null
}}
define noalias ptr @list_repeat(ptr %ctx, ptr %l, i64 %times, i64 %size) noinline {{
  %n.at = getelementptr i8, ptr %l, i64 8
  %n = load i64, ptr %n.at
  %some = call i64 @llvm.smax.i64(i64 %times, i64 0)
  %many = icmp ugt i64 %some, 2147483648
  %long = icmp ugt i64 %n, 2147483648
  %large = or i1 %many, %long
  br i1 %large, label %no, label %make
make:
  %count = mul i64 %some, %n
  %made = call ptr @list_make(ptr %ctx, i64 %count, i64 %size)
  %made.no = icmp eq ptr %made, null
  br i1 %made.no, label %no, label %begin
begin:
  %none = icmp eq i64 %count, 0
  br i1 %none, label %done, label %first
first:
  %all = mul i64 %count, %size
  %bytes = mul i64 %n, %size
  %from = load ptr, ptr %l
  %to = load ptr, ptr %made
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %bytes, i1 false)
  br label %loop
loop:
  %filled = phi i64 [ %bytes, %first ], [ %filled.new, %copy ]
  %unit = phi i64 [ %bytes, %first ], [ %unit.new, %copy ]
  %rest = sub i64 %all, %filled
  %more = icmp ne i64 %rest, 0
  br i1 %more, label %copy, label %done
copy:
  %amount = call i64 @llvm.umin.i64(i64 %unit, i64 %rest)
  %at = getelementptr i8, ptr %to, i64 %filled
  call void @llvm.memcpy.p0.p0.i64(ptr %at, ptr %to, i64 %amount, i1 false)
  %filled.new = add i64 %filled, %amount
  %small = icmp ult i64 %unit, 8192
  %unit.new = select i1 %small, i64 %filled.new, i64 %unit
  br label %loop
done:
  ret ptr %made
no:
  ret ptr null
}}
define i1 @list_grow(ptr %ctx, ptr %l, i64 %size) noinline {{
  %cap.at = getelementptr i8, ptr %l, i64 16
  %cap = load i64, ptr %cap.at
  %more = shl i64 %cap, 1
  %new = call i64 @llvm.smax.i64(i64 %more, i64 8)
  %bytes = mul i64 %new, %size
  %room.at = getelementptr i8, ptr %ctx, i64 {AT["room"]}
  %room = load i64, ptr %room.at
  %left = sub i64 %room, %bytes
  %some = icmp sge i64 %left, 0
  br i1 %some, label %take, label %no
take:
  store i64 %left, ptr %room.at
  %old = load ptr, ptr %l
  %d = call ptr @realloc(ptr %old, i64 %bytes)
  %d.no = icmp eq ptr %d, null
  br i1 %d.no, label %no, label %got
got:
  store ptr %d, ptr %l
  store i64 %new, ptr %cap.at
  %bytes.at = getelementptr i8, ptr %l, i64 32
  %bytes.old = load i64, ptr %bytes.at
  %bytes.new = add i64 %bytes.old, %bytes
  store i64 %bytes.new, ptr %bytes.at
  %taken.at = getelementptr i8, ptr %ctx, i64 {AT["taken"]}
  %taken = load i64, ptr %taken.at
  %taken.new = add i64 %taken, %bytes
  store i64 %taken.new, ptr %taken.at
  ret i1 true
no:
  ret i1 false
}}
; Frees lists made since `oldest` was the newest, but for the roots; the chain goes from the newest to the oldest.
define void @list_reclaim(ptr %ctx, ptr %oldest, ptr %roots, i64 %n) noinline {{
entry:
  %head.at = getelementptr i8, ptr %ctx, i64 {AT["lists"]}
  %taken.at = getelementptr i8, ptr %ctx, i64 {AT["taken"]}
  %room.at = getelementptr i8, ptr %ctx, i64 {AT["room"]}
  store i64 0, ptr %taken.at
  br label %loop
loop:
  %at = phi ptr [ %head.at, %entry ], [ %next.at, %keep ], [ %at, %drop ]
  %l = load ptr, ptr %at
  %end = icmp eq ptr %l, %oldest
  br i1 %end, label %done, label %one
one:
  %next.at = getelementptr i8, ptr %l, i64 40
  br label %look
look:
  %k = phi i64 [ 0, %one ], [ %k.next, %other ]
  %more = icmp ult i64 %k, %n
  br i1 %more, label %compare, label %drop
compare:
  %root.at = getelementptr ptr, ptr %roots, i64 %k
  %root = load ptr, ptr %root.at
  %same = icmp eq ptr %root, %l
  br i1 %same, label %keep, label %other
other:
  %k.next = add nuw i64 %k, 1
  br label %look
keep:
  br label %loop
drop:
  %next = load ptr, ptr %next.at
  store ptr %next, ptr %at
  %bytes.at = getelementptr i8, ptr %l, i64 32
  %bytes = load i64, ptr %bytes.at
  %room = load i64, ptr %room.at
  %room.new = add i64 %room, %bytes
  store i64 %room.new, ptr %room.at
  %data = load ptr, ptr %l
  call void @free(ptr %data)
  call void @free(ptr %l)
  br label %loop
done:
  ret void
}}
define void @list_free_all(ptr %ctx) noinline {{
entry:
  %taken.at = getelementptr i8, ptr %ctx, i64 {AT["taken"]}
  store i64 0, ptr %taken.at
  %head.at = getelementptr i8, ptr %ctx, i64 {AT["lists"]}
  %head = load ptr, ptr %head.at
  br label %loop
loop:
  %l = phi ptr [ %head, %entry ], [ %next, %freed ]
  %end = icmp eq ptr %l, null
  br i1 %end, label %done, label %one
one:
  %next.at = getelementptr i8, ptr %l, i64 40
  %next = load ptr, ptr %next.at
  %origin.at = getelementptr i8, ptr %l, i64 24
  %origin = load ptr, ptr %origin.at
  %data = load ptr, ptr %l
  call void @free(ptr %data)
  call void @free(ptr %l)
  %new = icmp eq ptr %origin, null
  br i1 %new, label %freed, label %held
held:
  call void @Py_DecRef(ptr %origin)
  br label %freed
freed:
  br label %loop
done:
  store ptr null, ptr %head.at
  ret void
}}
define i64 @refill(ptr %ctx, i64 %need) noinline {{
  %fuel.at = getelementptr i8, ptr %ctx, i64 {AT["fuel"]}
  %reserve.at = getelementptr i8, ptr %ctx, i64 {AT["reserve"]}
  %fuel = load i64, ptr %fuel.at
  %reserve = load i64, ptr %reserve.at
  %total = add i64 %fuel, %reserve
  %enough = icmp sge i64 %total, %need
  br i1 %enough, label %poll, label %no
poll:
  %raised = call i32 @PyErr_CheckSignals()
  %fine = icmp eq i32 %raised, 0
  br i1 %fine, label %give, label %no
give:
  %want = call i64 @llvm.smax.i64(i64 %need, i64 {CHUNK})
  %chunk = call i64 @llvm.smin.i64(i64 %want, i64 %total)
  %rest = sub i64 %total, %chunk
  store i64 %rest, ptr %reserve.at
  store i64 %chunk, ptr %fuel.at
  ret i64 %chunk
no:
  ret i64 -1
}}
define i64 @pay(ptr %ctx, i64 %have, i64 %cost) noinline {{
  %fuel.at = getelementptr i8, ptr %ctx, i64 {AT["fuel"]}
  store i64 %have, ptr %fuel.at
  %got = call i64 @refill(ptr %ctx, i64 %cost)
  %left = sub i64 %got, %cost
  ret i64 %left
}}
define i64 @pay_some(ptr %ctx, i64 %have, i64 %cost, i64 %count) noinline {{
  %fuel.at = getelementptr i8, ptr %ctx, i64 {AT["fuel"]}
  store i64 %have, ptr %fuel.at
  %got = call i64 @refill(ptr %ctx, i64 %cost)
  %no = icmp slt i64 %got, 0
  br i1 %no, label %none, label %some
some:
  %affordable = udiv i64 %got, %cost
  %n = call i64 @llvm.smin.i64(i64 %affordable, i64 %count)
  %price = mul i64 %n, %cost
  %left = sub i64 %got, %price
  store i64 %left, ptr %fuel.at
  ret i64 %n
none:
  ret i64 0
}}
"""

_SCALARS: Final = f"""
define {{ i64, i1 }} @in_i(ptr %ctx, ptr %o) {{
  %over = alloca i32
  %type.at = getelementptr i8, ptr %o, i64 8
  %type = load ptr, ptr %type.at
  %want.at = getelementptr i8, ptr %ctx, i64 {AT["int"]}
  %want = load ptr, ptr %want.at
  %is = icmp eq ptr %type, %want
  br i1 %is, label %read, label %no
read:
  %v = call i64 @PyLong_AsLongLongAndOverflow(ptr %o, ptr %over)
  %over.v = load i32, ptr %over
  %bad = icmp ne i32 %over.v, 0
  %a = insertvalue {{ i64, i1 }} undef, i64 %v, 0
  %r = insertvalue {{ i64, i1 }} %a, i1 %bad, 1
  ret {{ i64, i1 }} %r
no:
  ret {{ i64, i1 }} {{ i64 0, i1 true }}
}}
define {{ double, i1 }} @in_f(ptr %ctx, ptr %o) {{
  %type.at = getelementptr i8, ptr %o, i64 8
  %type = load ptr, ptr %type.at
  %want.at = getelementptr i8, ptr %ctx, i64 {AT["float"]}
  %want = load ptr, ptr %want.at
  %is = icmp eq ptr %type, %want
  br i1 %is, label %read, label %no
read:
  %v.at = getelementptr i8, ptr %o, i64 16
  %v = load double, ptr %v.at
  %r = insertvalue {{ double, i1 }} {{ double undef, i1 false }}, double %v, 0
  ret {{ double, i1 }} %r
no:
  ret {{ double, i1 }} {{ double 0.0, i1 true }}
}}
define {{ i1, i1 }} @in_b(ptr %ctx, ptr %o) {{
  %type.at = getelementptr i8, ptr %o, i64 8
  %type = load ptr, ptr %type.at
  %want.at = getelementptr i8, ptr %ctx, i64 {AT["bool"]}
  %want = load ptr, ptr %want.at
  %not = icmp ne ptr %type, %want
  %true.at = getelementptr i8, ptr %ctx, i64 {AT["true"]}
  %true = load ptr, ptr %true.at
  %v = icmp eq ptr %o, %true
  %a = insertvalue {{ i1, i1 }} undef, i1 %v, 0
  %r = insertvalue {{ i1, i1 }} %a, i1 %not, 1
  ret {{ i1, i1 }} %r
}}
define ptr @out_i(ptr %ctx, i64 %v, ptr %old) {{
  %over = alloca i32
  %fresh = icmp eq ptr %old, null
  br i1 %fresh, label %new, label %look
look:
  %type.at = getelementptr i8, ptr %old, i64 8
  %type = load ptr, ptr %type.at
  %want.at = getelementptr i8, ptr %ctx, i64 {AT["int"]}
  %want = load ptr, ptr %want.at
  %is = icmp eq ptr %type, %want
  br i1 %is, label %compare, label %new
compare:
  %was = call i64 @PyLong_AsLongLongAndOverflow(ptr %old, ptr %over)
  %over.v = load i32, ptr %over
  %fits = icmp eq i32 %over.v, 0
  %equal = icmp eq i64 %was, %v
  %same = and i1 %fits, %equal
  br i1 %same, label %keep, label %new
keep:
  call void @Py_IncRef(ptr %old)
  ret ptr %old
new:
  %o = call ptr @PyLong_FromLongLong(i64 %v)
  ret ptr %o
}}
define ptr @out_f(ptr %ctx, double %v, ptr %old) {{
  %fresh = icmp eq ptr %old, null
  br i1 %fresh, label %new, label %look
look:
  %type.at = getelementptr i8, ptr %old, i64 8
  %type = load ptr, ptr %type.at
  %want.at = getelementptr i8, ptr %ctx, i64 {AT["float"]}
  %want = load ptr, ptr %want.at
  %is = icmp eq ptr %type, %want
  br i1 %is, label %compare, label %new
compare:
  %was.at = getelementptr i8, ptr %old, i64 16
  %was = load i64, ptr %was.at
  %bits = bitcast double %v to i64
  %same = icmp eq i64 %was, %bits
  br i1 %same, label %keep, label %new
keep:
  call void @Py_IncRef(ptr %old)
  ret ptr %old
new:
  %o = call ptr @PyFloat_FromDouble(double %v)
  ret ptr %o
}}
define ptr @out_b(ptr %ctx, i1 %v, ptr %old) {{
  %w = zext i1 %v to i64
  %o = call ptr @PyBool_FromLong(i64 %w)
  ret ptr %o
}}
"""

_COMMON: Final = ("Li", "Lf", "Lb", "LLi", "LLf", "LLb")
"""Kinds of lists that the runtime takes in and out."""

INTRINSICS: Final = """
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare double @llvm.roundeven.f64(double)
declare i64 @llvm.smax.i64(i64, i64)
declare i64 @llvm.smin.i64(i64, i64)
declare i64 @llvm.umin.i64(i64, i64)
declare double @llvm.sqrt.f64(double)
declare double @llvm.floor.f64(double)
declare double @llvm.ceil.f64(double)
declare double @llvm.trunc.f64(double)
declare double @llvm.fabs.f64(double)
declare double @llvm.copysign.f64(double, double)
declare { i64, i1 } @llvm.sadd.with.overflow.i64(i64, i64)
declare { i64, i1 } @llvm.ssub.with.overflow.i64(i64, i64)
declare { i64, i1 } @llvm.smul.with.overflow.i64(i64, i64)
"""


RUNTIME: Final = {
    "list_make": "declare noalias ptr @list_make(ptr, i64, i64)",
    "list_repeat": "declare noalias ptr @list_repeat(ptr, ptr, i64, i64)",
    "list_grow": "declare i1 @list_grow(ptr, ptr, i64)",
    "list_reclaim": "declare void @list_reclaim(ptr, ptr, ptr, i64) nounwind",
    "list_free_all": "declare void @list_free_all(ptr)",
    "array_make": "declare ptr @array_make(ptr, i64, i64, i64)",
    "pay": "declare i64 @pay(ptr, i64, i64)",
    "pay_some": "declare i64 @pay_some(ptr, i64, i64, i64)",
    "in_i": "declare { i64, i1 } @in_i(ptr, ptr)",
    "in_f": "declare { double, i1 } @in_f(ptr, ptr)",
    "in_b": "declare { i1, i1 } @in_b(ptr, ptr)",
    "out_i": "declare ptr @out_i(ptr, i64, ptr)",
    "out_f": "declare ptr @out_f(ptr, double, ptr)",
    "out_b": "declare ptr @out_b(ptr, i1, ptr)",
    **{f"in_{kind}": f"declare ptr @in_{kind}(ptr, ptr)" for kind in _COMMON},
    **{f"out_{kind}": f"declare ptr @out_{kind}(ptr, ptr, ptr, i1)" for kind in _COMMON},
}
"""Functions that every unit shares: compiled once, see `runtime`."""


@cache
def _declarations() -> dict[str, str]:
    libm = {f: f"declare double @{f}({', '.join(['double'] * n)}) nounwind memory(none)" for f, n in LIBM.items()}
    intrinsics = {line[line.index("@") + 1 : line.index("(")]: line for line in INTRINSICS.split("\n") if line}
    return intrinsics | EXTERNAL | libm | RUNTIME


def declare(text: str) -> str:
    """The declarations of what a unit's text calls, those made in it apart."""
    made = set(re.findall(r"^define .*?@([\w.]+)\(", text, re.MULTILINE))
    called = set(re.findall(r"@([\w.]+)\(", text)) - made
    return "\n".join(_declarations()[name] for name in sorted(called))


def runtime() -> str:
    """The text of the functions that every unit shares."""
    crossing = Crossing(())
    for element in "ifb":
        rows = List(List(element))
        crossing.take(rows)
        crossing.give(rows)
    from noodle_ray.core.vm.native import arrays

    return "\n".join([INTRINSICS, *EXTERNAL.values(), _LISTS, _SCALARS, arrays.RUNTIME, *crossing.text])


class Crossing:
    """The functions that take values of some kinds in and out, made as they are asked for."""

    def __init__(self, there: Iterable[str] = RUNTIME) -> None:
        """``there`` are those that exist already."""
        self.text: list[str] = []
        self._made = set(there)

    def take(self, kind: List) -> str:
        """The function that makes a list of Python's one of ours: its name. It returns null if it cannot."""
        element = kind.element or "i"
        label = f"in_{name(kind)}"
        if label in self._made:
            return label
        self._made.add(label)
        if isinstance(element, List):
            inner = self.take(element)
            convert = f"""  %v = call ptr @{inner}(ptr %ctx, ptr %item)
  %bad = icmp eq ptr %v, null
  %s = getelementptr i8, ptr %v, i64 0
"""
        else:
            (llvm,) = flat(element)
            widen = "zext i1 %v0 to i8" if element == "b" else f"bitcast {llvm} %v0 to {llvm}"
            convert = f"""  %pair = call {{ {llvm}, i1 }} @in_{element}(ptr %ctx, ptr %item)
  %v0 = extractvalue {{ {llvm}, i1 }} %pair, 0
  %bad = extractvalue {{ {llvm}, i1 }} %pair, 1
  %s = {widen}
"""
        kept = stored(element)
        self.text.append(f"""
define ptr @{label}(ptr %ctx, ptr %o) noinline {{
entry:
  %type.at = getelementptr i8, ptr %o, i64 8
  %type = load ptr, ptr %type.at
  %want.at = getelementptr i8, ptr %ctx, i64 {AT["list"]}
  %want = load ptr, ptr %want.at
  %is = icmp eq ptr %type, %want
  br i1 %is, label %make, label %no
make:
  %n.at = getelementptr i8, ptr %o, i64 16
  %n = load i64, ptr %n.at
  %items.at = getelementptr i8, ptr %o, i64 24
  %items = load ptr, ptr %items.at
  %l = call ptr @list_make(ptr %ctx, i64 %n, i64 {size(element)})
  %failed = icmp eq ptr %l, null
  br i1 %failed, label %no, label %made
made:
  %origin.at = getelementptr i8, ptr %l, i64 24
  store ptr %o, ptr %origin.at
  call void @Py_IncRef(ptr %o)
  %data = load ptr, ptr %l
  br label %loop
loop:
  %k = phi i64 [ 0, %made ], [ %k.next, %put ]
  %more = icmp slt i64 %k, %n
  br i1 %more, label %one, label %done
one:
  %item.at = getelementptr ptr, ptr %items, i64 %k
  %item = load ptr, ptr %item.at
{convert}  br i1 %bad, label %no, label %put
put:
  %to = getelementptr {kept}, ptr %data, i64 %k
  store {kept} %s, ptr %to
  %k.next = add nuw nsw i64 %k, 1
  br label %loop
done:
  ret ptr %l
no:
  ret ptr null
}}
""")
        return label

    def give(self, kind: List) -> str:
        """The function that makes a list of ours one of Python's; for one that came in it gives that, with its elements
        written back if the last argument says so."""
        element = kind.element or "i"
        label = f"out_{name(kind)}"
        if label in self._made:
            return label
        self._made.add(label)
        inner = self.give(element) if isinstance(element, List) else f"out_{element}"
        deeper = ", i1 %write.back" if isinstance(element, List) else ""
        (llvm,) = flat(element)
        kept = stored(element)
        narrow = "trunc i8 %s to i1" if element == "b" else f"bitcast {llvm} %s to {llvm}"
        self.text.append(f"""
define ptr @{label}(ptr %ctx, ptr %l, ptr %unused, i1 %write.back) noinline {{
entry:
  %origin.at = getelementptr i8, ptr %l, i64 24
  %origin = load ptr, ptr %origin.at
  %data = load ptr, ptr %l
  %n.at = getelementptr i8, ptr %l, i64 8
  %n = load i64, ptr %n.at
  %new = icmp eq ptr %origin, null
  br i1 %new, label %make, label %back
make:
  %o = call ptr @PyList_New(i64 %n)
  %failed = icmp eq ptr %o, null
  br i1 %failed, label %no, label %made
made:
  store ptr %o, ptr %origin.at
  call void @Py_IncRef(ptr %o)
  %items.at = getelementptr i8, ptr %o, i64 24
  %items = load ptr, ptr %items.at
  br label %loop
loop:
  %k = phi i64 [ 0, %made ], [ %k.next, %put ]
  %more = icmp slt i64 %k, %n
  br i1 %more, label %one, label %done
one:
  %from = getelementptr {kept}, ptr %data, i64 %k
  %s = load {kept}, ptr %from
  %v = {narrow}
  %item = call ptr @{inner}(ptr %ctx, {llvm} %v, ptr null{deeper})
  %bad = icmp eq ptr %item, null
  br i1 %bad, label %drop, label %put
put:
  %to = getelementptr ptr, ptr %items, i64 %k
  store ptr %item, ptr %to
  %k.next = add nuw nsw i64 %k, 1
  br label %loop
drop:
  call void @Py_DecRef(ptr %o)
  br label %no
done:
  ret ptr %o
back:
  br i1 %write.back, label %write, label %same
write:
  %b.n.at = getelementptr i8, ptr %origin, i64 16
  %b.n = load i64, ptr %b.n.at
  %b.items.at = getelementptr i8, ptr %origin, i64 24
  br label %b.loop
b.loop:
  %b.k = phi i64 [ 0, %write ], [ %b.k1, %b.put ], [ %b.k1, %b.appended ]
  %b.more = icmp slt i64 %b.k, %n
  br i1 %b.more, label %b.one, label %b.cut
b.one:
  %b.k1 = add nuw nsw i64 %b.k, 1
  %b.from = getelementptr {kept}, ptr %data, i64 %b.k
  %b.s = load {kept}, ptr %b.from
  %b.v = {narrow.replace("%s", "%b.s")}
  %b.there = icmp slt i64 %b.k, %b.n
  br i1 %b.there, label %b.old, label %b.append
b.old:
  %b.items = load ptr, ptr %b.items.at
  %b.at = getelementptr ptr, ptr %b.items, i64 %b.k
  %b.was = load ptr, ptr %b.at
  %b.item = call ptr @{inner}(ptr %ctx, {llvm} %b.v, ptr %b.was{deeper})
  %b.bad = icmp eq ptr %b.item, null
  br i1 %b.bad, label %no, label %b.put
b.put:
  store ptr %b.item, ptr %b.at
  call void @Py_DecRef(ptr %b.was)
  br label %b.loop
b.append:
  %b.add = call ptr @{inner}(ptr %ctx, {llvm} %b.v, ptr null{deeper})
  %b.add.no = icmp eq ptr %b.add, null
  br i1 %b.add.no, label %no, label %b.appending
b.appending:
  %b.done = call i32 @PyList_Append(ptr %origin, ptr %b.add)
  call void @Py_DecRef(ptr %b.add)
  %b.full = icmp ne i32 %b.done, 0
  br i1 %b.full, label %no, label %b.appended
b.appended:
  br label %b.loop
b.cut:
  %b.longer = icmp sgt i64 %b.n, %n
  br i1 %b.longer, label %b.slice, label %same
b.slice:
  %b.sliced = call i32 @PyList_SetSlice(ptr %origin, i64 %n, i64 %b.n, ptr null)
  br label %same
same:
  call void @Py_IncRef(ptr %origin)
  ret ptr %origin
no:
  ret ptr null
}}
""")
        return label


def tuple_parts(kind: Tuple, parts: tuple[str, ...]) -> list[tuple[Kind, tuple[str, ...]]]:
    """The items of a tuple with their scalars."""
    found, at = [], 0
    for item in kind.items:
        width = len(flat(item))
        found.append((item, parts[at : at + width]))
        at += width
    return found
