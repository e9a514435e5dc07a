"""The element as a page uses it: attributes, events, methods, a shadow tree, and data- attributes."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import House, Opener
from tests.browser.hosts import Embed, embedding
from tests.browser.test_thread import press, write

pytestmark = pytest.mark.browser

EVENTS = ["ready", "loaded", "before-submit", "submitted", "pending", "error"]
TELL = f"""
window.told = [];
for (const name of {json.dumps(EVENTS)})
  addEventListener("comments:" + name, (event) => told.push([name, event.detail, event.target.localName]));
"""


@pytest.fixture
def embed(house: House, visit: Opener, thread: str) -> Embed:
    return embedding(house, visit, thread)


def call(page: Page, method: str, *given: str) -> object:
    arguments = ", ".join(json.dumps(value) for value in given)
    return page.evaluate(f"document.querySelector('comment-thread').{method}({arguments})")


# --- Events ---


def test_each_event_tells_what_it_says(strict_house: House, visit: Opener, thread: str) -> None:
    page = visit(f"{strict_house.host.url}{thread}")
    page.evaluate(TELL)
    call(page, "reload")
    press(page)
    expect(page.get_by_role("alert")).to_be_visible()
    write(page, "alice", "Let it be.")
    press(page)
    expect(page.locator("article")).to_have_count(1)
    told = page.evaluate("told")
    assert [name for name, _, _ in told] == [
        *("loaded", "before-submit", "error", "before-submit", "submitted", "pending", "loaded")
    ]
    assert {source for _, _, source in told} == {"comment-thread"}
    details = {name: detail for name, detail, _ in told}
    assert details["loaded"] == {"page": 1, "pages": 1}
    assert details["error"] == {"status": 422, "code": "fields_invalid", "during": "post"}
    assert details["before-submit"]["values"]["body"] == "Let it be."
    assert details["submitted"]["comment"]["status"] == "pending"
    assert details["pending"]["comment"]["reasons"] == ["A first comment waits for a moderator."]


def test_ready_is_told_once(house: House, visit: Opener, thread: str) -> None:
    script = f'<script type="module" src="{house.url}/static/embed.js"></script>'
    page = (
        f"<!doctype html><title>x</title><script>{TELL}</script>{script}<comment-thread site=blog>"
    )
    house.host.pages = {thread: ("text/html", "", page)}
    shown = visit(f"{house.host.url}{thread}")
    call(shown, "reload")
    assert [name for name, _, _ in shown.evaluate("told")] == ["ready", "loaded", "loaded"]


def test_the_page_can_keep_a_comment_back_or_change_it(
    house: House, embed: Embed, thread: str
) -> None:
    page = embed()
    page.evaluate("""addEventListener("comments:before-submit", (event) => {
        if (event.detail.values.name === "mallory") event.preventDefault();
        event.detail.values.website = "https://blog.example/members/1";
    })""")
    write(page, "mallory", "Let it be.")
    press(page)
    page.get_by_label("Name").fill("alice")
    press(page)
    expect(page.locator("a.comments-author")).to_have_attribute(
        "href", "https://blog.example/members/1"
    )
    assert house.count(thread) == 1


# --- Methods ---


def test_methods_reload_quote_and_lead_to_the_form(house: House, embed: Embed, thread: str) -> None:
    page = embed()
    alice = house.post(thread, "Let it be.")
    assert call(page, "reload") is True
    expect(page.locator("article")).to_have_count(1)
    call(page, "focusForm")
    expect(page.locator("#comments-body")).to_be_focused()
    call(page, "quote", alice)
    expect(page.locator(".comments-answering")).to_contain_text("alice #1")
    assert page.locator("#comments-body").input_value().startswith("> Let it be.\n")
    page.route("**/fragment?*", lambda route: route.abort())
    assert call(page, "reload") is False
    expect(page.get_by_role("alert").first).to_contain_text("could not be loaded")


def test_the_theme_follows_the_page_or_what_it_is_told(embed: Embed) -> None:
    page = embed(color_scheme="dark")
    button = page.get_by_role("button", name="Post comment")
    light, dark = "rgb(26, 82, 150)", "rgb(143, 188, 247)"
    page.evaluate("document.documentElement.style.colorScheme = 'light dark'")
    expect(button).to_have_css("background-color", dark)
    call(page, "setTheme", "light")
    expect(button).to_have_css("background-color", light)
    call(page, "setTheme", "dark")
    call(page, "reload")
    expect(button).to_have_css("background-color", dark)
    page.evaluate("document.documentElement.style.colorScheme = 'light'")
    call(page, "setTheme", "")
    expect(button).to_have_css("background-color", light)


# --- Attributes ---


def test_a_page_may_prefer_the_newest_and_its_readers_the_oldest(
    house: House, embed: Embed, thread: str
) -> None:
    for number in range(1, 13):
        house.post(thread, f"floor {number}")
    page = embed('order="newest"')
    first = page.locator("article").first
    expect(first).to_have_attribute("data-floor", "12")
    page.get_by_role("link", name="Next").click()
    expect(first).to_have_attribute("data-floor", "10")
    page.get_by_role("link", name="Oldest first").click()
    expect(first).to_have_attribute("data-floor", "1")
    page.get_by_role("link", name="Next").click()
    expect(first).to_have_attribute("data-floor", "11")
    page.get_by_role("link", name="Newest first").click()
    expect(first).to_have_attribute("data-floor", "12")


def test_a_shadow_tree_keeps_the_pages_styles_out(house: House, embed: Embed, thread: str) -> None:
    alice = house.post(thread, "Let $a<b$ be.\n\nMore.")
    style = "<style>article, button, a { display: none !important; color: red !important; }</style>"
    kind, policy, _ = "text/html", "", ""
    text = (
        f'<!doctype html><html lang="en"><title>x</title>{style}<script type="module"'
        f' src="{house.url}/static/embed.js"></script><comment-thread site="blog" isolate="shadow">'
        "<i>Comments</i></comment-thread>"
    )
    page = embed()
    house.host.pages[thread] = (kind, policy, text)
    page.goto(f"{house.host.url}{thread}?isolated#comment-{alice}")
    expect(page.locator(f"#comment-{alice}.comments-marked")).to_be_in_viewport()
    assert page.evaluate("document.querySelector('comment-thread > section')") is None
    expect(page.locator(".comments-head").first).to_have_css("display", "flex")  # ours stay inside
    page.get_by_role("link", name="Reply to alice").click()
    expect(page.locator("#comments-body")).to_be_focused()
    page.keyboard.type("Why $x$?")
    page.get_by_label("Name").fill("bob")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".comments-preview math")).to_be_visible()
    page.get_by_role("button", name="Post comment").click()
    expect(page.locator(".comments-replies article")).to_be_focused()
    assert page.evaluate("document.querySelector('link[rel=stylesheet]')") is None
    page.locator(".comments-arrived").wait_for(state="attached")
    copied = page.evaluate("""() => {
        const root = document.querySelector("comment-thread").shadowRoot;
        getSelection().selectAllChildren(root.querySelector("article .comments-body p"));
        const data = new DataTransfer();
        const copy = new ClipboardEvent("copy", { clipboardData: data, bubbles: true, composed: true });
        root.querySelector("article .comments-body p").dispatchEvent(copy);
        return data.getData("text/plain");
    }""")
    assert copied == "Let $a<b$ be."


def test_data_attributes_make_the_elements(house: House, visit: Opener, thread: str) -> None:
    house.post("/elsewhere", "Let it be.")
    text = (
        f'<!doctype html><html lang="en"><title>x</title><div data-comments-site="blog"'
        ' data-comments-thread="/elsewhere" data-comments-page-title="Elsewhere" data-comments-lang="de">'
        '<a href="/x">Comments</a></div><b data-comments-site="blog" data-comments-element="count"'
        ' data-comments-thread="/elsewhere"></b>'
        f'<script type="module" src="{house.url}/static/embed.js"></script>'
    )
    house.host.pages = {thread: ("text/html", "", text)}
    page = visit(f"{house.host.url}{thread}")
    expect(page.get_by_role("heading", name="1 Kommentar")).to_be_visible()
    expect(page.locator("comment-thread")).to_have_attribute("page-title", "Elsewhere")
    expect(page.locator("b comment-count")).to_have_text("1")
