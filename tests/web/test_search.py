"""Readers search: what is published, by words and formulas, as JSON and on a page without scripts."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import httpx2
import pytest

from comments_service.operations import deciding
from comments_service.operations.deciding import Ask
from comments_service.web.context import SEARCHES
from tests.conftest import MONA, Clock, House, client_of, house_on

API, PAGE = "/api/v1/sites/blog/search", "/sites/blog/search"
BODY = r"由二项式定理 $(1+x)^n$ 可知 Poincaré's theorem."


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One engine is enough here: tests/operations/test_search.py has both."""
    return f"sqlite:///{tmp_path}/comments.sqlite"


async def test_what_is_found_comes_with_its_thread_and_the_words_around(
    house: House, client: httpx2.AsyncClient
) -> None:
    comment = (await house.post(BODY, name="Émile")).comment
    await house.post("other words")
    answer = (await client.get(API, params={"q": "二项 x)^n emile"})).json()
    [found] = answer["comments"]
    assert (found["id"], found["thread"]["key"], answer["next"]) == (str(comment.id), "/post", None)
    assert found["match"] == [
        {"text": "由", "marked": False, "formula": False},
        {"text": "二项", "marked": True, "formula": False},
        {"text": "式定理 ", "marked": False, "formula": False},
        {"text": "$(1+x)^n$", "marked": True, "formula": True},
        {"text": " 可知 Poincaré's theorem.", "marked": False, "formula": False},
    ]
    assert "email" not in str(found) and "address" not in found


async def test_next_leads_through_all_that_was_found(
    house: House, client: httpx2.AsyncClient
) -> None:
    posted = [str((await house.post(f"words {n}")).comment.id) for n in range(5)]
    await house.post("words", thread="/other")
    seen: list[str] = []
    address = f"{API}?q=words&limit=2&thread=/post"
    while address:
        answer = (await client.get(address)).json()
        seen += [item["id"] for item in answer["comments"]]
        address = (answer["next"] or "").removeprefix(house.service.settings.public_url)
    assert seen == posted[::-1]


async def test_a_search_is_revalidated_until_something_changes(
    house: House, client: httpx2.AsyncClient
) -> None:
    comment = (await house.post(BODY)).comment
    for address in (f"{API}?q=theorem", f"{PAGE}?q=theorem"):
        first = await client.get(address)
        known = {"If-None-Match": first.headers["etag"]}
        assert (await client.get(address, headers=known)).status_code == 304
        assert (await client.head(address)).headers["etag"] == first.headers["etag"]
        version = (await house.comment(comment.id)).version
        await deciding.decide(house.service, MONA, [Ask(comment.id, version, "hold")])
        later = await client.get(address, headers=known)
        assert later.status_code == 200 and str(comment.id) not in later.text
        await deciding.decide(house.service, MONA, [Ask(comment.id, version + 1, "approve")])


@pytest.mark.parametrize(
    "asked",
    [
        "", " ", '"', '"""', "%", "*", "AND", "NEAR(a b)", "x:*", "' OR 1=1", "\\", "^", "\0", "a\0b",
        "<script>", "&&", "((", "-", "|", "!", "{}", "\ufdfa" * 200, "$\\frac{$", "x" * 5_000, "字" * 500,
    ],
)  # fmt: skip
async def test_no_query_is_an_error(client: httpx2.AsyncClient, asked: str) -> None:
    for address in (API, PAGE):
        answer = await client.get(address, params={"q": asked})
        assert answer.status_code == 200, asked
    assert (await client.get(API, params={"q": asked})).json() == {"comments": [], "next": None}


async def test_only_what_is_no_query_is_refused(client: httpx2.AsyncClient) -> None:
    for wrong, field in (("cursor=x", "cursor"), ("limit=0", "limit")):
        answer = await client.get(f"{API}?q=x&{wrong}")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert (await client.get(f"{PAGE}?q=x&cursor=x")).status_code == 422
    assert (await client.get("/api/v1/sites/nobody/search?q=x")).status_code == 404
    assert "Nothing is shown here" in (await client.get("/sites/nobody/search?q=x")).text


async def test_one_network_may_search_so_much_and_what_is_kept_is_free(
    tmp_path: Path, database_url: str
) -> None:
    async with (
        house_on(database_url, tmp_path, Clock(), rate_limits="on") as house,
        client_of(house) as client,
    ):
        await house.post("words")
        for number in range(SEARCHES):
            assert (await client.get(f"{API}?q=words{number}")).status_code == 200
        late = await client.get(f"{API}?q=late")
        assert (late.status_code, late.json()["code"]) == (429, "rate_limited")
        assert int(late.headers["retry-after"]) > 0
        assert (await client.get(f"{PAGE}?q=late")).status_code == 429
        for free in (f"{API}?q=words1", f"{PAGE}?q=", PAGE):
            assert (await client.get(free)).status_code == 200


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub("<[^>]+>", "", html)).split())


async def test_the_page_has_a_form_and_shows_where_things_were_found(
    house: House, client: httpx2.AsyncClient
) -> None:
    comment = (await house.post(BODY, name="<b>Émile</b>")).comment
    page = await client.get(PAGE, params={"q": '二项 <b> "x)^n', "lang": "de"})
    assert page.headers["content-language"] == "de"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert '<meta name="robots" content="noindex">' in page.text
    assert '<mark>二项</mark>式定理 <mark><span class="comments-formula"' in page.text
    assert "&lt;b&gt;Émile&lt;/b&gt;" in page.text
    assert f'href="../../c/{comment.id}"' in page.text
    assert 'name="q" type="search" value="二项 &lt;b&gt; &#34;x)^n"' in page.text
    assert '<input type="hidden" name="lang" value="de">' in page.text
    assert "<script" not in page.text


async def test_the_page_says_when_nothing_is_there_and_turns_its_pages(
    house: House, client: httpx2.AsyncClient
) -> None:
    assert "Nothing" not in (await client.get(PAGE)).text
    assert "Nothing was found." in (await client.get(f"{PAGE}?q=words")).text
    for number in range(21):
        await house.post(f"words {number}")
    first = await client.get(f"{PAGE}?q=words&thread=/post")
    older = re.search(r'rel="next" href="([^"]*)"', first.text)
    assert older and first.text.count("<article") == 20
    second = await client.get(PAGE + unescape(older[1]))
    assert second.text.count("<article") == 1
    assert 'href="?q=words&amp;thread=/post">Newest</a>' in second.text
    assert 'rel="next"' not in second.text


async def test_a_threads_page_leads_to_the_search(house: House, client: httpx2.AsyncClient) -> None:
    page = await client.get("/sites/blog/thread?thread=/post&lang=fr")
    assert 'href="search?lang=fr">Chercher dans les commentaires</a>' in page.text
    assert (await client.get("/sites/blog/search?lang=fr")).status_code == 200
