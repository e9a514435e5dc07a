"""Pages of the blog that embed a thread in their own way, with typesetters that only record."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import House, Opener

POLICY = "script-src {service} 'self'; style-src {service}; connect-src {service}"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page of the blog</title>
<script type="module" src="{service}/static/embed.js"></script>{head}</head>
<body><main>{article}<comment-thread site="blog" {attributes}></comment-thread></main></body></html>"""

# What each typesetter is given is written down on the page; nothing is drawn.
RECORD = """
const given = [];
function record(elements) {
  for (const element of elements) {
    given.push(element.textContent);
    element.replaceChildren(Object.assign(document.createElement("i"), {textContent: "drawn"}));
  }
  document.documentElement.dataset.given = JSON.stringify(given);
}
"""
MATHJAX = (
    RECORD
    + """window.MathJax = {
  startup: {promise: Promise.resolve()},
  config: {tex: {inlineMath: [["\\\\(", "\\\\)"]]}},
  typesetPromise: async (elements) => record(elements),
};"""
)
MATHJAX_WITH_DOLLARS = MATHJAX.replace("[[", '[["$", "$"], [')
MATHJAX_2 = (
    RECORD
    + """window.MathJax = {Hub: {
  config: {tex2jax: {inlineMath: [["$", "$"]], displayMath: [["$$", "$$"]]}},
  Queue: (asked) => Array.isArray(asked) ? record(asked[2]) : asked(),
}};"""
)
KATEX = (
    RECORD
    + """window.renderMathInElement = (element, {delimiters, trust}) => {
  if (trust || element.textContent.includes("unknown")) throw new Error("Undefined control sequence");
  const [{left, right}] = delimiters;
  const text = element.textContent;
  if (text.startsWith(left) && text.endsWith(right)) record([element]);
};"""
)
HOSTS = {"/mathjax.js": MATHJAX, "/dollars.js": MATHJAX_WITH_DOLLARS}
HOSTS |= {"/mathjax2.js": MATHJAX_2, "/katex.js": KATEX}

Embed = Callable[..., Page]


def embedding(house: House, visit: Opener, thread: str) -> Embed:
    """Return what shows a thread in a page of the blog with a strict policy."""

    def opened(attributes: str = "", *, host: str = "", article: str = "", **options: Any) -> Page:
        head = f'<script src="{host}"></script>' if host else ""
        parts = {"head": head, "article": article, "attributes": attributes, "service": house.url}
        policy = POLICY.format(service=house.url)
        scripts = {path: ("text/javascript", "", text) for path, text in HOSTS.items()}
        house.host.pages = {**scripts, thread: ("text/html", policy, PAGE.format(**parts))}
        return visit(f"{house.host.url}{thread}", **options)

    return opened


def dress(page: Page, **attributes: str | None) -> None:
    """Change attributes of the embed; None takes one away."""
    page.locator("comment-thread").evaluate(
        """(thread, attributes) => {
            for (const [name, value] of Object.entries(attributes))
                value === null ? thread.removeAttribute(name) : thread.setAttribute(name, value);
        }""",
        attributes,
    )


def expect_given(page: Page, formulas: list[str]) -> None:
    """Wait until the page's typesetter was given these formulas, in order, and no others."""
    written = json.dumps(formulas, separators=(",", ":"), ensure_ascii=False)
    expect(page.locator("html")).to_have_attribute("data-given", written)
