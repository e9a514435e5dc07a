"""Accounts: who is what, who makes and removes whom, and that there is always an owner."""

from __future__ import annotations

import asyncio
import json

import pytest
from argon2 import PasswordHasher, Type

from comments_service.core.models import Visitor
from comments_service.core.permissions import ROLES, SCOPES, Actor
from comments_service.errors import (
    BadFields,
    InvitationInvalid,
    LastOwner,
    LoginFailed,
    ModeratorUnknown,
    NotPermitted,
    SiteUnknown,
    TokenUnknown,
)
from comments_service.operations import (
    accounts,
    entering,
    filtering,
    inviting,
    logbook,
    passwords,
    tokens,
)
from comments_service.operations.passwords import matches, outdated
from comments_service.storage import people
from tests.conftest import STRONG, House
from tests.people import HOME, PASSWORD, account, seen, signed_in


def fields(error: BadFields) -> list[tuple[str, str]]:
    return [(each.field, each.code) for each in error.errors]


async def acts(house: House) -> list[str]:
    """What is on record, the oldest first."""
    return [act.action for act in reversed(await logbook.latest(house.service))]


async def test_the_first_account_is_an_owner_and_later_ones_moderate(house: House) -> None:
    olga = await accounts.add(house.service, " Olga@Blog.example ", PASSWORD)
    mona = await accounts.add(house.service, "mona@blog.example", PASSWORD)
    assert (olga.email, olga.role, mona.role) == ("olga@blog.example", "owner", "moderator")
    again = await accounts.add(house.service, "mona@blog.example", "another horse battery")
    assert (again.moderator_id, again.role) == (mona.moderator_id, "moderator")
    with pytest.raises(LoginFailed):
        await entering.login(house.service, "mona@blog.example", PASSWORD, HOME)
    reader = await accounts.add(house.service, "mona@blog.example", PASSWORD, "reader")
    assert reader.role == "reader"
    assert await acts(house) == ["account", "account", "password", "password"]


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_invalid"),
        ("x" * 1_001, "password_invalid"),
        ("password123", "password_common"),
        ("1234567890", "password_common"),
        ("qwertyuiop", "password_common"),
        ("olga@blog.example", "password_common"),
        ("ｐａｓｓｗｏｒｄ１２３", "password_common"),
    ],
)
async def test_passwords_that_others_guess_are_refused(
    house: House, password: str, code: str
) -> None:
    with pytest.raises(BadFields) as refused:
        await accounts.add(house.service, "olga@blog.example", password)
    assert fields(refused.value) == [("password", code)]
    assert password not in str(refused.value.errors)


async def test_one_password_can_be_typed_in_several_ways(house: House) -> None:
    await accounts.add(house.service, "olga@blog.example", "très joli cheval")
    entered = await entering.login(
        house.service, "olga@blog.example", "tre\u0300s joli cheval", HOME
    )
    assert entered.cookie


def test_passwords_are_kept_by_argon2id_at_full_cost() -> None:
    assert STRONG.type is Type.ID
    assert STRONG.memory_cost >= 64 * 1024 and STRONG.time_cost >= 3  # RFC 9106, 4


async def test_old_hashes_are_renewed_at_the_next_login(house: House) -> None:
    olga = await account(house)
    old = PasswordHasher(time_cost=2, memory_cost=64).hash(PASSWORD)
    await house.service.database.write(lambda tx: people.save_password(tx, olga.moderator_id, old))
    assert outdated(old)
    await signed_in(house, olga)
    found = await accounts.own(house.service, olga)
    assert not outdated(found.password_hash) and await matches(found.password_hash, PASSWORD)


@pytest.mark.parametrize("email", ["olga@blog.example", "nobody@blog.example", "a\0b", ""])
async def test_unknown_names_cost_as_much_as_known_ones(
    house: House, monkeypatch: pytest.MonkeyPatch, email: str
) -> None:
    await account(house)
    compared = []

    def spy(stored: str | None, password: str) -> bool:
        compared.append(password)
        return really(stored, password)

    really = passwords._matches
    monkeypatch.setattr(passwords, "_matches", spy)
    with pytest.raises(LoginFailed) as refused:
        await entering.login(house.service, email, "wrong horse battery", HOME)
    assert compared == ["wrong horse battery"]
    assert str(refused.value) == "The e-mail address or the password is wrong."


