"""A house in which mallory has typed every attack into every field that takes it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from comments_service.core.characters import clean_line
from comments_service.core.draft import NAME, TITLE, Draft, web_address
from comments_service.core.models import Comment, Visitor
from comments_service.operations import accounts, commenting, deciding
from comments_service.operations.deciding import Ask
from tests.attacks import Attack
from tests.conftest import BLOG, MONA, Clock, House, house_on
from tests.people import attacked

MONAS, PASSWORD = "mona@blog.example", "correct horse battery"
ROOTS, REPLIES = 100, 3  # of a thread, which is one page
HIDDEN = ("hold", "spam", "reject", "delete")
EACH = 25  # comments that are decided on, for each of these actions


class Attacked(NamedTuple):
    """What is in the house: the comments that readers see, by thread."""

    threads: dict[str, list[Comment]]


def fill(folder: Path, attacks: Sequence[Attack]) -> Attacked:
    """Make the database of an attacked house."""
    with ThreadPoolExecutor() as pool:  # Playwright keeps a loop in this thread
        return pool.submit(asyncio.run, _fill(folder, attacks)).result()


async def _fill(folder: Path, attacks: Sequence[Attack]) -> Attacked:
    url = f"sqlite:///{folder}/comments.sqlite"
    async with house_on(url, folder, Clock(), page_size=ROOTS) as house:
        mona = await accounts.add(house.service, MONAS, PASSWORD)
        drafts = [draft for number in range(len(attacks)) if (draft := _draft(attacks, number))]
        size = ROOTS * (1 + REPLIES)
        threads = {
            f"/attacked/{start // size}": await _thread(
                house, f"/attacked/{start // size}", drafts[start : start + size]
            )
            for start in range(0, len(drafts), size)
        }
        decided = await _thread(house, "/decided", drafts[: EACH * len(HIDDEN)])
        asks = [
            Ask(comment.id, comment.version, HIDDEN[at // EACH], attacks[at].body[:200])
            for at, comment in enumerate(decided)
        ]
        await deciding.decide(house.service, MONA, asks)
        # Last of all: the rules among them would be asked about each comment.
        await attacked(house, mona, [attack.body for attack in attacks[::60]])
        return Attacked(threads)


def _draft(attacks: Sequence[Attack], number: int) -> Draft | None:
    """Say one attack in the body, and others as name, website, and address and title of the page."""
    others = [attacks[(number * step + step) % len(attacks)].body for step in (3, 7, 11)]
    website = clean_line(others[2])
    values = {
        "thread": "/x",
        "body": attacks[number].body,
        "website": website if web_address(website) else "",
        "url": f"{BLOG}/{others[1][:300]}",
        "title": others[1][:TITLE],
    }
    for name in (clean_line(others[0][:NAME]), f"mallory {number}"):
        try:
            return Draft(**values, name=name)
        except ValidationError:
            continue
    return None  # nothing is left of it, as with an empty text


async def _thread(house: House, key: str, drafts: list[Draft]) -> list[Comment]:
    """Post roots, then replies to them, many at once."""

    async def post(number: int, above: list[Comment]) -> Comment:
        draft = drafts[number].model_copy(update={"thread": key})
        if above:
            draft = draft.model_copy(update={"parent_id": above[number % len(above)].id})
        visitor = Visitor("192.0.2.1", draft.body[:200], frozenset())
        return (await commenting.post_comment(house.service, house.site, draft, visitor)).comment

    roots = range(min(len(drafts), ROOTS))
    posted = await asyncio.gather(*(post(number, []) for number in roots))
    below = range(len(roots), len(drafts))
    return [*posted, *await asyncio.gather(*(post(number, posted) for number in below))]
