"""Whom the host page vouches for: right tokens name the author, all others are refused with a reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import OctKey

from comments_service.core.draft import Draft
from comments_service.core.models import Site, Visitor
from comments_service.core.policy import Policy
from comments_service.errors import BadFields
from comments_service.operations import commenting
from comments_service.operations.identities import LONGEST_SECONDS, verified
from tests.conftest import House

KEY, OTHER = "k" * 32, "m" * 32


def token(house: House, key: str = KEY, alg: str = "HS256", **claims: Any) -> str:
    now = house.clock.now // 1_000_000
    usual = {"aud": "blog", "sub": "17", "name": "Sofia K.", "iat": now, "exp": now + 3600}
    algorithms = ["HS256", "HS512", "none"]
    return jwt.encode({"alg": alg}, usual | claims, OctKey.import_key(key), algorithms=algorithms)


def site(house: House) -> Site:
    return replace(house.site, policy=Policy(identity_key=KEY))


async def post(house: House, identity: str, name: str = "mallory") -> commenting.Posted:
    draft = Draft(thread="/post", name=name, body=f"words {house.clock.now}", identity=identity)
    return await commenting.post_comment(house.service, site(house), draft, Visitor("192.0.2.1"))


async def test_a_token_names_the_author_whatever_was_typed(house: House) -> None:
    posted = await post(house, token(house, email="s@x.example", badge="author"))
    comment = posted.comment
    assert (comment.name, comment.email, comment.badge) == ("Sofia K.", "s@x.example", "author")
    assert comment.identity and "17" not in comment.identity
    house.clock.advance(1)
    again = (await post(house, token(house, name="Sofja"))).comment
    other = (await post(house, token(house, sub="18"))).comment
    assert again.identity == comment.identity != other.identity
    typed = await post(house, "", "Sofia K.")
    assert (typed.comment.identity, typed.comment.badge) == ("", "")


async def test_a_name_need_not_be_typed_beside_a_token(house: House) -> None:
    assert (await post(house, token(house), "")).comment.name == "Sofia K."
    with pytest.raises(ValueError, match="Type the name"):
        Draft(thread="/post", body="words", identity="")


@pytest.mark.parametrize(
    "claims",
    [
        {"key": OTHER}, {"alg": "HS512"}, {"aud": "other"}, {"aud": None}, {"sub": ""},
        {"name": ""}, {"name": 5}, {"name": "a\0"}, {"iat": None}, {"exp": None}, {"exp": "soon"},
        {"exp": 1}, {"iat": 2**40}, {"exp": 2**40}, {"badge": ["author"]}, {"nbf": 2**40}, {"nbf": "x"},
        {"exp": True},
    ],
)  # fmt: skip
async def test_a_token_that_is_not_right_is_refused(house: House, claims: dict[str, Any]) -> None:
    with pytest.raises(BadFields) as refused:
        verified(house.service, site(house), token(house, **claims))
    assert refused.value.errors[0].field == "identity"


@pytest.mark.parametrize("text", ["x", "a.b.c", "..", "e30.e30.", "\N{SNOWMAN}.x.y", "a" * 4000])
async def test_what_is_no_token_is_refused(house: House, text: str) -> None:
    with pytest.raises(BadFields):
        verified(house.service, site(house), text)


async def test_a_signed_token_that_is_no_record_is_refused(house: House) -> None:
    for payload in (b"[]", b"7", b"\xff", b"[" * 2_900):
        made = jws.serialize_compact({"alg": "HS256"}, payload, OctKey.import_key(KEY))
        with pytest.raises(BadFields):
            verified(house.service, site(house), made)


async def test_an_unsigned_token_is_refused(house: House) -> None:
    unsigned = "eyJhbGciOiJub25lIn0." + token(house).split(".")[1] + "."
    with pytest.raises(BadFields):
        verified(house.service, site(house), unsigned)


async def test_a_token_ends_when_it_says_and_counts_only_where_the_site_has_a_key(
    house: House,
) -> None:
    good = token(house)
    with pytest.raises(BadFields):
        verified(house.service, house.site, good)
    longest = house.clock.now // 1_000_000 + LONGEST_SECONDS
    verified(house.service, site(house), token(house, exp=longest, aud=["x", "blog"]))
    house.clock.advance(3600 + 61)
    with pytest.raises(BadFields):
        verified(house.service, site(house), good)


def test_a_key_is_long_and_is_shown_to_nobody() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        Policy(identity_key="short")
    assert Policy(identity_key=KEY).shown()["identity_key"] == "set"
    assert Policy().shown()["identity_key"] == ""
