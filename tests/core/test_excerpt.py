"""An excerpt is a line of plain text that never ends in half of anything."""

import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from comments_service.core.excerpt import ELLIPSIS, LEFT_OUT, excerpt
from comments_service.core.text import parse, render


def columns(text: str) -> int:
    """Count columns in the plainest way: two for each wide or full-width character."""
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


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


SOURCES = st.lists(
    st.sampled_from(
        ["$a+b$", "$$x^2$$", "中文，", "word ", "(", "é", "👍🏽", "🇫🇷", "\n\n", "한글", "> ", "["]
    ),
    max_size=30,
).map("".join)


@given(SOURCES, st.integers(0, 60))
def test_no_excerpt_is_too_wide_or_splits_a_cluster(source: str, width: int) -> None:
    text = excerpt(parse(source), width)
    clusters = regex.findall(r"\X", text)
    assert sum(min(2, columns(cluster)) for cluster in clusters) <= width + text.count("🇫🇷")
    assert set(clusters) <= {*regex.findall(r"\X", source), ELLIPSIS, *LEFT_OUT, " "}
    assert "\n" not in text
    assert text == text.strip()


@given(SOURCES, st.integers(0, 60))
def test_a_formula_is_whole_or_left_out(source: str, width: int) -> None:
    text = excerpt(parse(source), width)
    rest = text.replace("$$x^2$$", "").replace("$a+b$", "")
    if source.count("$") == 2 * source.count("$a+b$") + 4 * source.count("$$x^2$$"):
        assert not {"$", "^", "+"} & set(rest) or "\n\n" in source or "$$$" in source


def test_an_excerpt_is_not_escaped() -> None:
    assert render("a<b & $c<d$").excerpt == "a<b & $c<d$"


def test_marks_without_end_do_not_make_an_excerpt_without_end() -> None:
    assert len(excerpt(parse("a" + "\u0301" * 9_000 + " b"))) < 1_000
    assert len(excerpt(parse("\u200b" * 9_000))) <= 120
