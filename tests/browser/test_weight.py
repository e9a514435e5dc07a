"""What the comments cost a page: bytes, requests, moved text; and what they need of its policies."""

from __future__ import annotations

import urllib.request

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE, House

pytestmark = pytest.mark.browser

READING = ("embed.js", "embed/reading.js")
EVERYTHING = (*READING, "embed/form.js", "embed/lists.js", "math.js")
POLICY = (
    "default-src 'none'; script-src {service}; style-src {service}; connect-src {service};"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
LONG = "<p>A long article.</p>" * 120
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page of the blog</title>
<script type="module" src="{service}/static/embed.js"></script></head><body><main>{article}
<comment-thread site="blog"></comment-thread></main><footer><p>The end of the page.</p></footer></body></html>"""
# What the page looks at, before anything of it is there.
WATCH = """
window.moved = 0;
window.violations = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) moved += entry.value;
}).observe({ type: "layout-shift", buffered: true });
addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective), true);
addEventListener("comments:loaded", () => {
  window.asked ??= performance.getEntriesByType("resource").map(({ name }) => name);
});
"""


def packed(house: House, *names: str) -> int:
    """Return how many bytes of these files a browser receives."""
    total = 0
    for name in names:
        asked = urllib.request.Request(
            f"{house.url}/static/{name}", headers={"Accept-Encoding": "gzip"}
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            total += len(answer.read())
    return total


def test_the_script_and_the_style_sheet_are_small(house: House) -> None:
    assert packed(house, *READING) <= 12_000
    assert packed(house, *EVERYTHING) <= 20_000
    assert packed(house, "comments.css") <= 5_000


@pytest.fixture
def watched(browser: Browser, house: House, thread: str) -> Page:
    """A page of the blog, with a long article, that watches itself and has the strictest policy."""
    text = PAGE.format(service=house.url, article=LONG)
    house.host.pages = {thread: ("text/html", POLICY.format(service=house.url), text)}
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    context.set_default_timeout(PATIENCE)
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(f"{house.host.url}{thread}")
    yield page
    assert page.evaluate("violations") == []
    assert context.cookies() == []
    context.close()


def test_nothing_is_asked_for_before_the_reader_comes_near(
    house: House, watched: Page, thread: str
) -> None:
    house.post(thread, "Let $a$ be, by (7)式.")
    watched.wait_for_load_state("networkidle")
    names = "performance.getEntriesByType('resource').map(({name}) => name)"
    assert watched.evaluate(names) == [f"{house.url}/static/embed.js"]
    watched.locator("comment-thread").evaluate("it => it.scrollIntoView()")
    expect(watched.locator("article")).to_have_count(1)
    assert len(watched.evaluate("asked")) == 3
    assert all(name.startswith(f"{house.url}/") for name in watched.evaluate(names))


AT_THE_END = "scrollY + innerHeight > document.documentElement.scrollHeight - 10"
# A reader who scrolls waits for what is about to come into view.
FAR_OR_THERE = """() => document.querySelector("article")
  || document.querySelector("comment-thread").getBoundingClientRect().top > innerHeight * 1.5"""
SHORT = '<link rel="stylesheet" href="{service}/static/comments.css"><p>A short article.</p>'


@pytest.mark.parametrize("article", [LONG, SHORT], ids=["long", "short"])
def test_nothing_moves_when_the_comments_come(
    house: House, watched: Page, thread: str, article: str
) -> None:
    """Where they are to be seen at once, the page links the style sheet, which keeps their room."""
    for number in range(12):
        house.post(thread, f"floor {number}, and $$x^{{{number}}}$$")
    kind, policy, _ = house.host.pages[thread]
    house.host.pages[thread] = (
        kind,
        policy,
        PAGE.replace("{article}", article).format(service=house.url),
    )
    watched.reload()
    while article == LONG and not watched.evaluate(AT_THE_END):
        watched.mouse.wheel(0, 400)
        watched.wait_for_function(FAR_OR_THERE)
    expect(watched.locator("article")).to_have_count(10)
    moved = watched.evaluate("moved")
    assert moved <= 0.02


def test_a_page_with_trusted_types_can_be_written_on(
    house: House, watched: Page, thread: str
) -> None:
    """No policy of ours is needed: HTML comes as a document, which runs nothing."""
    watched.locator("comment-thread").evaluate("it => it.scrollIntoView()")
    watched.get_by_label("Name").fill("alice")
    watched.get_by_label("Comment", exact=True).fill(r"Let $\frac12$ be $\unknown$.")
    watched.get_by_role("button", name="Preview").click()
    expect(watched.locator(".comments-preview mfrac")).to_be_visible()
    watched.get_by_role("button", name="Post comment").click()
    expect(watched.locator("article mfrac")).to_have_count(1)
    watched.get_by_role("link", name="Edit").click()
    watched.locator(".comments-change textarea").fill("Let $x$ be.")
    watched.get_by_role("button", name="Save").click()
    expect(watched.locator("article mfrac")).to_have_count(0)
    assert house.count(thread) == 1
