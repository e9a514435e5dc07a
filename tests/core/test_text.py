"""What was typed is what is shown, and no input is too much."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments_service.core.characters import clean_body, clean_line, forbidden
from comments_service.core.latex import formulas
from comments_service.core.rendered import RENDERER, Notice
from comments_service.core.text import parse, render
from tests.core.undrawn import undrawn

COMMENTS = [
    json.loads(line)
    for line in (Path(__file__).parent.parent / "data" / "comments.jsonl").read_text().split("\n")
    if line
]
UNDRAWABLE = {"c142"}  # its TeX is broken on purpose
BLOCKS = {"p", "br", "li", "td", "th", "div", "pre", "tr", "blockquote", "hr"}


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.parts += [" "] * (tag in BLOCKS)

    def handle_endtag(self, tag: str) -> None:
        self.parts += [" "] * (tag in BLOCKS)

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def visible(html: str) -> str:
    return " ".join("".join(Page(html).parts).split())


@pytest.mark.parametrize("comment", COMMENTS, ids=lambda comment: comment["id"])
def test_a_readers_comment_shows_its_formulas_and_all_its_text(comment: dict[str, Any]) -> None:
    rendered = render(comment["body"])
    assert formulas(parse(comment["body"])) == comment["expect_math"]
    for text in comment["expect_text"]:
        assert " ".join(text.split()) in visible(rendered.html)
    assert bool(rendered.warnings) == (comment["id"] in UNDRAWABLE)
    assert rendered.html.count("<math") == len(comment["expect_math"]) - len(rendered.warnings)
    assert rendered.renderer == RENDERER


TEX = '<code class="comments-tex">{}</code>'.format
SHOWN = [
    ("a $a<b$", f"<p>a {TEX('$a&lt;b$')}</p>"),
    (r"\(a\)", f"<p>{TEX(chr(92) + '(a' + chr(92) + ')')}</p>"),
    ("$`a`$", f"<p>{TEX('$`a`$')}</p>"),
    ("x $$a$$ y", f"<p>x {TEX('$$a$$')} y</p>"),
    ("$$\na\n$$", f'<div class="comments-math">{TEX("$$" + chr(10) + "a" + chr(10) + "$$")}</div>'),
    (
        "x $$a\n- b$$ y",
        f'<p>x</p>\n<div class="comments-math">{TEX("$$a" + chr(10) + "- b$$")}</div>\n<p>y</p>',
    ),
    ("- $$a$$", f'<ul>\n<li>\n<div class="comments-math">{TEX("$$a$$")}</div>\n</li>\n</ul>'),
    ("# A $b$\nc", f"<p><strong>A {TEX('$b$')}</strong></p>\n<p>c</p>"),
    ("a\nb", "<p>a<br>\nb</p>"),
    ("a\n---\nb", "<p>a</p>\n<hr>\n<p>b</p>"),
    ("3. a", '<ol start="3">\n<li>a</li>\n</ol>'),
    ("~~a~~ `b`", "<p><s>a</s> <code>b</code></p>"),
    ("```python\n$x$\n```", '<pre><code class="language-python">$x$\n</code></pre>'),
    ("**注意：**后面", "<p><strong>注意：</strong>后面</p>"),
    ("他说*“好”*了", "<p>他说<em>“好”</em>了</p>"),
    ("中**（文）**字", "<p>中<strong>（文）</strong>字</p>"),
    ("取**$x$**为", f"<p>取<strong>{TEX('$x$')}</strong>为</p>"),
    ("~~删：~~后", "<p><s>删：</s>后</p>"),
    ("2*3*4 f_a_b 这_是_", "<p>2*3*4 f_a_b 这_是_</p>"),
    ("![a](https://e.org/b.png)", '<p>!<a href="https://e.org/b.png" rel="R">a</a></p>'),
    ("[a](https://e.org 'b')", '<p><a href="https://e.org" rel="R">a</a></p>'),
    ("见https://e.org/a。", '<p>见<a href="https://e.org/a" rel="R">https://e.org/a</a>。</p>'),
    ("<a@b.c>", '<p><a href="mailto:a@b.c" rel="R">a@b.c</a></p>'),
    ("www.e.org a@b.c", "<p>www.e.org a@b.c</p>"),
    ("[a](javascript:b) [c](/d)", "<p>[a](javascript:b) [c](/d)</p>"),
    ("[a]: https://e.org", '<p>[a]: <a href="https://e.org" rel="R">https://e.org</a></p>'),
    ("<b>a</b> &lt; &amp;", "<p>&lt;b&gt;a&lt;/b&gt; &lt; &amp;</p>"),
    ("&#x202e;a&#xfdd0;", "<p>a\ufffd</p>"),
    ("", ""),
    (" \n\n\t", ""),
]


@pytest.mark.parametrize(("source", "html"), SHOWN)
def test_markdown_is_shown_as_readers_of_comments_expect(source: str, html: str) -> None:
    assert undrawn(source).html.strip() == html.replace('"R"', '"nofollow ugc noopener"')


MIXED = [
    ("**$x$**为向量，**注意：**$y$也是", ["x", "y"]),
    ("*$a*b$* 和 **$c**d$**", ["a*b", "c**d"]),
    ("[$x$](https://e.org/$y$)", ["x"]),
    ("<https://e.org/$x$> $y$", ["y"]),
    ("https://e.org/$a/$b and $c$", ["c"]),
    ("$x$和https://e.org/q?a=1&b=2。$y$", ["x", "y"]),
    ("| a | $p(x|z)$ |\n|---|---|\n| $|x|$ | \\(a|b\\) |", ["p(x|z)", "|x|", "a|b"]),
    ("a|b\n-|-\n$x$|$y|z$\n", ["x", "y|z"]),
    ("- $a$\n- $b$\n  - $c$\n1. $d$", ["a", "b", "c", "d"]),
    ("[链接](https://e.org/a?b=$c$)与$d$", ["d"]),
    ("<a href='$x$'>$y$</a>", ["x", "y"]),
    ("~~$a$~~ ~$b$~ _$c$_", ["a", "b", "c"]),
]


@pytest.mark.parametrize(("source", "expected"), MIXED)
def test_formulas_stand_inside_other_markup(source: str, expected: list[str]) -> None:
    assert formulas(parse(source)) == expected


def test_a_row_that_is_too_long_for_its_table_is_not_shortened() -> None:
    assert visible(render("a|b\n-|-\n1|2\n3|4|5").html) == "a b 1 2 3|4|5"


# Each of these took, or would take, time or space that grows faster than what is typed.
KILLERS = {
    "nested lists": "".join("  " * depth + "- a\n" for depth in range(100)),
    "lists of lists": ("- " * 8 + "a\n") * 588,
    "quotes": "> " * 5000,
    "brackets": "[" * 10_000,
    "images": "![" * 5000,
    "link titles": '[a](b "' * 1428,
    "emphasis": "*a " * 3333,
    "nested emphasis": "*a **b " * 700 + "c** d* " * 700,
    "CJK emphasis": "**中" * 3333,
    "backtick runs": "".join("`" * length + "a" for length in range(1, 140)),
    "wide table": "|" + "a|" * 250 + "\n|" + "-|" * 250 + "\n" + "a\n" * 4000,
    "many tables": ("a|a|a|a|a\n-|-|-|-|-\na\na\na\n\n") * 370,
    "delimiter rows": "a\n|-|-|\n" * 1200,
    "unclosed squares": "\\[\n" * 3333,
    "unclosed squares in lists": ("- " * 8 + "\\[\n") * 500,
    "unclosed rounds": "\\(\n" * 3333,
    "unclosed dollars": "$a{ " * 2500,
    "unclosed text": "$\\text{" * 1400,
    "double dollars": "a $$\n" * 2000,
    "unclosed environments": "\\begin{align}\n" * 700,
    "ticked dollars": "$`" * 5000,
    "formulas": "$x$" * 3333,
    "braces": "$" + "{" * 9000,
    "addresses": "http://" * 1428,
    "headings": "# a\n" * 2500,
    "ampersands": "&" * 10_000,
    "lines": "a\n" * 5000,
    "combining marks": "a" + "\u0301" * 9999,
}


@pytest.mark.parametrize("source", KILLERS.values(), ids=KILLERS)
def test_no_input_is_too_much(source: str) -> None:
    rendered = undrawn(source)
    assert len(rendered.html) <= 100_000
    assert rendered.html.count("<td>") <= 2_000
    assert len(rendered.excerpt) <= 1_500
    letters = re.sub("[^a中]", "", source)
    assert re.sub("[^a中]", "", visible(rendered.html))[: len(letters)] == letters


@pytest.mark.parametrize("source", ["> " * 18 + "a", "- " * 9 + "a", "*a " * 40 + "a* " * 40])
def test_what_nests_too_deeply_is_shown_as_typed(source: str) -> None:
    rendered = render(source + "\n<b>")
    assert rendered.html.startswith("<p>")
    assert rendered.html.endswith("<br>\n&lt;b&gt;</p>")
    assert visible(rendered.html) == " ".join((source + "\n<b>").split())
    assert [notice.code for notice in rendered.warnings] == ["shown_as_typed"]


def test_what_grows_too_long_is_shown_as_typed() -> None:
    rendered = render("# $a$\n" * 190 + '"&' * 30_000)
    assert [notice.code for notice in rendered.warnings] == ["shown_as_typed"]


def test_formulas_past_the_limit_are_text_with_a_notice() -> None:
    rendered = render("$x$ " * 201)
    assert rendered.html.count("<math") == 200
    assert visible(rendered.html) == ("x " * 200 + "$x$")
    assert rendered.warnings[0].code == "formulas_skipped"
    assert isinstance(rendered.warnings[0], Notice)


def test_a_caller_draws_the_formulas() -> None:
    html = render("a $b$\n\n$$c$$", lambda tex, _: f"<math><mn>{tex}{tex}</mn></math>").html
    assert 'data-source="$b$"><math><mn>bb</mn></math></span></p>' in html
    assert '<div class="comments-math" data-source="$$c$$"><math><mn>cc</mn></math></div>' in html


@given(st.text(max_size=300))
def test_every_text_can_be_rendered(text: str) -> None:
    rendered = render(text)
    assert rendered == render(text)
    assert "\n" not in rendered.excerpt


@given(
    st.text("abcxyz 中文，0123+=^", max_size=40), st.text("abcxyz+=^_()", min_size=1, max_size=20)
)
def test_the_source_of_a_formula_survives(around: str, tex: str) -> None:
    html = undrawn(f"{around}\n\n> {around} ${tex}$ {around}\n\n$${tex}$$").html
    assert visible(html).count(f"${tex}$") >= 2


LINES = [
    ("  张  三\t\n ", "张 三"),
    ("e\u0301", "é"),
    ("a\u202eb\u200fc\u2066d\u061ce", "abcde"),
    ("a\x00b\x1bc\x7fd\x85e", "abcd e"),
    ("a@b.c\r\nBcc: d@e.f", "a@b.c Bcc: d@e.f"),
    ("a\ufffe\U0001ffffb\ud800", "ab"),
    ("\u3000全角\u3000", "全角"),
    ("👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"),
    ("\u202e", ""),
]
BODIES = [
    ("a\r\nb\rc", "a\nb\nc"),
    ("\n \n    code\n\n\t\n", "    code"),
    ("e\u0301 \t é", "e\u0301 \t é"),
    ("a\x00\x08\x0b\x1f\x7f\x9fb", "ab"),
    ("a\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069b", "ab"),
    ("a\ufdd0\ufdef\ufffe\uffff\U0010ffff\udfffb", "ab"),
    ("a\u200e\u200f\u200d\ufeff\ue000b", "a\u200e\u200f\u200d\ufeff\ue000b"),
    (" \n\t", ""),
]


@pytest.mark.parametrize(("text", "cleaned"), LINES)
def test_a_field_becomes_one_line(text: str, cleaned: str) -> None:
    assert clean_line(text) == cleaned


@pytest.mark.parametrize(("text", "cleaned"), BODIES)
def test_a_body_stays_as_typed_but_for_what_nobody_sees(text: str, cleaned: str) -> None:
    assert clean_body(text) == cleaned


@given(st.text(max_size=80))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean_line(clean_line(text)) == clean_line(text)
    assert clean_body(clean_body(text)) == clean_body(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("a\x00", "nul"), ("\ud83d", "surrogate"), ("\udc00\x00", "nul"), ("\ufffd😀\x01", None)],
)
def test_text_that_no_store_takes_is_named(text: str, reason: str | None) -> None:
    assert forbidden(text) == reason
