"""A real PostgreSQL for the tests: private, on 127.0.0.1 only, gone when the tests are.

    with PostgresServer() as server:
        url = server.create_database()

    with PostgresServer() as primary, primary.make_standby() as standby:
        primary.kill()
        standby.promote()

All calls block; none takes more than a few seconds. PostgreSQL 15 or later.
"""

import itertools
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from tests.postgres_host import (
    binaries,
    environment,
    freeze_tree,
    home,
    identity,
    living,
    send,
    tree,
)

PATIENCE = 60.0  # Seconds for a start, stop or promotion: a loaded machine is slow, not broken.
BLINK = 0.005
STANDBY_NAME = "s1"

# In a file and not on the command line, so that ALTER SYSTEM can change them later.
SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "max_connections": "200",
    "timezone": "'UTC'",
    "autovacuum": "off",
    "wal_log_hints": "on",
    "wal_keep_size": "'128MB'",
    "wal_receiver_timeout": "'5s'",
    "wal_sender_timeout": "'5s'",
    "wal_retrieve_retry_interval": "'200ms'",
}
FAST_AND_UNSAFE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresError(RuntimeError):
    """A server or a tool of it failed; the message ends with what it wrote."""


class PostgresServer:
    """One server, with a data folder and a port that it keeps over stop, kill and start."""

    _numbers = itertools.count(1)

    def __init__(self) -> None:
        """Choose the folder; nothing runs until `start`."""
        self.folder = home() / f"server{next(self._numbers)}"
        self.log = self.folder.with_suffix(".log")
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._settings: dict[str, str] = {}
        self._databases = itertools.count(1)

    def __enter__(self) -> Self:
        """Start, unless it runs already."""
        return self if self.running else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop and remove the data."""
        self.close()

    @property
    def running(self) -> bool:
        """Whether the postmaster lives, frozen or not."""
        return self._process is not None and self._process.poll() is None

    def url(self, database: str = "postgres") -> str:
        """The address of a database, for asyncpg and for the service."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def start(self, fsync: bool = False, extra: Mapping[str, str] | None = None) -> Self:
        """Make the cluster if there is none, and run it until it takes connections.

        Without `fsync` a `kill` may lose the last commits. `extra` is more settings, as in
        postgresql.conf.
        """
        if not self.folder.exists():
            self._initialise()
        self._settings = SETTINGS | ({} if fsync else FAST_AND_UNSAFE) | dict(extra or {})
        self._launch()
        return self

    def stop(self) -> None:
        """Stop in order, as an operator does; the data stays for another `start`."""
        if self._process is None or not self.running:
            return
        self.thaw()
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL the whole tree at once, frozen or not, as a failing machine does.

        Wait for the last of it: its shared memory forbids another start while one holds it.
        """
        if self._process is not None and self.running:
            killed = freeze_tree(self._process.pid)
            send(signal.SIGKILL, killed)
            self._process.wait(PATIENCE)
            _wait(lambda: not living(killed), f"some of {killed} outlive a SIGKILL")

    def freeze(self) -> None:
        """SIGSTOP the whole tree: its sockets stay open and nobody answers."""
        if self._process is not None and self.running:
            freeze_tree(self._process.pid)

    def thaw(self) -> None:
        """Undo `freeze`."""
        if self._process is not None and self.running:
            send(signal.SIGCONT, tree(self._process.pid))

    def close(self) -> None:
        """Stop and remove the data and the log."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.log.unlink(missing_ok=True)

    def sql(self, *statements: str, database: str = "postgres") -> str:
        """Run statements by psql, each in its own transaction; answer the bare rows."""
        commands = [part for statement in statements for part in ("-c", statement)]
        flags = ("-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1")
        return _run("psql", *flags, "-d", self.url(database), *commands)

    def create_database(self, name: str | None = None, template: str = "template1") -> str:
        """Make a database, empty or a copy of `template`, and answer its address.

        Nobody may be connected to the template meanwhile.
        """
        name = name or f"test{next(self._databases)}"
        # A copy of files is three times as fast as one through the log for a small template.
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database; whoever is connected to it is thrown out."""
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def make_standby(self) -> "PostgresServer":
        """A running copy that must have each commit before this server calls it done."""
        self.sql("ALTER SYSTEM SET synchronous_commit = on", "SELECT pg_reload_conf()")
        standby = PostgresServer()
        standby._settings = dict(self._settings)
        source = f"host=127.0.0.1 port={self.port} user=postgres application_name={STANDBY_NAME}"
        flags = ("-R", "-X", "stream", "-c", "fast", "-d", source)
        _run("pg_basebackup", "-D", str(standby.folder), *flags)
        standby._launch()
        self.sql(
            f"ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 ({STANDBY_NAME})'",
            "SELECT pg_reload_conf()",
        )
        states = "SELECT sync_state FROM pg_stat_replication"
        _wait(lambda: self.sql(states).strip() == "sync", "the standby does not stream")
        return standby

    def promote(self) -> None:
        """Make this standby the primary; it waits for no other standby from then on."""
        told = self.sql(
            "ALTER SYSTEM SET synchronous_standby_names = ''",
            "SELECT pg_reload_conf()",
            f"SELECT pg_promote(true, {PATIENCE:.0f})",
        )
        if told.split()[-1] != "t":
            raise PostgresError(f"the standby was not promoted\n{self._log_end()}")

    def _initialise(self) -> None:
        # The C locale has no case for any letter outside ASCII, and no words in Chinese.
        locale = ("-E", "UTF8", "--locale=C.UTF-8", "--lc-messages=C")
        _run("initdb", "-N", "-A", "trust", "-U", "postgres", *locale, "-D", str(self.folder))
        with (self.folder / "postgresql.conf").open("a") as file:
            file.write("\ninclude = 'tests.conf'\n")

    def _launch(self) -> None:
        own = self.folder / "tests.conf"
        own.write_text("".join(f"{name} = {value}\n" for name, value in self._settings.items()))
        own.chmod(0o644)  # the server is another user when we are root
        command = [str(binaries() / "postgres"), "-D", str(self.folder), "-p", str(self.port)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=home(),
                env=environment(),
                start_new_session=True,  # Ctrl-C at a terminal is for the tests, not for it
                **identity(),
            )
        _wait(self._ready, f"no PostgreSQL on port {self.port}, see {self.log}")

    def _ready(self) -> bool:
        if self._process is None or not self.running:
            raise PostgresError(f"PostgreSQL did not start\n{self._log_end()}")
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        # The file of a killed server still says ready, under the killed server's number.
        return lines[:1] == [str(self._process.pid)] and lines[7:8] == ["ready   "]

    def _log_end(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


def _run(tool: str, *arguments: str) -> str:
    # identity() is typed as Any, so the result must be typed here.
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [str(binaries() / tool), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=home(),
        env=environment(),
        timeout=PATIENCE,
        check=False,
        **identity(),
    )
    if done.returncode != 0:
        raise PostgresError(f"{tool} failed\n{done.stdout}{done.stderr}")
    return done.stdout


def _wait(ready: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > deadline:
            raise PostgresError(complaint)
        time.sleep(BLINK)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
