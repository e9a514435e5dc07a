"""Texts with parts marked lose and move nothing, whatever the spans and edits are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments_service.core.links import host_of, links_of
from comments_service.core.marks import difference, marked
from comments_service.core.text import render

TEXTS = st.text(alphabet="ab <$\\x 当时，\n😀", max_size=40)
SPANS = st.lists(st.tuples(st.integers(-3, 50), st.integers(-3, 50)), max_size=6)


@given(TEXTS, SPANS)
def test_the_pieces_are_the_text_and_what_spans_hold_is_marked(
    text: str, spans: list[tuple[int, int]]
) -> None:
    pieces = marked(text, spans)
    assert "".join(piece for piece, _ in pieces) == text
    held = {at for start, end in spans for at in range(max(0, start), min(end, len(text)))}
    at, found = 0, set()
    for piece, is_marked in pieces:
        found |= set(range(at, at + len(piece))) if is_marked else set()
        at += len(piece)
    assert found == held


@given(TEXTS, TEXTS)
def test_a_difference_leads_from_one_text_to_the_other(before: str, after: str) -> None:
    found = difference(before, after)
    assert "".join(text for kind, text in found if kind != "new") == before
    assert "".join(text for kind, text in found if kind != "gone") == after
    assert all(text for _, text in found)


def test_a_difference_is_told_by_words_and_chinese_characters() -> None:
    assert difference("the bound is $n$", "the upper bound is $n$") == [
        ("same", "the"), ("new", " upper"), ("same", " bound is $n$"),
    ]  # fmt: skip
    assert difference("数列收敛", "数列发散") == [
        ("same", "数列"), ("gone", "收敛"), ("new", "发散"),
    ]  # fmt: skip


def test_long_texts_are_compared_by_lines_in_bounded_time() -> None:
    before = "\n".join(f"{n} 当" for n in range(2_500))
    found = difference(before, before.replace("7 当", "7 时"))
    assert "".join(text for kind, text in found if kind != "new") == before


def test_links_are_told_with_their_hosts() -> None:
    html = render(
        "[a](https://www.evil.example/x) https://b.example:8000/ [m](mailto:x@c.example) $x$ "
        r"$$y\label{e}$$ by \eqref{e}"
    ).html
    assert links_of(html, "http://Me.example") == [
        ("https://www.evil.example/x", "evil.example"),
        ("https://b.example:8000/", "b.example"),
        ("mailto:x@c.example", "c.example"),
        ("http://Me.example", "me.example"),
    ]


@pytest.mark.parametrize("address", ["", "x", "http://[", "javascript:alert(1)", "//"])
def test_what_has_no_host_has_none(address: str) -> None:
    assert host_of(address) == ""
