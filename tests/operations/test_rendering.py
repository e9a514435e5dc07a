"""Rendering again: what an older renderer made is renewed, once, and nothing else is touched."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import httpx2
import pytest

from comments_service.core import text
from comments_service.core.models import Comment, Visitor
from comments_service.core.moderation import Action
from comments_service.core.rendered import RENDERER
from comments_service.errors import SiteUnknown
from comments_service.operations import commenting, deciding, maintaining, reading
from comments_service.operations.deciding import Ask
from comments_service.operations.rendering import Report, count_stale, render_again
from comments_service.storage import comments, threads
from comments_service.storage.database import Transaction
from tests.conftest import MONA, Clock, House, house_on
from tests.servers import ROOT

OLD = ("<p>old</p>", "old")


async def rows(house: House) -> dict[int, Comment]:
    found = await comments.after(house.service.database, (-1, -1), 10_000)
    return {comment.id: comment for comment in found}


async def make_stale(house: House, *found: Comment, shown: tuple[str, str] | None = OLD) -> None:
    """Leave comments as an older version would have: with other html, or only with its name."""

    async def update(tx: Transaction) -> None:
        for comment in found:
            html, excerpt = shown or (comment.html, comment.excerpt)
            await tx.fetch(
                """UPDATE comments SET renderer = '0', html = :html, excerpt = :excerpt
                   WHERE thread_id = :t AND id = :id""",
                {"t": comment.thread_id, "id": comment.id, "html": html, "excerpt": excerpt},
            )

    await house.service.database.write(update)


async def decide(house: House, comment: Comment, action: Action) -> None:
    current = await house.comment(comment.id)
    await deciding.decide(house.service, MONA, [Ask(comment.id, current.version, action)])


async def changes(house: House) -> list[tuple[str, int]]:
    found = await reading.changes(house.service, house.site, 0, 10_000)
    assert [change.seq for _, change in found] == list(range(1, len(found) + 1))
    return [(change.kind, change.comment.id) for _, change in found]


async def test_stale_comments_are_renewed_and_all_else_stays_as_it_was(house: House) -> None:
    posted = [(await house.post(f"**{n}** $x$", thread=f"/{n % 3}")).comment for n in range(40)]
    await decide(house, posted[1], "spam")
    fresh = await rows(house)
    await make_stale(house, *(fresh[comment.id] for comment in posted[::2]))
    house.clock.advance(60)
    assert await count_stale(house.service) == 20
    assert await render_again(house.service) == Report(20, 20)
    assert await rows(house) == fresh, "no time, floor, status or version is another"
    assert await count_stale(house.service) == 0


async def test_progress_adds_up_and_a_second_run_has_nothing_to_do(house: House) -> None:
    posted = [(await house.post(f"words {n}", thread=f"/{n % 7}")).comment for n in range(100)]
    await make_stale(house, *posted)
    told: list[int] = []
    assert await render_again(house.service, progress=told.append) == Report(100, 100)
    assert sum(told) == 100 and len(told) > 1
    before = await changes(house)
    assert await render_again(house.service) == Report(0, 0)
    assert await changes(house) == before


async def test_pollers_are_told_of_visible_comments_that_look_different_only(house: House) -> None:
    told, by_excerpt, same, *hidden = [
        (await house.post(f"words {n}", thread=f"/{n % 2}")).comment for n in range(7)
    ]
    actions: list[Action] = ["hold", "spam", "reject", "delete"]
    for comment, action in zip(hidden, actions, strict=True):
        await decide(house, comment, action)
    await make_stale(house, told, *hidden)
    await make_stale(house, by_excerpt, shown=(by_excerpt.html, "old"))
    await make_stale(house, same, shown=None)
    before = await changes(house)
    assert await render_again(house.service) == Report(7, 6)
    new = (await changes(house))[len(before) :]
    assert sorted(new) == [("edited", told.id), ("edited", by_excerpt.id)]
    renewed = await rows(house)
    assert {comment.renderer for comment in renewed.values()} == {RENDERER}
    assert {comment.edited_at for comment in renewed.values()} == {None}
    for comment in hidden:
        assert renewed[comment.id].html == comment.html
        assert not renewed[comment.id].visible


async def test_readers_and_caches_see_what_is_new_at_once(
    house: House, client: httpx2.AsyncClient
) -> None:
    changed, other = [
        (await house.post("**bold**", thread=thread)).comment for thread in ("/changed", "/other")
    ]
    await make_stale(house, changed)
    await make_stale(house, other, shown=None)

    async def read(thread: str) -> httpx2.Response:
        return await client.get(f"/api/v1/sites/blog/comments?thread={thread}")

    before = {thread: await read(thread) for thread in ("/changed", "/other")}
    assert "<p>old</p>" in before["/changed"].text
    await render_again(house.service)
    after = {thread: await read(thread) for thread in ("/changed", "/other")}
    assert "<strong>bold</strong>" in after["/changed"].text
    assert after["/changed"].headers["etag"] != before["/changed"].headers["etag"]
    assert after["/other"].headers["etag"] == before["/other"].headers["etag"]
    thread = await threads.get(house.service.database, changed.thread_id)
    assert thread is not None and (thread.count, thread.floors) == (1, 1)


def meddling(house: House, meddle: Callable[[], Awaitable[object]]) -> House:
    """A house where something happens while the first text is rendered."""
    waiting = [meddle]

    async def render(source: str) -> text.Rendered:
        if waiting:
            await waiting.pop()()
        return text.render(source)

    return House(replace(house.service, render=render), house.site, house.clock)


@pytest.mark.parametrize("version", ["0", RENDERER])
async def test_what_alice_edits_meanwhile_is_not_lost(house: House, version: str) -> None:
    """Also where the process that serves her is still of the older version."""
    hers, other = [(await house.post(f"words {n}")).comment for n in range(2)]
    await make_stale(house, hers, other)
    own = Visitor(receipts=frozenset({hers.id}))

    async def render(source: str) -> text.Rendered:
        return replace(text.render(source), renderer=version)

    async def edit() -> object:
        service = replace(house.service, render=render)
        body = "**second** thoughts"
        return await commenting.edit_comment(service, house.site, hers.id, body, own)

    assert await render_again(meddling(house, edit).service) == Report(1, 1)
    found = await house.comment(hers.id)
    assert (found.body, found.version, found.renderer) == ("**second** thoughts", 2, version)
    assert "<strong>second</strong>" in found.html
    edited = [number for kind, number in await changes(house) if kind == "edited"]
    assert edited == [hers.id, other.id], "hers by the edit alone"


async def test_what_mona_hides_meanwhile_is_renewed_in_silence(house: House) -> None:
    comment = (await house.post()).comment
    await make_stale(house, comment)
    hide = meddling(house, lambda: decide(house, comment, "spam"))
    assert await render_again(hide.service) == Report(1, 1)
    assert await changes(house) == [("published", comment.id), ("removed", comment.id)]
    found = await house.comment(comment.id)
    assert (found.html, found.status, found.version) == (comment.html, "spam", 2)


async def test_two_runs_at_once_note_each_comment_once(house: House) -> None:
    posted = [(await house.post(f"words {n}")).comment for n in range(5)]
    await make_stale(house, *posted)
    twin = meddling(house, lambda: render_again(house.service))
    assert await render_again(twin.service) == Report(0, 0)
    edited = [number for kind, number in await changes(house) if kind == "edited"]
    assert edited == [comment.id for comment in posted]


async def test_one_site_can_be_renewed_alone(house: House) -> None:
    mine = (await house.post()).comment
    site = await maintaining.add_site(house.service, "other", [])
    theirs = (await House(house.service, site, house.clock).post()).comment
    await make_stale(house, mine, theirs)
    assert await count_stale(house.service, "blog") == 1
    assert await render_again(house.service, "blog") == Report(1, 1)
    assert (await house.comment(theirs.id)).html == "<p>old</p>"
    for asked in (count_stale, render_again):
        with pytest.raises(SiteUnknown):
            await asked(house.service, "nowhere")


async def test_a_text_that_hangs_is_shown_as_typed_and_counts_as_renewed(house: House) -> None:
    comment = (await house.post("**bold**")).comment
    await make_stale(house, comment)

    async def hang(source: str) -> text.Rendered:
        return text.as_typed(source)

    service = replace(house.service, render=hang)
    assert await render_again(service) == Report(1, 1)
    assert "**bold**" in (await house.comment(comment.id)).html
    assert await count_stale(service) == 0


MANY = 320
LONG = "\n\n".join(f"**{n}** words" for n in range(40))


async def fill_with_stale(house: House) -> None:
    """Store many comments of an older version in ten threads, by SQL that both engines know."""

    async def store(tx: Transaction) -> None:
        for thread in range(1, 11):
            await tx.fetch(
                """INSERT INTO threads (thread_id, site_id, key, page_size, created_at, floors, count)
                   VALUES (:t, :s, :key, 10, 0, :n, :n)""",
                {"t": thread, "s": house.site.site_id, "key": f"/{thread}", "n": MANY // 10},
            )
        for n in range(MANY):
            await tx.fetch(
                """INSERT INTO comments (thread_id, id, site_id, root_id, depth, floor, root_floor,
                       ordinal, status, restores_to, name, body, html, excerpt, renderer, digest,
                       created_at, published_at)
                   VALUES (:t, :id, :s, :id, 0, :floor, :floor, 0, 'approved', 'approved', 'alice',
                       :body, '<p>old</p>', 'old', '0', :digest, 1, 1)""",
                {
                    "t": n % 10 + 1,
                    "id": n + 1,
                    "s": house.site.site_id,
                    "floor": n // 10 + 1,
                    "body": f"{n}: {LONG}",
                    "digest": str(n),
                },
            )

    await house.service.database.write(store)


@asynccontextmanager
async def from_outside(url: str) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Counts stale comments by a connection of its own, whoever writes."""
    sql = "SELECT count(*) FROM comments WHERE renderer = '0'"
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))

        async def count() -> int:
            return int(connection.execute(sql).fetchone()[0])

        yield count
        connection.close()
    else:
        server = await asyncpg.connect(url)
        yield lambda: server.fetchval(sql)
        await server.close()


def start(url: str, folder: Path) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COMMENTS_")}
    return subprocess.Popen(
        [sys.executable, "-m", "comments_service", "render-again"],
        env=kept | {"COMMENTS_DATA_DIR": str(folder), "COMMENTS_DATABASE_URL": url},
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
async def test_a_command_that_was_stopped_goes_on_where_it_was(
    database_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    async with house_on(database_url, tmp_path, Clock()) as house:
        await fill_with_stale(house)
    async with from_outside(database_url) as stale:
        process = start(database_url, tmp_path)
        while await stale() == MANY:
            assert process.poll() is None, process.communicate()
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
        left = await stale()
    assert 0 < left < MANY
    if number == signal.SIGINT:
        assert process.returncode == 1
        assert "Run it again to go on" in said and "Traceback" not in said
    async with house_on(database_url, tmp_path, Clock()) as house:
        done = await render_again(house.service)
        assert 0 < done.comments <= left, "a commit may have been on its way"
        found = await rows(house)
        assert {comment.renderer for comment in found.values()} == {RENDERER}
        assert all(f"<p>{n - 1}: " in comment.html for n, comment in found.items())
        assert sorted(await changes(house)) == [("edited", n) for n in range(1, MANY + 1)]
