"""The words of a text: the same however it was typed, in every language, formulas included."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments_service.core.tokens import LONGEST, tokens

ALIKE = [
    ("Poincaré", "POINCARE"),
    ("Erdős", "erdos"),
    ("Straße", "strasse"),
    ("ΣΊΣΥΦΟΣ", "σισυφος"),
    ("ｅｑ（７）", "Eq. (7)"),
    ("x²", "$x^{2}$"),
    ("aₙ", "a_n"),
    ("𝐑ℝ", "RR"),
    ("conver\u00adgence", "convergence"),
    ("Ёлка", "елка"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_what_means_the_same_has_the_same_words(one: str, other: str) -> None:
    assert tokens(one) == tokens(other)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("二项式定理", "二项 项式 式定 定理 理"),
        ("由二项式theorem得", "由二 二项 项式 式 theorem 得"),
        ("ガード", "ガー ード ド"),
        ("안녕 하", "안녕 녕 하"),
        (r"\frac12 \\\alpha", "\\ frac 12 \\ alpha"),
        ("x_1 and _words_ and __more__", "x _ 1 and words and more"),
        ("∑ ≠ ≤ 1<2", "∑ ≠ ≤ 1 2"),
        ("don't, e-mail: 3.14", "don t e mail 3 14"),
        ("「」、。!?()[]{}*`~|@#%&", ""),
        ("", ""),
    ],
)
def test_words_of_many_kinds(text: str, words: str) -> None:
    assert tokens(text) == words.split()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_word_is_short_and_has_no_space_no_capital_and_no_ascii_sign_but_those_of_tex(
    text: str,
) -> None:
    for word in tokens(text):
        assert 0 < len(word) <= LONGEST
        assert not re.search(r"[\sA-Z]|[^a-z0-9\\^_\x80-\U0010ffff]", word)


@given(st.text(), st.text())
def test_lines_are_apart(one: str, other: str) -> None:
    one, other = (text.encode("utf-8", "replace").decode() for text in (one, other))
    assert tokens(f"{one}\n{other}") == tokens(one) + tokens(other)
