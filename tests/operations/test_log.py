"""The log is whole: a changed, missing or cut-off row is found, by the operation and by the command."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from comments_service.operations import deciding, logbook
from comments_service.operations.deciding import Ask
from comments_service.service import Service
from comments_service.storage.database import Transaction
from tests.conftest import MONA, Clock, House, house_on
from tests.servers import ROOT


async def decided(house: House, number: int = 5) -> None:
    for n in range(number):
        comment = (await house.post(f"words {house.clock.now}", thread=f"/{n % 2}")).comment
        await deciding.decide(house.service, MONA, [Ask(comment.id, 1, "spam", "$x$ 垃圾")])


async def change(service: Service, sql: str) -> None:
    async def work(tx: Transaction) -> None:
        await tx.fetch(sql)

    await service.database.write(work)


async def test_an_untouched_log_is_whole(strict_house: House) -> None:
    empty = await logbook.verify(strict_house.service)
    assert (empty.rows, empty.wrong, empty.head) == (0, None, "")
    await decided(strict_house)
    found = await logbook.verify(strict_house.service)
    assert (found.rows, found.wrong, len(found.head)) == (5, None, 64)


@pytest.mark.parametrize(
    ("sql", "wrong"),
    [
        ("UPDATE log SET reason = 'other' WHERE seq = 2", 2),
        ("UPDATE log SET actor = 'moderator:9' WHERE seq = 5", 5),
        ("UPDATE log SET at = at + 1 WHERE seq = 1", 1),
        ("UPDATE log SET status_before = NULL WHERE seq = 3", 3),
        ("UPDATE log SET hash = '' WHERE seq = 4", 4),
        ("DELETE FROM log WHERE seq = 1", 1),
        ("DELETE FROM log WHERE seq = 3", 3),
        ("DELETE FROM log WHERE seq = 5", 5),
        ("UPDATE log_head SET hash = 'x'", 5),
    ],
)
async def test_a_change_is_found_where_it_is(tmp_path: Path, sql: str, wrong: int) -> None:
    async with house_on(
        f"sqlite:///{tmp_path}/c.sqlite", tmp_path, Clock(), moderation="all"
    ) as house:
        await decided(house)
        await change(house.service, sql)
        assert (await logbook.verify(house.service)).wrong == wrong


async def test_rows_of_before_the_hashes_are_counted_and_not_judged(strict_house: House) -> None:
    service = strict_house.service
    await decided(strict_house, 2)
    for sql in (
        "DELETE FROM log WHERE seq = 1",
        "UPDATE log SET hash = ''",
        "UPDATE log_head SET hash = ''",
        "UPDATE meta SET value = 2 WHERE name = 'log_start'",
    ):
        await change(service, sql)
    await decided(strict_house, 1)
    found = await logbook.verify(service)
    assert (found.rows, found.unsealed, found.wrong) == (1, 2, None)


async def test_the_command_names_the_row_and_fails(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/comments.sqlite"
    async with house_on(url, tmp_path, Clock(), moderation="all") as house:
        await decided(house)

    def verify() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "comments_service", "log", "verify", "--json"]
        command += ["--data-dir", str(tmp_path), "--secret-key", "test"]
        return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)

    whole = verify()
    assert whole.returncode == 0 and json.loads(whole.stdout)["rows"] == 5
    assert "The log is whole: 5 rows" in whole.stderr
    with sqlite3.connect(tmp_path / "comments.sqlite") as connection:
        connection.execute("UPDATE log SET action = 'approve' WHERE seq = 4")
    connection.close()
    broken = verify()
    assert broken.returncode == 1 and json.loads(broken.stdout)["wrong"] == 4
    assert "Row 4" in broken.stderr
