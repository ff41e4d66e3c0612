"""A PostgreSQL server for tests and benchmarks: in a temporary folder, reached by a Unix socket only."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

_PLACES = "/usr/lib/postgresql"


def find() -> tuple[Path | None, str]:
    """The folder with PostgreSQL's programs, or None and why a server cannot be started."""
    candidates = sorted(Path(_PLACES).glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        candidates.append(Path(on_path).resolve().parent)
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            if os.getuid() == 0 and (shutil.which("setpriv") is None or not _has_user()):
                return None, "PostgreSQL refuses to run as root, and there is no user postgres to run it as"
            try:
                import psycopg  # noqa: F401
            except ImportError:
                return None, "psycopg is not installed"
            return folder, ""
    return None, f"PostgreSQL is neither in {_PLACES} nor on the path"


def _has_user() -> bool:
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        return False
    return True


class Postgres:
    """A running server; a context manager. As root it runs as the user ``postgres``. One that is not ``durable`` waits
    for no disk: what it has survives its own crash, but not the machine's."""

    def __init__(self, programs: Path, *, durable: bool = True) -> None:
        self._programs = programs
        self._durable = durable
        self._kept = ""
        self._folder = Path(tempfile.mkdtemp(prefix="noodle-pg-"))
        self._as: list[str] = []
        self._user = pwd.getpwuid(os.getuid()).pw_name
        if os.getuid() == 0:
            entry = pwd.getpwnam("postgres")
            os.chown(self._folder, entry.pw_uid, entry.pw_gid)
            self._as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
            self._user = "postgres"
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0

    def __enter__(self) -> "Postgres":
        try:
            self._initialize()
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop(at_once=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The server's process id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        command = [
            *self._as, str(self._programs / "postgres"), "-D", str(self._folder / "data"), "-k", str(self._folder),
            "-c", "listen_addresses=", "-c", "logging_collector=off", "-c", "max_connections=60",
            "-c", f"fsync={'on' if self._durable else 'off'}",
        ]  # fmt: skip
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
        for _ in range(1200):
            try:
                self._execute("SELECT 1")
                return
            except OSError:
                if self._process.poll() is not None:
                    break
        raise RuntimeError(f"PostgreSQL does not start: {(self._folder / 'log').read_text()[-2000:]}")

    def stop(self, *, at_once: bool = False) -> None:
        """End the server: cleanly and with its sessions, or as a crash would (SIGQUIT)."""
        if self._process is None:
            return
        self._process.send_signal(3 if at_once else 2)
        self._process.wait()
        self._process = None

    def create(self) -> str:
        """A new database's URL."""
        self._count += 1
        name = f"noodle_{os.getpid()}_{self._count}"
        self._execute(f"CREATE DATABASE {name}")
        return f"postgresql://{self._user}@/{name}?host={quote(str(self._folder))}"

    def fresh(self) -> str:
        """The URL of a database whose tables are empty. It is always the same one, so take it once per test."""
        if not self._kept:
            self._kept = self.create()
        import psycopg
        from psycopg import sql

        with psycopg.connect(self._kept, autocommit=True) as connection:
            found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            names = [sql.Identifier(name) for (name,) in found if name != "alembic_version"]
            if names:
                connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(names)))
        return self._kept

    def _initialize(self) -> None:
        command = [*self._as, str(self._programs / "initdb"), "-D", str(self._folder / "data"), "-A", "trust", "-N"]
        command += ["-U", self._user, "-E", "UTF8", "--locale=C"]
        subprocess.run(command, check=True, capture_output=True, cwd="/")

    def _execute(self, statement: str) -> None:
        import time

        import psycopg

        try:
            with psycopg.connect(
                host=str(self._folder), user=self._user, dbname="postgres", autocommit=True
            ) as connection:
                connection.execute(statement)  # type: ignore[call-overload]
        except psycopg.OperationalError as error:
            time.sleep(0.05)
            raise OSError(str(error)) from error
