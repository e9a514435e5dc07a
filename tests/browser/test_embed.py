"""What the embed adds: one press is one comment, whatever the connection and the reader do."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import House, Opener
from tests.browser.test_thread import press, write

pytestmark = pytest.mark.browser


@pytest.fixture
def page(house: House, visit: Opener, thread: str) -> Page:
    return visit(f"{house.host.url}{thread}")


def test_two_presses_are_one_comment(house: House, page: Page, thread: str) -> None:
    write(page, "alice", "Once.")
    page.get_by_role("button", name="Post comment").dblclick()
    expect(page.locator("article")).to_have_count(1)
    assert house.count(thread) == 1


def test_an_answer_that_got_lost(house: House, page: Page, thread: str) -> None:
    """The comment is stored, the answer never arrives, the page is reloaded: still one comment."""

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/api/v1/sites/blog/comments", lose)
    write(page, "alice", "Once.")
    press(page)
    expect(page.get_by_role("alert")).to_contain_text("no connection")
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Once.")
    assert house.count(thread) == 1
    page.unroute("**/api/v1/sites/blog/comments")
    page.reload()
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Once.")
    press(page)
    expect(page.locator("article.comments-marked")).to_have_count(1)
    expect(page.get_by_label("Comment", exact=True)).to_have_value("")
    assert house.count(thread) == 1


def test_other_words_after_a_lost_answer_are_another_comment(
    house: House, page: Page, thread: str
) -> None:
    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/api/v1/sites/blog/comments", lose, times=1)
    write(page, "alice", "Once.")
    press(page)
    expect(page.get_by_role("alert")).to_contain_text("no connection")
    page.get_by_label("Comment", exact=True).fill("Twice.")
    press(page)
    expect(page.get_by_role("alert")).to_contain_text("with other words")
    press(page)
    expect(page.locator("article")).to_have_count(2)
    assert house.count(thread) == 2


def test_refusals_are_told_with_the_seconds_to_wait(page: Page) -> None:
    def refuse(route: Route) -> None:
        headers = {
            "Retry-After": "7",
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Expose-Headers": "Retry-After",
        }
        route.fulfill(status=429, headers=headers, json={"code": "rate_limited"})

    page.route("**/api/v1/sites/blog/comments", refuse)
    write(page, "alice", "Once.")
    press(page)
    expect(page.get_by_role("alert")).to_contain_text("Wait, then press again in 7 s.")
    button = page.get_by_role("button", name="Post comment")
    expect(button).to_have_attribute("aria-disabled", "false")


def test_the_keyboard_alone(house: House, page: Page, thread: str) -> None:
    house.post(thread, "Let it be.")
    page.reload()
    page.get_by_role("link", name="Reply to alice").focus()
    page.keyboard.press("Enter")
    expect(page.locator("textarea")).to_be_focused()
    page.keyboard.type("Why?")
    page.keyboard.press("Escape")
    expect(page.locator(".comments-answering")).to_have_count(0)
    expect(page.get_by_role("link", name="Reply to alice")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("textarea")).to_have_value("Why?")
    for _ in range(4):
        page.keyboard.press("Shift+Tab")
    page.keyboard.type("bob")
    for _ in range(4):
        page.keyboard.press("Tab")
    page.keyboard.press("Control+Enter")
    reply = page.locator(".comments-replies article")
    expect(reply).to_be_focused()
    expect(reply.locator(".comments-author")).to_have_text("bob")


def test_back_takes_a_reply_back(house: House, page: Page, thread: str) -> None:
    house.post(thread, "Let it be.")
    page.reload()
    page.get_by_role("link", name="Reply to alice").click()
    page.wait_for_url("**replyTo=*")
    page.go_back()
    expect(page.locator(".comments-answering")).to_have_count(0)
    page.go_forward()
    expect(page.locator(".comments-answering")).to_have_count(1)


def test_an_anchor_on_another_page_is_found(house: House, visit: Opener, thread: str) -> None:
    ids = [house.post(thread, f"floor {number}") for number in range(1, 13)]
    page = visit(f"{house.host.url}{thread}#comment-{ids[11]}")
    expect(page.locator(f"#comment-{ids[11]}.comments-marked")).to_be_in_viewport()
    assert "comment-page=2" in page.url


def test_replies_past_those_shown(house: House, visit: Opener, thread: str) -> None:
    root = house.post(thread, "root")
    replies = [house.post(thread, f"reply {n}", "bob", parent_id=root) for n in range(52)]
    page = visit(f"{house.host.url}{thread}")
    page.get_by_role("link", name="2 more replies").click()
    expect(page.locator("article")).to_have_count(2)
    assert "comment-root=" in page.url
    page.get_by_role("link", name="Back to all comments").click()
    expect(page.locator("article")).to_have_count(51)
    page = visit(f"{house.host.url}{thread}#comment-{replies[-1]}")
    expect(page.locator(f"#comment-{replies[-1]}.comments-marked")).to_be_in_viewport()


def test_a_failed_load_can_be_repeated(house: House, page: Page, thread: str) -> None:
    page.route("**/fragment?*", lambda route: route.abort(), times=1)
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".comments-empty")).to_be_visible()


def test_events_tell_the_host(house: House, page: Page, thread: str) -> None:
    page.evaluate(
        """() => {
            window.told = [];
            for (const name of ["comments:loaded", "comments:submitted"])
                addEventListener(name, (event) => told.push(event.type));
        }"""
    )
    write(page, "alice", "Once.")
    press(page)
    expect(page.locator("article")).to_have_count(1)
    page.wait_for_function("told.join() === 'comments:submitted,comments:loaded'")


def test_the_host_keeps_its_own_query(house: House, visit: Opener, thread: str) -> None:
    for number in range(1, 13):
        house.post(thread, f"floor {number}")
    page = visit(f"{house.host.url}{thread}?lang=zh")
    page.get_by_role("link", name="Next").click()
    expect(page.locator("article").first).to_have_attribute("data-floor", "11")
    assert page.url == f"{house.host.url}{thread}?lang=zh&comment-page=2#comments"
