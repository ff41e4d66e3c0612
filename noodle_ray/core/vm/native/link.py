"""From LLVM text to code that can be called: optimized by LLVM, linked here.

The object file is x86-64 ELF with one text section and constants. It is copied into a memory region, relocated, and
its calls of the C library and of CPython go through jumps at the region's end.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache
from typing import Any, Final

_PC32: Final = (2, 4)  # R_X86_64_PC32, R_X86_64_PLT32
_ABS64: Final = 1
_SHF_ALLOC: Final = 2


@cache
def _machine() -> tuple[Any, Any]:
    """LLVM's binding and the machine to compile for."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    features = llvm.get_host_cpu_features().flatten()
    machine = target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=features, opt=2, reloc="pic", codemodel="small"
    )
    return llvm, machine


def emit_text(text: str) -> bytes:
    """The object file of LLVM text as it is."""
    llvm, machine = _machine()
    return bytes(machine.emit_object(llvm.parse_assembly(text)))


def compile_text(text: str, vectorize: bool = False) -> bytes:
    """The object file of LLVM text, optimized. Takes milliseconds, without CPython's lock.

    LLVM's first level of optimization, without what works on whole modules and without unrolling, gives code as fast
    as its third on the programs of benchmarks/numeric, in less than half the time. ``vectorize`` adds the rest of the
    first level, vectors among it.
    """
    llvm, machine = _machine()
    module = llvm.parse_assembly(text)
    module.verify()  # what is not well formed may end the process
    tuning = llvm.create_pipeline_tuning_options(speed_level=1)
    tuning.loop_vectorization = vectorize
    tuning.loop_interleaving = tuning.slp_vectorization = tuning.loop_unrolling = False
    builder = llvm.create_pass_builder(machine, tuning)
    if vectorize:
        builder.getModulePassManager().run(module, builder)
    else:
        inliner = llvm.create_new_module_pass_manager()
        inliner.add_always_inliner_pass()
        inliner.run(module, builder)
        passes = builder.getFunctionPassManager()
        for function in module.functions:
            if not function.is_declaration:
                passes.run(function, builder)
    return bytes(machine.emit_object(module))


def link(data: bytes, base: int, address_of: Callable[[str], int]) -> tuple[bytes, dict[str, int]]:
    """The object file as an image to be put at the address ``base``, and where in it its functions are.

    ``address_of`` gives the address of a function of the C library or of CPython; KeyError for what it does not know.
    """
    sections = _sections(data)
    image = bytearray()
    places: dict[int, int] = {}
    for number, (kind, flags, offset, size, _, align, _) in enumerate(sections):
        if flags & _SHF_ALLOC and size and kind in (1, 8, 14):
            image += bytes(-len(image) % max(align, 16))
            places[number] = len(image)
            image += data[offset : offset + size] if kind != 8 else bytes(size)
    symbols = next(s for s in sections if s[0] == 2)
    names = sections[symbols[4]]
    jumps: dict[str, int] = {}
    functions: dict[str, int] = {}

    def symbol(index: int) -> int:
        at = symbols[2] + index * 24
        name_at, _, _, section, value, _ = struct.unpack_from("<IBBHQQ", data, at)
        if section:
            return places[section] + int(value)
        label = _text(data, names[2] + name_at)
        if label not in jumps:
            image.extend(bytes(-len(image) % 16))
            jumps[label] = len(image)
            image.extend(b"\xff\x25\x00\x00\x00\x00" + struct.pack("<Q", address_of(label)))  # jmp [rip]
        return jumps[label]

    for kind, _, offset, size, _, _, target in sections:
        if kind != 4 or target not in places:
            continue
        for at in range(offset, offset + size, 24):
            place, info, addend = struct.unpack_from("<QQq", data, at)
            here, value = places[target] + place, symbol(info >> 32) + addend
            if info & 0xFFFFFFFF in _PC32:
                struct.pack_into("<i", image, here, value - here)
            elif info & 0xFFFFFFFF == _ABS64:
                struct.pack_into("<Q", image, here, base + value)
            else:
                raise ValueError(f"relocation {info & 0xFFFFFFFF}")
    for index in range(symbols[3] // 24):
        name_at, _, _, section, value, _ = struct.unpack_from("<IBBHQQ", data, symbols[2] + index * 24)
        if section in places and name_at:
            functions[_text(data, names[2] + name_at)] = places[section] + int(value)
    return bytes(image), functions


def _sections(data: bytes) -> list[tuple[int, int, int, int, int, int, int]]:
    """Of each section: type, flags, offset, size, link, alignment, and the section its information is about."""
    (table,) = struct.unpack_from("<Q", data, 0x28)
    size, count = struct.unpack_from("<HH", data, 0x3A)
    found = []
    for number in range(count):
        _, kind, flags, _, offset, length, link_, info, align, _ = struct.unpack_from(
            "<IIQQQQIIQQ", data, table + number * size
        )
        found.append((kind, flags, offset, length, link_, align, info))
    return found


def _text(data: bytes, at: int) -> str:
    return data[at : data.index(b"\0", at)].decode()
