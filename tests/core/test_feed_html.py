"""What feeds carry of a comment: each formula as its TeX, byte for byte, and only what is on a closed list."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comments_service.core import characters, latex, text
from comments_service.core import feed_html as module
from comments_service.core.feed_html import feed_html
from tests.allowed import feed_faults
from tests.attacks import ATTACKS, generated

DATA = Path(__file__).parents[1] / "data"
COMMENTS = [json.loads(line) for line in (DATA / "comments.jsonl").read_text("utf-8").splitlines()]
FORMULAS = [json.loads(line) for line in (DATA / "formulas.jsonl").read_text("utf-8").splitlines()]


def codes(html: str) -> list[str]:
    return [unescape(code) for code in re.findall("<code>(.*?)</code>", html, re.DOTALL)]


def formulas(source: str) -> list[str]:
    """Return the formulas of a source as they were typed, in order."""
    found = []
    for token in text.parse(source):
        inline = [child for child in token.children or () if child.type == latex.INLINE]
        found += [t.markup for t in ([token] if token.type == latex.BLOCK else inline)]
    return found


@pytest.mark.parametrize("comment", COMMENTS, ids=lambda comment: comment["id"])
def test_every_formula_of_a_comment_is_there_as_typed(comment: dict[str, str]) -> None:
    shown = feed_html(text.render(comment["body"]).html)
    typed = formulas(comment["body"])
    left = iter(codes(shown))
    assert all(any(formula == code for code in left) for formula in typed), (typed, shown)
    assert "<math" not in shown and "data-source" not in shown
    assert not feed_faults(shown)


def test_every_formula_comes_through_byte_for_byte() -> None:
    for formula in FORMULAS:
        for source in (f"${formula['tex']}$", f"\\[{formula['tex']}\\]"):
            typed = formulas(source)
            assert codes(feed_html(text.render(source).html)) == typed, source


def test_what_stands_around_formulas_stays_as_it_is() -> None:
    shown = feed_html(
        text.render(
            "**Let** $a<b$, see [it](https://e.org/?a=1&b=2):\n\n$$\\frac12$$\n\n> 引用\n\n3. x\n"
        ).html
    )
    assert shown == (
        "<p><strong>Let</strong> <code>$a&lt;b$</code>, see "
        '<a href="https://e.org/?a=1&amp;b=2" rel="nofollow ugc noopener">it</a>:</p>\n'
        "<p><code>$$\\frac12$$</code></p>\n<blockquote>\n<p>引用</p>\n</blockquote>\n"
        '<ol start="3">\n<li>x</li>\n</ol>'
    )


def test_a_formula_that_could_not_be_drawn_is_there_too() -> None:
    html = text.render("so $\\foo$ and\n\n$$\\bar$$").html
    assert "comments-tex" in html
    assert codes(feed_html(html)) == ["$\\foo$", "$$\\bar$$"]


def test_references_are_text_because_a_feed_has_no_anchors() -> None:
    html = text.render("$$x=1 \\tag{7}$$ by (7)式 and Eq. (9)").html
    assert 'href="#' in html
    shown = feed_html(html)
    assert "href" not in shown and "(7)式" in shown and "Eq. (9)" in shown


def test_every_attack_comes_out_as_text() -> None:
    for attack in [*ATTACKS, *generated(2_000)]:
        if not attack.body.strip() or characters.forbidden(attack.body):
            continue
        shown = feed_html(text.render(characters.clean_body(attack.body)).html)
        assert not feed_faults(shown), (attack.body, shown)


HARM = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<p onclick=alert(1) style='x'>a</p>",
    "<a href='javascript:alert(1)'>x</a>", "<a href='//evil.example'>x</a>", "<iframe src=x></iframe>",
    "<svg><script>1</script></svg>", "<!--x--><?php x?><![CDATA[x]]>", "<p id=respond class=x>a</p>",
    "<math><mtext><script>x</script></mtext></math>", "<b>a<i>b</p>c", "</p></div>a<li>b",
    "<span data-source='</code><script>x'>y</span>z", "<math>", "<math><p>a", "\x00\x08\x1b\x7f\u202e\ufffe",
    "<style>*{}</style>", "<form action=/x><input></form>", "<base href=//x>", "<p", "&#0;&#8;&lt;b>",
)  # fmt: skip


def test_whatever_was_stored_only_the_closed_list_is_written() -> None:
    """The second wall: a row that was tampered with, or made by a renderer with a hole."""
    for harm in HARM:
        shown = feed_html(harm)
        assert not feed_faults(shown), (harm, shown)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e\ufffe]", shown), harm
    assert feed_faults(HARM[0]) and feed_faults(HARM[1]) and feed_faults(HARM[3]), "the control"


PIECES = st.sampled_from(
    [
        *HARM,
        "<p>",
        "</p>",
        "<div class='comments-math' data-source='$x$'>",
        "</div>",
        "<code>",
        "</code>",
        "<span class='comments-formula' data-source='a &lt; b'>",
        "</span>",
        "<br>",
        "text",
        "&amp;",
        "</math>",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_any_pieces_make_whole_html_of_the_closed_list(html: str) -> None:
    shown = feed_html(html)
    assert not feed_faults(shown), shown
    assert feed_html(shown) == shown, "it changes no more"


def test_the_closed_list_is_narrower_than_that_of_comments() -> None:
    assert module.ELEMENTS < text.sanitize.ELEMENTS
