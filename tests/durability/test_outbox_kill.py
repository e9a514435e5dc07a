"""At least once: servers are killed while they send, and each comment is told, under one id."""

from __future__ import annotations

import asyncio
import json
import random
from collections import defaultdict
from pathlib import Path

import httpx2

from comments_service.core.permissions import OPERATOR
from comments_service.operations import webhooks
from tests.conftest import Clock, house_on
from tests.receivers import Receiver
from tests.servers import Server

SETTINGS = {"NOTICE_DELAY": "0", "OUTBOUND_NETWORKS": "127.0.0.0/8"}


async def post(client: httpx2.AsyncClient, number: int) -> str:
    """Post, and return the comment's id, '' where nobody answered any more."""
    draft = {"thread": f"/{number % 5}", "name": "alice", "body": f"words {number}"}
    try:
        answer = await client.post("/api/v1/sites/blog/comments", json=draft)
    except httpx2.TransportError:
        return ""
    assert answer.status_code == 201, answer.text
    return str(answer.json()["comment"]["id"])


async def let_leases_run_out(url: str, folder: Path) -> None:
    """Let a minute pass for the leases of who was killed: no start ends them where others may work."""
    async with house_on(url, folder, Clock()) as house:
        over = "UPDATE outbox SET due_at = 0 WHERE lease <> ''"
        await house.service.database.write(lambda tx: tx.fetch(over))


async def test_each_comment_is_told_however_often_the_server_is_killed(
    database_url: str, tmp_path: Path
) -> None:
    dice, acknowledged = random.Random(6), set[str]()
    settings = SETTINGS | {"DATABASE_URL": database_url}
    async with Receiver() as receiver:
        async with house_on(database_url, tmp_path, Clock()) as house:
            site = house.site.site_id
            await webhooks.create(house.service, OPERATOR, site, receiver.url, ["published"])
        for turn in range(4):
            server = Server(tmp_path, **settings).start()
            async with httpx2.AsyncClient(base_url=server.url, timeout=10) as client:
                enough = len(receiver.received) + dice.randint(1, 12)
                posts = [asyncio.create_task(post(client, 20 * turn + n)) for n in range(20)]
                await asyncio.gather(*posts[:10])
                await receiver.got(enough)
                await asyncio.to_thread(server.kill)
                acknowledged.update(await asyncio.gather(*posts))
            if database_url.startswith("postgresql"):
                await let_leases_run_out(database_url, tmp_path)
        acknowledged.discard("")
        with Server(tmp_path, **settings):
            async with asyncio.timeout(30):
                while acknowledged - set(told(receiver)):
                    await receiver.got(len(receiver.received) + 1)
    assert len(acknowledged) >= 40
    assert {len(names) for names in told(receiver).values()} == {1}


def told(receiver: Receiver) -> dict[str, set[str]]:
    """Return the ids under which each comment was told."""
    names = defaultdict[str, set[str]](set)
    for call in receiver.received:
        names[json.loads(call.body)["comment"]["id"]].add(call.headers["webhook-id"])
    return names