async def test_there_is_always_an_owner(house: House) -> None:
    olga, otto = await account(house), await account(house, "otto")
    both = [
        accounts.change(house.service, olga, otto.moderator_id, "reader", None),
        accounts.remove(house.service, otto, olga.moderator_id),
    ]
    results = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["LastOwner", "NoneType"]
    [left] = [each for each, _ in await people.every_moderator(house.service.database)
              if each.role == "owner"]  # fmt: skip
    with pytest.raises(LastOwner):
        await accounts.remove(house.service, olga, left.moderator_id)
    with pytest.raises(LastOwner):
        await accounts.add(house.service, left.email, PASSWORD, "moderator")


async def test_a_role_counts_from_the_next_request(house: House) -> None:
    olga, mona = await account(house), await account(house, "mona", "moderator")
    cookie, site = await signed_in(house, mona), house.site.site_id
    assert await seen(house, cookie) == mona
    await accounts.change(house.service, olga, mona.moderator_id, "reader", frozenset({site}))
    now = await seen(house, cookie)
    assert now and (now.may, now.sites) == (ROLES["reader"], frozenset({site}))
    detail = json.loads((await logbook.latest(house.service))[0].detail)
    assert detail == {"moderator": str(mona.moderator_id), "before": ["moderator", ""],
                      "after": ["reader", str(site)]}  # fmt: skip


async def test_who_is_removed_is_out_at_once_and_stays_on_record(house: House) -> None:
    olga, mona = await account(house), await account(house, "mona", "moderator")
    cookie = await signed_in(house, mona)
    await filtering.save(house.service, mona, "mine", "status=spam")
    await inviting.new_password(house.service, olga, mona.moderator_id)
    await accounts.remove(house.service, olga, mona.moderator_id)
    assert await seen(house, cookie) is None
    with pytest.raises(LoginFailed):
        await entering.login(house.service, mona.label, PASSWORD, HOME)
    with pytest.raises(ModeratorUnknown):
        await accounts.remove(house.service, olga, mona.moderator_id)
    record = await logbook.latest(house.service)
    assert (record[0].action, record[0].actor) == ("remove", olga.name)
    assert "mona@" not in "".join(act.detail for act in record)
    assert (await logbook.verify(house.service)).wrong is None


async def test_only_owners_manage(house: House) -> None:
    service, olga = house.service, await account(house)
    mona = await account(house, "mona", "moderator")
    here = frozenset({house.site.site_id})
    others = [
        mona,
        await account(house, "rita", "reader"),
        Actor("token:1", "spam bot", SCOPES["read"] | SCOPES["moderate"]),
        Actor("token:2", "of one site", SCOPES["manage"], here),
    ]
    for actor in others:
        for work in (
            accounts.everybody(service, actor),
            accounts.change(service, actor, mona.moderator_id, "owner", None),
            accounts.remove(service, actor, olga.moderator_id),
            accounts.end_sessions(service, actor, olga.moderator_id),
            inviting.invite(service, actor, "mallory@evil.example", "owner", None),
            inviting.new_password(service, actor, olga.moderator_id),
            inviting.open_ones(service, actor),
            inviting.withdraw(service, actor, 1),
            tokens.every(service, actor),
            tokens.create(service, actor, ["manage"]),
            tokens.revoke(service, actor, 1),
        ):
            with pytest.raises(NotPermitted):
                await work


# --- One-time links ---


async def test_an_owner_invites_by_a_link_that_works_once(house: House) -> None:
    olga, here = await account(house), frozenset({house.site.site_id})
    _, secret = await inviting.invite(house.service, olga, "Mona@blog.example", "moderator", here)
    assert (await inviting.invited(house.service, secret)).email == "mona@blog.example"
    with pytest.raises(BadFields):
        await inviting.accept(house.service, secret, "", "short", HOME)
    cookie = await inviting.accept(house.service, secret, "mallory@evil.example", PASSWORD, HOME)
    mona = await seen(house, cookie)
    assert mona and (mona.label, mona.may, mona.sites) == (
        "mona@blog.example", ROLES["moderator"], here,
    )  # fmt: skip
    for spent in (secret, "made up", ""):
        with pytest.raises(InvitationInvalid):
            await inviting.accept(house.service, spent, "", PASSWORD, HOME)
    with pytest.raises(BadFields) as known:
        await inviting.invite(house.service, olga, "mona@blog.example", "reader", None)
    assert fields(known.value) == [("email", "email_known")]
    assert await acts(house) == ["account", "invite", "join", "login"]


