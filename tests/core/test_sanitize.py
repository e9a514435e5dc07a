"""Nothing that a visitor types becomes markup of theirs."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments_service.core import addresses, autolinks, characters, sanitize
from comments_service.core.characters import clean_body
from comments_service.core.text import render
from tests.allowed import stored_faults
from tests.core.undrawn import undrawn

ATTACKS = Path(__file__).parent.parent / "data" / "attacks.jsonl"
TYPED = [json.loads(line) for line in ATTACKS.read_text().strip().split("\n")]
BODIES = [attack["body"] for attack in TYPED if attack["field"] == "body"]
ELEMENTS = set(
    "a blockquote br code div em hr li ol p pre s strong table tbody td th thead tr ul".split()
)
VOID = {"br", "hr"}


class Outline(HTMLParser):
    """The elements of a page, each checked against a list written out again for the tests."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ELEMENTS
        for name, value in attrs:
            assert self.allows(tag, name, value or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment

    @staticmethod
    def allows(tag: str, name: str, value: str) -> bool:
        match tag, name:
            case "a", "href":
                return value.startswith(("http://", "https://", "mailto:"))
            case "a", "rel":
                return value == "nofollow ugc noopener"
            case "code" | "div", "class":
                return value in ("comments-tex", "comments-math") or value.startswith("language-")
            case "ol", "start":
                return value.isdigit()
        return False


def is_harmless(html: str) -> bool:
    Outline(html)
    assert sanitize.with_nh3(html) == html
    return not any(mark in html for mark in "\x00\x08\x1b\x7f\x85\u202e\u2066\ufdd0\uffff")


@pytest.mark.parametrize("body", BODIES)
def test_an_attack_becomes_text(body: str) -> None:
    for source in (body, clean_body(body)):
        assert is_harmless(undrawn(source).html)
        assert stored_faults(render(source).html) == []


WORDS = (
    "< > & \" ' / = ` ``` ~~~ * ** _ ~~ [ ]( ) ![ | |-| # - > 1. $ $$ \\( \\) \\[ \\] \\ { } 中 "
    "， a 5 <script> </p> <!-- <![CDATA[ onerror=x javascript: https://e.org/ mailto:a@b.c "
    "&#x202e; &lt; &#xe000; \\begin{align} \\end{align} \\text{ \\href{javascript:x}{"
)
PIECES = st.sampled_from([*WORDS.split(), "\n", "\n\n", "\u202e", "\u200b", "    "])
MARKUP = st.lists(PIECES | st.just(" "), max_size=60).map("".join)


@given(MARKUP)
def test_no_mixture_of_markup_gets_out(source: str) -> None:
    assert is_harmless(undrawn(source).html)
    assert stored_faults(render(source).html) == []


@given(MARKUP)
def test_even_raw_html_is_reduced_to_the_closed_list(source: str) -> None:
    Outline(sanitize.clean(source))


HOSTILE = [
    "javascript:alert(1)",
    "javascript:1",
    "JaVaScRiPt:x",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "//evil.example",
    "/relative",
    "#fragment",
    "",
    "https:",
    "https://",
    "https://bank.example@evil.example/",
    "https://user:password@evil.example/",
    "https://e.org\\@evil.example",
    "https://e.org/a b",
    "https://e.org/a\nb",
    'https://e.org/"onclick="x',
    "https://e.org/<x>",
    " https://e.org",
    "mailto:a@b.c?bcc=d@e.f",
    "mailto:a",
    "ftp://e.org",
    "ｊａｖａｓｃｒｉｐｔ:x",
]
FRIENDLY = [
    "http://e.org",
    "https://e.org:8080/a_(b)?c=d&e=f#g",
    "HTTPS://E.ORG/",
    "https://[::1]/",
    "https://例子.中国/贝叶斯",
    "https://e.org?q='x'",
    "mailto:a.b+c@example.org",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_no_link_leads_to_a_hostile_address(url: str) -> None:
    assert not addresses.is_address(url)
    assert "href" not in sanitize.clean(f'<a href="{url.replace(chr(34), "&quot;")}">x</a>')


@pytest.mark.parametrize("url", FRIENDLY)
def test_links_lead_to_web_and_mail_addresses(url: str) -> None:
    assert addresses.is_address(url)
    assert 'rel="nofollow ugc noopener"' in sanitize.clean(f'<a href="{url}">x</a>')


BARE = [
    ("https://e.org/a, b", "https://e.org/a"),
    ("https://e.org/a。", "https://e.org/a"),
    ("https://e.org/a》，", "https://e.org/a"),
    ("https://e.org/a”", "https://e.org/a"),
    ('https://e.org/a"', "https://e.org/a"),
    ("https://e.org/a$x$", "https://e.org/a"),
    ("https://e.org/a<b", "https://e.org/a"),
    ("https://e.org/a)", "https://e.org/a"),
    ("https://e.org/a_(b))", "https://e.org/a_(b)"),
    ("https://e.org/a](https://f.org)", "https://e.org/a"),
    ("https://e.org/a_b*c**", "https://e.org/a_b*c"),
    ("https://e.org/?a=b&c=d#e!", "https://e.org/?a=b&c=d#e"),
    ("https://e.org/1706这篇", "https://e.org/1706"),
    ("https://e.org/wiki/贝叶斯定理 里", "https://e.org/wiki/贝叶斯定理"),
    (
        "https://en.wikipedia.org/wiki/Bayes'_theorem'",
        "https://en.wikipedia.org/wiki/Bayes'_theorem",
    ),
    ("https://a@e.org/", ""),
    ("https://", ""),
    ("https://e.org/" + "a" * 3000, ""),
    ("javascript:x", ""),
]


@pytest.mark.parametrize(("text", "url"), BARE)
def test_a_bare_address_ends_where_a_reader_would_end_it(text: str, url: str) -> None:
    assert autolinks.bare_address(text, 0, len(text)) == url


CLEANED = [
    ("<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"),
    ('<p class="x" onclick="y">z</p>', "<p>z</p>"),
    ('<code class="comments-tex">x</code>', '<code class="comments-tex">x</code>'),
    ('<code class="language-c++">x</code>', '<code class="language-c++">x</code>'),
    ('<code class="language-x y">x</code>', "<code>x</code>"),
    ('<code class="comments-math">x</code>', "<code>x</code>"),
    ('<div class="comments-math">x</div>', '<div class="comments-math">x</div>'),
    ('<div style="x" id="y">x</div>', "<div>x</div>"),
    ('<ol start="3"><li>x</li></ol>', '<ol start="3"><li>x</li></ol>'),
    ('<ol start="-3"><li>x</li></ol>', "<ol><li>x</li></ol>"),
    ("<p>a\u202eb\u0008c</p>", "<p>abc</p>"),
]


@pytest.mark.parametrize(("html", "cleaned"), CLEANED)
def test_only_listed_elements_attributes_and_values_stay(html: str, cleaned: str) -> None:
    assert sanitize.clean(html) == cleaned


def test_both_sanitisers_stand_alone() -> None:
    html = '<p onclick="x">a</p><img src="x"><a href="javascript:x">b</a>'
    for reduce in (sanitize.with_bleach, sanitize.with_nh3):
        Outline(sanitize.with_nh3(reduce(html)))
        assert "onclick" not in reduce(html)
        assert "<img" not in reduce(html)
        assert "javascript" not in reduce(html)


@given(st.text(st.sampled_from("ab \n\r\t\x07\u2028\u202e\x1c🙂"), max_size=30))
def test_each_character_of_a_body_is_found_where_it_was_typed(text: str) -> None:
    typed = characters.with_line_feeds(text)
    body = clean_body(text)
    assert "".join(typed[at] for at in characters.places(text)[: len(body)]) == body
