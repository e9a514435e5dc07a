"""Any text is a query and none is an error; every word of a text finds it, and every part of a Chinese one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments_service.core.search import LONGEST, MOST_TERMS, line_of, query

BODY = (
    r"由二项式定理 $(1+x)^n = \sum_{k=0}^{n} \binom{n}{k} x^{k}$，Poincaré's “great lemma” says"
    " that 2024 theorems converge; see x_1 ∈ ℝ and 안녕하세요."
)
FOUND = [
    "二项式", "二", "理", "项式定", "二项式定理", "式", "\\sum", "\\binom", "sum", "x^k", "x^{k}",
    "X^K", "(1+x)^n", "poincare", "POINCARÉ", "“great lemma”", '"great lemma"', '"great lemma', "great",
    "theorem", "theorems", "conver", "2024", "x_1", "x₁", "∈", "R", "∈ℝ", "안녕", "녕하세", "alice",
    "ALICE 二项式 \\sum", "「二项」", "lemma great", 'says "that 2024"', "$x^{k}$", "？ lemma ！",
    "\\binom{n}{k}", "ｔｈｅｏｒｅｍ", '"" "lemma"', "\0lemma\ud800",
]  # fmt: skip
MISSED = [
    "三项式", "项二", "\\great", "\\su", "su", "202", "x^m", '"lemma great"', "heorem", "theorems2",
    '"theorem converge"', '"^k x"', '"conver"', "二项式定律", "blog", "alice@blog.example",
    "lemma absent", "x_k",
]  # fmt: skip
NOTHING = ["", "   ", '"', '""', "?!。，", "@", "|", "()", "\0", "_", "*", "-", "%", "'"]


@pytest.mark.parametrize("text", FOUND)
def test_what_is_there_is_found(text: str) -> None:
    assert query(text).found_in(line_of("alice", BODY, "alice@blog.example")), query(text)


@pytest.mark.parametrize("text", MISSED)
def test_what_is_not_there_is_not_found(text: str) -> None:
    assert not query(text).found_in(line_of("Alice B", BODY, "mallory@x.example")), query(text)


@pytest.mark.parametrize("text", NOTHING)
def test_a_query_without_words_finds_nothing(text: str) -> None:
    assert query(text).terms == ()
    assert not query(text).found_in(line_of("alice", BODY, ""))


@pytest.mark.parametrize("text", ["ann@blog.example", "ann", "blog.example", '"ann blog"'])
def test_only_moderators_find_an_e_mail_address(text: str) -> None:
    line = line_of("alice", "Words.", "ann@blog.example")
    assert query(text).found_in(line, private=True)
    assert not query(text).found_in(line)


def test_name_text_and_address_are_apart() -> None:
    line = line_of("alice", "bob writes", "carol@x.example")
    for across in ('"alice bob"', '"writes carol"'):
        assert not query(across).found_in(line, private=True)


LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


@given(st.text(LETTERS, max_size=LONGEST))
def test_every_word_of_a_text_finds_it_and_so_does_all_of_it_as_it_stands(text: str) -> None:
    line = line_of("alice", text, "")
    for wanted in (query(text), query(f'"{text}'[:LONGEST]), *map(query, text.split())):
        assert len(wanted.terms) <= MOST_TERMS
        assert wanted.found_in(line) or not wanted.terms, wanted


@given(st.text(st.sampled_from("二项式定理高斯あガ한글"), min_size=1, max_size=20), st.data())
def test_every_part_of_a_text_without_spaces_finds_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    part = text[start:end]
    for whole in (text, f"x{text}y", f"{text} {text}"):
        for asked in (part, f'"{part}"'):
            assert query(asked).found_in(line_of("alice", whole, "")), asked


@given(st.text())
def test_no_query_is_an_error(text: str) -> None:
    for term in query(text).terms:
        assert term.words and term.lookups()
