"""The rows of the table: what is measured, against what, and the aim."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from bench.client import MARK, Load
from bench.loader import big_key, small_key
from bench.people import TYPICAL
from bench.stage import SITE, Stage, get, page_path, post

Measure = Callable[[], float]
_WRITERS = 16


@dataclass(frozen=True)
class Row:
    """Two rates, measured in turn; their ratio counts, and must be at least `aim`."""

    name: str
    subject: Measure
    baseline: Measure
    aim: float | None = None


def all_rows(stage: Stage) -> Iterator[Row]:
    """Return every row; what they need is fetched when its turn comes."""
    yield from cached(stage)
    yield from uncached(stage)
    yield from small_answers(stage)
    yield from posting(stage)
    yield from mixed(stage)


def cached(stage: Stage) -> Iterator[Row]:
    """Pages that the service has kept."""
    for size in stage.contents.big:
        last = size * 8 // 100
        for place, number in (("first", 1), ("middle", last // 2), ("last", last)):
            name = f"cached-{size}-{place}"
            yield _against_bare(stage, name, page_path(big_key(size), number), 0.5)


def uncached(stage: Stage) -> Iterator[Row]:
    """Pages that must be made: random ones, each with a number that nothing reads or repeats."""
    sizes = stage.contents.big
    made = {size: _random_pages(stage, size) for size in sizes}
    for size in sizes:
        name = f"uncached-{size}"
        _keep_typical(stage, name, size)
        yield Row(name, made[size], lambda name=name: stage.bare(name), 0.08)
    yield Row(f"uncached-{sizes[-1]}-against-{sizes[0]}", made[sizes[-1]], made[sizes[0]], 0.8)
    yield _after_write(stage)


def _random_pages(stage: Stage, size: int) -> Measure:
    dice = random.Random(size)
    numbers = [dice.randint(1, size * 8 // 100) for _ in range(2_000)]
    more = f"&nothing={MARK.decode()}"
    requests = [get(page_path(big_key(size), number, more)) for number in numbers]
    return lambda: stage.reads(*requests)


def _keep_typical(stage: Stage, name: str, size: int) -> None:
    """Keep the page of median length among some, for the bare route."""
    lengths = {}
    for number in range(1, 42):
        stage.keep(name, page_path(big_key(size), number))
        lengths[number] = (stage.folder / name).stat().st_size
    middle = sorted(lengths, key=lambda number: lengths[number])[len(lengths) // 2]
    stage.keep(name, page_path(big_key(size), middle))


def _after_write(stage: Stage) -> Row:
    """One connection posts and reads the last page in turn; only the reads are timed."""
    key = big_key(stage.contents.big[-1])
    path = page_path(key, "last")
    stage.keep("after-write", path)
    posts, reads = (_comment(key),), (get(path),)

    def service() -> float:
        load = Load(stage.service.port, reads, posts, post_every=2, connections=1, read_back=True)
        median = stage.drive(load).reads.median
        stage.cost = math.nan  # it holds the posts too
        return 1000 / median

    def bare() -> float:
        load = Load(stage.bare_port, (get("/after-write"),), connections=1)
        return 1000 / stage.drive(load).reads.median

    return Row("read-after-write-1-connection", service, bare, 0.08)


def small_answers(stage: Stage) -> Iterator[Row]:
    """A sidebar's list, counts, a page that the asker has already, a preview."""
    yield _against_bare(stage, "recent", f"{SITE}/recent?limit=10", 0.6)
    keys = (quote(small_key(number)) for number in range(50))
    query = "&".join(f"thread={key}" for key in keys)
    yield _against_bare(stage, "counts-50", f"{SITE}/counts?{query}", None)
    path = page_path(big_key(stage.contents.big[0]))
    request = get(path, f"If-None-Match: {stage.keep('unused', path)}")
    yield Row("304", lambda: stage.reads(request), lambda: stage.bare("304"), 0.6)
    typical = f"{TYPICAL}\n\n{MARK.decode()}"
    stage.keep("preview", f"{SITE}/preview", json.dumps({"body": typical}).encode())
    preview = post(f"{SITE}/preview", body=typical)
    yield Row("preview", lambda: stage.reads(preview), lambda: stage.bare("preview", preview), None)


def _against_bare(stage: Stage, name: str, path: str, aim: float | None) -> Row:
    stage.keep(name, path)
    request = get(path)
    return Row(name, lambda: stage.reads(request), lambda: stage.bare(name), aim)


def posting(stage: Stage) -> Iterator[Row]:
    """Durable comments against durable rows."""
    several = _to_small_threads(stage)
    one = (_comment(big_key(stage.contents.big[0])),)
    plans = (
        ("post-1-writer", several, 1, None),
        (f"post-{_WRITERS}-writers", several, _WRITERS, 0.25),
        (f"post-{_WRITERS}-writers-one-thread", one, _WRITERS, None),
    )
    for name, posts, writers, aim in plans:
        load = Load(stage.service.port, posts=posts, post_every=1, connections=writers)
        yield Row(
            name,
            lambda load=load: stage.drive(load).rate,
            lambda writers=writers: stage.raw(writers, TYPICAL),
            aim,
        )


def mixed(stage: Stage) -> Iterator[Row]:
    """Nineteen page reads and one post in turn over all small threads, against reading alone."""
    # Not in turn over all: a cache that holds almost all of them would then never hit.
    numbers = random.Random(5).choices(range(stage.contents.small), k=20_000)
    reads = tuple(get(page_path(small_key(number))) for number in numbers)
    mix = Load(stage.service.port, reads, _to_small_threads(stage), post_every=20)
    alone = Load(stage.service.port, reads)
    yield Row("mix-95-5", lambda: stage.drive(mix).rate, lambda: stage.drive(alone).rate, 0.5)


def _to_small_threads(stage: Stage) -> tuple[bytes, ...]:
    numbers = list(range(stage.contents.small))
    random.Random(3).shuffle(numbers)
    return tuple(_comment(small_key(number)) for number in numbers)


def _comment(key: str) -> bytes:
    """Return a typical comment; no other says the same, and the answer shows whose it is."""
    mark = MARK.decode()
    return post(f"{SITE}/comments", thread=key, name=f"w{mark}", body=f"{TYPICAL}\n\n{mark}")
