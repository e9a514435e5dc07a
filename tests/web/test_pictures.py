"""The figure beside each name: drawn in the page, or by whom the owner chose, or not at all."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import httpx2
import pytest

from comments_service.core.avatars import hue, path
from comments_service.core.policy import Policy
from comments_service.operations import maintaining
from tests.conftest import House, client_of
from tests.web.test_pages import PAGE
from tests.web.test_votes import OLGA

PICTURE = r'<svg class="comments-avatar".*?</svg>|<img class="comments-avatar".*?>'


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One engine is enough here: the pages hold no SQL."""
    return f"sqlite:///{tmp_path}/comments.sqlite"


async def test_a_page_of_twenty_people_stays_small(
    house: House, client: httpx2.AsyncClient
) -> None:
    for number in range(10):
        above = (await house.post(name=f"root {number}")).comment
        await house.post(name=f"reply {number}", to=above)
    page = (await client.get(PAGE)).text
    pictures = re.findall(PICTURE, page)
    assert len(pictures) == len(set(pictures)) == 20
    assert all('aria-hidden="true"' in picture for picture in pictures)
    bare = re.sub(PICTURE, "", page)
    assert len(page) - len(bare) < 20 * 250
    assert len(gzip.compress(page.encode())) - len(gzip.compress(bare.encode())) < 20 * 80


async def test_the_page_shows_the_figure_that_the_api_names(
    house: House, client: httpx2.AsyncClient
) -> None:
    await house.post(email="alice@blog.example")
    await house.post("more", name="Alice", email="ALICE@blog.example")
    record = (await client.get("/api/v1/sites/blog/comments?thread=/post")).json()["comments"][0]
    digest = record["author"]["avatar"][-36:-4]
    one, two = re.findall(PICTURE, (await client.get(PAGE)).text)
    assert one == two
    assert f'color="hsl({hue(digest)} 50% 50%)"' in one
    assert f'd="{path(digest)}"' in one


async def test_an_owner_may_have_others_draw_or_nobody(house: House) -> None:
    await house.post(email="alice@blog.example")
    await house.post("more", name="bob")
    for avatars, shown in (("gravatar", ["img", "svg"]), ("none", [])):
        await maintaining.change_policy(house.service, OLGA, house.site, Policy(avatars=avatars))
        async with client_of(house) as client:
            for page in (await client.get(PAGE), await client.post(PAGE, data={"thread": "/post"})):
                found = re.findall(PICTURE, page.text)
                assert [re.match("<(\\w+)", item)[1] for item in found] == shown  # type: ignore[index]
                policy = page.headers["content-security-policy"]
                allowed = (
                    f"img-src 'self' data:{' https://gravatar.com' * (avatars == 'gravatar')};"
                )
                assert allowed in policy
                for item in found[:1]:
                    assert 'src="https://gravatar.com/avatar/' in item
                    assert 'alt="" width="34" height="34" loading="lazy"' in item
                    assert 'referrerpolicy="no-referrer"' in item
