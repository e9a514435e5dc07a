"""The embed speaks the language of the page it stands in, and its own where it is told to."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import House, Opener
from tests.browser.hosts import POLICY, embedding

pytestmark = pytest.mark.browser


def test_the_page_and_the_element_choose(house: House, visit: Opener, thread: str) -> None:
    house.post(thread, "שלום $x$")
    embed = embedding(house, visit, thread)
    page = embed('lang="zh_TW"')
    expect(page.get_by_role("heading", name="1 則留言")).to_be_visible()
    expect(page.get_by_role("button", name="發表留言")).to_be_visible()
    expect(page.locator("article time")).to_have_text("現在")
    expect(page.locator("article time")).to_have_attribute("title", re.compile("年"))
    page.get_by_role("link", name="回覆 alice").click()
    expect(page.locator(".comments-answering")).to_contain_text("正在回覆 alice #1")
    arabic = embed('lang="ar"')
    assert (
        arabic.locator("section.comments").evaluate("it => getComputedStyle(it).direction") == "rtl"
    )
    expect(arabic.locator(".comments-body p")).to_have_css("direction", "rtl")


def test_without_a_language_the_browser_decides(house: House, visit: Opener, thread: str) -> None:
    script = f'<script type="module" src="{house.url}/static/embed.js"></script>'
    page = f"<!doctype html><title>x</title>{script}<comment-thread site=blog></comment-thread>"
    house.host.pages = {thread: ("text/html", POLICY.format(service=house.url), page)}
    shown = visit(f"{house.host.url}{thread}", locale="ja-JP")
    expect(shown.get_by_role("button", name="コメントを投稿")).to_be_visible()


def test_what_is_said_before_the_service_answers(house: House, visit: Opener, thread: str) -> None:
    page = embedding(house, visit, thread)('lang="de"')
    page.route("**/fragment?*", lambda route: route.abort())
    page.locator("comment-thread").evaluate("it => it.setAttribute('thread', '/other')")
    expect(page.get_by_role("alert")).to_contain_text("konnten nicht geladen werden")
    expect(page.get_by_role("button", name="Noch einmal versuchen")).to_be_visible()


def test_refusals_are_said_in_it(house: House, visit: Opener, thread: str) -> None:
    page = embedding(house, visit, thread)('lang="fr"')
    page.get_by_role("button", name="Publier le commentaire").click()
    expect(page.locator("#comments-body-error")).to_have_text("Écrivez votre commentaire.")
