"""References to the equations of the article around the comments."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import House, Opener
from tests.browser.hosts import Embed, dress, embedding

pytestmark = pytest.mark.browser


@pytest.fixture
def embed(house: House, visit: Opener, thread: str) -> Embed:
    return embedding(house, visit, thread)


ARTICLE = """<p id="eq:loss">x = 1</p><p id="mjx-eqn-7">(7)</p><p id="mjx-eqn:8">(8)</p>
<p id="mjx-eqn-eq%3Asum">(9)</p><p id="ten">(10)</p>
<div class="katex-display"><span class="katex"><span class="tag">(11)</span></span></div>"""
REFERENCES = r"By (7)式, Eq. (8), \eqref{eq:loss}, \eqref{eq:sum}, (10)式, Eq. (11), (12)式."


def links(page: Page) -> dict[str, str]:
    """Return the links of the first comment with the text of what each leads to."""
    found = page.locator("article .comments-body a").evaluate_all(
        """(links) => links.map((link) => [link.textContent, link.getAttribute("href")])"""
    )
    return {text.strip("()式Eq. "): href for text, href in found}


def test_references_lead_to_the_articles_equations(house: House, embed: Embed, thread: str) -> None:
    house.post(thread, REFERENCES)
    page = embed('equations="auto"', article=ARTICLE)
    expect(page.locator("article .comments-body a")).to_have_count(5)
    assert links(page) == {
        "7": "#mjx-eqn-7",
        "8": "#mjx-eqn:8",
        r"\eqref{eq:loss}": "#eq:loss",
        r"\eqref{eq:sum}": "#mjx-eqn-eq%253Asum",
        "11": "#comments-equation-1",
    }
    for link, place in [("7", "#mjx-eqn-7"), ("eqref{eq:sum", "[id='mjx-eqn-eq%3Asum']")]:
        page.locator("article .comments-body a", has_text=link).first.press("Enter")
        expect(page.locator(f"{place}:target")).to_be_in_viewport()


def test_only_what_the_page_names_is_linked(house: House, embed: Embed, thread: str) -> None:
    house.post(thread, REFERENCES)
    page = embed(article=ARTICLE)
    expect(page.locator("article .comments-body")).to_contain_text("By (7)式")
    expect(page.locator("article .comments-body a")).to_have_count(0)
    dress(page, equations="8 10=#ten 11=https://evil.example/#x 12")
    expect(page.locator("article .comments-body a")).to_have_count(2)
    assert links(page) == {"8": "#mjx-eqn:8", "10": "#ten"}
    dress(page, equations=None)
    expect(page.locator("article .comments-body a")).to_have_count(0)
    expect(page.locator("article .comments-body")).to_have_text(REFERENCES)


def test_equations_that_are_typeset_late_are_found(house: House, embed: Embed, thread: str) -> None:
    house.post(thread, "By (7)式.")
    page = embed('equations="auto"', article="<p id='late'></p>")
    expect(page.locator(".comments-ref")).to_have_count(1)
    page.evaluate("late.innerHTML = '<b id=\"mjx-eqn:7\">(7)</b>'")
    expect(page.locator("article .comments-body a")).to_have_attribute("href", "#mjx-eqn:7")


def test_mallorys_labels_lead_nowhere(house: House, embed: Embed, thread: str) -> None:
    labels = [
        '"><img src=x onerror=alert(1)>',
        "*",
        "#x",
        "respond",
        "comments",
        "a b",
        "javascript:1",
    ]
    house.post(thread, " ".join(rf"\eqref{{{label}}}" for label in labels), "mallory")
    page = embed('equations="auto"', article="<p>An article.</p>")
    page.evaluate("document.body.append('something new')")
    expect(page.locator("article .comments-body")).to_contain_text(r"\eqref{javascript:1}")
    expect(page.locator("article .comments-body :is(a, img)")).to_have_count(0)
