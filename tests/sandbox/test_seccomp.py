"""The system-call filter, run here by a small interpreter of BPF: verdicts on both architectures."""

import struct
from collections.abc import Iterator

import pytest

from noodle_ray.core.sandbox import seccomp

ALLOW, KILL, EPERM = 0x7FFF0000, 0x80000000, 0x50001
ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
NUMBERS = {
    "x86_64": {
        "read": 0, "write": 1, "open": 2, "openat": 257, "close": 3, "mmap": 9, "mprotect": 10, "brk": 12,
        "pread64": 17, "sendto": 44, "recvfrom": 45, "sendmsg": 46, "socket": 41, "connect": 42, "clone": 56,
        "clone3": 435, "fork": 57, "vfork": 58, "execve": 59, "execveat": 322, "kill": 62, "tgkill": 234,
        "ptrace": 101, "setuid": 105, "prlimit64": 302, "seccomp": 317, "prctl": 157, "unshare": 272, "mount": 165,
        "bpf": 321, "io_uring_setup": 425, "process_vm_readv": 310, "futex": 202, "setitimer": 38,
        "rt_sigaction": 13, "memfd_create": 319, "ioctl": 16, "exit_group": 231, "pidfd_open": 434,
    },
    "aarch64": {
        "read": 63, "write": 64, "openat": 56, "close": 57, "mmap": 222, "mprotect": 226, "brk": 214,
        "pread64": 67, "sendto": 206, "recvfrom": 207, "sendmsg": 211, "socket": 198, "connect": 203, "clone": 220,
        "clone3": 435, "execve": 221, "execveat": 281, "kill": 129, "tgkill": 131,
        "ptrace": 117, "setuid": 146, "prlimit64": 261, "seccomp": 277, "prctl": 167, "unshare": 97, "mount": 40,
        "bpf": 280, "io_uring_setup": 425, "process_vm_readv": 270, "futex": 98, "setitimer": 103,
        "rt_sigaction": 134, "memfd_create": 279, "ioctl": 29, "exit_group": 94, "pidfd_open": 434,
    },
}  # fmt: skip
KILLED = {"execve", "execveat", "ptrace", "unshare", "mount", "bpf", "io_uring_setup", "process_vm_readv"}
ALLOWED = {"close", "brk", "futex", "setitimer", "exit_group"}
ON_ARGUMENTS = {"write", "pread64", "sendto", "recvfrom", "mmap", "mprotect", "prlimit64"}


def verdict(program: bytes, arch: int, number: int, *arguments: int) -> int:
    """What the filter answers to this call."""
    data = struct.pack("<iIQ6Q", number, arch, 0, *(*arguments, *[0] * (6 - len(arguments))))
    code = list(struct.iter_unpack("<HBBI", program))
    at = accumulator = 0
    while True:
        operation, if_true, if_false, constant = code[at]
        at += 1
        match operation:
            case 0x20:
                accumulator = struct.unpack_from("<I", data, constant)[0]
            case 0x15:
                at += if_true if accumulator == constant else if_false
            case 0x35:
                at += if_true if accumulator >= constant else if_false
            case 0x45:
                at += if_true if accumulator & constant else if_false
            case 0x06:
                return int(constant)
            case _:
                raise AssertionError(operation)


def plain_calls() -> Iterator[tuple[str, str, int]]:
    for machine, numbers in NUMBERS.items():
        for name, number in numbers.items():
            if name not in ON_ARGUMENTS:
                yield machine, name, number


@pytest.mark.parametrize(("machine", "name", "number"), list(plain_calls()))
def test_filter_decides_by_number_when_arguments_do_not_matter(machine: str, name: str, number: int) -> None:
    wanted = KILL if name in KILLED else ALLOW if name in ALLOWED else EPERM
    assert verdict(seccomp.program(machine), ARCH[machine], number) == wanted


@pytest.mark.parametrize("machine", ARCH)
@pytest.mark.parametrize(("name", "descriptor"), [("sendto", 3), ("recvfrom", 3), ("pread64", 4), ("write", 5)])
def test_filter_allows_only_the_workers_descriptors_when_reading_or_writing(
    machine: str, name: str, descriptor: int
) -> None:
    program, number = seccomp.program(machine), NUMBERS[machine][name]
    answers = {fd: verdict(program, ARCH[machine], number, fd) for fd in range(8)}
    assert answers == {fd: ALLOW if fd == descriptor else EPERM for fd in range(8)}


@pytest.mark.parametrize("machine", ARCH)
@pytest.mark.parametrize("name", ["mmap", "mprotect"])
def test_filter_refuses_executable_memory_when_mapping(machine: str, name: str) -> None:
    program, number = seccomp.program(machine), NUMBERS[machine][name]
    assert verdict(program, ARCH[machine], number, 0, 4096, 1 | 2) == ALLOW
    assert verdict(program, ARCH[machine], number, 0, 4096, 1 | 4) == EPERM


@pytest.mark.parametrize("machine", ARCH)
def test_filter_allows_limits_of_itself_only_when_setting_them(machine: str) -> None:
    program, number = seccomp.program(machine), NUMBERS[machine]["prlimit64"]
    assert verdict(program, ARCH[machine], number, 0) == ALLOW
    assert verdict(program, ARCH[machine], number, 1) == EPERM


def test_filter_kills_when_call_is_of_another_architecture() -> None:
    assert verdict(seccomp.program("x86_64"), 0x40000003, 1, 3) == KILL  # 32-bit calls have other numbers
    assert verdict(seccomp.program("x86_64"), ARCH["x86_64"], 0x40000000 | 1, 5) == KILL  # and so has x32
    assert verdict(seccomp.program("aarch64"), ARCH["x86_64"], 64, 5) == KILL


def test_program_fits_the_kernel_when_assembled() -> None:
    for machine in ARCH:
        assert len(seccomp.program(machine)) // 8 <= 4096  # BPF_MAXINSNS
