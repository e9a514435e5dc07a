"""An excerpt is a line of plain text that never ends in half of anything."""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it.token import Token

from comments_service.core.characters import ELLIPSIS
from comments_service.core.excerpt import LEFT_OUT, excerpt
from comments_service.core.text import parse, render


def columns(text: str) -> int:
    """Count columns in the plainest way: two for each wide grapheme, emoji and flags among them."""
    wide = regex.compile(r"\ufe0f|[\U0001f1e6-\U0001f1ff]{2}")
    return sum(
        2
        if wide.search(cluster) or any(unicodedata.east_asian_width(c) in "WF" for c in cluster)
        else 1
        for cluster in regex.findall(r"\X", text)
    )


def formulas(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.type.startswith("formula"):
            yield token
        yield from formulas(token.children or [])


def drawn(source: str, *plain: str) -> list[Token]:
    """Parse a comment and give its formulas the plain text that the pipeline gives to drawn ones."""
    tokens = parse(source)
    for token, text in zip(formulas(tokens), plain, strict=True):
        token.meta["plain"] = text
    return tokens


WHOLE = [
    ("Hello *world*.", "Hello world."),
    ("a\n\nb  \nc\n- d\n- e", "a b c d e"),
    ("若 $f$ 连续，\n$$\n\\int f\n$$\n存在", "若 $f$ 连续， $$ \\int f $$ 存在"),
    ("> quoted\n\nanswer", "answer"),
    ("> > deep\n\nbetween\n\n> quoted", "between"),
    ("> only a quote", "only a quote"),
    ("```python\n\nx = 1\ny = 2\n```\nafter", "x = 1 after"),
    ("    code\n    more", "code"),
    ("# Title\ntext", "Title text"),
    ("a | b\n--|--\n1 | 2", "a b 1 2"),
    ("[text](https://e.org) `x<y` &amp; <b>", "text x<y & <b>"),
    ("a &#x202e;b\u0007", "a b"),
    ("---", ""),
    ("", ""),
]


@pytest.mark.parametrize(("source", "expected"), WHOLE)
def test_a_short_comment_is_its_own_excerpt(source: str, expected: str) -> None:
    assert excerpt(parse(source)) == expected


CUT = [
    ("abcdefghij", 10, "abcdefghij"),
    ("abcdefghijk", 10, "abcdefghi…"),
    ("一二三四五", 10, "一二三四五"),
    ("一二三四五六", 10, "一二三四…"),
    ("一二三四五六", 9, "一二三四…"),
    ("e\u0301" * 20, 5, "e\u0301" * 4 + "…"),
    ("👨‍👩‍👧‍👦" * 5, 6, "👨‍👩‍👧‍👦" * 2 + "…"),
    ("🇨🇳" * 5, 5, "🇨🇳" * 2 + "…"),
    ("word, (another thing", 8, "word…"),
    ("说：“引文很长很长”", 6, "说…"),
    ("so $a+b$ is", 8, "so…"),
    ("so $a+b+c$ is it", 9, "so […] i…"),
    ("so $a+b$", 8, "so $a+b$"),
    ("$x_1+x_2+x_3+x_4$ 与 $y$", 12, "[…] 与 $y$"),
    ("a $x_1+x_2+x_3$ b", 9, "a […] b"),
    ("$x_1+x_2$", 2, "…"),
    ("abc", 0, ""),
]


@pytest.mark.parametrize(("source", "width", "expected"), CUT)
def test_a_long_comment_is_cut_between_units(source: str, width: int, expected: str) -> None:
    assert excerpt(parse(source), width) == expected


PLAIN = [
    (r"so $\frac ab$ is", 20, "so a/b is"),
    (r"so $\frac ab$ is", 6, "so…"),
    (r"so $\frac ab$ is", 5, "so…"),
    (r"so $\frac ab$", 6, "so a/b"),
    (r"$$\frac ab$$ is", 20, "a/b is"),
]


@pytest.mark.parametrize(("source", "width", "expected"), PLAIN)
def test_a_drawn_formula_stands_in_plain_text(source: str, width: int, expected: str) -> None:
    assert excerpt(drawn(source, "a/b"), width) == expected


def test_a_formula_is_no_place_to_cut_even_where_it_ends_in_a_bracket() -> None:
    assert excerpt(drawn("so $[0, x$ and $y$ (more) words", "[0, (", "y"), 10) == "so [0, (…"
    assert excerpt(drawn("so $f$: $g$ and (more words", "f", "g,"), 10) == "so f: g,…"


def test_nothing_is_said_twice_of_what_is_left_out() -> None:
    assert excerpt(drawn("so $f$ is the case", "f(x) = x² + y²"), 7) == "so…"
    assert excerpt(drawn("so $f$ is the case", "f(x) = x² + y²"), 9) == "so […] i…"


def test_a_formula_that_shows_nothing_takes_no_place() -> None:
    assert excerpt(drawn("a $x$ b", "")) == "a b"
    assert excerpt(drawn("$x$", "")) == ""


def test_a_plain_text_is_one_line_of_safe_characters() -> None:
    assert excerpt(drawn("a $x$ b", "x \n\t+\u202e y\x00")) == "a x + y b"


def test_what_joins_a_formula_to_its_neighbours_is_never_cut_from_it() -> None:
    tokens = drawn("abc $x$\u0301\u0301 def", "x")
    found = {excerpt(tokens, width) for width in range(1, 12)}
    assert found == {"…", "a…", "ab…", "abc…", "abc x\u0301\u0301…", *("abc x\u0301\u0301 d…",)} | {
        "abc x\u0301\u0301 def"
    }


# --- Any document, any width ---

TEXTS = [
    *[
        "中文，",
        "漢字《書》",
        "한글",
        "word ",
        " two words ",
        "(",
        "[",
        "（",
        "“",
        ": ",
        "- ",
        "、",
        ")",
    ],
    *[
        "é",
        "e\u0301\u0323",
        "\u0301",
        "\u200d",
        "👍🏽",
        "👨‍👩‍👧",
        "❤️",
        "1️⃣",
        "🇫🇷",
        "🇨",
        "각",
        "\u1100\u1161",
    ],
    *["`x < y`", "``[``", "[链接](https://e.org/)", "**粗**", "_a_", "&amp;", "&#x4e2d;", "&lpar;"],
    *["\n", "\n\n", "\n\n> 引用 (\n\n", "\n\n- ", "\n\n```\ncode (\n```\n\n", "\n\n    x = [\n\n"],
]
# A drawn formula has a plain text, a fault has none; brackets that no text has tell where they are.
FORMULAS = ["", None, "x", "a/b, (", "x² + y² = z² ∈ ℝ", "中文 👩‍🚀 e\u0301", "∑_(i=1)^n xᵢ"]


@st.composite
def documents(draw: st.DrawFn) -> list[Token]:
    """Make the tokens of a comment with formulas, each unlike all others."""
    parts = draw(st.lists(st.sampled_from(TEXTS) | st.just("$"), max_size=25))
    tokens = parse("".join(f" $x_{{{at}}}$" * (p == "$") or p for at, p in enumerate(parts)))
    for number, token in enumerate(formulas(tokens)):
        plain = draw(st.sampled_from(FORMULAS))
        if plain is not None:
            token.meta["plain"] = plain and f"⟦{number}⟧{plain}"
    return tokens


def spans(full: str, tokens: list[Token], ends: list[int]) -> list[tuple[int, int]]:
    """Return where formulas stand in a text, with what their first and last graphemes hold besides."""
    found = []
    for token in formulas(tokens):
        text = token.meta.get("plain", token.markup)
        start = full.find(text) if text else -1
        if start >= 0:  # not in a quotation that doesn't count
            first = ends[bisect_right(ends, start) - 1]
            found.append((first, ends[bisect_left(ends, start + len(text))]))
    return found


@settings(deadline=None)
@given(documents())
def test_no_width_cuts_a_formula_or_a_grapheme_or_is_exceeded(tokens: list[Token]) -> None:
    full = excerpt(tokens, 100_000)
    ends = list(accumulate(map(len, regex.findall(r"\X", full)), initial=0))
    whole = spans(full, tokens, ends)
    assert excerpt(tokens, 0) == ""
    for width in range(1, 201):
        text = excerpt(tokens, width)
        assert columns(text) <= width
        shown = regex.findall(r"\X", text)
        assert not any(edge.isspace() for edge in shown[:1] + shown[-1:]) and "\n" not in text
        assert text == full or columns(full) > width
        check_cut(text, full, ends, whole)


def check_cut(text: str, full: str, ends: list[int], whole: list[tuple[int, int]]) -> None:
    """Hold an excerpt against the full text: the same, but for formulas left out and the end."""
    shown, at = text.removesuffix(ELLIPSIS), 0
    for number, part in enumerate(shown.split(LEFT_OUT)):
        if number:
            at = dict(whole)[at]  # what was left out is one formula
        assert full.startswith(part, at)
        at += len(part)
    if text.endswith(ELLIPSIS):
        assert at in ends
        assert not any(start < at < end for start, end in whole)
        opening = shown.endswith((*"([{（［｛【《〈「『“‘", LEFT_OUT))
        assert not opening or at in {end for _, end in whole}
    else:
        assert at == len(full)


def test_an_excerpt_is_not_escaped() -> None:
    assert render("a<b & $c<d$").excerpt == "a<b & c < d"


def test_marks_without_end_do_not_make_an_excerpt_without_end() -> None:
    assert len(excerpt(parse("a" + "\u0301" * 9_000 + " b"))) < 1_000
    assert len(excerpt(parse("\u200b" * 9_000))) <= 120
