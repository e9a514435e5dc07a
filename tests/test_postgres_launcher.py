"""The launcher that all PostgreSQL tests stand on: databases, restarts, failover, no leftovers."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from tests.postgres import PostgresError, PostgresServer
from tests.postgres_host import living, tree

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).parent.parent
LEAVE_BEHIND = """
import time
from tests.postgres import PostgresServer
server = PostgresServer().start()
print(server.folder, flush=True)
time.sleep(600)
"""


async def ask(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def wait_until(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


async def test_databases_are_made_copied_and_dropped() -> None:
    with PostgresServer() as server:
        template = server.create_database("template")
        server.sql("CREATE TABLE words (word text)", database="template")
        server.sql("INSERT INTO words VALUES ('ÉCOLE 数学')", database="template")
        copy = server.create_database(template="template")
        assert copy != template
        assert await ask(copy, "SELECT lower(word) FROM words") == "école 数学"
        server.drop_database("template")
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await ask(template, "SELECT 1")
        with pytest.raises(PostgresError, match="syntax error"):
            server.sql("SELEKT")


async def test_stop_and_kill_keep_what_was_committed() -> None:
    with PostgresServer().start(fsync=True, extra={"work_mem": "'5MB'"}) as server:
        server.sql("CREATE TABLE kept (number int)", "INSERT INTO kept VALUES (7)")
        address = server.url()
        for end in (server.stop, server.kill):
            end()
            assert not server.running
            server.start(fsync=True)
            assert server.url() == address
            assert await ask(address, "SELECT number FROM kept") == 7


async def test_nothing_of_a_killed_server_lives_on_and_bars_the_next_start() -> None:
    with PostgresServer() as server:
        callers = [await asyncpg.connect(server.url()) for _ in range(60)]
        processes = tree(int((server.folder / "postmaster.pid").read_text().split()[0]))
        assert len(processes) > len(callers)
        server.kill()
        assert not living(processes)
        server.start()
        for caller in callers:
            caller.terminate()


async def test_a_promoted_standby_has_every_commit_and_takes_more() -> None:
    with PostgresServer() as primary, primary.make_standby() as standby:
        primary.sql("CREATE TABLE kept (number int)", "INSERT INTO kept VALUES (7)")
        assert await ask(standby.url(), "SELECT pg_is_in_recovery()")
        primary.kill()
        standby.promote()
        standby.sql("INSERT INTO kept VALUES (8)")
        assert await ask(standby.url(), "SELECT sum(number) FROM kept") == 15


async def test_a_frozen_server_answers_nobody_until_it_thaws() -> None:
    with PostgresServer() as server:
        server.freeze()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(ask(server.url(), "SELECT 1"), 0.3)
        server.thaw()
        assert await ask(server.url(), "SELECT 1") == 1


def test_nothing_is_left_when_the_tests_are_killed() -> None:
    command = [sys.executable, "-c", LEAVE_BEHIND]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as tests:
        assert tests.stdout is not None
        folder = Path(tests.stdout.readline().strip())
        server = int((folder / "postmaster.pid").read_text().split()[0])
        tests.kill()
    assert wait_until(lambda: not folder.parent.exists())
    assert wait_until(lambda: not _is_alive(server))


def _is_alive(process: int) -> bool:
    """Whether it runs; in a container without an init, the dead stay listed as zombies."""
    try:
        os.kill(process, 0)
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
