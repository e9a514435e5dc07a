"""Rules and bans in a real Chromium: everybody can use the pages, small and dark, large and light."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_dashboard import MONAS, PASSWORD, Running, fits, running

__all__ = ["running"]

pytestmark = pytest.mark.browser


def seen(page: Page) -> None:
    for scheme, width in (("light", 1200), ("dark", 320)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 800})
        fits(page)


def test_mona_rules_and_bans(browser: Browser, running: Running) -> None:
    with browser.new_context() as context:
        page, complaints = context.new_page(), list[str]()
        page.on("console", lambda said: complaints.append(said.text))
        page.goto(running.invitation)
        page.get_by_label("E-mail").fill(MONAS)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Rules", exact=True).click()
        seen(page)
        page.get_by_role("link", name="Make a rule").click()
        seen(page)
        page.get_by_role("link", name="Words", exact=True).click()
        page.get_by_label("Words or patterns").fill("number\nalert")
        page.get_by_label("Note").fill("a try")
        page.keyboard.press("Enter")  # makes nothing
        expect(page.get_by_role("heading", name="What it would have caught")).to_be_visible()
        expect(page.locator("#tried mark").first).to_be_visible()
        seen(page)
        page.get_by_role("button", name="Make the rule").click()
        expect(page.get_by_role("status")).to_contain_text("The rule is made")
        seen(page)
        page.get_by_role("link", name="Queue", exact=True).click()
        card = page.locator("article", has=page.get_by_role("heading", name="alice"))
        card.get_by_text("Reply, edit, history").click()
        card.get_by_role("link", name=re.compile("^E-mail alice@")).click()
        seen(page)
        page.get_by_label("Apply it to what is waiting").check()
        page.get_by_role("button", name="Ban", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("Banned: E-mail: alice@blog.example.")
        seen(page)
        page.get_by_role("link", name="Words", exact=True).click()
        seen(page)
        assert complaints == []
