"""Runs the blocks of one document in order: shell state and Python names carry over from block to block."""

import json
import os
import select
import subprocess
import sys
import tomllib
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml

from noodle_ray.cluster import platform_status
from tests.docs.blocks import ROOT, Block, agrees, commands, similar

TIMEOUT = 240.0
SETUP_STAMP = ".noodle-setup"
DRIVER = """
import ast, asyncio, inspect, sys, traceback
names = {"__name__": "__main__"}
loop = asyncio.new_event_loop()
for path in sys.stdin:
    path = path.strip()
    names["__file__"] = path
    try:
        code = compile(open(path).read(), path, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = eval(code, names)
        if inspect.iscoroutine(result):
            loop.run_until_complete(result)
        status = "ok"
    except BaseException:
        traceback.print_exc()
        status = "failed"
    sys.stdout.flush(); sys.stderr.flush()
    print(f"\\n<<{status}>>", flush=True)
"""


class Failed(Exception):
    """A block did not do what the document says."""


class Runner:
    """One document's shell and Python interpreter, in a scratch folder that shows the repository's files."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.folder = folder
        self.url = url
        self.last = ""
        self._python: subprocess.Popen[str] | None = None
        for entry in ROOT.iterdir():
            if entry.name not in {".git", ".noodle", ".venv"}:
                (folder / entry.name).symlink_to(entry)
        self._link_environment()
        (folder / ".noodle").mkdir(mode=0o700)
        (folder / ".noodle" / "cache").symlink_to(ROOT / ".noodle" / "cache")
        self._state = folder / ".shell-state"
        bin_folder = Path(sys.executable).parent
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "NO_COLOR": "1",
            "COLUMNS": "100",
            "VIRTUAL_ENV": str(bin_folder.parent),
            "PIP_DRY_RUN": "1",
        }

    def _link_environment(self) -> None:
        """Shows the environment as set up, so that no `make` installs this folder, which goes away, into it."""
        environment = self.folder / ".venv"
        environment.mkdir()
        for entry in Path(sys.prefix).iterdir():
            if entry.name != SETUP_STAMP:
                (environment / entry.name).symlink_to(entry)
        (environment / SETUP_STAMP).touch()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._python is not None:
            assert self._python.stdin is not None
            self._python.stdin.close()
            try:
                self._python.wait(30)
            except subprocess.TimeoutExpired:
                self._python.kill()
                self._python.wait()

    def run(self, block: Block) -> None:
        """Does what the block says; raises Failed with the output when it does not hold."""
        text = block.text
        if self.url is not None:
            text = text.replace("http://127.0.0.1:8000", self.url).replace("127.0.0.1:8001", platform_status().grpc)
        if block.word == "syntax":
            self._check_syntax(block, text)
            return
        if block.word in {"output", "shape"}:
            if not (agrees if block.word == "output" else similar)(text, self.last):
                raise Failed(f"{block.where} shows\n{text}\nbut the block before it printed\n{self.last}")
            return
        action = {
            "python": self._run_python,
            "bash": self._run_bash,
            "console": self._run_console,
            "noodle": self._run_noodle,
            "json": lambda _, text: json.loads(text),
            "yaml": lambda _, text: list(yaml.safe_load_all(text)),
            "toml": lambda _, text: tomllib.loads(text),
        }.get(block.language)
        if action is not None:
            action(block, text)

    def _check_syntax(self, block: Block, text: str) -> None:
        if block.language == "python":
            compile(text, block.where, "exec")
            return
        script = "\n".join(c for c, _ in commands(text)) if block.language == "console" else text
        done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"{block.where} is not a shell script: {done.stderr}")

    def _shell(self, script: str) -> tuple[int, str]:
        """Runs a script after the state the last one left; returns its exit status and what it printed."""
        keep = (
            f"trap 'status=$?; {{ declare -px; echo cd \"$PWD\"; }} > {self._state} 2>/dev/null; exit $status' EXIT\n"
        )
        load = f"source {self._state} >/dev/null 2>&1\n" if self._state.exists() else ""
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-e", "-c", load + keep + script],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
        )
        return done.returncode, done.stdout

    def _judge(self, block: Block, status: int, output: str, what: str = "") -> None:
        self.last = output
        if (status != 0) != (block.word == "fails"):
            raise Failed(f"{block.where} {what}\nended with status {status} and printed\n{output}")

    def _run_bash(self, block: Block, text: str) -> None:
        status, output = self._shell(text)
        self._judge(block, status, output)

    def _run_console(self, block: Block, text: str) -> None:
        pairs = commands(text)
        if not pairs:
            raise Failed(f"{block.where} is a console block without a line that starts with '$ '")
        for command, expected in pairs:
            status, output = self._shell(command)
            self._judge(block, status, output, command)
            if expected and not agrees(expected, output):
                raise Failed(f"{block.where}: {command}\nshows\n{expected}\nbut printed\n{output}")

    def _run_noodle(self, block: Block, text: str) -> None:
        done = subprocess.run(
            [str(Path(sys.executable).parent / "noodle"), "run", "-"],
            input=text,
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
        )
        self._judge(block, done.returncode, done.stdout)

    def _run_python(self, block: Block, text: str) -> None:
        if self._python is None:
            self._python = subprocess.Popen(
                [sys.executable, "-u", "-c", DRIVER],
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                bufsize=1,
            )
        path = self.folder / f"block_{block.line}.py"
        path.write_text("\n" * block.line + text)  # so that tracebacks show the document's lines
        assert self._python.stdin is not None
        self._python.stdin.write(f"{path}\n")
        self._python.stdin.flush()
        status, output = self._read_python(block)
        self._judge(block, status, output)

    def _read_python(self, block: Block) -> tuple[int, str]:
        assert self._python is not None
        assert self._python.stdout is not None
        pipe, output = self._python.stdout.fileno(), b""
        while True:
            if not select.select([pipe], [], [], TIMEOUT)[0]:
                self._python.kill()
                raise Failed(f"{block.where} did not end in {TIMEOUT:.0f} seconds; it printed\n{output.decode()}")
            chunk = os.read(pipe, 1 << 16)
            output += chunk
            for status, mark in enumerate((b"\n<<ok>>\n", b"\n<<failed>>\n")):
                if output.endswith(mark):
                    return status, output.removesuffix(mark).decode()
            if not chunk:
                raise Failed(f"{block.where} ended the interpreter; it printed\n{output.decode()}")
