"""`python -m bench.search`: what a search costs among few comments and among many, and the ratio.

One process, no server. The comments are those of the bench, each with some words more, of which few occur
often and many seldom, as in any language. Both databases are asked in turn.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

from bench import loader
from bench.loader import Contents
from bench.people import Writer
from comments_service import app
from comments_service.core.filters import Filter
from comments_service.core.models import Comment, Site
from comments_service.core.search import query
from comments_service.operations import maintaining, moderating, reading, searching
from comments_service.service import Service
from comments_service.settings import Settings
from tests.conftest import MONA
from tests.postgres import PostgresServer

_FEW, _MANY, _ROUNDS = 1_000, 100_000, 9
_VOCABULARY = 20_000


def _words() -> tuple[list[str], list[float]]:
    """Return words and how often each occurs, the first one most often; half of them Chinese."""
    dice = random.Random(7)
    made = dict.fromkeys(
        "".join(chr(dice.randrange(0x4E00, 0x5E00)) for _ in range(2))
        if number % 2
        else "".join(dice.choices("aeioulmnrst", k=dice.randint(4, 10)))
        for number in range(_VOCABULARY)
    )
    return list(made), list(accumulate(1 / (rank + 1) for rank in range(len(made))))


class Wordy(Writer):
    """Adds words to what the bench writes; the last of each comment is its own."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._words, self._often = _words()

    def _root(self, thread: loader.Thread, floor: int) -> Comment:
        row = super()._root(thread, floor)
        some = self._dice.choices(self._words, cum_weights=self._often, k=12)
        return replace(row, body=f"{row.body} {' '.join(some)} own{self.seq}")


def _questions() -> dict[str, str]:
    words, _ = _words()
    common, rare = words[3], words[_VOCABULARY // 4]
    return {
        "a word that many have": common,
        "Chinese that many have": words[1],
        "a word that few have": rare,
        "a word that one has": '"own77"',
        "both": f"{common} {rare}",
        "a formula": r"\sum_{i=1}^n",
        "a phrase that nobody has": f'"{words[1]} {common} {words[1]}"',
    }


@dataclass(frozen=True)
class _House:
    service: Service
    site: Site

    async def readers(self, text: str) -> None:
        await searching.published(self.service, self.site, query(text), 20)

    async def moderators(self, text: str) -> None:
        await moderating.items(self.service, MONA, Filter("approved", text=text))


@asynccontextmanager
async def _house(settings: Settings) -> AsyncIterator[_House]:
    async with app.opened(settings) as service:
        yield _House(service, await reading.site(service, maintaining.DEFAULT_SITE))


async def _took(ask: Callable[[str], Awaitable[None]], text: str) -> float:
    begun = time.perf_counter()
    await ask(text)
    return time.perf_counter() - begun


async def _measure(few: Settings, many: Settings) -> None:
    async with AsyncExitStack() as stack:
        small, large = [await stack.enter_async_context(_house(s)) for s in (few, many)]
        print(f"{'':38}{_FEW:>10,}{_MANY:>10,}{'ratio':>8}")
        for who in ("readers", "moderators"):
            for name, text in _questions().items():
                asks = [getattr(house, who) for house in (small, large)]
                rounds = [[await _took(ask, text) for ask in asks] for _ in range(_ROUNDS + 1)][1:]
                times = [statistics.median(side) * 1e3 for side in zip(*rounds, strict=True)]
                ratio = statistics.median(after / before for before, after in rounds)
                print(f"{who}: {name:26}{times[0]:>8.2f}ms{times[1]:>8.2f}ms{ratio:>8.1f}")


def main() -> None:
    """Fill two databases and print how long searches take in each."""
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgres"), default="sqlite")
    engine = parser.parse_args().engine
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if engine == "sqlite":
            _run([f"sqlite:///{folder}/{size}.sqlite" for size in (_FEW, _MANY)], Path(folder))
            return
        server = PostgresServer()
        try:
            server.start(fsync=True)
            _run([server.create_database(f"b{size}") for size in (_FEW, _MANY)], Path(folder))
        finally:
            server.close()


def _run(urls: list[str], folder: Path) -> None:
    chosen = [Settings(data_dir=folder, secret_key="bench", database_url=url) for url in urls]
    for size, settings in zip((_FEW, _MANY), chosen, strict=True):
        loader.fill(settings, Contents(big=(size,), small=0), Wordy)
    asyncio.run(_measure(*chosen))


if __name__ == "__main__":
    main()
