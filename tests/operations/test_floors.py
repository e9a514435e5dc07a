"""Floors and pages: given at first publication, never moved, whatever happens to whoever."""

from __future__ import annotations

import random

from comments_service.core.models import Comment
from comments_service.core.moderation import Action
from comments_service.core.tree import MAX_NESTING, SHOWN_REPLIES, Node
from comments_service.operations import commenting, deciding, reading
from comments_service.operations.deciding import Ask
from tests.conftest import MONA, House


async def decide(house: House, comment_id: int, action: Action) -> str:
    comment = await house.comment(comment_id)
    _, outcomes = await deciding.decide(
        house.service, MONA, [Ask(comment_id, comment.version, action)]
    )
    return outcomes[0].result


def floors(page: reading.Page) -> list[int | None]:
    return [root.comment.floor for root in page.roots]


def bodies(nodes: list[Node]) -> list[str]:
    return [text for node in nodes for text in (node.comment.body, *bodies(node.replies))]


async def test_floors_are_given_in_the_order_of_publication(house: House) -> None:
    posted = [await house.post(f"comment {number}") for number in range(12)]
    assert [item.comment.floor for item in posted] == list(range(1, 13))
    assert floors(await house.page(1)) == list(range(1, 11))
    assert floors(await house.page(2)) == [11, 12]


async def test_a_waiting_comment_gets_the_next_floor_when_it_is_approved(
    strict_house: House,
) -> None:
    house = strict_house
    early = (await house.post("early")).comment
    late = (await house.post("late")).comment
    assert early.floor is None and not (await house.page()).roots
    await decide(house, late.id, "approve")
    await decide(house, early.id, "approve")
    assert (await house.comment(late.id)).floor == 1
    assert (await house.comment(early.id)).floor == 2


async def test_nothing_a_moderator_does_moves_a_floor(house: House) -> None:
    posted = [(await house.post(f"comment {number}")).comment for number in range(15)]
    before = {comment.id: comment.floor for comment in posted}
    dice = random.Random(7)
    actions: list[Action] = ["approve", "hold", "spam", "reject", "delete", "restore"]
    for _ in range(150):
        await decide(house, dice.choice(posted).id, dice.choice(actions))
    fresh = (await house.post("afterwards")).comment
    assert fresh.floor == 16
    assert {c.id: (await house.comment(c.id)).floor for c in posted} == before


async def test_a_changed_page_size_moves_nothing(house: House) -> None:
    for number in range(12):
        await house.post(f"comment {number}")
    thread = await reading.thread(house.service, house.site, "/post")
    assert thread.page_size == house.service.settings.page_size == 10
    object.__setattr__(house.service.settings, "page_size", 3)
    assert floors(await house.page(1)) == list(range(1, 11))
    assert (await house.post("new", thread="/other")).thread.page_size == 3


async def test_replies_stand_below_what_they_answer(house: House) -> None:
    first = (await house.post("1")).comment
    second = (await house.post("2")).comment
    reply = (await house.post("1.1", to=first)).comment
    await house.post("2.1", to=second)
    await house.post("1.2", to=first)
    await house.post("1.1.1", to=reply)
    assert bodies((await house.page()).roots) == ["1", "1.1", "1.1.1", "1.2", "2", "2.1"]


async def test_any_depth_is_stored_truthfully_and_shown_within_bounds(house: House) -> None:
    comment = (await house.post("root")).comment
    chain: list[Comment] = [comment]
    for depth in range(1, 41):
        chain.append((await house.post(f"level {depth}", to=chain[-1])).comment)
    assert [c.depth for c in chain] == list(range(41))
    assert [c.parent_id for c in chain[1:]] == [c.id for c in chain[:-1]]
    assert max(len(c.path) for c in chain) == MAX_NESTING * 8

    def deepest(nodes: list[Node]) -> int:
        return max((1 + deepest(node.replies) for node in nodes), default=0)

    page = await house.page()
    assert deepest(page.roots) == MAX_NESTING + 1
    assert bodies(page.roots) == ["root", *(f"level {depth}" for depth in range(1, 41))]


async def test_a_root_with_many_replies_shows_the_first_and_a_cursor_for_more(house: House) -> None:
    root = (await house.post("root")).comment
    for number in range(SHOWN_REPLIES * 2 + 5):
        await house.post(f"reply {number}", to=root)
    page = await house.page()
    assert len(page.roots[0].replies) == SHOWN_REPLIES
    assert page.roots[0].comment.replies == SHOWN_REPLIES * 2 + 5
    seen, cursor = [], 0
    while True:
        _, _, found, following = await reading.replies(house.service, root.id, house.site, cursor)
        seen += [comment.body for comment in found]
        if following is None:
            break
        cursor = following
    assert seen == [f"reply {number}" for number in range(SHOWN_REPLIES, SHOWN_REPLIES * 2 + 5)]


async def test_a_removed_comment_with_replies_is_a_tombstone_without_is_gone(house: House) -> None:
    parent = (await house.post("parent")).comment
    leaf = (await house.post("leaf")).comment
    await house.post("child", to=parent)
    await decide(house, parent.id, "delete")
    await decide(house, leaf.id, "spam")
    page = await house.page()
    assert [root.comment.id for root in page.roots] == [parent.id]
    assert not page.roots[0].comment.visible and page.roots[0].replies[0].comment.body == "child"


async def test_a_reply_approved_before_its_parent_keeps_the_parents_place(
    strict_house: House,
) -> None:
    """Only an import stores a reply below something that waits; the tree must hold all the same."""
    from dataclasses import replace

    from comments_service.storage import comments, threads

    house = strict_house
    parent = (await house.post("parent")).comment

    async def smuggle(tx: object) -> int:
        await threads.lock(tx, parent.thread_id)  # type: ignore[arg-type]
        child = replace(
            parent, id=parent.id + 1, parent_id=parent.id, depth=1, body="child", fingerprint=None
        )
        await comments.insert(tx, child)  # type: ignore[arg-type]
        return child.id

    child = await house.service.database.write(smuggle)
    assert await decide(house, child, "approve") == "done"
    page = await house.page()
    assert floors(page) == [1] and not page.roots[0].comment.visible
    assert page.roots[0].replies[0].comment.body == "child"
    await decide(house, parent.id, "approve")
    assert bodies((await house.page()).roots) == ["parent", "child"]


async def test_counts_follow_what_readers_can_see(house: House) -> None:
    root = (await house.post("root")).comment
    await house.post("reply", to=root)
    await decide(house, root.id, "spam")
    counts = await reading.counts(house.service, house.site, ["/post", "/nothing"])
    assert counts == {"/post": 1, "/nothing": 0}
    await decide(house, root.id, "restore")
    assert (await reading.counts(house.service, house.site, ["/post/"]))["/post/"] == 2


async def test_authors_edit_and_delete_their_own(house: House) -> None:
    posted = await house.post("first words")
    visitor = commenting.Visitor(receipts=frozenset({posted.comment.id}))
    _, edited = await commenting.edit_comment(
        house.service, house.site, posted.comment.id, "second words", visitor
    )
    assert (edited.body, edited.floor, edited.version) == ("second words", 1, 2)
    await commenting.delete_comment(house.service, house.site, posted.comment.id, visitor)
    assert not (await house.page()).roots
    again = await house.post("first words")
    assert not again.replayed and again.comment.floor == 2
