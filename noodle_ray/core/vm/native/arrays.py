"""Arrays in native code: elements are read and set where they are, in numpy's memory.

A value is the address of the elements, the Python object (null for a row) and the sizes. Only arrays whose elements
stand side by side come in, and only those that a unit sets elements of are copied before: so that starting over finds
them as they were. Since all of them are worked on in place, it does not matter whether two share memory.

Layouts, the same in numpy 1 and 2: an ``array`` has its numpy array at byte 16; that has its data at 16, its number of
dimensions at 24, their sizes at 32, its dtype at 56 and flags at 64. ``memory`` checks it before anything relies on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from noodle_ray.core.nbc.module import Block, Instr
from noodle_ray.core.nbc.walk import flatten, writes_of
from noodle_ray.core.vm.native.emitter import Emitter, handles
from noodle_ray.core.vm.native.kinds import Array, Declined, Kind, Tuple, Value, name
from noodle_ray.core.vm.native.numbers import DTYPES, as_float, as_integer
from noodle_ray.core.vm.native.proofs import NOT_PROVED, Indexed
from noodle_ray.core.vm.native.support import APART, AT

if TYPE_CHECKING:
    from noodle_ray.core.vm.native.unit import Entry

STORED: Final = {"d": "double", "f": "float", "q": "i64", "b": "i8"}
SIZES: Final = {"d": 8, "f": 4, "q": 8, "b": 1}
_KINDS: Final = {"d": "f", "f": "f", "q": "i", "b": "b"}
_WORDS: Final = {"d": "float64", "f": "float32", "q": "int64", "b": "bool8"}
_TAGS: Final = {"d": "!41", "f": "!42", "q": "!43", "b": "!44"}
_PLAIN: Final = 0x101  # NPY_ARRAY_C_CONTIGUOUS and NPY_ARRAY_ALIGNED
_WRITEABLE: Final = 0x400
_LARGEST: Final = 1 << 31
_FREE: Final = 255
"""What `arrays.checks` charges nothing for."""

METADATA: Final = """
!31 = !{!"array of float64", !0}
!32 = !{!"array of float32", !0}
!33 = !{!"array of int64", !0}
!34 = !{!"array of bool", !0}
!41 = !{!31, !31, i64 0}
!42 = !{!32, !32, i64 0}
!43 = !{!33, !33, i64 0}
!44 = !{!34, !34, i64 0}
"""

RUNTIME: Final = f"""
define ptr @array_make(ptr %ctx, i64 %n, i64 %m, i64 %which) noinline {{
  %make.at = getelementptr i8, ptr %ctx, i64 {AT["make"]}
  %make = load ptr, ptr %make.at
  %there = icmp ne ptr %make, null
  br i1 %there, label %hold, label %no
hold:
  %l = call ptr @list_make(ptr %ctx, i64 0, i64 1)
  %l.no = icmp eq ptr %l, null
  br i1 %l.no, label %no, label %args
args:
  %t = call ptr @PyTuple_New(i64 3)
  %t.no = icmp eq ptr %t, null
  br i1 %t.no, label %no, label %first
first:
  %n.o = call ptr @PyLong_FromLongLong(i64 %n)
  %m.o = call ptr @PyLong_FromLongLong(i64 %m)
  %n.at = getelementptr i8, ptr %t, i64 24
  store ptr %n.o, ptr %n.at
  %m.at = getelementptr i8, ptr %t, i64 32
  store ptr %m.o, ptr %m.at
  %w.o = call ptr @PyLong_FromLongLong(i64 %which)
  %w.at = getelementptr i8, ptr %t, i64 40
  store ptr %w.o, ptr %w.at
  %n.no = icmp eq ptr %n.o, null
  %m.no = icmp eq ptr %m.o, null
  %w.no = icmp eq ptr %w.o, null
  %nm.no = or i1 %n.no, %m.no
  %bad = or i1 %nm.no, %w.no
  br i1 %bad, label %drop, label %call
drop:
  call void @Py_DecRef(ptr %t)
  br label %no
call:
  %o = call ptr @PyObject_CallObject(ptr %make, ptr %t)
  call void @Py_DecRef(ptr %t)
  %o.no = icmp eq ptr %o, null
  br i1 %o.no, label %no, label %keep
keep:
  %origin.at = getelementptr i8, ptr %l, i64 24
  store ptr %o, ptr %origin.at
  %type.at = getelementptr i8, ptr %o, i64 8
  %type = load ptr, ptr %type.at
  %want.at = getelementptr i8, ptr %ctx, i64 {AT["array"]}
  %want = load ptr, ptr %want.at
  %is = icmp eq ptr %type, %want
  br i1 %is, label %done, label %no
done:
  ret ptr %o
no:
  ret ptr null
}}
"""
"""Makes an array of zeros or ones, which lives until the call ends if nobody else takes it; null where it cannot."""


def _element(emitter: Emitter, dtype: str, address: str) -> Value:
    kind = _KINDS[dtype]
    part = emitter.op(f"load {STORED[dtype]}, ptr {address}, !tbaa {_TAGS[dtype]}")
    if dtype == "f":
        part = emitter.op(f"fpext float {part} to double")
    elif dtype == "b":
        part = emitter.op(f"icmp ne i8 {part}, 0")
    return Value(kind, (part,))


def _put(emitter: Emitter, dtype: str, address: str, value: Value) -> None:
    if dtype in "df":
        part = as_float(emitter, value)
        if dtype == "f":
            part = emitter.op(f"fptrunc double {part} to float")
    elif dtype == "q":
        part = as_integer(emitter, value)
    elif value.kind == "b":
        part = emitter.op(f"zext i1 {value.parts[0]} to i8")
    else:
        raise Declined(f"an array of truth values gets {name(value.kind)}")
    emitter.line(f"store {STORED[dtype]} {part}, ptr {address}, !tbaa {_TAGS[dtype]}")


def _at(emitter: Emitter, dtype: str, data: str, index: str) -> str:
    return emitter.op(f"getelementptr inbounds {STORED[dtype]}, ptr {data}, i64 {index}")


def _place(emitter: Emitter, key: Value, size: str, proved: Indexed = NOT_PROVED) -> str:
    """The place an index means along one dimension, or start over."""
    if key.kind != "i":  # a truth value is no index of an array
        raise Declined(f"an array's element at {name(key.kind)}")
    index = key.parts[0]
    if proved.within:
        return index
    if not index.isdigit() and not proved.natural:
        negative = emitter.op(f"icmp slt i64 {index}, 0")
        index = emitter.op(f"select i1 {negative}, i64 {emitter.op(f'add i64 {index}, {size}')}, i64 {index}")
    emitter.require(emitter.op(f"icmp ult i64 {index}, {size}"))
    return index


def _address(emitter: Emitter, value: Value, key: Value, proved: Indexed) -> str:
    """The address of the element that a whole index names, or start over."""
    kind, (data, _, *sizes) = cast(Array, value.kind), value.parts
    keys = [key]
    if isinstance(key.kind, Tuple):
        keys = [Value(item, (part,)) for item, part in zip(key.kind.items, key.parts, strict=True) if item == "i"]
        if len(keys) != len(key.kind.items):
            raise Declined(f"an array's element at {name(key.kind)}")
    if len(keys) != kind.dims:
        raise Declined(f"{len(keys)} indices of an array of {kind.dims} dimensions")
    proved = proved if len(keys) == 1 else NOT_PROVED
    places = [_place(emitter, one, size, proved) for one, size in zip(keys, sizes, strict=True)]
    index = places[0]
    if kind.dims == 2:
        index = emitter.op(f"add i64 {emitter.op(f'mul i64 {index}, {sizes[1]}')}, {places[1]}")
    return _at(emitter, kind.dtype, data, index)


def _row(emitter: Emitter, value: Value, place: str) -> Value:
    kind, (data, _, _, width) = cast(Array, value.kind), value.parts
    start = emitter.op(f"mul i64 {place}, {width}")
    return Value(Array(kind.dtype, 1, kind), (_at(emitter, kind.dtype, data, start), "null", width))


def subscript(emitter: Emitter, value: Value, key: Value, proved: Indexed) -> Value:
    """``a[i]``, ``a[i, j]``, or a row of a matrix."""
    kind = cast(Array, value.kind)
    if kind.dims == 2 and not isinstance(key.kind, Tuple):
        return _row(emitter, value, _place(emitter, key, value.parts[2], proved))
    return _element(emitter, kind.dtype, _address(emitter, value, key, proved))


def set_subscript(emitter: Emitter, target: Value, key: Value, value: Value, proved: Indexed) -> None:
    """``a[i] = v`` and ``a[i, j] = v``."""
    kind = cast(Array, target.kind)
    if value.kind not in ("i", "f", "b"):
        raise Declined(f"an array gets {name(value.kind)}")
    kind.write()
    _put(emitter, kind.dtype, _address(emitter, target, key, proved), value)


def iterated(emitter: Emitter, over: Value, body: Block) -> tuple[str, Any]:
    """The length of an array to be gone through, and what makes its elements of their index."""
    kind, (data, _, count, *width) = cast(Array, over.kind), over.parts
    total = emitter.op(f"mul i64 {count}, {width[0]}") if width else count
    _charge(emitter, total, 16)
    if kind.dims == 2:
        return count, lambda index: _row(emitter, over, index)
    if any(instr.op in ("setindex", "call") for instr in flatten(body)):
        data = _copied(emitter, data, count, SIZES[kind.dtype])  # as iteration begins with a list of the elements
    return count, lambda index: _element(emitter, kind.dtype, _at(emitter, kind.dtype, data, index))


def _copied(emitter: Emitter, data: str, count: str, size: int) -> str:
    made = emitter.op(f"call noalias ptr @list_make(ptr %ctx, i64 {count}, i64 {size}) {APART}")
    emitter.require(emitter.op(f"icmp ne ptr {made}, null"))
    copy = emitter.load("ptr", made, "header")
    amount = emitter.op(f"mul i64 {count}, {size}")
    emitter.line(f"call void @llvm.memcpy.p0.p0.i64(ptr {copy}, ptr {data}, i64 {amount}, i1 false)")
    return copy


def _charge(emitter: Emitter, elements: str, each: int) -> None:
    """What `arrays.checks.charge` charges."""
    many = emitter.op(f"icmp sgt i64 {elements}, {_FREE}")
    price = emitter.op(f"lshr i64 {emitter.op(f'mul i64 {elements}, {each}')}, 6")
    amount = emitter.op(f"select i1 {many}, i64 {price}, i64 0")
    emitter.pay(amount)


@handles("attr")
def attribute(emitter: Emitter, instr: Instr) -> None:
    """``a.shape``, ``a.size`` and ``a.ndim``."""
    target, owner, wanted = cast("tuple[int, int, str]", instr.args)
    value = emitter.get(owner)
    if not isinstance(value.kind, Array):
        raise Declined(f"{name(value.kind)}.{wanted}")
    sizes = value.parts[2:]
    if wanted == "shape":
        emitter.set(target, Value(Tuple(("i",) * len(sizes)), sizes))
    elif wanted == "size":
        total = emitter.op(f"mul i64 {sizes[0]}, {sizes[1]}") if len(sizes) == 2 else sizes[0]
        emitter.set(target, Value("i", (total,)))
    elif wanted == "ndim":
        emitter.set(target, Value("i", (str(len(sizes)),)))
    else:
        raise Declined(f"array.{wanted}")


def make(emitter: Emitter, called: str, args: tuple[int, ...], keywords: tuple[tuple[str, int], ...]) -> Value:
    """``array.zeros(n)``, ``array.zeros((n, m))``, and with a dtype; the same of ones."""
    if called not in ("zeros", "ones") or not 1 <= len(args) + len(keywords) <= 2 or not args:
        raise Declined(f"array.{called}()")
    dtype = "float64"
    if keywords or len(args) == 2:
        (word, register) = keywords[0] if keywords else ("dtype", args[1])
        dtype = _text_of(emitter, register)
        if word != "dtype" or dtype not in DTYPES:
            raise Declined(f"array.{called}() of another dtype")
    shape = emitter.get(args[0])
    kinds: tuple[Kind, ...] = shape.kind.items if isinstance(shape.kind, Tuple) else (shape.kind,)
    if not 1 <= len(kinds) <= 2 or any(kind != "i" for kind in kinds):
        raise Declined("array.zeros() of no size")
    for size in shape.parts:
        emitter.require(emitter.op(f"icmp ule i64 {size}, {_LARGEST}"))
    rows, width = shape.parts[0], shape.parts[1] if len(kinds) == 2 else "-1"
    total = emitter.op(f"mul i64 {rows}, {width}") if len(kinds) == 2 else rows
    _charge(emitter, total, 1)
    left = emitter.load("i64", emitter.word("room"), "context")
    rest = emitter.op(f"sub i64 {left}, {emitter.op(f'mul i64 {total}, 8')}")
    emitter.require(emitter.op(f"icmp sge i64 {rest}, 0"))
    emitter.store("i64", rest, emitter.word("room"), "context")
    which = DTYPES.index(dtype) + (4 if called == "ones" else 0)
    made = emitter.op(f"call ptr @array_make(ptr %ctx, i64 {rows}, i64 {width}, i64 {which})")
    emitter.require(emitter.op(f"icmp ne ptr {made}, null"))
    inner = emitter.op(f"load ptr, ptr {emitter.field(made, 16)}")
    data = emitter.op(f"load ptr, ptr {emitter.field(inner, 16)}")
    return Value(Array("dfqb"[DTYPES.index(dtype)], len(kinds)), (data, made, *shape.parts))


def _text_of(emitter: Emitter, register: int) -> str:
    """The text that a register always holds, or ''."""
    writers = [instr for instr in flatten(emitter.function.body) if register in writes_of(instr)]
    value = writers[0].args[1] if len(writers) == 1 and writers[0].op == "const" else ""
    return value if isinstance(value, str) else ""


# the way in and out


def take(entry: Entry, kind: Array, item: str) -> list[str]:
    """An argument's values, with their LLVM types; starts over unless it is an array of the kind."""

    def field(of: str, offset: int, llvm: str = "ptr") -> str:
        return entry.op(f"load {llvm}, ptr {entry.op(f'getelementptr i8, ptr {of}, i64 {offset}')}")

    def same(value: str, word: str) -> None:
        entry.unless(entry.op(f"icmp ne ptr {value}, {field('%ctx', AT[word])}"), "again")

    same(field(item, 8), "array")
    inner = field(item, 16)
    entry.unless(entry.op(f"icmp eq ptr {inner}, null"), "again")
    same(field(inner, 8), "ndarray")
    same(field(inner, 56), _WORDS[kind.dtype])
    entry.unless(entry.op(f"icmp ne i32 {field(inner, 24, 'i32')}, {kind.dims}"), "again")
    wanted = _PLAIN | (_WRITEABLE if kind.written else 0)
    flags = entry.op(f"and i32 {field(inner, 64, 'i32')}, {wanted}")
    entry.unless(entry.op(f"icmp ne i32 {flags}, {wanted}"), "again")
    data, sizes = field(inner, 16), field(inner, 32)
    shape = [field(sizes, 8 * n, "i64") for n in range(kind.dims)]
    if kind.written:
        _keep(entry, kind, data, shape)
    return [f"ptr {data}", f"ptr {item}", *(f"i64 {size}" for size in shape)]