async def test_a_link_ends_by_time_by_hand_and_by_a_newer_one(house: House) -> None:
    service, olga = house.service, await account(house)

    async def invite() -> tuple[int, str]:
        made, secret = await inviting.invite(service, olga, "mona@blog.example", "reader", None)
        return made.invitation_id, secret

    _, older = await invite()
    number, newer = await invite()
    assert [each.invitation_id for each in await inviting.open_ones(service, olga)] == [number]
    await inviting.withdraw(service, olga, number)
    _, late = await invite()
    house.clock.advance(inviting.INVITATION_SECONDS)
    assert await inviting.open_ones(service, olga) == []
    for secret in (older, newer, late):
        with pytest.raises(InvitationInvalid):
            await inviting.accept(service, secret, "", PASSWORD, HOME)


async def test_the_first_links_race_makes_one_owner(house: House) -> None:
    first, second = [await inviting.invite_first(house.service) for _ in range(2)]
    assert first and second
    tries = (
        inviting.accept(house.service, secret, f"{name}@blog.example", PASSWORD, HOME)
        for secret, name in ((first, "olga"), (first, "mallory"), (second, "otto"))
    )
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, str) for result in results) == 1
    assert len(await people.every_moderator(house.service.database)) == 1


async def test_a_link_for_a_new_password_ends_all_sessions_and_signs_nobody_in(
    house: House,
) -> None:
    olga, mona = await account(house), await account(house, "mona", "moderator")
    cookie = await signed_in(house, mona)
    _, secret = await inviting.new_password(house.service, olga, mona.moderator_id)
    assert await inviting.accept(house.service, secret, "", "another horse battery", HOME) == ""
    assert await seen(house, cookie) is None
    with pytest.raises(LoginFailed):
        await signed_in(house, mona)
    entered = await entering.login(house.service, mona.label, "another horse battery", HOME)
    now = await seen(house, entered.cookie)
    assert now and now.may == ROLES["moderator"]
    with pytest.raises(InvitationInvalid):
        await inviting.accept(house.service, secret, "", PASSWORD, HOME)


# --- Tokens ---


async def test_a_token_is_shown_once_and_does_what_its_scopes_say(house: House) -> None:
    service, olga = house.service, await account(house)
    here = frozenset({house.site.site_id})
    token, secret = await tokens.create(
        service, olga, ["moderate", "read"], name=" spam  bot ", sites=here, days=30
    )
    assert (token.name, token.scopes, token.created_by) == ("spam bot", "read moderate", olga.name)
    assert secret not in repr(await tokens.every(service, olga))
    bot = await tokens.actor_of(service, secret)
    assert bot == Actor(token.actor, "spam bot", SCOPES["moderate"], here)
    assert await accounts.labels(service, [token.actor, olga.name, "author"]) == {
        token.actor: "spam bot", olga.name: olga.label,
    }  # fmt: skip
    first = (await tokens.every(service, olga))[0].used_at
    house.clock.advance(10)
    await tokens.actor_of(service, secret)
    assert first and (await tokens.every(service, olga))[0].used_at == first
    house.clock.advance(300)
    await tokens.actor_of(service, secret)
    assert (await tokens.every(service, olga))[0].used_at == first + 310_000_000
    house.clock.advance(30 * 24 * 3600)
    assert await tokens.actor_of(service, secret) is None
    await tokens.revoke(service, olga, token.token_id)
    with pytest.raises(TokenUnknown):
        await tokens.revoke(service, olga, token.token_id)
    assert await acts(house) == ["account", "token", "revoke"]


async def test_what_is_wrong_with_a_token_is_named(house: House) -> None:
    olga = await account(house)
    for scopes, name, days, wrong in (
        ([], "x", None, ["scopes"]),
        (["read", "burn"], "x", None, ["scopes"]),
        (["read"], "", 0, ["name", "expires_days"]),
        (["read"], "x" * 61, 4_000, ["name", "expires_days"]),
    ):
        with pytest.raises(BadFields) as refused:
            await tokens.create(house.service, olga, scopes, name=name, days=days)
        assert [field for field, _ in fields(refused.value)] == wrong
    with pytest.raises(SiteUnknown):
        await accounts.sites_named(house.service, ["blog", "nowhere"])
    with pytest.raises(BadFields):
        await accounts.add(house.service, "otto@blog.example", PASSWORD, "owner", frozenset({1}))


async def test_a_visitor_without_address_or_browser_can_sign_in(house: House) -> None:
    olga = await account(house)
    entered = await entering.login(house.service, olga.label, PASSWORD, Visitor())
    assert await seen(house, entered.cookie) == olga
