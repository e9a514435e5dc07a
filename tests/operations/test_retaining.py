"""What is forgotten when its time is over, and what is not."""

from __future__ import annotations

import pytest

from comments_service.core.permissions import OPERATOR
from comments_service.operations import inviting, regulating, retaining
from comments_service.operations.regulating import Given
from tests.conftest import House
from tests.people import account, signed_in

DAY = 24 * 3600


async def number_in(house: House, table: str) -> int:
    return int((await house.service.database.fetch(f"SELECT count(*) FROM {table}"))[0][0])


async def test_hits_of_rules_outlive_the_figures_and_no_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retaining, "_PIECE", 2)
    given = [
        Given("words", {"words": [word]}, action="hold", state="shadow") for word in ("old", "new")
    ]
    old, new = await regulating.add(house.service, OPERATOR, given)
    for number in range(5):
        await house.post(f"old words {number}")
    house.clock.advance(399 * DAY)
    await house.post("old and new words")
    await retaining.tidy(house.service)
    found = await regulating.records(house.service, OPERATOR, [old, new])
    assert (found[old.rule_id].hits, found[new.rule_id].hits) == (6, 1)
    house.clock.advance(2 * DAY)
    await retaining.tidy(house.service)
    found = await regulating.records(house.service, OPERATOR, [old, new])
    assert (found[old.rule_id].hits, found[new.rule_id].hits) == (1, 1)


async def test_what_let_somebody_in_is_forgotten_when_it_does_no_more(house: House) -> None:
    await signed_in(house, await account(house, "mona", "moderator"))
    await inviting.invite(house.service, OPERATOR, "bob@blog.example", "reader", None)
    await retaining.tidy(house.service)
    assert (await number_in(house, "sessions"), await number_in(house, "invitations")) == (1, 1)
    house.clock.advance(100 * DAY)
    await retaining.tidy(house.service)
    assert (await number_in(house, "sessions"), await number_in(house, "invitations")) == (0, 0)
