"""Reading and writing a thread: on its own page, with and without scripts, and embedded."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import House, Opener

pytestmark = pytest.mark.browser

WAYS = ["embedded", "scripted", "plain"]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """How the thread is met: in the host's page, or on its own page with scripts on or off."""
    return str(request.param)


def meet(house: House, visit: Opener, way: str, thread: str, query: str = "") -> Page:
    if way == "embedded":
        return visit(f"{house.host.url}{thread}{query and '?' + query}")
    named = query.replace("comment-", "")
    return visit(f"{house.page_of(thread)}{named and '&' + named}", scripts=way == "scripted")


def write(page: Page, name: str, body: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Comment", exact=True).fill(body)


def press(page: Page) -> None:
    page.get_by_role("button", name="Post comment").click()


def texts(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("article .comments-body").all_inner_texts()]


def test_alice_posts(house: House, visit: Opener, way: str, thread: str) -> None:
    page = meet(house, visit, way, thread)
    expect(page.locator(".comments-empty")).to_be_visible()
    write(page, "alice", "Let x be *given*.")
    press(page)
    expect(page.locator("article em")).to_have_text("given")
    expect(page.locator("article")).to_have_attribute("data-floor", "1")
    article = page.locator("article").get_attribute("id")
    assert urlsplit(page.url).fragment == article
    expect(page.get_by_label("Comment", exact=True)).to_have_value("")
    assert house.count(thread) == 1


def test_bob_replies_and_cancels(house: House, visit: Opener, way: str, thread: str) -> None:
    house.post(thread, "Let it be.")
    page = meet(house, visit, way, thread)
    page.get_by_role("link", name="Reply to alice").click()
    expect(page.locator(".comments-answering")).to_contain_text("alice #1")
    page.get_by_role("link", name="Cancel reply").click()
    expect(page.locator(".comments-answering")).to_have_count(0)
    page.get_by_role("link", name="Reply to alice").click()
    write(page, "bob", "Why?")
    press(page)
    expect(page.locator(".comments-replies article .comments-body")).to_have_text("Why?")
    assert house.count(thread) == 2


def test_a_quotation(house: House, visit: Opener, way: str, thread: str) -> None:
    alice = house.post(thread, "Let $a<b$\n\nand `c`.")
    page = meet(house, visit, way, thread)
    page.get_by_role("link", name="Quote alice").click()
    expected = f"> Let $a<b$\n> \n> and `c`.\n>\n> — alice, {house.url}/c/{alice}\n\n"
    expect(page.locator("textarea")).to_have_value(expected)


def test_pages_are_turned_and_back_works(
    house: House, visit: Opener, way: str, thread: str
) -> None:
    for number in range(1, 13):
        house.post(thread, f"floor {number}")
    page = meet(house, visit, way, thread)
    page.get_by_role("link", name="Next").click()
    expect(page.locator("article").first).to_have_attribute("data-floor", "11")
    expect(page.locator("[aria-current=page]")).to_have_text("2")
    page.go_back()
    expect(page.locator("article").first).to_have_attribute("data-floor", "1")
    page.get_by_role("link", name="Newest first").click()
    expect(page.locator("article").first).to_have_attribute("data-floor", "12")


def test_what_is_wrong_stands_beside_its_field(
    house: House, visit: Opener, way: str, thread: str
) -> None:
    page = meet(house, visit, way, thread)
    write(page, "alice", "Let it be.")
    page.get_by_label("Website").fill("my page")
    press(page)
    expect(page.locator("#comments-website-error")).to_contain_text("https://")
    expect(page.get_by_label("Website")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("alert")).to_contain_text("Nothing you typed is lost")
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Let it be.")
    expect(page.get_by_label("Website")).to_have_value("my page")
    page.get_by_label("Website").fill("")
    press(page)
    assert page.locator("article").first.inner_text()
    assert house.count(thread) == 1


def test_a_preview(house: House, visit: Opener, way: str, thread: str) -> None:
    page = meet(house, visit, way, thread)
    write(page, "alice", "Let x be *given*.")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".comments-preview em")).to_have_text("given")
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Let x be *given*.")
    assert house.count(thread) == 0
    press(page)
    expect(page.locator("article em")).to_have_text("given")


def test_a_waiting_comment_is_its_authors(
    strict_house: House, visit: Opener, way: str, thread: str
) -> None:
    page = meet(strict_house, visit, way, thread)
    write(page, "alice", "First words.")
    press(page)
    expect(page.locator(".comments-waiting")).to_contain_text(
        "A first comment waits for a moderator."
    )
    page.reload()
    expect(page.locator(".comments-waiting")).to_contain_text("Only you see this")
    bob = meet(strict_house, visit, way, thread)
    expect(bob.locator(".comments-empty")).to_be_visible()


def test_a_link_lands_on_its_comment(house: House, visit: Opener, way: str, thread: str) -> None:
    ids = [house.post(thread, f"floor {number}") for number in range(1, 13)]
    if way == "embedded":
        page = visit(f"{house.url}/c/{ids[11]}")
        assert page.url == f"{house.host.url}{thread}?comment-page=2#comment-{ids[11]}"
    else:
        page = meet(house, visit, way, thread, f"comment-page=2#comment-{ids[11]}")
    expect(page.locator(f"#comment-{ids[11]}")).to_be_in_viewport()
    assert page.locator("article").count() == 2


def test_mallory_runs_nothing(house: House, visit: Opener, way: str, thread: str) -> None:
    house.post(thread, '<img src=x onerror="document.title=1"> [x](javascript:1)', "<i>mallory</i>")
    page = meet(house, visit, way, thread)
    expect(page.locator(".comments-author")).to_have_text("<i>mallory</i>")
    assert page.locator("article img, article script, article i").count() == 0
    assert page.title() != "1"
