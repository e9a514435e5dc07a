"""Once: one press, one comment, and success each time."""

from __future__ import annotations

import asyncio

import pytest

from comments_service.errors import ParentUnknown, SubmissionKeyReused, ThreadClosed
from comments_service.operations import deciding
from comments_service.operations.commenting import DUPLICATE_WINDOW
from comments_service.operations.deciding import Ask
from tests.conftest import MONA, SECOND, House

TRIALS, AT_ONCE = 25, 100  # on each engine with a key and without: 50 of each engine


async def stored(house: House, thread: str) -> int:
    return len((await house.page(thread=thread)).roots)


@pytest.mark.parametrize("key", [None, "press-{trial}"])
async def test_a_hundred_equal_posts_at_once_are_one_comment_and_a_hundred_successes(
    house: House, key: str | None
) -> None:
    for trial in range(TRIALS):
        thread = f"/trial/{trial}"
        named = key.format(trial=trial) if key else None
        posts = (house.post("the same words", thread=thread, key=named) for _ in range(AT_ONCE))
        results = await asyncio.gather(*posts)
        assert len({posted.comment.id for posted in results}) == 1
        assert sum(not posted.replayed for posted in results) == 1
        assert await stored(house, thread) == 1


async def test_the_same_words_without_a_key_are_one_comment_within_the_window(house: House) -> None:
    first = await house.post("hello")
    house.clock.advance(DUPLICATE_WINDOW / SECOND - 1)
    second = await house.post("hello")
    assert second.replayed and second.comment.id == first.comment.id
    assert second.receipt == first.receipt
    house.clock.advance(1)
    third = await house.post("hello")
    assert not third.replayed and await stored(house, "/post") == 2
    assert (await house.post("hello")).comment.id == third.comment.id


async def test_a_key_names_one_press_however_late_and_from_wherever(house: House) -> None:
    first = await house.post("hello", key="k")
    house.clock.advance(90 * 24 * 3600)
    again = await house.post("hello", key="k", address="203.0.113.9")
    assert again.replayed and again.comment.id == first.comment.id


async def test_a_key_used_for_other_content_is_refused_by_name(house: House) -> None:
    await house.post("hello", key="k")
    with pytest.raises(SubmissionKeyReused):
        await house.post("something else", key="k")
    assert await stored(house, "/post") == 1


async def test_two_tabs_with_two_keys_and_the_same_words_are_one_comment(house: House) -> None:
    first = await house.post("hello", key="tab 1")
    second = await house.post("hello", key="tab 2")
    assert second.replayed and second.comment.id == first.comment.id


async def test_what_differs_is_not_a_twin(house: House) -> None:
    root = (await house.post("hello")).comment
    others = [
        await house.post("hello", name="bob"),
        await house.post("hello", to=root),
        await house.post("hello", email="alice@blog.example"),
        await house.post("hello", address="203.0.113.9"),
        await house.post("hello!"),
    ]
    assert not any(posted.replayed for posted in others)


async def test_nobody_is_handed_somebody_elses_receipt(house: House) -> None:
    posts = (
        house.post("same words", name=f"poster {number}", address=f"198.51.100.{number}")
        for number in range(200)
    )
    results = await asyncio.gather(*posts)
    assert len({posted.comment.id for posted in results}) == 200
    for number, posted in enumerate(results):
        assert posted.comment.name == f"poster {number}"
        assert posted.receipt.startswith(f"{posted.comment.id}.")


async def test_a_retry_succeeds_even_when_the_thread_or_parent_has_closed_since(
    house: House,
) -> None:
    root = (await house.post("root")).comment
    reply = await house.post("reply", to=root, key="k")
    await deciding.decide(house.service, MONA, [Ask(root.id, root.version, "delete")])
    assert (await house.post("reply", to=root, key="k")).comment.id == reply.comment.id
    with pytest.raises(ParentUnknown):
        await house.post("another reply", to=root)
    close = "UPDATE threads SET open = 0 WHERE thread_id = :t"
    await house.service.database.write(lambda tx: tx.fetch(close, {"t": root.thread_id}))
    assert (await house.post("reply", to=root, key="k")).replayed
    with pytest.raises(ThreadClosed):
        await house.post("too late")


async def test_spam_that_was_caught_stays_caught_when_it_is_sent_again(house: House) -> None:
    spam = (await house.post("buy pills")).comment
    await deciding.decide(house.service, MONA, [Ask(spam.id, spam.version, "spam")])
    assert (await house.post("buy pills")).replayed
    assert not (await house.page()).roots
