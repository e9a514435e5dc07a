"""What readers see of each other: votes, figures, and people for whom the host page vouches."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import House, Opener
from tests.browser.test_thread import press, write

pytestmark = pytest.mark.browser


def test_a_vote_is_given_kept_and_taken_back(house: House, visit: Opener, thread: str) -> None:
    alice = house.post(thread, "Let it be.")
    page = visit(f"{house.host.url}{thread}")
    button, said = page.get_by_role("button", name="Helpful"), page.get_by_role("status")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.focus()
    page.keyboard.press("Enter")
    expect(said).to_have_text("Your vote is counted.")
    expect(button).to_have_text("Helpful 1")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(button).to_be_focused()
    page.reload()
    expect(button).to_have_text("Helpful 1")
    expect(button).to_have_attribute("aria-pressed", "true")
    assert page.context.cookies() == []

    other = visit(house.page_of(thread))
    expect(other.locator(".comments-vote")).to_have_attribute("aria-pressed", "false")
    other.locator(".comments-vote").click()
    expect(other.locator(".comments-vote")).to_have_text("Helpful 2")
    assert "voted" not in other.url

    button.click()
    expect(said).to_have_text("Your vote is taken back.")
    expect(page.locator(f"#comment-{alice} .comments-vote")).to_have_text("Helpful 1")
    page.reload()
    expect(button).to_have_attribute("aria-pressed", "false")


def test_a_vote_without_scripts(house: House, visit: Opener, thread: str) -> None:
    alice = house.post(thread, "Let it be.")
    page = visit(house.page_of(thread), scripts=False)
    button = page.get_by_role("button", name="Helpful")
    for pressed, text in (("true", "Helpful 1"), ("false", "Helpful")):
        button.click()
        expect(button).to_have_attribute("aria-pressed", pressed)
        expect(button).to_have_text(text)
        assert page.url.endswith(f"#comment-{alice}")


def test_one_votes_neither_on_ones_own_nor_into_the_void(
    house: House, visit: Opener, thread: str
) -> None:
    house.post(thread, "Let it be.")
    page = visit(f"{house.host.url}{thread}")
    write(page, "bob", "Why?")
    press(page)
    theirs, own = (page.locator(".comments-vote").nth(at) for at in (0, 1))
    expect(own).to_be_disabled()

    def refuse(route: Route) -> None:
        headers = {"Access-Control-Allow-Origin": "*"}
        route.fulfill(status=429, headers=headers, json={"detail": "Wait a little."})

    page.route("**/votes", refuse, times=1)
    theirs.click()
    expect(page.locator(".comments-actions .comments-error")).to_have_text("Wait a little.")
    expect(theirs).to_have_attribute("aria-pressed", "false")
    page.route("**/votes", lambda route: route.abort(), times=1)
    theirs.click()
    expect(page.get_by_role("status")).to_contain_text("could not be counted")
    theirs.click()
    expect(theirs).to_have_text("Helpful 1")
    expect(page.locator(".comments-actions .comments-error")).to_have_count(0)
