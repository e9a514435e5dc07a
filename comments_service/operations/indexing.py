"""How the words of older comments are kept for the search: after an upgrade, before anybody is served."""

from __future__ import annotations

import logging
from itertools import groupby

from comments_service.core.models import Comment
from comments_service.core.tokens import VERSION
from comments_service.service import Service
from comments_service.storage import finding, search
from comments_service.storage.database import Transaction

_BATCH = 500
_EVERY = 20_000  # comments between two lines of the log

_log = logging.getLogger("comments_service")


async def catch_up(service: Service) -> int:
    """Keep the words of all comments that have none, or older ones; return of how many.

    Each thread's part of a batch is a transaction, so what is stopped goes on where it was. Costs one
    look at a row where there is nothing to do.
    """
    database = service.database
    known = await search.version(database)
    if known == VERSION:
        return 0
    if known != -VERSION:
        await database.write(search.begin_anew, long=True)
    done, place = 0, (-1, -1)
    while found := await finding.without_words(database, place, _BATCH):
        place = (found[-1].thread_id, found[-1].id)
        for _, group in groupby(found, key=lambda comment: comment.thread_id):
            await _add(service, list(group))
        done += len(found)
        if done % _EVERY == 0:
            _log.info("search: the words of %d comments are kept", done)
    await database.write(search.complete)
    return done


async def _add(service: Service, group: list[Comment]) -> None:
    async def add(tx: Transaction) -> None:
        for comment in group:
            await search.add(tx, comment)

    await service.database.write(add)
