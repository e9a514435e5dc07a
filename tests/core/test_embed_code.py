"""The lines for a page: whatever is chosen, a browser reads back just that and nothing else."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments_service.core.embed_code import CHOICES, Embed, chosen

BASE = "https://comments.example"
LANGUAGES = ("en", "de")


class Read(HTMLParser):
    """What a browser makes of it: elements with their attributes, and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said += data.strip()


def test_nothing_chosen_is_one_code_for_all_pages() -> None:
    assert chosen("blog", {}, LANGUAGES).code(BASE, "Comments") == (
        '<script type="module" src="https://comments.example/static/embed.js"></script>\n'
        '<comment-thread site="blog"></comment-thread>\n'
    )


@given(st.text(min_size=1))
def test_a_thread_is_named_as_it_was_typed_and_is_nothing_else(thread: str) -> None:
    embed = chosen("blog", {"thread": thread, "lang": "de"}, LANGUAGES)
    read = Read(embed.code(BASE, "<Kommentare>"))
    if not embed.thread:
        assert [tag for tag, _ in read.elements] == ["script", "comment-thread"]
        return
    [_, (tag, attributes), (link, target)] = read.elements
    assert (tag, link, read.said) == ("comment-thread", "a", "<Kommentare>")
    assert attributes == {"site": "blog", "thread": embed.thread, "lang": "de"}
    parts = urlsplit(target["href"] or "")
    assert (parts.netloc, parts.path) == ("comments.example", "/sites/blog/thread")
    assert parse_qs(parts.query) == {"thread": [embed.thread], "lang": ["de"]}


@pytest.mark.parametrize("name", CHOICES)
def test_what_is_in_no_list_is_as_if_it_were_not_there(name: str) -> None:
    assert chosen("blog", {name: '"><script>', "lang": "xx"}, LANGUAGES) == Embed("blog")
    for text in CHOICES[name]:
        assert chosen("blog", {name: text}, LANGUAGES).attributes == {name: text}
