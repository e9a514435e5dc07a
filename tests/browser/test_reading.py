"""What readers meet: what is new, what arrives, when it was, and where links lead."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import House, Opener
from tests.browser.test_thread import press, write

pytestmark = pytest.mark.browser

ARRIVED = re.compile(r"New comments: \d")


@pytest.fixture
def page(house: House, visit: Opener, thread: str) -> Page:
    house.post(thread, "The first.")
    return visit(f"{house.host.url}{thread}")


def test_what_is_new_since_the_last_visit_is_marked(house: House, page: Page, thread: str) -> None:
    expect(page.get_by_text("New since your last visit")).to_have_count(0)
    write(page, "bob", "My own.")
    press(page)
    expect(page.locator("article")).to_have_count(2)
    new = house.post(thread, "The third.")
    page.reload()
    expect(page.locator(".comments-badge")).to_have_count(1)
    page.get_by_role("link", name="New since your last visit: 1").click()
    expect(page.locator(f"#comment-{new}.comments-marked")).to_be_focused()
    page.reload()
    expect(page.locator(".comments-badge")).to_have_count(0)


def test_what_arrives_waits_until_the_reader_wants_it(
    house: House, page: Page, thread: str
) -> None:
    page.locator("#comments-body").fill("Half a thought")
    before = page.evaluate("scrollY")
    first = house.post(thread, "The second.")
    house.post(thread, "The third.")
    button = page.get_by_role("button", name="New comments: 2")
    expect(button).to_be_in_viewport()
    expect(page.get_by_role("status")).to_have_text("New comments: 2")
    expect(page.locator("article")).to_have_count(1)
    assert page.evaluate("scrollY") == before
    button.click()
    expect(page.locator(f"#comment-{first}")).to_be_focused()
    expect(page.locator("article")).to_have_count(3)
    expect(page.locator("#comments-body")).to_have_value("Half a thought")
    expect(page.get_by_role("button", name=ARRIVED)).to_have_count(0)


def test_what_one_writes_oneself_does_not_arrive(house: House, page: Page, thread: str) -> None:
    write(page, "bob", "My own.")
    press(page)
    expect(page.locator("article.comments-marked")).to_have_count(1)
    house.post(thread, "Another's.")
    expect(page.get_by_role("button", name="New comments: 1")).to_be_visible()


def test_nobody_listens_while_the_page_is_hidden(house: House, page: Page, thread: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    hide = """(hidden) => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(hide, True)
    house.post(thread, "Meanwhile.")
    assert not [url for url in asked if "changes" in url]
    page.evaluate(hide, False)
    expect(page.get_by_role("button", name="New comments: 1")).to_be_visible()


def test_times_are_told_as_distances_with_the_moment_as_title(page: Page) -> None:
    time = page.locator("article time")
    expect(time).to_have_text("now")
    expect(time).to_have_attribute("title", re.compile(r"\d{4}, \d+:\d\d"))
    page.clock.install()
    page.reload()
    page.locator(".comments-arrived").wait_for(state="attached")
    page.clock.fast_forward("03:00:00")
    expect(time).to_have_text("3 hours ago")


def test_replies_can_be_folded_and_a_link_unfolds_them(
    house: House, page: Page, thread: str
) -> None:
    root = page.locator("article").get_attribute("id").removeprefix("comment-")  # type: ignore[union-attr]
    reply = house.post(thread, "A reply.", "bob", parent_id=root)
    page.goto(f"{house.host.url}{thread}?x")
    page.get_by_text("1 reply").click()
    expect(page.locator(f"#comment-{reply}")).to_be_hidden()
    page.evaluate(f"location.hash = 'comment-{reply}'")
    expect(page.locator(f"#comment-{reply}.comments-marked")).to_be_visible()
