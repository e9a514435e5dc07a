"""Sessions and second factors: how long they last, what ends them, and that nothing is good twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from comments_service.errors import BadFields, CodeWrong, LoginExpired, LoginFailed
from comments_service.operations import (
    accounts,
    entering,
    passwords,
    second_factor,
    sessions,
    vault,
)
from comments_service.operations.sessions import (
    IDLE_SECONDS,
    ROTATION_SECONDS,
    SESSION_SECONDS,
)
from tests.conftest import House
from tests.people import HOME, PASSWORD, account, app_code, seen, signed_in, with_second_factor


async def test_a_session_ends_when_it_is_idle_and_when_it_is_old(house: House) -> None:
    olga = await account(house)
    idle, used = await signed_in(house, olga), await signed_in(house, olga)
    for _ in range(SESSION_SECONDS // 3600 // 24 - 1):
        house.clock.advance(24 * 3600)
        assert await seen(house, used) == olga
    assert await seen(house, idle) is None
    assert len(await sessions.mine(house.service, olga)) == 1
    house.clock.advance(24 * 3600)
    assert await seen(house, used) is None and await sessions.mine(house.service, olga) == []


async def test_only_what_was_given_out_is_a_session(house: House) -> None:
    cookie = await signed_in(house, await account(house))
    number, _, secret = cookie.partition(".")
    rows = await house.service.database.fetch("SELECT secret_hash FROM sessions")
    for made_up in ("", ".", secret, f"{number}.", f"{number}.{rows[0][0]}", f"1.{secret}",
                    f"{number}.x.{secret}", f"{'9' * 30}.{secret}", "é.é"):  # fmt: skip
        assert await seen(house, made_up) is None
    assert secret not in str(rows)


async def test_that_a_session_was_seen_is_written_now_and_then(house: House) -> None:
    cookie = await signed_in(house, olga := await account(house))
    [first] = await sessions.mine(house.service, olga)
    elsewhere = replace(HOME, address="198.51.100.1", agent="curl")
    house.clock.advance(100)
    await sessions.find(house.service, cookie, elsewhere)
    assert await sessions.mine(house.service, olga) == [first]
    house.clock.advance(200)
    await sessions.find(house.service, cookie, elsewhere)
    [now] = await sessions.mine(house.service, olga)
    assert (now.address, now.agent) == ("198.51.100.1", "curl")
    assert now.seen_at == first.seen_at + 300_000_000


async def test_a_session_gets_a_new_secret_and_the_old_one_goes(house: House) -> None:
    service, olga = house.service, await account(house)
    old = await signed_in(house, olga)
    house.clock.advance(ROTATION_SECONDS + 1)
    found = await sessions.find(service, old, HOME)
    assert found and found.due
    both = await asyncio.gather(*(sessions.rotate(service, old) for _ in range(2)))
    new = max(both, key=lambda cookie: cookie != old)
    assert sessions.form_token(service, old) == sessions.form_token(service, new)
    # Whoever asked with the old one just now is heard, and so is who never got the new one.
    assert await seen(house, old) == await seen(house, new) == olga
    house.clock.advance(120)
    found = await sessions.find(service, old, HOME)
    assert found and found.due
    newest = await sessions.rotate(service, old)
    assert await seen(house, newest) == olga and await seen(house, new) is None
    house.clock.advance(120)
    assert await seen(house, newest) == olga  # it was used: the old one counts no more
    assert await seen(house, old) is None and await sessions.rotate(service, old) == old
    assert await seen(house, old) is None


async def test_a_new_role_asks_for_a_new_secret(house: House) -> None:
    olga, mona = await account(house), await account(house, "mona", "reader")
    cookie = await signed_in(house, mona)
    found = await sessions.find(house.service, cookie, HOME)
    assert found and not found.due
    await accounts.change(house.service, olga, mona.moderator_id, "owner", None)
    found = await sessions.find(house.service, cookie, HOME)
    assert found and found.due


async def test_sessions_are_ended_one_by_one_and_all_others(house: House) -> None:
    service, olga = house.service, await account(house)
    mona = await account(house, "mona", "moderator")
    here, phone, tablet = [await signed_in(house, olga) for _ in range(3)]
    theirs = await signed_in(house, mona)
    await sessions.end(service, mona, sessions.number_of(phone))  # not hers: nothing happens
    await sessions.end(service, olga, sessions.number_of(phone))
    assert [await seen(house, each) for each in (here, phone, tablet)] == [olga, None, olga]
    assert await sessions.end_others(service, olga, sessions.number_of(here)) == 1
    assert await seen(house, here) == olga and await seen(house, theirs) == mona
    await accounts.end_sessions(service, olga, mona.moderator_id)
    assert await seen(house, theirs) is None


async def test_a_new_password_ends_the_other_sessions(house: House) -> None:
    service, olga = house.service, await account(house)
    here, elsewhere = await signed_in(house, olga), await signed_in(house, olga)
    with pytest.raises(BadFields):
        await passwords.confirmed(service, olga, "wrong horse battery")
    await passwords.change(service, olga, sessions.number_of(here), "another horse battery")
    assert await seen(house, here) == olga and await seen(house, elsewhere) is None
    with pytest.raises(LoginFailed):
        await signed_in(house, olga)


async def test_ended_sessions_are_forgotten(house: House) -> None:
    olga = await account(house)
    await signed_in(house, olga)
    house.clock.advance(IDLE_SECONDS + 1)
    await signed_in(house, olga)
    assert len(await house.service.database.fetch("SELECT 1 FROM sessions")) == 1


# --- The second factor ---


async def test_the_password_is_half_a_login_where_there_is_a_second_factor(house: House) -> None:
    service, olga = house.service, await account(house)
    offer, _ = await with_second_factor(house, olga)
    entered = await entering.login(service, olga.label, PASSWORD, HOME)
    assert entered.cookie == "" and await seen(house, entered.half) is None
    for wrong in ("", "000000", "12345", "é" * 6, app_code(offer.text, house.clock, 9)):
        with pytest.raises(CodeWrong):
            await entering.second_step(service, entered.half, wrong, HOME)
    code = app_code(offer.text, house.clock)
    spaced = f" {code[:3]} {code[3:]}"
    assert (
        await seen(house, await entering.second_step(service, entered.half, spaced, HOME)) == olga
    )
    with pytest.raises(CodeWrong):  # no code is good twice
        await entering.second_step(service, entered.half, code, HOME)


async def test_a_code_is_good_for_one_of_many_who_race_for_it(house: House) -> None:
    service, olga = house.service, await account(house)
    offer, codes = await with_second_factor(house, olga)
    for code in (app_code(offer.text, house.clock), codes[0]):
        halves = [await entering.login(service, olga.label, PASSWORD, HOME) for _ in range(4)]
        tries = (entering.second_step(service, each.half, code, HOME) for each in halves)
        results = await asyncio.gather(*tries, return_exceptions=True)
        assert sum(isinstance(result, str) for result in results) == 1


@pytest.mark.parametrize(
    ("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
async def test_a_clock_may_be_a_step_off(house: House, steps: int, good: bool) -> None:
    service, olga = house.service, await account(house)
    offer, _ = await with_second_factor(house, olga)
    house.clock.advance(300)
    half = (await entering.login(service, olga.label, PASSWORD, HOME)).half
    code = app_code(offer.text, house.clock, steps)
    if good:
        assert await entering.second_step(service, half, code, HOME)
        # What is older than the code that was used is spent as well.
        for older in range(-1, steps + 1):
            with pytest.raises(CodeWrong):
                await entering.second_step(
                    service, half, app_code(offer.text, house.clock, older), HOME
                )
    else:
        with pytest.raises(CodeWrong):
            await entering.second_step(service, half, code, HOME)


async def test_half_a_login_lasts_some_minutes_and_no_longer_than_the_password(
    house: House,
) -> None:
    service, olga = house.service, await account(house)
    offer, _ = await with_second_factor(house, olga)
    late = (await entering.login(service, olga.label, PASSWORD, HOME)).half
    house.clock.advance(entering.HALF_SECONDS + 2)
    stale = (await entering.login(service, olga.label, PASSWORD, HOME)).half
    await passwords.change(service, olga, 0, "another horse battery")
    for half in (
        late,
        stale,
        "",
        "made up",
        "é",
        vault.seal(service, "other", [olga.moderator_id]),
    ):
        with pytest.raises(LoginExpired):
            await entering.second_step(service, half, app_code(offer.text, house.clock), HOME)


async def test_each_recovery_code_lets_in_once(house: House) -> None:
    service, olga = house.service, await account(house)
    _, codes = await with_second_factor(house, olga)
    assert len(set(codes)) == 10 and await second_factor.codes_left(service, olga) == 10
    half = (await entering.login(service, olga.label, PASSWORD, HOME)).half
    typed = codes[3].upper().replace("-", " ")
    assert await seen(house, await entering.second_step(service, half, typed, HOME)) == olga
    with pytest.raises(CodeWrong):
        await entering.second_step(service, half, codes[3], HOME)
    assert await second_factor.codes_left(service, olga) == 9
    fresh = await second_factor.renew_codes(service, olga, PASSWORD)
    with pytest.raises(CodeWrong):
        await entering.second_step(service, half, codes[4], HOME)
    assert await entering.second_step(service, half, fresh[4], HOME)
    stored = await house.service.database.fetch("SELECT code_hash FROM recovery_codes")
    assert not any(code.replace("-", "") in str(stored) for code in fresh)


async def test_the_secret_is_stored_only_by_proof_and_encrypted(house: House) -> None:
    service, olga = house.service, await account(house)
    mona = await account(house, "mona", "moderator")
    offer = second_factor.offer(service, olga)
    assert offer.address.startswith("otpauth://totp/") and offer.text in offer.address
    assert second_factor.offered(service, olga, offer.sealed).text == offer.text  # type: ignore[union-attr]
    for sealed, actor in ((offer.sealed, mona), ("made up", olga), ("", olga)):
        assert second_factor.offered(service, actor, sealed) is None
    with pytest.raises(BadFields):
        await second_factor.switch_on(service, olga, 0, offer, "000000")
    assert (await accounts.own(service, olga)).totp == ""
    await with_second_factor(house, olga)
    house.clock.advance(second_factor.SETUP_SECONDS)
    assert second_factor.offered(service, olga, offer.sealed) is None
    kept = (await accounts.own(service, olga)).totp
    assert len(kept) > 100 and vault.unseal(service, "second factor", kept)
    assert vault.unseal(replace(service, secret="another"), "second factor", kept) is None


async def test_setting_it_up_ends_the_other_sessions(house: House) -> None:
    olga = await account(house)
    here, elsewhere = await signed_in(house, olga), await signed_in(house, olga)
    await with_second_factor(house, olga, here)
    assert await seen(house, here) == olga and await seen(house, elsewhere) is None


async def test_it_is_switched_off_by_password_or_code_and_reset_by_an_owner(house: House) -> None:
    service, olga = house.service, await account(house)
    mona = await account(house, "mona", "moderator")
    offer, codes = await with_second_factor(house, mona)
    for wrong in ("", "wrong horse battery", "000000", "aaaa-aaaa-aaaa-aaaa"):
        with pytest.raises(BadFields):
            await second_factor.switch_off(service, mona, wrong)
    for proof in (lambda offer: PASSWORD, lambda offer: app_code(offer.text, house.clock)):
        await second_factor.switch_off(service, mona, proof(offer))
        assert (await entering.login(service, mona.label, PASSWORD, HOME)).cookie
        assert await second_factor.codes_left(service, mona) == 0
        offer, codes = await with_second_factor(house, mona)
    await second_factor.switch_off(service, mona, codes[0])
    await with_second_factor(house, mona)
    await second_factor.reset(service, olga, mona.moderator_id)
    assert (await entering.login(service, mona.label, PASSWORD, HOME)).cookie


async def test_with_another_key_recovery_codes_still_let_in(house: House) -> None:
    """Who has lost the service's key has lost what it encrypts, and nobody is shut out by it."""
    olga = await account(house)
    offer, codes = await with_second_factor(house, olga)
    service = replace(house.service, secret="another")
    half = (await entering.login(service, olga.label, PASSWORD, HOME)).half
    with pytest.raises(CodeWrong):
        await entering.second_step(service, half, app_code(offer.text, house.clock), HOME)
    assert await entering.second_step(service, half, codes[0], HOME)