def _keep(entry: Entry, kind: Array, data: str, shape: list[str]) -> None:
    """Copy what may be written, and put the copy back before starting over."""
    total = entry.op(f"mul i64 {shape[0]}, {shape[1]}") if kind.dims == 2 else shape[0]
    amount = entry.op(f"mul i64 {total}, {SIZES[kind.dtype]}")
    made = entry.op(f"call ptr @list_make(ptr %ctx, i64 {amount}, i64 1)")
    entry.unless(entry.op(f"icmp eq ptr {made}, null"), "again")
    copy = entry.op(f"load ptr, ptr {made}")
    entry.line(f"call void @llvm.memcpy.p0.p0.i64(ptr {copy}, ptr {data}, i64 {amount}, i1 false)")
    copied = entry.op(f"getelementptr i8, ptr %ctx, i64 {AT['copied']}")
    more = entry.op(f"add i64 {entry.op(f'load i64, ptr {copied}')}, {amount}")
    entry.line(f"store i64 {more}, ptr {copied}")
    number = len(entry.restored)
    for slot, llvm, value in (("copy", "ptr", copy), ("data", "ptr", data), ("size", "i64", amount)):
        entry.first.append(f"  %{slot}{number} = alloca {llvm}\n  store {llvm} zeroinitializer, ptr %{slot}{number}")
        entry.line(f"store {llvm} {value}, ptr %{slot}{number}")
    entry.restored.append(
        "\n".join(
            [f"  %old.{slot}{number} = load {llvm}, ptr %{slot}{number}"
             for slot, llvm in (("copy", "ptr"), ("data", "ptr"), ("size", "i64"))]
        )
        + f"\n  call void @llvm.memcpy.p0.p0.i64(ptr %old.data{number}, ptr %old.copy{number}, i64 %old.size{number}, "
        "i1 false)"
    )  # fmt: skip


def require_objects(entry: Entry, kind: Kind, parts: tuple[str, ...]) -> None:
    """Start over where a result is an array that Python has no object for: a row."""
    if isinstance(kind, Array):
        entry.unless(entry.op(f"icmp eq ptr {parts[1]}, null"), "again")
    elif isinstance(kind, Tuple):
        from noodle_ray.core.vm.native.support import tuple_parts

        for item, scalars in tuple_parts(kind, parts):
            require_objects(entry, item, scalars)
