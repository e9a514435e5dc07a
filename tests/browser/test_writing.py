"""What the form does for writers, and that nothing they typed is ever lost."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import House, Opener
from tests.browser.test_thread import press, write

pytestmark = pytest.mark.browser

POSTS = "**/api/v1/sites/blog/comments"


@pytest.fixture
def page(house: House, visit: Opener, thread: str) -> Page:
    return visit(f"{house.host.url}{thread}")


def body(page: Page) -> str:
    return page.locator("#comments-body").input_value()


def answer(page: Page, status: int, **document: object) -> None:
    """Let the service answer the next posts so."""

    def refuse(route: Route) -> None:
        headers = {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Expose-Headers": "Retry-After",
            "Retry-After": "3",
        }
        route.fulfill(status=status, headers=headers, json=document)

    page.route(POSTS, refuse)


# --- Who writes ---


def test_the_name_is_remembered_only_if_that_is_ticked(page: Page) -> None:
    page.get_by_label("Name").fill("alice")
    page.reload()
    expect(page.get_by_label("Name")).to_have_value("")
    page.get_by_label("Remember me").check()
    page.get_by_label("Name").fill("alice")
    page.get_by_label("E-mail").fill("alice@blog.example")
    page.reload()
    expect(page.get_by_label("Name")).to_have_value("alice")
    expect(page.get_by_label("E-mail")).to_have_value("alice@blog.example")
    page.get_by_label("Remember me").uncheck()
    assert "alice" not in page.evaluate("JSON.stringify([localStorage, sessionStorage])")


# --- Drafts ---


def test_a_draft_comes_back_visibly_and_goes_after_success(
    house: House, page: Page, thread: str
) -> None:
    house.post(thread, "Let it be.")
    page.reload()
    page.get_by_role("link", name="Reply to alice").click()
    page.keyboard.type("A reply.")
    page.get_by_role("link", name="Cancel reply").click()
    page.locator("#comments-body").fill("A comment.")
    page.goto(f"{house.host.url}{thread}")
    expect(page.get_by_text("What you had typed here is back.")).to_be_visible()
    assert body(page) == "A comment."
    page.get_by_role("link", name="Reply to alice").click()
    page.get_by_label("Name").fill("bob")
    press(page)
    expect(page.locator(".comments-replies article")).to_have_count(1)
    page.goto(f"{house.host.url}{thread}")
    expect(page.locator("#comments-body")).to_have_value("")


def test_a_draft_that_came_back_can_be_discarded(page: Page) -> None:
    page.locator("#comments-body").fill("Half a thought.")
    expect(page.locator(".comments-length")).to_have_text("15 of 10,000 characters")
    page.reload()
    page.get_by_role("button", name="Discard it").click()
    assert body(page) == ""
    page.reload()
    expect(page.get_by_text("What you had typed here is back.")).to_have_count(0)


# --- The text ---


def test_length_is_counted_in_code_points(house: House, page: Page, thread: str) -> None:
    page.get_by_label("Name").fill("alice")
    field = page.locator("#comments-body")
    field.fill("𝔸𝔹 é")
    expect(page.locator(".comments-length")).to_have_text("4 of 10,000 characters")
    field.evaluate("it => { it.value = '𝔸'.repeat(10001); }")
    field.press("End")
    field.press_sequentially(" ")
    expect(page.locator(".comments-length.comments-error")).to_be_visible()
    press(page)
    expect(page.locator("#comments-body-error")).to_have_text(
        "Shorten this to 10,000 characters; it has 10,002."
    )
    field.evaluate("it => { it.value = '𝔸'.repeat(10000); }")
    press(page)
    expect(page.locator("article")).to_have_count(1)
    assert house.count(thread) == 1


def test_examples_type_themselves(page: Page) -> None:
    page.locator("#comments-body").fill("Let  be.")
    page.locator("#comments-body").evaluate("it => it.setSelectionRange(4, 4)")
    page.get_by_text("Formulas and Markdown").click()
    page.get_by_role("button", name=r"$\frac{a}{b}$").click()
    assert body(page) == r"Let $\frac{a}{b}$ be."


def test_enter_never_posts_while_chinese_is_composed(house: House, page: Page, thread: str) -> None:
    write(page, "alice", "好")
    field = page.locator("#comments-body")
    for event in ('isComposing: true, key: "Enter"', 'key: "Enter", keyCode: 229', 'key: "Enter"'):
        field.evaluate(f"""it => it.dispatchEvent(new KeyboardEvent("keydown", {{
            {event}, ctrlKey: {"true" if "C" in event or "229" in event else "false"},
            bubbles: true, cancelable: true }}))""")
    assert page.locator(".comments-post").inner_text() == "Post comment"
    field.press("Control+Enter")
    expect(page.locator("article")).to_have_count(1)
    assert house.count(thread) == 1


def test_a_preview_follows_the_text_and_points_at_faults(page: Page) -> None:
    field = page.locator("#comments-body")
    field.fill("𝔸 and\n\n" + r"$x$ or $\nope{y}$.")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".comments-preview .comments-body")).to_contain_text("𝔸 and")
    page.get_by_role("button", name="Line 3:").click()
    picked = "it => it.value.slice(it.selectionStart, it.selectionEnd)"
    assert field.evaluate(picked) == r"\nope"
    field.fill("Let it *be*.")
    expect(page.locator(".comments-preview em")).to_have_text("be")
    expect(page.locator(".comments-warnings li")).to_have_count(0)


# --- Quotations ---


def select(page: Page, start: str, end: str) -> None:
    page.evaluate(
        """([start, end]) => {
            const range = document.createRange();
            range.setStart(document.querySelector(start).firstChild, 0);
            range.setEndAfter(document.querySelector(end));
            getSelection().removeAllRanges();
            getSelection().addRange(range);
        }""",
        [start, end],
    )


@pytest.mark.parametrize("by", ["the button beside it", "the link below"])
def test_what_is_selected_is_quoted_with_its_formulas(
    house: House, page: Page, thread: str, by: str
) -> None:
    alice = house.post(thread, "Let $a<b$ be, and *not* c.\n\nMore.")
    page.reload()
    expect(page.locator(".comments-arrived")).to_be_attached()
    select(page, "article p", "article em")
    if by == "the link below":
        page.get_by_role("link", name="Quote alice").click()
    else:
        page.locator("button.comments-selected").click()
    expect(page.locator("#comments-body")).to_be_focused()
    assert body(page) == f"> Let $a<b$ be, and not\n>\n> — alice, {house.url}/c/{alice}\n\n"


def test_a_floor_number_quotes_and_both_comments_know(
    house: House, page: Page, thread: str
) -> None:
    house.post(thread, "Let it be.")
    page.reload()
    page.get_by_role("link", name="Quote #1").click()
    expect(page.locator("#comments-body")).to_have_value(re.compile("^> Let it be."))
    page.get_by_label("Name").fill("bob")
    press(page)
    expect(page.locator(".comments-replies blockquote")).to_be_visible()
    page.get_by_text("Quoted by").get_by_role("link", name="bob").click()
    expect(page.locator(".comments-replies .comments-marked")).to_be_focused()
    page.locator(".comments-replies blockquote a").click()
    expect(page.locator(".comments-list > li > .comments-marked")).to_be_focused()
    assert page.url.startswith(f"{house.host.url}{thread}")


# --- Refusals ---


@pytest.mark.parametrize(
    ("status", "document", "sentence"),
    [
        (403, {"code": "thread_closed", "detail": "It is closed."}, "It is closed."),
        (409, {"code": "thread_collision", "detail": "Another key."}, "Another key."),
        (413, {}, "Shorten it, then press again."),
        (429, {"code": "rate_limited", "detail": "Too much."}, "press again in 3 s."),
        (502, {}, "Press again in a moment."),
        (503, {"code": "unavailable", "detail": "Not just now."}, "Not just now."),
    ],
)
def test_each_refusal_says_what_to_do_and_loses_nothing(
    house: House, page: Page, thread: str, status: int, document: dict[str, str], sentence: str
) -> None:
    answer(page, status, **document)
    write(page, "alice", "Kept.")
    press(page)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Nothing you typed is lost.")
    expect(alert).to_contain_text(sentence)
    assert body(page) == "Kept."
    if status == 429:
        expect(page.get_by_role("status")).to_have_text("You can press again now.")
    page.unroute(POSTS)
    press(page)
    expect(page.locator("article")).to_have_count(1)
    expect(page.locator(".comments-problem:visible")).to_have_count(0)
    assert house.count(thread) == 1


def test_offline_is_said_and_the_same_press_goes_on(house: House, page: Page, thread: str) -> None:
    write(page, "alice", "Kept.")
    page.context.set_offline(True)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("alert")).to_contain_text("no connection")
    press(page)
    expect(page.get_by_role("alert")).to_contain_text("it will be posted once")
    page.context.set_offline(False)
    press(page)
    expect(page.locator("article")).to_have_count(1)
    assert house.count(thread) == 1


# --- One's own ---


def test_an_author_edits_and_deletes_within_the_time(house: House, page: Page, thread: str) -> None:
    write(page, "alice", "Frist.")
    press(page)
    article = page.locator("article")
    expect(article.locator(".comments-window")).to_contain_text(
        re.compile(r"for (30:00|29:\d\d)\.")
    )
    page.reload()
    article.get_by_role("link", name="Edit").click()
    change = page.locator(".comments-change textarea")
    expect(change).to_be_focused()
    expect(change).to_have_value("Frist.")
    change.fill("First *words*.")
    page.reload()
    expect(change).to_have_value("First *words*.")
    page.locator(".comments-change").get_by_role("button", name="Preview").click()
    expect(page.locator(".comments-change em")).to_have_text("words")
    change.press("Control+Enter")
    expect(article.locator(".comments-edited")).to_be_visible()
    expect(article).to_be_focused()
    assert "comment-edit" not in page.url
    article.get_by_role("link", name="Delete").click()
    page.get_by_role("link", name="Leave it as it is").click()
    expect(article.locator("em")).to_have_text("words")
    article.get_by_role("link", name="Delete").click()
    page.locator(".comments-change").get_by_role("button", name="Delete").click()
    expect(page.locator("article")).to_have_count(0)
    expect(page.get_by_role("status")).to_have_text("Your comment is deleted.")
    assert house.count(thread) == 0


def test_the_time_runs_out_before_the_readers_eyes(page: Page) -> None:
    page.clock.install()
    write(page, "alice", "First.")
    press(page)
    expect(page.get_by_role("link", name="Edit")).to_be_visible()
    page.clock.fast_forward("29:50")
    expect(page.locator(".comments-window")).to_contain_text(re.compile(r"for 0:\d\d\."))
    page.clock.fast_forward("00:15")
    expect(page.get_by_role("link", name="Edit")).to_have_count(0)
    expect(page.locator(".comments-window")).to_have_count(0)


def test_an_edit_that_is_refused_stays(house: House, page: Page) -> None:
    write(page, "alice", "First.")
    press(page)
    page.get_by_role("link", name="Edit").click()
    change = page.locator(".comments-change")
    change.locator("textarea").fill(" ")
    change.get_by_role("button", name="Save").click()
    expect(change.get_by_role("alert")).to_have_text("Type your comment.")
    page.context.set_offline(True)
    change.locator("textarea").fill("Second.")
    change.get_by_role("button", name="Save").click()
    expect(change.get_by_role("alert")).to_contain_text("no connection")
    page.context.set_offline(False)
    change.get_by_role("button", name="Save").click()
    expect(page.locator("article .comments-body")).to_have_text("Second.")
