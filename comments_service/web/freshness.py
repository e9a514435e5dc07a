"""How new sites and threads are: all that is wanted meanwhile is asked for together."""

from __future__ import annotations

import asyncio

from comments_service.core.models import Mark
from comments_service.operations import reading
from comments_service.service import Service

Key = tuple[int, int]  # site, and thread or 0 for the whole site


class Freshness:
    """Answers how new a site or thread is, never with an answer older than the question."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._wanted: dict[Key, asyncio.Future[Mark]] = {}
        self._worker: asyncio.Task[None] | None = None

    async def mark(self, key: Key) -> Mark:
        """Return how new a site or thread is."""
        wanted = self._wanted.get(key)
        if wanted is None:
            wanted = self._wanted[key] = asyncio.get_running_loop().create_future()
        if self._worker is None or self._worker.done():
            self._worker = asyncio.ensure_future(self._work())
        return await asyncio.shield(wanted)

    async def _work(self) -> None:
        """Ask one question after the other; who comes while one is on its way waits for the next."""
        while self._wanted:
            batch, self._wanted = self._wanted, {}
            try:
                found = await reading.marks(self._service, list(batch))
            except Exception as error:  # noqa: BLE001 - each asker gets it
                for wanted in batch.values():
                    wanted.set_exception(error)
                continue
            for key, wanted in batch.items():
                wanted.set_result(found.get(key, Mark()))
