"""What tests of notices share: a house whose mail and calls go to receivers on loopback, and people to write to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from comments_service.core.mailing import mark_of
from comments_service.core.models import Comment
from comments_service.core.notices import Notice
from comments_service.core.permissions import OPERATOR
from comments_service.operations import deciding
from comments_service.operations import webhooks as hooking
from comments_service.operations.commenting import Posted
from comments_service.operations.deciding import Ask
from comments_service.storage import mail, outbox
from comments_service.worker import Worker, worker_of
from tests.conftest import MONA, Clock, House, house_on
from tests.receivers import Mailbox, Receiver

LOOPBACK = (ip_network("127.0.0.0/8"),)
FROM = "Comments <comments@comments.example>"
ALICE, BOB, MONAS = "alice@a.example", "bob@b.example", "mona@blog.example"
EVERYTHING = ["published", "edited", "removed", "pending", "decided"]


class Post:
    """A house with a worker that sends when it is told, to a mailbox."""

    def __init__(self, house: House, mailbox: Mailbox) -> None:
        self.house, self.mailbox = house, mailbox
        self.worker: Worker = worker_of(house.service)

    async def pass_on(self, seconds: float = 10) -> None:
        """Let some time pass, and send all that is due then."""
        self.house.clock.advance(seconds)
        await self.worker.drain()

    async def confirm(self, email: str) -> None:
        """Let an address be confirmed."""
        service = self.house.service
        mark = mark_of(service.secret, email)
        await service.database.write(lambda tx: mail.confirm(tx, mark, 1, 0))

    async def followed(self, **fields: Any) -> Comment:
        """Let alice write something, and want mail about replies."""
        posted = await self.post(**({"name": "alice", "email": ALICE, "notify": True} | fields))
        return posted.comment

    async def post(self, body: str = "Let $x=1$.", **fields: Any) -> Posted:
        """Post as somebody."""
        return await self.house.post(body, **fields)

    async def hook(self, receiver: Receiver, events: list[str] | None = None) -> int:
        """Tell a receiver of events of the blog."""
        made = await hooking.create(
            self.house.service,
            OPERATOR,
            self.house.site.site_id,
            receiver.url,
            events or EVERYTHING,
        )
        return made.webhook_id

    async def waiting(self, state: str = "waiting") -> list[Notice]:
        """Return what the outbox holds."""
        return await outbox.listed(self.house.service.database, state, 2**62, 500)  # type: ignore[arg-type]


@asynccontextmanager
async def post_office(url: str, folder: Path, clock: Clock, **settings: Any) -> AsyncIterator[Post]:
    """Open a house that sends mail to a mailbox and calls receivers on loopback."""
    async with Mailbox() as mailbox:
        chosen = {"smtp_url": mailbox.url, "mail_from": FROM, "outbound_networks": LOOPBACK}
        async with house_on(url, folder, clock, **(chosen | settings)) as house:
            yield Post(house, mailbox)


def events_of(receiver: Receiver) -> list[str]:
    """Return the events that a receiver was told of."""
    return [json.loads(each.body)["event"] for each in receiver.received]


async def decided(post: Post, comment_id: int, action: str) -> str:
    """Decide on a comment as mona, and return the batch."""
    comment = await post.house.comment(comment_id)
    ask = Ask(comment.id, comment.version, action)  # type: ignore[arg-type]
    batch, [outcome] = await deciding.decide(post.house.service, MONA, [ask])
    assert outcome.result == "done"
    return batch
