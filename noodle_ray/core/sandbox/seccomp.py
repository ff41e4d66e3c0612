"""The system-call filter of a worker: a seccomp-BPF program that denies by default.

What a running CPython needs is allowed, where possible only on the descriptors a worker has. Calls that only an
attacker makes (running programs, tracing, loading code into the kernel) kill the worker at once; every other
call fails with EPERM, so that a stray import in a library surfaces as an exception and not as a death.

System-call numbers: Linux ``asm/unistd_64.h`` (x86_64) and ``asm-generic/unistd.h`` (aarch64). The program's
layout: ``struct sock_filter`` in linux/filter.h and ``struct seccomp_data`` in linux/seccomp.h.
"""

import os
import struct

from noodle_ray.core.sandbox import kernel
from noodle_ray.light import Final

CONNECTION: Final = 3
"""The worker's descriptor of the socket to its executor."""
STATM: Final = 4
"""The worker's descriptor of its own /proc/self/statm, opened before files became unreachable."""
CLEAR_REFS: Final = 5
"""The worker's descriptor of its own /proc/self/clear_refs; writing 5 resets its peak memory."""

_AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_COLUMN: Final = {"x86_64": 0, "aarch64": 1}

# name: (x86_64, aarch64); -1 where the architecture has no such call
_ALLOWED: Final = {
    "munmap": (11, 215), "brk": (12, 214), "mremap": (25, 216), "madvise": (28, 233),
    "futex": (202, 98), "restart_syscall": (219, 128), "sched_yield": (24, 124),
    "rt_sigreturn": (15, 139), "rt_sigprocmask": (14, 135),
    "setitimer": (38, 103), "getitimer": (36, 102),
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "gettimeofday": (96, 169), "time": (201, -1),
    "poll": (7, 73), "clock_nanosleep": (230, 115),  # on aarch64 the library's poll() is the call ppoll
    "getrusage": (98, 165), "getpid": (39, 172), "gettid": (186, 178), "getrandom": (318, 278),
    "close": (3, 57), "exit": (60, 93), "exit_group": (231, 94),
}  # fmt: skip
_ON_DESCRIPTOR: Final = (
    ((44, 206), CONNECTION),  # sendto
    ((45, 207), CONNECTION),  # recvfrom
    ((17, 67), STATM),  # pread64
    ((1, 64), CLEAR_REFS),  # write
)
_MAPPING: Final = ((9, 222), (10, 226))  # mmap, mprotect: never executable memory
_PRLIMIT: Final = (302, 261)  # of this process only
_KILLING: Final = {
    "execve": (59, 221), "execveat": (322, 281), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "process_madvise": (440, 440),
    "pidfd_getfd": (438, 438), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "move_mount": (429, 429), "fsopen": (430, 430), "open_tree": (428, 428), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "bpf": (321, 280), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "reboot": (169, 142), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "userfaultfd": (323, 282), "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "iopl": (172, -1), "ioperm": (173, -1), "modify_ldt": (154, -1), "open_by_handle_at": (304, 265),
}  # fmt: skip

_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_AT_LEAST: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_ANY_BIT: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_EPERM: Final = 0x00050000 | 1
_NUMBER: Final = 0
_ARCH: Final = 4
_X32: Final = 0x40000000
_PROT_EXEC: Final = 4

_SYSCALL_SECCOMP: Final = {"x86_64": 317, "aarch64": 277}
_SET_MODE_FILTER: Final = 1


def _argument(index: int) -> int:
    """The offset of the low half of an argument in struct seccomp_data; both architectures are little-endian."""
    return 16 + 8 * index


def program(machine: str) -> bytes:
    """Assemble the filter for ``x86_64`` or ``aarch64``. Raises KeyError for another machine."""
    column = _COLUMN[machine]
    code: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _KILL),
    ]
    for numbers, descriptor in _ON_DESCRIPTOR:
        code += [
            (_EQUAL, 0, 4, numbers[column]),
            (_LOAD, 0, 0, _argument(0)),
            (_EQUAL, 0, 1, descriptor),
            (_RETURN, 0, 0, _ALLOW),
            (_RETURN, 0, 0, _EPERM),
        ]
    for numbers in _MAPPING:
        code += [
            (_EQUAL, 0, 4, numbers[column]),
            (_LOAD, 0, 0, _argument(2)),
            (_ANY_BIT, 0, 1, _PROT_EXEC),
            (_RETURN, 0, 0, _EPERM),
            (_RETURN, 0, 0, _ALLOW),
        ]
    code += [
        (_EQUAL, 0, 4, _PRLIMIT[column]),
        (_LOAD, 0, 0, _argument(0)),
        (_EQUAL, 0, 1, 0),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _EPERM),
    ]
    for table, verdict in ((_ALLOWED, _ALLOW), (_KILLING, _KILL)):
        for numbers in table.values():
            if numbers[column] >= 0:
                code += [(_EQUAL, 0, 1, numbers[column]), (_RETURN, 0, 0, verdict)]
    code.append((_RETURN, 0, 0, _EPERM))
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in code)


def install() -> bool:
    """Put the filter on this process, for good. False where the kernel or machine does not take it."""
    machine = os.uname().machine
    if machine not in _COLUMN:
        return False
    filters = program(machine)
    header = struct.pack("<HxxxxxxQ", len(filters) // 8, kernel.address_of(filters))
    return kernel.call("syscall", _SYSCALL_SECCOMP[machine], _SET_MODE_FILTER, 0, header) == 0
