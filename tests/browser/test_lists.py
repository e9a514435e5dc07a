"""The small elements of lists and sidebars, and a frame that is as high as what is in it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE, House

pytestmark = pytest.mark.browser

HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def page(browser: Browser) -> Page:
    context = browser.new_context(viewport={"width": 800, "height": 600})
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def serve(
    house: House, path: str, body: str, script: str = "embed/lists.js", lang: str = "en"
) -> str:
    """Serve a page of the blog; return its address."""
    source = f'<script type="module" src="{house.url}/static/{script}"></script>'
    text = (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>x</title>{source}{body}'
    )
    house.host.pages[path] = ("text/html", f"script-src {house.url}; style-src {house.url}", text)
    return f"{house.host.url}{path}"


def test_counts_come_in_one_request_and_in_the_pages_words(
    house: House, page: Page, thread: str
) -> None:
    house.post(f"{thread}/1", "One.")
    for number in range(5):
        house.post(f"{thread}/5", f"{number}")
    words = 'zero="ohne Kommentar" one="{n} Kommentar" other="{n} Kommentare"'
    counts = "".join(
        f'<p><comment-count site="blog" thread="{thread}/{key}" {words}></comment-count></p>'
        for key in (0, 1, 5, 5)
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(serve(house, thread, counts, lang="de"))
    shown = page.locator("comment-count")
    expect(shown).to_have_text(["ohne Kommentar", "1 Kommentar", "5 Kommentare", "5 Kommentare"])
    assert len([url for url in asked if "/counts?" in url]) == 1
    shown.first.evaluate("(it, key) => it.setAttribute('thread', key)", f"{thread}/1")
    expect(shown.first).to_have_text("1 Kommentar")


def test_embed_brings_them_along(house: House, page: Page, thread: str) -> None:
    house.post(thread, "One.")
    body = f'<comment-count site="blog" thread="{thread}"></comment-count>'
    page.goto(serve(house, f"{thread}/list", body, "embed.js"))
    expect(page.locator("comment-count")).to_have_text("1")


def test_those_that_come_later_are_found_when_the_page_says_so(
    house: House, page: Page, thread: str
) -> None:
    house.post(thread, "One.")
    page.goto(serve(house, f"{thread}/list", "<p></p>", "embed.js"))
    page.evaluate(
        """async ([script, key]) => {
            const count = document.createElement("comment-count");
            count.setAttribute("site", "blog");
            count.setAttribute("thread", key);
            document.querySelector("p").append(count);
            (await import(script)).upgrade();
        }""",
        [f"{house.url}/static/embed.js", thread],
    )
    expect(page.locator("comment-count")).to_have_text("1")


def test_the_newest_are_looked_at_by_etag_and_not_in_hidden_pages(
    house: House, page: Page, thread: str
) -> None:
    house.post(thread, "Let $a<b$ <i>be</i>.", "<b>mallory</b>", title="A <title>")
    body = f'<comment-recent site="blog" thread="{thread}" limit="2"></comment-recent>'
    statuses: list[int] = []
    page.on("response", lambda answer: "/recent?" in answer.url and statuses.append(answer.status))
    page.clock.install()
    page.goto(serve(house, thread, body))
    item = page.locator("comment-recent li")
    expect(item).to_have_count(1)
    expect(item.locator("bdi")).to_have_text("<b>mallory</b>")
    expect(item.locator("a")).to_contain_text("<i>be</i>")
    assert page.locator("comment-recent i, comment-recent b").count() == 0
    with page.expect_response("**/recent?*"):
        page.clock.fast_forward("01:01")
    page.evaluate(HIDE, True)
    house.post(thread, "The second.")
    page.clock.fast_forward("05:00")
    page.evaluate(HIDE, False)
    expect(item).to_have_count(2)
    assert len(statuses) == 3


def test_a_frame_grows_with_its_comments(house: House, page: Page, thread: str) -> None:
    for number in range(9):
        house.post(thread, f"floor {number}")
    body = (
        f'<iframe src="{house.page_of(thread)}" title="Comments" width="600"></iframe>'
        '<iframe src="/other" title="Another" id="other"></iframe>'
    )
    say = "parent.postMessage({type: 'comments:height', height: 9999}, '*')"
    other = f"<!doctype html><title>x</title><script>{say}</script>"
    house.host.pages["/other"] = ("text/html", "", other)
    address = serve(house, thread, body, "embed/frame.js")
    page.goto(address)
    frame = page.frame_locator("iframe").first
    frame.get_by_label("Name").wait_for()
    fits = """() => {
        const [ours, other] = document.querySelectorAll("iframe");
        return ours.offsetHeight > 1000 && other.offsetHeight < 300;
    }"""
    page.wait_for_function(fits)
    before = page.evaluate("document.querySelector('iframe').offsetHeight")
    frame.get_by_label("Name").fill("alice")
    frame.get_by_label("Comment", exact=True).fill("Let it be.")
    frame.get_by_role("button", name="Post comment").click()
    expect(frame.locator("article")).to_have_count(10)
    page.wait_for_function(
        "before => document.querySelector('iframe').offsetHeight > before", arg=before
    )
    inner = frame.locator("html").evaluate("it => it.scrollHeight - it.clientHeight")
    assert inner <= 1
    last = frame.locator("article").last.get_attribute("id")
    page.goto(f"{address}?#{last}")
    expect(frame.locator(f"#{last}.comments-marked")).to_have_count(1)
