"""`make pictures`: draw each example of docs/writing.md as the service shows it, in Chromium.

An example is a fence whose first word is `comment`, with a picture behind it. What each picture shows is
written down in pictures.json, so that tests/test_writing.py knows when one is outdated.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from playwright.sync_api import Page, sync_playwright

from comments_service.core.text import render

HERE = Path(__file__).parent
DOCUMENT = HERE.parent / "writing.md"
SHOWN = HERE / "pictures.json"
_CSS = HERE.parents[1] / "comments_service" / "static" / "comments.css"
# In one tile: Chromium without a GPU loses the part of a wide brace that is in another.
_FLAGS = "--no-sandbox --disable-gpu --disable-lcd-text --disable-background-networking"
_FLAGS += " --default-tile-width=4096 --default-tile-height=4096"
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><style>{css}</style>
<style>
  .comments-page {{ color-scheme: light; max-width: none; margin: 0; padding: 0; }}
  .comments {{ padding: 0.3rem 0.9rem; border: 1px solid #d4d4d8; border-radius: 6px; }}
</style>
<body class="comments-page"><div class="comments"><div class="comments-body">{html}</div></div>"""


class Example(NamedTuple):
    """A comment, the warnings that it gets, and its picture."""

    source: str
    warnings: list[str]
    picture: Path


def examples() -> Iterator[Example]:
    """Return the examples of the document. Raises ValueError for one without a picture."""
    tokens = MarkdownIt().parse(DOCUMENT.read_text("utf-8"))
    for at, token in enumerate(tokens):
        kind, *warnings = token.info.split() or [""]
        if token.type != "fence" or kind != "comment":
            continue
        images = [child for child in tokens[at + 2].children or () if child.type == "image"]
        if len(images) != 1:
            raise ValueError(f"no picture: {token.content}")
        picture = DOCUMENT.parent / str(images[0].attrs["src"])
        yield Example(token.content.rstrip("\n"), warnings, picture)


def digest(example: Example) -> str:
    """Return a hash of an example's html."""
    return hashlib.sha256(render(example.source).html.encode()).hexdigest()[:32]


def _draw(page: Page, example: Example) -> None:
    html = render(example.source).html
    page.set_content(_PAGE.format(css=_CSS.read_text("utf-8"), html=html))
    page.locator(".comments").screenshot(path=example.picture)


def main() -> None:
    """Draw all pictures anew, and write down what they show."""
    found = list(examples())
    for old in HERE.glob("*.png"):
        old.unlink()
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS.split())
        page = browser.new_page(viewport={"width": 680, "height": 600}, device_scale_factor=2)
        for example in found:
            _draw(page, example)
        browser.close()
    shown = {example.picture.stem: digest(example) for example in found}
    SHOWN.write_text(json.dumps(shown, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
