"""Imports: the old order, the old ids, the old pages; once; and nothing that was there moves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comments_service.core.imported import Import, ImportedComment, ImportedThread
from comments_service.core.moderation import Status
from comments_service.demo import THREAD
from comments_service.importers import typecho
from comments_service.operations import deciding, maintaining, reading
from comments_service.operations.deciding import Ask
from comments_service.operations.importing import import_comments
from comments_service.storage import comments
from tests.conftest import MONA, SECOND, House
from tests.servers import ROOT

SAMPLE = ROOT / "comments_service" / "demo" / "typecho.sqlite"


def said(old_id: int, parent: int | None = None, status: Status = "approved") -> ImportedComment:
    return ImportedComment(
        old_id,
        parent,
        f"author {old_id}",
        "",
        "",
        "",
        "",
        f"old words {old_id}",
        status,
        old_id * SECOND,
    )


def conversation(*found: ImportedComment, key: str = "/archives/1", page_size: int = 4) -> Import:
    thread = ImportedThread(
        key, f"https://old.example{key}", "Title", True, page_size, 0, list(found)
    )
    return Import("typecho", [thread])


async def floors(house: House, *ids: int) -> list[int | None]:
    return [(await house.comment(number)).floor for number in ids]


async def test_roots_get_floors_in_their_old_order_and_ids_are_kept(house: House) -> None:
    found = conversation(said(29105), said(29107), said(29106, 29107), said(29110))
    report = await import_comments(house.service, "blog", found)
    assert report.ids_kept and report.by_status == {"approved": 4}
    assert await floors(house, 29105, 29107, 29106, 29110) == [1, 2, None, 3]
    thread, reply = await reading.resolve(house.service, 29106, house.site)
    assert (reply.parent_id, reply.depth, reply.root_floor) == (29107, 1, 2)
    assert (thread.page_size, thread.title, thread.url) == (
        4,
        "Title",
        "https://old.example/archives/1",
    )
    assert reply.published_at == reply.created_at == 29106 * SECOND


async def test_a_child_older_than_its_parent_takes_no_floor_from_it(house: House) -> None:
    await import_comments(
        house.service, "blog", conversation(said(1), said(2, 4), said(3), said(4))
    )
    assert await floors(house, 1, 3, 4) == [1, 2, 3]
    assert (await house.comment(2)).root_floor == 3


async def test_what_waited_waits_and_gets_its_place_when_it_is_approved(house: House) -> None:
    found = conversation(said(1), said(2, status="pending"), said(3, status="spam"), said(4))
    await import_comments(house.service, "blog", found)
    assert await floors(house, 1, 2, 3, 4) == [1, None, None, 2]
    assert "imported" in (await house.comment(2)).reasons
    await deciding.decide(house.service, MONA, [Ask(2, 1, "approve")])
    assert await floors(house, 1, 2, 4) == [1, 3, 2]


async def test_an_import_is_done_once_and_goes_on_where_it_stopped(house: House) -> None:
    first = conversation(said(1), said(2, 1))
    await import_comments(house.service, "blog", first)
    more = conversation(said(1), said(2, 1), said(3), said(4, 2))
    report = await import_comments(house.service, "blog", more)
    assert (report.there, report.by_status.total()) == (2, 2)
    page = await house.page(thread="/archives/1")
    assert [root.comment.body for root in page.roots] == ["old words 1", "old words 3"]
    again = await import_comments(house.service, "blog", more)
    assert (again.there, again.threads) == (4, 0)


async def test_a_site_with_comments_keeps_them_and_old_ids_lead_to_the_new(house: House) -> None:
    mine = (await house.post("was here first", thread="/archives/1")).comment
    report = await import_comments(house.service, "blog", conversation(said(7), said(8, 7)))
    assert not report.ids_kept
    assert (await house.comment(mine.id)).floor == 1
    thread, comment = await reading.resolve(house.service, 8, house.site)
    assert comment.id != 8 and comment.body == "old words 8" and thread.key == "/archives/1"
    parent = await house.comment(comment.parent_id or 0)
    assert (parent.body, parent.floor) == ("old words 7", 2)


async def test_two_sites_with_the_same_old_ids_do_not_meet(house: House) -> None:
    await import_comments(house.service, "blog", conversation(said(7)))
    report = await import_comments(house.service, "other", conversation(said(7), said(8)))
    assert not report.ids_kept
    other = await maintaining.add_site(house.service, "other", [])
    _, mapped = await reading.resolve(house.service, 7, other)
    assert mapped.id != 7 and mapped.site_id == other.site_id


async def test_a_dry_run_stores_nothing(house: House) -> None:
    found = conversation(said(1), said(2))
    for slug in ("blog", "unheard-of"):
        report = await import_comments(house.service, slug, found, dry_run=True)
        assert report.by_status == {"approved": 2} and report.ids_kept
    assert await comments.find(house.service.database, 1) is None
    sites = await maintaining.list_sites(house.service)
    assert [site.slug for site in sites] == ["blog", "default"]


async def test_an_import_that_was_cut_short_keeps_the_ids_of_the_rest(house: House) -> None:
    await import_comments(house.service, "blog", conversation(said(1)))
    await house.post("written here meanwhile", thread="/archives/1")
    report = await import_comments(house.service, "blog", conversation(said(1), said(2)))
    assert report.ids_kept and await floors(house, 1, 2) == [1, 3]


async def test_the_real_typecho_database_comes_over_whole(house: House) -> None:
    found = typecho.read(SAMPLE)
    report = await import_comments(house.service, "blog", found)
    assert report.ids_kept
    for imported in found.threads:
        await compare(house, imported)
    thread = await reading.thread(house.service, house.site, THREAD)
    assert thread.floors // thread.page_size >= 3
    child = await house.comment(17184)
    assert child.parent_id == 17383


async def compare(house: House, imported: ImportedThread) -> None:
    """Hold what readers see against what the old blog showed."""
    thread = await reading.thread(house.service, house.site, imported.key)
    approved = [c for c in imported.comments if c.status == "approved"]
    roots = [c.old_id for c in approved if c.parent is None]
    assert (thread.count, thread.floors) == (len(approved), len(roots))
    shown = []
    for number in range(1, -(-len(roots) // thread.page_size) + 1):
        page = await reading.page(house.service, thread, number)
        shown += [(root.comment.id, root.comment.floor) for root in page.roots]
    assert shown == [(old_id, floor) for floor, old_id in enumerate(roots, start=1)]
    stored = {
        c.id: c
        for c in await comments.find_many(
            house.service.database, [c.old_id for c in imported.comments]
        )
    }
    assert len(stored) == len(imported.comments)
    for item in imported.comments:
        assert stored[item.old_id].body == item.body
        assert stored[item.old_id].parent_id == item.parent
        assert stored[item.old_id].status == item.status


async def test_a_changed_setting_moves_no_imported_page(house: House) -> None:
    await import_comments(house.service, "blog", conversation(*(said(n) for n in range(1, 10))))
    again = replace(conversation(said(10)).threads[0], page_size=7)
    await import_comments(house.service, "blog", Import("typecho", [again]))
    thread = await reading.thread(house.service, house.site, "/archives/1")
    assert (thread.page_size, thread.floors) == (4, 10)


@pytest.mark.parametrize("old_id", [0, 404, 2**62])
async def test_ids_that_nobody_had_lead_nowhere(house: House, old_id: int) -> None:
    from comments_service.errors import CommentUnknown

    await import_comments(house.service, "blog", conversation(said(7)))
    with pytest.raises(CommentUnknown):
        await reading.place(house.service, old_id, house.site)
