"""A private PostgreSQL server: real, on a Unix socket in a temporary folder, gone at the end."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psycopg

__all__ = ["PrivatePostgres", "find_postgres"]


def find_postgres() -> Path | None:
    """Return the folder of the server's programs: Debian's newest version, or where PATH has them."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return None if found is None else Path(found).parent


class PrivatePostgres:
    """Starts at once; use as a context manager. Durability is off, for speed, unless asked for."""

    def __init__(self, *, durable: bool = False) -> None:
        programs = find_postgres()
        if programs is None:
            raise RuntimeError("PostgreSQL is not installed; on Debian and Ubuntu: apt-get install postgresql")
        self._programs = programs
        self._numbers = itertools.count()
        self.folder = Path(tempfile.mkdtemp(prefix="graph-olap-pg-"))
        # The server refuses to run as root.
        self._user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        if os.getuid() == 0:
            shutil.chown(self.folder, self._user)
        self.folder.chmod(0o755)
        self._run("initdb", "-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        settings = ["listen_addresses=''", f"unix_socket_directories='{self.folder}'", "max_connections=100"]
        settings += [] if durable else ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        with (self.folder / "settings.conf").open("w") as file:
            file.write("\n".join(settings))
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.write(f"\ninclude '{self.folder / 'settings.conf'}'\n")
        self.start()

    def __enter__(self) -> PrivatePostgres:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the server; returns when it answers."""
        log = self.folder / "server.log"
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-l", str(log), "-w", "-t", "30", "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server; ``immediate`` is what a crash does."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", mode, "-w", "-t", "30", "stop")

    def close(self) -> None:
        """Stop the server and remove its folder."""
        try:
            if (self.folder / "data" / "postmaster.pid").exists():
                self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create(self, template: str = "template0") -> str:
        """Make a database, empty or as a copy of another one, and return its name."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def drop(self, database: str) -> None:
        """Remove a database and whoever uses it."""
        self.execute(f"DROP DATABASE {database} WITH (FORCE)")

    def execute(self, sql: str) -> None:
        """Run a statement as the superuser."""
        with psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute(sql)

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = [str(self._programs / program), *arguments]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid", self._user, "--regid", self._user, "--clear-groups", "--", *command]
        # To files, not pipes: the server inherits them and would keep a pipe open.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False, timeout=60
            )
            if done.returncode:
                output.seek(0)
                raise RuntimeError(f"{program} failed:\n{output.read().decode()}")
