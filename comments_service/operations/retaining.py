"""What is forgotten in time, so that no table grows for ever; docs/operating.md has the list."""

from __future__ import annotations

from comments_service.core.notices import SECOND
from comments_service.operations import outbox
from comments_service.operations.sessions import IDLE_SECONDS
from comments_service.service import Service
from comments_service.storage import invitations, rules, sessions
from comments_service.storage.database import Transaction

HITS_KEPT = 400 * 24 * 3600 * SECOND
"""How long it is kept that a rule had something to say: longer than figures look back."""
_PIECE = 500


async def tidy(service: Service) -> None:
    """Forget notices, rules' hits, sessions and one-time links whose time is over."""
    await outbox.tidy(service)
    await _hits(service)
    now = service.clock()

    async def ended(tx: Transaction) -> None:
        await sessions.forget_ended(tx, now, now - IDLE_SECONDS * SECOND)
        await invitations.forget_ended(tx, now)

    await service.database.write(ended)


async def _hits(service: Service) -> None:
    before = service.clock() - HITS_KEPT
    for rule_id in await rules.with_hits(service.database, before):

        async def forget(tx: Transaction, rule_id: int = rule_id) -> int:
            return await rules.forget_hits(tx, rule_id, before, _PIECE)

        while await service.database.write(forget) == _PIECE:
            pass
